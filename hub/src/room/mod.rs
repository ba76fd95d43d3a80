//! A room is a task with a mailbox.
//!
//! Everything happens here, in mailbox order: commit, number, deliver, answer. So a join neither misses nor repeats a message.

mod at_hand;
mod broadcast;
mod command;
mod delivery;
mod followers;
mod live;
mod marks;
mod name;
mod participants;
mod people;
mod presence;
mod roll;
mod talk;
mod unsure;
mod untold;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::pin::pin;
use std::sync::Arc;

use protocol::{Cursor, LiveChange, Role, RoomId, RoomKind, UserId};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::context::HubContext;
use crate::envelope::Envelope;
use crate::model::{Membership, RoomRecord};
use crate::policy;
use crate::refusal::Refusal;
use crate::rings::RoomRing;
use crate::roster::Roster;
use crate::typing::Typists;

use followers::Followers;
use marks::Mark;
use name::Name;
use participants::Participants;
use presence::Presence;
use unsure::Standing;

pub(crate) use command::{Joining, Mailbox, Post, Resumed, RoomCommand, Session, Target};

struct Room {
    context: Arc<HubContext>,
    id: RoomId,
    name: Name,
    kind: RoomKind,
    /// The chat that this is the live room of.
    chat: Option<RoomId>,
    head: Cursor,
    /// When something was last said, so that times do not fall when the clock goes back a little.
    last_at_ms: i64,
    /// When to look whether the store has more than was told; `None`: it has not.
    look_at: Option<Instant>,
    members: HashMap<UserId, Membership>,
    /// When to look whether the store has other people in here; `None`: it has not.
    people_at: Option<Instant>,
    /// Its people are announced here: it stands alone, and is on the map.
    is_home: bool,
    /// Members who were not told of their new room yet.
    uninvited: BTreeSet<UserId>,
    presence: Presence,
    /// Everybody, as who joins is told; made when it is first asked for.
    roster: Option<Arc<Roster>>,
    followers: Followers,
    participants: Participants,
    /// What an owner last said of the session.
    live: Option<LiveChange>,
    /// The same of the live room of this chat. In a box, because few have one.
    session: Option<Box<LiveChange>>,
    typists: Typists,
    /// The newest messages, without holes, up to the head.
    ring: RoomRing,
    /// Messages that somebody in this turn was told again, spelled for whoever asks for them next.
    retold: BTreeMap<u64, Envelope>,
}

/// A room keeps the memory of so many commands between two turns, so that a quiet one neither holds nor asks for memory.
const KEPT: usize = 16;

/// Whether the room goes on after a command.
enum Flow {
    Continue,
    /// It does not, and is off the map unless the hub stops: whatever still waits is refused for this reason.
    End(Refusal),
}

/// Runs a room until nobody needs it, it is deleted, or the hub stops.
pub(crate) async fn run(context: Arc<HubContext>, id: RoomId, mut mailbox: mpsc::Receiver<RoomCommand>) {
    let last_words = match context.store.room(&id).await {
        Ok(Some(record)) => {
            let mut room = Room::new(context.clone(), record);
            match room.work(&mut mailbox).await {
                Some(refusal) => refusal,
                None => return,
            }
        }
        Ok(None) => {
            context.registry.rooms.forget(&id);
            Refusal::NoSuchRoom
        }
        Err(error) => {
            let cause = &error as &dyn std::error::Error;
            tracing::error!(error = cause, room.id = %id, "Could not load room `{id}`");
            context.registry.rooms.forget(&id);
            Refusal::from(error)
        }
    };
    mailbox.close();
    while let Some(command) = mailbox.recv().await {
        command.refuse(&last_words);
    }
}

impl Room {
    fn new(context: Arc<HubContext>, record: RoomRecord) -> Self {
        let members: HashMap<UserId, Membership> =
            record.members.into_iter().map(|member| (member.person.id.clone(), member)).collect();
        let is_home = policy::stands_alone(record.kind).is_ok();
        // Before the look who is here: who comes after it is announced.
        if is_home {
            context.registry.homes.enter(&record.id, members.keys());
        }
        let here = members.keys().filter(|person| context.registry.is_present(person)).cloned();
        let presence = Presence::of(here);
        let ring = context.rings.ring(record.head.seq);
        Self {
            is_home,
            context,
            id: record.id,
            name: Name::known(record.name),
            kind: record.kind,
            chat: record.chat,
            head: record.head,
            last_at_ms: record.active_at_ms,
            look_at: None,
            members,
            people_at: None,
            uninvited: BTreeSet::new(),
            presence,
            roster: None,
            followers: Followers::default(),
            participants: Participants::default(),
            live: record.live,
            session: record.session.map(Box::new),
            typists: Typists::default(),
            ring,
            retold: BTreeMap::new(),
        }
    }

