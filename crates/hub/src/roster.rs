//! How the people of a room are listed: once, for all who join until something about them changes.

use std::ops::Range;
use std::sync::OnceLock;

use protocol::{Member, Role, UserId};

use crate::model::Membership;

/// Everybody in a room: owners first, then by name.
#[derive(Debug, Default)]
pub struct Roster {
    members: Vec<Member>,
    spelled: OnceLock<EncodedRoster>,
}

/// A roster in the dialect that shows it whole, so that a thousand who join do not have a thousand people spelled for each.
#[derive(Debug)]
pub struct EncodedRoster {
    text: Vec<u8>,
    /// Where each member stands in it.
    places: Vec<Range<usize>>,
}

impl Roster {
    /// These people, put in order.
    pub fn of(mut members: Vec<Member>) -> Self {
        members.sort_by(|a, b| rank(a).cmp(&rank(b)));
        Self { members, spelled: OnceLock::new() }
    }

    /// Everybody.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The list with commas between, written at the first call: `write` adds one member. There is one dialect that shows a
    /// roster whole, so there is one place for it.
    pub fn spelled(&self, write: impl Fn(&Member, &mut Vec<u8>)) -> &EncodedRoster {
        self.spelled.get_or_init(|| {
            let mut text = Vec::with_capacity(self.members.len() * 96);
            let mut places = Vec::with_capacity(self.members.len());
            for member in &self.members {
                if !text.is_empty() {
                    text.push(b',');
                }
                let start = text.len();
                write(member, &mut text);
                places.push(start..text.len());
            }
            text.shrink_to_fit();
            EncodedRoster { text, places }
        })
    }
}

impl EncodedRoster {
    /// The whole of it.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// What stands before and behind one member.
    pub fn around(&self, index: usize) -> Option<(&[u8], &[u8])> {
        let place = self.places.get(index)?;
        Some((self.text.get(..place.start)?, self.text.get(place.end..)?))
    }
}

/// Names are not the last word: two people of other sign-in services may have the same.
fn rank(member: &Member) -> (bool, &str, &UserId) {
    (member.role != Role::Owner, &member.name, &member.id)
}

/// One person, as a list shows one.
pub(crate) fn member(membership: &Membership, online: bool) -> Member {
    Member {
        id: membership.user.id.clone(),
        name: membership.user.username.clone(),
        role: membership.role,
        online,
        read_seq: membership.read_seq,
    }
}

/// The roster of these people.
pub(crate) fn roster<'a>(
    memberships: impl Iterator<Item = &'a Membership>,
    is_present: impl Fn(&UserId) -> bool,
) -> Roster {
    Roster::of(memberships.map(|it| member(it, is_present(&it.user.id))).collect())
}
