//! A driver by index, so that pages can copy it about.

use std::rc::Rc;

use leptos::leptos_dom::helpers::{WindowListenerHandle, window_event_listener_untyped};
use leptos::prelude::*;
use protocol::{ClientFrame, DraftId, RoomId, ServerFrame};

use super::driver::Driver;
use super::listeners::Listeners;
use super::machine::Input;
use super::{Full, LinkStatus};
use crate::model::wire_log::WireFrame;

/// Its owner is the root of the pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Handle(StoredValue<Rc<Driver>, LocalStorage>);

pub(super) fn start(set_status: WriteSignal<LinkStatus>) -> Handle {
    let driver = Rc::new(Driver::new(set_status));
    let handle = Handle(StoredValue::new_local(driver));
    // `visibilitychange` is fired at the document and bubbles to the window.
    let page_events = ["online", "offline", "visibilitychange", "pageshow"]
        .map(|name| window_event_listener_untyped(name, move |_| handle.page_event(name)));
    Owner::on_cleanup(move || {
        page_events.into_iter().for_each(WindowListenerHandle::remove);
        handle.disconnect();
    });
    handle
}

impl Handle {
    pub(super) fn retry(self) {
        self.input(Input::RetryNow);
    }

    pub(super) fn connect(self) {
        self.input(Input::Connect);
    }

    pub(super) fn disconnect(self) {
        self.input(Input::Disconnect);
    }

    pub(super) fn send(self, frame: &ClientFrame) {
        self.with(|driver| driver.send(frame));
    }

    pub(super) fn post(self, room: RoomId, draft: DraftId, body: String) -> Result<(), Full> {
        let mut taken = Ok(());
        self.with(|driver| {
            taken = driver.unsent.borrow_mut().push(room, draft, body);
            driver.flush();
        });
        taken
    }

    pub(super) fn holds(self, draft: DraftId) -> bool {
        self.0.try_with_value(|driver| driver.unsent.borrow().holds(draft)).unwrap_or(false)
    }

    pub(super) fn forget(self, draft: DraftId) {
        self.with(|driver| {
            driver.unsent.borrow_mut().forget(draft);
            driver.flush();
        });
    }

    pub(super) fn forget_room(self, room: &RoomId) {
        self.with(|driver| driver.unsent.borrow_mut().forget_room(room));
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
                self.input(Input::Shown);
            }
            _ => {}
        }
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
