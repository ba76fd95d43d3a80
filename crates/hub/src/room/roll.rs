//! The list of a room's people that everybody who joins is told.

use std::sync::Arc;

use protocol::UserId;

use crate::roster::{self, Roster};

use super::Room;

impl Room {
    /// Everybody, with what the others were told of who is here, so that what is told next fits for everybody.
    pub(super) fn roster(&mut self) -> Arc<Roster> {
        let fresh = || roster::roster(self.members.values(), |person| self.presence.was_told(person));
        let roster = self.roster.take().unwrap_or_else(|| Arc::new(fresh()));
        // Whoever changes something about a member forgets the roster. The tests watch over that.
        debug_assert_eq!(roster.members(), fresh().members(), "a change of the people was not noticed");
        self.roster = Some(roster.clone());
        roster
    }

    /// Something about the people has changed: the next one who joins has them listed anew.
    pub(super) fn forget_roster(&mut self) {
        self.roster = None;
    }

    /// Where somebody stands in the roster who is here, as nobody was told yet.
    pub(super) fn is_arriving(&self, roster: &Roster, person: &UserId) -> Option<usize> {
        if self.presence.was_told(person) {
            return None;
        }
        roster.members().iter().position(|member| member.id == *person)
    }
}
