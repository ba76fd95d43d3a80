//! Properties of all cursors, identifiers and frames.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use proptest::collection::vec;
use proptest::prelude::*;
use protocol::json::from_text;
use protocol::{
    ClientFrame, Cursor, DraftId, Message, MessageId, MessageKind, Reaction, RoomId, ServerFrame, UserId,
    limits,
};
use uuid::Uuid;

/// Few epochs and numbers, so that they meet, and the ends.
fn cursor() -> impl Strategy<Value = Cursor> {
    let seq = prop_oneof![0..20_u64, Just(u64::MAX - 1), Just(u64::MAX)];
    (0..3_u32, seq).prop_map(|(epoch, seq)| Cursor { epoch, seq })
}

fn room() -> impl Strategy<Value = RoomId> {
    "[A-Za-z0-9_:.-]{1,64}".prop_map(|raw| RoomId::parse(&raw).unwrap())
}

fn kind() -> impl Strategy<Value = MessageKind> {
    "[A-Za-z0-9_:.-]{1,32}|text".prop_map(|raw| MessageKind::parse(&raw).unwrap())
}

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

prop_compose! {
    fn reaction()(
        emoji in any::<String>(),
        count in any::<u32>(),
        users in proptest::collection::vec("[A-Za-z0-9_:.@|-]{1,64}", 0..3),
    ) -> Reaction {
        let users = users.iter().map(|user| UserId::parse(user).unwrap()).collect();
        Reaction { emoji, count, users }
    }
}

prop_compose! {
    fn message()(
        room in room(),
        (epoch, seq, at_ms) in any::<(u32, u64, i64)>(),
        author in "[A-Za-z0-9_:.@|-]{1,64}",
        (name, body) in any::<(String, String)>(),
        (id, draft, parent) in (uuid(), uuid(), proptest::option::of(uuid())),
        kind in kind(),
        state in (any::<u64>(), any::<Option<i64>>(), any::<Option<i64>>(), any::<bool>()),
        reactions in proptest::collection::vec(reaction(), 0..3),
    ) -> Message {
        let (author, cursor) = (UserId::parse(&author).unwrap(), Cursor { epoch, seq });
        let (id, draft, parent) = (MessageId(id), DraftId(draft), parent.map(MessageId));
        let (rev, edited_at_ms, deleted_at_ms, pinned) = state;
        Message {
            room, cursor, id, author, name, draft, body, at_ms, parent, kind, rev, edited_at_ms, deleted_at_ms, pinned,
            reactions,
        }
    }
}

proptest! {
    #[test]
    fn a_gap_counts_the_messages_between_two_cursors_forwards(from in cursor(), to in cursor()) {
        let comparable = from.epoch == to.epoch && from.seq <= to.seq;
        prop_assert_eq!(from.gap_to(to).map(|gap| from.seq + gap), comparable.then_some(to.seq));
        if let (Some(there), Some(back)) = (from.gap_to(to), to.gap_to(from)) {
            prop_assert_eq!((there, back, from), (0, 0, to), "only a place itself is both before and behind");
        }
    }

    #[test]
    fn gaps_add_up(one in cursor(), two in cursor(), three in cursor()) {
        if let (Some(first), Some(second)) = (one.gap_to(two), two.gap_to(three)) {
            prop_assert_eq!(one.gap_to(three), first.checked_add(second));
        }
    }

    #[test]
    fn an_identifier_is_parsed_unchanged_or_refused(raw in "\\PC{0,70}|[A-Za-z0-9_:.@|-]{0,70}") {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_:.-".contains(&byte);
        let fits = (1..=limits::MAX_ID_BYTES).contains(&raw.len());
        let is_room = fits && raw.bytes().all(plain);
        let is_user = fits && raw.bytes().all(|byte| plain(byte) || b"@|".contains(&byte));
        prop_assert_eq!(RoomId::parse(&raw).ok().map(|it| it.to_string()), is_room.then(|| raw.clone()));
        prop_assert_eq!(UserId::parse(&raw).ok().map(|it| it.to_string()), is_user.then_some(raw));
    }

    #[test]
    fn a_draft_survives_encoding(room in room(), draft in uuid(), body in any::<String>(), kind in kind()) {
        let frame = ClientFrame::Post { room, draft: DraftId(draft), body, parent: None, kind };
        let text = serde_json::to_string(&frame).unwrap();
        prop_assert_eq!(serde_json::from_str::<ClientFrame>(&text).unwrap(), frame);
    }

    #[test]
    fn a_message_survives_encoding_and_both_decoders_agree(messages in vec(message(), 1..4)) {
        for message in messages {
            let frame = ServerFrame::Message { data: message };
            let text = serde_json::to_string(&frame).unwrap();
            prop_assert_eq!(&serde_json::from_str::<ServerFrame>(&text).unwrap(), &frame);
            prop_assert_eq!(from_text::<ServerFrame>(&text).unwrap(), frame);
        }
    }
}
