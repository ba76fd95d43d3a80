//! What a connection's commands count for: the connection, and the user over all connections and REST.

use crate::quotas::Daily;
use crate::rates::{Meter, Meters, Rate};
use crate::refusal::Refusal;

use super::Peer;

impl Peer {
    /// Counts a frame: as a command of the connection, and as a request of the user.
    ///
    /// # Errors
    /// [`Refusal::TooFast`].
    pub fn count(&self) -> Result<(), Refusal> {
        let rates = &self.shared.settings.rates;
        self.wishes.pass(rates.wishes)?;
        self.count_for_person(rates.requests, |meters| &meters.requests)
    }

    /// Counts something for all connections of the person together.
    pub(super) fn count_for_person(
        &self,
        rate: Option<Rate>,
        meter: fn(&Meters) -> &Meter,
    ) -> Result<(), Refusal> {
        // Where nothing is limited nothing is kept.
        if rate.is_none() { Ok(()) } else { meter(self.client.meters(&self.shared.meters)).pass(rate) }
    }

    /// Counts bytes of text that are about to be stored for the user.
    pub(super) fn count_stored(&self, bytes: usize) -> Result<(), Refusal> {
        let Some(per_day) = self.shared.settings.quotas.stored_bytes_per_day else { return Ok(()) };
        let meters = self.client.meters(&self.shared.meters);
        meters.stored_bytes.spend(Daily::Bytes, bytes as u64, per_day)
    }
}
