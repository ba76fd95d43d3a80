//! Changes of messages in the Chat API: one frame for each change.

use bytes::Bytes;
use hub::MessageChange;
use hub::store::ChangeKind;
use serde_json::json;

use super::frames::{message_frame, server_frame};

/// The frame of a change. A message that was edited or deleted has the shape of `new_message`.
pub(super) fn encode_change(change: &MessageChange, email: &str) -> Option<Bytes> {
    let MessageChange { record, message } = change;
    let mark =
        |on| json!({ "message_id": message.id, "chat_id": message.room, "user_id": record.author, "on": on });
    let reaction = |on| {
        json!({
            "message_id": message.id,
            "chat_id": message.room,
            "emoji": record.emoji,
            "user_id": record.author,
            "on": on,
        })
    };
    match record.kind {
        ChangeKind::Edit => message_frame("message_updated", message, email),
        ChangeKind::Delete => message_frame("message_deleted", message, email),
        ChangeKind::React => server_frame("message_reaction", reaction(true)),
        ChangeKind::Unreact => server_frame("message_reaction", reaction(false)),
        ChangeKind::Pin => server_frame("message_pinned", mark(true)),
        ChangeKind::Unpin => server_frame("message_pinned", mark(false)),
    }
}

#[cfg(test)]
mod tests {
    use hub::Event;
    use hub::model::MessageState;
    use hub::store::ChangeRecord;
    use serde_json::Value;

    use super::super::super::golden::{AT_MS, ann, message};
    use super::super::{CHAT_API, CHAT_API_WITHOUT_EMAILS};
    use super::*;

    fn change(kind: ChangeKind, body: &str, state: MessageState) -> Event {
        let emoji = matches!(kind, ChangeKind::React | ChangeKind::Unreact).then(|| "🎉".into());
        let record = ChangeRecord { rev: 1, seq: 3, author: ann(), kind, emoji, at_ms: AT_MS };
        let message = hub::model::Message { state: Some(Box::new(state)), ..message(body) };
        Event::Change(Box::new(MessageChange { record, message }))
    }

    fn frame(event: &Event) -> Value {
        serde_json::from_str(&CHAT_API.encode_text(event).unwrap()).unwrap()
    }

    #[test]
    fn changed_messages_have_the_shape_of_new_ones() {
        let as_new = frame(&Event::Message(message("hi")))["data"].clone();
        let edited = MessageState { rev: 1, edited_at_ms: Some(AT_MS + 1_000), ..MessageState::default() };
        let sent = frame(&change(ChangeKind::Edit, "hi", edited));
        let mut expected = as_new.clone();
        expected["updated_at"] = json!("2026-09-21T14:13:21.120Z");
        assert_eq!(sent, json!({ "type": "message_updated", "data": expected }));

        let deleted = MessageState { rev: 1, deleted_at_ms: Some(AT_MS + 1_000), ..MessageState::default() };
        let event = change(ChangeKind::Delete, "", deleted);
        let mut expected = as_new;
        expected["content"] = json!("");
        expected["deleted_at"] = json!("2026-09-21T14:13:21.120Z");
        assert_eq!(frame(&event), json!({ "type": "message_deleted", "data": expected }));
        assert!(!CHAT_API_WITHOUT_EMAILS.encode_text(&event).unwrap().contains("example.org"));
    }

    #[test]
    fn reactions_and_pins_name_who_made_them() {
        let id = "00000000-0000-0000-0000-000000000001";
        for (kind, on) in [(ChangeKind::React, true), (ChangeKind::Unreact, false)] {
            let data = json!({ "message_id": id, "chat_id": "kitchen", "emoji": "🎉", "user_id": "ann-id", "on": on });
            let sent = frame(&change(kind, "hi", MessageState::default()));
            assert_eq!(sent, json!({ "type": "message_reaction", "data": data }));
        }
        for (kind, on) in [(ChangeKind::Pin, true), (ChangeKind::Unpin, false)] {
            let data = json!({ "message_id": id, "chat_id": "kitchen", "user_id": "ann-id", "on": on });
            let sent = frame(&change(kind, "hi", MessageState::default()));
            assert_eq!(sent, json!({ "type": "message_pinned", "data": data }));
        }
    }
}
