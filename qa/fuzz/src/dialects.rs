//! Dialects: any text of a client becomes a command or an error, and none makes it another user.

use ::socketio::codec::{MAIN, Packet, PacketDecoder, ack};
use hub::{Command, CommandError, Event};
use protocol::{RoomId, limits};
use serde_json::Value;
use server::dialect::{Dialect, ENDPOINTS, Request, Scope, socketio, talim};

pub(crate) fn native(input: &[u8]) {
    raw("native", input);
}

pub(crate) fn quizmaster(input: &[u8]) {
    raw("quizmaster", input);
}

pub(crate) fn quizmaster_page(input: &[u8]) {
    raw("quizmaster test page", input);
}

pub(crate) fn chat_api(input: &[u8]) {
    raw("chat api", input);
}

pub(crate) fn skilllift(input: &[u8]) {
    raw("skilllift", input);
}

/// Tries the dialect of this name at sockets for everything, for one room and for a user's inbox.
fn raw(name: &str, input: &[u8]) {
    let place = ENDPOINTS.iter().find(|place| place.dialect.name == name);
    let (Some(place), Some(frame)) = (place, crate::text::of(input)) else {
        assert!(place.is_some(), "no dialect is called {name}");
        return;
    };
    let Ok(room) = RoomId::parse("kitchen") else { return };
    for scope in [Scope::Anything, Scope::Room(room), Scope::Inbox] {
        understand(place.dialect, frame, &scope);
    }
}

fn understand(dialect: &Dialect, frame: &str, scope: &Scope) {
    match (dialect.decode)(frame, scope) {
        Ok(request) => {
            if dialect.name == "chat api" {
                is_inside(&request, scope);
            }
            keeps_limits(&request);
        }
        Err(failure) => {
            let said = (dialect.encoder.encode)(&Event::Failed(*failure)).unwrap_or_default();
            let said: Value = serde_json::from_slice(&said).unwrap_or_default();
            assert_eq!(said.get("type").and_then(Value::as_str), Some("error"), "{frame}");
            assert!(said.to_string().len() <= 8 * frame.len() + 1_024, "a refusal is short: {said}");
        }
    }
}

/// A socket for one room sends nothing elsewhere, whatever its frames name; only a direct message names a room.
fn is_inside(request: &Request, scope: &Scope) {
    let own = if let Scope::Room(own) = scope { Some(own) } else { None };
    match request {
        Request::Hub(Command::Post { room, .. } | Command::Typing { room, .. }) => {
            assert_eq!(Some(room), own);
        }
        Request::Hub(Command::ReadMessage { room, .. }) => assert_eq!(room.as_ref(), own),
        Request::Hub(Command::Direct { .. } | Command::Ping { .. }) | Request::Authenticate { .. } => {}
        other => unreachable!("{other:?} is no wish of this dialect"),
    }
}

/// Times in seconds are inside their limits when they have become milliseconds. The gateway checks the others.
fn keeps_limits(request: &Request) {
    if let Request::SimulateUnnamed(plan) = request {
        assert!(limits::SIMULATION_DURATION_MS.contains(&plan.duration_ms));
        assert!(limits::SIMULATION_FREQUENCY_MS.contains(&plan.frequency_ms));
    }
}

/// The first line is the name of an event, the rest its first argument.
pub(crate) fn socketio_events(input: &[u8]) {
    let Some(text) = crate::text::of(input) else { return };
    let (name, data) = crate::text::split_line(text);
    if serde_json::from_str::<Value>(data).is_err() {
        return;
    }
    match socketio::decode(name, data) {
        Ok(request) => {
            assert!(!talim::SERVER_EVENTS.contains(&name), "only the server says this");
            keeps_limits(&request);
        }
        Err(failure) => refused(&failure, text.len()),
    }
}

/// A refusal is a packet that the clients' library takes.
fn refused(failure: &CommandError, bytes: usize) {
    let args = socketio::acknowledgement(&Err(failure.clone())).unwrap_or_default();
    let answer = ack(MAIN, 1, &args).text;
    assert!(answer.len() <= 8 * bytes + 1_024, "an acknowledgement is short: {answer:?}");
    let said = (socketio::ENCODER.encode)(&Event::Failed(failure.clone()));
    let packet = PacketDecoder::new(0, usize::MAX).text(&said.unwrap_or_default());
    let is_error = matches!(&packet, Ok(Some(Packet::Event { event, .. })) if &*event.name == "error");
    assert!(is_error, "{packet:?}");
}
