//! QuizMaster: the greeting, bad input, simulations.

use protocol::limits::MAX_SIMULATIONS_PER_USER;
use serde_json::{Value, json};

use crate::common::App;
use crate::raw::Raw;

fn simulate(duration: f64, frequency: f64) -> Value {
    json!({
        "type": "simulate",
        "data": { "duration_seconds": duration, "frequency_seconds": frequency, "message_prefix": "Step" },
    })
}

#[tokio::test]
async fn qm_01_02_the_first_frame_matches_the_document_exactly() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut socket = Raw::open(&app, "/ws/endpoint", &ann).await;
    let first = socket.next().await.unwrap();
    assert_eq!(first, r#"{"type":"connection_status","message":"Connected successfully"}"#);
    socket.close().await;
}

#[tokio::test]
async fn qm_05_10_11_bad_input_gets_an_error_and_keeps_the_connection() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut socket = Raw::open(&app, "/ws/endpoint", &ann).await;
    socket.hear().await;
    for (frame, code) in [
        ("nonsense", "bad_json"),
        ("", "bad_json"),
        ("null", "bad_frame"),
        ("[]", "bad_frame"),
        (r#"{"message":"no type"}"#, "bad_frame"),
        (r#"{"type":{}}"#, "bad_frame"),
        (r#"{"type":"anything","data":{"deep":[1,2]}}"#, "unknown_type"),
        (r#"{"type":"connection_status","message":"forged"}"#, "unknown_type"),
        (r#"{"type":"complete","data":{"total_messages":1}}"#, "unknown_type"),
        (r#"{"type":"simulate","data":"soon"}"#, "bad_frame"),
    ] {
        socket.say_raw(frame).await;
        assert_eq!(socket.error().await, code, "{frame}");
    }
    socket.say_bytes(br#"{"type":"simulate"}"#).await;
    assert_eq!(socket.error().await, "binary_frame");
    socket.say(&simulate(0.1, 0.1)).await;
    assert_eq!(socket.hear().await["type"], "update");
}

#[tokio::test]
async fn qm_04_17_a_simulation_reports_each_step_with_its_times() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut socket = Raw::open(&app, "/ws/endpoint", &ann).await;
    socket.hear().await;
    socket.say(&simulate(0.4, 0.1)).await;
    for (step, elapsed, remaining) in [(1, 0.1, 0.3), (2, 0.2, 0.2), (3, 0.3, 0.1), (4, 0.4, 0.0)] {
        let data =
            json!({ "elapsed_seconds": elapsed, "remaining_seconds": remaining, "progress": step * 25 });
        let message = format!("Step #{step}");
        assert_eq!(socket.hear().await, json!({ "type": "update", "message": message, "data": data }));
    }
    let end = socket.hear().await;
    assert_eq!(end["type"], "complete");
    assert_eq!(end["data"], json!({ "total_messages": 4, "duration_seconds": 0.4 }));
}

#[tokio::test]
async fn an_invalid_simulation_starts_nothing_and_ten_are_the_limit() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut socket = Raw::open(&app, "/ws/endpoint", &ann).await;
    socket.hear().await;
    let mut long_prefix = simulate(1.0, 1.0);
    long_prefix["data"]["message_prefix"] = json!("x".repeat(81));
    for wrong in [
        simulate(0.09, 0.05),
        simulate(3600.1, 1.0),
        simulate(1.0, 0.04),
        simulate(1.0, 60.1),
        simulate(-1.0, 1.0),
        json!({ "type": "simulate", "data": { "duration_seconds": "1", "frequency_seconds": 1, "message_prefix": "" } }),
        json!({ "type": "simulate", "data": { "frequency_seconds": 1, "message_prefix": "" } }),
        long_prefix,
    ] {
        socket.say(&wrong).await;
        let code = socket.error().await;
        assert!(["invalid", "bad_frame", "too_long"].contains(&code.as_str()), "{code}: {wrong}");
    }
    // Each counts at once and sends nothing for a minute.
    for _ in 0..MAX_SIMULATIONS_PER_USER {
        socket.say(&simulate(3600.0, 60.0)).await;
    }
    socket.say(&simulate(3600.0, 60.0)).await;
    assert_eq!(socket.error().await, "too_many");
    // Ten of one user over all connections.
    let mut other = Raw::open(&app, "/ws/endpoint", &ann).await;
    other.hear().await;
    other.say(&simulate(3600.0, 60.0)).await;
    assert_eq!(other.error().await, "too_many");
}

#[tokio::test]
async fn qm_12_a_closed_socket_ends_its_simulations() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut first = Raw::open(&app, "/ws/endpoint", &ann).await;
    for _ in 0..=MAX_SIMULATIONS_PER_USER {
        first.say(&simulate(3600.0, 60.0)).await;
    }
    assert_eq!(first.hear_a("error").await["data"]["code"], "too_many");
    first.close().await;
    let mut second = Raw::open(&app, "/ws/endpoint", &ann).await;
    second.hear().await;
    let taken = async {
        loop {
            second.say(&simulate(0.1, 0.1)).await;
            if second.hear().await["type"] == "update" {
                break;
            }
        }
    };
    tokio::time::timeout(crate::raw::PATIENCE, taken).await.unwrap();
}
