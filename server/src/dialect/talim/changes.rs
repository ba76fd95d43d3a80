//! Changes of messages in Talim: one event for each change, and one for each message that was changed while a client was away.

use bytes::Bytes;
use hub::MessageChange;
use hub::model::Message;
use hub::store::ChangeKind;
use protocol::{MessageId, RoomId, UserId};
use serde::Serialize;

use super::messages::new_message;
use crate::dialect::socketio::packet::socket_event;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReactionChange<'a> {
    message_id: MessageId,
    room_id: &'a RoomId,
    emoji: &'a str,
    user_id: &'a UserId,
    on: bool,
}

/// The event of a change. A pin is an update.
pub(super) fn encode_change(change: &MessageChange) -> Option<Bytes> {
    let MessageChange { record, message } = change;
    let on = match record.kind {
        ChangeKind::React => true,
        ChangeKind::Unreact => false,
        ChangeKind::Edit | ChangeKind::Delete | ChangeKind::Pin | ChangeKind::Unpin => {
            return encode_message(message);
        }
    };
    let (message_id, room_id, user_id) = (message.id, &message.room, &record.author);
    let emoji = record.emoji.as_deref().unwrap_or_default();
    socket_event("chat-message-reaction", &ReactionChange { message_id, room_id, emoji, user_id, on })
}

/// A message as it is now.
pub(super) fn encode_message(message: &Message) -> Option<Bytes> {
    let name = if message.is_deleted() { "chat-message-deleted" } else { "chat-message-updated" };
    socket_event(name, &new_message(message))
}

#[cfg(test)]
mod tests {
    use hub::Event;
    use hub::model::MessageState;
    use hub::store::ChangeRecord;
    use protocol::Reaction;
    use serde_json::{Value, json};

    use super::super::super::golden::{self, AT_MS, ann};
    use super::super::encode;
    use super::*;

    fn message(body: &str, state: MessageState) -> Message {
        Message { state: Some(Box::new(state)), ..golden::message(body) }
    }

    fn change(kind: ChangeKind, message: Message) -> Event {
        let emoji = matches!(kind, ChangeKind::React | ChangeKind::Unreact).then(|| "🎉".into());
        let record = ChangeRecord { rev: 1, seq: 3, author: ann(), kind, emoji, at_ms: AT_MS };
        Event::Change(Box::new(MessageChange { record, message }))
    }

    /// The name and the first argument of an event.
    fn sent(event: &Event) -> (String, Value) {
        let packet = encode(event).unwrap();
        let packet = std::str::from_utf8(&packet).unwrap();
        serde_json::from_str(packet.strip_prefix('2').unwrap()).unwrap()
    }

    #[test]
    fn changed_messages_have_the_shape_of_new_ones() {
        let (_, as_new) = sent(&Event::Message(golden::message("hi")));
        let edited = MessageState {
            rev: 4,
            edited_at_ms: Some(AT_MS + 1_000),
            is_pinned: true,
            reactions: vec![Reaction { emoji: "🎉".to_owned(), count: 1, users: vec![ann()] }],
            ..MessageState::default()
        };
        let mut expected = as_new.clone();
        expected["editedAt"] = json!("2026-09-21T14:13:21.120Z");
        expected["pinned"] = json!(true);
        expected["reactions"] = json!([{ "emoji": "🎉", "count": 1, "users": ["ann-id"] }]);
        let updated = ("chat-message-updated".to_owned(), expected);
        for kind in [ChangeKind::Edit, ChangeKind::Pin, ChangeKind::Unpin] {
            assert_eq!(sent(&change(kind, message("hi", edited.clone()))), updated);
        }
        assert_eq!(sent(&Event::MessageChanged(message("hi", edited))), updated);

        let deleted = MessageState { rev: 5, deleted_at_ms: Some(AT_MS + 1_000), ..MessageState::default() };
        let mut expected = as_new;
        expected["content"] = json!("");
        expected["deletedAt"] = json!("2026-09-21T14:13:21.120Z");
        let deletion = ("chat-message-deleted".to_owned(), expected);
        assert_eq!(sent(&change(ChangeKind::Delete, message("", deleted.clone()))), deletion);
        assert_eq!(sent(&Event::MessageChanged(message("", deleted))), deletion);
    }

    #[test]
    fn a_reaction_names_who_set_or_removed_it() {
        for (kind, on) in [(ChangeKind::React, true), (ChangeKind::Unreact, false)] {
            let data = json!({
                "messageId": "00000000-0000-0000-0000-000000000001",
                "roomId": "kitchen",
                "emoji": "🎉",
                "userId": "ann-id",
                "on": on,
            });
            let event = change(kind, message("hi", MessageState::default()));
            assert_eq!(sent(&event), ("chat-message-reaction".to_owned(), data));
        }
    }
}
