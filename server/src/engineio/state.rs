//! What a session is at the moment, and every change of it. Nothing in here waits.

use std::task::Waker;

use hub::{Backlog, Full};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::outgoing::{Kind, Outgoing};
use super::settings::Settings;

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// The client said so.
    Client,
    /// The connection ended, or a request was given up.
    Lost,
    /// A ping was not answered in time.
    PingTimeout,
    /// The client sent what is no packet, or requests that overlap.
    Protocol,
    /// The client sent more than a message may have.
    TooBig,
    /// The client began a message and did not end it.
    Unfinished,
    /// The client did not read what was sent.
    TooSlow,
    /// The application is done with the client.
    Server,
    /// The server stops.
    Stopping,
    /// Too many come at once.
    Busy,
    /// The client sends far more than it may.
    TooFast,
    /// What the client proved who it is with has expired.
    Expired,
}

impl CloseReason {
    /// The code of the close frame: RFC 6455, section 7.4.1, and 4008 as on the other doors.
    pub(super) fn close_code(self) -> u16 {
        match self {
            Self::Client | Self::Server => 1000,
            Self::Lost | Self::PingTimeout | Self::Unfinished => 1001,
            Self::Protocol => 1002,
            Self::TooBig => 1009,
            Self::TooSlow => 4008,
            Self::Stopping => 1012,
            // Try again later, in IANA's WebSocket Close Code Number Registry.
            Self::Busy => 1013,
            // As on the other doors.
            Self::TooFast => 4429,
            Self::Expired => 4401,
        }
    }

    /// What the close frame says beside the code, for whoever debugs a client.
    pub(super) fn close_text(self) -> &'static str {
        match self {
            Self::Client | Self::Server | Self::Lost => "",
            Self::PingTimeout => "a ping was not answered",
            Self::Protocol => "this is no packet of Engine.IO 4 and Socket.IO 5, or not one that fits here",
            Self::TooBig => "the message is too big",
            Self::Unfinished => "a message did not end in time",
            Self::TooSlow => "too much waits to be read",
            Self::Stopping => "the server restarts",
            Self::Busy => "many are coming in, try again in a moment",
            Self::TooFast => "too much at once, come back later",
            Self::Expired => "the token has expired",
        }
    }
}

/// How far a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// The server closed: what waits is still written, nothing else is taken.
    Closing(CloseReason),
    Closed(CloseReason),
}

/// What packets leave by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Polling,
    /// Polling, and a WebSocket that wants to take over.
    Upgrading {
        /// The WebSocket is known to work, so polls are ended to let it.
        probed: bool,
    },
    WebSocket,
}

/// Signs of life.
#[derive(Debug)]
pub(super) struct Pulse {
    /// A ping was sent, and nothing was heard since.
    pub(super) is_pinged: bool,
    /// When the next ping leaves.
    pub(super) ping_at: Instant,
    /// When the client counts as gone, unless something is heard.
    pub(super) gone_at: Instant,
    /// Packets since the last ping that said nothing.
    idle_packets: u32,
}

impl Pulse {
    fn new(settings: &Settings) -> Self {
        let ping_at = Instant::now() + settings.ping_interval;
        Self { is_pinged: false, ping_at, gone_at: ping_at + settings.ping_timeout, idle_packets: 0 }
    }

    /// A packet said nothing. Whether there were too many of them.
    pub(super) fn hear_nothing(&mut self, settings: &Settings) -> bool {
        self.idle_packets += 1;
        self.idle_packets > settings.idle_packets
    }

    /// Something was heard. Whether it answers a ping.
    pub(super) fn hear(&mut self, settings: &Settings) -> bool {
        let answers = self.is_pinged;
        if answers {
            *self = Self::new(settings);
        }
        answers
    }
}

/// What a session is at the moment.
#[derive(Debug)]
pub(super) struct State {
    pub(super) phase: Phase,
    pub(super) transport: Transport,
    pub(super) is_polled: bool,
    pub(super) is_posted: bool,
    /// The client has left while none of its polls was here: one may be on its way, by another connection.
    pub(super) is_poll_due: bool,
    pub(super) pulse: Pulse,
    /// Of the WebSocket, once there is one.
    pub(super) writer: Option<Waker>,
    /// How many pings were queued, and how many answers were heard.
    pings: u32,
    pongs: u32,
    receipt: Option<Box<Receipt>>,
    outbox: Backlog<Outgoing>,
}

/// A request for a proof that the client received what was sent.
#[derive(Debug)]
struct Receipt {
    answered: oneshot::Sender<()>,
    proof: Proof,
}

/// What proves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// So many pongs.
    Pongs(u32),
    /// A poll, after one has fetched what was sent.
    Poll { is_fetched: bool },
}

/// What a poll, or a WebSocket's writer, does next.
#[derive(Debug)]
pub(super) enum Turn {
    /// Write these, and then, if that was all there ever will be, the end.
    Write(Vec<Outgoing>, Option<CloseReason>),
    /// Write the end.
    End(CloseReason),
    /// This transport is not the session's any more.
    Displaced,
    /// There is nothing to do yet.
    Wait,
    /// There is nothing to do, and a WebSocket waits for this poll to end.
    WaitBriefly,
}

