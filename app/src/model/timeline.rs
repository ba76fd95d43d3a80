//! The messages of one room as a person sees them: those with a number in order, without a hole and without repetition,
//! then those that are still on their way.

mod unread;

use protocol::{Cursor, DraftId, JoinedRoom, Message, MessageKind, Posted, UserId};

/// Messages that stay in memory. Beyond it the oldest go; they can be loaded again.
const MAX_LOADED: usize = 3_000;

/// Messages that stay in memory while somebody follows the newest, and how many are left of them when there are more.
/// Enough for the highest window, few enough to go through all of them for each picture.
const MAX_FOLLOWED: usize = 240;
const LEFT_OF_FOLLOWED: usize = 160;

/// Messages that are kept while an earlier one is missing.
const MAX_AHEAD: usize = 200;

/// What is shown in place of the text of a deleted message.
const DELETED: &str = "This message was deleted.";

/// What a frame did to the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Something new is on screen.
    News,
    /// Nothing changed.
    Known,
    /// Something before it is missing: join again with [`Timeline::head`] to get it.
    Gap,
}

/// One line on screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The same from the moment of writing on, so that a list keyed by it never redraws the line.
    pub key: LineKey,
    /// Who says it.
    pub author: UserId,
    /// The author's user name.
    pub name: String,
    /// The text.
    pub body: String,
    /// When it was committed, or written while it is not, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Whether one said it oneself, in whichever tab.
    pub mine: bool,
    /// Where it stands.
    pub state: LineState,
    /// Its number, once it has one.
    pub seq: Option<u64>,
}

/// Names a line. Two people may choose the same draft id, so the author belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LineKey {
    /// Who says it.
    pub author: UserId,
    /// What the author called it.
    pub draft: DraftId,
}

/// Where a line stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineState {
    /// Committed and numbered.
    Sent,
    /// Not answered yet.
    Pending,
    /// Refused, and not tried again by itself.
    Failed {
        /// For a person to read.
        reason: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Draft {
    id: DraftId,
    body: String,
    at_ms: i64,
    failed: Option<String>,
}

/// See the module's description.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    me: Option<(UserId, String)>,
    head: Option<Cursor>,
    /// Without a hole, up to `head`.
    sent: Vec<Message>,
    /// Came before something that is still missing; in order.
    ahead: Vec<Message>,
    drafts: Vec<Draft>,
    read_when_opened: Option<u64>,
    /// Whether the newest page has been seen. Before that the room is not empty, only unknown.
    pub loaded: bool,
    /// Whether there is something before the first line.
    pub has_older: bool,
    /// Whether it is being fetched.
    pub loading_older: bool,
    /// The first number that was new when the room was opened.
    pub first_unread: Option<u64>,
    /// How often the reader came back to the open room and found unread messages.
    pub absences: u32,
}

impl Timeline {
    /// A room that nothing is known of, as this person sees it.
    pub fn new(me: Option<(UserId, String)>) -> Self {
        Self { me, ..Self::default() }
    }

    /// Where the known part ends; the place to recover from.
    pub fn head(&self) -> Option<Cursor> {
        self.head
    }

    /// The number of the oldest message in memory.
    pub fn oldest(&self) -> Option<u64> {
        self.sent.first().map(|message| message.cursor.seq)
    }

    /// Everything on screen, oldest first.
    pub fn lines(&self) -> Vec<Line> {
        let sent = self.sent.iter().map(|message| Line {
            key: LineKey { author: message.author.clone(), draft: message.draft },
            author: message.author.clone(),
            name: message.name.clone(),
            body: if message.deleted_at_ms.is_some() { DELETED.to_owned() } else { message.body.clone() },
            at_ms: message.at_ms,
            mine: self.is_me(&message.author),
            state: LineState::Sent,
            seq: Some(message.cursor.seq),
        });
        let mine = self.me.iter().flat_map(|(author, name)| {
            self.drafts.iter().map(move |draft| Line {
                key: LineKey { author: author.clone(), draft: draft.id },
                author: author.clone(),
                name: name.clone(),
                body: draft.body.clone(),
                at_ms: draft.at_ms,
                mine: true,
                state: match &draft.failed {
                    None => LineState::Pending,
                    Some(reason) => LineState::Failed { reason: reason.clone() },
                },
                seq: None,
            })
        });
        sent.chain(mine).collect()
    }

