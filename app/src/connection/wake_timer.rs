//! Wake timer: one call at a time in the future.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_timers::callback::Timeout;

/// No timeout is longer than this. What is due later is called early, and sets the timer again.
const MAX_WAIT_MS: u32 = 600_000;

#[derive(Default)]
pub(super) struct WakeTimer {
    /// When it is set to, in milliseconds since 1970-01-01 UTC.
    at: Rc<Cell<Option<i64>>>,
    timeout: RefCell<Option<Timeout>>,
}

impl WakeTimer {
    /// Calls back at `wake`, or never; `now` and `wake` are milliseconds since 1970-01-01 UTC. An earlier call that is set
    /// already is left: it sets the timer again, so not each frame needs a new one.
    pub(super) fn set(&self, wake: Option<i64>, now: i64, call: impl FnOnce() + 'static) {
        if let (Some(wake), Some(set)) = (wake, self.at.get())
            && set <= wake
        {
            return;
        }
        self.at.set(wake);
        let timeout = wake.map(|wake| {
            let at = Rc::clone(&self.at);
            let wait_ms = u32::try_from((wake - now).max(0)).unwrap_or(u32::MAX).min(MAX_WAIT_MS);
            Timeout::new(wait_ms, move || {
                at.set(None);
                call();
            })
        });
        self.timeout.replace(timeout);
    }
}
