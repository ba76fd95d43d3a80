//! Timer: calls back once after a while. Copying it copies an index. On the server no time passes, so it never does.

#[cfg(target_arch = "wasm32")]
use gloo_timers::callback::Timeout;
#[cfg(target_arch = "wasm32")]
use leptos::prelude::*;

#[derive(Debug, Clone, Copy)]
pub(super) struct Timer {
    #[cfg(target_arch = "wasm32")]
    timeout: StoredValue<Option<Timeout>, LocalStorage>,
}

#[cfg(target_arch = "wasm32")]
impl Timer {
    pub(super) fn new() -> Self {
        Self { timeout: StoredValue::new_local(None) }
    }

    /// Calls back after so many milliseconds, or never. Setting it again cancels the call before.
    pub(super) fn set(self, wait_ms: Option<u32>, call: impl FnOnce() + 'static) {
        self.timeout.update_value(|timeout| *timeout = wait_ms.map(|wait_ms| Timeout::new(wait_ms, call)));
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[expect(clippy::unused_self, reason = "the same methods as in a browser, which use it")]
impl Timer {
    pub(super) fn new() -> Self {
        Self {}
    }

    pub(super) fn set(self, _wait_ms: Option<u32>, _call: impl FnOnce() + 'static) {}
}
