//! The words of `protocol`: frames of both sides, identifiers.

use protocol::from_json::from_text;
use protocol::{ClientFrame, DraftId, MessageId, MessageKind, RoomId, ServerFrame, UserId, limits};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) fn client_frame(input: &[u8]) {
    let _: Option<ClientFrame> = encoded_alike(input);
}

/// What is read, spelled and read again is the same.
fn encoded_alike<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(input: &[u8]) -> Option<T> {
    let read: T = serde_json::from_slice(input).ok()?;
    let text = serde_json::to_string(&read).unwrap_or_default();
    assert_eq!(serde_json::from_str::<T>(&text).ok().as_ref(), Some(&read), "{text}");
    Some(read)
}

/// The reader of the pages and the one of serde agree.
pub(crate) fn server_frame(input: &[u8]) {
    let Some(text) = crate::text::of(input) else { return };
    let small = from_text::<ServerFrame>(text).ok();
    let full: Option<ServerFrame> = encoded_alike(input);
    if let Some(small) = &small {
        let again = serde_json::to_string(small).unwrap_or_default();
        assert_eq!(serde_json::from_str::<ServerFrame>(&again).ok().as_ref(), Some(small), "{again}");
        assert_eq!(from_text::<ServerFrame>(&again).ok().as_ref(), Some(small), "{again}");
    }
    if let (Some(small), Some(full)) = (small, full) {
        assert_eq!(small, without_the_applications(full));
    }
}

/// What is up to an application is nothing that the pages could use: the small reader leaves it out.
fn without_the_applications(mut frame: ServerFrame) -> ServerFrame {
    match &mut frame {
        ServerFrame::Live { data } => data.details.clear(),
        ServerFrame::Job { data } => data.item.job.result = None,
        ServerFrame::Broadcast { data } => data.data = serde_json::Value::Null,
        ServerFrame::Signal { data } => data.item.data = serde_json::Value::Null,
        ServerFrame::Joined { data } => {
            if let Some(live) = &mut data.live {
                live.details.clear();
            }
        }
        _ => {}
    }
    frame
}

pub(crate) fn identifiers(input: &[u8]) {
    let Some(text) = crate::text::of(input) else { return };
    let quoted = serde_json::to_string(text).unwrap_or_default();
    if let Ok(room) = RoomId::parse(text) {
        assert_eq!(room.as_str(), text);
        assert!(UserId::parse(text).is_ok(), "a person may be called like any room");
        assert_eq!(serde_json::from_str(&quoted).ok(), Some(room));
    }
    if let Ok(user) = UserId::parse(text) {
        assert!((1..=limits::MAX_ID_BYTES).contains(&text.len()) && text.is_ascii());
        assert!(!text.contains(['<', '"', '\'', '&', '/', '\\', ' ', '\0']), "it needs no quoting");
        assert_eq!(serde_json::from_str(&quoted).ok(), Some(user));
    }
    if let Ok(kind) = MessageKind::parse(text) {
        assert_eq!(kind.as_str(), text);
        assert_eq!(serde_json::from_str(&quoted).ok(), Some(kind));
    }
    let draft: Option<DraftId> = serde_json::from_str(&quoted).ok();
    let message: Option<MessageId> = serde_json::from_str(&quoted).ok();
    assert_eq!(draft.map(|it| it.0), message.map(|it| it.0), "one spelling of UUIDs");
}
