//! Readiness: whether anything can be stored, found out by storing something every two seconds, so that asking costs nothing.

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::auth::AuthService;

/// How often something small is stored.
const PERIOD: Duration = Duration::from_secs(2);

/// How long that may take. Monitors of a process give it some seconds.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The result of the last probe.
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

    /// Logged once, and not at every probe.
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

/// Probes until the server stops. One probe is under way at a time: a store that does not answer is not asked again.
pub(crate) async fn watch(readiness: Arc<Readiness>, auth: Arc<AuthService>, stopping: CancellationToken) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let next = async {
            ticks.tick().await;
            probe(&readiness, &auth).await;
        };
        tokio::select! {
            () = next => {}
            () = stopping.cancelled() => return,
        }
    }
}

async fn probe(readiness: &Readiness, auth: &AuthService) {
    let mut probe = pin!(auth.accounts().probe());
    let answer = match timeout(TIMEOUT, &mut probe).await {
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
