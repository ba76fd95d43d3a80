//! Pending post: a post that the server has not acknowledged, as the browser keeps it and tabs send it to each other.

use protocol::{DraftId, RoomId};
use serde::Serialize;
use serde_lite::Deserialize;

/// A post without an acknowledgement. Its fields are those of a row in the browser's database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingPost {
    /// Its position among the posts of this browser; the lower one is sent first.
    pub order: u64,
    /// Where it goes.
    pub room: RoomId,
    /// Its author's id for it, however often it is sent.
    pub draft: DraftId,
    /// The text.
    pub body: String,
    /// When it was written, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Why it is not sent by itself any more.
    #[serde(default)]
    pub reason: Option<String>,
}

impl PendingPost {
    /// A post that was just written. The draft store gives it its order.
    pub fn new(room: RoomId, draft: DraftId, body: String, at_ms: i64) -> Self {
        Self { order: 0, room, draft, body, at_ms, reason: None }
    }
}

#[cfg(test)]
mod tests {
    use protocol::json::from_text;

    use super::*;

    #[test]
    fn a_row_of_version_0_1_0_is_a_pending_post() {
        let draft = "0192d3a0-0000-7000-8000-0000000000b1";
        let row = format!(
            r#"{{"account":"u","room":"a","draft":"{draft}","body":"text","at_ms":1764374400000,"order":3}}"#
        );
        let post: PendingPost = from_text(&row).unwrap();
        let draft = DraftId(uuid::Uuid::try_parse(draft).unwrap());
        let room = RoomId::parse("a").unwrap();
        let mut expected =
            PendingPost { order: 3, ..PendingPost::new(room, draft, "text".to_owned(), 1_764_374_400_000) };
        assert_eq!(post, expected);
        expected.reason = Some("Too long".to_owned());
        let row = row.replace("\"order\":3", "\"order\":3,\"reason\":\"Too long\"");
        assert_eq!(from_text::<PendingPost>(&row).unwrap(), expected);
    }
}
