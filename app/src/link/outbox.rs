//! Posts that wait for their answer: kept in this browser before they go out, forgotten when the server has them.

use std::future::Future;
use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::{DraftId, RoomId, ServerFrame};
use wasm_bindgen::JsValue;

use super::driver::Driver;
use super::tabs::{TabRole, Word};
use super::{Full, NOT_A_MEMBER, OutboxEvent};
use crate::browser::attempt;
use crate::clock::now_ms;
use crate::keep;
use crate::model::kept::Kept;

impl Driver {
    /// Takes a post: keeps it, tells the other tabs, and sends it when its turn comes.
    pub(super) fn post(self: Rc<Self>, mut post: Kept) -> Result<(), Full> {
        self.unsent.borrow().has_space_for(self.keeping.get() + 1)?;
        let Some(account) = self.options.account.clone() else {
            post.order = self.unsent.borrow().last_order();
            self.enqueue(post);
            self.flush();
            return Ok(());
        };
        self.keeping.set(self.keeping.get() + 1);
        spawn_local(async move {
            let order = keep::keep(&account, &post).await;
            post.order = order.unwrap_or_else(|error| {
                self.cannot_keep(error);
                self.unsent.borrow().last_order()
            });
            self.keeping.set(self.keeping.get() - 1);
            if let Ok(text) = serde_json::to_string(&post) {
                self.tell_tabs(Word::Post, &text);
            }
            self.enqueue(post);
            self.flush();
        });
        Ok(())
    }

    /// Puts a post into the queue, unless it is not sent by itself.
    pub(super) fn enqueue(&self, post: Kept) {
        if post.reason.is_none() {
            self.unsent.borrow_mut().push(post);
        }
    }

    /// Reads what this browser kept, from whichever tab and however long ago.
    pub(super) fn restore(self: &Rc<Self>) {
        let Some(account) = self.options.account.clone() else {
            return self.is_restored.set(true);
        };
        self.is_restored.set(false);
        let driver = Rc::clone(self);
        spawn_local(async move {
            match keep::posts(&account).await {
                Ok(posts) => {
                    for post in posts {
                        driver.enqueue(post.clone());
                        driver.outbox_listeners.tell(&OutboxEvent::Waits(post));
                    }
                }
                Err(error) => driver.cannot_keep(error),
            }
            driver.is_restored.set(true);
            driver.flush();
        });
    }

    /// A person does not want it sent any more.
    pub(super) fn discard(self: Rc<Self>, draft: DraftId) {
        self.unsent.borrow_mut().forget(draft);
        self.done_with(draft);
        self.flush();
    }

    /// One is not in this room any more: nothing goes there by itself.
    pub(super) fn forget_room(&self, room: &RoomId) {
        for draft in self.unsent.borrow_mut().forget_room(room) {
            self.given_up(draft, NOT_A_MEMBER);
        }
    }

    /// Keeps the queue of posts in step with what the server says.
    pub(super) fn settle(&self, frame: &ServerFrame) {
        match frame {
            ServerFrame::Joined { data } => {
                // What arrived although its answer was lost need not go out again.
                data.messages.iter().for_each(|message| self.arrived(message.draft));
                self.unsent.borrow_mut().joined(&data.room);
            }
            ServerFrame::Left { data } => self.unsent.borrow_mut().left(&data.room),
            ServerFrame::RoomRemoved { data } => self.forget_room(&data.room),
            ServerFrame::Posted { data } => self.arrived(data.draft),
            ServerFrame::Error { message, data } => {
                if let Some(draft) = data.draft
                    && self.unsent.borrow_mut().refused(draft, data, now_ms())
                {
                    self.given_up(draft, message);
                }
            }
            _ => {}
        }
    }

    /// The server has it.
    fn arrived(&self, draft: DraftId) {
        if self.unsent.borrow_mut().forget(draft) && self.role.get() != TabRole::Follower {
            self.done_with(draft);
        }
    }

    fn done_with(&self, draft: DraftId) {
        self.tell_tabs(Word::Gone, &draft.0.to_string());
        if let Some(account) = self.options.account.clone() {
            self.note_down(async move { keep::forget(&account, draft).await });
        }
    }

    fn given_up(&self, draft: DraftId, reason: &str) {
        if let Some(account) = self.options.account.clone().filter(|_| self.role.get() != TabRole::Follower) {
            let reason = reason.to_owned();
            self.note_down(async move { keep::refuse(&account, draft, &reason).await });
        }
    }

    fn note_down(&self, work: impl Future<Output = Result<(), JsValue>> + 'static) {
        let set_keeps = self.set_keeps;
        spawn_local(async move {
            if let Err(error) = work.await {
                attempt("changing what is kept", Err(error));
                set_keeps.try_set(false);
            }
        });
    }

    /// Talking goes on, with a hint that a line may be lost with the tab.
    fn cannot_keep(&self, error: JsValue) {
        attempt("keeping what is not sent yet", Err(error));
        self.set_keeps.try_set(false);
    }
}