    /// Folds in the answer to a join: a page, or what was missed.
    pub fn joined(&mut self, room: &JoinedRoom) {
        let comparable = self.loaded && self.head.is_some_and(|head| head.epoch == room.head.epoch);
        if room.recovered && !comparable {
            // What was missed of a room whose page was never here; the page is asked for when the room is opened.
            return;
        }
        if !comparable || !self.merge(room) {
            self.sent.clone_from(&room.messages);
            self.head = Some(room.head);
            self.has_older = room.has_more;
            self.ahead.retain(|message| message.cursor.epoch == room.head.epoch);
        }
        for message in &room.messages {
            self.settle(message);
        }
        let first_time = !std::mem::replace(&mut self.loaded, true);
        self.catch_up();
        if first_time {
            self.find_first_unread();
        }
    }

    /// Folds in a message.
    pub fn message(&mut self, message: &Message) -> Outcome {
        let Some(head) = self.head.filter(|_| self.loaded) else {
            return Outcome::Known;
        };
        if message.cursor.epoch != head.epoch {
            return Outcome::Gap;
        }
        if message.cursor.seq <= head.seq || !self.keep_ahead(message) {
            return Outcome::Known;
        }
        if self.catch_up() { Outcome::News } else { Outcome::Gap }
    }

    /// Folds in the answer to one's own post. A hole before it is no reason to join again: the message itself follows
    /// and tells.
    pub fn posted(&mut self, posted: &Posted) -> Outcome {
        let Some((author, name)) = self.me.clone() else {
            return Outcome::Known;
        };
        let Some(draft) = self.drafts.iter().find(|draft| draft.id == posted.draft) else {
            return Outcome::Known;
        };
        let message = Message {
            room: posted.room.clone(),
            cursor: posted.cursor,
            id: posted.id,
            author,
            name,
            draft: posted.draft,
            body: draft.body.clone(),
            at_ms: posted.at_ms,
            // What is written here answers nothing and is plain text.
            parent: None,
            kind: MessageKind::Text,
            rev: 0,
            edited_at_ms: None,
            deleted_at_ms: None,
            pinned: false,
            reactions: Vec::new(),
        };
        if self.head.is_some_and(|head| head.epoch == posted.cursor.epoch && posted.cursor.seq <= head.seq) {
            // Sent before the connection was lost; the message itself is here already.
            self.settle(&message);
            return Outcome::News;
        }
        match self.message(&message) {
            Outcome::Gap => Outcome::Known,
            other => other,
        }
    }

    /// Folds in a page of history, oldest first, that ends before [`Self::oldest`].
    pub fn older(&mut self, page: Vec<Message>, has_more: bool) {
        let Some(head) = self.head else { return };
        let end = self.oldest().unwrap_or(head.seq + 1);
        let mut page: Vec<Message> =
            page.into_iter().filter(|it| it.cursor.epoch == head.epoch && it.cursor.seq < end).collect();
        let touches = page.last().is_none_or(|last| last.cursor.seq + 1 == end);
        if !touches || !is_without_hole(&page) {
            return;
        }
        for message in &page {
            self.settle(message);
        }
        page.append(&mut self.sent);
        self.sent = page;
        self.has_older = has_more;
        self.find_first_unread();
    }

    /// Shows a text at once, before anybody else has it.
    pub fn write(&mut self, id: DraftId, body: String, at_ms: i64) {
        self.drafts.push(Draft { id, body, at_ms, failed: None });
    }

    /// Marks a text as refused. Returns whether it was waiting.
    pub fn failed(&mut self, id: DraftId, reason: &str) -> bool {
        match self.drafts.iter_mut().find(|draft| draft.id == id) {
            Some(draft) => {
                draft.failed = Some(reason.to_owned());
                true
            }
            None => false,
        }
    }

    /// Marks every waiting text as refused.
    pub fn all_failed(&mut self, reason: &str) {
        for draft in &mut self.drafts {
            draft.failed.get_or_insert_with(|| reason.to_owned());
        }
    }

    /// Takes a refused text up again, now as the last one. Returns what to send.
    pub fn again(&mut self, id: DraftId, at_ms: i64) -> Option<String> {
        let at = self.drafts.iter().position(|draft| draft.id == id && draft.failed.is_some())?;
        let draft = Draft { failed: None, at_ms, ..self.drafts.remove(at) };
        let body = draft.body.clone();
        self.drafts.push(draft);
        Some(body)
    }

