//! The answer to a join, with the list of members that all answers share.

use std::sync::Arc;

use protocol::{Cursor, JoinedRoom, LiveChange, Member, Message, RoomId, UserId};

use crate::roster::Roster;

/// A room is followed now, and this is where it stands. As [`JoinedRoom`] says it.
#[derive(Debug)]
pub struct JoinSnapshot {
    /// Which room.
    pub room: RoomId,
    /// Where the client stands after `messages`.
    pub head: Cursor,
    /// Whether `messages` is what was missed, or the newest page.
    pub recovered: bool,
    /// Whether there is more in the direction that was asked.
    pub has_more: bool,
    /// Oldest first.
    pub messages: Vec<Message>,
    /// Everybody in the room, as all its followers know them.
    pub roster: Arc<Roster>,
    /// Which of them is the reader, where the others were not told yet that the reader is here. The reader is.
    pub arriving: Option<usize>,
    /// Who types at this moment.
    pub typing: Vec<UserId>,
    /// Who follows the room at this moment; in live sessions only.
    pub participants: Vec<UserId>,
    /// Where the session stands, if an owner ever said so. Of a chat: its live room's, which `live.room` names.
    pub live: Option<LiveChange>,
}

impl JoinSnapshot {
    /// The member who is the reader and whom the roster has as absent, as one who is here; with the place in the roster.
    pub fn arrived(&self) -> Option<(usize, Member)> {
        let index = self.arriving?;
        Some((index, Member { online: true, ..self.roster.members().get(index)?.clone() }))
    }

    /// The same with a list of its own.
    pub fn to_wire(&self) -> JoinedRoom {
        let mut members = self.roster.members().to_vec();
        if let Some(member) = self.arriving.and_then(|index| members.get_mut(index)) {
            member.online = true;
        }
        JoinedRoom {
            room: self.room.clone(),
            head: self.head,
            recovered: self.recovered,
            has_more: self.has_more,
            messages: self.messages.clone(),
            members,
            typing: self.typing.clone(),
            participants: self.participants.clone(),
            live: self.live.clone(),
        }
    }
}
