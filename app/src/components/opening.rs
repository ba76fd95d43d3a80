//! Where a conversation opens: at the place where the reader left it, else at the first unread message, else at the
//! newest one. Until then nothing counts as read.

use leptos::html;
use leptos::prelude::*;

use super::scroll;
use crate::model::place::ReadingPlace;
use crate::model::timeline::Line;

/// What a conversation needs in order to open.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Where the reader left it.
    pub place: Option<ReadingPlace>,
    /// Whether the messages reach back to the first unread one, as far as they ever will. Set to `false` where they have
    /// to be looked for again.
    pub is_ready: RwSignal<bool>,
    /// How often the reader came back to the open room and found unread messages.
    pub absences: Memo<u32>,
}

/// Opens the conversation once its messages are here, again whenever what it returns is set to `false`. Returns whether it
/// has opened.
pub(super) fn open(
    opening: Opening,
    log: NodeRef<html::Div>,
    lines: Memo<Vec<Line>>,
    first_unread: Memo<Option<u64>>,
    opened: Callback<()>,
) -> RwSignal<bool> {
    let is_open = RwSignal::new(false);
    let Opening { place, is_ready, .. } = opening;
    let place = StoredValue::new(place);
    Effect::new(move |_| {
        lines.track();
        if is_open.get() || !is_ready.get() {
            return;
        }
        // Once the lines are in the document.
        request_animation_frame(move || {
            // The list may have gone meanwhile.
            let log = log.try_get_untracked().flatten();
            let Some(log) = log.filter(|_| is_open.try_get_untracked() == Some(false)) else { return };
            // A reader who has scrolled already is where they want to be.
            if scroll::is_at_bottom(&log) {
                let place = place.try_update_value(Option::take).flatten();
                let at = place.and_then(|place| {
                    let at =
                        lines.with_untracked(|lines| lines.iter().position(|it| it.key == place.line))?;
                    scroll::message(&log, at).map(|message| (message, place.top))
                });
                let at = at.or_else(|| {
                    first_unread.get_untracked()?;
                    scroll::unread_mark(&log).map(|mark| (mark, scroll::BELOW_DAY))
                });
                if let Some((element, top)) = at {
                    scroll::hold(log.into(), element, top);
                }
            }
            is_open.set(true);
            opened.run(());
        });
    });
    is_open
}
