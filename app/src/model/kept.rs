//! A post as it is kept in the browser and told to other tabs.

use protocol::{DraftId, RoomId};
use serde::Serialize;
use serde_lite::Deserialize;

/// A post without an answer, as it is kept in the browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its place among the posts of this browser; the lower one is sent first.
    pub order: u64,
    /// Where it goes.
    pub room: RoomId,
    /// What its author calls it, however often it is sent.
    pub draft: DraftId,
    /// The text.
    pub body: String,
    /// When it was written, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Why it is not sent by itself any more.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Kept {
    /// A post that was just written.
    pub fn new(room: RoomId, draft: DraftId, body: String, at_ms: i64) -> Self {
        Self { order: 0, room, draft, body, at_ms, reason: None }
    }
}

#[cfg(test)]
mod tests {
    use protocol::json::from_text;

    use super::*;

    #[test]
    fn a_post_survives_the_way_to_another_tab() {
        let draft = DraftId(uuid::Uuid::from_u128(7));
        let mut post = Kept::new(RoomId::parse("a").unwrap(), draft, "text".to_owned(), 1_800_000_000_000);
        for reason in [None, Some("Too long".to_owned())] {
            post.reason = reason;
            let text = serde_json::to_string(&post).unwrap();
            assert_eq!(from_text::<Kept>(&text).unwrap(), post);
        }
    }
}
