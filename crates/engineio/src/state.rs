//! State: the state of one session and its transitions. Pure: nothing here waits.

use std::task::Waker;

use send_queue::{QueueFull, SendQueue};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::close_reason::CloseReason;
use crate::outgoing::{Kind, Outgoing};
use crate::settings::EngineSettings;

/// The phase of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    /// The server closed: what waits is still written, nothing else is taken.
    Closing(CloseReason),
    Closed(CloseReason),
}

/// The transport by which packets are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Polling,
    /// Polling, and a WebSocket that wants to take over.
    Upgrading {
        /// The WebSocket is known to work, so polls are ended to let it.
        probed: bool,
    },
    WebSocket,
}

/// Whether the client is alive: pings, and when the client counts as gone.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    /// A ping was sent, and nothing was received since.
    pub(crate) is_pinged: bool,
    /// When the next ping leaves.
    pub(crate) ping_at: Instant,
    /// When the client counts as gone, unless something is received.
    pub(crate) gone_at: Instant,
    /// Packets without content since the last ping.
    idle_packets: u32,
}

impl Heartbeat {
    fn new(settings: &EngineSettings) -> Self {
        let ping_at = Instant::now() + settings.ping_interval;
        Self { is_pinged: false, ping_at, gone_at: ping_at + settings.ping_timeout, idle_packets: 0 }
    }

    /// Counts a packet without content. Returns whether there were too many of them.
    pub(crate) fn count_idle(&mut self, settings: &EngineSettings) -> bool {
        self.idle_packets += 1;
        self.idle_packets > settings.idle_packets
    }

    /// Something was received. Returns whether it answers a ping.
    pub(crate) fn on_packet(&mut self, settings: &EngineSettings) -> bool {
        let answers = self.is_pinged;
        if answers {
            *self = Self::new(settings);
        }
        answers
    }
}

/// The state of a session.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) phase: Phase,
    pub(crate) transport: Transport,
    pub(crate) is_polled: bool,
    pub(crate) is_posted: bool,
    /// The client has closed the session without a waiting poll: one may be on its way by another connection.
    pub(crate) is_poll_due: bool,
    pub(crate) heartbeat: Heartbeat,
    /// The waker of the WebSocket's writer, once there is one.
    pub(crate) writer: Option<Waker>,
    /// How many pings were queued, and how many answers were received.
    pings: u32,
    pongs: u32,
    receipt: Option<Box<Receipt>>,
    send_queue: SendQueue<Outgoing>,
}

/// A request for a proof that the client received what was sent.
#[derive(Debug)]
struct Receipt {
    answered: oneshot::Sender<()>,
    proof: Proof,
}

/// What proves a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// This many pongs.
    Pongs(u32),
    /// A poll, after one has fetched what was sent.
    Poll { is_fetched: bool },
}

/// What a poll, or a WebSocket's writer, does next.
#[derive(Debug)]
pub(crate) enum NextWrite {
    /// Write these, and then the end, if nothing can come after them.
    Write(Vec<Outgoing>, Option<CloseReason>),
    /// Write the end.
    End(CloseReason),
    /// Another transport has taken over.
    Displaced,
    /// There is nothing to do yet.
    Wait,
    /// There is nothing to do, and a WebSocket waits for this poll to end.
    WaitBriefly,
}

impl State {
    pub(crate) fn new(transport: Transport, settings: &EngineSettings) -> Self {
        Self {
            phase: Phase::Open,
            transport,
            is_polled: false,
            is_posted: false,
            is_poll_due: false,
            heartbeat: Heartbeat::new(settings),
            writer: None,
            pings: 0,
            pongs: 0,
            receipt: None,
            send_queue: SendQueue::new(settings.send_queue_bytes),
        }
    }

    pub(crate) fn push(&mut self, message: Outgoing) -> Result<(), QueueFull> {
        let (weight, delivery) = (message.weight(), message.delivery);
        self.pings = self.pings.wrapping_add(u32::from(message.kind == Kind::Ping));
        self.send_queue.push(message, weight, delivery)
    }

    /// Whether one more message finds room, however large.
    pub(crate) fn has_room(&self) -> bool {
        self.send_queue.has_room()
    }

