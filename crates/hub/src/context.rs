//! What the handle, the peers and the rooms have in common.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use protocol::{DirectMessage, InboxItem, LiveChange, MessageId, MessageKind, Role, RoomId, RoomRef, UserId};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::announcer::Announcer;
use crate::client::ClientHandle;
use crate::event::{Event, Stamp};
use crate::inbox::{self, InboxCommand};
use crate::last_seen::LastSeen;
use crate::limits::Settings;
use crate::live;
use crate::meters::MeterBook;
use crate::model::Person;
use crate::policy;
use crate::port::{Clock, NewEntry, Page, Slice, Store, StoreError};
use crate::postponed::Postponed;
use crate::pulse::Pulse;
use crate::quotas::Daily;
use crate::refusal::Refusal;
use crate::registry::{Departure, Registry};
use crate::rings::Rings;
use crate::room::{self, Immediate, Mailbox};

/// People who are gathered by room before the rooms are told.
const ANNOUNCED_AT_ONCE: usize = 256;

/// One for each hub, behind one pointer.
pub(crate) struct HubContext {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) rings: Arc<Rings>,
    pub(crate) registry: Registry,
    pub(crate) announcer: Announcer,
    pub(crate) postponed_people: Arc<Postponed<BTreeSet<UserId>>>,
    pub(crate) postponed_sessions: Arc<Postponed<Box<LiveChange>>>,
    pub(crate) meters: MeterBook,
    pub(crate) last_seen: LastSeen,
    pub(crate) pulse: Pulse,
    pub(crate) tasks: TaskTracker,
    pub(crate) stopping: AtomicBool,
    pub(crate) stopped: CancellationToken,
    pub(crate) next_peer: AtomicU64,
}

impl HubContext {
    /// The room's mailbox, for a user who asks something of the room. An awake room knows its members and decides; one that
    /// is asleep is woken for its members only.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`], [`Refusal::Unavailable`].
    pub(crate) async fn mailbox_for(
        self: &Arc<Self>,
        room: &RoomId,
        user: &UserId,
    ) -> Result<Mailbox, Refusal> {
        if let Some(mailbox) = self.registry.rooms.get(room).filter(|mailbox| !mailbox.is_closed()) {
            return Ok(mailbox);
        }
        policy::may_take_part(self.role(room, user).await?)?;
        Ok(self.mailbox(room))
    }

    /// The room's mailbox; wakes the room if need be. Whoever calls this knows that the user may take part.
    pub(crate) fn mailbox(self: &Arc<Self>, room: &RoomId) -> Mailbox {
        self.registry.rooms.get_or_spawn(room, || {
            let (sender, receiver) = mpsc::channel(self.settings.mailbox);
            self.tasks.spawn(room::run(self.clone(), room.clone(), receiver));
            sender
        })
    }

    /// The mailbox of somebody's inbox; wakes the inbox if need be.
    pub(crate) fn inbox(self: &Arc<Self>, person: &UserId) -> mpsc::Sender<InboxCommand> {
        self.registry.inboxes.awake.get_or_spawn(person, || {
            let (sender, receiver) = mpsc::channel(self.settings.mailbox);
            self.tasks.spawn(inbox::run(self.clone(), person.clone(), receiver));
            sender
        })
    }

