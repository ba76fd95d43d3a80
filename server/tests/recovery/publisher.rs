//! Publisher: a client that posts numbered messages to a room in one dialect, and records what is acknowledged.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use protocol::rest::Tokens;
use protocol::{Cursor, RoomId};
use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use crate::library::{self, Library, Packet};
use crate::program::Program;
use crate::text_socket::TextSocket;

/// The most lines that wait for an acknowledgement: a kill finds some of them on their way.
const WINDOW: usize = 50;

/// The dialect of a publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Native,
    ChatApi,
    SkillLift,
    Talim,
}

impl Dialect {
    pub(crate) const ALL: [Self; 4] = [Self::Native, Self::ChatApi, Self::SkillLift, Self::Talim];

    /// Whether a client that reconnects receives what it missed. In other dialects it reads the history.
    pub(crate) fn recovers(self) -> bool {
        matches!(self, Self::Native | Self::Talim)
    }
}

/// The acknowledgement of an own line, as far as the dialect has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) id: Option<String>,
    pub(crate) seq: Option<u64>,
}

pub(crate) struct Publisher {
    pub(crate) dialect: Dialect,
    pub(crate) who: Tokens,
    room: RoomId,
    socket: Option<TextSocket>,
    /// Its position in the native dialect.
    cursor: Option<Cursor>,
    /// Its state in Socket.IO.
    library: Library,
    /// The number of lines sent.
    said: usize,
    /// Their acknowledgements, by their text.
    pub(crate) answered: BTreeMap<String, Answer>,
    /// The lines of the room since the first join, in the order of arrival.
    pub(crate) heard: Vec<String>,
}

impl Publisher {
    pub(crate) fn new(dialect: Dialect, who: Tokens, room: &RoomId) -> Self {
        Self {
            dialect,
            who,
            room: room.clone(),
            socket: None,
            cursor: None,
            library: Library::default(),
            said: 0,
            answered: BTreeMap::new(),
            heard: Vec::new(),
        }
    }

    /// The text of the own line of this number.
    pub(crate) fn line(&self, number: usize) -> String {
        format!("{:?} {number}", self.dialect)
    }

    /// Joins the room, or joins again: missed lines are received like any others.
    pub(crate) async fn enter(&mut self, program: &Program) {
        let (token, room) = (&self.who.access_token, &self.room);
        let path = match self.dialect {
            Dialect::Native => format!("/api/v1/ws?token={token}"),
            Dialect::ChatApi => format!("/api/v1/ws/chat/{room}?token={token}"),
            Dialect::SkillLift => format!("/?token={token}"),
            Dialect::Talim => library::PATH.to_owned(),
        };
        self.socket = Some(TextSocket::open(program, &path).await);
        match self.dialect {
            Dialect::Native => {
                let join = json!({ "type": "join", "data": { "room": room, "since": self.cursor } });
                self.say(join.to_string()).await;
                let joined = self.until(|it| it["type"] == "joined").await;
                assert_eq!(joined["data"]["recovered"], self.cursor.is_some(), "{joined}");
                for message in joined["data"]["messages"].as_array().unwrap() {
                    self.take_native(message);
                }
                self.cursor = Some(serde_json::from_value(joined["data"]["head"].clone()).unwrap());
            }
            Dialect::ChatApi => {
                self.say(json!({ "type": "ping" }).to_string()).await;
                self.until(|it| it["type"] == "pong").await;
            }
            Dialect::SkillLift => {
                let join = json!({ "type": "join_room", "data": { "roomId": room } });
                self.say(join.to_string()).await;
                let me = self.who.user.username.clone();
                self.until(|it| it["type"] == "user_joined" && it["payload"]["userName"] == me.as_str())
                    .await;
            }
            Dialect::Talim => self.enter_by_socket_io().await,
        }
    }

    async fn enter_by_socket_io(&mut self) {
        self.say(self.library.connect(&self.who.access_token)).await;
        self.until(|it| it["packet"] == "40").await;
        if !self.library.is_back() {
            self.say(format!("42{}", json!(["join-chat-room", self.room]))).await;
            self.until(|it| it["data"][0] == "chat-room-history").await;
        }
    }

    /// Sends the next line, if the connection takes it.
    async fn say_next(&mut self) -> bool {
        self.said += 1;
        self.say_line(self.said).await
    }

    /// Sends one of its lines, perhaps again.
    async fn say_line(&mut self, number: usize) -> bool {
        let (text, room) = (self.line(number), &self.room);
        let frame = match self.dialect {
            Dialect::Native => {
                let draft = Uuid::from_u128(number as u128);
                json!({ "type": "post", "data": { "room": room, "draft": draft, "body": text } }).to_string()
            }
            Dialect::ChatApi => json!({ "type": "send_message", "data": { "content": text } }).to_string(),
            Dialect::SkillLift => {
                json!({ "type": "chat_message", "data": { "roomId": room, "message": text } }).to_string()
            }
            Dialect::Talim => {
                let said = json!({ "content": text, "roomId": room, "senderName": "me", "type": "text" });
                format!("42{number}{}", json!(["send-chat-message", said]))
            }
        };
        self.say(frame).await
    }

