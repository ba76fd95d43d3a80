//! Joining: subscribes a client to a room, and sends it what it missed there.

use protocol::{Cursor, RoomId, limits};
use tokio::sync::oneshot;

use super::Peer;
use crate::command::{Bring, Done};
use crate::event::Event;
use crate::model::Message;
use crate::page;
use crate::port::Slice;
use crate::refusal::Refusal;
use crate::room::{JoinOutcome, Request};

impl Peer {
    pub(super) async fn join(&mut self, room: &RoomId, bring: Bring) -> Result<Done, Refusal> {
        let full = self.joined.len() >= self.context.settings.rooms_per_connection;
        if full && self.joined.get(room).is_none() {
            return Err(Refusal::TooManyRooms);
        }
        self.end_resume(room);
        let mailbox = self.context.mailbox_for(room, &self.client.person.id).await?;
        let (reply, answer) = oneshot::channel();
        let wish = Request::Join { client: self.client.clone(), mode: bring, reply };
        // Noted before the answer: a client that hangs up while it waits for it leaves the room, too.
        let is_new = self.joined.get(room).is_none();
        if is_new {
            self.joined.insert(room, mailbox.clone());
        }
        let joining = async {
            // Closed: the room ended while the wish waited for a place, and why is not known. It may be there again.
            mailbox.send(wish.into()).await.map_err(|_| Refusal::Stopping)?;
            answer.await.map_err(|_| Refusal::NoSuchRoom)?
        };
        let joining = joining.await;
        if matches!(joining, Ok(JoinOutcome::Subscribed)) {
            self.joined.insert(room, mailbox);
        } else if is_new {
            self.joined.remove(room);
        }
        if let JoinOutcome::TooFarBehind(since) = joining? {
            self.tell_missed_page(room, since).await?;
        }
        Ok(Done::Yes)
    }

    /// Tells the client the next page of what it missed. It asks for the one after it when it likes, so its own pace is the
    /// flow control, and nothing of a long absence is kept here in between.
    async fn tell_missed_page(&self, room: &RoomId, since: Cursor) -> Result<(), Refusal> {
        let slice = Slice::After(since.seq);
        let user = &self.client.person.id;
        let missed = self.context.page_for(room, user, slice, limits::MAX_RECOVERED_MESSAGES).await?;
        let mut messages = missed.messages.iter().map(Message::to_wire).collect();
        page::keep_first(&mut messages);
        // Without any, or with those of another life, the room was deleted after it had answered.
        let joined = page::of_more(room, messages).filter(|it| it.head.epoch == since.epoch);
        let joined = joined.ok_or(Refusal::NoSuchRoom)?;
        self.tell(&Event::Joined(Box::new(joined)));
        Ok(())
    }
}
