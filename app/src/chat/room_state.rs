//! Room state: the live models of one room, each in a signal that pages read and only the methods here change.

use leptos::prelude::*;
use protocol::{
    Cursor, DraftId, JoinedRoom, LiveChange, Member, Message, Posted, PresenceChange, TypingChange, UserId,
};

use crate::model::pending_post::PendingPost;
use crate::model::roster::Roster;
use crate::model::timeline::{Outcome, Timeline};
use crate::model::typing::Typing;

/// Counted references: a page may come and go while the room lives on.
#[derive(Debug, Clone)]
pub(super) struct RoomState {
    timeline: ArcRwSignal<Timeline>,
    roster: ArcRwSignal<Roster>,
    typing: ArcRwSignal<Typing>,
    /// The newest status of the live session of the room; `None` until an owner has set one.
    session: ArcRwSignal<Option<LiveChange>>,
}

/// What pages read.
impl RoomState {
    /// A room that nothing is known of, as this user sees it.
    pub(super) fn new(me: Option<(UserId, String)>) -> Self {
        Self {
            timeline: ArcRwSignal::new(Timeline::new(me)),
            roster: ArcRwSignal::default(),
            typing: ArcRwSignal::default(),
            session: ArcRwSignal::default(),
        }
    }

    pub(super) fn timeline(&self) -> ArcReadSignal<Timeline> {
        self.timeline.read_only()
    }

    pub(super) fn roster(&self) -> ArcReadSignal<Roster> {
        self.roster.read_only()
    }

    pub(super) fn typing(&self) -> ArcReadSignal<Typing> {
        self.typing.read_only()
    }

    pub(super) fn session(&self) -> ArcReadSignal<Option<LiveChange>> {
        self.session.read_only()
    }

    /// Whether the newest page has been seen.
    pub(super) fn is_loaded(&self) -> bool {
        self.timeline.with_untracked(|timeline| timeline.loaded)
    }

    /// Where the known messages end, once the newest page has been seen.
    pub(super) fn loaded_head(&self) -> Option<Cursor> {
        self.timeline.with_untracked(|timeline| timeline.head().filter(|_| timeline.loaded))
    }

    /// How many messages of others come after a number.
    pub(super) fn unread_after(&self, seq: u64) -> usize {
        self.timeline.with_untracked(|timeline| timeline.unread_after(seq))
    }

    pub(super) fn member_count(&self) -> usize {
        self.roster.with_untracked(|roster| roster.members().len())
    }

    /// When the first of those who type would have to be heard of.
    pub(super) fn next_typing_expiry(&self) -> Option<i64> {
        self.typing.with_untracked(Typing::next_expiry)
    }
}

/// What the server sends.
impl RoomState {
    /// Takes what the page was rendered with, before any page reads it.
    pub(super) fn rendered(&self, page: &JoinedRoom, read_seq: u64) {
        self.timeline.update_untracked(|timeline| {
            timeline.joined(page);
            timeline.opened(read_seq);
        });
        self.roster.update_untracked(|roster| *roster = Roster::of(&page.members));
    }

    /// The answer to a join.
    pub(super) fn joined(&self, page: &JoinedRoom, now: i64) {
        self.timeline.update(|timeline| timeline.joined(page));
        self.roster.set(Roster::of(&page.members));
        self.typing.update(|typing| typing.start_over(&page.typing, now));
    }

    /// Messages of this room, in the order they came. Returns whether something before them is missing.
    pub(super) fn messages(&self, messages: &[Message]) -> bool {
        self.typing.maybe_update(|typing| any(messages, |message| typing.ceased(&message.author)));
        let mut has_gap = false;
        self.timeline.maybe_update(|timeline| {
            any(messages, |message| {
                let outcome = timeline.message(message);
                has_gap |= outcome == Outcome::Gap;
                outcome == Outcome::News
            })
        });
        has_gap
    }

    pub(super) fn posted(&self, posted: &Posted) {
        self.timeline.maybe_update(|timeline| timeline.posted(posted) == Outcome::News);
    }

    pub(super) fn typing_changed(&self, change: &TypingChange, now: i64) {
        self.typing.maybe_update(|typing| typing.apply(change, now));
    }

    pub(super) fn expire_typing(&self, now: i64) {
        self.typing.maybe_update(|typing| typing.expire(now));
    }

