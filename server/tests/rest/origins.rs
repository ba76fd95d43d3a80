//! Origins: which pages each gateway admits by the `Origin` header.

use reqwest::{Method, StatusCode};
use server::auth::origin::Origins;

use crate::common::{Answer, App};
use crate::socket::Socket;

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";

/// What a raw socket, a session of Socket.IO and a form answer to a page of this origin, at a server that is called so.
async fn answers(app: &App, token: &str, host: &str, origin: &str) -> [u16; 3] {
    let headers = [("host", host), ("origin", origin)];
    let socket = Socket::try_connect(&app.socket_url(&format!("?token={token}")), &headers).await;
    let ask = |method, path: &str| app.request(method, path).header("host", host).header("origin", origin);
    let polled = Answer::to(ask(Method::GET, POLLING)).await;
    let form = ask(Method::POST, "/sign-in").body("username=ann&password=correct+horse+battery");
    let form = Answer::to(form.header("content-type", "application/x-www-form-urlencoded")).await;
    [socket.err().unwrap_or(101), polled.status.as_u16(), form.status.as_u16()]
}

#[tokio::test]
async fn own_pages_are_allowed_in_any_scheme_and_port_notation() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    for (host, origin) in [
        ("chat.example:443", "https://chat.example"),
        ("chat.example", "https://chat.example"),
        ("chat.example", "http://chat.example"),
        ("chat.example:80", "http://chat.example"),
        ("chat.example:3000", "https://chat.example:3000"),
        ("chat.example", "ws://chat.example"),
        ("chat.example:443", "wss://chat.example"),
        ("chat.example:3000", "ws://chat.example:3000"),
        ("[::1]:3000", "http://[::1]:3000"),
    ] {
        let answers = answers(&app, &ann.access_token, host, origin).await;
        assert_eq!(answers, [101, 200, 303], "{origin} at {host}");
    }
    for (host, origin) in [
        ("chat.example:443", "http://chat.example"),
        ("chat.example:3000", "http://chat.example"),
        ("chat.example", "https://chat.example:3000"),
        ("chat.example", "https://chat.example.evil.example"),
        ("chat.example", "capacitor://chat.example"),
        ("chat.example", "null"),
    ] {
        let answers = answers(&app, &ann.access_token, host, origin).await;
        assert_eq!(answers, [403; 3], "{origin} at {host}");
    }
}

#[tokio::test]
async fn allowed_origins_are_normalized_and_include_apps_and_files() {
    let named = "https://friend.example:443,capacitor://localhost,null";
    let app = App::spawn_with(|config| config.origins = Origins::parse(named).unwrap()).await;
    let ann = app.register("ann").await;
    for origin in ["https://friend.example", "https://Friend.example:443", "capacitor://localhost", "null"] {
        // Named or not, forms are for our own pages.
        let answers = answers(&app, &ann.access_token, "hub.example", origin).await;
        assert_eq!(answers, [101, 200, 403], "{origin}");
        for path in [POLLING, "/api/v1/chats"] {
            let answer = Answer::to(app.request(Method::GET, path).header("origin", origin)).await;
            assert_eq!(answer.header("access-control-allow-origin"), origin, "{path}");
        }
    }
    for origin in ["http://friend.example", "https://friend.example:444", "ionic://localhost", "file://"] {
        let answers = answers(&app, &ann.access_token, "hub.example", origin).await;
        assert_eq!(answers, [403; 3], "{origin}");
    }
}

#[tokio::test]
async fn an_allowed_origin_may_send_socketio_cookies_and_headers() {
    let friend = "https://friend.example";
    let app = App::spawn_with(|config| config.origins = Origins::parse(friend).unwrap()).await;
    let preflight = async |path: &str, origin: &str| {
        let ask = app.request(Method::OPTIONS, path).header("origin", origin);
        let ask = ask.header("access-control-request-method", "GET");
        Answer::to(ask.header("access-control-request-headers", "x-client-version")).await
    };
    let answer = preflight(POLLING, friend).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("access-control-allow-origin"), friend);
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert_eq!(answer.header("access-control-allow-headers"), "x-client-version");
    let polled = Answer::to(app.request(Method::GET, POLLING).header("origin", friend)).await;
    assert_eq!(polled.header("access-control-allow-origin"), friend);
    assert_eq!(polled.header("access-control-allow-credentials"), "true");
    // REST takes such headers, too, and no cookie of another origin's page.
    let answer = preflight("/api/v1/chats", friend).await;
    assert_eq!(answer.header("access-control-allow-headers"), "x-client-version");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    for path in [POLLING, "/api/v1/chats"] {
        assert_eq!(preflight(path, "https://evil.example").await.header("access-control-allow-origin"), "");
    }
}
