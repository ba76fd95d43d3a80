//! Limiter registry: the limiters of each user. They outlive connections, because otherwise reconnecting would reset them,
//! and they also count for users without a connection, such as a program that posts over REST.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use protocol::UserId;
use tokio::time::Instant;

use crate::error::HubError;
use crate::quotas::{Daily, Quotas};

use super::UserLimiters;

/// Below this number of entries a sweep is not worth its time.
const MIN_SWEEP: usize = 1_024;

/// The limiters of attached users, and of users whose budgets are not free again; others are dropped.
pub(crate) struct LimiterRegistry {
    /// A std mutex: held for one look-up or one sweep.
    entries: Mutex<Entries>,
}

struct Entries {
    by_user: HashMap<UserId, Arc<UserLimiters>>,
    /// The size at which the next sweep is due: twice what the last one left, so that sweeps stay cheap.
    sweep_at: usize,
}

impl Default for LimiterRegistry {
    fn default() -> Self {
        Self { entries: Mutex::new(Entries { by_user: HashMap::new(), sweep_at: MIN_SWEEP }) }
    }
}

impl LimiterRegistry {
    /// The limiters of a user. They are not forgotten while the caller holds them.
    pub(crate) fn of(&self, user: &UserId) -> Arc<UserLimiters> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(limiters) = entries.by_user.get(user) {
            return limiters.clone();
        }
        if entries.by_user.len() >= entries.sweep_at {
            let now = Instant::now();
            // Without a holder and with free budgets, new ones would do as well.
            entries.by_user.retain(|_, limiters| Arc::strong_count(limiters) > 1 || !limiters.are_free(now));
            entries.sweep_at = MIN_SWEEP.max(entries.by_user.len() * 2);
        }
        entries.by_user.entry(user.clone()).or_default().clone()
    }

    /// Counts bytes that are about to be stored for a user.
    ///
    /// # Errors
    /// [`HubError::OverDaily`]. Then nothing was counted.
    pub(crate) fn spend_stored(
        &self,
        user: &UserId,
        quotas: &Quotas,
        what: Daily,
        bytes: usize,
    ) -> Result<(), HubError> {
        // Without a limit no limiter is kept.
        let Some(per_day) = quotas.stored_bytes_per_day else { return Ok(()) };
        self.of(user).stored_bytes.spend(what, bytes as u64, per_day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate_limit::Rate;

    #[tokio::test(start_paused = true)]
    async fn only_unused_limiters_are_forgotten() {
        let (registry, rate) = (LimiterRegistry::default(), Some(Rate { per_second: 1, burst: 1 }));
        let user = |name: &str| UserId::parse(name).unwrap();
        let held = registry.of(&user("held"));
        registry.of(&user("busy")).messages.check(rate).unwrap();
        for number in 0..MIN_SWEEP * 3 {
            registry.of(&user(&number.to_string()));
        }
        assert!(registry.entries.lock().unwrap().by_user.len() <= MIN_SWEEP);
        assert!(Arc::ptr_eq(&held, &registry.of(&user("held"))));
        assert!(registry.of(&user("busy")).messages.check(rate).is_err());
    }
}
