//! World of a run: the users and rooms on one data folder, which may outlive several rounds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use protocol::RoomId;
use protocol::rest::Tokens;
use rand::RngExt;
use rand::rngs::StdRng;

use super::client::Absence;
use super::clients::{
    Behaviour, ChatApi, Endpoint, Listener, Native, QuizMaster, SkillLift, SocketIo, Transport, inbox_of,
};
use super::options::Error;
use super::program::Program;
use super::report::Counters;
use super::rest::Rest;
use crate::body::name_of;
use crate::history::{ChangedState, Entry, History, Position, Sent, Stored};

/// Rooms of all users; each client is subscribed to some of them.
const ROOMS: usize = 6;

/// Clients of one user, about.
const CLIENTS_EACH: usize = 3;

/// Users all of whose clients end before the checks, so that some users are absent then.
pub(super) const EARLY: usize = 2;

/// Users who are absent most of the time: one for each way to receive an inbox, and two that leave a room.
const ABSENTEES: usize = 10;

/// The room of the absentees and of the first user.
const HIDEOUT: &str = "hideout";

/// What the rounds on one data folder have in common.
pub(super) struct Testbed {
    pub(super) program: Program,
    pub(super) rest: Rest,
    rooms: Vec<RoomId>,
    epochs: BTreeMap<RoomId, u32>,
    /// Signed in for this round. The last ones are those whose clients end early.
    pub(super) accounts: Vec<Tokens>,
    /// The absent users, signed in for this round.
    pub(super) absentees: Vec<Tokens>,
    pub(super) hideout: RoomId,
    /// Everything that was sent in the rounds before.
    pub(super) sent: Vec<Sent>,
    /// What was sent to inboxes in the rounds before; whatever was acknowledged was delivered in its round.
    pub(super) entries: Vec<Entry>,
    pub(super) counters: Arc<Counters>,
    _folder: tempfile::TempDir,
}

/// Which client is to be made, and for whom.
pub(super) struct Role {
    pub(super) name: String,
    pub(super) account: Tokens,
    pub(super) behaviour: Box<dyn Behaviour>,
    pub(super) dies_early: bool,
    pub(super) absence: Absence,
}

impl Testbed {
    /// A server that has never run, with users and rooms.
    pub(super) async fn create(path: &Path, clients: usize, counters: Arc<Counters>) -> Result<Self, Error> {
        let folder = tempfile::tempdir().map_err(Error::io("a data folder could not be made"))?;
        let mut program = Program::new(path, folder.path());
        program.start().await?;
        let rest = Rest::new(program.address())?;
        let mut accounts = Vec::new();
        for number in 0..clients.div_ceil(CLIENTS_EACH) + EARLY {
            accounts.push(rest.register(&format!("user-{number}")).await?);
        }
        let mut rooms = Vec::new();
        for number in 0..ROOMS {
            rooms.push(rest.create_room(&format!("room-{number}"), &accounts).await?);
        }
        let mut absentees = Vec::new();
        for number in 0..ABSENTEES {
            absentees.push(rest.register(&format!("absentee-{number}")).await?);
        }
        let insiders: Vec<Tokens> = accounts.iter().take(1).chain(&absentees).cloned().collect();
        let hideout = rest.create_room(HIDEOUT, &insiders).await?;
        let reader = accounts.first().ok_or_else(|| Error::Options("a run needs clients".to_owned()))?;
        let epochs = rest.epochs(reader).await?;
        let (sent, entries) = (Vec::new(), Vec::new());
        Ok(Self {
            program,
            rest,
            rooms,
            epochs,
            accounts,
            absentees,
            hideout,
            sent,
            entries,
            counters,
            _folder: folder,
        })
    }

    /// Signs everybody in anew: a round begins with fresh tokens.
    pub(super) async fn sign_in(&mut self) -> Result<(), Error> {
        for account in self.accounts.iter_mut().chain(&mut self.absentees) {
            *account = self.rest.sign_in(&account.user.username).await?;
        }
        Ok(())
    }

    /// The clients of a round: two of five are native, the others use the other dialects.
    pub(super) fn roles(&self, round: u64, clients: usize, random: &mut StdRng) -> Vec<Role> {
        let first = self.accounts.len().saturating_sub(EARLY);
        let (remaining, leaving) = self.accounts.split_at_checked(first).unwrap_or((&self.accounts, &[]));
        let mut roles = Vec::new();
        let accounts = remaining.iter().cycle().take(clients.saturating_sub(leaving.len()));
        for (number, account) in accounts.enumerate() {
            let (dialect, behaviour) = self.behaviour(number, account, random);
            let name = format!("{dialect}-{round}-{number}");
            let (account, absence) = (account.clone(), Absence::Never);
            roles.push(Role { name, account, behaviour, dies_early: false, absence });
        }
        for (number, account) in leaving.iter().take(clients).enumerate() {
            let behaviour = Box::new(Native::new(&self.some_rooms(random), &BTreeMap::new()));
            let name = format!("leaver-{round}-{number}");
            let (account, absence) = (account.clone(), Absence::Never);
            roles.push(Role { name, account, behaviour, dies_early: true, absence });
        }
        roles.extend(self.absent_roles(round, random));
        roles
    }

