//! The list of pages, and paths that are on it in another spelling.

use reqwest::{Method, StatusCode};

use crate::common::{Answer, App};

/// For tests that visit each of them, and for the service worker.
#[tokio::test]
async fn the_pages_are_listed_and_each_answers() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Tea", &[]).await;
    let cookie = app.browser("ann").await;
    let list = app.visit("/pages.json", "").await.json();
    let paths: Vec<String> = serde_json::from_value(list).expect("a list of paths");
    assert!(paths.contains(&"/rooms/{room}".to_owned()), "{paths:?}");
    for path in paths {
        let address = path.replace("{room}", room.as_str()).replace("{chat}", room.as_str());
        let visitor = if matches!(path.as_str(), "/sign-in" | "/register") { "" } else { &cookie };
        let page = app.visit(&address, visitor).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.text.contains("Hubbub</title>"), "{path}");
        let head = app.request(Method::HEAD, &address).header("cookie", visitor);
        assert_eq!(Answer::to(head).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_path_that_no_handler_knows_is_no_page_and_runs_no_script() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Tea", &[]).await;
    let cookie = app.browser("ann").await;
    // The router of the app takes a slash at the end for nothing.
    for path in ["/nothing/here", "/account/", "/sign-in/", &format!("/rooms/{room}/")] {
        let page = app.visit(path, &cookie).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.text.contains("<title>Not found · Hubbub</title>"), "{path}");
        assert!(
            page.text.contains("Nobody is talking here") && !page.text.contains("modulepreload"),
            "{path}"
        );
    }
}
