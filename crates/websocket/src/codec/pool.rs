//! Pool: lends zlib states out for one message, so that an idle connection owns none.

use std::sync::{Mutex, PoisonError};

/// States kept for the next message. More may be lent out at once; those are freed when they come back.
const KEPT: usize = 16;

pub(super) struct Pool<T> {
    kept: Mutex<Vec<T>>,
}

impl<T> Pool<T> {
    pub(super) const fn new() -> Self {
        Self { kept: Mutex::new(Vec::new()) }
    }

    /// One that fits, or nothing: then the caller makes one.
    pub(super) fn take(&self, fits: impl Fn(&T) -> bool) -> Option<T> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().rposition(fits)?;
        Some(kept.swap_remove(at))
    }

    pub(super) fn give_back(&self, state: T) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_states_are_kept_and_the_others_freed() {
        let pool = Pool::new();
        for state in 0..20 {
            pool.give_back(state);
        }
        let kept = std::iter::from_fn(|| pool.take(|_| true)).count();
        assert_eq!(kept, KEPT);
    }
}
