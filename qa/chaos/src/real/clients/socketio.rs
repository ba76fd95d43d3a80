//! Socket.IO client: comes back as the client library does, with the private id that it was given and the offset of the last
//! event. In rooms it uses Talim; without rooms it listens, as MockVerse does.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use engineio::codec::kind;
use serde_json::{Value, json};
use socketio::codec::{ClientEvent, IncomingArgs, MAIN, OutgoingArgs, Packet, PacketDecoder, event};

use super::{Behaviour, Next, field, inbox_of, is_for_a_time, is_notice};
use crate::body::name_of;
use crate::history::{EntryKind, Position};
use crate::real::journal::Journal;

/// The refusal of a connection, which only a server sends, so the decoder of clients' packets does not know it.
const CONNECT_ERROR: char = '4';

/// How the frames of a client travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::real) enum Transport {
    WebSocket,
    Polling,
    /// Polls at first, as the client library does by itself.
    Both,
}

pub(in crate::real) struct SocketIo {
    transport: Transport,
    token: String,
    rooms: Vec<String>,
    /// The inbox as a room of the history; `None` for a client that keeps account of its entries.
    inbox: Option<String>,
    /// The private id and the last offset, as the library keeps them.
    pid: Option<String>,
    offset: Option<String>,
    is_connected: bool,
    /// Rooms that this client is subscribed to.
    joined: BTreeSet<String>,
    /// Texts that it received: history comes again when the client starts over.
    known: BTreeSet<String>,
    /// Lines whose callbacks were not called, by their numbers. A join has none of its own.
    waiting: BTreeMap<u64, String>,
    last_ack: u64,
}

impl SocketIo {
    pub(in crate::real) fn new(transport: Transport, token: String, rooms: Vec<String>, user: &str) -> Self {
        Self {
            transport,
            token,
            rooms,
            inbox: Some(inbox_of(user)),
            pid: None,
            offset: None,
            is_connected: false,
            joined: BTreeSet::new(),
            known: BTreeSet::new(),
            waiting: BTreeMap::new(),
            last_ack: 0,
        }
    }

    /// A client that keeps account of direct messages and jobs, and of no other notifications.
    pub(in crate::real) fn with_entries(self) -> Self {
        Self { inbox: None, ..self }
    }

    /// What the library sends when its transport is open.
    fn connect(&self, out: &mut Vec<String>) {
        let mut auth = json!({ "token": self.token });
        if let (Some(pid), Some(auth)) = (&self.pid, auth.as_object_mut()) {
            auth.insert("pid".to_owned(), json!(pid));
            auth.insert("offset".to_owned(), json!(self.offset));
        }
        out.push(format!("40{auth}"));
    }

    fn connected(&mut self, answer: &Value, journal: &mut Journal, out: &mut Vec<String>) {
        let pid = field(answer, "pid").as_str().map(str::to_owned);
        let is_recovered = pid.is_some() && pid == self.pid;
        self.pid = pid;
        self.is_connected = true;
        if is_recovered {
            for room in self.joined.iter().chain(&self.inbox) {
                journal.recovered(room);
            }
        } else {
            self.inbox.iter().for_each(|inbox| journal.started_over(inbox));
            self.joined.clear();
        }
        for room in self.rooms.iter().filter(|room| !self.joined.contains(*room)) {
            emit(out, None, "join-chat-room", &json!({ "roomId": room }));
        }
    }

    fn event(&mut self, event: &ClientEvent, journal: &mut Journal) -> Next {
        let data: Value = event.args.get(0).unwrap_or_default();
        match &*event.name {
            "chat-message" => {
                let (text, room) = (text_of(&data, "content"), text_of(&data, "roomId"));
                self.known.insert(name_of(text).unwrap_or(text).to_owned());
                journal.received(room, position_of(&data, "_id"), text);
                if field(&data, "senderId") == journal.user() && journal.has_sent(text) {
                    journal.acknowledged(text, position_of(&data, "_id"));
                }
            }
            "chat-room-history" => {
                let room = text_of(&data, "roomId");
                journal.started_over(room);
                for message in field(&data, "messages").as_array().map(Vec::as_slice).unwrap_or_default() {
                    let text = text_of(message, "content");
                    if self.known.insert(name_of(text).unwrap_or(text).to_owned()) {
                        journal.received(room, position_of(message, "_id"), text);
                    }
                }
                self.joined.insert(room.to_owned());
            }
            "notification" => {
                let title = text_of(&data, "title");
                match &self.inbox {
                    Some(inbox) => journal.received(inbox, position_of(&data, "id"), title),
                    None if is_notice(title) => journal.entry(title, None, None),
                    None => {}
                }
            }
            "analysis:completed" if self.inbox.is_none() => {
                journal.entry(text_of(&data, "interviewId"), Some(text_of(&data, "analysis")), None);
            }
            "error" => {
                journal.counters().temporary_errors.one();
                if !is_for_a_time(text_of(&data, "code")) {
                    journal.anomaly(format!("was refused: {data}"));
                }
                return Next::Reconnect;
            }
            "chat-room-left" => journal.anomaly(format!("was taken out: {data}")),
            _ => {}
        }
        self.note_offset(event);
        Next::Continue
    }