    /// Takes up commands until the room ends; `None`: it fell asleep and is already off the map.
    async fn work(&mut self, mailbox: &mut mpsc::Receiver<RoomCommand>) -> Option<Refusal> {
        let mut batch = Vec::new();
        let mut unused_since = Instant::now();
        let stopped = self.context.stopped.clone();
        // One for all turns: a new one for each would be put into the list of all rooms and taken out again.
        let mut stopped = pin!(stopped.cancelled());
        loop {
            let idle_end = unused_since + self.context.settings.room_idle;
            let wake_at = self.next_look(idle_end);
            let taken = tokio::select! {
                biased;
                taken = mailbox.recv_many(&mut batch, self.context.settings.batch) => taken,
                // Woken after everybody was told to stop.
                () = &mut stopped => return Some(Refusal::Stopping),
                () = sleep_until(wake_at) => {
                    if let Flow::End(refusal) = Box::pin(self.look_around()).await {
                        return Some(refusal);
                    }
                    let is_over = self.followers.is_empty() && Instant::now() >= idle_end;
                    // Who comes or goes is told of it even if nobody follows: not before that is sure.
                    let may_sleep = is_over && self.people_at.is_none();
                    if may_sleep && self.context.registry.rooms.fall_asleep(&self.id, mailbox, || self.leave_home()) {
                        return None;
                    }
                    // Or somebody holds the mailbox without following: look again after another while.
                    if is_over {
                        unused_since = Instant::now();
                    }
                    continue;
                }
            };
            if taken == 0 {
                return Some(Refusal::Stopping);
            }
            if let Flow::End(refusal) = self.take_up(&mut batch).await {
                return Some(refusal);
            }
            self.retold.clear();
            if batch.capacity() > KEPT {
                batch = Vec::new();
            }
            if self.followers.is_empty() {
                unused_since = Instant::now();
            }
        }
    }

    /// Does what is due although nothing comes in.
    async fn look_around(&mut self) -> Flow {
        self.end_silent_typing();
        self.end_lost_participants();
        self.look_again().await;
        if let end @ Flow::End(_) = self.make_sure_again().await {
            return end;
        }
        self.tell_presence();
        self.tell_name();
        Flow::Continue
    }

    /// When there is something to end even if nothing comes in.
    fn next_look(&self, idle_end: Instant) -> Option<Instant> {
        let idle_end = self.followers.is_empty().then_some(idle_end);
        let ends = [
            idle_end,
            self.typists.next_end(),
            self.participants.next_end(),
            self.presence.next_news(),
            self.name.next_news(),
            self.look_at,
            self.people_at,
        ];
        ends.into_iter().flatten().min()
    }

    /// Carries out commands in order, or refuses what comes after the room's end. Neighbouring posts share a transaction, and
    /// so do neighbouring read marks.
    async fn take_up(&mut self, batch: &mut Vec<RoomCommand>) -> Flow {
        let mut posts = Vec::new();
        let mut marks = Vec::new();
        let mut commands = batch.drain(..);
        // What waits for the store is in boxes, so that a room at rest needs little memory.
        while let Some(command) = commands.next() {
            match command {
                RoomCommand::Post(post) => {
                    if !marks.is_empty() {
                        Box::pin(self.note_marks(&mut marks)).await;
                    }
                    posts.push(*post);
                }
                RoomCommand::Read { person, upto, reply } => {
                    if !posts.is_empty() {
                        Box::pin(self.commit_and_deliver(&mut posts)).await;
                    }
                    marks.push(Mark { person, upto, reply });
                }
                other => {
                    if !posts.is_empty() || !marks.is_empty() {
                        Box::pin(self.settle(&mut posts, &mut marks)).await;
                    }
                    let Some(other) = self.apply_at_once(other) else { continue };
                    if let Flow::End(refusal) = Box::pin(self.apply(other)).await {
                        commands.for_each(|command| command.refuse(&refusal));
                        return Flow::End(refusal);
                    }
                }
            }
        }
        if !posts.is_empty() || !marks.is_empty() {
            Box::pin(self.settle(&mut posts, &mut marks)).await;
        }
        Flow::Continue
    }

