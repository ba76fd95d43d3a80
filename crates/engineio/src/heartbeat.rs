//! Heartbeat: pings a session, and bounds how long its end may take.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

use crate::close_reason::CloseReason;
use crate::outgoing::Outgoing;
use crate::session_inner::SessionInner;
use crate::state::{Heartbeat, Phase};

/// How long an ended session is kept for a poll that may have been overtaken by its client's close packet.
const LATE_POLL: Duration = Duration::from_millis(500);

/// Pings until the session has ended, and ends it when the client is gone.
pub(crate) async fn run_heartbeat(shared: &SessionInner) {
    {
        let mut timer = pin!(sleep_until(Instant::now()));
        poll_fn(|cx| {
            // Before the state is read, so that a later change wakes the task.
            shared.wake_heartbeat_with(cx.waker());
            loop {
                let Some(deadline) = beat(shared) else { return Poll::Ready(()) };
                if deadline != timer.deadline() {
                    timer.as_mut().reset(deadline);
                }
                ready!(timer.as_mut().poll(cx));
            }
        })
        .await;
    }
    // In a box, so that a task that waits for the next ping is small.
    Box::pin(wait_for_end(shared)).await;
}

/// Does what is due: a ping, or the end of a session whose client gave no sign of life. Returns when to check again;
/// `None`: the session has ended, or is about to.
fn beat(shared: &SessionInner) -> Option<Instant> {
    let now = Instant::now();
    let mut state = shared.lock();
    if state.phase != Phase::Open {
        return None;
    }
    let Heartbeat { is_pinged, ping_at, .. } = state.heartbeat;
    if !is_pinged && now < ping_at {
        return Some(ping_at);
    }
    state.heartbeat.is_pinged = true;
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

/// Ends a session that is about to end, and keeps it as long as that is of use.
async fn wait_for_end(shared: &SessionInner) {
    if timeout(shared.settings.close_timeout, shared.ended()).await.is_err() {
        // The client did not fetch the rest.
        shared.abort(CloseReason::Lost);
    }
    let poll_came = shared.until(|state| !state.is_poll_due);
    if timeout(LATE_POLL, poll_came).await.is_err() {
        tracing::trace!("No poll came after the client closed the session");
    }
}
