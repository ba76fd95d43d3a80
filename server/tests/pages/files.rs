//! Files of the pages: style sheets, scripts and what is public, as they are served and as pages name them.

use reqwest::{Method, StatusCode};

use crate::common::{Answer, App};

/// As the build names files, by a hash of their contents.
const SCRIPT: &str = "/pkg/hubbub.k_Xy2-AAAAAAAAAAAAAAAA.js";

/// A server with a style sheet and a script, compressed and not.
async fn app_with_files() -> App {
    App::spawn_with(|config| {
        let pkg = config.site_dir.join("pkg");
        let svg = "<svg xmlns='http://www.w3.org/2000/svg'/>";
        std::fs::create_dir_all(&pkg).expect("a folder");
        let script = config.site_dir.join(SCRIPT.trim_start_matches('/'));
        for (path, text) in [
            (script.with_extension("js.br"), "short"),
            (script, "export default () => {};"),
            (pkg.join("hubbub.css"), "body { color: black }"),
            (pkg.join("hubbub.css.br"), "short"),
            (config.site_dir.join("favicon.svg"), svg),
            (config.site_dir.join("sw.js"), "addEventListener('install', () => skipWaiting())"),
        ] {
            std::fs::write(path, text).expect("a file");
        }
    })
    .await
}

#[tokio::test]
async fn scripts_and_style_sheets_count_only_with_the_nonce_of_their_response() {
    let app = app_with_files().await;
    let nonces: Vec<String> = [app.visit("/sign-in", "").await, app.visit("/devtools", "").await]
        .iter()
        .map(|page| {
            let policy = page.header("content-security-policy");
            assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
            assert!(policy.contains("object-src 'none'") && policy.contains("base-uri 'none'"), "{policy}");
            let address = format!("connect-src 'self' ws://{0} wss://{0};", app.addr);
            assert!(policy.contains(&address), "{policy}");
            let (_, rest) = policy.split_once("'nonce-").unwrap();
            let (nonce, _) = rest.split_once('\'').unwrap();
            assert!(page.text.contains("<style"), "{}", page.text);
            for kind in ["<script", "<style"] {
                for element in page.text.split(kind).skip(1) {
                    let (tag, _) = element.split_once('>').unwrap();
                    assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{kind}{tag}>");
                }
            }
            assert!(!page.text.contains(" style=\""), "{}", page.text);
            nonce.to_owned()
        })
        .collect();
    assert_ne!(nonces[0], nonces[1]);
}

#[tokio::test]
async fn files_are_served_compressed_and_revalidated() {
    let app = app_with_files().await;
    let css = app.visit("/pkg/hubbub.css", "").await;
    assert_eq!((css.status, css.text.as_str()), (StatusCode::OK, "body { color: black }"));
    assert_eq!((css.header("content-type"), css.header("cache-control")), ("text/css", "no-cache"));
    let tag = css.header("etag").to_owned();
    let again = app.request(Method::GET, "/pkg/hubbub.css").header("if-none-match", &tag);
    assert_eq!(Answer::to(again).await.status, StatusCode::NOT_MODIFIED, "{tag}");
    let packed = app.request(Method::GET, "/pkg/hubbub.css").header("accept-encoding", "br");
    let packed = Answer::to(packed).await;
    assert_eq!((packed.text.as_str(), packed.header("content-encoding")), ("short", "br"));
    assert_eq!(app.visit("/favicon.svg", "").await.header("content-type"), "image/svg+xml");
    for outside in ["/pkg/none.css", "/pkg/../hubbub.db", "/pkg/%2e%2e/%2e%2e/hubbub.db", "/..%2fhubbub.db"] {
        assert_eq!(app.visit(outside, "").await.status, StatusCode::NOT_FOUND, "{outside}");
    }
}

/// Text needs no second round trip. What brings a page to life is there once and for all, under its name.
#[tokio::test]
async fn a_page_has_its_style_sheet_inside_and_names_files_that_never_change() {
    let app = app_with_files().await;
    let page = app.visit("/devtools", "").await;
    assert!(page.text.contains(">body { color: black }</style>"), "{}", page.text);
    assert!(!page.text.contains("rel=\"stylesheet\""), "{}", page.text);
    assert!(page.text.contains(&format!("<link rel=\"modulepreload\" href=\"{SCRIPT}\"")), "{}", page.text);
    let script = app.visit(SCRIPT, "").await;
    assert_eq!(script.status, StatusCode::OK);
    assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");
    let packed = Answer::to(app.request(Method::GET, SCRIPT).header("accept-encoding", "br")).await;
    assert_eq!((packed.text.as_str(), packed.header("content-encoding")), ("short", "br"));
    assert_eq!(packed.header("cache-control"), "public, max-age=31536000, immutable");
    assert!(packed.header("vary").contains("accept-encoding"), "{}", packed.header("vary"));
    let known = app.request(Method::GET, SCRIPT).header("if-none-match", script.header("etag"));
    let known = Answer::to(known).await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    assert_eq!(known.header("cache-control"), "public, max-age=31536000, immutable");
    // One that is gone may come back.
    let gone = app.visit("/pkg/hubbub.BBBBBBBBBBBBBBBBBBBBBB.js", "").await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(gone.header("cache-control"), "no-cache");
}

/// See `public/sw.js`: it keeps a page and its files together, and fetches them itself.
#[tokio::test]
async fn pages_and_files_name_their_build_and_the_worker_may_fetch_them() {
    let app = app_with_files().await;
    let css = app.visit("/pkg/hubbub.css", "").await;
    let build = css.header("hubbub-build").to_owned();
    assert_eq!(build.len(), 16, "{build}");
    assert_eq!(app.visit("/sign-in", "").await.header("hubbub-build"), build);
    let known = app.request(Method::GET, "/pkg/hubbub.css").header("if-none-match", css.header("etag"));
    assert_eq!(Answer::to(known).await.header("hubbub-build"), build);
    assert_eq!(app.visit("/api/v1/auth/me", "").await.header("hubbub-build"), "");
    let worker = app.visit("/sw.js", "").await;
    assert_eq!((worker.status, worker.header("cache-control")), (StatusCode::OK, "no-cache"));
    assert_eq!(worker.header("content-type"), "text/javascript");
    let policy = worker.header("content-security-policy");
    assert!(policy.contains("default-src 'none'; connect-src 'self'"), "{policy}");
}