    /// Whether the client lags.
    pub(crate) fn is_lagging(&self) -> bool {
        self.send_queue.is_lagging()
    }

    pub(crate) fn push_uncounted(&mut self, messages: impl IntoIterator<Item = Outgoing>) {
        self.send_queue.push_uncounted(messages);
    }

    /// Asks for a proof that everything queued until now was received.
    pub(crate) fn ask_for_receipt(&mut self, answered: oneshot::Sender<()>) {
        let proof = match self.transport {
            Transport::WebSocket => self.queue_ping(),
            Transport::Polling | Transport::Upgrading { .. } => {
                Proof::Poll { is_fetched: self.send_queue.is_empty() }
            }
        };
        self.receipt = Some(Box::new(Receipt { answered, proof }));
    }

    /// Queues a ping behind everything that waits. Pongs come in the order of the pings, so the number of a ping identifies its
    /// pong.
    fn queue_ping(&mut self) -> Proof {
        self.send_queue.push_uncounted([Outgoing::ping()]);
        self.pings = self.pings.wrapping_add(1);
        Proof::Pongs(self.pings)
    }

    /// The client answered a ping.
    pub(crate) fn on_pong(&mut self) {
        // More answers than pings prove nothing.
        if self.pongs != self.pings {
            self.pongs = self.pongs.wrapping_add(1);
            self.prove(Proof::Pongs(self.pongs));
        }
    }

    /// The client polls, so it has what earlier polls fetched.
    pub(crate) fn on_poll(&mut self) {
        self.prove(Proof::Poll { is_fetched: true });
    }

    fn prove(&mut self, proof: Proof) {
        if let Some(receipt) = self.receipt.take_if(|receipt| receipt.proof == proof) {
            // An error: the receiver was dropped.
            receipt.answered.send(()).ok();
        }
    }

    /// No proof comes any more.
    pub(crate) fn end_receipt(&mut self) {
        self.receipt = None;
    }

    /// What waits is not written any more.
    pub(crate) fn clear(&mut self) {
        self.send_queue.clear();
    }

    fn note_fetched(&mut self) {
        if let Some(Receipt { proof: Proof::Poll { is_fetched }, .. }) = self.receipt.as_deref_mut() {
            *is_fetched = true;
        }
    }

    /// What a poll does next. The end has a poll of its own: clients deliver messages a little later than they read them, but
    /// close at once, and would drop messages in the same payload.
    pub(crate) fn next_for_poll(&mut self) -> NextWrite {
        if self.transport == Transport::WebSocket {
            return NextWrite::Displaced;
        }
        if matches!(self.phase, Phase::Closing(_)) && !self.send_queue.is_empty() {
            self.note_fetched();
            return NextWrite::Write(self.send_queue.take_all(), None);
        }
        let next = self.next_write();
        if matches!(next, NextWrite::Write(..)) {
            self.note_fetched();
        }
        match next {
            NextWrite::Wait if self.transport == (Transport::Upgrading { probed: true }) => {
                NextWrite::WaitBriefly
            }
            next => next,
        }
    }

    /// What a WebSocket's writer does next.
    pub(crate) fn next_for_websocket(&mut self) -> NextWrite {
        self.next_write()
    }

    fn next_write(&mut self) -> NextWrite {
        match self.phase {
            Phase::Open if self.send_queue.is_empty() => NextWrite::Wait,
            Phase::Open => NextWrite::Write(self.send_queue.take_all(), None),
            Phase::Closing(reason) => {
                self.phase = Phase::Closed(reason);
                self.end_receipt();
                NextWrite::Write(self.send_queue.take_all(), Some(reason))
            }
            Phase::Closed(reason) => NextWrite::End(reason),
        }
    }

    /// Lets a WebSocket try to take over. Only one at a time may, and only from polling.
    pub(crate) fn begin_upgrade(&mut self) -> bool {
        let may = self.transport == Transport::Polling && !matches!(self.phase, Phase::Closed(_));
        if may {
            self.transport = Transport::Upgrading { probed: false };
        }
        may
    }

    /// The WebSocket takes over.
    pub(crate) fn finish_upgrade(&mut self) -> bool {
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
