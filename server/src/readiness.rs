//! Whether anything can be stored, found out by storing something.
//!
//! However many ask, one probe is under way at a time, and its answer is good for a moment: a question costs no more than
//! one small write a second, and nobody waits for long.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::auth::accounts::Accounts;

/// How long an answer is good.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// How long an answer may take. Those who watch a process give it some seconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// The latest probe.
#[derive(Default)]
pub(crate) struct Readiness {
    latest: Mutex<Option<Probe>>,
}

struct Probe {
    begun: Instant,
    /// `None` while it is under way.
    answer: watch::Receiver<Option<bool>>,
}

impl Probe {
    fn is_good(&self) -> bool {
        let is_known = self.answer.borrow().is_some();
        // The other half is gone without a word when the probe panicked.
        let is_under_way = !is_known && self.answer.has_changed().is_ok();
        is_under_way || (is_known && self.begun.elapsed() < GOOD_FOR)
    }
}

impl Readiness {
    /// Whether something was stored a moment ago, or can be now. Takes 2 s at most; what takes longer counts as no.
    pub(crate) async fn can_store(&self, accounts: &Arc<dyn Accounts>) -> bool {
        let mut answer = self.probe(accounts);
        let is_well = timeout(PATIENCE, answer.wait_for(Option::is_some)).await;
        is_well.is_ok_and(|answer| answer.is_ok_and(|answer| *answer == Some(true)))
    }

    fn probe(&self, accounts: &Arc<dyn Accounts>) -> watch::Receiver<Option<bool>> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(probe) = latest.as_ref().filter(|probe| probe.is_good()) {
            return probe.answer.clone();
        }
        let (tell, answer) = watch::channel(None);
        *latest = Some(Probe { begun: Instant::now(), answer: answer.clone() });
        let accounts = accounts.clone();
        tokio::spawn(async move {
            let probed = accounts.probe().await;
            if let Err(error) = &probed {
                tracing::error!(error = error as &dyn std::error::Error, "Not ready: nothing can be stored");
            }
            tell.send_replace(Some(probed.is_ok()));
        });
        answer
    }
}
