//! Does in a browser what the machine says: tickets, sockets, timers, the page's events. Nothing is decided here. What
//! belongs to the other tabs is in `sharing`, what belongs to posts that wait in `outbox`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::json::from_text;
use protocol::{ClientFrame, RoomId, ServerFrame, UserId};

use super::listeners::Listeners;
use super::machine::{Input, Machine, NoTicket, Output, Try};
use super::socket::{self, News, Socket};
use super::tabs::{TabRole, Tabs};
use super::unsent::Unsent;
use super::{ConnectionOptions, LinkStatus, OutboxEvent};
use crate::api;
use crate::browser::attempt;
use crate::clock::now_ms;
use crate::copies::drop_copies;
use crate::model::wire_log::{Direction, WireFrame};

/// Everything that one tab's connection consists of. Borrows are short: none is held while a listener runs.
pub(super) struct Driver {
    pub(super) options: ConnectionOptions,
    pub(super) role: Cell<TabRole>,
    pub(super) tabs: RefCell<Option<Tabs>>,
    /// Joins without an answer, with the tab that asked; empty for this one.
    pub(super) asked: RefCell<Vec<(RoomId, String)>>,
    /// What the server said when this connection began, for tabs that come later.
    pub(super) welcome: RefCell<String>,
    machine: RefCell<Machine>,
    pub(super) unsent: RefCell<Unsent>,
    /// Whether what was kept has been read; before that, a new post would overtake it.
    pub(super) is_restored: Cell<bool>,
    /// Posts that are being kept at this moment.
    pub(super) keeping: Cell<usize>,
    pub(super) set_keeps: WriteSignal<bool>,
    socket: RefCell<Option<Socket>>,
    timer: RefCell<Option<Timeout>>,
    timer_at: Cell<Option<i64>>,
    set_status: WriteSignal<LinkStatus>,
    pub(super) shown: RefCell<Option<LinkStatus>>,
    pub(super) outbox_listeners: Listeners<OutboxEvent>,
    pub(super) frame_listeners: Listeners<ServerFrame>,
    pub(super) wire_listeners: Listeners<WireFrame>,
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Driver").field("machine", &self.machine).finish_non_exhaustive()
    }
}

impl Driver {
    pub(super) fn new(
        options: ConnectionOptions,
        set_status: WriteSignal<LinkStatus>,
        set_keeps: WriteSignal<bool>,
    ) -> Self {
        Self {
            options,
            role: Cell::default(),
            tabs: RefCell::default(),
            asked: RefCell::default(),
            welcome: RefCell::default(),
            is_restored: Cell::default(),
            keeping: Cell::default(),
            set_keeps,
            outbox_listeners: Listeners::default(),
            machine: RefCell::default(),
            unsent: RefCell::default(),
            socket: RefCell::default(),
            timer: RefCell::default(),
            timer_at: Cell::default(),
            set_status,
            shown: RefCell::default(),
            frame_listeners: Listeners::default(),
            wire_listeners: Listeners::default(),
        }
    }

    pub(super) fn input(self: Rc<Self>, input: Input) {
        let now = now_ms();
        let outputs = self.machine.borrow_mut().handle(input, now, js_sys::Math::random());
        for output in outputs {
            match output {
                Output::FetchTicket(of) => self.fetch_ticket(of),
                Output::Open(of, ticket) => self.open(of, &ticket),
                Output::Close => self.close(),
                Output::Ping(nonce) => self.write(&ClientFrame::Ping { nonce }),
            }
        }
        self.show_status(now);
        self.set_timer(now);
    }

    fn fetch_ticket(self: &Rc<Self>, of: Try) {
        let driver = Rc::clone(self);
        spawn_local(async move {
            let input = match api::ticket().await {
                Ok(ticket) => Input::Ticket(of, ticket.ticket),
                Err(error) => Input::NoTicket(of, no_ticket(&error)),
            };
            driver.input(input);
        });
    }

    fn open(self: &Rc<Self>, of: Try, ticket: &str) {
        // Weak: the callbacks live in the socket, which lives in the driver.
        let weak = Rc::downgrade(self);
        let report = move |news| {
            if let Some(driver) = weak.upgrade() {
                driver.hear(of, news);
            }
        };
        match socket::address(ticket).and_then(|address| Socket::open(&address, report)) {
            Ok(socket) => {
                self.socket.replace(Some(socket));
            }
            Err(error) => {
                attempt("opening a socket", Err(error));
                Rc::clone(self).input(Input::NoTicket(of, NoTicket::Failed(None)));
            }
        }
    }

    fn close(&self) {
        self.asked.borrow_mut().clear();
        self.welcome.borrow_mut().clear();
        self.unsent.borrow_mut().disconnected();
        drop(self.socket.take());
    }

    fn hear(self: Rc<Self>, of: Try, news: News) {
        match news {
            News::Closed(number) => {
                self.note(Direction::In, "closed", || format!("the connection was closed ({number})"));
                self.input(Input::Closed(of, number));
            }
            News::Binary => {
                leptos::logging::warn!("a frame was not text");
                self.note(Direction::In, "unreadable", || "a frame that is not text".to_owned());
            }
            News::Text(text) => match from_text::<ServerFrame>(&text) {
                Ok(frame) => {
                    self.note(Direction::In, "", || text.clone());
                    self.take(of, &frame, &text);
                }
                Err(error) => {
                    leptos::logging::warn!("a frame was not understood: {error}");
                    self.note(Direction::In, "unreadable", || text);
                    self.input(Input::Heard(of));
                }
            },
        }
    }

