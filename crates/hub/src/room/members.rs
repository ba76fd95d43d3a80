//! Members: the members of a room with their roles and read markers.
//!
//! A store may fail after it has changed the members. They are stale then: the room reads them again before it answers a
//! request that depends on them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use protocol::{Role, UserId};
use tokio::time::Instant;

use crate::error::HubError;
use crate::model::{Membership, User};
use crate::policy;
use crate::roster::{self, Roster};
use crate::store::RETRY_DELAY;

/// The members of a room as the room knows them.
pub(super) struct Members {
    by_id: HashMap<UserId, Membership>,
    /// All members, as a client that joins is sent; made when it is first needed.
    roster: Option<Arc<Roster>>,
    /// When to read the members again; `None`: they are those of the store.
    resync_at: Option<Instant>,
    /// Members whose notification of their new room is pending.
    pending_invites: BTreeSet<UserId>,
}

/// How the members of the store differ from those of the room.
pub(super) struct Difference {
    pub(super) roles: Vec<(UserId, Role)>,
    pub(super) removed: Vec<UserId>,
    pub(super) added: Vec<Membership>,
}

/// The result of reading the members from the store again.
pub(super) enum Resync {
    /// They are those of the store.
    Current,
    /// The store has no such room: it has no members any more.
    Deleted,
    /// The store did not answer.
    Unavailable(HubError),
}

impl Difference {
    pub(super) fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.removed.is_empty() && self.added.is_empty()
    }
}

impl Members {
    pub(super) fn new(members: Vec<Membership>) -> Self {
        let by_id = members.into_iter().map(|member| (member.user.id.clone(), member)).collect();
        Self { by_id, roster: None, resync_at: None, pending_invites: BTreeSet::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(super) fn contains(&self, user: &UserId) -> bool {
        self.by_id.contains_key(user)
    }

    pub(super) fn role(&self, user: &UserId) -> Option<Role> {
        self.by_id.get(user).map(|member| member.role)
    }

    pub(super) fn read_seq(&self, user: &UserId) -> u64 {
        self.by_id.get(user).map_or(0, |member| member.read_seq)
    }

    /// # Errors
    /// [`HubError::NoSuchRoom`] for an outsider.
    pub(super) fn check(&self, user: &UserId) -> Result<(), HubError> {
        policy::may_take_part(self.role(user))
    }

    /// Every member, in no order.
    pub(super) fn ids(&self) -> impl Iterator<Item = &UserId> {
        self.by_id.keys()
    }

    /// Every member, in an order that is the same each time.
    pub(super) fn sorted_ids(&self) -> Vec<UserId> {
        let mut ids: Vec<UserId> = self.by_id.keys().cloned().collect();
        ids.sort();
        ids
    }

    /// One copy of each user in memory: the one that the room holds as a member.
    pub(super) fn intern(&self, user: &Arc<User>) -> Arc<User> {
        let member = self.by_id.get(&user.id).map(|member| &member.user);
        member.filter(|member| *member == user).unwrap_or(user).clone()
    }

    /// Replaces the copy of the store with the one of a client, so that there is one in memory.
    pub(super) fn share(&mut self, user: &Arc<User>) {
        if let Some(member) = self.by_id.get_mut(&user.id)
            && member.user == *user
        {
            member.user = user.clone();
        }
    }

    /// Adds a member. Returns what subscribers are shown.
    pub(super) fn insert(&mut self, membership: Membership, online: bool) -> protocol::Member {
        let member = roster::member(&membership, online);
        self.by_id.insert(membership.user.id.clone(), membership);
        self.forget_roster();
        member
    }

    pub(super) fn remove(&mut self, user: &UserId) {
        self.by_id.remove(user);
        self.forget_roster();
    }

    /// Gives a member another role. Returns what subscribers are shown.
    pub(super) fn set_role(&mut self, user: &UserId, role: Role, online: bool) -> Option<protocol::Member> {
        let member = self.by_id.get_mut(user)?;
        member.role = role;
        let member = roster::member(member, online);
        self.forget_roster();
        Some(member)
    }

    /// Advances a read marker. Returns its number before; `None` if it does not move.
    pub(super) fn advance_read(&mut self, user: &UserId, seq: u64) -> Option<u64> {
        let member = self.by_id.get_mut(user).filter(|member| member.read_seq < seq)?;
        let before = std::mem::replace(&mut member.read_seq, seq);
        self.forget_roster();
        Some(before)
    }

    /// All members, online as the subscribers know it, so that the next presence event is right for all.
    pub(super) fn roster(&mut self, is_online: impl Fn(&UserId) -> bool) -> Arc<Roster> {
        let fresh = || roster::roster(self.by_id.values(), &is_online);
        let roster = self.roster.take().unwrap_or_else(|| Arc::new(fresh()));
        // Each method that changes what the roster shows forgets it. The tests check that.
        debug_assert_eq!(roster.members(), fresh().members(), "a change of the members was not noticed");
        self.roster = Some(roster.clone());
        roster
    }

    /// The roster is made anew for the next client that joins.
    pub(super) fn forget_roster(&mut self) {
        self.roster = None;
    }

    /// The store may have other members.
    pub(super) fn mark_stale(&mut self) {
        self.resync_at = Some(Instant::now());
    }

    pub(super) fn is_stale(&self) -> bool {
        self.resync_at.is_some()
    }

    /// When to read the members again.
    pub(super) fn resync_at(&self) -> Option<Instant> {
        self.resync_at
    }

    /// The members are those of the store.
    pub(super) fn mark_current(&mut self) {
        self.resync_at = None;
    }

    /// The store did not answer and is asked again later.
    pub(super) fn retry_resync(&mut self) {
        self.resync_at = Some(Instant::now() + RETRY_DELAY);
    }

    /// How the members of the store differ from these.
    pub(super) fn difference(&self, stored: Vec<Membership>) -> Difference {
        let roles = stored.iter().filter(|it| self.role(&it.user.id).is_some_and(|role| role != it.role));
        let roles = roles.map(|it| (it.user.id.clone(), it.role)).collect();
        let there: HashSet<&UserId> = stored.iter().map(|it| &it.user.id).collect();
        let removed = self.sorted_ids().into_iter().filter(|user| !there.contains(user)).collect();
        let added = stored.into_iter().filter(|it| !self.contains(&it.user.id)).collect();
        Difference { roles, removed, added }
    }

    /// A member is to be notified of the new room.
    pub(super) fn add_invite(&mut self, user: UserId) {
        self.pending_invites.insert(user);
    }

    /// Takes the members whose notification of their new room is pending.
    pub(super) fn take_invites(&mut self) -> Vec<UserId> {
        let invites = std::mem::take(&mut self.pending_invites);
        invites.into_iter().filter(|user| self.contains(user)).collect()
    }
}
