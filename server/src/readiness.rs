//! Whether anything can be stored, found out by storing something: every two seconds, whoever asks. A question looks at the
//! last answer and costs nothing.

use std::error::Error;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::state::AppState;

/// How often something small is stored.
const PERIOD: Duration = Duration::from_secs(2);

/// How long that may take. Those who watch a process give it some seconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was found out last.
pub(crate) struct Readiness {
    can_store: AtomicBool,
}

impl Default for Readiness {
    /// The database was opened a moment ago.
    fn default() -> Self {
        Self { can_store: AtomicBool::new(true) }
    }
}

impl Readiness {
    /// Whether something was stored a moment ago.
    pub(crate) fn can_store(&self) -> bool {
        self.can_store.load(Ordering::Relaxed)
    }

    /// Said in the log once, and not at every look.
    fn set_failing(&self, why: &(dyn Error + 'static)) {
        if self.can_store.swap(false, Ordering::Relaxed) {
            tracing::error!(error = why, "Not ready: nothing can be stored");
        }
    }

    fn set_well(&self) {
        if !self.can_store.swap(true, Ordering::Relaxed) {
            tracing::info!("Ready again: something could be stored");
        }
    }
}

/// Looks until the server stops. One look is under way at a time: a store that does not answer is not asked again.
pub(crate) async fn watch(state: AppState) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let next = async {
            ticks.tick().await;
            look(&state).await;
        };
        tokio::select! {
            () = next => {}
            () = state.stopping().cancelled() => return,
        }
    }
}

async fn look(state: &AppState) {
    let readiness = state.readiness();
    let mut probe = pin!(state.auth().accounts.probe());
    let answer = match timeout(PATIENCE, &mut probe).await {
        Ok(answer) => answer,
        Err(too_long) => {
            readiness.set_failing(&too_long);
            probe.await
        }
    };
    match answer {
        Ok(()) => readiness.set_well(),
        Err(error) => readiness.set_failing(&error),
    }
}
