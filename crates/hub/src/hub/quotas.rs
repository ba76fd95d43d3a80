//! What a user may ask for and have, counted at every door alike. A part of the application may have as much as it likes.

use protocol::{RoomId, UserId};

use super::{Actor, Hub};
use crate::quotas::{Daily, Kept};
use crate::refusal::Refusal;

impl Hub {
    /// Counts a request of a user, together with the commands of the user's connections.
    ///
    /// # Errors
    /// [`Refusal::TooFast`].
    pub fn count_request(&self, actor: Actor<'_>) -> Result<(), Refusal> {
        let rate = self.context.settings.rates.requests;
        // Where nothing is limited nothing is kept.
        if actor.is_service || rate.is_none() {
            return Ok(());
        }
        self.context.meters.of(actor.person).requests.pass(rate)
    }

    /// Counts a room that a user is about to make with these members. Requests that are worked on together may own a few
    /// more than the limit.
    ///
    /// # Errors
    /// [`Refusal::TooManyKept`], [`Refusal::OverDaily`], [`Refusal::Unavailable`].
    pub async fn count_new_room(&self, actor: Actor<'_>, members: &[UserId]) -> Result<(), Refusal> {
        if actor.is_service {
            return Ok(());
        }
        let quotas = &self.context.settings.quotas;
        if let Some(limit) = quotas.rooms_owned
            && self.context.store.rooms_owned(actor.person).await? >= u64::from(limit)
        {
            return Err(Refusal::TooManyKept { kept: Kept::Rooms, limit });
        }
        self.count_strangers(actor, members).await?;
        match quotas.rooms_made_per_day {
            Some(per_day) => {
                self.context.meters.of(actor.person).rooms_made.spend(Daily::Rooms, 1, per_day.into())
            }
            None => Ok(()),
        }
    }

    /// Counts those of these users whom a user is about to put into a room although they share none with that user.
    ///
    /// # Errors
    /// [`Refusal::OverDaily`], [`Refusal::Unavailable`].
    pub async fn count_strangers(&self, actor: Actor<'_>, users: &[UserId]) -> Result<(), Refusal> {
        let Some(per_day) = self.context.settings.quotas.strangers_per_day else { return Ok(()) };
        let is_alone = users.iter().all(|user| user == actor.person);
        if actor.is_service || is_alone {
            return Ok(());
        }
        let count = self.context.store.strangers(actor.person, users).await?;
        if count == 0 {
            return Ok(());
        }
        self.context.meters.of(actor.person).strangers.spend(Daily::Strangers, count, per_day.into())
    }

    /// These users may be put into a room again that they had left for good. Answers how many had.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn take_back_leaving(&self, room: &RoomId, users: &[UserId]) -> Result<u64, Refusal> {
        Ok(self.context.store.take_back_leaving(room, users).await?)
    }
}
