//! The words of `protocol`: frames of both sides, identifiers.

use protocol::json::from_text;
use protocol::{ClientFrame, DraftId, MessageId, MessageKind, Opaque, RoomId, ServerFrame, UserId, limits};
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

/// The decoder of the pages and that of serde agree.
pub(crate) fn server_frame(input: &[u8]) {
    let Some(text) = crate::text::of(input) else { return };
    let paged = from_text::<ServerFrame>(text).ok();
    let full: Option<ServerFrame> = encoded_alike(input);
    if let Some(paged) = &paged {
        let again = serde_json::to_string(paged).unwrap_or_default();
        assert_eq!(serde_json::from_str::<ServerFrame>(&again).ok().as_ref(), Some(paged), "{again}");
        assert_eq!(from_text::<ServerFrame>(&again).ok().as_ref(), Some(paged), "{again}");
    }
    if let (Some(paged), Some(full)) = (paged, full) {
        assert_eq!(paged, without_application_data(full));
    }
}

/// The pages do not decode the data of an application.
fn without_application_data(mut frame: ServerFrame) -> ServerFrame {
    match &mut frame {
        ServerFrame::Live { data } => data.details = Opaque::default(),
        ServerFrame::Job { data } => data.item.job.result = Opaque::default(),
        ServerFrame::Broadcast { data } => data.data = Opaque::default(),
        ServerFrame::Signal { data } => data.item.data = Opaque::default(),
        ServerFrame::Joined { data } => {
            if let Some(live) = &mut data.live {
                live.details = Opaque::default();
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
