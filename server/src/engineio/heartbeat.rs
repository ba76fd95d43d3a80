//! The pings of a session, and the limits to waiting for its end.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

use super::outgoing::Outgoing;
use super::session::Shared;
use super::state::{CloseReason, Phase, Pulse};

/// How long a session is remembered for a poll that may have been overtaken by its client's farewell.
const LATE_POLL: Duration = Duration::from_millis(500);

/// Pings until the session has ended; sees to it that it does.
pub(super) async fn keep_alive(shared: &Shared) {
    {
        let mut timer = pin!(sleep_until(Instant::now()));
        poll_fn(|cx| {
            // Before the look: what comes after it wakes.
            shared.wake_heart_with(cx.waker());
            loop {
                let Some(look_at) = beat(shared) else { return Poll::Ready(()) };
                if look_at != timer.deadline() {
                    timer.as_mut().reset(look_at);
                }
                ready!(timer.as_mut().poll(cx));
            }
        })
        .await;
    }
    // In a box, so that a task that waits for the next ping is small.
    Box::pin(see_off(shared)).await;
}

/// Does what is due: a ping, or the end of a session whose client gave no sign of life. Answers when to look again; `None`:
/// the session has ended, or is about to.
fn beat(shared: &Shared) -> Option<Instant> {
    let now = Instant::now();
    let mut state = shared.lock();
    if state.phase != Phase::Open {
        return None;
    }
    let Pulse { is_pinged, ping_at, .. } = state.pulse;
    if !is_pinged && now < ping_at {
        return Some(ping_at);
    }
    state.pulse.is_pinged = true;
    drop(state);
    if !is_pinged {
        // An ended session needs no ping.
        shared.push(Outgoing::ping()).ok();
    }
    let gone_at = shared.gone_at();
    if is_pinged && now >= gone_at {
        shared.abort(CloseReason::PingTimeout);
        return None;
    }
    Some(gone_at)
}

/// Sees to it that a session which is about to end does, and remembers it as long as that is of use.
async fn see_off(shared: &Shared) {
    if timeout(shared.settings.farewell, shared.ended()).await.is_err() {
        // The client did not fetch the rest.
        shared.abort(CloseReason::Lost);
    }
    let poll_came = shared.until(|state| !state.is_poll_due);
    if timeout(LATE_POLL, poll_came).await.is_err() {
        tracing::trace!("No poll came after its client has left");
    }
}
