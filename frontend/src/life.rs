//! Life of an instance: it ends with the first panic, because a panic in WebAssembly leaves everything as it stood.
//!
//! After a failed hydration a second instance has the page. What the first one had begun must not go on beside it: its
//! effects would open a second connection.

use std::future::poll_fn;
use std::panic::{PanicHookInfo, set_hook};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use any_spawner::{CustomExecutor, Executor, PinnedFuture, PinnedLocalFuture};
use wasm_bindgen_futures::spawn_local;

static IS_OVER: AtomicBool = AtomicBool::new(false);

/// Sets up panics and tasks. Before anything else, once.
pub(crate) fn begin() {
    set_hook(Box::new(end));
    if Executor::init_custom_executor(Tasks).is_err() {
        leptos::logging::warn!("tasks were run by something else already");
    }
}

fn end(panic: &PanicHookInfo<'_>) {
    IS_OVER.store(true, Ordering::Relaxed);
    console_error_panic_hook::hook(panic);
}

/// Runs tasks on the browser's microtask queue, until a panic.
struct Tasks;

impl CustomExecutor for Tasks {
    fn spawn(&self, task: PinnedFuture<()>) {
        self.spawn_local(task);
    }

    fn spawn_local(&self, mut task: PinnedLocalFuture<()>) {
        spawn_local(poll_fn(move |context| {
            if IS_OVER.load(Ordering::Relaxed) { Poll::Pending } else { task.as_mut().poll(context) }
        }));
    }

    fn poll_local(&self) {}
}
