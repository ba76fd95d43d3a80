//! Outbox: saves posts in the draft store before they are sent, and removes them once they are acknowledged. It sends
//! nothing itself: its owner gets an [`OutboxChange`] and asks for the frames that are due.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::{ClientFrame, DraftId, RoomId, ServerFrame, UserId};
use wasm_bindgen::JsValue;

use super::draft_store;
use super::queue::{OutboxFull, PendingPosts};
use crate::browser::attempt;
use crate::model::pending_post::PendingPost;

/// Why nothing is sent to a room that the user is not in.
pub const NOT_A_MEMBER: &str = "You are not in this room any more.";

/// What becomes of posts that this tab has not seen being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxEvent {
    /// One is pending: it was written in another tab, or before this page was loaded.
    Pending(PendingPost),
    /// One is not pending any more: it was acknowledged or discarded.
    Gone(DraftId),
}

/// What the owner of an outbox has to pass on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OutboxChange {
    /// A post of this tab is in the queue, and the other tabs do not know it.
    Added(PendingPost),
    /// A post of an earlier visit or of another tab was found in the draft store.
    Restored(PendingPost),
    /// The draft store has been read, so posts may be due.
    Ready,
    /// A post is not pending any more, and the other tabs do not know it.
    Removed(DraftId),
}

/// The posts of one account, in memory and in the draft store. Borrows are short: none is held while a change is reported.
pub(crate) struct Outbox {
    /// For whom posts are saved. `None`: in memory only.
    account: Option<UserId>,
    posts: RefCell<PendingPosts>,
    /// Whether the draft store has been read; before that, a new post would overtake what is in it.
    is_restored: Cell<bool>,
    /// Posts that are being saved at this moment.
    saving: Cell<usize>,
    /// Whether the browser keeps posts.
    set_keeps: WriteSignal<bool>,
    on_change: Box<dyn Fn(OutboxChange)>,
}

/// What this tab does.
impl Outbox {
    pub(crate) fn new(
        account: Option<UserId>,
        set_keeps: WriteSignal<bool>,
        on_change: impl Fn(OutboxChange) + 'static,
    ) -> Self {
        Self {
            account,
            posts: RefCell::default(),
            is_restored: Cell::default(),
            saving: Cell::default(),
            set_keeps,
            on_change: Box::new(on_change),
        }
    }

    /// Takes a post: saves it and puts it into the queue.
    pub(crate) fn post(self: &Rc<Self>, mut post: PendingPost) -> Result<(), OutboxFull> {
        self.posts.borrow().check_space(self.saving.get() + 1)?;
        let Some(account) = self.account.clone() else {
            post.order = self.posts.borrow().last_order();
            self.insert(post.clone());
            (self.on_change)(OutboxChange::Added(post));
            return Ok(());
        };
        self.saving.set(self.saving.get() + 1);
        let outbox = Rc::clone(self);
        spawn_local(async move {
            let order = draft_store::save_post(&account, &post).await;
            post.order = order.unwrap_or_else(|error| {
                outbox.cannot_keep(error);
                outbox.posts.borrow().last_order()
            });
            outbox.saving.set(outbox.saving.get() - 1);
            outbox.insert(post.clone());
            (outbox.on_change)(OutboxChange::Added(post));
        });
        Ok(())
    }

    /// Whether this draft is pending.
    pub(crate) fn holds(&self, draft: DraftId) -> bool {
        self.posts.borrow().holds(draft)
    }

    /// Whether the draft store has been read.
    pub(crate) fn is_restored(&self) -> bool {
        self.is_restored.get()
    }

    /// Reads the draft store: what any tab has saved, however long ago.
    pub(crate) fn restore(self: &Rc<Self>) {
        let Some(account) = self.account.clone() else {
            return self.is_restored.set(true);
        };
        self.is_restored.set(false);
        let outbox = Rc::clone(self);
        spawn_local(async move {
            match draft_store::load_posts(&account).await {
                Ok(posts) => {
                    for post in posts {
                        outbox.insert(post.clone());
                        (outbox.on_change)(OutboxChange::Restored(post));
                    }
                }
                Err(error) => outbox.cannot_keep(error),
            }
            outbox.is_restored.set(true);
            (outbox.on_change)(OutboxChange::Ready);
        });
    }

    /// The user does not want it sent any more.
    pub(crate) fn discard(&self, draft: DraftId) {
        self.posts.borrow_mut().remove(draft);
        self.removed(draft);
    }

    /// The user is not in this room any more: nothing is sent there by itself. `saves`: whether that is saved.
    pub(crate) fn forget_room(&self, room: &RoomId, saves: bool) {
        let drafts = self.posts.borrow_mut().remove_room(room);
        for draft in drafts {
            self.failed(draft, NOT_A_MEMBER, saves);
        }
    }
}

/// What other tabs do.
impl Outbox {
    /// Puts a post into the queue, unless it is not sent by itself.
    pub(crate) fn insert(&self, post: PendingPost) {
        if post.reason.is_none() {
            self.posts.borrow_mut().push(post);
        }
    }

    /// Another tab has removed it.
    pub(crate) fn remove(&self, draft: DraftId) {
        self.posts.borrow_mut().remove(draft);
    }
}

/// What the server does.
impl Outbox {
    /// The frames to send now.
    pub(crate) fn due(&self, now: i64) -> Vec<ClientFrame> {
        self.posts.borrow_mut().due(now)
    }

