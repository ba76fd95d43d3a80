//! Driver: composes the connection of one tab of its parts and passes on between them. The transport speaks to the server,
//! the outbox has the pending posts, the tabs share the connection; whoever listens is called from here.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use leptos::prelude::*;
use protocol::json::from_text;
use protocol::{ClientFrame, DraftId, RoomId, ServerFrame};

use super::listeners::Listeners;
use super::machine::Input;
use super::options::ConnectionOptions;
use super::page_events::PageEvent;
use super::transport::{Transport, TransportEvent};
use super::wake_timer::WakeTimer;
use super::wire_tap::WireTap;
use crate::clock::now_ms;
use crate::copies::drop_copies;
use crate::model::connection_state::ConnectionState;
use crate::model::pending_post::PendingPost;
use crate::model::wire_log::WireFrame;
use crate::pending_posts::{Outbox, OutboxChange, OutboxEvent, OutboxFull};
use crate::tabs::{Requester, TabEvent, TabId, TabMessage, Tabs};

/// The parts. Borrows are short: none is held while a listener runs.
pub(super) struct Driver {
    options: ConnectionOptions,
    transport: Rc<Transport>,
    outbox: Rc<Outbox>,
    tabs: Tabs,
    /// When posts are due again after a pause.
    posts_timer: WakeTimer,
    set_state: WriteSignal<ConnectionState>,
    /// What `set_state` was given last.
    shown: RefCell<Option<ConnectionState>>,
    wire: Rc<WireTap>,
    frame_listeners: Listeners<ServerFrame>,
    outbox_listeners: Listeners<OutboxEvent>,
    /// For what calls back later.
    this: Weak<Self>,
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Driver").field("shown", &self.shown).finish_non_exhaustive()
    }
}