    async fn say(&mut self, frame: String) -> bool {
        self.socket.as_mut().unwrap().say(frame).await
    }

    /// Posts until the connection ends, and counts acknowledgements.
    pub(crate) async fn post_until_disconnected(&mut self, answers: &watch::Sender<usize>) {
        self.say_again().await;
        let (mut open, before) = (true, self.said - self.answered.len());
        loop {
            while open && self.said - self.answered.len() < before + WINDOW {
                open = self.say_next().await;
            }
            let known = self.answered.len();
            if self.hear().await.is_none() {
                return;
            }
            answers.send_modify(|count| *count += self.answered.len() - known);
        }
    }

    /// Sends unacknowledged lines again, where drafts have ids. In other dialects each line is sent once.
    async fn say_again(&mut self) {
        if self.dialect == Dialect::Native {
            for number in 1..=self.said {
                if !self.answered.contains_key(&self.line(number)) {
                    self.say_line(number).await;
                }
            }
        }
    }

    /// Sends a last line, and waits for its acknowledgement and all earlier ones that can arrive.
    pub(crate) async fn finish(&mut self) {
        self.say_again().await;
        self.say_next().await;
        let last = self.line(self.said);
        while !self.answered.contains_key(&last) {
            assert!(self.hear().await.is_some(), "{last} was not answered");
        }
        let open = self.said - self.answered.len();
        assert!(open == 0 || self.dialect != Dialect::Native, "{open} lines were not answered");
    }

    /// Receives until so many lines have arrived since the first join.
    pub(crate) async fn listen(&mut self, lines: usize) {
        while self.heard.len() < lines {
            let frame = self.hear().await;
            assert!(frame.is_some(), "{:?} heard {} of {lines} lines", self.dialect, self.heard.len());
        }
    }

    async fn until(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame = self.hear().await.unwrap();
            if is_it(&frame) {
                return frame;
            }
        }
    }

    /// Takes the next frame and records it; `None` when the connection has ended.
    async fn hear(&mut self) -> Option<Value> {
        let text = self.socket.as_mut().unwrap().next().await?;
        Some(match self.dialect {
            Dialect::Native => self.take_frame(serde_json::from_str(&text).unwrap()),
            Dialect::ChatApi | Dialect::SkillLift => self.take_echo(serde_json::from_str(&text).unwrap()),
            Dialect::Talim => self.take_packet(&text).await,
        })
    }

    fn take_frame(&mut self, frame: Value) -> Value {
        match frame["type"].as_str() {
            Some("message") => self.take_native(&frame["data"]),
            Some("posted") => {
                let draft = Uuid::parse_str(frame["data"]["draft"].as_str().unwrap()).unwrap();
                let line = self.line(usize::try_from(draft.as_u128()).unwrap());
                let id = frame["data"]["id"].as_str().map(str::to_owned);
                self.answer(line, Answer { id, seq: frame["data"]["cursor"]["seq"].as_u64() });
            }
            _ => {}
        }
        frame
    }

    fn take_native(&mut self, message: &Value) {
        self.cursor = Some(serde_json::from_value(message["cursor"].clone()).unwrap());
        self.heard.push(message["body"].as_str().unwrap().to_owned());
    }

    /// Where the sender's own echo is the acknowledgement.
    fn take_echo(&mut self, frame: Value) -> Value {
        let (said, author, text) = match frame["type"].as_str() {
            Some("new_message") => (&frame["data"], "sender_id", "content"),
            Some("chat_message") => (&frame["payload"], "userId", "message"),
            _ => return frame,
        };
        let line = said[text].as_str().unwrap().to_owned();
        self.heard.push(line.clone());
        if said[author] == self.who.user.id.as_str() {
            let id = said["id"].as_str().map(str::to_owned);
            self.answer(line, Answer { id, seq: None });
        }
        frame
    }

    /// A packet of Socket.IO as `{packet, data}`.
    async fn take_packet(&mut self, text: &str) -> Value {
        let Packet { kind, number, data } = self.library.take(text);
        match kind.as_str() {
            "2" => drop(self.say("3".to_owned()).await),
            "42" if data[0] == "chat-message" => {
                self.heard.push(data[1]["content"].as_str().unwrap().to_owned());
            }
            "43" => {
                assert_eq!(data[0]["ok"], true, "{text}");
                let line = self.line(number.unwrap());
                let id = data[0]["_id"].as_str().map(str::to_owned);
                self.answer(line, Answer { id, seq: data[0]["seq"].as_u64() });
            }
            _ => {}
        }
        json!({ "packet": kind, "data": data })
    }

    fn answer(&mut self, line: String, answer: Answer) {
        match self.answered.entry(line) {
            Entry::Occupied(before) => {
                assert_eq!(*before.get(), answer, "{}: a resend is the same message", before.key());
            }
            Entry::Vacant(place) => {
                place.insert(answer);
            }
        }
    }
}
