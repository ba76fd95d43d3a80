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
    Behaviour, ChatApi, Door, Listener, Native, QuizMaster, SkillLift, SocketIo, Transport, inbox_of,
};
use super::options::Error;
use super::program::Program;
use super::report::Counters;
use super::rest::Rest;
use crate::body::name_of;
use crate::history::{Entry, Position, Sent, Stored};

/// Rooms that everybody is in; each client follows some of them.
const ROOMS: usize = 6;

/// Clients of one person, about.
const CLIENTS_EACH: usize = 3;

/// People of whom nothing is left when the talk is over, so that there is somebody to be gone.
pub(super) const EARLY: usize = 2;

/// Users who are not there most of the time, one for each way to be told what waits for them, and two that leave a room.
const ABSENTEES: usize = 10;

/// The room that they are in, and nobody else but the first one of the people.
const HIDEOUT: &str = "hideout";

/// What the rounds on one data folder have in common.
pub(super) struct World {
    pub(super) program: Program,
    pub(super) rest: Rest,
    rooms: Vec<RoomId>,
    epochs: BTreeMap<RoomId, u32>,
    /// Signed in for this round. The last ones are those who leave early.
    pub(super) people: Vec<Tokens>,
    /// Those who are away, signed in for this round.
    pub(super) absentees: Vec<Tokens>,
    pub(super) hideout: RoomId,
    /// Everything that was said in the rounds before.
    pub(super) sent: Vec<Sent>,
    /// What was sent to inboxes in the rounds before; all of it that was acknowledged was told in its round.
    pub(super) entries: Vec<Entry>,
    pub(super) counters: Arc<Counters>,
    _folder: tempfile::TempDir,
}

/// Which client is to be made, and for whom.
pub(super) struct Role {
    pub(super) name: String,
    pub(super) person: Tokens,
    pub(super) behaviour: Box<dyn Behaviour>,
    pub(super) dies_early: bool,
    pub(super) absence: Absence,
}

