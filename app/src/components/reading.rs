//! Marks of what was read, and whether the tab is looked at at all.

use std::time::Duration;

use leptos::prelude::*;

use crate::browser::is_in_view;

/// Marks of what was read further up than the newest message. The first is told at once, the others a little later, because
/// each pixel of a scroll may raise them.
#[derive(Clone, Copy)]
pub(super) struct Marks {
    /// The newest number that was on screen.
    seen: RwSignal<Option<u64>>,
    /// What is to be told; `None` while nothing is waited for.
    due: StoredValue<Option<u64>>,
    read: Callback<u64>,
}

/// Between two marks.
const MARKS_APART: Duration = Duration::from_millis(250);

impl Marks {
    /// Marks that raise `seen` and call `read`.
    pub(super) fn new(seen: RwSignal<Option<u64>>, read: Callback<u64>) -> Self {
        Self { seen, due: StoredValue::new(None), read }
    }

    /// Everything up to this number was on screen.
    pub(super) fn raise(self, seq: Option<u64>) {
        let Some(seq) = seq.filter(|seq| self.seen.get_untracked().is_none_or(|seen| seen < *seq)) else {
            return;
        };
        self.seen.set(Some(seq));
        let waits = self.due.get_value().is_some();
        self.due.set_value(Some(seq));
        if !waits {
            self.tell(seq);
        }
    }

    fn tell(self, seq: u64) {
        self.read.run(seq);
        set_timeout(
            move || {
                // The list may have gone.
                let due = self.due.try_update_value(Option::take).flatten();
                if let Some(due) = due.filter(|due| *due != seq) {
                    self.due.set_value(Some(due));
                    self.tell(due);
                }
            },
            MARKS_APART,
        );
    }
}

/// Whether this tab is in view. Calls `returned` just before it is again.
pub(super) fn tab_in_front(returned: impl Fn() + Copy + 'static) -> RwSignal<bool> {
    let in_front = RwSignal::new(false);
    Effect::new(move |_| {
        let look = move || {
            let is_visible = is_in_view();
            if is_visible && !in_front.get_untracked() {
                returned();
            }
            in_front.set(is_visible);
        };
        look();
        let listener = window_event_listener_untyped("visibilitychange", move |_| look());
        on_cleanup(move || listener.remove());
    });
    in_front
}
