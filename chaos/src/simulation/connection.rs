//! One connection: the tasks that a gateway would have for it, and the way between them and the client.

use bytes::Bytes;
use hub::{Inlet, Next, Outbox, OutboxItem, Peer};
use protocol::CloseCode;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::chance::Chance;
use super::ingress::{Ingress, Report};
use super::scenario::Wire;
use super::words::Wish;

/// Frames that leave at once.
const BURST: usize = 6;
/// Wishes that wait for the server's end.
const WISHES: usize = 1_024;

/// A connection as the world sees it.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) device: usize,
    pub(crate) life: u32,
    pub(crate) wire: Wire,
    /// `None` once the server knows that it has ended.
    pub(crate) wishes: Option<mpsc::Sender<Wish>>,
    free: mpsc::Sender<()>,
    tasks: [AbortHandle; 2],
    pub(crate) up: Way,
    pub(crate) down: Way,
}

/// One direction of a connection.
#[derive(Debug)]
pub(crate) struct Way {
    chance: Chance,
    /// When the last frame arrives.
    busy_until: u64,
    /// What would arrive later is lost.
    pub(crate) ends_at: Option<u64>,
}

impl Way {
    fn new(chance: Chance) -> Self {
        Self { chance, busy_until: 0, ends_at: None }
    }

    /// When a frame that leaves now arrives: never, once or twice.
    pub(crate) fn arrivals(&mut self, now: u64, wire: &Wire) -> Vec<u64> {
        let (least, most) = wire.delay_ms;
        let mut delay = self.chance.between(least, most);
        if self.chance.percent(wire.stalls) {
            delay += self.chance.between(500, 5_000);
        }
        if wire.loss == 0 {
            self.busy_until = self.busy_until.max(now + delay);
            return vec![self.busy_until];
        }
        if self.chance.percent(wire.loss) {
            return Vec::new();
        }
        // Nothing waits for what was sent before: frames overtake each other.
        let mut arrivals = vec![now + delay];
        if self.chance.percent(wire.loss) {
            arrivals.push(now + self.chance.between(least, most * 2));
        }
        self.busy_until = self.busy_until.max(now + delay);
        arrivals
    }

    /// When everything that is under way has arrived.
    pub(crate) fn is_free_at(&self, now: u64) -> u64 {
        self.busy_until.max(now)
    }

    /// What has not arrived so many milliseconds from now is lost.
    pub(crate) fn cut(&mut self, now: u64, most_ms: u64) -> u64 {
        let grace = if self.chance.percent(50) { 0 } else { self.chance.between(0, most_ms) };
        let end = self.ends_at.map_or(now + grace, |end| end.min(now + grace));
        self.ends_at = Some(end);
        end
    }

    /// Whether something that arrives at a moment is lost.
    pub(crate) fn is_lost(&self, moment: u64) -> bool {
        self.ends_at.is_some_and(|end| moment > end)
    }

    /// So long until somebody notices something.
    pub(crate) fn notices_after(&mut self, most_ms: u64) -> u64 {
        self.chance.between(1, most_ms)
    }
}

impl Connection {
    /// Starts the tasks of a connection that the hub has taken in.
    pub(crate) fn open(
        (number, device, life): (u32, usize, u32),
        wire: Wire,
        seed: u64,
        (peer, outbox, inlet): (Peer, Outbox, Inlet),
        ingress: Ingress,
    ) -> Self {
        let (wishes, wishes_of_client) = mpsc::channel(WISHES);
        let (free, free_again) = mpsc::channel(4);
        let reader = tokio::spawn(serve(peer, wishes_of_client, outbox));
        let writer = tokio::spawn(write(number, inlet, free_again, ingress));
        let way = |name: &str| Way::new(Chance::new(seed, &format!("{name} {number}")));
        Self {
            device,
            life,
            wire,
            wishes: Some(wishes),
            free,
            tasks: [reader.abort_handle(), writer.abort_handle()],
            up: way("up"),
            down: way("down"),
        }
    }

    /// Lets more frames leave.
    pub(crate) fn free(&self) {
        // A writer that has ended needs no leave.
        self.free.try_send(()).ok();
    }

    /// The server is gone, and its end of the connection with it.
    pub(crate) fn abandon(&mut self) {
        self.wishes = None;
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// Carries out wishes in order until either side ends the connection, as every gateway does.
async fn serve(mut peer: Peer, mut wishes: mpsc::Receiver<Wish>, outbox: Outbox) {
    loop {
        let wish = tokio::select! {
            biased;
            () = outbox.closed() => break,
            wish = wishes.recv() => wish,
        };
        match wish.as_ref().map(Wish::command) {
            Some(Some(command)) => peer.handle(command).await,
            Some(None) => {}
            None => break,
        }
    }
}

/// Takes frames out of the outbox as fast as the way to the client has room for them.
async fn write(connection: u32, mut inlet: Inlet, mut free: mpsc::Receiver<()>, ingress: Ingress) {
    loop {
        let mut items = Vec::new();
        match inlet.next(&mut items, BURST).await {
            Next::Frames => {
                let frames = items.into_iter().filter_map(frame).collect();
                ingress.report(Report::Frames { connection, frames });
            }
            Next::Close(code) => return ingress.report(Report::Closed { connection, code }),
        }
        // A writer that is stuck is let go like any other.
        tokio::select! {
            biased;
            room = free.recv() => if room.is_none() { return },
            () = inlet.let_go() => {}
        }
    }
}

/// No client follows an inbox, so none is asked for a receipt.
fn frame(item: OutboxItem) -> Option<Bytes> {
    match item {
        OutboxItem::Frame(frame) => Some(frame),
        OutboxItem::Ping(_) => None,
    }
}

/// Why a client comes back at its leisure instead of soon.
pub(crate) fn is_patient(code: Option<CloseCode>) -> bool {
    matches!(code, Some(CloseCode::Restart))
}
