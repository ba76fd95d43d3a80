//! Volume of a room: it grew while its clients were away. A native client gets all of it page by page, a raw one over REST,
//! and a Socket.IO client learns that it starts over and is in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use protocol::RoomId;
use protocol::rest::Tokens;
use tokio::sync::watch;

use super::{RunningClient, Stage};
use crate::body::{grow, name_of};
use crate::checker::check;
use crate::history::{ChangedState, History, Observation, Position, Sent, Stored};
use crate::real::client::{Absence, Phase};
use crate::real::clients::{Behaviour, Native, SocketIo, Transport};
use crate::real::options::Error;
use crate::real::proxy::Proxy;
use crate::real::rest::Rest;

/// So long may reading all of it over REST take.
const READING: Duration = Duration::from_mins(15);

/// Messages that are on their way to the server at the same time.
const AT_ONCE: usize = 16;

/// A client that comes back: how a report names it, and whether its network is cut.
struct Return {
    words: &'static str,
    is_cut: bool,
    client: RunningClient,
    phase: watch::Sender<Phase>,
}

impl Stage {
    /// All of it: clients leave, the room grows, they come back.
    pub(super) async fn room(&mut self) -> Result<(), Error> {
        self.sign_in().await?;
        let epochs = self.rest.epochs(&self.author).await?;
        let mut returns = Vec::new();
        for is_cut in [false, true] {
            for words in ["native", "socket.io"] {
                returns.push(self.leaves(words, is_cut, &epochs).await?);
            }
        }
        // Those of Socket.IO have to be in the room before they can miss anything.
        while self.counters.started_over.get() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let sent = self.grow_room().await?;
        let (reader, room) = (self.author.clone(), self.room.clone());
        let mut stored = Vec::new();
        for is_cut in [false, true] {
            stored = self.read_by_rest(&reader, &room, is_cut).await?;
        }
        let last =
            stored.iter().max_by_key(|it| it.position.seq).map(|it| it.text.clone()).unwrap_or_default();
        let mut history = History { sent, stored, ..History::default() };
        for back in returns {
            self.comes_back(back, &last, &mut history).await?;
        }
        // Who is present changes while one part follows the other, and is not what is judged here.
        for view in &mut history.views {
            view.end.present.clear();
        }
        self.report.violations.extend(check(&history).iter().map(ToString::to_string));
        Ok(())
    }

    /// A client that was in the room before it grew.
    async fn leaves(
        &self,
        words: &'static str,
        is_cut: bool,
        epochs: &BTreeMap<RoomId, u32>,
    ) -> Result<Return, Error> {
        let (phase, _) = watch::channel(Phase::Active { is_burst: false });
        let user = self.users.first().unwrap_or(&self.author);
        let room = self.room.to_string();
        let (behaviour, absence): (Box<dyn Behaviour>, _) = if words == "native" {
            (Box::new(Native::new(std::slice::from_ref(&self.room), epochs)), Absence::UntilHeal)
        } else {
            let (token, user_id) = (user.access_token.clone(), user.user.id.as_str());
            let behaviour = SocketIo::new(Transport::WebSocket, token, vec![room], user_id).with_entries();
            (Box::new(behaviour), Absence::AfterJoining)
        };
        let client = self.client(behaviour, user, absence, &phase).await?;
        client.expected.send_replace(Some(Arc::default()));
        Ok(Return { words, is_cut, client, phase })
    }

