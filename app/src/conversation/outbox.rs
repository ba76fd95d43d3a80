//! What a person writes, until it has arrived: lines that wait or were refused, and the text that is not finished.

use leptos::prelude::*;
use protocol::{DraftId, RoomId};

use super::Conversations;
use crate::clock::now_ms;
use crate::link::{LinkStatus, Outbox};
use crate::model::kept::Kept;
use crate::reactive::effect;

impl Conversations {
    /// Says something: on screen at once, on the wire as soon as it can be.
    pub fn post(&self, room: &RoomId, body: String) {
        let draft = DraftId(uuid::Uuid::new_v4());
        let at_ms = now_ms();
        self.stopped_typing(room);
        self.room(room).timeline.update(|timeline| timeline.write(draft, body.clone(), at_ms));
        self.hand_over(Kept::new(room.clone(), draft, body, at_ms));
    }

    /// Tries a refused text again, under the same draft id, as the last one. It stays as it is while nothing can be sent.
    pub fn retry(&self, room: &RoomId, draft: DraftId) {
        if !self.link.status.with_untracked(LinkStatus::takes_posts) {
            return;
        }
        let at_ms = now_ms();
        let body = self.room(room).timeline.try_update(|timeline| timeline.again(draft, at_ms)).flatten();
        if let Some(body) = body {
            self.hand_over(Kept::new(room.clone(), draft, body, at_ms));
        }
    }

    /// Takes a text away that was not sent. Returns what it was.
    pub fn discard(&self, room: &RoomId, draft: DraftId) -> Option<String> {
        self.link.discard(draft);
        self.room(room).timeline.try_maybe_update(|timeline| {
            let body = timeline.discard(draft);
            (body.is_some(), body)
        })?
    }

    fn hand_over(&self, post: Kept) {
        let (room, draft) = (post.room.clone(), post.draft);
        if let Err(full) = self.link.post(post) {
            self.room(&room).timeline.update(|timeline| {
                timeline.failed(draft, &full.to_string());
            });
        }
    }

    /// Folds in what this tab has not seen being written.
    pub(super) fn outbox(self, news: &Outbox) {
        match news {
            Outbox::Waits(post) => {
                self.room(&post.room).timeline.maybe_update(|timeline| {
                    timeline.kept(post.draft, &post.body, post.at_ms, post.reason.as_deref())
                });
            }
            Outbox::Gone(draft) => {
                let timelines = self.state.with_value(|state| {
                    state.iter().map(|(_, room)| room.timeline.clone()).collect::<Vec<_>>()
                });
                for timeline in timelines {
                    timeline.maybe_update(|timeline| timeline.discard(*draft).is_some());
                }
            }
        }
    }

    /// What stands in the field of a room. It is kept while one writes and comes back with the room, also after the
    /// page was closed.
    pub fn unfinished(self, room: &RoomId) -> RwSignal<String> {
        let text = RwSignal::new(String::new());
        let room = room.clone();
        let mut is_first = true;
        effect(move || {
            let now = text.get();
            if std::mem::take(&mut is_first) {
                self.recall(&room, text);
            } else {
                self.note(&room, &now);
            }
        });
        text
    }
}

#[cfg(target_arch = "wasm32")]
impl Conversations {
    fn recall(self, room: &RoomId, text: RwSignal<String>) {
        let Some(account) = self.me.with_value(|me| me.as_ref().map(|me| me.id.clone())) else { return };
        let room = room.clone();
        leptos::task::spawn_local(async move {
            match crate::keep::text(&account, &room).await {
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
                Err(error) => crate::browser::attempt("reading what was not finished", Err(error)),
            }
        });
    }

    fn note(self, room: &RoomId, text: &str) {
        self.me.with_value(|me| {
            if let Some(me) = me {
                crate::keep::note_text(&me.id, room, text);
            }
        });
    }
}

/// The server keeps nothing of what is not sent.
#[cfg(not(target_arch = "wasm32"))]
#[expect(clippy::unused_self, reason = "the same methods as in a browser, which use it")]
impl Conversations {
    fn recall(self, _room: &RoomId, _text: RwSignal<String>) {}
    fn note(self, _room: &RoomId, _text: &str) {}
}
