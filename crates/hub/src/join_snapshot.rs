//! Join snapshot: the answer to a join, with the roster that all answers share.

use std::sync::Arc;

use protocol::{Cursor, JoinedRoom, LiveChange, Member, Message, RoomId, UserId};

use crate::roster::Roster;

/// The state of a room to which a client is subscribed, as in [`JoinedRoom`].
#[derive(Debug)]
pub struct JoinSnapshot {
    /// Which room.
    pub room: RoomId,
    /// The chat whose live room this is.
    pub chat: Option<RoomId>,
    /// The client's position after `messages`.
    pub head: Cursor,
    /// Whether `messages` is what the client missed; otherwise it is the newest page.
    pub recovered: bool,
    /// Whether there is more in the direction that was asked.
    pub has_more: bool,
    /// Oldest first.
    pub messages: Vec<Message>,
    /// All members of the room, as its subscribers know them.
    pub roster: Arc<Roster>,
    /// The index of the client's user in the roster, if the roster does not have the user as online yet.
    pub unannounced: Option<usize>,
    /// The users who are typing.
    pub typing: Vec<UserId>,
    /// The participants; in live sessions only.
    pub participants: Vec<UserId>,
    /// The status of the live session, if an owner ever set it. Of a chat: its live room's, which `live.room` names.
    pub live: Option<LiveChange>,
    /// The last change that the client has.
    pub rev: u64,
    /// Whether the client takes changes, and is shown `rev`.
    pub takes_changes: bool,
    /// Messages that the client had before, as they are now.
    pub changed: Vec<Message>,
}

impl JoinSnapshot {
    /// The client's user as online, with the index in the roster, if the roster has the user as offline.
    pub fn unannounced_member(&self) -> Option<(usize, Member)> {
        let index = self.unannounced?;
        Some((index, Member { online: true, ..self.roster.members().get(index)?.clone() }))
    }

    /// The same with a list of members of its own.
    pub fn to_wire(&self) -> JoinedRoom {
        let mut members = self.roster.members().to_vec();
        if let Some(member) = self.unannounced.and_then(|index| members.get_mut(index)) {
            member.online = true;
        }
        JoinedRoom {
            room: self.room.clone(),
            chat: self.chat.clone(),
            head: self.head,
            recovered: self.recovered,
            has_more: self.has_more,
            messages: self.messages.clone(),
            members,
            typing: self.typing.clone(),
            participants: self.participants.clone(),
            live: self.live.clone(),
            rev: self.takes_changes.then_some(self.rev),
            changed: self.changed.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::Role;

    use super::*;

    fn offline(name: &str) -> Member {
        let id = UserId::parse(name).unwrap();
        Member { id, name: name.to_owned(), role: Role::Member, online: false, read_seq: 0 }
    }

    #[test]
    fn whoever_joins_is_online_in_the_answer_and_not_yet_in_the_roster() {
        let snapshot = JoinSnapshot {
            room: RoomId::parse("team").unwrap(),
            chat: None,
            head: Cursor { epoch: 1, seq: 0 },
            recovered: false,
            has_more: false,
            messages: Vec::new(),
            roster: Arc::new(Roster::of(vec![offline("ann"), offline("bob")])),
            unannounced: Some(1),
            typing: Vec::new(),
            participants: Vec::new(),
            live: None,
            rev: 0,
            takes_changes: false,
            changed: Vec::new(),
        };
        let bob = Member { online: true, ..offline("bob") };
        assert_eq!(snapshot.unannounced_member(), Some((1, bob.clone())));
        assert_eq!(snapshot.to_wire().members, [offline("ann"), bob]);
        assert_eq!(snapshot.roster.members(), [offline("ann"), offline("bob")]);
        assert_eq!(JoinSnapshot { unannounced: None, ..snapshot }.unannounced_member(), None);
    }
}