    /// When this is, and who says it.
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp { at_ms: self.clock.now_ms(), server: self.settings.server_name.clone() }
    }

    /// Why a room's task has ended, for a user who was in it: the room is gone, or it could not be read when it was woken and
    /// will be there again.
    pub(crate) async fn why_ended(&self, room: &RoomId, user: &UserId) -> Refusal {
        match self.role(room, user).await {
            Ok(Some(_)) => Refusal::Stopping,
            Ok(None) => Refusal::NoSuchRoom,
            Err(error) => error.into(),
        }
    }

    /// What a user may do in a room. The live room of a chat is made when a member of the chat first asks for it.
    pub(crate) async fn role(&self, room: &RoomId, user: &UserId) -> Result<Option<Role>, StoreError> {
        let role = self.store.role(room, user).await?;
        let (None, Some(chat)) = (role, live::chat_of(room)) else { return Ok(role) };
        let Some(role) = self.store.role(&chat, user).await? else { return Ok(None) };
        let made = self.store.live_room(room, &chat, rand::random(), self.clock.now_ms()).await?;
        // A room of another kind may have the id.
        Ok(made.filter(|made| made.id == *room).map(|_| role))
    }

    /// A part of a room's messages, for a user who is in the room at the moment of which the part is.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`], [`Refusal::Unavailable`].
    pub(crate) async fn page_for(
        &self,
        room: &RoomId,
        user: &UserId,
        slice: Slice,
        limit: u32,
    ) -> Result<Page, Refusal> {
        let mut page = self.store.page_for(room, user, slice, limit).await?;
        // Perhaps a live room that nobody has asked for before.
        if page.is_none() && self.role(room, user).await?.is_some() {
            page = self.store.page_for(room, user, slice, limit).await?;
        }
        page.ok_or(Refusal::NoSuchRoom)
    }

    /// Where a message was said.
    pub(crate) async fn room_of(&self, message: MessageId) -> Result<RoomId, Refusal> {
        let found = self.store.find_message(message).await?;
        found.map(|(room, _)| room).ok_or(Refusal::NoSuchMessage)
    }

    /// Puts a message for one person into that person's inbox. Both must be in the room: the store looks, in the transaction
    /// that stores the message. What is looked at before keeps those who are not in it from the writer and from budgets.
    pub(crate) async fn send_letter(
        self: &Arc<Self>,
        author: &Person,
        room: &RoomId,
        to: UserId,
        body: String,
        kind: MessageKind,
    ) -> Result<DirectMessage, Refusal> {
        policy::check_body(&body, self.settings.message_bytes)?;
        policy::may_take_part(self.store.role(room, &author.id).await?)?;
        self.store.role(room, &to).await?.ok_or(Refusal::NotMember)?;
        self.count_stored(&author.id, Daily::Bytes, body.len())?;
        let letter = DirectMessage {
            id: Self::new_message_id(),
            room: room.clone(),
            author: author.id.clone(),
            name: author.username.clone(),
            email: author.email.clone(),
            is_active: author.is_active,
            author_created_at_ms: author.created_at_ms,
            to,
            body,
            kind,
            at_ms: self.clock.now_ms(),
        };
        let entry = NewEntry { item: InboxItem::Direct(letter.clone()), waits: true };
        self.put_in_inbox(&letter.to, entry).await?;
        Ok(letter)
    }

    /// Counts bytes that are about to be stored for a user.
    pub(crate) fn count_stored(&self, user: &UserId, what: Daily, bytes: usize) -> Result<(), Refusal> {
        let Some(per_day) = self.settings.quotas.stored_bytes_per_day else { return Ok(()) };
        self.meters.of(user).stored_bytes.spend(what, bytes as u64, per_day)
    }

    /// Has something told to a person, now and in recoveries; answers how many clients heard it at once.
    pub(crate) async fn put_in_inbox(
        self: &Arc<Self>,
        person: &UserId,
        entry: NewEntry,
    ) -> Result<usize, Refusal> {
        let (reply, answer) = oneshot::channel();
        let put = InboxCommand::Put { entry: Box::new(entry), reply };
        self.inbox(person).send(put).await.map_err(|_| Refusal::Stopping)?;
        answer.await.map_err(|_| Refusal::Stopping)?
    }

    /// Has the live room of a chat look again who is in the chat.
    pub(crate) async fn refresh_live_room(&self, chat: &RoomId) {
        let live = live::room_of(chat).and_then(|room| self.registry.rooms.get(&room));
        if let Some(mailbox) = live {
            // A closed mailbox looks when it wakes.
            mailbox.send(Immediate::ReloadMembers.into()).await.ok();
        }
    }

    /// Tells the chat of a live room that the session has another status. A chat that is not awake reads it from the store.
    pub(crate) fn note_session(&self, change: LiveChange) {
        let Some(id) = change.chat.clone() else { return };
        let Some(chat) = self.registry.rooms.get(&id) else { return };
        // Not awaited in the live room: the chat may be waiting for a place in the mailbox of that one.
        self.postponed_sessions.tell(&self.tasks, &id, &chat, Box::new(change));
    }

    /// A name for a message that is about to be committed.
    pub(crate) fn new_message_id() -> MessageId {
        MessageId(Uuid::now_v7())
    }

    /// Tells all devices of somebody about a room they are in now.
    pub(crate) async fn tell_of_new_room(&self, room: &RoomId, person: &UserId) -> Result<(), Refusal> {
        let clients = self.registry.clients_of(person);
        if clients.is_empty() {
            return Ok(());
        }
        if let Some(summary) = self.store.summary(room, person).await? {
            let event = Event::RoomAdded(Box::new(summary));
            for client in clients {
                client.tell_alone(&event).ok();
            }
        }
        Ok(())
    }

    /// Tells all devices of somebody about a room they are not in any more.
    pub(crate) fn tell_of_lost_room(&self, room: &RoomId, person: &UserId) {
        let event = Event::RoomRemoved(RoomRef { room: room.clone() });
        for client in self.registry.clients_of(person) {
            client.tell_alone(&event).ok();
        }
    }

    /// A client has gone. If it was somebody's last one, presence ends a little later.
    pub(crate) async fn detach(self: &Arc<Self>, client: Arc<ClientHandle>) {
        let person = &client.person.id.clone();
        self.last_seen.note(person, self.clock.now_ms());
        let departure = self.registry.detach(person, client.id);
        // What belongs to the connection is not kept while its user may come back.
        drop(client);
        let Departure::Last(farewell) = departure else { return };
        tokio::select! {
            () = tokio::time::sleep(self.settings.presence_grace) => {}
            () = self.stopped.cancelled() => return,
        }
        if self.registry.forget_person(person, farewell) {
            self.announce(person);
        }
    }

    /// Has every room that somebody is in, and that is awake, look whether this person is present. One that wakes later
    /// looks by itself.
    pub(crate) fn announce(self: &Arc<Self>, person: &UserId) {
        if self.registry.homes.has(person) && self.announcer.add(person.clone()) {
            let context = self.clone();
            self.tasks.spawn(async move { context.announce_all() });
        }
    }

    /// Serves the announcer until nobody waits.
    fn announce_all(&self) {
        loop {
            let people = self.announcer.take(ANNOUNCED_AT_ONCE);
            // Everybody is about to go, and nobody is told of anybody any more.
            if people.is_empty() || self.stopping.load(Ordering::Relaxed) {
                return;
            }
            let mut rooms: BTreeMap<RoomId, BTreeSet<UserId>> = BTreeMap::new();
            for person in people {
                for room in self.registry.homes.of(&person) {
                    rooms.entry(room).or_default().insert(person.clone());
                }
            }
            for (room, people) in rooms {
                let Some(mailbox) = self.registry.rooms.get(&room) else { continue };
                // A room that has too much to do does not hold up the others.
                self.postponed_people.tell(&self.tasks, &room, &mailbox, people);
            }
        }
    }
}
