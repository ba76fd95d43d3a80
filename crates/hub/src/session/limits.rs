//! Session limits: counts the frames and commands of one connection, for the connection itself and for its user over all
//! connections and REST.

use std::time::Duration;

use crate::client::ClientHandle;
use crate::context::HubContext;
use crate::error::HubError;
use crate::quotas::Daily;
use crate::rate_limit::{Rate, RateLimiter, UserLimiters};

/// How many times more than its bytes a frame is charged that is larger than its type allows. No client has a reason to send
/// one, and a compressed one costs its sender a thousandth of what it costs to inflate.
const TOO_BIG_SURCHARGE: usize = 7;

/// How often a client may be rate limited before it is closed: enough for one that comes back with a long list to send, and far
/// less than one sends that does not slow down.
const REJECTIONS: Rate = Rate { per_second: 10, burst: 1_000 };

/// The limiters of one connection.
#[derive(Debug, Default)]
pub(super) struct SessionLimits {
    frames: RateLimiter,
    rejections: RateLimiter,
    broadcasts: RateLimiter,
}

impl SessionLimits {
    /// Counts a frame, as a command of the connection and as a request of the user.
    ///
    /// # Errors
    /// [`HubError::TooFast`].
    pub(super) fn count_frame(&self, context: &HubContext, client: &ClientHandle) -> Result<(), HubError> {
        let rates = &context.settings.rates;
        self.frames.check(rates.commands)?;
        count_for_user(context, client, rates.requests, |limiters| &limiters.requests)
    }

    /// Counts a broadcast.
    ///
    /// # Errors
    /// [`HubError::TooFast`].
    pub(super) fn count_broadcast(&self, context: &HubContext) -> Result<(), HubError> {
        self.broadcasts.check(context.settings.rates.broadcasts)
    }

    /// Counts an error that the client is sent. `true`: it has ignored too many rate limits, and is to be closed.
    pub(super) fn is_ignoring(&self, error: &HubError) -> bool {
        matches!(error, HubError::TooFast { .. }) && self.rejections.check(Some(REJECTIONS)).is_err()
    }
}

/// Counts bytes of frames for the user. Returns how long to wait before they are decoded.
pub(super) fn charge(context: &HubContext, client: &ClientHandle, bytes: usize) -> Duration {
    let rate = context.settings.rates.bytes;
    rate.map_or(Duration::ZERO, |rate| client.limiters(&context.limiters).bytes.charge(rate, bytes))
}

/// As [`charge`], for a frame that was rejected unread.
pub(super) fn surcharge(context: &HubContext, client: &ClientHandle, bytes: usize) -> Duration {
    charge(context, client, bytes.saturating_mul(TOO_BIG_SURCHARGE))
}

/// Counts a message for the user.
pub(super) fn count_message(context: &HubContext, client: &ClientHandle) -> Result<(), HubError> {
    count_for_user(context, client, context.settings.rates.messages, |limiters| &limiters.messages)
}

/// Counts a typing notification for the user.
pub(super) fn count_typing(context: &HubContext, client: &ClientHandle) -> Result<(), HubError> {
    count_for_user(context, client, context.settings.rates.typing, |limiters| &limiters.typing)
}

/// Counts bytes that are about to be stored for the user.
pub(super) fn count_stored(
    context: &HubContext,
    client: &ClientHandle,
    bytes: usize,
) -> Result<(), HubError> {
    let Some(per_day) = context.settings.quotas.stored_bytes_per_day else { return Ok(()) };
    let limiters = client.limiters(&context.limiters);
    limiters.stored_bytes.spend(Daily::Bytes, bytes as u64, per_day)
}

fn count_for_user(
    context: &HubContext,
    client: &ClientHandle,
    rate: Option<Rate>,
    limiter: fn(&UserLimiters) -> &RateLimiter,
) -> Result<(), HubError> {
    // Without a limit no limiter is kept.
    if rate.is_none() { Ok(()) } else { limiter(client.limiters(&context.limiters)).check(rate) }
}
