//! Storm client: comes back by the rules of the protocol; all of them share their counters.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::{ClientFrame, Cursor, JoinedRoom, RoomId, ServerFrame};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::failed::Failed;
use super::server::token;

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// As long as our pages give an attempt.
const ATTEMPT: Duration = Duration::from_secs(10);

/// The first wait after a loss is drawn from zero to this; the ceiling doubles each time.
const BASE: Duration = Duration::from_millis(500);
const CEILING: Duration = Duration::from_secs(20);

/// What happened since the fault.
#[derive(Debug, Default)]
pub(super) struct Counters {
    refused: AtomicUsize,
    sent_away: AtomicUsize,
    broken: AtomicUsize,
    losses: AtomicUsize,
    gaps: AtomicUsize,
}

impl Counters {
    pub(super) fn forget(&self) {
        for counter in [&self.refused, &self.sent_away, &self.broken, &self.losses] {
            counter.store(0, Ordering::Relaxed);
        }
    }

    pub(super) fn gaps(&self) -> usize {
        self.gaps.load(Ordering::Relaxed)
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        write!(
            out,
            "{} lost connections, {} refused by the system, {} sent away with 503, {} broken handshakes, {} gaps",
            of(&self.losses),
            of(&self.refused),
            of(&self.sent_away),
            of(&self.broken),
            of(&self.gaps)
        )
    }
}

/// The positions of the clients.
#[derive(Clone)]
pub(super) struct Progress {
    /// For each client what its place in its room is; -1: connected, -2: not even that.
    places: Arc<Vec<AtomicI64>>,
    notifier: Arc<watch::Sender<()>>,
    may_join: Arc<watch::Sender<bool>>,
}

/// Waits for the clients.
pub(super) struct Steps {
    progress: Progress,
    changes: watch::Receiver<()>,
}

impl Progress {
    pub(super) fn new(clients: usize) -> (Self, Steps) {
        let (notifier, changes) = watch::channel(());
        let places = (0..clients).map(|_| AtomicI64::new(-2)).collect();
        let progress = Self {
            places: Arc::new(places),
            notifier: Arc::new(notifier),
            may_join: Arc::new(watch::channel(false).0),
        };
        (progress.clone(), Steps { progress, changes })
    }

    pub(super) fn let_join(&self) {
        self.may_join.send_replace(true);
    }

    fn note(&self, client: usize, place: i64) {
        if let Some(known) = self.places.get(client) {
            known.store(place, Ordering::Relaxed);
            self.notifier.send_replace(());
        }
    }
}

impl Steps {
    pub(super) async fn all_connected(&mut self) {
        self.all_beyond(-1).await;
    }

    /// Waits until every client is in its room and has the message of this number.
    pub(super) async fn all_at(&mut self, seq: u32) {
        self.all_beyond(i64::from(seq)).await;
    }

    /// How many have not come so far.
    pub(super) fn missing(&self, seq: u32) -> usize {
        self.behind(i64::from(seq))
    }

    fn behind(&self, place: i64) -> usize {
        self.progress.places.iter().filter(|it| it.load(Ordering::Relaxed) < place).count()
    }

