//! Quota checks: count what a user asks for, over every gateway alike. A part of the application has no limits.

use protocol::UserId;

use crate::context::HubContext;
use crate::error::HubError;
use crate::quotas::{Concurrent, Daily};
use crate::rate_limit::{Rate, RateLimiter, UserLimiters};

use super::requester::Requester;

/// Counts a message of a user.
pub(super) fn count_message(context: &HubContext, requester: Requester<'_>) -> Result<(), HubError> {
    check_rate(context, requester, context.settings.rates.messages, |limiters| &limiters.messages)
}

/// Counts a request of a user.
pub(super) fn count_request(context: &HubContext, requester: Requester<'_>) -> Result<(), HubError> {
    check_rate(context, requester, context.settings.rates.requests, |limiters| &limiters.requests)
}

fn check_rate(
    context: &HubContext,
    requester: Requester<'_>,
    rate: Option<Rate>,
    limiter: fn(&UserLimiters) -> &RateLimiter,
) -> Result<(), HubError> {
    // Without a limit no limiter is kept.
    if requester.is_service || rate.is_none() {
        return Ok(());
    }
    limiter(&context.limiters.of(requester.user)).check(rate)
}

/// Counts a room that a user is about to create with these members. Concurrent requests may exceed the limit by a few.
pub(super) async fn count_new_room(
    context: &HubContext,
    requester: Requester<'_>,
    members: &[UserId],
) -> Result<(), HubError> {
    if requester.is_service {
        return Ok(());
    }
    let quotas = &context.settings.quotas;
    if let Some(limit) = quotas.rooms_owned
        && context.store.rooms_owned(requester.user).await? >= u64::from(limit)
    {
        return Err(HubError::TooManyKept { kept: Concurrent::Rooms, limit });
    }
    count_strangers(context, requester, members).await?;
    match quotas.rooms_made_per_day {
        Some(per_day) => {
            context.limiters.of(requester.user).rooms_made.spend(Daily::Rooms, 1, per_day.into())
        }
        None => Ok(()),
    }
}

/// Counts the users that a user is about to add to a room without sharing a room with them.
pub(super) async fn count_strangers(
    context: &HubContext,
    requester: Requester<'_>,
    users: &[UserId],
) -> Result<(), HubError> {
    let Some(per_day) = context.settings.quotas.strangers_per_day else { return Ok(()) };
    let is_alone = users.iter().all(|user| user == requester.user);
    if requester.is_service || is_alone {
        return Ok(());
    }
    let count = context.store.strangers(requester.user, users).await?;
    if count == 0 {
        return Ok(());
    }
    context.limiters.of(requester.user).strangers.spend(Daily::Strangers, count, per_day.into())
}
