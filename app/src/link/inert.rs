//! Inert handle: stands in for the driver where there is no browser, and does nothing.

use leptos::prelude::WriteSignal;
use protocol::{ClientFrame, DraftId, RoomId, ServerFrame};

use super::{ConnectionOptions, Full, LinkStatus, OutboxEvent};
use crate::model::kept::Kept;
use crate::model::wire_log::WireFrame;

#[derive(Debug, Clone, Copy)]
pub(super) struct InertHandle;

pub(super) fn start(
    _options: ConnectionOptions,
    _status: WriteSignal<LinkStatus>,
    _keeps: WriteSignal<bool>,
) -> InertHandle {
    InertHandle
}

#[expect(clippy::unused_self, reason = "the same methods as the browser's handle, which uses it")]
impl InertHandle {
    pub(super) fn retry(self) {}
    pub(super) fn connect(self) {}
    pub(super) fn disconnect(self) {}
    pub(super) fn send(self, _frame: &ClientFrame) {}
    #[expect(clippy::unnecessary_wraps, reason = "the same signature as the browser's")]
    pub(super) fn post(self, _post: Kept) -> Result<(), Full> {
        Ok(())
    }
    pub(super) fn holds(self, _draft: DraftId) -> bool {
        false
    }
    pub(super) fn discard(self, _draft: DraftId) {}
    pub(super) fn forget_room(self, _room: &RoomId) {}
    pub(super) fn on_outbox(self, _call: impl Fn(&OutboxEvent) + 'static) {}
    pub(super) fn on_frame(self, _call: impl Fn(&ServerFrame) + 'static) {}
    pub(super) fn on_wire(self, _call: impl Fn(&WireFrame) + 'static) {}
}
