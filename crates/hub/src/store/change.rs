//! Changes: edits, deletions, reactions and pins of stored messages, and the rule by which every store decides on one.
//!
//! A room numbers its changes as it numbers its messages: densely, from 1. The number is called `rev`. A message has the `rev`
//! of its last change.

use std::sync::Arc;

use protocol::{DraftId, MessageId, UserId, limits};

use crate::model::{Message, User};

/// A change without a number.
#[derive(Debug, Clone)]
pub struct ChangeDraft {
    /// The user who changes the message.
    pub author: Arc<User>,
    /// The id that its author gave it; the same draft again is the same change.
    pub draft: DraftId,
    /// Which message.
    pub message: MessageId,
    /// What is changed.
    pub change: Change,
    /// What the author may do.
    pub rights: ChangeRights,
}

/// What is changed of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It has another text.
    Edit {
        /// The new text.
        body: Arc<str>,
        /// The author edits the text as it was after this change; an edit that came between is a conflict. `None`: whatever
        /// came between, the last edit wins.
        base_rev: Option<u64>,
    },
    /// Its text, its earlier versions and its reactions are removed, and its pin.
    Delete,
    /// The author's reaction of one kind is set or removed.
    React {
        /// The kind.
        emoji: Box<str>,
        /// Whether it is set.
        on: bool,
    },
    /// It is pinned to the room, or not any more.
    Pin {
        /// Whether it is pinned.
        on: bool,
    },
}

/// The kind of a change, by which a store recognizes a draft that comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// [`Change::Edit`].
    Edit,
    /// [`Change::Delete`].
    Delete,
    /// [`Change::React`] that sets.
    React,
    /// [`Change::React`] that removes.
    Unreact,
    /// [`Change::Pin`] that pins.
    Pin,
    /// [`Change::Pin`] that unpins.
    Unpin,
}

/// What the author of a change may do in the room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChangeRights {
    /// May delete the messages of others.
    pub may_delete_others: bool,
    /// May pin.
    pub may_pin: bool,
    /// How old a message may be whose text its author edits, in milliseconds; `None`: any age.
    pub edit_window_ms: Option<i64>,
}

/// What a store knows of a message when it decides on a change.
#[derive(Debug, Clone, Copy)]
pub struct ChangeTarget<'a> {
    /// Who posted it.
    pub author: &'a UserId,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Its text.
    pub body: &'a str,
    /// The number of the last edit; 0: there was none.
    pub text_rev: u64,
    /// Whether it was deleted.
    pub is_deleted: bool,
    /// Whether what the change sets is set: the author's reaction of this kind, or the pin.
    pub is_on: bool,
    /// Of a reaction: kinds that the message has beside this one. Of a pin: pins of the room beside this one.
    pub others: usize,
}

/// Why a change was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The room has no such message.
    #[error("there is no such message in this room")]
    NoSuchMessage,
    /// The message was deleted.
    #[error("the message was deleted")]
    Deleted,
    /// Only the author may edit a message.
    #[error("only its author may edit a message")]
    NotAuthor,
    /// The message is too old to be edited.
    #[error("this message is too old to be edited")]
    TooOld,
    /// The author may neither delete others' messages nor pin.
    #[error("only an owner of the room may do this")]
    NotOwner,
    /// The text was edited since.
    #[error("the text was edited meanwhile: it is that of change {rev} now")]
    Conflict {
        /// The number of the last edit.
        rev: u64,
    },
    /// The message has as many kinds of reactions as allowed.
    #[error("a message may have {} kinds of reactions", limits::MAX_REACTION_KINDS)]
    TooManyReactions,
    /// The room has as many pins as allowed.
    #[error("a room may have {} pinned messages", limits::MAX_PINS)]
    TooManyPins,
    /// The draft was another change.
    #[error("this draft was another change: give each change a draft of its own")]
    DraftUsed,
}

/// The result for one draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It has this number, which is new.
    New(u64),
    /// Its author had sent it before; this is the number of that time.
    Known(u64),
    /// Nothing was to be changed; the last number of the room.
    NoEffect(u64),
}

impl Changed {
    /// The number.
    pub fn rev(self) -> u64 {
        let (Self::New(rev) | Self::Known(rev) | Self::NoEffect(rev)) = self;
        rev
    }
}

