//! What a connection's commands count for: the connection, and the user over all connections and REST.

use std::time::Duration;

use protocol::CloseCode;

use crate::quotas::Daily;
use crate::rates::{Meter, Meters, Rate};
use crate::refusal::Refusal;

use super::Peer;

/// How many times more than its bytes a frame is charged that is larger than its type allows. No client has a reason to send
/// one, and a compressed one costs its sender a thousandth of what it costs to inflate.
const TOO_BIG_SURCHARGE: usize = 7;

impl Peer {
    /// Counts the bytes of a frame, after inflating and before decoding. Answers how long the gateway waits before it decodes
    /// it, and reads nothing meanwhile: a client whose user sends more than it may is slowed, and loses nothing.
    pub fn charge(&self, bytes: usize) -> Duration {
        let rate = self.context.settings.rates.bytes;
        rate.map_or(Duration::ZERO, |rate| self.client.meters(&self.context.meters).bytes.charge(rate, bytes))
    }

    /// Charges a frame once more that was refused unread: for its size, or because it is binary. Answers how long the gateway
    /// waits before it reads the next one.
    pub fn surcharge(&self, bytes: usize) -> Duration {
        self.charge(bytes.saturating_mul(TOO_BIG_SURCHARGE))
    }

    /// Counts a frame before it is decoded: as a command of the connection, and as a request of the user.
    ///
    /// # Errors
    /// [`Refusal::TooFast`]. A client that goes on after many of them is closed.
    pub fn count(&self) -> Result<(), Refusal> {
        let rates = &self.context.settings.rates;
        let counted = self.intake.count(rates.wishes);
        let counted = counted.and_then(|()| self.count_for_person(rates.requests, |meters| &meters.requests));
        counted.inspect_err(|refusal| self.note_refusal(refusal))
    }

    /// Closes a client that is told to slow down and goes on.
    pub(super) fn note_refusal(&self, refusal: &Refusal) {
        if matches!(refusal, Refusal::TooFast { .. }) && self.intake.has_gone_on() {
            self.close(CloseCode::TooMany);
        }
    }

    /// Counts something for all connections of the person together.
    pub(super) fn count_for_person(
        &self,
        rate: Option<Rate>,
        meter: fn(&Meters) -> &Meter,
    ) -> Result<(), Refusal> {
        // Where nothing is limited nothing is kept.
        if rate.is_none() { Ok(()) } else { meter(self.client.meters(&self.context.meters)).pass(rate) }
    }

    /// Counts bytes of text that are about to be stored for the user.
    pub(super) fn count_stored(&self, bytes: usize) -> Result<(), Refusal> {
        let Some(per_day) = self.context.settings.quotas.stored_bytes_per_day else { return Ok(()) };
        let meters = self.client.meters(&self.context.meters);
        meters.stored_bytes.spend(Daily::Bytes, bytes as u64, per_day)
    }
}
