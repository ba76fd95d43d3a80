//! What a client of Socket.IO shows when it comes back: where it stood, and which one it was.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hub::Track;
use protocol::{RoomId, UserId};
use server::gateway::socketio::pid as private;
use server::gateway::socketio::positions::{Positions, Stood};

use crate::identity::KEYS;

/// The input is such a text, or the bytes inside of one.
pub(crate) fn offset(input: &[u8]) {
    if let Some(text) = crate::text::of(input) {
        place(text);
    }
    place(&URL_SAFE_NO_PAD.encode(input));
}

fn place(text: &str) {
    let Some(stood) = Stood::parse(text) else { return };
    let mut positions = Positions::default();
    positions.note(Track::Inbox(stood.inbox));
    for (number, cursor) in stood.rooms.iter().enumerate() {
        // Their order is that of the rooms' names.
        let room = RoomId::parse(&format!("room-{number:02}"));
        assert!(room.is_ok_and(|room| {
            positions.note(Track::Room(&room, *cursor));
            true
        }));
    }
    let again = positions.offset();
    assert_eq!(again.as_deref().and_then(Stood::parse), Some(stood), "the place is written as it was read");
}

/// The input is an identifier that somebody shows, and another one that is given out.
pub(crate) fn pid(input: &[u8]) {
    let Some(text) = crate::text::of(input) else { return };
    let (Ok(ann), Ok(bob)) = (UserId::parse("ann"), UserId::parse("bob")) else { return };
    if let Some(sid) = private::check(&KEYS, text, &ann) {
        let given = private::sign(&KEYS, sid, &ann);
        assert!(given.is_ok_and(|given| given == text), "only what was given out is taken");
    }
    let given = private::sign(&KEYS, text, &ann).unwrap_or_default();
    assert_eq!(private::check(&KEYS, &given, &ann), Some(text), "what was given out is taken");
    assert_eq!(private::check(&KEYS, &given, &bob), None, "and from nobody else");
}
