//! How the people of a room are listed.

use protocol::{Member, Role, UserId};

use crate::model::Membership;

/// One person, as a list shows one.
pub(crate) fn member(membership: &Membership, online: bool) -> Member {
    Member {
        id: membership.person.id.clone(),
        name: membership.person.username.clone(),
        role: membership.role,
        online,
        read_seq: membership.read_seq,
    }
}

/// Owners first, then by name.
pub(crate) fn members<'a>(
    memberships: impl Iterator<Item = &'a Membership>,
    is_present: impl Fn(&UserId) -> bool,
) -> Vec<Member> {
    let mut list: Vec<Member> = memberships.map(|it| member(it, is_present(&it.person.id))).collect();
    list.sort_by(|a, b| (a.role != Role::Owner, &a.name).cmp(&(b.role != Role::Owner, &b.name)));
    list
}
