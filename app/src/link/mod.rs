//! The one place that knows there is a WebSocket. Pages see a status, [`Link::send`] and [`Link::on_frame`].
//!
//! `machine` decides, `unsent` remembers, `driver` does; `outbox` keeps what waits beyond the life of a tab, `sharing`
//! gives the tabs of a person one connection. On the server a link exists and does nothing.

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
mod outbox;
#[cfg(target_arch = "wasm32")]
mod sharing;
#[cfg(target_arch = "wasm32")]
mod socket;
#[cfg(any(test, target_arch = "wasm32"))]
mod tabs;
#[cfg(any(test, target_arch = "wasm32"))]
mod unsent;

use leptos::prelude::*;
use protocol::{ClientFrame, DraftId, RoomId, ServerFrame, UserId};

use crate::model::kept::Kept;
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
    /// The sign-in has ended. Nothing is written or sent until the next one.
    SignedOut,
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

/// Why nothing is sent to a room that one is not in.
pub const NOT_A_MEMBER: &str = "You are not in this room any more.";

/// What becomes of posts that this tab has not seen being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outbox {
    /// One waits: it was written in another tab, or before this page was loaded.
    Waits(Kept),
    /// One does not wait any more: it has arrived, or was discarded.
    Gone(DraftId),
}

/// Whose connection it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whose {
    /// For whom posts are kept across visits. `None`: in memory only.
    pub account: Option<UserId>,
    /// Whether all tabs of this account share one connection.
    pub is_shared: bool,
}

/// A handle to the connection of this tab. Copying it copies an index.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// Where the connection stands.
    pub status: ReadSignal<LinkStatus>,
    /// Whether what is not sent yet would outlive this tab. `false` where the browser gives no storage.
    pub keeps: ReadSignal<bool>,
    handle: handle::Handle,
}

impl LinkStatus {
    /// Whether what is written now would go out by itself, at once or later.
    pub fn takes_posts(&self) -> bool {
        !matches!(self, Self::SignedOut | Self::Refused { .. })
    }
}

/// Puts a [`Link`] into the context, once, at the root of the pages. `wanted`: whether somebody is signed in, so that
/// the page connects as soon as it lives in a browser.
pub fn provide_link(wanted: bool, whose: Whose) -> Link {
    // The server's HTML and the browser's first rendering must agree, hence no look at the real state here.
    let first = if wanted { LinkStatus::Connecting } else { LinkStatus::Idle };
    let (status, set_status) = signal(first);
    let (keeps, set_keeps) = signal(true);
    let link = Link { status, keeps, handle: handle::start(whose, set_status, set_keeps) };
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
    pub fn on_outbox(&self, call: impl Fn(&Outbox) + 'static) {
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

/// What stands in for the driver where there is no browser.
#[cfg(not(target_arch = "wasm32"))]
mod nowhere {
    use leptos::prelude::WriteSignal;
    use protocol::{ClientFrame, DraftId, RoomId, ServerFrame};

    use super::{Full, LinkStatus, Outbox, Whose};
    use crate::model::kept::Kept;
    use crate::model::wire_log::WireFrame;

    #[derive(Debug, Clone, Copy)]
    pub(super) struct Handle;

    pub(super) fn start(
        _whose: Whose,
        _status: WriteSignal<LinkStatus>,
        _keeps: WriteSignal<bool>,
    ) -> Handle {
        Handle
    }

    #[expect(clippy::unused_self, reason = "the same methods as the browser's handle, which uses it")]
    impl Handle {
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
        pub(super) fn on_outbox(self, _call: impl Fn(&Outbox) + 'static) {}
        pub(super) fn on_frame(self, _call: impl Fn(&ServerFrame) + 'static) {}
        pub(super) fn on_wire(self, _call: impl Fn(&WireFrame) + 'static) {}
    }
}