impl World {
    /// A server that has never run, with people and rooms.
    pub(super) async fn create(path: &Path, clients: usize, counters: Arc<Counters>) -> Result<Self, Error> {
        let folder = tempfile::tempdir().map_err(Error::io("a data folder could not be made"))?;
        let mut program = Program::new(path, folder.path());
        program.start().await?;
        let rest = Rest::new(program.address())?;
        let mut people = Vec::new();
        for number in 0..clients.div_ceil(CLIENTS_EACH) + EARLY {
            people.push(rest.register(&format!("person-{number}")).await?);
        }
        let mut rooms = Vec::new();
        for number in 0..ROOMS {
            rooms.push(rest.create_room(&format!("room-{number}"), &people).await?);
        }
        let mut absentees = Vec::new();
        for number in 0..ABSENTEES {
            absentees.push(rest.register(&format!("absentee-{number}")).await?);
        }
        let insiders: Vec<Tokens> = people.iter().take(1).chain(&absentees).cloned().collect();
        let hideout = rest.create_room(HIDEOUT, &insiders).await?;
        let reader = people.first().ok_or_else(|| Error::Options("a run needs clients".to_owned()))?;
        let epochs = rest.epochs(reader).await?;
        let (sent, entries) = (Vec::new(), Vec::new());
        Ok(Self {
            program,
            rest,
            rooms,
            epochs,
            people,
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
        for person in self.people.iter_mut().chain(&mut self.absentees) {
            *person = self.rest.sign_in(&person.user.username).await?;
        }
        Ok(())
    }

    /// Who plays what in a round: two of five are native, the others speak the other dialects.
    pub(super) fn roles(&self, round: u64, clients: usize, random: &mut StdRng) -> Vec<Role> {
        let stay = self.people.len().saturating_sub(EARLY);
        let (staying, leaving) = self.people.split_at_checked(stay).unwrap_or((&self.people, &[]));
        let mut roles = Vec::new();
        let people = staying.iter().cycle().take(clients.saturating_sub(leaving.len()));
        for (number, person) in people.enumerate() {
            let (dialect, behaviour) = self.behaviour(number, person, random);
            let name = format!("{dialect}-{round}-{number}");
            let (person, absence) = (person.clone(), Absence::Never);
            roles.push(Role { name, person, behaviour, dies_early: false, absence });
        }
        for (number, person) in leaving.iter().take(clients).enumerate() {
            let behaviour = Box::new(Native::new(&self.some_rooms(random), &BTreeMap::new()));
            let name = format!("leaver-{round}-{number}");
            let (person, absence) = (person.clone(), Absence::Never);
            roles.push(Role { name, person, behaviour, dies_early: true, absence });
        }
        roles.extend(self.absent_roles(round, random));
        roles
    }

    /// Clients that are not there most of the time.
    fn absent_roles(&self, round: u64, random: &mut StdRng) -> Vec<Role> {
        let mut roles = Vec::new();
        for (number, person) in self.absentees.iter().enumerate() {
            let (user, token) = (person.user.id.as_str(), person.access_token.clone());
            let listener = |door| -> Box<dyn Behaviour> { Box::new(Listener::new(door, user)) };
            let socketio = |transport, rooms: &[&RoomId]| -> Box<dyn Behaviour> {
                let rooms = rooms.iter().map(ToString::to_string).collect();
                Box::new(SocketIo::new(transport, token.clone(), rooms, user).with_entries())
            };
            let (dialect, behaviour) = match number {
                0 => ("native", listener(Door::Native)),
                1 => ("chat", listener(Door::ChatApi)),
                2 => ("quizmaster", listener(Door::QuizMaster)),
                3 => ("skilllift", listener(Door::SkillLift)),
                4 => ("socketio", socketio(Transport::WebSocket, &[])),
                5 => ("polling", socketio(Transport::Polling, &[])),
                6 => ("both", socketio(Transport::Both, &[])),
                7 => ("cursor", listener(Door::Cursor)),
                8 => ("room", socketio(Transport::WebSocket, &[&self.hideout])),
                _ => ("room-polling", socketio(Transport::Polling, &[&self.hideout])),
            };
            let absence = match number {
                8.. => Absence::AfterJoining,
                _ if random.random_bool(0.5) => Absence::UntilHeal,
                _ => Absence::Visits,
            };
            let name = format!("absent-{dialect}-{round}");
            roles.push(Role { name, person: person.clone(), behaviour, dies_early: false, absence });
        }
        roles
    }

    fn behaviour(
        &self,
        number: usize,
        who: &Tokens,
        random: &mut StdRng,
    ) -> (&'static str, Box<dyn Behaviour>) {
        let (person, token) = (who.user.id.as_str(), who.access_token.clone());
        let rooms = self.some_rooms(random);
        let names: Vec<String> = rooms.iter().map(ToString::to_string).collect();
        match number % 20 {
            8 => ("talim", Box::new(SocketIo::new(Transport::WebSocket, token, names, person))),
            9 | 10 => ("talim-both", Box::new(SocketIo::new(Transport::Both, token, names, person))),
            11 => ("talim-polling", Box::new(SocketIo::new(Transport::Polling, token, names, person))),
            12 => ("mockverse", Box::new(SocketIo::new(Transport::WebSocket, token, Vec::new(), person))),
            13 => ("mockverse-both", Box::new(SocketIo::new(Transport::Both, token, Vec::new(), person))),
            14..=16 => ("chat", Box::new(ChatApi::new(names.into_iter().next().unwrap_or_default()))),
            17 | 18 => ("skilllift", Box::new(SkillLift::new(names))),
            19 => ("quizmaster", Box::new(QuizMaster::new(person))),
            0 | 1 => ("returner", Box::new(Native::new(&rooms, &self.epochs))),
            _ => ("native", Box::new(Native::new(&rooms, &BTreeMap::new()))),
        }
    }

    fn some_rooms(&self, random: &mut StdRng) -> Vec<RoomId> {
        let first = random.random_range(0..ROOMS);
        let count = random.random_range(1..=3);
        self.rooms.iter().cycle().skip(first).take(count).cloned().collect()
    }

    /// What the server has stored: every room, and the inboxes of these people.
    pub(super) async fn stored(&self, listeners: &BTreeSet<String>) -> Result<Vec<Stored>, Error> {
        let mut stored = Vec::new();
        let Some(reader) = self.people.first() else { return Ok(stored) };
        for (room, epoch) in self.rest.epochs(reader).await? {
            for message in self.rest.history(reader, &room).await? {
                let id = Some(message.id.to_string());
                let position = Position { epoch: Some(epoch), seq: Some(message.seq), id };
                // A text that is not whole is found as one that was never said.
                let text = name_of(&message.content).unwrap_or(&message.content).to_owned();
                stored.push(Stored { room: room.to_string(), position, text });
            }
        }
        for person in self.people.iter().filter(|it| listeners.contains(it.user.id.as_str())) {
            // The list has names that sort by time, and no numbers.
            for (before, notification) in self.rest.notifications(person).await?.into_iter().enumerate() {
                let id = Some(notification.id.to_string());
                let position = Position { epoch: Some(0), seq: Some(before as u64 + 1), id };
                let room = inbox_of(person.user.id.as_str());
                stored.push(Stored { room, position, text: notification.title });
            }
        }
        self.counters.checked.add(stored.len());
        Ok(stored)
    }
}
