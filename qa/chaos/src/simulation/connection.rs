//! Simulated connection: the tasks that a gateway would have for it, and the link between them and the client.

use std::convert::Infallible;
use std::sync::Arc;

use hub::{
    ClientSession, ClientTransport, DeliveryPolicy, HubError, InboxStart, Outbox, OutboxReceiver,
    RoomPosition, StreamPosition, WriterAction,
};
use protocol::CloseCode;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::frames::{Request, ServerFrame, encode};
use super::ingress::{Ingress, TaskReport};
use super::positions::Positions;
use super::rng::Rng;
use super::scenario::LinkProfile;
use super::transport::ResumeTransport;

/// Frames that leave at once.
const BURST: usize = 6;
/// Requests that wait for the server's end.
const REQUESTS: usize = 1_024;

/// A connection as the world sees it.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) device: usize,
    pub(crate) instance: u32,
    pub(crate) link: LinkProfile,
    /// `None` once the server knows that it has ended.
    pub(crate) uplink: Option<Uplink>,
    free: mpsc::Sender<()>,
    tasks: [AbortHandle; 2],
    pub(crate) up: LinkHalf,
    pub(crate) down: LinkHalf,
}

/// What the server has of the way from the client. Dropped when the server notices that the connection is lost.
#[derive(Debug)]
pub(crate) struct Uplink {
    requests: mpsc::Sender<Request>,
    _open: oneshot::Sender<Infallible>,
}

impl Uplink {
    /// Hands on a request.
    ///
    /// # Errors
    /// The server's end is gone, or too much waits.
    pub(crate) fn send(&self, request: Request) -> Result<(), TrySendError<Request>> {
        self.requests.try_send(request)
    }
}

/// One direction of a connection.
#[derive(Debug)]
pub(crate) struct LinkHalf {
    rng: Rng,
    /// When the last frame arrives.
    busy_until: u64,
    /// What would arrive later is lost.
    pub(crate) ends_at: Option<u64>,
}

impl LinkHalf {
    fn new(rng: Rng) -> Self {
        Self { rng, busy_until: 0, ends_at: None }
    }

