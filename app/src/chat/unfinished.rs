//! Unfinished text: what stands in the field of a room is kept while the user writes, and comes back with the room, also
//! after the page was closed. Text that was typed before the page came to life goes on after it.

use leptos::prelude::*;
use protocol::{RoomId, UserId};

use crate::browser::attempt;
use crate::early_text::EarlyText;
use crate::pending_posts::draft_store;

/// The text in the field of a room. Changing it keeps it. A server keeps nothing: there the effect does not run.
pub(super) fn unfinished(account: Option<UserId>, room: RoomId) -> RwSignal<String> {
    let text = RwSignal::new(EarlyText::take());
    let mut is_first = true;
    Effect::new(move |_| {
        let now = text.get();
        let Some(account) = &account else { return };
        if std::mem::take(&mut is_first) {
            recall(account, &room, text);
        } else {
            draft_store::save_text(account, &room, &now);
        }
    });
    text
}

fn recall(account: &UserId, room: &RoomId, text: RwSignal<String>) {
    let (account, room) = (account.clone(), room.clone());
    leptos::task::spawn_local(async move {
        match draft_store::load_text(&account, &room).await {
            Ok(kept) => {
                text.try_maybe_update(|text| {
                    *text = joined(kept, text);
                    // Also where it stays as it is: what was typed early is not kept yet.
                    (!text.is_empty(), ())
                });
            }
            Err(error) => attempt("reading what was not finished", Err(error)),
        }
    });
}

/// What was kept, and then what was typed before it arrived. A browser that restores the fields of a page that was loaded
/// again has typed the same.
fn joined(kept: String, typed: &str) -> String {
    if typed.is_empty() {
        kept
    } else if typed.starts_with(&kept) {
        typed.to_owned()
    } else {
        format!("{kept}\n{typed}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_text_is_lost() {
        for (kept, typed, both) in [
            ("", "", ""),
            ("half a li", "", "half a li"),
            ("", "half a li", "half a li"),
            ("half a li", "half a li", "half a li"),
            ("half", "half a li", "half a li"),
            ("of last week", "of today", "of last week\nof today"),
        ] {
            assert_eq!(joined(kept.to_owned(), typed), both);
        }
    }
}
