//! A driver by index, so that pages can copy it about.

use std::rc::Rc;

use leptos::leptos_dom::helpers::{WindowListenerHandle, window_event_listener_untyped};
use leptos::prelude::*;
use protocol::{ClientFrame, DraftId, RoomId, ServerFrame};

use super::driver::Driver;
use super::listeners::Listeners;
use super::machine::Input;
use super::tabs::{TabRole, Word};
use super::{ConnectionOptions, Full, LinkStatus, OutboxEvent};
use crate::model::kept::Kept;
use crate::model::wire_log::WireFrame;

/// Its owner is the root of the pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct DriverHandle(StoredValue<Rc<Driver>, LocalStorage>);

pub(super) fn start(
    options: ConnectionOptions,
    set_status: WriteSignal<LinkStatus>,
    set_keeps: WriteSignal<bool>,
) -> DriverHandle {
    let driver = Rc::new(Driver::new(options, set_status, set_keeps));
    let handle = DriverHandle(StoredValue::new_local(driver));
    // `visibilitychange` is fired at the document and bubbles to the window.
    let page_events = ["online", "offline", "visibilitychange", "pageshow"]
        .map(|name| window_event_listener_untyped(name, move |_| handle.page_event(name)));
    Owner::on_cleanup(move || {
        page_events.into_iter().for_each(WindowListenerHandle::remove);
        handle.disconnect();
        handle.with(|driver| drop(driver.tabs.take()));
    });
    handle
}

impl DriverHandle {
    pub(super) fn retry(self) {
        self.input_here_or(Input::RetryNow, Word::Retry);
    }

    pub(super) fn connect(self) {
        self.with(|driver| driver.begin());
    }

    pub(super) fn disconnect(self) {
        self.input(Input::Disconnect);
    }

    pub(super) fn send(self, frame: &ClientFrame) {
        self.with(|driver| driver.send(frame));
    }

    pub(super) fn post(self, post: Kept) -> Result<(), Full> {
        self.0.try_with_value(Rc::clone).map_or(Ok(()), |driver| driver.post(post))
    }

    pub(super) fn holds(self, draft: DraftId) -> bool {
        self.0.try_with_value(|driver| driver.unsent.borrow().holds(draft)).unwrap_or(false)
    }

    pub(super) fn discard(self, draft: DraftId) {
        self.with(|driver| driver.discard(draft));
    }

    pub(super) fn forget_room(self, room: &RoomId) {
        self.with(|driver| driver.forget_room(room));
    }

    pub(super) fn on_outbox(self, call: impl Fn(&OutboxEvent) + 'static) {
        self.listen(|driver| &driver.outbox_listeners, call);
    }

    pub(super) fn on_frame(self, call: impl Fn(&ServerFrame) + 'static) {
        self.listen(|driver| &driver.frame_listeners, call);
    }

    pub(super) fn on_wire(self, call: impl Fn(&WireFrame) + 'static) {
        self.listen(|driver| &driver.wire_listeners, call);
    }

    fn listen<T: 'static>(self, which: fn(&Driver) -> &Listeners<T>, call: impl Fn(&T) + 'static) {
        self.with(|driver| {
            let number = which(&driver).add(call);
            Owner::on_cleanup(move || self.with(|driver| which(&driver).remove(number)));
        });
    }

    fn page_event(self, name: &str) {
        match name {
            "online" => self.input(Input::NetworkUp),
            "offline" => self.input(Input::NetworkDown),
            _ if document().visibility_state() == web_sys::VisibilityState::Visible => {
                self.input_here_or(Input::Shown, Word::Shown);
            }
            _ => {}
        }
    }

    /// Where another tab has the connection, that one is told.
    fn input_here_or(self, input: Input, word: Word) {
        self.with(|driver| {
            if driver.role.get() == TabRole::Follower {
                driver.tell_tabs(word, "");
            } else {
                driver.input(input);
            }
        });
    }

    fn input(self, input: Input) {
        self.with(|driver| driver.input(input));
    }

    /// Does nothing once the pages are gone.
    fn with(self, act: impl FnOnce(Rc<Driver>)) {
        if let Some(driver) = self.0.try_with_value(Rc::clone) {
            act(driver);
        }
    }
}