    /// When a frame that leaves now arrives: never, once or twice.
    pub(crate) fn arrivals(&mut self, now: u64, link: &LinkProfile) -> Vec<u64> {
        let (least, most) = link.delay_ms;
        let mut delay = self.rng.between(least, most);
        if self.rng.percent(link.stalls) {
            delay += self.rng.between(500, 5_000);
        }
        if link.loss == 0 {
            self.busy_until = self.busy_until.max(now + delay);
            return vec![self.busy_until];
        }
        if self.rng.percent(link.loss) {
            return Vec::new();
        }
        // Nothing waits for what was sent before: frames overtake each other.
        let mut arrivals = vec![now + delay];
        if self.rng.percent(link.loss) {
            arrivals.push(now + self.rng.between(least, most * 2));
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
        let grace = if self.rng.percent(50) { 0 } else { self.rng.between(0, most_ms) };
        let end = self.ends_at.map_or(now + grace, |end| end.min(now + grace));
        self.ends_at = Some(end);
        end
    }

    /// Whether something that arrives at a moment is lost.
    pub(crate) fn is_lost(&self, moment: u64) -> bool {
        self.ends_at.is_some_and(|end| moment > end)
    }

    /// So many milliseconds until a side notices the cut.
    pub(crate) fn notices_after(&mut self, most_ms: u64) -> u64 {
        self.rng.between(1, most_ms)
    }
}

impl Connection {
    /// Starts the tasks of a connection that the hub has taken in.
    pub(crate) fn open(
        (number, device, instance): (u32, usize, u32),
        link: LinkProfile,
        seed: u64,
        (session, outbox, receiver): (ClientSession, Outbox, OutboxReceiver),
        arrival: Arrival,
        ingress: Ingress,
    ) -> Self {
        let (requests, requests_of_client) = mpsc::channel(REQUESTS);
        let (free, free_again) = mpsc::channel(4);
        let (open, lost) = oneshot::channel();
        let reader = tokio::spawn(serve(session, arrival, requests_of_client, lost, outbox));
        let writer = tokio::spawn(write(number, receiver, free_again, ingress));
        let way = |name: &str| LinkHalf::new(Rng::new(seed, &format!("{name} {number}")));
        Self {
            device,
            instance,
            link,
            uplink: Some(Uplink { requests, _open: open }),
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
        self.uplink = None;
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// What a connection is for, which a gateway sees to before it carries out requests.
pub(crate) enum Arrival {
    /// Rooms alone.
    Rooms,
    /// Rooms, and what reaches the user.
    Inbox(InboxStart),
    /// The same, from the client's positions, if it was connected before.
    Resume(Option<Positions>, Arc<ResumeTransport>),
}

impl Arrival {
    async fn enter(self, session: &mut ClientSession) -> Result<(), HubError> {
        match self {
            Self::Rooms => Ok(()),
            Self::Inbox(start) => session.subscribe_to_inbox(start, None).await,
            Self::Resume(positions, transport) => resume(session, positions, &transport).await,
        }
    }
}

/// As the gateway of Socket.IO: whether it is recovered comes first, then what was missed.
async fn resume(
    session: &mut ClientSession,
    positions: Option<Positions>,
    transport: &ResumeTransport,
) -> Result<(), HubError> {
    let back = match &positions {
        Some(positions @ Positions { inbox: Some(inbox), .. }) => session
            .positions_to_resume(*inbox, |heads| positions.locate(heads))
            .await?
            .map(|rooms| (rooms, *inbox)),
        _ => None,
    };
    let recovered = back.is_some();
    let answer = encode(&ServerFrame::Resumed { recovered }).unwrap_or_default();
    let Some((rooms, inbox)) = back else {
        // A client that is gone is noticed where its requests come from.
        transport.push(answer, DeliveryPolicy::Reliable).ok();
        return session.subscribe_to_inbox(InboxStart::Fresh, None).await;
    };
    transport.stands(Positions { inbox: Some(inbox), ..Positions::default() });
    for RoomPosition { room, cursor, rev } in &rooms {
        transport.place(StreamPosition::Room(room, *cursor, *rev));
    }
    transport.push(answer, DeliveryPolicy::Reliable).ok();
    session.resume(&rooms);
    session.subscribe_to_inbox(InboxStart::Resumed(inbox), None).await
}

/// Lets a client in, then carries out requests in order until either side ends the connection, as every gateway does.
async fn serve(
    mut session: ClientSession,
    arrival: Arrival,
    mut requests: mpsc::Receiver<Request>,
    mut lost: oneshot::Receiver<Infallible>,
    outbox: Outbox,
) {
    if let Err(error) = arrival.enter(&mut session).await {
        let is_over = matches!(error, HubError::Stopping);
        return outbox.close(if is_over { CloseCode::Restart } else { CloseCode::Internal });
    }
    loop {
        // What a client asks for itself does not close it: its next request waits until there is room for the answer, or
        // until the server notices that the client is lost.
        tokio::select! {
            biased;
            () = outbox.room_available() => {}
            _ = &mut lost => break,
        }
        let request = tokio::select! {
            biased;
            () = outbox.closed() => break,
            request = requests.recv() => request,
        };
        if let Some(Request::Receipt { token }) = &request {
            outbox.answer(*token);
        }
        match request.as_ref().map(Request::command) {
            Some(Some(command)) => session.handle(command).await,
            Some(None) => {}
            None => break,
        }
    }
}

/// Takes frames out of the outbox as fast as the way to the client has room for them.
async fn write(
    connection: u32,
    mut receiver: OutboxReceiver,
    mut free: mpsc::Receiver<()>,
    ingress: Ingress,
) {
    loop {
        let mut items = Vec::new();
        match receiver.next(&mut items, BURST).await {
            WriterAction::Frames => ingress.report(TaskReport::Frames { connection, items }),
            WriterAction::Close(code) => return ingress.report(TaskReport::Closed { connection, code }),
        }
        // A writer that is stuck ends like any other.
        tokio::select! {
            biased;
            room = free.recv() => if room.is_none() { return },
            () = receiver.closed() => {}
        }
    }
}

/// Why a client comes back at its leisure instead of soon.
pub(crate) fn is_patient(code: Option<CloseCode>) -> bool {
    matches!(code, Some(CloseCode::Restart))
}
