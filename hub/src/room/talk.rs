//! What is said in a room: commit, deliver, and bring up to date who joins.

use std::sync::Arc;

use protocol::{Cursor, Posted, RoomRef};

use crate::client::Client;
use crate::command::Bring;
use crate::event::Event;
use crate::joined::Joined;
use crate::model::Message;
use crate::outbox::Track;
use crate::page;
use crate::port::{Appended, MessageDraft, StoreError};
use crate::refusal::Refusal;
use crate::shared::Shared;
use crate::wall_time;

use super::at_hand::CatchUp;
use super::followers::Follower;
use super::{Joining, Post, Room};

impl Room {
    /// Commits a run of posts in one transaction, then tells everybody, then each author.
    pub(super) async fn commit_and_deliver(&mut self, posts: &mut Vec<Post>) {
        if posts.is_empty() {
            return;
        }
        let mut taken = Vec::with_capacity(posts.len());
        for post in posts.drain(..) {
            match self.check_post(&post).await {
                Ok(()) => taken.push(post),
                Err(refusal) => post.refuse(Some(self.id.clone()), &refusal),
            }
        }
        let drafts: Vec<MessageDraft> = taken.iter().map(draft_of).collect();
        let at_ms = wall_time::after(self.last_at_ms, self.shared.clock.now_ms());
        // Whatever the answer will be: it may be stored with this time.
        self.last_at_ms = at_ms;
        match self.shared.store.append(&self.id, drafts, at_ms).await {
            Ok(appended) => {
                let new = appended.iter().filter(|it| matches!(it, Appended::New(_))).count();
                self.shared.pulse.count(new);
                for (post, outcome) in taken.into_iter().zip(appended) {
                    let (Appended::New(message) | Appended::Known(message)) = outcome;
                    self.tell_in_order(&message).await;
                    acknowledge(post, message);
                }
            }
            Err(error) => {
                self.refuse_all(taken, error);
                self.doubt();
                self.tell_untold().await;
            }
        }
    }

    fn refuse_all(&self, posts: Vec<Post>, error: StoreError) {
        let (cause, count) = (&error as &dyn std::error::Error, posts.len());
        tracing::error!(error = cause, room.id = %self.id, "Could not store {count} messages of room `{}`", self.id);
        let refusal = Refusal::from(error);
        for post in posts {
            post.refuse(Some(self.id.clone()), &refusal);
        }
    }

    async fn check_post(&self, post: &Post) -> Result<(), Refusal> {
        self.check_part(&post.author.id)?;
        match post.parent {
            Some(parent) => match self.seq_of(parent).await {
                Ok(_) => Ok(()),
                Err(Refusal::NoSuchMessage) => Err(Refusal::NoSuchParent),
                Err(refusal) => Err(refusal),
            },
            None => Ok(()),
        }
    }

    /// Hands a committed message to everybody and keeps it at hand.
    pub(super) fn publish(&mut self, mut message: Message) {
        self.end_typing(&message.author.id);
        self.head = message.cursor;
        message.author = self.known(&message.author);
        self.ring.push(&message);
        self.tell_all(Event::Message(message));
    }

    /// Brings a client up to date and lets it follow from exactly there.
    pub(super) async fn join(&mut self, client: Arc<Client>, bring: Bring) -> Result<Joining, Refusal> {
        self.check_part(&client.person.id)?;
        self.tell_untold().await;
        // Not left to the announcement, which comes later when many come at once.
        self.look_for(std::slice::from_ref(&client.person.id));
        match bring {
            Bring::Page(since) => return self.join_with_page(&client, since).await,
            Bring::Nothing => {
                client.place(Track::Room(&self.id, self.head));
                self.enter(&client);
            }
            // Who is here already and asks again is told nothing new.
            Bring::Participants if self.followers.contains(client.id) => {}
            Bring::Participants => {
                client.place(Track::Room(&self.id, self.head));
                self.enter(&client);
                self.list_participants(&client);
            }
        }
        Ok(Joining::Follows)
    }

    async fn join_with_page(
        &mut self,
        client: &Arc<Client>,
        since: Option<Cursor>,
    ) -> Result<Joining, Refusal> {
        let (mut messages, recovered, has_more) = match self.catch_up(since).await? {
            CatchUp::Missed(messages) => (messages, true, false),
            CatchUp::Newest(messages, has_more) => (messages, false, has_more),
            // The client's own task reads the page: a long absence must not keep a room from its work.
            CatchUp::TooMuch(since) => return Ok(Joining::TooFarBehind(since)),
        };
        if recovered && page::keep_first(&mut messages) {
            if let Some(part) = page::of_more(&self.id, messages)
                && client.tell_alone(&Event::Joined(Box::new(part))).is_err()
            {
                self.lose_follower(client.id);
            }
            return Ok(Joining::NotYet);
        }
        // Before the list is made, so that the client finds itself in it; but told to nobody who is not told the rest.
        self.enter(client);
        let participants = if self.is_live() { self.participants.list() } else { Vec::new() };
        let roster = self.roster();
        let joined = Joined {
            room: self.id.clone(),
            head: self.head,
            recovered,
            has_more,
            messages,
            arriving: self.is_arriving(&roster, &client.person.id),
            roster,
            typing: self.typists.names(),
            participants: participants.into_iter().map(|(person, _)| person).collect(),
            live: self.session.as_deref().or(self.live.as_ref()).cloned(),
        };
        if client.tell_alone(&Event::Joined(Box::new(joined))).is_err() {
            self.lose_follower(client.id);
        }
        Ok(Joining::Follows)
    }

    /// Ends following for all devices of somebody who is not in the room any more.
    pub(super) fn show_out(&mut self, person: &protocol::UserId) {
        let left = Event::Left(RoomRef { room: self.id.clone() });
        let devices = self.followers.iter().map(Follower::client).filter(|it| it.person.id == *person);
        for device in devices.map(|device| device.id).collect::<Vec<_>>() {
            if let Some(client) = self.followers.remove(device) {
                client.tell_alone(&left).ok();
            }
        }
        if let Some(name) = self.participants.leave(person) {
            self.tell_participant(person, name, false);
        }
    }
}

fn draft_of(post: &Post) -> MessageDraft {
    MessageDraft {
        id: Shared::new_message_id(),
        author: post.author.clone(),
        draft: post.draft,
        body: post.body.clone(),
        parent: post.parent,
        kind: post.kind.clone(),
    }
}

fn acknowledge(post: Post, message: Message) {
    if let Some(client) = post.from {
        let Message { room, cursor, id, at_ms, draft, .. } = message.clone();
        client.tell_alone(&Event::Posted(Posted { room, draft, cursor, id, at_ms })).ok();
    }
    if let Some(reply) = post.reply {
        reply.send(Ok(message)).ok();
    }
}
