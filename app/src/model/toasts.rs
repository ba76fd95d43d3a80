//! Short notes at the edge of the page: the newest few are shown, the rest wait folded, and each goes after its time on
//! screen. Errors stay until somebody takes them away. Time is handed in.

use protocol::text::isolated;
use protocol::{JobChange, JobKind, JobStep, Notification};

/// Shown at one time, unless they are unfolded.
const SHOWN: usize = 3;

/// As many in a narrow window, where they lie on the conversation.
const SHOWN_NARROW: usize = 2;

/// Kept at one time. Beyond it the oldest go, however many come.
const MAX_KEPT: usize = 50;

/// Milliseconds on screen before a note goes by itself.
const ON_SCREEN_MS: i64 = 8_000;

/// How a note looks and how urgently it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing but news; also any kind that nobody here knows.
    Info,
    /// Something worked.
    Success,
    /// Something needs a look.
    Warning,
    /// Something went wrong.
    Error,
}

impl Tone {
    fn of(kind: &str) -> Self {
        match kind {
            "success" => Self::Success,
            "warning" => Self::Warning,
            "error" => Self::Error,
            _ => Self::Info,
        }
    }
}

/// What a note says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// How it looks.
    pub tone: Tone,
    /// A few words.
    pub title: String,
    /// The rest; may be empty.
    pub message: String,
}

impl Words {
    /// Of a notification, unless it has been read elsewhere.
    pub fn of_notification(notification: &Notification) -> Option<Self> {
        (!notification.is_read).then(|| Self {
            tone: Tone::of(&notification.kind),
            title: notification.title.clone(),
            message: notification.message.clone(),
        })
    }

    /// Of what happened to a job, if it is worth a note: the beginning of an analysis. The end of a job is told by a
    /// notification.
    pub fn of_job(change: &JobChange) -> Option<Self> {
        let begins = change.step == JobStep::Started && change.job.kind == JobKind::Analysis;
        let subject = change.job.subject.as_deref().unwrap_or_default();
        begins.then(|| Self {
            tone: Tone::Info,
            title: format!("Video analysis started for interview {}", isolated(subject)),
            message: String::new(),
        })
    }
}

/// One note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// Names it on this page.
    pub number: u64,
    /// What it says.
    pub words: Words,
    /// What is left of its time on screen; `None` for one that stays.
    left_ms: Option<i64>,
}

/// See the module's description.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Toasts {
    /// The newest first.
    all: Vec<Toast>,
    counted: u64,
    is_unfolded: bool,
    is_narrow: bool,
    /// Up to when time has been counted.
    at_ms: i64,
}

impl Toasts {
    /// Takes one in. Returns `true`: that is news.
    pub fn push(&mut self, words: Words, now: i64) -> bool {
        self.pass(now);
        self.counted += 1;
        let left_ms = (words.tone != Tone::Error).then_some(ON_SCREEN_MS);
        self.all.insert(0, Toast { number: self.counted, words, left_ms });
        self.all.truncate(MAX_KEPT);
        true
    }

    /// Takes one away. Returns whether it was there.
    pub fn dismiss(&mut self, number: u64, now: i64) -> bool {
        for toast in &mut self.all {
            if toast.number == number {
                toast.left_ms = Some(0);
            }
        }
        self.pass(now)
    }

    /// Takes all away. Returns whether there were any.
    pub fn clear(&mut self) -> bool {
        self.is_unfolded = false;
        !std::mem::take(&mut self.all).is_empty()
    }

    /// Shows the folded ones, too. Returns whether there are any.
    pub fn unfold(&mut self, now: i64) -> bool {
        self.pass(now);
        let news = self.folded() != 0;
        self.is_unfolded |= news;
        news
    }

    /// Somebody looks closely: those on screen have all their time again. Returns whether that makes a difference.
    pub fn linger(&mut self, now: i64) -> bool {
        self.at_ms = now;
        let shown = self.shown_len();
        for toast in self.all.iter_mut().take(shown) {
            toast.left_ms = toast.left_ms.and(Some(ON_SCREEN_MS));
        }
        shown != 0
    }

    /// Lets time pass. Returns whether anything went.
    pub fn pass(&mut self, now: i64) -> bool {
        let passed = (now - self.at_ms).max(0);
        self.at_ms = now;
        let shown = self.shown_len();
        for toast in self.all.iter_mut().take(shown) {
            toast.left_ms = toast.left_ms.map(|left| left - passed);
        }
        let before = self.all.len();
        self.all.retain(|toast| toast.left_ms.is_none_or(|left| left > 0));
        self.is_unfolded &= self.all.len() > self.most();
        self.all.len() != before
    }

    /// Milliseconds until [`Self::pass`] has something to take away.
    pub fn next_in(&self) -> Option<i64> {
        self.shown().iter().filter_map(|toast| toast.left_ms).min()
    }

    /// Those on screen, the newest first.
    pub fn shown(&self) -> &[Toast] {
        self.all.get(..self.shown_len()).unwrap_or_default()
    }

    /// How many are folded.
    pub fn folded(&self) -> usize {
        self.all.len() - self.shown_len()
    }

    /// Says whether the window is narrow. Returns whether that is news.
    pub fn narrow(&mut self, is_narrow: bool) -> bool {
        std::mem::replace(&mut self.is_narrow, is_narrow) != is_narrow
    }

    fn most(&self) -> usize {
        if self.is_narrow { SHOWN_NARROW } else { SHOWN }
    }

    fn shown_len(&self) -> usize {
        if self.is_unfolded { self.all.len() } else { self.all.len().min(self.most()) }
    }
}

#[cfg(test)]
#[path = "toasts_tests.rs"]
mod tests;