/// What the page does.
impl Driver {
    pub(super) fn new(
        options: ConnectionOptions,
        set_state: WriteSignal<ConnectionState>,
        set_keeps: WriteSignal<bool>,
    ) -> Rc<Self> {
        Rc::new_cyclic(|this: &Weak<Self>| {
            let wire = Rc::new(WireTap::default());
            let driver = this.clone();
            let report = move |event: TransportEvent<'_>| {
                if let Some(driver) = driver.upgrade() {
                    driver.on_transport(&event);
                }
            };
            let transport = Rc::new(Transport::new(options.account.clone(), Rc::clone(&wire), report));
            let driver = this.clone();
            let on_change = move |change| {
                if let Some(driver) = driver.upgrade() {
                    driver.on_outbox(change);
                }
            };
            let outbox = Rc::new(Outbox::new(options.account.clone(), set_keeps, on_change));
            Self {
                options,
                transport,
                outbox,
                tabs: Tabs::default(),
                posts_timer: WakeTimer::default(),
                set_state,
                shown: RefCell::default(),
                wire,
                frame_listeners: Listeners::default(),
                outbox_listeners: Listeners::default(),
                this: this.clone(),
            }
        })
    }

    /// Reads the draft store, looks for other tabs and connects, by itself or through them. Again, it only connects.
    pub(super) fn start(&self) {
        if !self.outbox.is_restored() {
            self.outbox.restore();
        }
        if self.options.is_shared {
            let driver = self.this.clone();
            let on_event = move |event| {
                if let Some(driver) = driver.upgrade() {
                    driver.on_tab(event);
                }
            };
            self.tabs.open(self.options.account.as_ref().map_or("", |account| account.as_str()), on_event);
        }
        if !self.tabs.is_follower() {
            self.connect();
        }
    }

    fn connect(&self) {
        self.transport.input(Input::Connect);
        // A page that came from a copy got no event that says so.
        if !window().navigator().on_line() {
            self.transport.input(Input::NetworkDown);
        }
    }

    /// Closes the connection until [`Self::start`].
    pub(super) fn disconnect(&self) {
        self.transport.input(Input::Disconnect);
    }

    /// The page goes: closes the connection and leaves the other tabs.
    pub(super) fn stop(&self) {
        self.disconnect();
        self.tabs.close();
    }

    /// Tries at once instead of waiting.
    pub(super) fn retry(&self) {
        self.input_or_ask(Input::RetryNow, &TabMessage::Retry);
    }

    pub(super) fn on_page(&self, event: PageEvent) {
        match event {
            PageEvent::NetworkUp => self.transport.input(Input::NetworkUp),
            PageEvent::NetworkDown => self.transport.input(Input::NetworkDown),
            PageEvent::Shown => self.input_or_ask(Input::Shown, &TabMessage::Shown),
        }
    }

    /// Where another tab has the connection, that one gets the message.
    fn input_or_ask(&self, input: Input, message: &TabMessage) {
        if self.tabs.is_follower() {
            self.tabs.broadcast(message);
        } else {
            self.transport.input(input);
        }
    }

    /// Sends a frame, by itself or through the leader. Without a connection it is dropped.
    pub(super) fn send(&self, frame: &ClientFrame) {
        if self.tabs.is_follower() {
            return self.hand_over(frame);
        }
        if !self.transport.is_live() {
            return;
        }
        match frame {
            ClientFrame::Join { room, .. } => self.tabs.expect_joined(room.clone(), Requester::ThisTab),
            // Another tab is in it still.
            ClientFrame::Leave { room } if !self.tabs.leave(room, &Requester::ThisTab) => return,
            _ => {}
        }
        self.transport.send(frame);
    }

    fn hand_over(&self, frame: &ClientFrame) {
        if self.shown.borrow().as_ref() != Some(&ConnectionState::Connected) {
            return;
        }
        match serde_json::to_string(frame) {
            Ok(text) => {
                self.wire.sent(frame, &text);
                self.tabs.broadcast(&match frame {
                    ClientFrame::Join { room, .. } => TabMessage::Join { room: room.clone(), frame: text },
                    ClientFrame::Leave { room } => TabMessage::Leave(room.clone()),
                    _ => TabMessage::Send(text),
                });
            }
            Err(error) => leptos::logging::error!("a frame could not be encoded: {error}"),
        }
    }

    pub(super) fn post(&self, post: PendingPost) -> Result<(), OutboxFull> {
        self.outbox.post(post)
    }

    pub(super) fn holds(&self, draft: DraftId) -> bool {
        self.outbox.holds(draft)
    }

    pub(super) fn discard(&self, draft: DraftId) {
        self.outbox.discard(draft);
        self.send_due();
    }

    pub(super) fn forget_room(&self, room: &RoomId) {
        self.outbox.forget_room(room, !self.tabs.is_follower());
    }

    pub(super) fn frame_listeners(&self) -> &Listeners<ServerFrame> {
        &self.frame_listeners
    }

    pub(super) fn outbox_listeners(&self) -> &Listeners<OutboxEvent> {
        &self.outbox_listeners
    }

    pub(super) fn wire_listeners(&self) -> &Listeners<WireFrame> {
        self.wire.listeners()
    }
}

/// What the parts report.
impl Driver {
    fn on_transport(&self, event: &TransportEvent<'_>) {
        match event {
            // A follower shows what the leader says.
            TransportEvent::StateChanged if self.tabs.is_follower() => {}
            TransportEvent::StateChanged => self.show(self.transport.state()),
            TransportEvent::Disconnected => {
                self.tabs.disconnected();
                self.outbox.disconnected();
            }
            TransportEvent::Frame { frame, text } => {
                if let ServerFrame::Welcome { .. } = frame {
                    self.tabs.connected(text);
                }
                if self.tabs.share_frame(frame, text) {
                    self.publish(frame);
                } else {
                    self.settle(frame);
                }
                self.send_due();
            }
        }
    }

    fn on_outbox(&self, change: OutboxChange) {
        match change {
            OutboxChange::Added(post) => {
                self.tabs.broadcast(&TabMessage::Post(post));
                self.send_due();
            }
            OutboxChange::Restored(post) => self.outbox_listeners.notify(&OutboxEvent::Pending(post)),
            OutboxChange::Ready => self.send_due(),
            OutboxChange::Removed(draft) => self.tabs.broadcast(&TabMessage::Gone(draft)),
        }
    }

