//! Something a person asks for that takes a while: whether it is under way, and how it went. Leptos has actions for
//! this; they are generic over what goes in and comes out, and three of them cost as much as a page.

use std::future::Future;
use std::pin::Pin;

use leptos::prelude::*;

use crate::api::ApiError;

/// One kind of errand, run one at a time. Copying it copies a few indices.
#[derive(Debug, Clone, Copy)]
pub struct Errand {
    pending: RwSignal<bool>,
    done: RwSignal<bool>,
    problem: RwSignal<String>,
}

impl Errand {
    /// One that was never run.
    pub fn new() -> Self {
        Self { pending: RwSignal::new(false), done: RwSignal::new(false), problem: RwSignal::default() }
    }

    /// Whether it is under way.
    pub fn is_pending(self) -> bool {
        self.pending.get()
    }

    /// Whether it went well the last time.
    pub fn is_done(self) -> bool {
        self.done.get()
    }

    /// Why it did not, for a person to read.
    pub fn problem(self) -> Option<String> {
        Some(self.problem.get()).filter(|it| !it.is_empty())
    }

    /// Forgets how it went.
    pub fn clear(self) {
        self.done.set(false);
        self.problem.set(String::new());
    }

    /// Runs it, unless it is under way already.
    pub fn run(self, work: impl Future<Output = Result<(), ApiError>> + 'static) {
        if !self.pending.get_untracked() {
            self.start(Box::pin(work));
        }
    }

    fn start(self, work: Pin<Box<dyn Future<Output = Result<(), ApiError>>>>) {
        self.pending.set(true);
        leptos::task::spawn_local(async move {
            let outcome = work.await;
            // The page may have gone meanwhile; then nobody asks any more.
            self.pending.try_set(false);
            self.done.try_set(outcome.is_ok());
            self.problem.try_set(outcome.err().map_or_else(String::new, |error| error.message));
        });
    }
}
