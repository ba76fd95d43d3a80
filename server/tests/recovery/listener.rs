//! Listener: a client that only receives notifications, in one of the dialects for that.

use protocol::rest::Tokens;
use serde_json::Value;

use crate::library::{self, Library, Packet};
use crate::program::Program;
use crate::text_socket::TextSocket;

/// A dialect that receives notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListenerDialect {
    /// An absent client reads the list afterwards.
    QuizMaster,
    /// An absent client receives everything afterwards.
    MockVerse,
}

pub(crate) struct Listener {
    pub(crate) dialect: ListenerDialect,
    who: Tokens,
    socket: Option<TextSocket>,
    library: Library,
    /// The titles of all notifications, in the order of arrival.
    pub(crate) heard: Vec<String>,
}

impl Listener {
    pub(crate) fn new(dialect: ListenerDialect, who: &Tokens) -> Self {
        Self { dialect, who: who.clone(), socket: None, library: Library::default(), heard: Vec::new() }
    }

    /// Connects, or reconnects.
    pub(crate) async fn enter(&mut self, program: &Program) {
        let token = &self.who.access_token;
        let path = match self.dialect {
            ListenerDialect::QuizMaster => format!("/ws/endpoint?token={token}"),
            ListenerDialect::MockVerse => library::PATH.to_owned(),
        };
        let mut socket = TextSocket::open(program, &path).await;
        if self.dialect == ListenerDialect::MockVerse {
            socket.say(self.library.connect(token)).await;
        }
        self.socket = Some(socket);
        // Greeted, or recovered.
        while !self.hear().await.unwrap() {}
    }

    /// Receives until a notification of this title arrives.
    pub(crate) async fn listen_for(&mut self, title: &str) {
        while !self.heard.iter().any(|it| it == title) {
            assert!(self.hear().await.is_some(), "{:?} was not told `{title}`", self.dialect);
        }
    }

    /// Receives until the connection ends.
    pub(crate) async fn listen(&mut self) {
        while self.hear().await.is_some() {}
    }

    /// Takes the next frame; whether it confirms the connection. `None` when the connection has ended.
    async fn hear(&mut self) -> Option<bool> {
        let socket = self.socket.as_mut().unwrap();
        let text = socket.next().await?;
        Some(match self.dialect {
            ListenerDialect::QuizMaster => {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["type"] == "notification" {
                    self.heard.push(frame["data"]["title"].as_str().unwrap().to_owned());
                }
                frame["type"] == "connection_status"
            }
            ListenerDialect::MockVerse => {
                let Packet { kind, data, .. } = self.library.take(&text);
                if kind == "2" {
                    socket.say("3".to_owned()).await;
                } else if kind == "42" && data[0] == "notification" {
                    self.heard.push(data[1]["title"].as_str().unwrap().to_owned());
                }
                kind == "40"
            }
        })
    }
}