    /// Takes a text away that has no number. Returns what it was.
    pub fn discard(&mut self, id: DraftId) -> Option<String> {
        let at = self.drafts.iter().position(|draft| draft.id == id)?;
        Some(self.drafts.remove(at).body)
    }

    /// Shows a text that was written in another tab or before this page was loaded, or what became of it. Returns
    /// whether that is news.
    pub fn kept(&mut self, id: DraftId, body: &str, at_ms: i64, failed: Option<&str>) -> bool {
        let has_arrived = self.sent.iter().any(|message| message.draft == id && self.is_me(&message.author));
        let draft = Draft { id, body: body.to_owned(), at_ms, failed: failed.map(str::to_owned) };
        if has_arrived || self.drafts.contains(&draft) {
            return false;
        }
        self.drafts.retain(|draft| draft.id != id);
        let at = self.drafts.partition_point(|draft| draft.at_ms <= at_ms);
        self.drafts.insert(at, draft);
        true
    }

    /// Lets go of what is far above somebody who follows the newest; it can be loaded again. Returns whether there was
    /// any.
    pub fn followed(&mut self) -> bool {
        let is_long = self.sent.len() > MAX_FOLLOWED;
        if is_long {
            self.sent.drain(..self.sent.len() - LEFT_OF_FOLLOWED);
            self.has_older = true;
        }
        is_long
    }

    fn is_me(&self, author: &UserId) -> bool {
        self.me.as_ref().is_some_and(|(me, _)| me == author)
    }

    /// One's own text has its number: it is not a draft any more.
    fn settle(&mut self, message: &Message) {
        if self.is_me(&message.author) {
            self.drafts.retain(|draft| draft.id != message.draft);
        }
    }

    /// Returns whether it was not there before.
    fn keep_ahead(&mut self, message: &Message) -> bool {
        let seq = message.cursor.seq;
        let at = self.ahead.partition_point(|it| it.cursor.seq < seq);
        if self.ahead.get(at).is_some_and(|it| it.cursor.seq == seq) {
            return false;
        }
        self.ahead.insert(at, message.clone());
        self.ahead.truncate(MAX_AHEAD);
        true
    }

    /// Moves what is not ahead any more into place. Returns whether anything moved.
    fn catch_up(&mut self) -> bool {
        let Some(mut head) = self.head else { return false };
        let before = head.seq;
        for message in std::mem::take(&mut self.ahead) {
            if message.cursor.seq == head.seq + 1 {
                head = message.cursor;
                self.settle(&message);
                self.sent.push(message);
            } else if message.cursor.seq > head.seq {
                self.ahead.push(message);
            }
        }
        self.head = Some(head);
        if self.sent.len() > MAX_LOADED {
            self.sent.drain(..MAX_LOADED / 6);
            self.has_older = true;
        }
        head.seq != before
    }

    /// Joins a page of the same epoch to what is here. `false` when there would be a hole between the two.
    fn merge(&mut self, room: &JoinedRoom) -> bool {
        let Some(head) = self.head else { return false };
        let (Some(first), Some(last)) = (room.messages.first(), room.messages.last()) else {
            return room.head.seq <= head.seq;
        };
        let (first, last) = (first.cursor.seq, last.cursor.seq);
        if room.head.seq < self.oldest().unwrap_or(0) {
            // Late news from long ago; what is here is newer.
            return true;
        }
        let start = self.oldest().unwrap_or(head.seq + 1);
        let mut all: Vec<Message> =
            self.sent.iter().filter(|it| it.cursor.seq < first || it.cursor.seq > last).cloned().collect();
        let at = all.partition_point(|it| it.cursor.seq < first);
        all.splice(at..at, room.messages.iter().cloned());
        if first > head.seq + 1 || !is_without_hole(&all) {
            return false;
        }
        if first < start {
            self.has_older = room.has_more;
        }
        self.sent = all;
        self.head = Some(Cursor { seq: head.seq.max(room.head.seq), ..head });
        true
    }
}

fn is_without_hole(messages: &[Message]) -> bool {
    messages.iter().zip(messages.iter().skip(1)).all(|(one, next)| one.cursor.seq + 1 == next.cursor.seq)
}
