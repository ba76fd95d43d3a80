//! Changes of messages in SkillLift: one frame for each edit, deletion and reaction. It has none for pins.

use bytes::Bytes;
use hub::MessageChange;
use hub::store::ChangeKind;
use serde_json::json;

use super::frames::{ChatMessage, server_frame};
use crate::clock::rfc3339;

/// The frame of a change; `None` where the dialect has none. A message that was edited or deleted has the shape of
/// `chat_message`.
pub(super) fn encode_change(change: &MessageChange) -> Option<Bytes> {
    let MessageChange { record, message } = change;
    let on = match record.kind {
        ChangeKind::Edit => return server_frame("message_updated", ChatMessage::from(message)),
        ChangeKind::Delete => return server_frame("message_deleted", ChatMessage::from(message)),
        ChangeKind::React => true,
        ChangeKind::Unreact => false,
        ChangeKind::Pin | ChangeKind::Unpin => return None,
    };
    let payload = json!({
        "roomId": message.room,
        "messageId": message.id,
        "emoji": record.emoji,
        "userId": record.author,
        "on": on,
        "timestamp": rfc3339(record.at_ms),
    });
    server_frame("message_reaction", payload)
}

#[cfg(test)]
mod tests {
    use hub::Event;
    use hub::model::MessageState;
    use hub::store::ChangeRecord;
    use serde_json::Value;

    use super::super::super::golden::{self, AT_MS, ann};
    use super::super::SKILLLIFT;
    use super::*;

    fn change(kind: ChangeKind, body: &str, state: MessageState) -> Event {
        let emoji = matches!(kind, ChangeKind::React | ChangeKind::Unreact).then(|| "🎉".into());
        let record = ChangeRecord { rev: 1, seq: 3, author: ann(), kind, emoji, at_ms: AT_MS };
        let message = hub::model::Message { state: Some(Box::new(state)), ..golden::message(body) };
        Event::Change(Box::new(MessageChange { record, message }))
    }

    fn frame(event: &Event) -> Value {
        serde_json::from_str(&SKILLLIFT.encode_text(event).unwrap()).unwrap()
    }

    #[test]
    fn changed_messages_have_the_shape_of_new_ones() {
        let as_new = frame(&Event::Message(golden::message("hi")))["payload"].clone();
        let edited = MessageState { edited_at_ms: Some(AT_MS + 1_000), ..MessageState::default() };
        let mut expected = as_new.clone();
        expected["editedAt"] = json!("2026-09-21T14:13:21.120Z");
        let sent = frame(&change(ChangeKind::Edit, "hi", edited));
        assert_eq!(sent, json!({ "type": "message_updated", "payload": expected }));

        let deleted = MessageState { deleted_at_ms: Some(AT_MS + 1_000), ..MessageState::default() };
        let mut expected = as_new;
        expected["message"] = json!("");
        expected["deletedAt"] = json!("2026-09-21T14:13:21.120Z");
        let sent = frame(&change(ChangeKind::Delete, "", deleted));
        assert_eq!(sent, json!({ "type": "message_deleted", "payload": expected }));
    }

    #[test]
    fn a_reaction_names_who_set_or_removed_it_and_a_pin_has_no_frame() {
        for (kind, on) in [(ChangeKind::React, true), (ChangeKind::Unreact, false)] {
            let payload = json!({
                "roomId": "kitchen",
                "messageId": "00000000-0000-0000-0000-000000000001",
                "emoji": "🎉",
                "userId": "ann-id",
                "on": on,
                "timestamp": "2026-09-21T14:13:20.120Z",
            });
            let sent = frame(&change(kind, "hi", MessageState::default()));
            assert_eq!(sent, json!({ "type": "message_reaction", "payload": payload }));
        }
        for kind in [ChangeKind::Pin, ChangeKind::Unpin] {
            assert_eq!(SKILLLIFT.encode_text(&change(kind, "hi", MessageState::default())), None);
        }
    }
}
