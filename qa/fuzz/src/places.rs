//! Resume tokens and private ids, which a Socket.IO client shows when it comes back.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hub::model::RoomHead;
use hub::{LocatedRoom, StreamPosition};
use protocol::{Cursor, RoomId, UserId};
use server::gateway::socketio::pid as private;
use server::gateway::socketio::resume_token::{ResumeToken, SentPositions};

use crate::identity::KEYS;

/// Bytes of the input for each room.
const ROOM_BYTES: usize = 20;

/// The input is such a text, or the bytes inside of one, or a list of positions.
pub(crate) fn offset(input: &[u8]) {
    if let Some(text) = crate::text::of(input) {
        read(text);
    }
    read(&URL_SAFE_NO_PAD.encode(input));
    write(input);
}

/// Two rooms of one epoch, and another one.
static HEADS: LazyLock<Vec<RoomHead>> = LazyLock::new(|| {
    let head =
        |id, epoch| Some(RoomHead { room: RoomId::parse(id).ok()?, head: Cursor { epoch, seq: 9 }, rev: 9 });
    [head("kitchen", 7), head("attic", 7), head("den", 8)].into_iter().flatten().collect()
});

fn read(text: &str) {
    let Some(stood) = ResumeToken::parse(text) else { return };
    let located = stood.locate(&HEADS).unwrap_or_default();
    assert!(located.len() <= 64, "{} rooms", located.len());
}

fn write(input: &[u8]) {
    let mut heads: Vec<RoomHead> = Vec::new();
    for (number, bytes) in input.as_chunks::<ROOM_BYTES>().0.iter().take(64).enumerate() {
        // Their order is that of the rooms' names.
        let Ok(room) = RoomId::parse(&format!("room-{number:02}")) else { return };
        let [a, b, c, d, counters @ ..] = *bytes;
        let (Some(seq), Some(rev)) = (counters.first_chunk(), counters.last_chunk()) else { return };
        let head = Cursor { epoch: u32::from_le_bytes([a, b, c, d]), seq: u64::from_le_bytes(*seq) };
        heads.push(RoomHead { room, head, rev: u64::from_le_bytes(*rev) });
    }
    let mut positions = SentPositions::default();
    positions.advance(StreamPosition::Inbox(1));
    for RoomHead { room, head, rev } in &heads {
        positions.advance(StreamPosition::Room(room, *head, *rev));
    }
    let offset = positions.offset().unwrap_or_default();
    let stood = ResumeToken::parse(&offset);
    let located = stood.as_ref().and_then(|stood| stood.locate(&heads));
    let right = heads.iter().map(|head| LocatedRoom { head, seq: head.head.seq, rev: head.rev }).collect();
    assert_eq!(located, Some(right), "the place is read as it was written");
}

/// The input is an identifier that a client shows, and another one that is given out.
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
