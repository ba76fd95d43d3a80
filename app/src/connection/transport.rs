//! Transport: carries out what the state machine decides, with tickets, sockets and a timer. It decides nothing itself.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::task::spawn_local;
use protocol::json::from_text;
use protocol::{ClientFrame, ServerFrame, UserId};

use super::machine::{AttemptId, Input, Machine, NoTicket, Output};
use super::socket::{Socket, SocketEvent};
use super::wake_timer::WakeTimer;
use super::wire_tap::WireTap;
use crate::api::{self, ApiError};
use crate::clock::now_ms;
use crate::model::connection_state::ConnectionState;

/// What the owner of a transport has to act on.
pub(super) enum TransportEvent<'a> {
    /// The state of the connection may be another one.
    StateChanged,
    /// The socket is gone, and with it every answer that has not come.
    Disconnected,
    /// A frame has come in.
    Frame {
        /// The frame.
        frame: &'a ServerFrame,
        /// The same, as it was on the wire.
        text: &'a str,
    },
}

/// The connection of one tab to the server. Borrows are short: none is held while an event is reported.
pub(super) struct Transport {
    /// Whose connection it must be; `None` for whoever is signed in.
    account: Option<UserId>,
    machine: RefCell<Machine>,
    socket: RefCell<Option<Socket>>,
    timer: WakeTimer,
    wire: Rc<WireTap>,
    report: Box<dyn Fn(TransportEvent<'_>)>,
}

impl Transport {
    pub(super) fn new(
        account: Option<UserId>,
        wire: Rc<WireTap>,
        report: impl Fn(TransportEvent<'_>) + 'static,
    ) -> Self {
        Self {
            account,
            machine: RefCell::default(),
            socket: RefCell::default(),
            timer: WakeTimer::default(),
            wire,
            report: Box::new(report),
        }
    }

    /// Whether frames can be sent.
    pub(super) fn is_live(&self) -> bool {
        self.machine.borrow().is_live()
    }

    /// Where the connection stands.
    pub(super) fn state(&self) -> ConnectionState {
        self.machine.borrow().state(now_ms())
    }

    /// Gives the machine an input and does what it decides.
    pub(super) fn input(self: &Rc<Self>, input: Input) {
        let now = now_ms();
        let outputs = self.machine.borrow_mut().handle(input, now, js_sys::Math::random());
        for output in outputs {
            match output {
                Output::FetchTicket(of) => self.fetch_ticket(of),
                Output::Open(of, ticket) => self.open(of, &ticket),
                Output::Close => self.close(),
                Output::Ping(nonce) => self.send(&ClientFrame::Ping { nonce }),
            }
        }
        (self.report)(TransportEvent::StateChanged);
        self.set_timer(now);
    }

    /// Sends a frame of this tab.
    pub(super) fn send(self: &Rc<Self>, frame: &ClientFrame) {
        match serde_json::to_string(frame) {
            Ok(text) => {
                self.wire.sent(frame, &text);
                self.write(text);
            }
            Err(error) => return leptos::logging::error!("a frame could not be encoded: {error}"),
        }
        if is_answered(frame) {
            self.input(Input::RequestSent);
        }
    }

    /// Sends a frame of another tab. `is_answered`: whether silence after it means something.
    pub(super) fn forward(self: &Rc<Self>, text: String, is_answered: bool) {
        self.wire.forwarded(&text);
        self.write(text);
        if is_answered {
            self.input(Input::RequestSent);
        }
    }

    /// A socket that is not open any more is about to report its close, and posts are kept for the next one.
    fn write(&self, text: String) {
        if let Some(socket) = self.socket.borrow_mut().as_mut()
            && let Err(error) = socket.send(text)
        {
            leptos::logging::warn!("a frame was not sent: {error}");
        }
    }

    fn fetch_ticket(self: &Rc<Self>, of: AttemptId) {
        let transport = Rc::clone(self);
        spawn_local(async move {
            transport.input(match api::ticket().await {
                Ok(ticket) => Input::Ticket(of, ticket.ticket),
                Err(error) => Input::NoTicket(of, no_ticket(&error)),
            });
        });
    }

    fn open(self: &Rc<Self>, of: AttemptId, ticket: &str) {
        // Weak: the socket's reader must not keep its owner alive.
        let weak = Rc::downgrade(self);
        let report = move |event| {
            if let Some(transport) = weak.upgrade() {
                transport.on_socket(of, event);
            }
        };
        match Socket::open(ticket, report) {
            Ok(socket) => {
                self.socket.replace(Some(socket));
            }
            Err(error) => {
                leptos::logging::warn!("{error}");
                self.input(Input::NoTicket(of, NoTicket::Failed(None)));
            }
        }
    }

    fn close(&self) {
        drop(self.socket.take());
        (self.report)(TransportEvent::Disconnected);
    }

    fn on_socket(self: &Rc<Self>, of: AttemptId, event: SocketEvent) {
        match event {
            SocketEvent::Closed(code) => {
                self.wire.closed(code);
                self.input(Input::Closed(of, code));
            }
            SocketEvent::Binary => {
                leptos::logging::warn!("a frame was not text");
                self.wire.unreadable("a frame that is not text");
            }
            SocketEvent::Text(text) => match from_text::<ServerFrame>(&text) {
                Ok(frame) => {
                    self.wire.received(&text);
                    self.on_frame(of, &frame, &text);
                }
                Err(error) => {
                    leptos::logging::warn!("a frame was not understood: {error}");
                    self.wire.unreadable(&text);
                    self.input(Input::FrameReceived(of));
                }
            },
        }
    }

    fn on_frame(self: &Rc<Self>, of: AttemptId, frame: &ServerFrame, text: &str) {
        self.input(match frame {
            // Another user has signed in on this browser: nothing of this page is theirs.
            ServerFrame::Welcome { data } if self.is_stranger(&data.user) => {
                return self.input(Input::NoTicket(of, NoTicket::SignedOut));
            }
            ServerFrame::Welcome { data } => Input::Welcome(of, data.heartbeat_ms),
            ServerFrame::Closing { data } => Input::Closing(of, data.reconnect_in_ms),
            _ => Input::FrameReceived(of),
        });
        (self.report)(TransportEvent::Frame { frame, text });
    }

    fn is_stranger(&self, user: &UserId) -> bool {
        self.account.as_ref().is_some_and(|account| account != user)
    }

    fn set_timer(self: &Rc<Self>, now: i64) {
        let wake = self.machine.borrow().next_wake(now);
        let weak = Rc::downgrade(self);
        self.timer.set(wake, now, move || {
            if let Some(transport) = weak.upgrade() {
                transport.input(Input::Timer);
            }
        });
    }
}

/// Whether the server always answers this frame, so that silence after it means something.
fn is_answered(frame: &ClientFrame) -> bool {
    matches!(frame, ClientFrame::Join { .. } | ClientFrame::Post { .. } | ClientFrame::Simulate(_))
}

fn no_ticket(error: &ApiError) -> NoTicket {
    match error.status {
        Some(401) => NoTicket::SignedOut,
        Some(403) => NoTicket::Forbidden,
        _ => NoTicket::Failed(error.retry_after_ms),
    }
}
