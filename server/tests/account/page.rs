//! The page `/account` and its forms.

use reqwest::{Method, StatusCode};

use crate::common::{Answer, App, PASSWORD};
use crate::socket::End;
use crate::{FIREFOX, unauthorized};

const PAGE: &str = "/account";

impl App {
    /// Signs in a browser that calls itself so, and answers with its cookie.
    async fn browser_on(&self, name: &str, user_agent: &str) -> String {
        let form = self.request(Method::POST, "/sign-in").header("user-agent", user_agent);
        let form = form.header("content-type", "application/x-www-form-urlencoded");
        let form = form.header("sec-fetch-site", "same-origin");
        let fields = format!("username={name}&password={}", PASSWORD.replace(' ', "+"));
        let answer = Answer::to(form.body(fields)).await;
        answer.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    /// The name of the only other sign-in that the page of this cookie shows.
    async fn other_on_page(&self, cookie: &str) -> String {
        let page = self.visit(PAGE, cookie).await;
        let (_, rest) = page.text.split_once("name=\"id\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }
}

#[tokio::test]
async fn the_page_lists_sign_ins_without_a_script() {
    let app = App::spawn().await;
    app.register("ann").await;
    let stranger = app.visit(PAGE, "").await;
    let address = stranger.header("location");
    assert_eq!((stranger.status, address), (StatusCode::SEE_OTHER, "/sign-in?next=/account"));

    let cookie = app.browser_on("ann", FIREFOX).await;
    let page = app.visit(PAGE, &cookie).await;
    assert_eq!(page.status, StatusCode::OK);
    for part in [
        "<title>Account",
        "ann@example.org",
        "Firefox on Linux",
        "This device",
        "Active now",
        "Unknown device",
        "Last seen just now",
        "End all others",
        "action=\"/sign-out\"",
        "name=\"current_password\"",
    ] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    // What is always there says that there are no resources.
    let is_script = |part: &str| part.contains(".js\"") || part.contains("type=\"module\"");
    assert!(!page.text.split('>').any(is_script), "{}", page.text);
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.text.matches("value=\"end\"").count(), 1, "one's own has no such button");
}

#[tokio::test]
async fn a_form_ends_one_sign_in_and_confirms_it_after_a_redirect() {
    let app = App::spawn().await;
    let lost = app.register("ann").await;
    let cookie = app.browser("ann").await;
    let mut socket = app.enter(&lost).await;
    let id = app.other_on_page(&cookie).await;
    for _ in 0..2 {
        let answer = app.submit(PAGE, &cookie, &format!("action=end&id={id}")).await;
        let address = answer.header("location");
        assert_eq!((answer.status, address), (StatusCode::SEE_OTHER, "/account?done=ended"));
    }
    assert_eq!(socket.end().await, End::Closed(4401));
    assert_eq!(app.me(&lost).await.error(), unauthorized());
    let page = app.visit("/account?done=ended", &cookie).await;
    assert!(page.text.contains("That sign-in has ended") && page.text.contains("role=\"status\""));
    assert!(!page.text.contains("End all others"), "there are none");
    let forged = app.visit("/account?done=%3Cb%3Ehello", &cookie).await;
    assert!(forged.status == StatusCode::OK && !forged.text.contains("hello"));
}

#[tokio::test]
async fn forms_end_all_other_sign_ins_and_the_current_one() {
    let app = App::spawn().await;
    let phone = app.register("ann").await;
    let (one, two) = (app.browser("ann").await, app.browser("ann").await);
    let answer = app.submit(PAGE, &one, "action=end-others").await;
    assert_eq!(answer.header("location"), "/account?done=others");
    assert_eq!(app.me(&phone).await.error(), unauthorized());
    assert_eq!(app.me_by_cookie(&two).await, StatusCode::UNAUTHORIZED);
    assert_eq!(app.me_by_cookie(&one).await, StatusCode::OK);

    let three = app.login("ann").await;
    let sessions = app.sessions(&three).await;
    let own = sessions.iter().find(|it| it["is_current"] == false).unwrap()["id"].as_str().unwrap();
    let out = app.submit(PAGE, &one, &format!("action=end&id={own}")).await;
    assert_eq!((out.status, out.header("location")), (StatusCode::SEE_OTHER, "/sign-in"));
    assert!(out.header("set-cookie").contains("Max-Age=0"), "{out:?}");
    assert_eq!(app.me_by_cookie(&one).await, StatusCode::UNAUTHORIZED);
    // A signed-out client is sent to sign in, before its form is checked.
    let late = app.submit(PAGE, &one, "action=end-others").await;
    assert_eq!(late.header("location"), "/sign-in?next=/account");
    assert_eq!(app.me(&three).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_password_form_shows_errors_beside_the_field() {
    let app = App::spawn().await;
    let phone = app.register("ann").await;
    let cookie = app.browser("ann").await;
    for (fields, status, field, words) in [
        (
            "current_password=wrong+horse+bat&new_password=a+second+horse",
            403,
            "current_password",
            "this is not the current password",
        ),
        (
            "current_password=correct+horse+battery&new_password=short",
            422,
            "new_password",
            "a password has 10 to 128 characters",
        ),
    ] {
        let answer = app.submit(PAGE, &cookie, &format!("action=password&{fields}")).await;
        assert_eq!(answer.status.as_u16(), status);
        assert!(answer.header("content-type").starts_with("text/html"));
        let note = format!("id=\"{field}-note\"");
        let (_, rest) = answer.text.split_once(&note).unwrap();
        assert!(rest.split("</p>").next().unwrap().contains(words), "{}", answer.text);
        assert!(answer.text.contains(&format!("aria-describedby=\"{field}-note\"")), "{}", answer.text);
        assert!(!answer.text.contains("horse"), "no password stands in the page: {}", answer.text);
    }
    assert_eq!(app.me(&phone).await.status, StatusCode::OK);

    let right = "action=password&current_password=correct+horse+battery&new_password=a+second+horse";
    let answer = app.submit(PAGE, &cookie, right).await;
    assert_eq!(answer.header("location"), "/account?done=password");
    assert!(app.visit("/account?done=password", &cookie).await.text.contains("Your password was changed"));
    assert_eq!(app.me(&phone).await.error(), unauthorized());
    assert_eq!(app.try_password("ann", "a second horse").await.status, StatusCode::OK);
    assert_eq!(app.try_password("ann", PASSWORD).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn cross_site_and_malformed_forms_change_nothing() {
    let app = App::spawn().await;
    let phone = app.register("ann").await;
    let cookie = app.browser("ann").await;
    let post = |site: &str, kind: &str, fields: &'static str| {
        let form = app.request(Method::POST, PAGE).header("content-type", kind);
        Answer::to(form.header("sec-fetch-site", site).header("cookie", &cookie).body(fields))
    };
    let form = "application/x-www-form-urlencoded";
    for (site, kind, fields, status) in [
        ("cross-site", form, "action=end-others", 403),
        ("same-site", form, "action=end-others", 403),
        ("same-origin", form, "action=everything", 422),
        ("same-origin", form, "", 422),
        ("same-origin", "text/plain", "action=end-others", 415),
    ] {
        assert_eq!(post(site, kind, fields).await.status.as_u16(), status, "{site} {kind} {fields}");
    }
    assert_eq!(app.me(&phone).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_page_names_its_sign_in_in_a_header() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Kitchen", &[]).await;
    let (one, two) = (app.browser("ann").await, app.browser("ann").await);
    let mark =
        async |path: &str, cookie: &str| app.visit(path, cookie).await.header("hubbub-sign-in").to_owned();
    let of_one = mark("/", &one).await;
    assert_eq!(mark(&format!("/rooms/{room}"), &one).await, of_one);
    assert_ne!(mark("/", &two).await, of_one);
    let (id, end) = of_one.split_once(' ').unwrap();
    let sessions = app.sessions(&ann).await;
    assert!(sessions.iter().any(|it| it["id"] == id && it["is_current"] == false), "{sessions:?}");
    assert!(end.parse::<i64>().is_ok_and(|end| end > 0), "{of_one}");
    for path in ["/sign-in", "/test"] {
        assert_eq!(mark(path, "").await, "", "{path}");
    }
}
