//! Tabs: one connection for all tabs of a user. The leader has it, passes on what comes in and sends what the others hand
//! over. Where a browser cannot share, each tab has a connection of its own: the server knows a post by its draft id, so
//! nothing is posted twice then either.

mod channel;
mod join_routing;
mod live_tabs;
mod message;

use std::cell::{Cell, RefCell};

use protocol::{RoomId, ServerFrame};

use self::channel::TabChannel;
pub(crate) use self::channel::TabEvent;
pub(crate) use self::join_routing::Requester;
use self::join_routing::{Audience, JoinRouting};
use self::live_tabs::LiveTabs;
pub(crate) use self::message::{TabId, TabMessage};
use crate::model::connection_state::ConnectionState;

/// What this tab is among the tabs of its user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum TabRole {
    /// It has a connection of its own and knows of no other tab.
    #[default]
    Single,
    /// It has the connection of all.
    Leader,
    /// Another tab has the connection.
    Follower,
}

/// This tab among the others. Borrows are short: none is held while an event is handled.
#[derive(Default)]
pub(crate) struct Tabs {
    role: Cell<TabRole>,
    channel: RefCell<Option<TabChannel>>,
    joins: RefCell<JoinRouting>,
    live: RefCell<LiveTabs>,
    /// The frame with which this connection began, for tabs that come later.
    welcome: RefCell<String>,
}

/// Membership.
impl Tabs {
    /// Looks for the other tabs of an account. Until the browser elects this one, it follows. Does nothing the second time,
    /// and where the browser cannot share.
    pub(crate) fn open(&self, account: &str, on_event: impl Fn(TabEvent) + 'static) {
        if self.channel.borrow().is_none()
            && let Some(channel) = TabChannel::open(account, on_event)
        {
            self.channel.replace(Some(channel));
            self.role.set(TabRole::Follower);
        }
    }

    /// Leaves the others.
    pub(crate) fn close(&self) {
        drop(self.channel.take());
    }

    /// The browser has elected this tab.
    pub(crate) fn lead(&self) {
        self.role.set(TabRole::Leader);
    }

    /// Whether this tab has the connection of all.
    pub(crate) fn is_leader(&self) -> bool {
        self.role.get() == TabRole::Leader
    }

    /// Whether another tab has the connection.
    pub(crate) fn is_follower(&self) -> bool {
        self.role.get() == TabRole::Follower
    }
}

/// Sending.
impl Tabs {
    /// Sends a message to all other tabs.
    pub(crate) fn broadcast(&self, message: &TabMessage) {
        self.send(None, message);
    }

    /// The leader says where the connection stands.
    pub(crate) fn share_state(&self, state: &ConnectionState) {
        if self.is_leader() {
            self.broadcast(&TabMessage::Status(state.clone()));
        }
    }

    /// A tab that came later learns where the connection stands, and begins as on a connection of its own.
    pub(crate) fn send_snapshot(&self, to: &TabId, state: Option<&ConnectionState>) {
        if let Some(state) = state {
            self.send(Some(to), &TabMessage::Status(state.clone()));
        }
        let welcome = self.welcome.borrow().clone();
        if !welcome.is_empty() {
            self.send(Some(to), &TabMessage::Frame(welcome));
        }
    }

    fn send(&self, to: Option<&TabId>, message: &TabMessage) {
        if let Some(channel) = self.channel.borrow().as_ref() {
            channel.send(to, message);
        }
    }

    /// Whether a message to all others would reach nobody.
    fn is_alone(&self) -> bool {
        self.channel.borrow().as_ref().is_none_or(TabChannel::is_alone)
    }
}

/// The connection that the tabs share.
impl Tabs {
    /// A connection begins with this frame.
    pub(crate) fn connected(&self, welcome: &str) {
        welcome.clone_into(&mut self.welcome.borrow_mut());
    }

    /// The connection is gone.
    pub(crate) fn disconnected(&self) {
        self.joins.borrow_mut().clear();
        self.live.borrow_mut().disconnected();
        self.welcome.borrow_mut().clear();
    }

    /// A join goes out: the next `joined` of this room is for that tab.
    pub(crate) fn expect_joined(&self, room: RoomId, requester: Requester) {
        if !self.is_leader() {
            return;
        }
        if self.live.borrow_mut().joined(&room, &requester)
            && let Requester::Other(tab) = &requester
            && let Some(channel) = self.channel.borrow().as_ref()
        {
            channel.watch(tab);
        }
        if let Err(error) = self.joins.borrow_mut().expect(room, requester) {
            leptos::logging::warn!("{error}");
        }
    }

    /// A tab leaves a room. Returns whether the server is to hear of it: no other tab is in it.
    pub(crate) fn leave(&self, room: &RoomId, requester: &Requester) -> bool {
        self.live.borrow_mut().left(room, requester)
    }

    /// Another tab is gone. Returns the live sessions that no tab is in any more.
    pub(crate) fn tab_closed(&self, tab: TabId) -> Vec<RoomId> {
        self.live.borrow_mut().closed(tab)
    }

    /// Passes a frame on to the tabs that it is for. Returns whether this tab is one of them.
    pub(crate) fn share_frame(&self, frame: &ServerFrame, text: &str) -> bool {
        if !self.is_leader() {
            return true;
        }
        let audience = self.joins.borrow_mut().audience(frame);
        match audience {
            Audience::One(Requester::ThisTab) => true,
            Audience::One(Requester::Other(tab)) => {
                self.send(Some(&tab), &TabMessage::Frame(text.to_owned()));
                false
            }
            Audience::All => {
                // A busy room has a thousand messages a second: none is encoded for nobody.
                if !self.is_alone() {
                    self.broadcast(&TabMessage::Frame(text.to_owned()));
                }
                true
            }
        }
    }
}