    /// Says so many messages, and one that is certainly the last.
    async fn grow_room(&mut self) -> Result<Vec<Sent>, Error> {
        self.memory.take();
        let begun = Instant::now();
        let (amount, next) = (self.amount, Arc::new(AtomicUsize::new(0)));
        let speakers = (0..AT_ONCE).map(|_| {
            let (rest, who, room, next) =
                (self.rest.clone(), self.author.clone(), self.room.clone(), next.clone());
            tokio::spawn(async move {
                let mut sent = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= amount.messages {
                        return Ok::<_, Error>(sent);
                    }
                    sent.push(send(&rest, &who, &room, &format!("line {number}"), amount.bytes).await?);
                }
            })
        });
        let mut sent = Vec::new();
        for speaker in speakers.collect::<Vec<_>>() {
            sent.extend(speaker.await??);
        }
        sent.push(send(&self.rest, &self.author, &self.room, "the last line", amount.bytes).await?);
        self.note(
            format!("{} messages of {} bytes are said in a room", amount.messages, amount.bytes),
            begun,
            0,
        );
        self.sign_in().await?;
        Ok(sent)
    }

    /// What a client of a raw dialect does that was away: it asks over REST for what comes after the last number it has.
    async fn read_by_rest(
        &mut self,
        who: &Tokens,
        room: &RoomId,
        is_cut: bool,
    ) -> Result<Vec<Stored>, Error> {
        let epoch = self.rest.epochs(who).await?.get(room).copied();
        let proxy = Proxy::start(self.program.address(), self.counters.clone()).await?;
        let (address, server) = watch::channel(Some(proxy.addr));
        let (rest, begun) = (Rest::new(server)?, Instant::now());
        let mut stored: Vec<Stored> = Vec::new();
        let mut attempts = 0;
        let reading = async {
            loop {
                let after = stored.last().and_then(|it| it.position.seq).unwrap_or_default();
                attempts += 1;
                let Ok(page) = rest.page_after(who, room, after).await else {
                    if is_cut {
                        continue;
                    }
                    return Err("a page was not answered");
                };
                for message in page.messages {
                    let id = Some(message.id.to_string());
                    let position = Position { epoch, seq: Some(message.seq), id };
                    let text = name_of(&message.content).unwrap_or("a part of a text").to_owned();
                    stored.push(Stored {
                        room: room.to_string(),
                        position,
                        text,
                        state: ChangedState::default(),
                    });
                }
                if !page.has_more {
                    return Ok(());
                }
            }
        };
        let read = tokio::select! {
            read = reading => read,
            () = self.cut_again_and_again(&proxy), if is_cut => Err("nothing is cut any more"),
            () = tokio::time::sleep(READING) => Err("it was not over in time"),
        };
        drop(address);
        let network = if is_cut { ", cut again and again" } else { "" };
        self.note(format!("all of them are read over REST with `after`{network}"), begun, attempts);
        self.report.violations.extend(read.err().map(|error| format!("reading over REST: {error}")));
        Ok(stored)
    }

    async fn comes_back(&mut self, back: Return, last: &str, history: &mut History) -> Result<(), Error> {
        let Return { words, is_cut, client, phase } = back;
        let (begun, before) = (Instant::now(), self.counters.connections.get());
        phase.send_replace(Phase::Heal);
        let room = self.room.to_string();
        let clients = [client];
        let is_there = |status: &super::ClientStatus| {
            status.is_settled && status.last.get(&room).is_some_and(|text| text == last)
        };
        let arrived = self.wait(&clients, is_cut, is_there).await;
        let network = if is_cut { ", cut again and again" } else { "" };
        let connections = self.counters.connections.get() - before;
        self.note(format!("a client that was away comes back: {words}{network}"), begun, connections);
        if !arrived {
            self.report.violations.push(format!("the client ({words}{network}) is not where the room is"));
        }
        phase.send_replace(Phase::Over);
        let [client] = clients;
        let record = client.task.await?;
        if words == "socket.io" {
            let is_start = |it: &&Observation| {
                matches!(it, Observation::StartedOver { .. } | Observation::Recovered { .. })
            };
            let starts = record.view.observations.iter().filter(is_start).collect::<Vec<_>>();
            if starts.iter().any(|it| matches!(it, Observation::Recovered { .. })) && !is_cut {
                self.report.violations.push("a client that missed too much was recovered".to_owned());
            }
        }
        self.report.violations.extend(record.anomalies);
        history.views.push(record.view);
        Ok(())
    }
}

/// Sends a message until it is stored; a draft makes it one, however often it is sent.
async fn send(rest: &Rest, who: &Tokens, room: &RoomId, name: &str, bytes: usize) -> Result<Sent, Error> {
    let said = rest.send(who, room.as_str(), &grow(name, bytes, '.')).await?;
    let position = Position { seq: Some(said.seq), id: Some(said.id.to_string()), ..Position::default() };
    Ok(Sent {
        client: "the author".to_owned(),
        room: room.to_string(),
        text: name.to_owned(),
        acknowledged: Some(position),
        is_persistent: false,
    })
}
