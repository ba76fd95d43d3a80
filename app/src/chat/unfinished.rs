//! Unfinished text: what stands in the field of a room is kept while the user writes, and comes back with the room, also
//! after the page was closed.

use leptos::prelude::*;
use protocol::{RoomId, UserId};

use crate::browser::attempt;
use crate::pending_posts::draft_store;

/// The text in the field of a room. Changing it keeps it. A server keeps nothing: there the effect does not run.
pub(super) fn unfinished(account: Option<UserId>, room: RoomId) -> RwSignal<String> {
    let text = RwSignal::new(String::new());
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
            // Whoever began to write meanwhile goes on.
            Ok(kept) => {
                text.try_maybe_update(|text| {
                    let is_wanted = text.is_empty() && !kept.is_empty();
                    if is_wanted {
                        *text = kept;
                    }
                    (is_wanted, ())
                });
            }
            Err(error) => attempt("reading what was not finished", Err(error)),
        }
    });
}