    /// When [`Self::due`] has something again after a pause.
    pub(crate) fn next_wake(&self) -> Option<i64> {
        self.posts.borrow().next_wake()
    }

    /// The connection is gone.
    pub(crate) fn disconnected(&self) {
        self.posts.borrow_mut().disconnected();
    }

    /// Keeps the posts in step with a frame. `saves`: whether this tab saves what follows from it; of tabs that share a
    /// connection the leader does.
    pub(crate) fn apply(&self, frame: &ServerFrame, now: i64, saves: bool) {
        match frame {
            ServerFrame::Joined { data } => {
                // What arrived although its acknowledgement was lost need not be sent again.
                data.messages.iter().for_each(|message| self.acknowledged(message.draft, saves));
                self.posts.borrow_mut().joined(&data.room);
            }
            ServerFrame::Left { data } => self.posts.borrow_mut().left(&data.room),
            ServerFrame::RoomRemoved { data } => self.forget_room(&data.room, saves),
            ServerFrame::Posted { data } => self.acknowledged(data.draft, saves),
            ServerFrame::Error { message, data } => {
                if let Some(draft) = data.draft
                    && self.posts.borrow_mut().failed(draft, data, now)
                {
                    self.failed(draft, message, saves);
                }
            }
            _ => {}
        }
    }

    fn acknowledged(&self, draft: DraftId, saves: bool) {
        let was_pending = self.posts.borrow_mut().remove(draft);
        if was_pending && saves {
            self.removed(draft);
        }
    }

    fn failed(&self, draft: DraftId, reason: &str, saves: bool) {
        if let Some(account) = self.account.clone().filter(|_| saves) {
            let reason = reason.to_owned();
            self.save(async move { draft_store::fail_post(&account, draft, &reason).await });
        }
    }

    fn removed(&self, draft: DraftId) {
        (self.on_change)(OutboxChange::Removed(draft));
        if let Some(account) = self.account.clone() {
            self.save(async move { draft_store::remove_post(&account, draft).await });
        }
    }

    fn save(&self, work: impl Future<Output = Result<(), JsValue>> + 'static) {
        let set_keeps = self.set_keeps;
        spawn_local(async move {
            if let Err(error) = work.await {
                attempt("changing what is kept", Err(error));
                set_keeps.try_set(false);
            }
        });
    }

    /// Posts go out all the same, with a hint that one may be lost with the tab.
    fn cannot_keep(&self, error: JsValue) {
        attempt("keeping what is not sent yet", Err(error));
        self.set_keeps.try_set(false);
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Cursor, ErrorCode, ErrorData, MessageId, Posted, RoomRef};

    use super::*;

    const DRAFT: DraftId = DraftId(uuid::Uuid::from_u128(7));

    fn room() -> RoomId {
        RoomId::parse("a").unwrap()
    }

    /// An outbox in memory with one post, and what it reports.
    fn with_a_post(test: impl FnOnce(&Outbox, &RefCell<Vec<OutboxChange>>)) {
        Owner::new().with(|| {
            let changes = Rc::new(RefCell::new(Vec::new()));
            let reported = Rc::clone(&changes);
            let on_change = move |change| reported.borrow_mut().push(change);
            let outbox = Rc::new(Outbox::new(None, signal(true).1, on_change));
            let post = PendingPost::new(room(), DRAFT, "text".to_owned(), 0);
            outbox.post(post.clone()).unwrap();
            assert_eq!(changes.take(), [OutboxChange::Added(post)]);
            test(&outbox, &changes);
        });
    }

    fn posted() -> ServerFrame {
        let cursor = Cursor { epoch: 1, seq: 1 };
        let id = MessageId(uuid::Uuid::from_u128(9));
        ServerFrame::Posted { data: Posted { room: room(), draft: DRAFT, id, cursor, at_ms: 0 } }
    }

    #[test]
    fn an_acknowledged_post_is_removed_and_the_other_tabs_learn_it_once() {
        with_a_post(|outbox, changes| {
            outbox.apply(&posted(), 0, true);
            outbox.apply(&posted(), 0, true);
            assert!(!outbox.holds(DRAFT));
            assert_eq!(changes.take(), [OutboxChange::Removed(DRAFT)]);
        });
    }

    #[test]
    fn a_tab_that_does_not_save_leaves_the_news_to_the_leader() {
        with_a_post(|outbox, changes| {
            outbox.apply(&posted(), 0, false);
            assert!(!outbox.holds(DRAFT));
            assert_eq!(changes.take(), []);
        });
    }

    #[test]
    fn a_post_stays_while_sending_it_again_can_help() {
        with_a_post(|outbox, _| {
            let error = |code| ServerFrame::Error {
                message: "no".to_owned(),
                data: ErrorData {
                    code,
                    field: None,
                    room: Some(room()),
                    draft: Some(DRAFT),
                    retry_after_ms: None,
                },
            };
            outbox.apply(&error(ErrorCode::RateLimited), 0, true);
            assert!(outbox.holds(DRAFT));
            outbox.apply(&error(ErrorCode::TooLong), 0, true);
            assert!(!outbox.holds(DRAFT));
        });
    }

    #[test]
    fn a_room_that_the_user_is_not_in_any_more_takes_its_posts_along() {
        with_a_post(|outbox, changes| {
            outbox.apply(&ServerFrame::RoomRemoved { data: RoomRef { room: room() } }, 0, true);
            assert!(!outbox.holds(DRAFT));
            assert_eq!(changes.take(), [], "the line stays on screen, to be sent again or discarded");
        });
    }
}