    /// Clients that are not there most of the time.
    fn absent_roles(&self, round: u64, random: &mut StdRng) -> Vec<Role> {
        let mut roles = Vec::new();
        for (number, account) in self.absentees.iter().enumerate() {
            let (user, token) = (account.user.id.as_str(), account.access_token.clone());
            let listener = |endpoint| -> Box<dyn Behaviour> { Box::new(Listener::new(endpoint, user)) };
            let socketio = |transport, rooms: &[&RoomId]| -> Box<dyn Behaviour> {
                let rooms = rooms.iter().map(ToString::to_string).collect();
                Box::new(SocketIo::new(transport, token.clone(), rooms, user).with_entries())
            };
            let (dialect, behaviour) = match number {
                0 => ("native", listener(Endpoint::Native)),
                1 => ("chat", listener(Endpoint::ChatApi)),
                2 => ("quizmaster", listener(Endpoint::QuizMaster)),
                3 => ("skilllift", listener(Endpoint::SkillLift)),
                4 => ("socketio", socketio(Transport::WebSocket, &[])),
                5 => ("polling", socketio(Transport::Polling, &[])),
                6 => ("both", socketio(Transport::Both, &[])),
                7 => ("cursor", listener(Endpoint::Cursor)),
                8 => ("room", socketio(Transport::WebSocket, &[&self.hideout])),
                _ => ("room-polling", socketio(Transport::Polling, &[&self.hideout])),
            };
            let absence = match number {
                8.. => Absence::AfterJoining,
                _ if random.random_bool(0.5) => Absence::UntilHeal,
                _ => Absence::Visits,
            };
            let name = format!("absent-{dialect}-{round}");
            roles.push(Role { name, account: account.clone(), behaviour, dies_early: false, absence });
        }
        roles
    }

    fn behaviour(
        &self,
        number: usize,
        who: &Tokens,
        random: &mut StdRng,
    ) -> (&'static str, Box<dyn Behaviour>) {
        let (account, token) = (who.user.id.as_str(), who.access_token.clone());
        let rooms = self.some_rooms(random);
        let names: Vec<String> = rooms.iter().map(ToString::to_string).collect();
        match number % 20 {
            8 => ("talim", Box::new(SocketIo::new(Transport::WebSocket, token, names, account))),
            9 | 10 => ("talim-both", Box::new(SocketIo::new(Transport::Both, token, names, account))),
            11 => ("talim-polling", Box::new(SocketIo::new(Transport::Polling, token, names, account))),
            12 => ("mockverse", Box::new(SocketIo::new(Transport::WebSocket, token, Vec::new(), account))),
            13 => ("mockverse-both", Box::new(SocketIo::new(Transport::Both, token, Vec::new(), account))),
            14..=16 => ("chat", Box::new(ChatApi::new(names.into_iter().next().unwrap_or_default()))),
            17 | 18 => ("skilllift", Box::new(SkillLift::new(names))),
            19 => ("quizmaster", Box::new(QuizMaster::new(account))),
            0 | 1 => ("returner", Box::new(Native::new(&rooms, &self.epochs))),
            _ => ("native", Box::new(Native::new(&rooms, &BTreeMap::new()))),
        }
    }

    fn some_rooms(&self, random: &mut StdRng) -> Vec<RoomId> {
        let first = random.random_range(0..ROOMS);
        let count = random.random_range(1..=3);
        self.rooms.iter().cycle().skip(first).take(count).cloned().collect()
    }

    /// What the server has stored: every room, and the inboxes of these users.
    pub(super) async fn stored(&self, listeners: &BTreeSet<String>) -> Result<Vec<Stored>, Error> {
        let mut stored = Vec::new();
        let Some(reader) = self.accounts.first() else { return Ok(stored) };
        for (room, epoch) in self.rest.epochs(reader).await? {
            for message in self.rest.history(reader, &room).await? {
                let id = Some(message.id.to_string());
                let position = Position { epoch: Some(epoch), seq: Some(message.seq), id };
                // A text that is not whole is found as one that was never sent.
                let text = name_of(&message.content).unwrap_or(&message.content).to_owned();
                stored.push(Stored {
                    room: room.to_string(),
                    position,
                    text,
                    state: ChangedState::default(),
                });
            }
        }
        for account in self.accounts.iter().filter(|it| listeners.contains(it.user.id.as_str())) {
            // The list has names that sort by time, and no numbers.
            for (before, notification) in self.rest.notifications(account).await?.into_iter().enumerate() {
                let id = Some(notification.id.to_string());
                let position = Position { epoch: Some(0), seq: Some(before as u64 + 1), id };
                let room = inbox_of(account.user.id.as_str());
                stored.push(Stored {
                    room,
                    position,
                    text: notification.title,
                    state: ChangedState::default(),
                });
            }
        }
        self.counters.checked.add(stored.len());
        Ok(stored)
    }

    /// Keeps what later rounds on this folder have to know of an earlier one.
    pub(super) fn keep(&mut self, history: History) {
        self.sent = history.sent;
        // Received in its round, or found; it may come once more in the next one.
        self.entries = history.entries.into_iter().map(|entry| Entry { is_stored: false, ..entry }).collect();
    }
}
