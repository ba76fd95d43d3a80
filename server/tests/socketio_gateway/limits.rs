//! Limits of the Socket.IO gateway: what a client may send before it is connected, and what is counted undecoded.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::config::RateLimits;

use crate::client::{Client, Polling};
use crate::common::App;

/// A list of zeros, as many bytes as this at least.
fn zeros(bytes: usize) -> String {
    format!("[{}0]", "0,".repeat(bytes / 2))
}

#[tokio::test]
async fn an_unconnected_client_may_send_no_more_than_a_token() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    for (bytes, is_heard) in [(16_000, true), (16_384, false), (500_000, false)] {
        let connect = format!("40{}", json!({ "token": "x".repeat(bytes) }));
        let mut client = Client::open(&app, "", &[]).await;
        client.say_at_once(std::slice::from_ref(&connect)).await;
        if is_heard {
            client.hear("44{").await;
        } else {
            assert_eq!(client.end().await.0, 1009, "{bytes}");
        }
        let session = Polling::begin(&app).await;
        let status = if is_heard { 200 } else { 413 };
        assert_eq!(session.post(&[connect]).await.0, status, "{bytes}");
    }
    // And afterwards as much as any other.
    let room = app.create_room(&ann, "Kitchen", &[]).await;
    let said = json!(["send-chat-message", { "roomId": room, "content": "x".repeat(60_000) }]);
    let mut client = Client::enter(&app, &ann.access_token).await;
    client.say(&format!("421{}", json!(["join-chat-room", room]))).await;
    client.say(&format!("422{said}")).await;
    assert!(client.hear("432[").await.contains(r#""ok":true"#));
    let session = Polling::begin(&app).await;
    session.post(&[format!("40{}", json!({ "token": ann.access_token }))]).await;
    session.hear("40{").await;
    session.post(&[format!("421{}", json!(["join-chat-room", room])), format!("422{said}")]).await;
    assert!(session.hear("432[").await.contains(r#""ok":true"#));
}

#[tokio::test]
async fn a_session_has_five_connect_attempts() {
    let app = App::spawn().await;
    let mut client = Client::open(&app, "", &[]).await;
    for _ in 0..5 {
        let answer = client.ask(&json!({ "token": "wrong" })).await;
        assert!(answer.starts_with("44{"), "{answer}");
    }
    assert_eq!(client.end().await.0, 1000);
    // Also with some of another sort.
    let mut client = Client::open(&app, "", &[]).await;
    for namespace in ["/a", "/b", "/c", "/d", "/e"] {
        client.say(&format!("40{namespace},")).await;
        client.hear("44").await;
    }
    assert_eq!(client.end().await.0, 1000);
}

#[tokio::test]
async fn a_connected_client_may_request_unknown_namespaces() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut client = Client::enter(&app, &ann.access_token).await;
    for number in 0..16 {
        client.say(&format!("40/{number},")).await;
        client.hear("44").await;
    }
    client.say(r#"427["unheard-of"]"#).await;
    client.hear("437[").await;
}

#[tokio::test]
async fn each_further_connect_counts_as_a_handshake_of_the_address() {
    let rates = RateLimits { handshakes_per_minute: Some(3), ..RateLimits::OFF };
    let app = App::spawn_with(|config| config.rate_limits = rates).await;
    let mut client = Client::open(&app, "", &[]).await;
    for code in ["unauthorized", "unauthorized", "unauthorized", "rate_limited"] {
        let answer = client.ask(&json!({ "token": "wrong" })).await;
        let error: Value = serde_json::from_str(answer.strip_prefix("44").unwrap()).unwrap();
        assert_eq!(error["data"]["code"], code, "{error}");
    }
}

#[tokio::test]
async fn an_unconnected_client_may_send_few_packets_and_no_bytes() {
    let app = App::spawn().await;
    let mut client = Client::open(&app, "", &[]).await;
    client.ask(&json!({ "token": "wrong" })).await;
    client.say_at_once(&vec![r#"42["unheard-of"]"#.to_owned(); 64]).await;
    assert_eq!(client.end().await.0, 1002);
    // A text that waits for its attachment.
    let mut client = Client::open(&app, "", &[]).await;
    client.ask(&json!({ "token": "wrong" })).await;
    client.say(r#"451-["a",{"_placeholder":true,"num":0}]"#).await;
    // Or it would be closed for missing attachments.
    client.say_bytes(b"late").await;
    assert_eq!(client.end().await.0, 1002);
}

#[tokio::test]
async fn arguments_of_an_event_are_limited() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut client = Client::enter(&app, &ann.access_token).await;
    let event = |arguments: usize| format!("427[\"unheard-of\"{}]", ",0".repeat(arguments));
    client.say(&event(64)).await;
    client.hear("437[").await;
    client.say(&event(65)).await;
    assert_eq!(client.end().await.0, 1002);
    let mut client = Client::enter(&app, &ann.access_token).await;
    client.say(&format!("451-[\"a\"{}]", ",0".repeat(65))).await;
    // Or it would be closed for missing attachments.
    client.say_bytes(b"late").await;
    assert_eq!(client.end().await.0, 1002);
}

#[tokio::test]
async fn the_length_of_a_namespace_is_limited() {
    let app = App::spawn().await;
    let mut client = Client::open(&app, "", &[]).await;
    client.say(&format!("40/{},", "x".repeat(255))).await;
    client.hear("44/x").await;
    client.say(&format!("40/{},", "x".repeat(256))).await;
    assert_eq!(client.end().await.0, 1002);
}

#[tokio::test]
async fn packets_without_content_are_limited() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    for idle in ["3", "6"] {
        let mut client = Client::enter(&app, &ann.access_token).await;
        client.say_at_once(&vec![idle.to_owned(); 1_100]).await;
        assert_eq!(client.end().await.0, 4429, "{idle}");
    }
    let mut client = Client::enter(&app, &ann.access_token).await;
    client.ping_at_once(1_100).await;
    assert_eq!(client.end().await.0, 4429);
}

#[tokio::test]
async fn attachments_are_limited_in_number_size_and_time() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let waiting = r#"452-["a",{"_placeholder":true,"num":0}]"#;
    let (mut late, mut large) =
        (Client::enter(&app, &ann.access_token).await, Client::enter(&app, &ann.access_token).await);
    late.say(waiting).await;
    large.say(waiting).await;
    let bytes = vec![0; 600_000];
    large.say_bytes(&bytes).await;
    large.say_bytes(&bytes).await;
    assert_eq!(large.end().await.0, 1002);
    assert_eq!(late.end().await.0, 1002);
}

#[tokio::test]
async fn an_event_is_rejected_by_size_and_name_before_it_is_parsed() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut client = Client::enter(&app, &ann.access_token).await;
    for (name, bytes) in [
        ("join-chat-room", 4_096),
        ("unheard-of", 4_096),
        ("authenticate", 16_384),
        ("send-chat-message", 400_000),
        ("broadcast", 400_000),
    ] {
        client.say(&format!("421[\"{name}\",{}]", zeros(bytes))).await;
        let answer = client.hear("431[").await;
        assert!(answer.contains(r#""code":"too_big""#), "{name} {answer}");
    }
}

#[tokio::test]
async fn an_oversized_event_is_charged_eight_times() {
    let rates = RateLimits { bytes_per_second: Some(1_000_000), ..RateLimits::OFF };
    let app = App::spawn_with(|config| config.rate_limits = rates).await;
    let ann = app.register("ann").await;
    let mut client = Client::enter(&app, &ann.access_token).await;
    let begun = Instant::now();
    client.say(&format!("421[\"unheard-of\",{}]", zeros(1_040_000))).await;
    client.hear("431[").await;
    client.say("422[\"unheard-of\"]").await;
    client.hear("432[").await;
    // What is had at once is used up. Only that the client was slowed: the machine may be as slow as it likes.
    assert!(begun.elapsed() > Duration::from_millis(300), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_client_that_ignores_rate_limit_errors_is_closed() {
    let rates = RateLimits { commands_per_second: Some(1), ..RateLimits::OFF };
    let app = App::spawn_with(|config| config.rate_limits = rates).await;
    let ann = app.register("ann").await;
    let mut client = Client::enter(&app, &ann.access_token).await;
    client.say_at_once(&vec![r#"42["unheard-of"]"#.to_owned(); 2_000]).await;
    assert_eq!(client.end().await.0, 4429);
}

#[tokio::test]
async fn a_message_has_at_most_1024_frames() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut client = Client::enter(&app, &ann.access_token).await;
    client.say_in_frames(r#"427["unheard-of"]"#, 1_024).await;
    client.hear("437[").await;
    client.say_in_frames(r#"427["unheard-of"]"#, 1_025).await;
    assert_eq!(client.end().await.0, 1009);
}

#[tokio::test]
async fn a_user_over_the_byte_rate_is_slowed_and_loses_nothing() {
    let rates = RateLimits { bytes_per_second: Some(100_000), ..RateLimits::OFF };
    let app = App::spawn_with(|config| config.rate_limits = rates).await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Kitchen", &[]).await;
    let mut clients =
        [Client::enter(&app, &ann.access_token).await, Client::enter(&app, &ann.access_token).await];
    for client in &mut clients {
        client.say(&format!("421{}", json!(["join-chat-room", room]))).await;
        client.hear("431[").await;
    }
    let begun = Instant::now();
    let said = json!(["send-chat-message", { "roomId": room, "content": "x".repeat(50_000) }]);
    // Eight seconds' worth at once, and two more.
    for _ in 0..10 {
        for client in &mut clients {
            client.say(&format!("422{said}")).await;
        }
    }
    for client in &mut clients {
        for _ in 0..10 {
            assert!(client.hear("432[").await.contains(r#""ok":true"#));
        }
    }
    // Only that it was slowed: the machine may be as slow as it likes.
    assert!(begun.elapsed() > Duration::from_millis(1_500), "{:?}", begun.elapsed());
}