/// A change as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRecord {
    /// Its number.
    pub rev: u64,
    /// The number of the message.
    pub seq: u64,
    /// The user who made it.
    pub author: UserId,
    /// What was changed.
    pub kind: ChangeKind,
    /// Of a reaction: its kind.
    pub emoji: Option<Box<str>>,
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
}

/// The result of a call with several drafts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeBatch {
    /// The result for each draft, in their order.
    pub results: Vec<Result<Changed, ChangeError>>,
    /// The changes that have new numbers, in their order.
    pub records: Vec<ChangeRecord>,
    /// The messages that were changed, each once, as they are after the call, in the order of their last changes.
    pub messages: Vec<Message>,
}

/// An earlier text of an edited message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The edit that made it; 0: it was posted so.
    pub rev: u64,
    /// The text.
    pub body: Arc<str>,
    /// When that was, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
}

impl Change {
    /// Its kind.
    pub fn kind(&self) -> ChangeKind {
        match self {
            Self::Edit { .. } => ChangeKind::Edit,
            Self::Delete => ChangeKind::Delete,
            Self::React { on: true, .. } => ChangeKind::React,
            Self::React { on: false, .. } => ChangeKind::Unreact,
            Self::Pin { on: true } => ChangeKind::Pin,
            Self::Pin { on: false } => ChangeKind::Unpin,
        }
    }

    /// Bytes that it stores for its author, about.
    pub fn stored_bytes(&self) -> usize {
        match self {
            Self::Edit { body, .. } => body.len(),
            Self::React { emoji, .. } => emoji.len(),
            Self::Delete | Self::Pin { .. } => 0,
        }
    }

    /// The kind of reaction, of a reaction.
    pub fn emoji(&self) -> Option<&str> {
        match self {
            Self::React { emoji, .. } => Some(emoji),
            _ => None,
        }
    }
}

impl ChangeRecord {
    /// The record of a draft that gets this number.
    pub fn of(draft: &ChangeDraft, rev: u64, seq: u64, at_ms: i64) -> Self {
        let ChangeDraft { author, change, .. } = draft;
        let emoji = change.emoji().map(Into::into);
        Self { rev, seq, author: author.id.clone(), kind: change.kind(), emoji, at_ms }
    }

    /// Whether a draft asks for this change of this message.
    pub fn is_of(&self, draft: &ChangeDraft, seq: u64) -> bool {
        let change = &draft.change;
        self.seq == seq && self.kind == change.kind() && self.emoji.as_deref() == change.emoji()
    }
}

impl ChangeDraft {
    /// Decides on a change that was not made before. `false`: there is nothing to change.
    ///
    /// # Errors
    /// Why it must not be made.
    pub fn decide(&self, target: &ChangeTarget<'_>, at_ms: i64) -> Result<bool, ChangeError> {
        let is_own = self.author.id == *target.author;
        match &self.change {
            Change::Delete if !is_own && !self.rights.may_delete_others => Err(ChangeError::NotOwner),
            Change::Delete => Ok(!target.is_deleted),
            Change::Pin { .. } if !self.rights.may_pin => Err(ChangeError::NotOwner),
            Change::Edit { .. } if !is_own => Err(ChangeError::NotAuthor),
            _ if target.is_deleted => Err(ChangeError::Deleted),
            Change::Edit { body, base_rev } => {
                let age_ms = at_ms.saturating_sub(target.at_ms);
                if self.rights.edit_window_ms.is_some_and(|window| age_ms > window) {
                    return Err(ChangeError::TooOld);
                }
                if base_rev.is_some_and(|base| base < target.text_rev) {
                    return Err(ChangeError::Conflict { rev: target.text_rev });
                }
                Ok(**body != *target.body)
            }
            Change::React { on, .. } => {
                let is_full = *on && !target.is_on && target.others >= limits::MAX_REACTION_KINDS;
                if is_full { Err(ChangeError::TooManyReactions) } else { Ok(*on != target.is_on) }
            }
            Change::Pin { on } => {
                let is_full = *on && !target.is_on && target.others >= limits::MAX_PINS;
                if is_full { Err(ChangeError::TooManyPins) } else { Ok(*on != target.is_on) }
            }
        }
    }
}
