//! The one place that knows there is a WebSocket. Pages see a status, [`Link::send`] and [`Link::on_frame`].
//!
//! `machine` decides, `unsent` remembers, `driver` does; `outbox` keeps what waits beyond the life of a tab, `sharing`
//! gives the tabs of a person one connection. On the server a link exists and does nothing.

mod backoff;
#[cfg(target_arch = "wasm32")]
mod driver;
#[cfg(target_arch = "wasm32")]
mod handle;
#[cfg(not(target_arch = "wasm32"))]
mod inert;
#[cfg_attr(
    not(any(test, target_arch = "wasm32")),
    expect(dead_code, reason = "a browser's driver uses it; elsewhere it is compiled for its tests")
)]
mod listeners;
#[cfg_attr(
    not(any(test, target_arch = "wasm32")),
    expect(dead_code, reason = "a browser's driver uses it; elsewhere it is compiled for its tests")
)]
mod live_tabs;
mod liveness;
#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(dead_code, reason = "the driver uses more of it than the tests")
)]
mod machine;
#[cfg(target_arch = "wasm32")]
mod outbox;
#[cfg(target_arch = "wasm32")]
mod sharing;
#[cfg(target_arch = "wasm32")]
mod socket;
#[cfg_attr(
    not(any(test, target_arch = "wasm32")),
    expect(dead_code, reason = "a browser's driver uses it; elsewhere it is compiled for its tests")
)]
mod tabs;
mod terms;
#[cfg_attr(
    not(any(test, target_arch = "wasm32")),
    expect(dead_code, reason = "a browser's driver uses it; elsewhere it is compiled for its tests")
)]
mod unsent;

use leptos::prelude::*;
use protocol::{ClientFrame, DraftId, RoomId, ServerFrame};

#[cfg(target_arch = "wasm32")]
use self::handle::{DriverHandle as Handle, start};
#[cfg(not(target_arch = "wasm32"))]
use self::inert::{InertHandle as Handle, start};
pub use self::terms::{ConnectionOptions, Full, LinkStatus, NOT_A_MEMBER, OutboxEvent};
use crate::model::kept::Kept;
use crate::model::wire_log::WireFrame;
use crate::reactive::effect;

/// A handle to the connection of this tab. Copying it copies an index.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// Where the connection stands.
    pub status: ReadSignal<LinkStatus>,
    /// Whether what is not sent yet would outlive this tab. `false` where the browser gives no storage.
    pub keeps: ReadSignal<bool>,
    handle: Handle,
}

/// Puts a [`Link`] into the context, once, at the root of the pages. `wanted`: whether somebody is signed in, so that
/// the page connects as soon as it lives in a browser.
pub fn provide_link(wanted: bool, options: ConnectionOptions) -> Link {
    // The server's HTML and the browser's first rendering must agree, hence no look at the real state here.
    let first = if wanted { LinkStatus::Connecting } else { LinkStatus::Idle };
    let (status, set_status) = signal(first);
    let (keeps, set_keeps) = signal(true);
    let link = Link { status, keeps, handle: start(options, set_status, set_keeps) };
    provide_context(link);
    // An effect does not run on the server.
    effect(move || {
        if wanted {
            link.connect();
        }
    });
    link
}

/// The link of this tab.
///
/// # Panics
/// When no [`provide_link`] stands above.
pub fn use_link() -> Link {
    expect_context::<Link>()
}

impl Link {
    /// Tries at once instead of waiting for the countdown.
    pub fn retry(&self) {
        self.handle.retry();
    }

    /// Opens the connection and keeps it open.
    pub fn connect(&self) {
        self.handle.connect();
    }

    /// Closes the connection until [`Link::connect`].
    pub fn disconnect(&self) {
        self.handle.disconnect();
    }

    /// Whether frames can be sent at this moment.
    pub fn is_connected(&self) -> bool {
        self.status.with_untracked(|status| *status == LinkStatus::Connected)
    }

    /// Sends a frame. It is dropped while there is no connection, because it says something about this moment only; see
    /// [`Link::post`] for what must arrive.
    #[expect(clippy::needless_pass_by_value, reason = "whoever sends makes a frame for it")]
    pub fn send(&self, frame: ClientFrame) {
        self.handle.send(&frame);
    }

    /// Hands over a post. It is kept until the server has answered it, across reconnects and visits, and goes out when
    /// its room is joined and those before it have arrived. Its `order` is given here.
    ///
    /// # Errors
    /// [`Full`] when too many are waiting already.
    pub fn post(&self, post: Kept) -> Result<(), Full> {
        self.handle.post(post)
    }

    /// Whether this draft still waits for an answer. A refusal that will be tried again by itself leaves it so.
    pub fn holds(&self, draft: DraftId) -> bool {
        self.handle.holds(draft)
    }

    /// Does not send this draft any more, and does not keep it.
    pub fn discard(&self, draft: DraftId) {
        self.handle.discard(draft);
    }

    /// Does not send any draft to this room any more.
    pub fn forget_room(&self, room: &RoomId) {
        self.handle.forget_room(room);
    }

    /// Calls back for posts of other tabs and of earlier visits, until the owner of the calling code is cleaned up.
    pub fn on_outbox(&self, call: impl Fn(&OutboxEvent) + 'static) {
        self.handle.on_outbox(call);
    }

    /// Calls back for each frame that the server sends, in order, until the owner of the calling code is cleaned up.
    pub fn on_frame(&self, call: impl Fn(&ServerFrame) + 'static) {
        self.handle.on_frame(call);
    }

    /// Calls back for each frame in either direction as it crosses the wire, also for those that nobody understands.
    /// Tokens are masked.
    pub fn on_wire(&self, call: impl Fn(&WireFrame) + 'static) {
        self.handle.on_wire(call);
    }
}
