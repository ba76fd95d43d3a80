//! Somebody whom notifications reach, in one of the dialects that only listen.

use protocol::rest::Tokens;
use serde_json::Value;

use crate::library::{self, Library, Packet};
use crate::program::Program;
use crate::text_socket::Wire;

/// How a client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ear {
    /// Who was away reads the list.
    QuizMaster,
    /// Who was away is told everything.
    MockVerse,
}

pub(crate) struct Listener {
    pub(crate) ear: Ear,
    who: Tokens,
    wire: Option<Wire>,
    library: Library,
    /// The titles of all notifications, as they were heard.
    pub(crate) heard: Vec<String>,
}

impl Listener {
    pub(crate) fn new(ear: Ear, who: &Tokens) -> Self {
        Self { ear, who: who.clone(), wire: None, library: Library::default(), heard: Vec::new() }
    }

    /// Comes, or comes back.
    pub(crate) async fn enter(&mut self, program: &Program) {
        let token = &self.who.access_token;
        let path = match self.ear {
            Ear::QuizMaster => format!("/ws/endpoint?token={token}"),
            Ear::MockVerse => library::PATH.to_owned(),
        };
        let mut wire = Wire::open(program, &path).await;
        if self.ear == Ear::MockVerse {
            wire.say(self.library.connect(token)).await;
        }
        self.wire = Some(wire);
        // Greeted, or recovered.
        while !self.hear().await.unwrap() {}
    }

    /// Listens until something of this title was heard.
    pub(crate) async fn listen_for(&mut self, title: &str) {
        while !self.heard.iter().any(|it| it == title) {
            assert!(self.hear().await.is_some(), "{:?} was not told `{title}`", self.ear);
        }
    }

    /// Listens until the connection ends.
    pub(crate) async fn listen(&mut self) {
        while self.hear().await.is_some() {}
    }

    /// Takes the next frame; whether it lets one in. `None` when the connection has ended.
    async fn hear(&mut self) -> Option<bool> {
        let wire = self.wire.as_mut().unwrap();
        let text = wire.next().await?;
        Some(match self.ear {
            Ear::QuizMaster => {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["type"] == "notification" {
                    self.heard.push(frame["data"]["title"].as_str().unwrap().to_owned());
                }
                frame["type"] == "connection_status"
            }
            Ear::MockVerse => {
                let Packet { kind, data, .. } = self.library.take(&text);
                if kind == "2" {
                    wire.say("3".to_owned()).await;
                } else if kind == "42" && data[0] == "notification" {
                    self.heard.push(data[1]["title"].as_str().unwrap().to_owned());
                }
                kind == "40"
            }
        })
    }
}