impl State {
    pub(super) fn new(transport: Transport, settings: &Settings) -> Self {
        Self {
            phase: Phase::Open,
            transport,
            is_polled: false,
            is_posted: false,
            is_poll_due: false,
            pulse: Pulse::new(settings),
            writer: None,
            pings: 0,
            pongs: 0,
            receipt: None,
            outbox: Backlog::new(settings.outbox_bytes),
        }
    }

    pub(super) fn push(&mut self, message: Outgoing) -> Result<(), Full> {
        let (weight, delivery) = (message.weight(), message.delivery);
        self.pings = self.pings.wrapping_add(u32::from(message.kind == Kind::Ping));
        self.outbox.push(message, weight, delivery)
    }

    /// Whether one more message finds room, however large.
    pub(super) fn has_room(&self) -> bool {
        self.outbox.has_room()
    }

    /// Whether the client is behind.
    pub(super) fn is_behind(&self) -> bool {
        self.outbox.is_behind()
    }

    pub(super) fn push_uncounted(&mut self, messages: impl IntoIterator<Item = Outgoing>) {
        self.outbox.push_uncounted(messages);
    }

    /// Asks for a proof that everything queued until now was received.
    pub(super) fn ask_for_receipt(&mut self, answered: oneshot::Sender<()>) {
        let proof = match self.transport {
            Transport::WebSocket => self.queue_ping(),
            Transport::Polling | Transport::Upgrading { .. } => {
                Proof::Poll { is_fetched: self.outbox.is_empty() }
            }
        };
        self.receipt = Some(Box::new(Receipt { answered, proof }));
    }

    /// Queues a ping behind everything that waits. Pongs come in the order of the pings, so the number of the ping tells its own.
    fn queue_ping(&mut self) -> Proof {
        self.outbox.push_uncounted([Outgoing::ping()]);
        self.pings = self.pings.wrapping_add(1);
        Proof::Pongs(self.pings)
    }

    /// The client answered a ping.
    pub(super) fn hear_pong(&mut self) {
        // More answers than pings prove nothing.
        if self.pongs != self.pings {
            self.pongs = self.pongs.wrapping_add(1);
            self.prove(Proof::Pongs(self.pongs));
        }
    }

    /// The client polls, so it has what earlier polls fetched.
    pub(super) fn hear_poll(&mut self) {
        self.prove(Proof::Poll { is_fetched: true });
    }

    fn prove(&mut self, proof: Proof) {
        if let Some(receipt) = self.receipt.take_if(|receipt| receipt.proof == proof) {
            // The one who asked may have left.
            receipt.answered.send(()).ok();
        }
    }

    /// No proof comes any more.
    pub(super) fn end_receipt(&mut self) {
        self.receipt = None;
    }

    /// What waits is not written any more.
    pub(super) fn clear(&mut self) {
        self.outbox.clear();
    }

    fn note_fetched(&mut self) {
        if let Some(Receipt { proof: Proof::Poll { is_fetched }, .. }) = self.receipt.as_deref_mut() {
            *is_fetched = true;
        }
    }

    /// What a poll does next. The end has a poll of its own: clients hand messages on a little later than they read
    /// them, but end at once, and would forget what came in the same payload.
    pub(super) fn turn_of_poll(&mut self) -> Turn {
        if self.transport == Transport::WebSocket {
            return Turn::Displaced;
        }
        if matches!(self.phase, Phase::Closing(_)) && !self.outbox.is_empty() {
            self.note_fetched();
            return Turn::Write(self.outbox.take_all(), None);
        }
        let turn = self.next_turn();
        if matches!(turn, Turn::Write(..)) {
            self.note_fetched();
        }
        match turn {
            Turn::Wait if self.transport == (Transport::Upgrading { probed: true }) => Turn::WaitBriefly,
            turn => turn,
        }
    }

    /// What a WebSocket's writer does next.
    pub(super) fn turn_of_writer(&mut self) -> Turn {
        self.next_turn()
    }

    fn next_turn(&mut self) -> Turn {
        match self.phase {
            Phase::Open if self.outbox.is_empty() => Turn::Wait,
            Phase::Open => Turn::Write(self.outbox.take_all(), None),
            Phase::Closing(reason) => {
                self.phase = Phase::Closed(reason);
                self.end_receipt();
                Turn::Write(self.outbox.take_all(), Some(reason))
            }
            Phase::Closed(reason) => Turn::End(reason),
        }
    }

    /// Lets a WebSocket try to take over. Only one at a time may, and only from polling.
    pub(super) fn begin_upgrade(&mut self) -> bool {
        let may = self.transport == Transport::Polling && !matches!(self.phase, Phase::Closed(_));
        if may {
            self.transport = Transport::Upgrading { probed: false };
        }
        may
    }

    /// The WebSocket takes over.
    pub(super) fn finish_upgrade(&mut self) -> bool {
        let may = !matches!(self.phase, Phase::Closed(_));
        if may {
            self.transport = Transport::WebSocket;
            // No poll comes any more.
            if self.receipt.is_some() {
                let proof = self.queue_ping();
                if let Some(receipt) = &mut self.receipt {
                    receipt.proof = proof;
                }
            }
        }
        may
    }
}