    fn on_tab(&self, event: TabEvent) {
        match event {
            TabEvent::Elected => {
                self.tabs.lead();
                self.shown.replace(None);
                self.outbox.restore();
                self.connect();
            }
            TabEvent::LeaderSilent => {
                if !self.tabs.is_leader() {
                    self.show(ConnectionState::Reconnecting { attempt: 1, seconds_left: 0 });
                }
            }
            TabEvent::Closed(tab) => self.on_closed(tab),
            TabEvent::Message { message: TabMessage::Post(post), .. } => self.on_post(post),
            TabEvent::Message { message: TabMessage::Gone(draft), .. } => self.on_gone(draft),
            TabEvent::Message { from, message } if self.tabs.is_leader() => self.lead(from, message),
            TabEvent::Message { message, .. } => self.follow(message),
        }
    }
}

/// What other tabs send.
impl Driver {
    fn on_post(&self, post: PendingPost) {
        self.outbox.insert(post.clone());
        self.outbox_listeners.notify(&OutboxEvent::Pending(post));
        self.send_due();
    }

    fn on_gone(&self, draft: DraftId) {
        self.outbox.remove(draft);
        self.outbox_listeners.notify(&OutboxEvent::Gone(draft));
        self.send_due();
    }

    /// The live sessions that only that tab was in are left, if this tab leads.
    fn on_closed(&self, tab: TabId) {
        for room in self.tabs.tab_closed(tab) {
            self.transport.send(&ClientFrame::Leave { room });
        }
    }

    /// Another tab leaves a room.
    fn leave_for(&self, tab: TabId, room: RoomId) {
        if self.tabs.leave(&room, &Requester::Other(tab)) {
            self.transport.send(&ClientFrame::Leave { room });
        }
    }

    /// A message for the leader.
    fn lead(&self, from: TabId, message: TabMessage) {
        match message {
            TabMessage::Hello => {
                self.tabs.send_snapshot(&from, self.shown.borrow().as_ref());
                // While this tab was stopped it may have missed what that one wrote.
                self.outbox.restore();
            }
            TabMessage::Send(text) if self.transport.is_live() => self.transport.forward(text, false),
            TabMessage::Join { room, frame } if self.transport.is_live() => {
                self.tabs.expect_joined(room, Requester::Other(from));
                self.transport.forward(frame, true);
            }
            TabMessage::Leave(room) if self.transport.is_live() => self.leave_for(from, room),
            TabMessage::Retry => self.transport.input(Input::RetryNow),
            TabMessage::Shown => self.transport.input(Input::Shown),
            // Without a connection a frame says something about a moment that has passed; the rest is a former leader's.
            _ => {}
        }
    }

    /// A message of the leader.
    fn follow(&self, message: TabMessage) {
        match message {
            TabMessage::Status(state) => self.show(state),
            TabMessage::Frame(text) => match from_text::<ServerFrame>(&text) {
                Ok(frame) => {
                    self.wire.received(&text);
                    self.publish(&frame);
                }
                // The leader warns of it.
                Err(_) => self.wire.unreadable(&text),
            },
            // For the leader.
            _ => {}
        }
    }
}

/// What follows from all that.
impl Driver {
    /// Gives a frame to this tab.
    fn publish(&self, frame: &ServerFrame) {
        self.settle(frame);
        self.frame_listeners.notify(frame);
    }

    fn settle(&self, frame: &ServerFrame) {
        self.outbox.apply(frame, now_ms(), !self.tabs.is_follower());
    }

    fn show(&self, state: ConnectionState) {
        if self.shown.borrow().as_ref() != Some(&state) {
            self.tabs.share_state(&state);
            if !state.takes_posts() {
                drop_copies();
            }
            self.shown.replace(Some(state.clone()));
            self.set_state.try_set(state);
        }
    }

    /// Sends the posts that are due, if this tab has the connection.
    fn send_due(&self) {
        if !self.transport.is_live() || !self.outbox.is_restored() {
            return;
        }
        let now = now_ms();
        for frame in self.outbox.due(now) {
            self.send(&frame);
        }
        let driver = self.this.clone();
        self.posts_timer.set(self.outbox.next_wake(), now, move || {
            if let Some(driver) = driver.upgrade() {
                driver.send_due();
            }
        });
    }
}