    fn take(self: Rc<Self>, of: Try, frame: &ServerFrame, text: &str) {
        let input = match frame {
            // Somebody else has signed in on this browser: nothing of this page is theirs.
            ServerFrame::Welcome { data } if self.is_stranger(&data.user) => {
                return self.input(Input::NoTicket(of, NoTicket::SignedOut));
            }
            ServerFrame::Welcome { data } => {
                text.clone_into(&mut self.welcome.borrow_mut());
                Input::Welcome(of, data.heartbeat_ms)
            }
            ServerFrame::Closing { data } => Input::Closing(of, data.reconnect_in_ms),
            _ => Input::Heard(of),
        };
        Rc::clone(&self).input(input);
        if self.pass_on(frame, text) {
            self.tell(frame);
        } else {
            self.settle(frame);
        }
        self.flush();
    }

    fn is_stranger(&self, user: &UserId) -> bool {
        self.options.account.as_ref().is_some_and(|account| account != user)
    }

    /// Tells this tab of a frame.
    pub(super) fn tell(&self, frame: &ServerFrame) {
        self.settle(frame);
        self.frame_listeners.tell(frame);
    }

    /// Sends the posts whose turn it is.
    pub(super) fn flush(self: Rc<Self>) {
        if !self.is_live() || !self.is_restored.get() {
            return;
        }
        let now = now_ms();
        let due = self.unsent.borrow_mut().due(now);
        for frame in due {
            self.send(&frame);
        }
        self.set_timer(now);
    }

    /// Whether this tab has a connection of its own and frames flow.
    pub(super) fn is_live(&self) -> bool {
        self.machine.borrow().is_live()
    }

    pub(super) fn send(self: &Rc<Self>, frame: &ClientFrame) {
        if self.role.get() == TabRole::Follower {
            return self.hand_over(frame);
        }
        if !self.is_live() {
            return;
        }
        if let ClientFrame::Join { room, .. } = frame {
            self.expect_joined(room.clone(), String::new());
        }
        self.write(frame);
        if is_answered(frame) {
            Rc::clone(self).input(Input::Asked);
        }
    }

    fn write(&self, frame: &ClientFrame) {
        let Ok(text) = serde_json::to_string(frame) else {
            return leptos::logging::error!("a frame could not be written");
        };
        self.write_text(text, matches!(frame, ClientFrame::Authenticate { .. }));
    }

    /// Writes a frame that may come from another tab. A secret one is not shown to those who watch the wire.
    pub(super) fn write_text(&self, text: String, secret: bool) {
        // Not open any more means that its close is about to be reported; posts are kept for the next one.
        if let Some(socket) = self.socket.borrow().as_ref() {
            attempt("sending a frame", socket.send(&text));
        }
        self.note(Direction::Out, "", || {
            if secret { r#"{"type":"authenticate","data":{"token":"…"}}"#.to_owned() } else { text }
        });
    }

    /// Tells the wire listeners. The text is made only if there are any; an empty `kind` is read from it.
    pub(super) fn note(&self, direction: Direction, kind: &str, text: impl FnOnce() -> String) {
        if !self.wire_listeners.is_empty() {
            self.wire_listeners.tell(&WireFrame::new(now_ms(), direction, kind, text()));
        }
    }

    fn show_status(&self, now: i64) {
        // A tab that follows is told by the one that leads.
        if self.role.get() != TabRole::Follower {
            let status = self.machine.borrow().status(now);
            self.show(status);
        }
    }

    pub(super) fn show(&self, status: LinkStatus) {
        if self.shown.borrow().as_ref() != Some(&status) {
            self.tell_status("", &status);
            if !status.takes_posts() {
                drop_copies();
            }
            self.shown.replace(Some(status.clone()));
            self.set_status.try_set(status);
        }
    }

    /// One timer for everything; setting it again cancels the one before.
    fn set_timer(self: &Rc<Self>, now: i64) {
        let machine = self.machine.borrow();
        let posts = if machine.is_live() { self.unsent.borrow().next_wake() } else { None };
        let wake = machine.next_wake(now).into_iter().chain(posts).min();
        // One that comes too early looks and is set again; so not each frame needs a new one.
        if let (Some(wake), Some(set)) = (wake, self.timer_at.get())
            && set <= wake
        {
            return;
        }
        self.timer_at.set(wake);
        let timer = wake.map(|wake| {
            let weak = Rc::downgrade(self);
            let wait = u32::try_from((wake - now).max(0)).unwrap_or(u32::MAX).min(600_000);
            Timeout::new(wait, move || {
                if let Some(driver) = weak.upgrade() {
                    driver.timer_at.set(None);
                    Rc::clone(&driver).input(Input::Clock);
                    driver.flush();
                }
            })
        });
        self.timer.replace(timer);
    }
}

/// Whether the server always answers this frame, so that silence after it means something.
fn is_answered(frame: &ClientFrame) -> bool {
    matches!(frame, ClientFrame::Join { .. } | ClientFrame::Post { .. } | ClientFrame::Simulate(_))
}

fn no_ticket(error: &api::ApiError) -> NoTicket {
    match error.status {
        Some(401) => NoTicket::SignedOut,
        Some(403) => NoTicket::Forbidden,
        _ => NoTicket::Failed(error.retry_after_ms),
    }
}
