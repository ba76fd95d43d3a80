//! Connection: the one place that knows there is a WebSocket. Pages see its state, [`Connection::send`] and
//! [`Connection::on_frame`].
//!
//! The state machine decides, the transport carries out; the driver adds the pending posts and the other tabs. A server
//! renders pages with a connection that does nothing.

mod backoff;
mod driver;
mod heartbeat;
mod listeners;
mod machine;
mod options;
mod page_events;
mod socket;
mod transport;
mod wake_timer;
mod wire_tap;

use std::rc::Rc;

use leptos::leptos_dom::helpers::WindowListenerHandle;
use leptos::prelude::*;
use protocol::{ClientFrame, DraftId, RoomId, ServerFrame};

use self::driver::Driver;
use self::listeners::Listeners;
pub use self::options::ConnectionOptions;
use crate::browser::IS_BROWSER;
use crate::model::connection_state::ConnectionState;
use crate::model::pending_post::PendingPost;
use crate::model::wire_log::WireFrame;
use crate::pending_posts::{OutboxEvent, OutboxFull};

/// A handle to the connection of this tab. Copying it copies a few indexes.
#[derive(Debug, Clone, Copy)]
pub struct Connection {
    /// Where the connection stands.
    pub state: ReadSignal<ConnectionState>,
    /// Whether what is not sent yet would outlive this tab. `false` where the browser gives no storage.
    pub keeps: ReadSignal<bool>,
    /// `None` on a server. The owner is the root of the pages.
    driver: Option<StoredValue<Rc<Driver>, LocalStorage>>,
}

/// Puts a [`Connection`] into the context, once, at the root of the pages. `wanted`: whether somebody is signed in, so that
/// the page connects as soon as it lives in a browser.
pub fn provide_connection(wanted: bool, options: ConnectionOptions) -> Connection {
    // The server's HTML and the browser's first rendering must agree, hence no look at the real state here.
    let first = if wanted { ConnectionState::Connecting } else { ConnectionState::Idle };
    let (state, set_state) = signal(first);
    let (keeps, set_keeps) = signal(true);
    let driver = IS_BROWSER.then(|| StoredValue::new_local(Driver::new(options, set_state, set_keeps)));
    let connection = Connection { state, keeps, driver };
    connection.watch_page();
    provide_context(connection);
    // An effect does not run on the server.
    Effect::new(move |_| {
        if wanted {
            connection.connect();
        }
    });
    connection
}

/// The connection of this tab.
///
/// # Panics
/// When no [`provide_connection`] stands above.
pub fn use_connection() -> Connection {
    expect_context::<Connection>()
}

impl Connection {
    /// Tries at once instead of waiting for the countdown.
    pub fn retry(&self) {
        self.with(Driver::retry);
    }

    /// Opens the connection and keeps it open.
    pub fn connect(&self) {
        self.with(Driver::start);
    }

    /// Closes the connection until [`Connection::connect`].
    pub fn disconnect(&self) {
        self.with(Driver::disconnect);
    }

    /// Whether frames can be sent at this moment.
    pub fn is_connected(&self) -> bool {
        self.state.with_untracked(|state| *state == ConnectionState::Connected)
    }

    /// Sends a frame. It is dropped while there is no connection, because it says something about this moment only; see
    /// [`Connection::post`] for what must arrive.
    #[expect(clippy::needless_pass_by_value, reason = "whoever sends makes a frame for it")]
    pub fn send(&self, frame: ClientFrame) {
        self.with(|driver| driver.send(&frame));
    }

    /// Takes a post. It is pending until the server has acknowledged it, across reconnects and visits, and is sent when its
    /// room is joined and those before it have arrived. Its `order` is given here.
    ///
    /// # Errors
    /// [`OutboxFull`] when too many are pending already.
    pub fn post(&self, post: PendingPost) -> Result<(), OutboxFull> {
        self.with(|driver| driver.post(post)).unwrap_or(Ok(()))
    }

    /// Whether this draft is pending. An error after which it is sent again by itself leaves it so.
    pub fn holds(&self, draft: DraftId) -> bool {
        self.with(|driver| driver.holds(draft)).unwrap_or(false)
    }

    /// Does not send this draft any more, and does not keep it.
    pub fn discard(&self, draft: DraftId) {
        self.with(|driver| driver.discard(draft));
    }

    /// Does not send any draft to this room any more.
    pub fn forget_room(&self, room: &RoomId) {
        self.with(|driver| driver.forget_room(room));
    }

    /// Calls back for posts of other tabs and of earlier visits, until the owner of the calling code is cleaned up.
    pub fn on_outbox(&self, call: impl Fn(&OutboxEvent) + 'static) {
        self.listen(Driver::outbox_listeners, call);
    }

    /// Calls back for each frame that the server sends, in order, until the owner of the calling code is cleaned up.
    pub fn on_frame(&self, call: impl Fn(&ServerFrame) + 'static) {
        self.listen(Driver::frame_listeners, call);
    }

    /// Calls back for each frame in either direction as it crosses the wire, also for those that this page does not know.
    /// Tokens are masked.
    pub fn on_wire(&self, call: impl Fn(&WireFrame) + 'static) {
        self.listen(Driver::wire_listeners, call);
    }

    fn listen<T: 'static>(self, which: fn(&Driver) -> &Listeners<T>, call: impl Fn(&T) + 'static) {
        self.with(|driver| {
            let number = which(driver).add(call);
            on_cleanup(move || {
                self.with(|driver| which(driver).remove(number));
            });
        });
    }

    /// Follows the network and the view of the page until the owner of the calling code is cleaned up; then it disconnects.
    fn watch_page(self) {
        self.with(|_| {
            let listeners = page_events::listen(move |event| {
                self.with(|driver| driver.on_page(event));
            });
            on_cleanup(move || {
                listeners.into_iter().for_each(WindowListenerHandle::remove);
                self.with(Driver::stop);
            });
        });
    }

    /// Does nothing on a server, and once the pages are gone.
    fn with<T>(self, act: impl FnOnce(&Driver) -> T) -> Option<T> {
        let driver = self.driver?.try_with_value(Rc::clone)?;
        Some(act(&driver))
    }
}
