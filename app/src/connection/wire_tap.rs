//! Wire tap: shows the frames of the wire to those who watch it, such as the devtools.

use protocol::ClientFrame;

use super::listeners::Listeners;
use crate::clock::now_ms;
use crate::model::wire_log::{Direction, WireFrame};

#[derive(Default)]
pub(super) struct WireTap {
    listeners: Listeners<WireFrame>,
}

impl WireTap {
    pub(super) fn listeners(&self) -> &Listeners<WireFrame> {
        &self.listeners
    }

    /// A frame came in.
    pub(super) fn received(&self, text: &str) {
        self.note(Direction::In, "", || text.to_owned());
    }

    /// Something came in that is no frame, or no frame that this page knows.
    pub(super) fn unreadable(&self, text: &str) {
        self.note(Direction::In, "unreadable", || text.to_owned());
    }

    /// The connection was closed, with this code.
    pub(super) fn closed(&self, code: u16) {
        self.note(Direction::In, "closed", || format!("the connection was closed ({code})"));
    }

    /// A frame goes out. A token in it is masked.
    pub(super) fn sent(&self, frame: &ClientFrame, text: &str) {
        let is_secret = matches!(frame, ClientFrame::Authenticate { .. });
        self.forwarded(if is_secret { r#"{"type":"authenticate","data":{"token":"…"}}"# } else { text });
    }

    /// A frame of another tab goes out.
    pub(super) fn forwarded(&self, text: &str) {
        self.note(Direction::Out, "", || text.to_owned());
    }

    /// The text is made only if somebody watches; an empty `kind` is read from it.
    fn note(&self, direction: Direction, kind: &str, text: impl FnOnce() -> String) {
        if !self.listeners.is_empty() {
            self.listeners.notify(&WireFrame::new(now_ms(), direction, kind, text()));
        }
    }
}
