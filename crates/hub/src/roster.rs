//! Roster: the sorted list of a room's members, made once for all clients that join until a member changes.

use std::ops::Range;
use std::sync::OnceLock;

use protocol::{Member, Role, UserId};

use crate::model::Membership;

/// The members of a room: owners first, then by name.
#[derive(Debug, Default)]
pub struct Roster {
    members: Vec<Member>,
    encoded: OnceLock<EncodedRoster>,
}

/// A roster in the dialect that shows it whole, so that a thousand members are not encoded for each of a thousand joins.
#[derive(Debug)]
pub struct EncodedRoster {
    text: Vec<u8>,
    /// The range of each member in it.
    ranges: Vec<Range<usize>>,
}

impl Roster {
    /// A roster of these members, sorted.
    pub fn of(mut members: Vec<Member>) -> Self {
        members.sort_by(|a, b| rank(a).cmp(&rank(b)));
        Self { members, encoded: OnceLock::new() }
    }

    /// All members.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The list with commas between, encoded at the first call: `write` adds one member. One dialect shows a roster whole, so
    /// one encoded form is kept.
    pub fn encoded(&self, write: impl Fn(&Member, &mut Vec<u8>)) -> &EncodedRoster {
        self.encoded.get_or_init(|| {
            let mut text = Vec::with_capacity(self.members.len() * 96);
            let mut ranges = Vec::with_capacity(self.members.len());
            for member in &self.members {
                if !text.is_empty() {
                    text.push(b',');
                }
                let start = text.len();
                write(member, &mut text);
                ranges.push(start..text.len());
            }
            text.shrink_to_fit();
            EncodedRoster { text, ranges }
        })
    }
}

impl EncodedRoster {
    /// The whole of it.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The text before and after one member.
    pub fn around(&self, index: usize) -> Option<(&[u8], &[u8])> {
        let range = self.ranges.get(index)?;
        Some((self.text.get(..range.start)?, self.text.get(range.end..)?))
    }
}

/// The id decides last: two users of other sign-in services may have the same name.
fn rank(member: &Member) -> (bool, &str, &UserId) {
    (member.role != Role::Owner, &member.name, &member.id)
}

/// A member, as a list shows it.
pub(crate) fn member(membership: &Membership, online: bool) -> Member {
    Member {
        id: membership.user.id.clone(),
        name: membership.user.username.clone(),
        role: membership.role,
        online,
        read_seq: membership.read_seq,
    }
}

/// The roster of these members.
pub(crate) fn roster<'a>(
    memberships: impl Iterator<Item = &'a Membership>,
    is_present: impl Fn(&UserId) -> bool,
) -> Roster {
    Roster::of(memberships.map(|it| member(it, is_present(&it.user.id))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_around_a_member_is_the_list_without_it() {
        let member = |name: &str| Member {
            id: UserId::parse(name).unwrap(),
            name: name.to_owned(),
            role: Role::Member,
            online: false,
            read_seq: 0,
        };
        let roster = Roster::of(["ann", "bob", "eve"].map(member).to_vec());
        let encoded = roster.encoded(|member, out| out.extend_from_slice(member.name.as_bytes()));
        let around = |index: usize| {
            let (before, behind) = encoded.around(index)?;
            Some((String::from_utf8_lossy(before).into_owned(), String::from_utf8_lossy(behind).into_owned()))
        };
        let expected = [("", ",bob,eve"), ("ann,", ",eve"), ("ann,bob,", "")];
        for (index, (before, behind)) in expected.into_iter().enumerate() {
            assert_eq!(around(index), Some((before.to_owned(), behind.to_owned())));
        }
        assert_eq!(around(3), None);
        assert_eq!(encoded.text(), b"ann,bob,eve");
    }
}
