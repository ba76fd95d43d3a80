//! The rendered pages and their forms, tested over HTTP.
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

#[path = "../common/mod.rs"]
mod common;
mod files;
mod routes;

use common::{Answer, App};
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use server::config::{Environment, Registration};

#[tokio::test]
async fn signed_out_visitors_are_sent_to_sign_in_and_back() {
    let app = App::spawn().await;
    app.register("ann").await;
    for (path, address) in [
        ("/", "/sign-in"),
        ("/rooms/tea:room", "/sign-in?next=/rooms/tea%3Aroom"),
        ("/live/tea:room", "/sign-in?next=/live/tea%3Aroom"),
    ] {
        let answer = app.visit(path, "").await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, address));
    }
    let form = "username=ann&password=correct+horse+battery&next=%2Frooms%2Ftea%3Aroom";
    let answer = app.submit("/sign-in", "", form).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/rooms/tea:room"));
    for foreign in ["https://evil.example/", "//evil.example", "/\\evil.example", ""] {
        let form = format!("username=ann&password=correct+horse+battery&next={foreign}");
        assert_eq!(app.submit("/sign-in", "", &form).await.header("location"), "/", "{foreign}");
    }
}

#[tokio::test]
async fn the_cookie_is_hidden_from_scripts_and_other_sites() {
    let form = "username=ann&email=ann%40example.org&password=correct+horse+battery";
    let app = App::spawn().await;
    let answer = app.submit("/register", "", form).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/"));
    let cookie = answer.header("set-cookie").to_owned();
    // The browser sees to it that no sibling domain has set it (RFC 6265bis, section 4.1.3.2).
    assert!(cookie.starts_with("__Host-hubbub_session=") && !cookie.contains("Domain"), "{cookie}");
    for part in ["; HttpOnly", "; SameSite=Lax", "; Path=/", "; Secure", "; Max-Age=2592000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let app = App::spawn_with(|config| config.environment = Environment::Development).await;
    let cookie =
        app.submit("/register", "", &form.replace("ann", "ann2")).await.header("set-cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && !cookie.contains("Secure"), "{cookie}");
    // Cookies know no ports, and a developer has more than one hub on a host.
    assert!(cookie.starts_with(&format!("hubbub_session_{}=", app.addr.port())), "{cookie}");
    let app = App::spawn_with(|config| config.users.cookie_name = Some("chat".to_owned())).await;
    let cookie = app.submit("/register", "", form).await.header("set-cookie").to_owned();
    assert!(cookie.starts_with("chat="), "{cookie}");
}

#[tokio::test]
async fn of_two_cookies_the_valid_one_counts_and_sign_out_ends_both() {
    let app = App::spawn().await;
    app.register("ann").await;
    let (one, two) = (app.browser("ann").await, app.browser("ann").await);
    let stale = "__Host-hubbub_session=0123456789abcdef";
    for cookies in
        [format!("{stale}; {one}"), format!("{one}; {stale}"), format!("x=y; {stale}; {one}; {stale}")]
    {
        assert_eq!(app.visit("/", &cookies).await.status, StatusCode::OK, "{cookies}");
        let me = Answer::to(app.request(Method::GET, "/api/v1/auth/me").header("cookie", cookies)).await;
        assert_eq!(me.status, StatusCode::OK);
    }
    let out = app.submit("/sign-out", &format!("{stale}; {one}; {two}"), "").await;
    assert_eq!(out.status, StatusCode::SEE_OTHER);
    for ended in [one, two] {
        assert_eq!(app.visit("/", &ended).await.status, StatusCode::SEE_OTHER);
    }
    let (one, two) = (app.browser("ann").await, app.browser("ann").await);
    let form = "username=ann&password=correct+horse+battery";
    assert_eq!(app.submit("/sign-in", &format!("{one}; {two}"), form).await.status, StatusCode::SEE_OTHER);
    for ended in [one, two] {
        assert_eq!(app.visit("/", &ended).await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn two_development_hubs_on_one_host_keep_separate_cookies() {
    let development = async || App::spawn_with(|config| config.environment = Environment::Development).await;
    let (here, there) = (development().await, development().await);
    let form = "username=alice&password=hubbub-demo";
    let mut jar = Vec::new();
    for app in [&here, &there] {
        let answer = app.submit("/sign-in", &jar.join("; "), form).await;
        jar.push(answer.header("set-cookie").split(';').next().unwrap().to_owned());
    }
    let jar = jar.join("; ");
    for app in [&here, &there] {
        assert_eq!(app.visit("/", &jar).await.status, StatusCode::OK);
    }
    here.submit("/sign-out", &jar, "").await;
    assert_eq!(here.visit("/", &jar).await.status, StatusCode::SEE_OTHER);
    assert_eq!(there.visit("/", &jar).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_cookie_of_version_0_1_is_read_and_removed_at_sign_out() {
    let app = App::spawn_with(|config| config.users.cookie_name = Some("chat".to_owned())).await;
    app.register("ann").await;
    let plain = app.browser("ann").await.replace("chat=", "hubbub_session=");
    assert_eq!(app.visit("/", &plain).await.status, StatusCode::OK);
    let gone = |answer: &Answer| -> Vec<String> {
        let cookies = answer.headers.get_all("set-cookie").iter();
        cookies.map(|it| it.to_str().unwrap().split('=').next().unwrap().to_owned()).collect()
    };
    assert_eq!(gone(&app.submit("/sign-out", &plain, "").await), ["chat", "hubbub_session"]);
    assert_eq!(app.visit("/", &plain).await.status, StatusCode::SEE_OTHER);
    // One that is not ours may be another hub's.
    assert_eq!(gone(&app.submit("/sign-out", &plain, "").await), ["chat"]);

    let app = App::spawn().await;
    app.register("ann").await;
    let new = app.browser("ann").await;
    let plain = app.browser("ann").await.replace("__Host-", "");
    for cookies in [&new, &plain, &format!("{plain}; {new}")] {
        assert_eq!(app.visit("/", cookies).await.status, StatusCode::OK, "{cookies}");
    }
    let out = app.submit("/sign-out", &format!("{plain}; {new}"), "").await;
    assert_eq!(gone(&out), ["__Host-hubbub_session", "hubbub_session"]);
    for cookie in out.headers.get_all("set-cookie") {
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.contains("; Secure") && cookie.contains("; Path=/"), "a browser ignores {cookie}");
    }
    assert_eq!(app.visit("/", &format!("{plain}; {new}")).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_pages_say_that_registration_is_closed() {
    let app = App::spawn_with(|config| config.users.registration = Registration::Closed).await;
    let page = app.visit("/register", "").await;
    assert!(
        page.text.contains("Registration is closed") && !page.text.contains("<form class=\"form\""),
        "{}",
        page.text
    );
    assert!(!app.visit("/sign-in", "").await.text.contains("/register"));
    let form = "username=ann&email=ann%40example.org&password=correct+horse+battery";
    assert_eq!(app.submit("/register", "", form).await.status, StatusCode::FORBIDDEN);
    let open = App::spawn().await;
    assert!(open.visit("/sign-in", "").await.text.contains("/register"));
}

#[tokio::test]
async fn a_rejected_form_keeps_its_input_except_the_password() {
    let app = App::spawn().await;
    app.register("ann").await;
    let answer = app.submit("/sign-in", "", "username=ann&password=wrong+horse&next=%2Frooms%2Fx").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.header("content-type").starts_with("text/html"));
    assert_eq!(answer.header("set-cookie"), "");
    assert!(answer.text.contains("the user name or the password is wrong"), "{}", answer.text);
    assert!(answer.text.contains("value=\"ann\"") && !answer.text.contains("wrong horse"), "{}", answer.text);
    assert!(answer.text.contains("/rooms/x"), "{}", answer.text);

    for (form, status) in [
        ("username=ANN&email=new%40example.org&password=correct+horse+battery", 409),
        ("username=a&email=new%40example.org&password=correct+horse+battery", 422),
        ("username=newer&email=new%40example.org&password=short", 422),
        ("", 422),
    ] {
        let answer = app.submit("/register", "", form).await;
        assert_eq!(answer.status.as_u16(), status, "{form}");
        assert_eq!(answer.header("set-cookie"), "");
        assert!(answer.text.contains("Create account"), "{form}");
    }
}

#[tokio::test]
async fn cross_site_forms_change_nothing() {
    let app = App::spawn().await;
    app.register("ann").await;
    let cookie = app.browser("ann").await;
    for path in ["/sign-in", "/register", "/sign-out", "/theme"] {
        let form =
            app.request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
        let form = form.header("sec-fetch-site", "cross-site").header("cookie", &cookie);
        let answer = Answer::to(form.body("username=ann&password=correct+horse+battery&email=a%40b.c")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(answer.header("set-cookie"), "");
    }
    assert_eq!(app.visit("/", &cookie).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_theme_choice_is_saved_and_redirects_back() {
    let app = App::spawn().await;
    let answer = app.submit("/theme", "", "theme=dark&next=%2Fregister").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/register"));
    assert!(answer.header("set-cookie").starts_with("hubbub_theme=dark;"), "{answer:?}");
    let answer = app.submit("/theme", "", "theme=%3Cb%3E&next=%2F%2Fevil.example").await;
    assert_eq!(answer.header("location"), "/");
    assert!(answer.header("set-cookie").starts_with("hubbub_theme=system;"), "{answer:?}");
}

#[tokio::test]
async fn signing_out_invalidates_the_cookie() {
    let app = App::spawn().await;
    app.register("ann").await;
    let cookie = app.browser("ann").await;
    let answer = app.submit("/sign-out", &cookie, "").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/sign-in"));
    assert!(answer.header("set-cookie").contains("Max-Age=0"), "{answer:?}");
    assert_eq!(app.visit("/", &cookie).await.status, StatusCode::SEE_OTHER);
    assert_eq!(app.submit("/sign-out", &cookie, "").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn signing_in_again_invalidates_the_previous_cookie() {
    let app = App::spawn().await;
    app.register("ann").await;
    let before = app.browser("ann").await;
    let answer = app.submit("/sign-in", &before, "username=ann&password=correct+horse+battery").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(app.visit("/", &before).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_room_is_rendered_with_escaped_messages() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Tea & <Biscuits>", &[&bob]).await;
    app.say(&bob, &room, "<script>alert(1)</script> said bob").await;
    let cookie = app.browser("ann").await;
    let page = app.visit(&format!("/rooms/{room}"), &cookie).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Tea &amp; &lt;Biscuits&gt;"), "{}", page.text);
    assert!(page.text.contains("&lt;script&gt;alert(1)&lt;/script&gt; said bob"), "{}", page.text);
    assert!(!page.text.contains("<script>alert(1)"), "{}", page.text);
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(app.visit("/", &cookie).await.text.contains("Tea &amp; &lt;Biscuits&gt;"));
}

/// The title is put in after the page was rendered, by whichever thread.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pages_that_are_rendered_side_by_side_have_their_titles() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Tea kitchen", &[]).await;
    let cookie = app.browser("ann").await;
    for path in [format!("/rooms/{room}"), format!("/live/{room}")] {
        for _ in 0..40 {
            for answer in join_all((0..8).map(|_| app.visit(&path, &cookie))).await {
                assert_eq!(answer.status, StatusCode::OK, "{path}");
                assert!(answer.text.contains("Tea kitchen · Hubbub</title>"), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_live_session_page_has_its_chats_name_and_its_own_messages() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Tea & <Biscuits>", &[]).await;
    app.say(&ann, &room, "said in the chat").await;
    let cookie = app.browser("ann").await;
    let page = app.visit(&format!("/live/{room}"), &cookie).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Tea &amp; &lt;Biscuits&gt;"), "{}", page.text);
    assert!(page.text.contains("Not started") && page.text.contains("Go live"), "{}", page.text);
    // What was said last in the chat stands in the list of rooms.
    assert!(!page.text.contains("message__body"), "{}", page.text);
    assert!(page.text.contains("<title>Live: Tea &amp; &lt;Biscuits&gt; · Hubbub</title>"), "{}", page.text);
    assert!(page.text.contains(&format!("href=\"/rooms/{room}\"")), "the way back, and the list of rooms");
    assert_eq!(app.visit(&format!("/live/session_{room}"), &cookie).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_room_of_others_is_shown_as_missing() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    app.register("eve").await;
    let room = app.create_room(&ann, "Private", &[]).await;
    let cookie = app.browser("eve").await;
    for path in ["rooms", "live"].iter().flat_map(|page| {
        [room.as_str(), "none", "n%20o", "session_none"].map(|room| format!("/{page}/{room}"))
    }) {
        let page = app.visit(&path, &cookie).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.header("content-type").starts_with("text/html"));
        assert!(!page.text.contains("Private"), "{path}");
    }
    assert_eq!(app.visit("/nothing/here", "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn public_pages_need_no_sign_in() {
    let app = App::spawn().await;
    app.register("ann").await;
    for path in ["/sign-in", "/register", "/devtools", "/test"] {
        let page = app.visit(path, "hubbub_theme=dark").await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
        assert!(page.text.contains("data-theme=\"dark\""), "{path}");
        assert!(!page.text.contains("hubbub-demo"), "{path}");
    }
    let cookie = app.browser("ann").await;
    for path in ["/sign-in", "/register"] {
        let answer = app.visit(path, &cookie).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/"));
    }
    for path in ["/devtools", "/test"] {
        assert_eq!(app.visit(path, &cookie).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_development_server_keeps_its_demo_users() {
    let app = App::spawn_with(|config| config.environment = Environment::Development).await;
    let page = app.visit("/sign-in", "").await;
    assert!(
        page.text.contains("Sign in as </span>alice") && page.text.contains("Sign in as </span>carol"),
        "{}",
        page.text
    );
    let app = app.restart().await;
    let answer = app.submit("/sign-in", "", "username=alice&password=hubbub-demo").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    let page = app.visit("/rooms/kitchen-table", &cookie).await;
    assert_eq!(
        page.text.matches("Last one there does the dishes.").count(),
        page.text.matches("Twelve thirty?").count()
    );
    let chats = Answer::to(app.request(Method::GET, "/api/v1/chats").header("cookie", &cookie)).await.json();
    let names: Vec<_> = chats["chats"].as_array().into_iter().flatten().map(|room| &room["name"]).collect();
    assert_eq!(names, ["Kitchen table", "Book club"]);
}
