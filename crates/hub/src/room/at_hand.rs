//! What was said before: from the ring where it is at hand, else from the store.

use std::sync::Arc;

use protocol::{Cursor, limits};
use send_queue::DeliveryPolicy;

use crate::client::Client;
use crate::envelope::Envelope;
use crate::event::Event;
use crate::model::{Message, Person};
use crate::outbox::Track;
use crate::page;
use crate::port::Slice;
use crate::recover::{self, Plan};
use crate::refusal::Refusal;

use super::{Resumed, Room};

/// What a join brings.
pub(super) enum CatchUp {
    /// Everything that was missed.
    Missed(Vec<protocol::Message>),
    /// The newest page, and whether there is more before it.
    Newest(Vec<protocol::Message>, bool),
    /// More than one answer brings was missed since then.
    TooMuch(Cursor),
}

impl Room {
    /// One copy of each author in memory: the one that the room has as a member.
    pub(super) fn known(&self, author: &Arc<Person>) -> Arc<Person> {
        let member = self.members.get(&author.id).map(|member| &member.person);
        member.filter(|person| *person == author).unwrap_or(author).clone()
    }

    /// What somebody who stands at `since` is told at a join.
    pub(super) async fn catch_up(&self, since: Option<Cursor>) -> Result<CatchUp, Refusal> {
        loop {
            match recover::plan(since, self.head, self.ring.after()) {
                Plan::FromRing(after) => {
                    // Otherwise another room needed the memory since the look above.
                    if let Some(messages) = self.ring.since(after, &self.id, self.head.epoch) {
                        return Ok(CatchUp::Missed(to_wire(&messages)));
                    }
                }
                Plan::FromStore(after) => return Ok(CatchUp::Missed(self.in_store(after).await?)),
                Plan::TooFarBehind(since) => return Ok(CatchUp::TooMuch(since)),
                Plan::StartOver => return self.newest_page().await,
            }
        }
    }

    /// Sends a client that comes back each message that it missed, if they are in memory and no more than one portion, and
    /// subscribes it from there.
    pub(super) async fn resume(&mut self, client: &Arc<Client>, since: Cursor) -> Result<Resumed, Refusal> {
        self.check_part(&client.person.id)?;
        self.tell_untold().await;
        self.look_for(std::slice::from_ref(&client.person.id));
        // The room has a new life since then.
        since.gap_to(self.head).ok_or(Refusal::NoSuchRoom)?;
        let missed = if since == self.head {
            Some(Vec::new())
        } else {
            self.ring.since(since.seq, &self.id, self.head.epoch)
        };
        let Some(missed) = missed.filter(|missed| page::is_one_portion(missed)) else {
            return Ok(Resumed::Behind(self.head));
        };
        client.place(Track::Room(&self.id, since));
        self.retell(client, missed);
        client.place(Track::Room(&self.id, self.head));
        self.enter(client);
        Ok(Resumed::Subscribed)
    }

    /// Tells messages again. Whoever comes back in the same turn shares the bytes: after an outage there are many.
    fn retell(&mut self, client: &Client, missed: Vec<Message>) {
        for message in missed {
            let spelled = self.retold.entry(message.cursor.seq);
            let envelope = spelled.or_insert_with(|| Envelope::new(Event::Message(message)));
            client.tell(envelope, DeliveryPolicy::Reliable).ok();
        }
    }

    async fn newest_page(&self) -> Result<CatchUp, Refusal> {
        let first = self.head.seq.saturating_sub(u64::from(limits::PAGE_MESSAGES));
        let messages = match self.ring.since(first, &self.id, self.head.epoch) {
            Some(messages) => messages,
            None => self.newest_in_store().await?,
        };
        let has_older = messages.first().is_some_and(|first| first.cursor.seq > 1);
        let mut messages = to_wire(&messages);
        let is_cut = page::keep_last(&mut messages);
        Ok(CatchUp::Newest(messages, is_cut || has_older))
    }

    /// The newest page, which is at hand from now on.
    async fn newest_in_store(&self) -> Result<Vec<Message>, Refusal> {
        let slice = Slice::Before(self.head.seq.saturating_add(1));
        let mut messages = self.shared.store.page(&self.id, slice, limits::PAGE_MESSAGES).await?.messages;
        for message in &mut messages {
            message.author = self.known(&message.author);
        }
        self.ring.fill(&messages);
        Ok(messages)
    }

    /// The messages after a number, when one page holds them.
    async fn in_store(&self, after: u64) -> Result<Vec<protocol::Message>, Refusal> {
        let slice = Slice::After(after);
        let page = self.shared.store.page(&self.id, slice, limits::MAX_RECOVERED_MESSAGES).await?;
        Ok(page.messages.iter().filter(|it| self.was_told(it)).map(Message::to_wire).collect())
    }
}

fn to_wire(messages: &[Message]) -> Vec<protocol::Message> {
    messages.iter().map(Message::to_wire).collect()
}
