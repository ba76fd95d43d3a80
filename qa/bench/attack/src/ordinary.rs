//! Ordinary clients: at every gateway, in rooms together, each sending a message every few seconds. They never reconnect, so a
//! client that is disconnected counts.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval_at, timeout};
use uuid::Uuid;

use crate::endpoint::{ENDPOINTS, Endpoint};
use crate::failed::Failed;
use crate::ledger::Ledger;
use crate::network::{Http, next_text, open_socket, send_text, source};
use crate::server::token;

/// How many there are.
pub(crate) const CLIENTS: usize = 200;

/// Rooms that they are in, one each.
const ROOMS: usize = 10;

/// How often each sends a message.
const SAYS_EVERY: Duration = Duration::from_secs(4);

/// How long one may take to come in.
const ENTERS: Duration = Duration::from_secs(20);

/// The addresses of ordinary clients: 127.1.0.0/16.
const GROUP: u8 = 1;

/// One ordinary client.
#[derive(Clone)]
struct OrdinaryClient {
    number: usize,
    room: usize,
    endpoint: Endpoint,
    user: String,
    token: String,
    from: Ipv4Addr,
    to: SocketAddr,
    ledger: Arc<Ledger>,
}

/// All of them.
pub(crate) struct Ordinary {
    clients: Vec<OrdinaryClient>,
    tasks: Vec<JoinHandle<()>>,
    may_speak: watch::Sender<bool>,
}

fn room_id(room: usize) -> String {
    format!("attack-room-{room}")
}

impl Ordinary {
    /// Makes users and rooms, and opens all connections. No client sends before [`Ordinary::speak`].
    pub(crate) async fn enter(to: SocketAddr, ledger: &Arc<Ledger>) -> Result<Self, Failed> {
        let mut clients = Vec::new();
        for number in 0..CLIENTS {
            let user = format!("ordinary-{number}");
            clients.push(OrdinaryClient {
                number,
                room: number % ROOMS,
                endpoint: endpoint_of(number),
                token: token(&user)?,
                user,
                from: source(GROUP, number / 10),
                to,
                ledger: ledger.clone(),
            });
        }
        make_rooms(&clients).await?;
        let (may_speak, _) = watch::channel(false);
        let mut tasks = Vec::new();
        for client in &clients {
            let (frame, is_in) = oneshot::channel();
            let (client, hears) = (client.clone(), may_speak.subscribe());
            let name = format!("{} by {:?}", client.user, client.endpoint);
            tasks.push(tokio::spawn(client.run(frame, hears)));
            match timeout(ENTERS, is_in).await {
                Ok(Ok(())) => {}
                _ => return Err(Failed::NotReady(name)),
            }
        }
        Ok(Self { clients, tasks, may_speak })
    }

    /// Lets them send, or only receive what is still to come.
    pub(crate) fn speak(&self, may: bool) {
        self.may_speak.send_replace(may);
    }

    /// Messages that one of them has not received.
    pub(crate) fn missing(&self, ledger: &Ledger) -> usize {
        let in_rooms = self.clients.iter().filter(|client| client.endpoint != Endpoint::QuizMaster);
        ledger.missing(in_rooms.map(|client| (client.number, client.room)))
    }