    /// The library keeps the last argument of every event, the name included, where that is a text.
    fn note_offset(&mut self, event: &ClientEvent) {
        let args: &IncomingArgs = &event.args;
        let last = match args.len().checked_sub(1) {
            Some(last) => args.get::<String>(last).ok(),
            None => Some(event.name.to_string()),
        };
        if let (Some(_), Some(last)) = (&self.pid, last) {
            self.offset = Some(last);
        }
    }

    fn answered(&mut self, id: u64, args: &IncomingArgs, journal: &mut Journal) {
        let answer: Value = args.get(0).unwrap_or_default();
        let Some(text) = self.waiting.remove(&id) else {
            return journal.anomaly(format!("callback {id} was called and is not there"));
        };
        if *field(&answer, "ok") == json!(true) {
            let position = Position { seq: field(&answer, "seq").as_u64(), ..position_of(&answer, "_id") };
            return journal.acknowledged(&text, position);
        }
        journal.counters().temporary_errors.one();
        if !is_for_a_time(text_of(&answer, "code")) {
            journal.anomaly(format!("`{text}` was refused: {answer}"));
        }
    }

    fn packet(&mut self, text: &str, journal: &mut Journal, out: &mut Vec<String>) -> Next {
        if text.starts_with(CONNECT_ERROR) {
            journal.counters().temporary_errors.one();
            if !["unavailable", "too_many", "internal"].iter().any(|code| text.contains(code)) {
                journal.anomaly(format!("was not let in: {text}"));
            }
            return Next::Reconnect;
        }
        match PacketDecoder::new(0, text.len()).text(&Bytes::copy_from_slice(text.as_bytes())) {
            Ok(Some(Packet::Connect { payload, .. })) => {
                let answer = serde_json::from_slice(&payload.unwrap_or_default()).unwrap_or_default();
                self.connected(&answer, journal, out);
                Next::Continue
            }
            Ok(Some(Packet::Event { event, .. })) => self.event(&event, journal),
            Ok(Some(Packet::Ack { id, args, .. })) => {
                self.answered(id, &args, journal);
                Next::Continue
            }
            Ok(Some(Packet::Disconnect { .. }) | None) => Next::Reconnect,
            Err(error) => {
                journal.anomaly(format!("received what is no packet: {error}: {text}"));
                Next::Reconnect
            }
        }
    }
}

impl Behaviour for SocketIo {
    fn path(&self, _: &str) -> String {
        let first = if self.transport == Transport::WebSocket { "websocket" } else { "polling" };
        format!("/socket.io/?EIO=4&transport={first}")
    }

    fn begin(&mut self, _: &mut Journal, _: &mut Vec<String>) {
        self.is_connected = false;
        // The library forgets the callbacks of a connection that has ended.
        self.waiting.clear();
    }

    fn receive(&mut self, frame: &str, journal: &mut Journal, out: &mut Vec<String>) -> Next {
        let rest = frame.get(1..).unwrap_or_default();
        match frame.bytes().next() {
            Some(kind::OPEN) => self.connect(out),
            Some(kind::PING) => out.push(char::from(kind::PONG).to_string()),
            Some(kind::MESSAGE) => return self.packet(rest, journal, out),
            Some(kind::NOOP) => {}
            Some(kind::CLOSE) => return Next::Reconnect,
            _ => journal.anomaly(format!("received what is no packet: {frame}")),
        }
        Next::Continue
    }

    fn send(&mut self, room: &str, text: String, journal: &mut Journal, out: &mut Vec<String>) {
        if !self.is_connected || !self.joined.contains(room) {
            return;
        }
        journal.note_sent(room, &text, false);
        self.last_ack += 1;
        let said = json!({ "content": text, "roomId": room, "senderName": "me", "type": "text" });
        emit(out, Some(self.last_ack), "send-chat-message", &said);
        self.waiting.insert(self.last_ack, text);
    }

    fn tick(&mut self, _: &mut Journal, _: &mut Vec<String>) {}

    fn is_settled(&self) -> bool {
        self.is_connected && self.joined.len() == self.rooms.len() && self.waiting.is_empty()
    }

    fn upgrades(&self) -> bool {
        self.transport == Transport::Both
    }

    fn rooms(&self) -> &[String] {
        &self.rooms
    }

    fn subscriptions(&self) -> BTreeSet<String> {
        self.rooms.iter().chain(&self.inbox).cloned().collect()
    }

    fn kinds(&self) -> BTreeSet<EntryKind> {
        if self.inbox.is_some() { BTreeSet::new() } else { [EntryKind::Job, EntryKind::Notice].into() }
    }
}

fn emit(out: &mut Vec<String>, ack: Option<u64>, name: &str, data: &Value) {
    let packet = event(MAIN, ack, name, &OutgoingArgs::new().with_raw(&data.to_string()));
    out.push(format!("{}{}", char::from(kind::MESSAGE), String::from_utf8_lossy(&packet.text)));
}

fn text_of<'a>(data: &'a Value, key: &str) -> &'a str {
    field(data, key).as_str().unwrap_or_default()
}

fn position_of(data: &Value, key: &str) -> Position {
    Position { id: field(data, key).as_str().map(str::to_owned), ..Position::default() }
}
