//! Room in memory: one room with its members and messages.

use std::collections::{HashMap, HashSet};

use protocol::limits::{MAX_UNREAD, PAGE_BYTES, UNREAD_AMONG};
use protocol::{Cursor, DraftId, LiveChange, Preview, Role, RoomId, RoomKind, RoomSummary, UserId};

use super::changes::Changes;
use crate::model::Message;
use crate::store::{Appended, ChangeBatch, ChangeDraft, HistoryRange, MessageDraft, Page};

/// A room with all its messages.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) name: String,
    pub(super) kind: RoomKind,
    pub(super) epoch: u32,
    pub(super) created_at_ms: i64,
    /// The time of the last activity, by which lists are ordered: see `State::next_active_ms`.
    pub(super) active_at_ms: i64,
    pub(super) members: Vec<MemberRow>,
    /// The message with the number `n` has the index `n - 1`.
    pub(super) messages: Vec<Message>,
    pub(super) drafts: HashMap<(UserId, DraftId), usize>,
    /// What was changed of its messages.
    pub(super) changes: Changes,
    /// The chat that this is the live room of; then name and members are those of the chat, and here there are none.
    pub(super) chat: Option<RoomId>,
    pub(super) live: Option<LiveChange>,
    /// Users who left the room for good.
    pub(super) left_for_good: HashSet<UserId>,
}

/// A [`Membership`](crate::model::Membership) by identifier, so that each user is kept once.
#[derive(Debug)]
pub(super) struct MemberRow {
    pub(super) user: UserId,
    pub(super) role: Role,
    pub(super) read_seq: u64,
}

impl Room {
    pub(super) fn head(&self) -> Cursor {
        Cursor { epoch: self.epoch, seq: self.messages.len() as u64 }
    }

    pub(super) fn member(&self, user: &UserId) -> Option<&MemberRow> {
        self.members.iter().find(|member| member.user == *user)
    }

    pub(super) fn summary(&self, id: &RoomId, member: &MemberRow) -> RoomSummary {
        let first =
            index(member.read_seq).max(self.messages.len().saturating_sub(index(UNREAD_AMONG.into())));
        let since = self.messages.get(first..).unwrap_or_default();
        let of_others =
            since.iter().filter(|message| message.author.id != member.user && !message.is_deleted());
        RoomSummary {
            id: id.clone(),
            name: self.name.clone(),
            kind: self.kind,
            role: member.role,
            head: self.head(),
            read_seq: member.read_seq,
            unread: count(of_others.take(index(MAX_UNREAD.into())).count()),
            member_count: count(self.members.len()),
            last: self.messages.last().map(|message| Preview::of(&message.to_wire())),
            created_at_ms: self.created_at_ms,
        }
    }

    pub(super) fn append(
        &mut self,
        room: &RoomId,
        draft: MessageDraft,
        at_ms: i64,
        active_at_ms: i64,
    ) -> Appended {
        let key = (draft.author.id.clone(), draft.draft);
        if let Some(known) = self.drafts.get(&key).and_then(|&at| self.messages.get(at)) {
            return Appended::Known(known.clone());
        }
        self.drafts.insert(key, self.messages.len());
        let message = Message {
            room: room.clone(),
            cursor: Cursor { epoch: self.epoch, seq: self.messages.len() as u64 + 1 },
            id: draft.id,
            author: draft.author,
            draft: draft.draft,
            body: draft.body,
            at_ms,
            parent: draft.parent,
            kind: draft.kind,
            state: None,
        };
        self.messages.push(message.clone());
        self.active_at_ms = active_at_ms;
        Appended::New(message)
    }

    pub(super) fn page(&self, slice: HistoryRange, limit: u32) -> Page {
        let (length, limit) = (self.messages.len(), index(limit.into()));
        let end_at = |end: usize| (end.saturating_sub(limit), end, end > limit);
        let (start, end, has_more) = match slice {
            HistoryRange::Newest => end_at(length),
            HistoryRange::Before(seq) => end_at(index(seq.saturating_sub(1)).min(length)),
            HistoryRange::After(seq) => {
                let start = index(seq).min(length);
                let end = start.saturating_add(limit).min(length);
                (start, end, end < length)
            }
        };
        let found = self.messages.get(start..end).unwrap_or_default();
        let messages: Vec<Message> = if matches!(slice, HistoryRange::After(_)) {
            found.iter().take_while(fits_page()).cloned().collect()
        } else {
            let count = found.iter().rev().take_while(fits_page()).count();
            found.iter().skip(found.len() - count).cloned().collect()
        };
        let has_more = has_more || messages.len() < found.len();
        Page { messages, has_more }
    }

    /// See [`crate::store::Store::change`].
    pub(super) fn change(&mut self, drafts: &[ChangeDraft], at_ms: i64) -> ChangeBatch {
        self.changes.make(&mut self.messages, drafts, at_ms)
    }

    /// See [`crate::store::Store::messages_changed_after`].
    pub(super) fn messages_changed_after(&self, rev: u64, upto: u64, limit: u32) -> Page {
        let messages = self.messages.get(..index(upto).min(self.messages.len())).unwrap_or_default();
        let mut changed: Vec<&Message> = messages.iter().filter(|message| message.rev() > rev).collect();
        changed.sort_by_key(|message| message.rev());
        let found = changed.len();
        let page = changed.into_iter().take(index(limit.into())).take_while(fits_page());
        let messages: Vec<Message> = page.cloned().collect();
        let has_more = messages.len() < found;
        Page { messages, has_more }
    }
}

/// Whether a page has room for one more message.
fn fits_page() -> impl FnMut(&&Message) -> bool {
    let mut bytes = 0;
    move |message| {
        let is_full = bytes > PAGE_BYTES;
        bytes += message.content_bytes();
        !is_full
    }
}

/// A number as an index. One that does not fit is beyond the end of every list here.
pub(super) fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}
