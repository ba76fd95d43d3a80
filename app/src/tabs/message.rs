//! Tab message: what the tabs of one user send to each other. Any page of this origin can send anything there, so
//! nothing but a message of these shapes counts.

use protocol::{DraftId, RoomId};
use serde::Serialize;
use serde_lite::Deserialize;

use crate::model::connection_state::ConnectionState;
use crate::model::pending_post::PendingPost;

/// The address of one tab, for as long as it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TabId(pub(super) String);

/// One message. Frames travel as their text, as they are on the wire. Raise `PROTOCOL` in `channel.js` when a shape changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub(crate) enum TabMessage {
    /// This tab is new, or has missed something: the leader answers with a snapshot.
    #[serde(rename = "hello")]
    Hello,
    /// From the leader: where the connection stands.
    #[serde(rename = "status")]
    Status(ConnectionState),
    /// From the leader: a frame of the server.
    #[serde(rename = "frame")]
    Frame(String),
    /// For the leader: a frame for the server.
    #[serde(rename = "send")]
    Send(String),
    /// For the leader: a join, which is answered to the tab that asked.
    #[serde(rename = "join")]
    Join {
        /// The room of the join.
        room: RoomId,
        /// The frame for the server.
        frame: String,
    },
    /// For the leader: this tab leaves a room. The server hears of it when no other tab is in it.
    #[serde(rename = "leave")]
    Leave(RoomId),
    /// For the leader: try again at once.
    #[serde(rename = "retry")]
    Retry,
    /// For the leader: a tab has come into view.
    #[serde(rename = "shown")]
    Shown,
    /// A post is pending.
    #[serde(rename = "post")]
    Post(PendingPost),
    /// A post is not pending any more.
    #[serde(rename = "gone")]
    Gone(DraftId),
}

#[cfg(test)]
mod tests {
    use protocol::json::from_text;

    use super::*;

    fn read(text: &str) -> Option<TabMessage> {
        from_text(text).ok()
    }

    #[test]
    fn every_message_survives_the_way_to_another_tab() {
        let room = RoomId::parse("a").unwrap();
        let draft = DraftId(uuid::Uuid::from_u128(7));
        let frame = r#"{"type":"pong","data":{"nonce":1}}"#.to_owned();
        let post = PendingPost::new(room.clone(), draft, "text".to_owned(), 1_800_000_000_000);
        let states = [
            ConnectionState::Idle,
            ConnectionState::Connecting,
            ConnectionState::Connected,
            ConnectionState::Offline,
            ConnectionState::Reconnecting { attempt: 3, seconds_left: 17 },
            ConnectionState::SignedOut,
            ConnectionState::Refused { reason: "The server does not let this account connect.".to_owned() },
        ];
        let messages = [
            TabMessage::Hello,
            TabMessage::Frame(frame.clone()),
            TabMessage::Send(frame.clone()),
            TabMessage::Join { room: room.clone(), frame },
            TabMessage::Leave(room),
            TabMessage::Retry,
            TabMessage::Shown,
            TabMessage::Post(PendingPost { order: 3, reason: Some("Too long".to_owned()), ..post.clone() }),
            TabMessage::Post(post),
            TabMessage::Gone(draft),
        ];
        for message in messages.into_iter().chain(states.map(TabMessage::Status)) {
            assert_eq!(read(&serde_json::to_string(&message).unwrap()), Some(message));
        }
    }

    #[test]
    fn what_no_tab_sends_is_no_message() {
        for text in [
            "",
            "{",
            "7",
            "\"hello\"",
            r#"{"type":"lead"}"#,
            r#"{"type":"of next year","data":1}"#,
            r#"{"type":"status","data":"of_next_year"}"#,
            r#"{"type":"frame"}"#,
            r#"{"type":"frame","data":{"type":"pong"}}"#,
            r#"{"type":"join","data":{"room":"no room","frame":"{}"}}"#,
            r#"{"type":"leave","data":"no room"}"#,
            r#"{"type":"post","data":{"order":1,"room":"a"}}"#,
            r#"{"type":"gone","data":"7"}"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