    pub(crate) fn end(self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Clients `n`, `n + ROOMS` … share a room, and each room has every endpoint.
fn endpoint_of(number: usize) -> Endpoint {
    ENDPOINTS.get(number / ROOMS % ENDPOINTS.len()).copied().unwrap_or(Endpoint::Native)
}

/// Users come to be when their tokens are first seen; then the first of each room makes it.
async fn make_rooms(clients: &[OrdinaryClient]) -> Result<(), Failed> {
    let failed = |error: io::Error| Failed::NotReady(format!("rooms: {error}"));
    for client in clients {
        let mut http = Http::connect(client.from, client.to).await.map_err(failed)?;
        let authorization = format!("authorization: Bearer {}\r\n", client.token);
        let (status, body) = http.ask("GET", "/api/v1/auth/me", &authorization, "").await.map_err(failed)?;
        if status != 200 {
            return Err(Failed::NotReady(format!("{}: {status} {body}", client.user)));
        }
    }
    for (room, owner) in clients.iter().enumerate().take(ROOMS) {
        let members: Vec<_> = clients.iter().filter(|it| it.room == room).map(|it| &it.user).collect();
        let body = json!({ "id": room_id(room), "name": room_id(room), "member_ids": members }).to_string();
        let headers = format!("authorization: Bearer {}\r\ncontent-type: application/json\r\n", owner.token);
        let mut http = Http::connect(owner.from, owner.to).await.map_err(failed)?;
        let (status, body) = http.ask("POST", "/api/v1/chats", &headers, &body).await.map_err(failed)?;
        if status != 201 {
            return Err(Failed::NotReady(format!("room {room}: {status} {body}")));
        }
    }
    Ok(())
}

impl OrdinaryClient {
    async fn run(self, is_in: oneshot::Sender<()>, may_speak: watch::Receiver<bool>) {
        let ended = match self.endpoint {
            Endpoint::Polling => self.poll(is_in, may_speak).await,
            Endpoint::QuizMaster => self.count(is_in, may_speak).await,
            _ => self.run_in_room(is_in, may_speak).await,
        };
        if let Err(error) = ended {
            self.ledger.note_failure(format!("{} by {:?}: {error}", self.user, self.endpoint));
        }
    }

    fn path(&self) -> String {
        let (room, token) = (room_id(self.room), &self.token);
        match self.endpoint {
            Endpoint::Native => format!("/api/v1/ws?token={token}"),
            Endpoint::ChatApi => format!("/api/v1/ws/chat/{room}?token={token}"),
            Endpoint::SkillLift => format!("/?token={token}"),
            Endpoint::QuizMaster => format!("/ws/endpoint?token={token}"),
            Endpoint::SocketIo => "/socket.io/?EIO=4&transport=websocket".to_owned(),
            Endpoint::Polling => "/socket.io/?EIO=4&transport=polling".to_owned(),
        }
    }

    /// What is sent when the connection is open.
    fn greeting(&self) -> Option<String> {
        let room = room_id(self.room);
        match self.endpoint {
            Endpoint::Native => Some(json!({ "type": "join", "data": { "room": room } }).to_string()),
            Endpoint::SkillLift => {
                Some(json!({ "type": "join_room", "data": { "roomId": room } }).to_string())
            }
            Endpoint::ChatApi => Some(json!({ "type": "ping" }).to_string()),
            _ => None,
        }
    }

    fn join_event(&self) -> String {
        format!("42{}", json!(["join-chat-room", { "roomId": room_id(self.room) }]))
    }

    /// Whether this frame shows that the client is in its room.
    fn is_in(&self, frame: &str) -> bool {
        match self.endpoint {
            Endpoint::Native => frame.starts_with(r#"{"type":"joined""#),
            Endpoint::SkillLift => frame.contains(r#""user_joined""#) && frame.contains(&self.user),
            Endpoint::ChatApi => frame.contains(r#""pong""#),
            _ => frame.contains("chat-room-history"),
        }
    }

    fn line(&self, text: &str) -> String {
        let room = room_id(self.room);
        match self.endpoint {
            Endpoint::Native => {
                json!({ "type": "post", "data": { "room": room, "draft": Uuid::new_v4(), "body": text } })
            }
            Endpoint::ChatApi => json!({ "type": "send_message", "data": { "content": text } }),
            Endpoint::SkillLift => {
                json!({ "type": "chat_message", "data": { "roomId": room, "message": text } })
            }
            _ => {
                let said = json!({ "content": text, "roomId": room, "senderName": "x", "type": "text" });
                return format!("42{}", json!(["send-chat-message", said]));
            }
        }
        .to_string()
    }

    /// The beat in which this one sends; the others have other moments.
    fn beat(&self) -> tokio::time::Interval {
        let share = u32::try_from(self.number).unwrap_or(0);
        let first = SAYS_EVERY * share / u32::try_from(CLIENTS).unwrap_or(1);
        interval_at(Instant::now() + first, SAYS_EVERY)
    }

    /// A client with a WebSocket that is in a room.
    async fn run_in_room(
        &self,
        is_in: oneshot::Sender<()>,
        may_speak: watch::Receiver<bool>,
    ) -> io::Result<()> {
        let mut socket = open_socket(self.from, self.to, &self.path()).await?;
        if let Some(greeting) = self.greeting() {
            send_text(&mut socket, greeting).await?;
        }
        let (mut is_in, mut number, mut beat) = (Some(is_in), 0, self.beat());
        loop {
            tokio::select! {
                frame = next_text(&mut socket) => {
                    let frame = frame?;
                    if let Some(answer) = self.engine_io(&frame) {
                        send_text(&mut socket, answer).await?;
                    }
                    self.ledger.receive(self.number, &frame);
                    if is_in.is_some() && self.is_in(&frame) && let Some(is_in) = is_in.take() {
                        is_in.send(()).ok();
                    }
                    check(&frame)?;
                }
                _ = beat.tick() => if is_in.is_none() && *may_speak.borrow() {
                    number += 1;
                    let text = self.ledger.send(self.room, self.number, number);
                    send_text(&mut socket, self.line(&text)).await?;
                },
            }
        }
    }

    /// The answer of a Socket.IO client to a packet, if there is one.
    fn engine_io(&self, frame: &str) -> Option<String> {
        match self.endpoint {
            Endpoint::SocketIo | Endpoint::Polling if frame.starts_with("0{") => {
                Some(format!("40{}", json!({ "token": self.token })))
            }
            Endpoint::SocketIo | Endpoint::Polling if frame.starts_with("40") => Some(self.join_event()),
            Endpoint::SocketIo | Endpoint::Polling if frame == "2" => Some("3".to_owned()),
            _ => None,
        }
    }

    /// A client of Socket.IO that polls: one connection for what it receives, one for what it sends.
    async fn poll(&self, is_in: oneshot::Sender<()>, may_speak: watch::Receiver<bool>) -> io::Result<()> {
        let mut reads = Http::connect(self.from, self.to).await?;
        let writes = Http::connect(self.from, self.to).await?;
        let base = self.path();
        let (_, open) = reads.ask("GET", &base, "", "").await?;
        let open_packet: serde_json::Value =
            serde_json::from_str(open.trim_start_matches('0')).map_err(io::Error::other)?;
        let sid = open_packet.get("sid").and_then(|it| it.as_str()).unwrap_or_default();
        let path = format!("{base}&sid={sid}");
        let (to_send, waiting) = mpsc::channel::<String>(64);
        tokio::select! {
            ended = self.poll_answers(reads, &path, to_send, is_in) => ended,
            ended = self.post_packets(writes, &path, waiting, may_speak) => ended,
        }
    }

    /// Polls for packets until the session ends, and answers those that want it.
    async fn poll_answers(
        &self,
        mut reads: Http,
        path: &str,
        to_send: mpsc::Sender<String>,
        is_in: oneshot::Sender<()>,
    ) -> io::Result<()> {
        let send = async |text: String| to_send.send(text).await.map_err(io::Error::other);
        let mut is_in = Some(is_in);
        send(format!("40{}", json!({ "token": self.token }))).await?;
        loop {
            let (status, payload) = reads.ask("GET", path, "", "").await?;
            if status != 200 {
                return Err(io::Error::other(format!("a poll got {status} {payload}")));
            }
            for packet in payload.split('\u{1e}') {
                if let Some(answer) = self.engine_io(packet) {
                    send(answer).await?;
                }
                self.ledger.receive(self.number, packet);
                if self.is_in(packet)
                    && let Some(is_in) = is_in.take()
                {
                    is_in.send(()).ok();
                }
                check(packet)?;
            }
        }
    }

    /// Posts what waits, and a message in each beat.
    async fn post_packets(
        &self,
        mut writes: Http,
        path: &str,
        mut waiting: mpsc::Receiver<String>,
        may_speak: watch::Receiver<bool>,
    ) -> io::Result<()> {
        let (mut number, mut beat) = (0, self.beat());
        loop {
            let text = tokio::select! {
                Some(text) = waiting.recv() => text,
                _ = beat.tick() => {
                    if !*may_speak.borrow() {
                        continue;
                    }
                    number += 1;
                    self.line(&self.ledger.send(self.room, self.number, number))
                }
            };
            let (status, answer) = writes.ask("POST", path, "content-type: text/plain\r\n", &text).await?;
            if status != 200 {
                return Err(io::Error::other(format!("a post got {status} {answer}")));
            }
        }
    }

    /// A client of QuizMaster, which is in no room: it has updates counted for it, second by second.
    async fn count(
        &self,
        is_in: oneshot::Sender<()>,
        mut may_speak: watch::Receiver<bool>,
    ) -> io::Result<()> {
        let mut socket = open_socket(self.from, self.to, &self.path()).await?;
        next_text(&mut socket).await?;
        is_in.send(()).ok();
        may_speak.wait_for(|may| *may).await.map_err(io::Error::other)?;
        loop {
            let plan = json!({ "duration_seconds": 10, "frequency_seconds": 1, "message_prefix": "count" });
            send_text(&mut socket, json!({ "type": "simulate", "data": plan }).to_string()).await?;
            let mut count = 0;
            loop {
                let frame = next_text(&mut socket).await?;
                check(&frame)?;
                if frame.contains(r#""update""#) {
                    count += 1;
                    if !frame.contains(&format!("count #{count}\"")) {
                        return Err(io::Error::other(format!("update {count} is missing: {frame}")));
                    }
                } else if frame.contains(r#""complete""#) {
                    if count != 10 {
                        return Err(io::Error::other(format!("{count} updates of 10")));
                    }
                    break;
                }
            }
        }
    }
}

/// An error is something that an ordinary client never receives.
fn check(frame: &str) -> io::Result<()> {
    let is_error = frame.starts_with(r#"{"type":"error""#) || frame.starts_with(r#"42["error""#);
    if is_error || frame.starts_with("44") {
        return Err(io::Error::other(frame.to_owned()));
    }
    Ok(())
}