    async fn all_beyond(&mut self, place: i64) {
        while self.behind(place) > 0 && self.changes.changed().await.is_ok() {
            // Not after each of ten thousand steps.
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Why a connection ended, or was not made: how long to wait at least.
enum Ended {
    Lost,
    Hint(Duration),
}

pub(super) struct StormClient {
    n: usize,
    url: String,
    room: RoomId,
    since: Option<Cursor>,
    counters: Arc<Counters>,
    progress: Progress,
}

impl StormClient {
    pub(super) fn new(
        n: usize,
        authority: &str,
        room: &str,
        counters: Arc<Counters>,
        progress: Progress,
    ) -> Result<Self, Failed> {
        let url = format!("ws://{authority}/api/v1/ws?token={}", token(&format!("c{n}"))?);
        Ok(Self { n, url, room: RoomId::parse(room)?, since: None, counters, progress })
    }

    /// Comes and comes back for ever. The first time not before there is room on the ramp.
    pub(super) async fn run(mut self, ramp: Arc<Semaphore>) {
        let mut failures = 0;
        let mut first = ramp.acquire_owned().await.ok();
        loop {
            let ended = match timeout(ATTEMPT, self.connect()).await {
                Ok(Ok(stream)) => {
                    failures = 0;
                    drop(first.take());
                    let ended = self.use_connection(stream).await;
                    self.counters.losses.fetch_add(1, Ordering::Relaxed);
                    ended
                }
                Ok(Err(ended)) => ended,
                Err(_) => {
                    self.counters.broken.fetch_add(1, Ordering::Relaxed);
                    Ended::Lost
                }
            };
            failures += 1;
            let ceiling = BASE.saturating_mul(1 << (failures - 1).min(16)).min(CEILING);
            sleep(match ended {
                Ended::Lost => ceiling.mul_f64(rand::random()),
                Ended::Hint(hint) => hint + (hint / 2).max(BASE).mul_f64(rand::random()),
            })
            .await;
        }
    }

    async fn connect(&self) -> Result<Stream, Ended> {
        match connect_async(&self.url).await {
            Ok((stream, _)) => Ok(stream),
            Err(Error::Http(response)) => {
                self.counters.sent_away.fetch_add(1, Ordering::Relaxed);
                let seconds =
                    response.headers().get("retry-after").and_then(|it| it.to_str().ok()?.parse().ok());
                Err(seconds.map_or(Ended::Lost, |seconds| Ended::Hint(Duration::from_secs(seconds))))
            }
            Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                self.counters.refused.fetch_add(1, Ordering::Relaxed);
                Err(Ended::Lost)
            }
            Err(_) => {
                self.counters.broken.fetch_add(1, Ordering::Relaxed);
                Err(Ended::Lost)
            }
        }
    }

    /// Joins the room and listens until the connection ends.
    async fn use_connection(&mut self, mut stream: Stream) -> Ended {
        let mut ended = Ended::Lost;
        if self.since.is_none() {
            self.progress.note(self.n, -1);
            if !self.wait_for_the_room(&mut stream).await {
                return ended;
            }
        }
        if self.join(&mut stream).await.is_err() {
            return ended;
        }
        while let Some(Ok(message)) = stream.next().await {
            let Message::Text(text) = message else { continue };
            match serde_json::from_str(&text) {
                Ok(ServerFrame::Joined { data }) => {
                    let more = self.joined(&data);
                    if more && self.join(&mut stream).await.is_err() {
                        return ended;
                    }
                }
                Ok(ServerFrame::Message { data }) => self.take(data.cursor),
                Ok(ServerFrame::Closing { data }) => {
                    ended = Ended::Hint(Duration::from_millis(u64::from(data.reconnect_in_ms)));
                }
                _ => {}
            }
        }
        ended
    }

    /// Answers pings until the room is made; whether the connection lasted.
    async fn wait_for_the_room(&self, stream: &mut Stream) -> bool {
        let mut may_join = self.progress.may_join.subscribe();
        loop {
            tokio::select! {
                may = may_join.wait_for(|may| *may) => return may.is_ok(),
                message = stream.next() => if !matches!(message, Some(Ok(_))) {
                    return false;
                },
            }
        }
    }

    async fn join(&self, stream: &mut Stream) -> Result<(), Failed> {
        let join = ClientFrame::Join { room: self.room.clone(), since: self.since, changes: None };
        Ok(stream.send(Message::text(serde_json::to_string(&join)?)).await?)
    }

    /// Takes what was missed; whether there is more of it.
    fn joined(&mut self, joined: &JoinedRoom) -> bool {
        if self.since.is_some() && !joined.recovered {
            self.counters.gaps.fetch_add(1, Ordering::Relaxed);
        }
        if self.since.is_none() || !joined.recovered {
            self.since = Some(joined.head);
            self.note();
            return false;
        }
        for message in &joined.messages {
            self.take(message.cursor);
        }
        joined.has_more
    }

    fn take(&mut self, cursor: Cursor) {
        if self.since.is_some_and(|since| since.seq + 1 != cursor.seq) {
            self.counters.gaps.fetch_add(1, Ordering::Relaxed);
        }
        self.since = Some(cursor);
        self.note();
    }

    fn note(&self) {
        let place = self.since.map_or(-1, |since| i64::try_from(since.seq).unwrap_or(i64::MAX));
        self.progress.note(self.n, place);
    }
}
