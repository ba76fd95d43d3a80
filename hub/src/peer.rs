//! One attached client: what rooms see of it, and the handle that its gateway drives.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use protocol::{CloseCode, Cursor, DraftId, Pong, RoomId, RoomRef, limits};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::command::Command;
use crate::envelope::{Envelope, Spelling};
use crate::event::{Event, Failure};
use crate::model::Person;
use crate::outbox::{Delivery, Gone, Outlet};
use crate::policy;
use crate::refusal::Refusal;
use crate::room::{Mailbox, Post, RoomCommand};
use crate::shared::Shared;

/// Names one attached client for as long as it is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PeerId(pub u64);

/// Names a sign-in. Ending it ends every connection that came with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignInId(pub Uuid);

/// Who a connection belongs to, as its token says.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Who.
    pub person: Arc<Person>,
    /// By which sign-in.
    pub sign_in: SignInId,
}

/// An attached client as rooms see it.
pub(crate) struct Client {
    pub(crate) id: PeerId,
    pub(crate) person: Arc<Person>,
    sign_in: Mutex<SignInId>,
    spelling: Spelling,
    outlet: Arc<dyn Outlet>,
}

impl Client {
    pub(crate) fn new(id: PeerId, identity: Identity, spelling: Spelling, outlet: Arc<dyn Outlet>) -> Self {
        let Identity { person, sign_in } = identity;
        Self { id, person, sign_in: Mutex::new(sign_in), spelling, outlet }
    }

    /// Hands on an event that others are told too.
    pub(crate) fn tell(&self, envelope: &Envelope, delivery: Delivery) -> Result<(), Gone> {
        match envelope.frame(self.spelling) {
            Some(frame) => self.outlet.push(frame, delivery),
            None => Ok(()),
        }
    }

    /// Hands on an event that is for this client alone.
    pub(crate) fn tell_alone(&self, event: &Event) -> Result<(), Gone> {
        match (self.spelling.encode)(event) {
            Some(frame) => self.outlet.push(frame, Delivery::Sure),
            None => Ok(()),
        }
    }

    pub(crate) fn close(&self, code: CloseCode) {
        self.outlet.close(code);
    }

