//! TCP proxy between one client and the server, which misbehaves on command.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::options::Error;
use super::plan::{Direction, LinkFault};
use super::report::Counters;

/// Bytes that are on their way inside of the proxy, in each direction, at most.
const PIECE: usize = 4096;

/// The proxy of one client. It ends when this goes.
pub(super) struct Proxy {
    pub(super) addr: SocketAddr,
    condition: watch::Sender<Condition>,
    /// The newest cut. Every cut counts, so that two of a kind are two.
    cuts: watch::Sender<(u64, Cut)>,
    counters: Arc<Counters>,
    accepting: AbortHandle,
}

/// What lasts for a while.
#[derive(Debug, Clone, Copy)]
struct Condition {
    effect: Effect,
    until: Instant,
}

#[derive(Debug, Clone, Copy)]
enum Effect {
    Normal,
    Stalled(Option<Direction>),
    Delayed(Duration),
    Slow(u32),
}

#[derive(Debug, Clone, Copy)]
enum Cut {
    Off,
    Half(Direction),
}

impl Proxy {
    /// A proxy towards wherever the server is at the moment.
    pub(super) async fn start(
        server: watch::Receiver<Option<SocketAddr>>,
        counters: Arc<Counters>,
    ) -> Result<Self, Error> {
        let no_port = Error::io("a port of a proxy could not be taken");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(&no_port)?;
        let addr = listener.local_addr().map_err(&no_port)?;
        let (condition, conditions) =
            watch::channel(Condition { effect: Effect::Normal, until: Instant::now() });
        let (cuts, cut_orders) = watch::channel((0, Cut::Off));
        let accepting = tokio::spawn(accept(listener, server, conditions, cut_orders)).abort_handle();
        Ok(Self { addr, condition, cuts, counters, accepting })
    }

    /// Applies a fault of the plan.
    pub(super) fn apply(&self, fault: LinkFault, lasts: Duration) {
        let effect = match fault {
            LinkFault::Cut => {
                self.counters.cuts.one();
                self.cut(Cut::Off);
                // The weather was that of the connection which ended; the next one is another.
                return self.heal();
            }
            LinkFault::HalfClose(way) => {
                self.counters.half_closes.one();
                return self.cut(Cut::Half(way));
            }
            LinkFault::Stall(way) => {
                self.counters.stalls.one();
                Effect::Stalled(way)
            }
            LinkFault::Delay(delay) => {
                self.counters.delays.one();
                Effect::Delayed(delay)
            }
            LinkFault::Throttle(rate) => {
                self.counters.throttles.one();
                Effect::Slow(rate)
            }
        };
        self.condition.send_replace(Condition { effect, until: Instant::now() + lasts });
    }

    /// Ends whatever lasts.
    pub(super) fn heal(&self) {
        self.condition.send_replace(Condition { effect: Effect::Normal, until: Instant::now() });
    }

    /// Ends the connection that is there, and accepts no other one.
    pub(super) fn close(&self) {
        self.accepting.abort();
        self.cut(Cut::Off);
    }

    fn cut(&self, cut: Cut) {
        self.cuts.send_modify(|newest| *newest = (newest.0 + 1, cut));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    server: watch::Receiver<Option<SocketAddr>>,
    condition: watch::Receiver<Condition>,
    cuts: watch::Receiver<(u64, Cut)>,
) {
    loop {
        // A port that cannot be listened at any more shows as a client that never comes in.
        let Ok((client, _)) = listener.accept().await else { return };
        let server = *server.borrow();
        let (condition, mut cuts) = (condition.clone(), cuts.clone());
        cuts.mark_unchanged();
        tokio::spawn(async move {
            // No server: the client is refused as if no socket listened.
            let Some(addr) = server else { return reset(&client) };
            match TcpStream::connect(addr).await {
                Ok(server) => join(client, server, condition, cuts).await,
                Err(_) => reset(&client),
            }
        });
    }
}

/// Has the connection end with a reset when it is dropped.
fn reset(stream: &TcpStream) {
    // If it cannot be set, the connection ends politely.
    stream.set_zero_linger().ok();
}

async fn join(
    mut client: TcpStream,
    mut server: TcpStream,
    condition: watch::Receiver<Condition>,
    mut cuts: watch::Receiver<(u64, Cut)>,
) {
    let is_cut_off = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let up = Pump { way: Direction::Up, condition: condition.clone(), cuts: cuts.clone() };
        let down = Pump { way: Direction::Down, condition, cuts: cuts.clone() };
        let both = async { tokio::join!(up.run(from_client, to_server), down.run(from_server, to_client)) };
        tokio::select! {
            // The end of a direction is passed on by ending it on the other side.
            _ = both => false,
            _ = cuts.wait_for({
                let before = cuts.borrow().0;
                move |(number, cut)| *number > before && matches!(cut, Cut::Off)
            }) => true,
        }
    };
    if is_cut_off {
        reset(&client);
        reset(&server);
    }
}

/// One direction of a connection.
struct Pump {
    way: Direction,
    condition: watch::Receiver<Condition>,
    cuts: watch::Receiver<(u64, Cut)>,
}

impl Pump {
    async fn run(mut self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> std::io::Result<()> {
        let mut buffer = vec![0; PIECE];
        loop {
            let read = tokio::select! {
                read = from.read(&mut buffer) => read.unwrap_or(0),
                () = self.half_closed() => 0,
            };
            self.pass(read).await;
            let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else {
                return to.shutdown().await;
            };
            to.write_all(piece).await?;
        }
    }

    /// Waits until this direction is closed.
    async fn half_closed(&mut self) {
        while self.cuts.changed().await.is_ok() {
            if matches!(*self.cuts.borrow(), (_, Cut::Half(way)) if way == self.way) {
                return;
            }
        }
        // The proxy has gone, and so does the connection.
    }

    /// Waits for as long as so many bytes take.
    async fn pass(&mut self, bytes: usize) {
        loop {
            let Condition { effect, until } = *self.condition.borrow_and_update();
            let now = Instant::now();
            if now >= until {
                return;
            }
            match effect {
                Effect::Normal => return,
                Effect::Stalled(way) if way.is_some_and(|way| way != self.way) => return,
                Effect::Stalled(_) => {
                    // A stall ends in time, or when the weather changes.
                    tokio::time::timeout_at(until, self.condition.changed()).await.ok();
                }
                Effect::Delayed(delay) => return tokio::time::sleep(delay).await,
                Effect::Slow(rate) => {
                    let millis = bytes.saturating_mul(1_000) / usize::try_from(rate.max(1)).unwrap_or(1);
                    let time = Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX));
                    return tokio::time::sleep_until((now + time).min(until)).await;
                }
            }
        }
    }
}
