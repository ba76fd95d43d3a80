//! Changes in memory: edits, deletions, reactions and pins of one room's messages.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use protocol::limits::{MAX_PAGE_MESSAGES, PAGE_BYTES, REACTION_USERS};
use protocol::{DraftId, Reaction, UserId};

use crate::model::{Message, MessageState};
use crate::store::{
    Change, ChangeBatch, ChangeDraft, ChangeError, ChangeRecord, ChangeTarget, Changed, Version,
};

/// What was changed of a room's messages, beside the messages themselves.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// The change with the number `n` has the index `n - 1`.
    log: Vec<ChangeRecord>,
    drafts: HashMap<(UserId, DraftId), usize>,
    /// Earlier texts of messages, by the message's number, oldest first.
    versions: BTreeMap<u64, Vec<Version>>,
    /// Reactions by the message's number, in the order in which they came.
    reactions: BTreeMap<u64, Vec<(Box<str>, UserId)>>,
    pins: BTreeSet<u64>,
    /// The number of the last edit of each message that was edited.
    text_revs: HashMap<u64, u64>,
}

impl Changes {
    /// The number of the last change.
    pub(super) fn rev(&self) -> u64 {
        self.log.len() as u64
    }

    /// See [`crate::store::Store::changes_after`].
    pub(super) fn after(&self, rev: u64) -> impl Iterator<Item = &ChangeRecord> {
        self.log.iter().filter(move |record| record.rev > rev)
    }

    /// See [`crate::store::Store::versions`].
    pub(super) fn versions(&self, seq: u64) -> Vec<Version> {
        let newest = self.versions.get(&seq).into_iter().flatten().rev().take(MAX_PAGE_MESSAGES as usize);
        let mut bytes = 0;
        let fits = newest.take_while(|version| {
            let is_full = bytes > PAGE_BYTES;
            bytes += version.body.len();
            !is_full
        });
        let mut versions: Vec<Version> = fits.cloned().collect();
        versions.reverse();
        versions
    }

    fn text_rev(&self, seq: u64) -> u64 {
        self.text_revs.get(&seq).copied().unwrap_or(0)
    }

    fn reactions_to(&self, seq: u64) -> &[(Box<str>, UserId)] {
        self.reactions.get(&seq).map_or(&[], Vec::as_slice)
    }

    /// What was sent before as this draft.
    fn known(&self, author: &UserId, draft: DraftId) -> Option<&ChangeRecord> {
        self.log.get(*self.drafts.get(&(author.clone(), draft))?)
    }

    fn is_on(&self, seq: u64, author: &UserId, change: &Change) -> bool {
        match change {
            Change::React { emoji, .. } => {
                self.reactions_to(seq).iter().any(|(kind, user)| kind == emoji && user == author)
            }
            Change::Pin { .. } => self.pins.contains(&seq),
            Change::Edit { .. } | Change::Delete => false,
        }
    }

    fn others(&self, seq: u64, change: &Change) -> usize {
        match change {
            Change::React { emoji, .. } => {
                let kinds: BTreeSet<_> = self.reactions_to(seq).iter().map(|(kind, _)| kind).collect();
                kinds.iter().filter(|kind| **kind != emoji).count()
            }
            Change::Pin { .. } => self.pins.iter().filter(|pinned| **pinned != seq).count(),
            Change::Edit { .. } | Change::Delete => 0,
        }
    }

    /// Reactions by kind, in the order in which the first of each came.
    fn grouped(&self, seq: u64) -> Vec<Reaction> {
        let mut kinds: Vec<Reaction> = Vec::new();
        for (emoji, user) in self.reactions_to(seq) {
            let known = kinds.iter().position(|kind| kind.emoji == **emoji);
            let at = known.unwrap_or(kinds.len());
            if known.is_none() {
                kinds.push(Reaction { emoji: emoji.to_string(), count: 0, users: Vec::new() });
            }
            if let Some(kind) = kinds.get_mut(at) {
                kind.count += 1;
                if kind.users.len() < REACTION_USERS {
                    kind.users.push(user.clone());
                }
            }
        }
        kinds
    }

    /// See [`crate::store::Store::change`]. These are all messages of the room.
    pub(super) fn make(
        &mut self,
        messages: &mut [Message],
        drafts: &[ChangeDraft],
        at_ms: i64,
    ) -> ChangeBatch {
        let before = self.rev();
        let results = drafts.iter().map(|draft| self.make_one(messages, draft, at_ms)).collect();
        let mut messages: Vec<Message> =
            messages.iter().filter(|message| message.rev() > before).cloned().collect();
        messages.sort_by_key(Message::rev);
        ChangeBatch { results, records: self.after(before).cloned().collect(), messages }
    }

    fn make_one(
        &mut self,
        messages: &mut [Message],
        draft: &ChangeDraft,
        at_ms: i64,
    ) -> Result<Changed, ChangeError> {
        let ChangeDraft { author, change, .. } = draft;
        let message = messages.iter_mut().find(|message| message.id == draft.message);
        let message = message.ok_or(ChangeError::NoSuchMessage)?;
        let seq = message.cursor.seq;
        if let Some(known) = self.known(&author.id, draft.draft) {
            return if known.is_of(draft, seq) {
                Ok(Changed::Known(known.rev))
            } else {
                Err(ChangeError::DraftUsed)
            };
        }
        let target = ChangeTarget {
            author: &message.author.id,
            at_ms: message.at_ms,
            body: &message.body,
            text_rev: self.text_rev(seq),
            is_deleted: message.is_deleted(),
            is_on: self.is_on(seq, &author.id, change),
            others: self.others(seq, change),
        };
        if !draft.decide(&target, at_ms)? {
            return Ok(Changed::NoEffect(self.rev()));
        }
        self.drafts.insert((author.id.clone(), draft.draft), self.log.len());
        self.log.push(ChangeRecord::of(draft, self.rev() + 1, seq, at_ms));
        self.apply(message, &author.id, change, at_ms);
        Ok(Changed::New(self.rev()))
    }

    fn apply(&mut self, message: &mut Message, author: &UserId, change: &Change, at_ms: i64) {
        let seq = message.cursor.seq;
        let mut state: MessageState = message.state.as_deref().cloned().unwrap_or_default();
        match change {
            Change::Edit { body, .. } => {
                let replaced = std::mem::replace(&mut message.body, body.clone());
                let since_ms = state.edited_at_ms.replace(at_ms).unwrap_or(message.at_ms);
                let version = Version { rev: self.text_rev(seq), body: replaced, at_ms: since_ms };
                self.versions.entry(seq).or_default().push(version);
                self.text_revs.insert(seq, self.rev());
            }
            Change::Delete => {
                message.body = "".into();
                state = MessageState {
                    edited_at_ms: state.edited_at_ms,
                    deleted_at_ms: Some(at_ms),
                    ..MessageState::default()
                };
                self.versions.remove(&seq);
                self.reactions.remove(&seq);
                self.pins.remove(&seq);
            }
            Change::React { emoji, on: true } => {
                self.reactions.entry(seq).or_default().push((emoji.clone(), author.clone()));
            }
            Change::React { emoji, on: false } => {
                self.reactions.entry(seq).or_default().retain(|(kind, user)| kind != emoji || user != author);
            }
            Change::Pin { on: true } => drop(self.pins.insert(seq)),
            Change::Pin { on: false } => drop(self.pins.remove(&seq)),
        }
        state.rev = self.rev();
        state.is_pinned = self.pins.contains(&seq);
        state.reactions = self.grouped(seq);
        message.state = Some(Box::new(state));
    }
}
