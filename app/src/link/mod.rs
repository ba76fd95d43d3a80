//! The one place that knows there is a WebSocket. Pages see a status, [`Link::send`] and [`Link::on_frame`].
//!
//! `machine` decides, `unsent` remembers, `driver` does. On the server a link exists and does nothing.

#[cfg(any(test, target_arch = "wasm32"))]
mod backoff;
#[cfg(target_arch = "wasm32")]
mod driver;
#[cfg(target_arch = "wasm32")]
mod handle;
#[cfg(any(test, target_arch = "wasm32"))]
mod listeners;
#[cfg(any(test, target_arch = "wasm32"))]
mod liveness;
#[cfg(any(test, target_arch = "wasm32"))]
#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(dead_code, reason = "the driver uses more of it than the tests")
)]
mod machine;
#[cfg(target_arch = "wasm32")]
mod socket;
#[cfg(any(test, target_arch = "wasm32"))]
mod unsent;

use leptos::prelude::*;
use protocol::{ClientFrame, DraftId, RoomId, ServerFrame};

use crate::model::wire_log::WireFrame;
use crate::reactive::effect;

#[cfg(not(target_arch = "wasm32"))]
use nowhere as handle;

/// Where the connection stands, in the words of the status pill.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LinkStatus {
    /// Nobody asked for a connection, or the person disconnected.
    #[default]
    Idle,
    /// The first attempt is under way.
    Connecting,
    /// Frames flow.
    Connected,
    /// The connection was lost, or never came about.
    Reconnecting {
        /// Which attempt is next or under way; 1 for the first.
        attempt: u32,
        /// Until it starts; 0 while it is under way.
        seconds_left: u32,
    },
    /// The browser says that there is no network.
    Offline,
    /// The server does not want us. Trying again by itself will not help.
    Refused {
        /// For a person to read.
        reason: String,
    },
}

/// There is no room for another post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Too many messages are waiting to be sent. Retry this one when they are through.")]
pub struct Full;

/// A handle to the connection of this tab. Copying it copies an index.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// Where the connection stands.
    pub status: ReadSignal<LinkStatus>,
    handle: handle::Handle,
}

/// Puts a [`Link`] into the context, once, at the root of the pages. `wanted`: whether somebody is signed in, so that
/// the page connects as soon as it lives in a browser.
pub fn provide_link(wanted: bool) -> Link {
    // The server's HTML and the browser's first rendering must agree, hence no look at the real state here.
    let first = if wanted { LinkStatus::Connecting } else { LinkStatus::Idle };
    let (status, set_status) = signal(first);
    let link = Link { status, handle: handle::start(set_status) };
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

    /// Sends a frame. A post is kept until the server has answered it, across reconnects, and goes out when its room
    /// is joined; see [`Link::post`] for one whose refusal matters. Any other frame is dropped while there is no
    /// connection, because it says something about this moment only.
    pub fn send(&self, frame: ClientFrame) {
        if let ClientFrame::Post { room, draft, body, .. } = frame {
            if let Err(full) = self.post(room, draft, body) {
                leptos::logging::warn!("{full}");
            }
        } else {
            self.handle.send(&frame);
        }
    }

    /// Hands over a post; see [`Link::send`].
    ///
    /// # Errors
    /// [`Full`] when too many are waiting already.
    pub fn post(&self, room: RoomId, draft: DraftId, body: String) -> Result<(), Full> {
        self.handle.post(room, draft, body)
    }

    /// Whether this draft still waits for an answer. A refusal that will be tried again by itself leaves it so.
    pub fn holds(&self, draft: DraftId) -> bool {
        self.handle.holds(draft)
    }

    /// Does not send this draft any more.
    pub fn forget(&self, draft: DraftId) {
        self.handle.forget(draft);
    }

    /// Does not send any draft to this room any more.
    pub fn forget_room(&self, room: &RoomId) {
        self.handle.forget_room(room);
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

/// What stands in for the driver where there is no browser.
#[cfg(not(target_arch = "wasm32"))]
mod nowhere {
    use leptos::prelude::WriteSignal;
    use protocol::{ClientFrame, DraftId, RoomId, ServerFrame};

    use super::{Full, LinkStatus};
    use crate::model::wire_log::WireFrame;

    #[derive(Debug, Clone, Copy)]
    pub(super) struct Handle;

    pub(super) fn start(_status: WriteSignal<LinkStatus>) -> Handle {
        Handle
    }

    #[expect(clippy::unused_self, reason = "the same methods as the browser's handle, which uses it")]
    impl Handle {
        pub(super) fn retry(self) {}
        pub(super) fn connect(self) {}
        pub(super) fn disconnect(self) {}
        pub(super) fn send(self, _frame: &ClientFrame) {}
        #[expect(clippy::unnecessary_wraps, reason = "the same signature as the browser's")]
        pub(super) fn post(self, _room: RoomId, _draft: DraftId, _body: String) -> Result<(), Full> {
            Ok(())
        }
        pub(super) fn holds(self, _draft: DraftId) -> bool {
            false
        }
        pub(super) fn forget(self, _draft: DraftId) {}
        pub(super) fn forget_room(self, _room: &RoomId) {}
        pub(super) fn on_frame(self, _call: impl Fn(&ServerFrame) + 'static) {}
        pub(super) fn on_wire(self, _call: impl Fn(&WireFrame) + 'static) {}
    }
}
