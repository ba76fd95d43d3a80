//! Everybody's buckets. They outlive connections, or coming back would be a way around them, and they count for who is not
//! attached at all, such as a program that posts over REST.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use protocol::UserId;
use tokio::time::Instant;

use crate::rates::Meters;

/// So many are kept before it is worth looking for some that can go.
const FEW: usize = 1_024;

/// The buckets of whoever is attached or did something a moment ago: nobody else's are kept.
pub(crate) struct MeterBook {
    kept: Mutex<Kept>,
}

struct Kept {
    of: HashMap<UserId, Arc<Meters>>,
    /// At this size it is looked through again: twice what was left the last time, so that looking stays cheap.
    sweep_at: usize,
}

impl Default for MeterBook {
    fn default() -> Self {
        Self { kept: Mutex::new(Kept { of: HashMap::new(), sweep_at: FEW }) }
    }
}

impl MeterBook {
    /// The buckets of a person. Whoever holds them keeps them from being forgotten.
    pub(crate) fn of(&self, person: &UserId) -> Arc<Meters> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(meters) = kept.of.get(person) {
            return meters.clone();
        }
        if kept.of.len() >= kept.sweep_at {
            let now = Instant::now();
            // Without a holder and with empty buckets, it is as good as new.
            kept.of.retain(|_, meters| Arc::strong_count(meters) > 1 || !meters.are_empty(now));
            kept.sweep_at = FEW.max(kept.of.len() * 2);
        }
        kept.of.entry(person.clone()).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rates::Rate;

    #[tokio::test(start_paused = true)]
    async fn only_what_can_be_made_anew_is_forgotten() {
        let (book, rate) = (MeterBook::default(), Some(Rate { per_second: 1, burst: 1 }));
        let who = |name: &str| UserId::parse(name).unwrap();
        let held = book.of(&who("held"));
        book.of(&who("busy")).messages.pass(rate).unwrap();
        for number in 0..FEW * 3 {
            book.of(&who(&number.to_string()));
        }
        assert!(book.kept.lock().unwrap().of.len() <= FEW);
        assert!(Arc::ptr_eq(&held, &book.of(&who("held"))));
        assert!(book.of(&who("busy")).messages.pass(rate).is_err());
    }
}
