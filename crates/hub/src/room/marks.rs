//! How far each member has read.

use protocol::{MessageId, ReadMark, UserId};
use send_queue::DeliveryPolicy;

use crate::client::Client;
use crate::conflation;
use crate::envelope::Envelope;
use crate::event::{Event, Receipt};
use crate::refusal::Refusal;

use super::Room;
use super::command::{Reply, Target};

/// Somebody has read so far.
pub(super) struct Mark {
    pub(super) person: UserId,
    pub(super) upto: Target,
    pub(super) reply: Option<Reply<()>>,
}

/// A mark that is higher than before.
struct Risen {
    person: UserId,
    seq: u64,
    /// The message that was named, if one was.
    message: Option<MessageId>,
}

impl Room {
    /// Stores a run of read marks at once, then tells everybody what changed.
    pub(super) async fn note_marks(&mut self, marks: &mut Vec<Mark>) {
        let mut risen: Vec<Risen> = Vec::new();
        let mut replies = Vec::new();
        for Mark { person, upto, reply } in marks.drain(..) {
            let checked = self.check_mark(&person, upto).await;
            let before = self.members.get(&person).map_or(0, |member| member.read_seq);
            if let Ok(seq) = checked
                && seq > before
            {
                let message = if let Target::Message(message) = upto { Some(message) } else { None };
                risen.push(Risen { person, seq, message });
            }
            replies.extend(reply.map(|reply| (reply, checked.map(|_| ()))));
        }
        let mut stored = Ok(());
        if !risen.is_empty() {
            let rows: Vec<(UserId, u64)> = risen.iter().map(|it| (it.person.clone(), it.seq)).collect();
            stored = self.shared.store.mark_read(&self.id, &rows).await.map_err(Refusal::from);
        }
        match &stored {
            Ok(()) => risen.into_iter().for_each(|mark| self.tell_mark(mark)),
            Err(error) => {
                let error = error as &dyn std::error::Error;
                tracing::error!(error, room.id = %self.id, "Could not store read marks of room `{}`", self.id);
            }
        }
        for (reply, checked) in replies {
            reply.send(checked.and_then(|()| stored.clone())).ok();
        }
    }

    /// The number that a mark stands for.
    async fn check_mark(&self, person: &UserId, upto: Target) -> Result<u64, Refusal> {
        self.check_part(person)?;
        match upto {
            Target::Seq(seq) => Ok(seq.min(self.head.seq)),
            Target::Message(message) => self.seq_of(message).await,
        }
    }

    /// The number of a message of this room.
    pub(super) async fn seq_of(&self, message: MessageId) -> Result<u64, Refusal> {
        if let Some(seq) = self.ring.seq_of(message) {
            return Ok(seq);
        }
        match self.shared.store.find_message(message).await? {
            Some((room, cursor)) if room == self.id => Ok(cursor.seq),
            _ => Err(Refusal::NoSuchMessage),
        }
    }

    fn tell_mark(&mut self, mark: Risen) {
        let Risen { person: user, seq, message } = mark;
        let Some(member) = self.members.get_mut(&user).filter(|member| member.read_seq < seq) else {
            return;
        };
        let before = std::mem::replace(&mut member.read_seq, seq);
        self.forget_roster();
        let told = Envelope::new(Event::Read(ReadMark { room: self.id.clone(), user: user.clone(), seq }));
        self.deliver_to(&told, DeliveryPolicy::ReliableLatest(conflation::read(&self.id, &user)), |_| true);
        if !self.followers.count_readers() {
            return;
        }
        let mut passed = self.ring.between(before, seq);
        if let Some(message) = message.filter(|message| !passed.contains(message)) {
            passed.push(message);
        }
        for message in passed {
            let receipt = Receipt { room: self.id.clone(), user: user.clone(), message };
            let wants = |client: &Client| client.spelling.counts_readers && client.person.id != user;
            self.deliver_to(&Envelope::new(Event::Receipt(receipt)), DeliveryPolicy::Reliable, wants);
        }
    }
}