    pub(super) fn read(&self, user: &UserId, seq: u64) {
        self.roster.maybe_update(|roster| roster.read(user, seq));
    }

    pub(super) fn presence(&self, change: &PresenceChange) {
        self.roster.maybe_update(|roster| roster.presence(change));
        for user in &change.offline {
            self.typing.maybe_update(|typing| typing.ceased(user));
        }
    }

    pub(super) fn members_added(&self, members: &[Member]) {
        self.roster.update(|roster| members.iter().for_each(|member| roster.added(member)));
    }

    pub(super) fn member_removed(&self, user: &UserId) {
        self.roster.maybe_update(|roster| roster.removed(user));
        self.typing.maybe_update(|typing| typing.ceased(user));
    }

    /// The live session of the room has another status.
    pub(super) fn session_changed(&self, status: &LiveChange) {
        self.session.set(Some(status.clone()));
    }

    /// A draft was refused.
    pub(super) fn failed(&self, draft: DraftId, reason: &str) {
        self.timeline.maybe_update(|timeline| timeline.failed(draft, reason));
    }

    /// No draft of this room is sent any more.
    pub(super) fn all_failed(&self, reason: &str) {
        self.timeline.update(|timeline| timeline.all_failed(reason));
    }
}

/// What the reader and the writer do.
impl RoomState {
    /// The room comes into view of a user who has read it up to here.
    pub(super) fn opened(&self, read_seq: u64) {
        self.timeline.update(|timeline| timeline.opened(read_seq));
    }

    /// The reader comes back to the open room.
    pub(super) fn returned(&self, read_seq: u64) {
        self.timeline.update(|timeline| timeline.returned(read_seq));
    }

    /// The reader follows the newest messages, so what is far above them may go. Returns whether something went.
    pub(super) fn shorten(&self) -> bool {
        let went = self.timeline.try_maybe_update(|timeline| {
            let went = timeline.followed();
            (went, went)
        });
        went == Some(true)
    }

    /// Marks that older messages are on their way, unless they are already. Returns what to ask for: the epoch, and the
    /// number before which the page ends.
    pub(super) fn begin_older(
        &self,
        before: impl FnOnce(&Timeline) -> Option<Option<u64>>,
    ) -> Option<(u32, Option<u64>)> {
        let from = self.timeline.try_maybe_update(|timeline| {
            let is_free = timeline.loaded && !timeline.loading_older;
            let from = timeline.head().filter(|_| is_free).zip(before(timeline));
            timeline.loading_older |= from.is_some();
            (from.is_some(), from)
        });
        from.flatten().map(|(head, before)| (head.epoch, before))
    }

    /// Older messages came, or none did.
    pub(super) fn end_older(&self, page: Option<(Vec<Message>, bool)>) {
        self.timeline.update(|timeline| {
            timeline.loading_older = false;
            if let Some((messages, has_more)) = page {
                timeline.older(messages, has_more);
            }
        });
    }

    /// The user writes a line.
    pub(super) fn write(&self, draft: DraftId, body: String, at_ms: i64) {
        self.timeline.update(|timeline| timeline.write(draft, body, at_ms));
    }

    /// Another tab or an earlier visit wrote a line that is not sent yet.
    pub(super) fn pending(&self, post: &PendingPost) {
        self.timeline.maybe_update(|timeline| {
            timeline.kept(post.draft, &post.body, post.at_ms, post.reason.as_deref())
        });
    }

    /// A refused line is tried again, as the last one. Returns its text.
    pub(super) fn again(&self, draft: DraftId, at_ms: i64) -> Option<String> {
        self.timeline.try_update(|timeline| timeline.again(draft, at_ms)).flatten()
    }

    /// A line that was not sent is taken away. Returns its text.
    pub(super) fn discard(&self, draft: DraftId) -> Option<String> {
        self.timeline.try_maybe_update(|timeline| {
            let body = timeline.discard(draft);
            (body.is_some(), body)
        })?
    }
}

/// Folds each in. Returns whether one of them is news.
pub(super) fn any(messages: &[Message], mut is_news: impl FnMut(&Message) -> bool) -> bool {
    let mut news = false;
    for message in messages {
        news |= is_news(message);
    }
    news
}
