//! The client library that the server serves.

use reqwest::Method;

use crate::common::{Answer, App};

#[tokio::test]
async fn the_client_library_is_served_to_pages_of_any_origin() {
    let app = App::spawn().await;
    let path = "/socket.io/socket.io.js";
    let missing = Answer::to(app.request(Method::GET, path)).await;
    assert_eq!((missing.status.as_u16(), missing.json()["code"].as_str()), (404, Some("not_found")));
    assert!(missing.text.contains("make build"), "{missing:?}");

    let folder = app.folder().join("site/socket.io");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("socket.io.js"), "globalThis.io = 1;\n").unwrap();
    let found = Answer::to(app.request(Method::GET, path)).await;
    assert_eq!((found.status.as_u16(), found.text.as_str()), (200, "globalThis.io = 1;\n"));
    for (name, value) in [
        ("content-type", "text/javascript"),
        ("cache-control", "no-cache"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(found.header(name), value, "{name}");
    }
    for other in ["/socket.io/other.js", "/socket.io/%2e%2e%2fhubbub.db"] {
        let answer = Answer::to(app.request(Method::GET, other)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["code"].as_str()),
            (404, Some("not_found")),
            "{other}"
        );
    }
}