    async fn settle(&mut self, posts: &mut Vec<Post>, marks: &mut Vec<Mark>) {
        self.commit_and_deliver(posts).await;
        self.note_marks(marks).await;
    }

    /// Carries out what waits for nothing; answers any other command.
    fn apply_at_once(&mut self, command: RoomCommand) -> Option<RoomCommand> {
        match command {
            command if self.people_at.is_some() => return Some(command),
            RoomCommand::Broadcast { client, event, data } => self.broadcast(&client, event, data),
            RoomCommand::Typing { client, on } => self.note_typing(&client, on),
            RoomCommand::LookFor(people) => self.look_for(&people),
            command => return Some(command),
        }
        None
    }

    async fn apply(&mut self, command: RoomCommand) -> Flow {
        if command.depends_on_people() {
            match self.make_sure().await {
                Standing::Sure => {}
                Standing::Gone => {
                    command.refuse(&Refusal::NoSuchRoom);
                    return Flow::End(Refusal::NoSuchRoom);
                }
                Standing::Unsure(refusal) => {
                    command.refuse(&refusal);
                    return Flow::Continue;
                }
            }
        }
        match self.carry_out(command).await {
            Flow::Continue => self.make_sure_again().await,
            end @ Flow::End(_) => end,
        }
    }

    async fn carry_out(&mut self, command: RoomCommand) -> Flow {
        match command {
            // The client has hung up; that it left comes behind.
            RoomCommand::Join { reply, .. } if reply.is_closed() => {}
            RoomCommand::Join { client, bring, reply } => {
                let joined = self.join(client, bring).await;
                reply.send(joined).ok();
            }
            RoomCommand::Resume { reply, .. } if reply.is_closed() => {}
            RoomCommand::Resume { client, since, reply } => {
                let resumed = self.resume(&client, since).await;
                reply.send(resumed).ok();
            }
            RoomCommand::Leave(peer) => self.forget_follower(peer),
            RoomCommand::Gone(peer) => self.lose_follower(peer),
            RoomCommand::Live(session) => {
                let Session { actor, status, details, reply } = *session;
                let said = self.set_live(&actor, status, details).await;
                reply.send(said).ok();
            }
            RoomCommand::SessionChanged(change) => self.note_session(change),
            RoomCommand::Refresh => self.doubt_people(),
            RoomCommand::Broadcast { client, event, data } => self.broadcast(&client, event, data),
            RoomCommand::Typing { client, on } => self.note_typing(&client, on),
            RoomCommand::LookFor(people) => self.look_for(&people),
            RoomCommand::AddMembers { actor, people, reply } => {
                let added = self.add_members(&actor, &people).await;
                reply.send(added).ok();
            }
            RoomCommand::RemoveMember { actor, person, for_good, reply } => {
                let removed = self.remove_member(&actor, &person, for_good).await;
                let emptied = removed.is_ok() && self.members.is_empty();
                reply.send(removed).ok();
                if emptied {
                    return Flow::End(Refusal::NoSuchRoom);
                }
            }
            RoomCommand::Rename { actor, name, reply } => {
                let renamed = self.rename(&actor, name).await;
                reply.send(renamed).ok();
            }
            RoomCommand::Delete { actor, reply } => {
                let deleted = self.delete(&actor).await;
                let gone = deleted.is_ok();
                // Off the map before the answer: whoever asks next must not find what was deleted.
                if gone {
                    self.go_off_the_map();
                }
                reply.send(deleted).ok();
                if gone {
                    return Flow::End(Refusal::NoSuchRoom);
                }
            }
            RoomCommand::Stop(reply) => {
                reply.send(()).ok();
                return Flow::End(Refusal::Stopping);
            }
            // Taken care of in runs by `take_up`.
            RoomCommand::Post(_) | RoomCommand::Read { .. } => {}
        }
        Flow::Continue
    }

    /// Nobody finds the room any more.
    fn go_off_the_map(&mut self) {
        self.leave_home();
        self.is_home = false;
        self.context.registry.rooms.forget(&self.id);
    }

    /// Nobody is announced here any more.
    fn leave_home(&self) {
        if self.is_home {
            self.context.registry.homes.leave(&self.id, self.members.keys());
        }
    }

    fn role(&self, person: &UserId) -> Option<Role> {
        self.members.get(person).map(|member| member.role)
    }

    fn check_part(&self, person: &UserId) -> Result<(), Refusal> {
        policy::may_take_part(self.role(person))
    }
}

/// Waits until a moment, or forever.
async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