    pub(crate) fn sign_in(&self) -> SignInId {
        *self.sign_in.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells one client, from a task of its own.
#[derive(Clone)]
pub struct Voice {
    client: Arc<Client>,
}

impl Voice {
    /// Tells the client.
    ///
    /// # Errors
    /// [`Gone`] when the client has left.
    pub fn tell(&self, event: &Event) -> Result<(), Gone> {
        self.client.tell_alone(event)
    }
}

/// The gateway's handle on an attached client. Dropping it leaves every room.
pub struct Peer {
    client: Arc<Client>,
    shared: Arc<Shared>,
    joined: HashMap<RoomId, Mailbox>,
}

impl Peer {
    pub(crate) fn new(client: Arc<Client>, shared: Arc<Shared>) -> Self {
        Self { client, shared, joined: HashMap::new() }
    }

    /// Whose connection this is.
    pub fn person(&self) -> &Arc<Person> {
        &self.client.person
    }

    /// The name of this connection.
    pub fn id(&self) -> PeerId {
        self.client.id
    }

    /// Carries out a wish, or tells the client why not. Waits while the room it is for has too much to do; it does not
    /// wait for a post to be committed.
    pub async fn handle(&mut self, command: Command) {
        if let Err(failure) = self.obey(command).await {
            self.tell(&Event::Failed(failure));
        }
    }

    /// Tells this client alone.
    pub fn tell(&self, event: &Event) {
        // A client that is gone is noticed by its gateway, which drops this handle.
        if self.client.tell_alone(event).is_err() {
            tracing::debug!(peer.id = self.client.id.0, "Peer is gone, an answer to it was dropped");
        }
    }

    /// Something that can tell this client while the handle is busy.
    pub fn voice(&self) -> Voice {
        Voice { client: self.client.clone() }
    }

    /// The client has proved itself again, perhaps by another sign-in of the same person.
    pub fn renew(&self, sign_in: SignInId) {
        *self.client.sign_in.lock().unwrap_or_else(PoisonError::into_inner) = sign_in;
    }

    /// Ends the connection.
    pub fn close(&self, code: CloseCode) {
        self.client.close(code);
    }

    async fn obey(&mut self, command: Command) -> Result<(), Failure> {
        match command {
            Command::Join { room, since } => {
                let done = self.join(&room, since).await;
                done.map_err(|refusal| Failure { refusal, room: Some(room), draft: None })
            }
            Command::Leave { room } => {
                if let Some(mailbox) = self.joined.remove(&room) {
                    // A closed mailbox means that the room is gone, and with it the following.
                    mailbox.send(RoomCommand::Leave(self.client.id)).await.ok();
                }
                self.tell(&Event::Left(RoomRef { room }));
                Ok(())
            }
            Command::Post { room, draft, body } => {
                let done = self.post(&room, draft, body).await;
                done.map_err(|refusal| Failure { refusal, room: Some(room), draft: Some(draft) })
            }
            Command::Typing { room, on } => {
                let told = RoomCommand::Typing { client: self.client.clone(), on };
                self.send(&room, told).await
            }
            Command::Read { room, seq } => {
                let person = self.client.person.id.clone();
                self.send(&room, RoomCommand::Read { person, seq, reply: None }).await
            }
            Command::Ping { nonce } => {
                self.tell(&Event::Pong(Pong { nonce }));
                Ok(())
            }
        }
    }

    async fn join(&mut self, room: &RoomId, since: Option<Cursor>) -> Result<(), Refusal> {
        let full = self.joined.len() >= limits::MAX_ROOMS_PER_CONNECTION;
        if full && !self.joined.contains_key(room) {
            return Err(Refusal::TooManyRooms);
        }
        let mailbox = self.shared.mailbox(room);
        let (reply, answer) = oneshot::channel();
        let wish = RoomCommand::Join { client: self.client.clone(), since, reply };
        mailbox.send(wish).await.map_err(|_| Refusal::NoSuchRoom)?;
        answer.await.map_err(|_| Refusal::NoSuchRoom)??;
        self.joined.insert(room.clone(), mailbox);
        Ok(())
    }

    async fn post(&mut self, room: &RoomId, draft: DraftId, body: String) -> Result<(), Refusal> {
        policy::check_body(&body)?;
        let post = Post {
            author: self.client.person.clone(),
            from: Some(self.client.clone()),
            draft,
            body: body.into(),
            reply: None,
        };
        let mailbox = self.joined.get(room).ok_or(Refusal::NotJoined)?;
        mailbox.send(RoomCommand::Post(post)).await.map_err(|_| Refusal::NoSuchRoom)
    }

    async fn send(&mut self, room: &RoomId, command: RoomCommand) -> Result<(), Failure> {
        let refused = |refusal| Failure { refusal, room: Some(room.clone()), draft: None };
        let Entry::Occupied(mailbox) = self.joined.entry(room.clone()) else {
            return Err(refused(Refusal::NotJoined));
        };
        if mailbox.get().send(command).await.is_err() {
            mailbox.remove();
            return Err(refused(Refusal::NoSuchRoom));
        }
        Ok(())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let client = self.client.clone();
        let joined = std::mem::take(&mut self.joined);
        let shared = self.shared.clone();
        client.close(CloseCode::Normal);
        // A task, because a full mailbox is waited for; tracked, so that a stop waits for it.
        self.shared.tasks.spawn(async move {
            for mailbox in joined.into_values() {
                mailbox.send(RoomCommand::Leave(client.id)).await.ok();
            }
            shared.detach(&client).await;
        });
    }
}
