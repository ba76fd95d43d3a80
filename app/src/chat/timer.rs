//! Timer: calls back once after a while. Copying it copies an index. On a server no time passes, so it never does.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;

use crate::browser::IS_BROWSER;

#[derive(Debug, Clone, Copy)]
pub(super) struct Timer(Option<StoredValue<Option<Timeout>, LocalStorage>>);

impl Timer {
    pub(super) fn new() -> Self {
        Self(IS_BROWSER.then(|| StoredValue::new_local(None)))
    }

    /// Calls back after so many milliseconds, or never. Setting it again cancels the call before.
    pub(super) fn set(self, wait_ms: Option<u32>, call: impl FnOnce() + 'static) {
        if let Some(timeout) = self.0 {
            timeout.update_value(|timeout| *timeout = wait_ms.map(|wait_ms| Timeout::new(wait_ms, call)));
        }
    }
}
