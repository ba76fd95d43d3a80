//! Joining and leaving: subscribes a client to a room and sends it what it missed, or ends its subscription.

use std::sync::Arc;

use protocol::{Cursor, RoomRef, UserId};
use tokio::time::Instant;

use crate::client::{ClientHandle, ClientId};
use crate::command::JoinMode;
use crate::error::HubError;
use crate::event::{Event, RoomEntry};
use crate::join_snapshot::JoinSnapshot;
use crate::model::Message;
use crate::page_limit;
use crate::queue::StreamPosition;

use super::Room;
use super::command::{JoinOutcome, PositionInRoom, ResumeOutcome};
use super::fanout;
use super::history::Recovery;

impl Room {
    /// Brings a client up to date and subscribes it from exactly there.
    pub(super) async fn join(
        &mut self,
        client: Arc<ClientHandle>,
        mode: JoinMode,
    ) -> Result<JoinOutcome, HubError> {
        self.members.check(&client.user.id)?;
        self.resync_log().await;
        // Not left to the presence queue, which is late when many come at once.
        self.refresh_presence(std::slice::from_ref(&client.user.id));
        match mode {
            JoinMode::Recover(since) => return self.join_with_recovery(&client, since, None).await,
            JoinMode::RecoverWithChanges { since, rev } => {
                return self.join_with_recovery(&client, since, Some(rev)).await;
            }
            JoinMode::SubscribeOnly => self.subscribe_at_head(&client),
            // A client that is subscribed and asks again is sent nothing new.
            JoinMode::WithParticipants if self.fanout.contains(client.id) => {}
            JoinMode::WithParticipants => {
                self.subscribe_at_head(&client);
                for event in self.live.introduction(&client.user.id, self.now_ms()) {
                    fanout::send_to(&client, &event).ok();
                }
            }
        }
        Ok(JoinOutcome::Subscribed)
    }

    /// `rev`: the client takes changes, and has those up to this number.
    async fn join_with_recovery(
        &mut self,
        client: &Arc<ClientHandle>,
        since: Option<Cursor>,
        rev: Option<u64>,
    ) -> Result<JoinOutcome, HubError> {
        let (store, head) = (&*self.context.store, self.log.head());
        // Changes that the room does not have are those of another history.
        let since = since.filter(|_| rev.is_none_or(|rev| rev <= self.log.rev()));
        let recovery =
            self.log.history().recover(store, since, head, |author| self.members.intern(author)).await?;
        let (mut messages, recovered, has_more) = match recovery {
            Recovery::Missed(messages) => (messages, true, false),
            Recovery::Newest(messages, has_more) => (messages, false, has_more),
            // The client's own task reads the page: a long absence must not block a room.
            Recovery::InPages(since) => return Ok(self.in_pages(since, rev)),
        };
        let mut changed = Vec::new();
        if recovered {
            let is_cut = page_limit::keep_first(&mut messages);
            let missed = match (is_cut, since, rev) {
                (true, ..) => None,
                (false, Some(since), Some(rev)) => self.log.missed_changes(store, rev, since.seq).await?,
                _ => Some(Vec::new()),
            };
            match missed {
                Some(missed) if page_limit::is_one_answer(&messages, &missed) => changed = missed,
                // Messages first, then changes: each answer has as much as fits of one of them.
                _ if !messages.is_empty() => return Ok(self.send_part(client, messages, rev)),
                Some(missed) => return Ok(self.send_part_of_changes(client, missed)),
                None => return Ok(self.in_pages(since.unwrap_or(head), rev)),
            }
        }
        // Before the snapshot is made, so that the client finds itself in it; the others are sent an event.
        self.subscribe(client);
        self.fanout.set_takes_changes(client.id, rev.is_some());
        let snapshot = JoinSnapshot {
            takes_changes: rev.is_some(),
            changed,
            ..self.snapshot(client, messages, recovered, has_more)
        };
        // Most dialects have no frame for it: their answer to a join says as much.
        let (room, name) = (self.identity.id.clone(), self.name.text().to_owned());
        let entry = RoomEntry { room, name, roster: snapshot.roster.clone() };
        self.send_or_lose(client, &Event::RoomEntered(Box::new(entry)));
        self.send_or_lose(client, &Event::Joined(Box::new(snapshot)));
        Ok(JoinOutcome::Subscribed)
    }

    /// The client's own task reads what it missed.
    fn in_pages(&self, since: Cursor, rev: Option<u64>) -> JoinOutcome {
        JoinOutcome::InPages { since, rev, chat: self.identity.chat.clone() }
    }

    /// Sends a client a part of the messages that it missed.
    fn send_part(
        &mut self,
        client: &ClientHandle,
        messages: Vec<protocol::Message>,
        rev: Option<u64>,
    ) -> JoinOutcome {
        let part = page_limit::of_more(&self.identity.id, self.identity.chat.as_ref(), messages, rev);
        self.send_more(client, part)
    }

    /// Sends a client that has all messages a part of the changes that it missed.
    fn send_part_of_changes(
        &mut self,
        client: &ClientHandle,
        mut changed: Vec<protocol::Message>,
    ) -> JoinOutcome {
        page_limit::keep_first(&mut changed);
        let (room, chat, head) = (&self.identity.id, self.identity.chat.as_ref(), self.log.head());
        let part = page_limit::of_more_changes(room, chat, head, changed);
        self.send_more(client, part)
    }

    fn send_more(&mut self, client: &ClientHandle, part: Option<JoinSnapshot>) -> JoinOutcome {
        if let Some(part) = part {
            self.send_or_lose(client, &Event::Joined(Box::new(part)));
        }
        JoinOutcome::MorePages
    }

    fn snapshot(
        &mut self,
        client: &ClientHandle,
        messages: Vec<protocol::Message>,
        recovered: bool,
        has_more: bool,
    ) -> JoinSnapshot {
        let (presence, user) = (&self.presence, &client.user.id);
        let roster = self.members.roster(|member| presence.is_announced(member));
        // The client's user is online, which no subscriber was sent yet.
        let is_unannounced = !presence.is_announced(user);
        let position = || roster.members().iter().position(|member| member.id == *user);
        JoinSnapshot {
            room: self.identity.id.clone(),
            chat: self.identity.chat.clone(),
            head: self.log.head(),
            recovered,
            has_more,
            messages,
            unannounced: is_unannounced.then(position).flatten(),
            roster,
            typing: self.typing.users(),
            participants: self.live.participants(),
            live: self.live.status(),
            rev: self.log.rev(),
            takes_changes: false,
            changed: Vec::new(),
        }
    }

    /// Sends a client that comes back each message that it missed, and each of the others that was changed, if they are in
    /// memory and no more than one portion, and subscribes it from there.
    pub(super) async fn resume(
        &mut self,
        client: &Arc<ClientHandle>,
        position: PositionInRoom,
    ) -> Result<ResumeOutcome, HubError> {
        let PositionInRoom { cursor: since, rev } = position;
        self.members.check(&client.user.id)?;
        self.resync_log().await;
        self.refresh_presence(std::slice::from_ref(&client.user.id));
        let (head, last_rev) = (self.log.head(), self.log.rev());
        // The room has another epoch since then.
        since.gap_to(head).ok_or(HubError::NoSuchRoom)?;
        let missed = self.log.history().portion_since(since, head);
        let changed = self.log.recently_changed(rev, since.seq);
        let (Some(missed), Some(changed)) = (missed, changed) else {
            return Ok(ResumeOutcome::Behind(PositionInRoom { cursor: head, rev: last_rev }));
        };
        if !page_limit::is_one_portion(missed.iter().chain(&changed)) {
            return Ok(ResumeOutcome::Behind(PositionInRoom { cursor: head, rev: last_rev }));
        }
        fanout::set_position(client, StreamPosition::Room(&self.identity.id, since, rev));
        self.replay(client, missed);
        for message in changed {
            fanout::send_to(client, &Event::MessageChanged(message)).ok();
        }
        self.subscribe_at_head(client);
        Ok(ResumeOutcome::Subscribed)
    }

    /// Sends messages again. Clients that come back in the same batch share the bytes.
    fn replay(&mut self, client: &ClientHandle, missed: Vec<Message>) {
        for message in missed {
            fanout::replay_to(client, self.log.history_mut().replay(message)).ok();
        }
    }

    fn subscribe_at_head(&mut self, client: &Arc<ClientHandle>) {
        fanout::set_position(
            client,
            StreamPosition::Room(&self.identity.id, self.log.head(), self.log.rev()),
        );
        self.subscribe(client);
    }

    /// Subscribes a client. The others receive an event if its user was no participant before.
    fn subscribe(&mut self, client: &Arc<ClientHandle>) {
        let user = &client.user;
        self.members.share(user);
        let is_new = !self.fanout.contains(client.id);
        let joined = self.live.join(user, is_new, self.now_ms());
        self.emit(joined);
        if is_new {
            self.fanout.subscribe(client.clone());
        }
    }

    /// A client ends its subscription; with the last one its user leaves.
    pub(super) fn unsubscribe(&mut self, client: ClientId) {
        if let Some(user) = self.remove_client(client) {
            let left = self.live.leave(&user, self.now_ms());
            self.emit(left);
        }
    }

    /// A connection was lost; its user may come back.
    pub(super) fn connection_lost(&mut self, client: ClientId) {
        if let Some(user) = self.remove_client(client) {
            self.live.connection_lost(&user, Instant::now(), self.context.settings.presence_grace);
        }
    }

    /// Ends the subscriptions of all clients of a former member.
    pub(super) fn unsubscribe_user(&mut self, user: &UserId) {
        let left = Event::Left(RoomRef { room: self.identity.id.clone() });
        for client in self.fanout.clients_of(user) {
            if let Some(client) = self.fanout.unsubscribe(client) {
                fanout::send_to(&client, &left).ok();
            }
        }
        let left = self.live.leave(user, self.now_ms());
        self.emit(left);
    }

    /// Removes a client. Returns its user if it was the user's last one here.
    fn remove_client(&mut self, client: ClientId) -> Option<UserId> {
        let client = self.fanout.unsubscribe(client)?;
        let user = &client.user.id;
        if !self.live.remove_client(user) {
            return None;
        }
        let stopped = self.typing.stop(&self.identity.id, user);
        self.emit(stopped);
        Some(user.clone())
    }

    fn send_or_lose(&mut self, client: &ClientHandle, event: &Event) {
        if fanout::send_to(client, event).is_err() {
            self.connection_lost(client.id);
        }
    }
}
