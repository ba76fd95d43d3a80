//! The conversation: grows at the lower end, takes older pages in at the upper end, and never moves the reader.

use std::collections::HashMap;

use leptos::html;
use leptos::prelude::*;

use super::history_end::{HistoryEnd, HistoryState};
use super::icon::{Glyph, Icon};
use super::message::{FailedPostActions, Message, MessageState};
use super::opening::{self, Opening};
use super::reading::{Marks, tab_in_front};
use super::{rows, scroll};
use crate::model::place::ReadingPlace;
use crate::model::timeline::{Line, LineKey};
use crate::when::{Calendar, Day};

/// What the list asks of the page.
#[derive(Debug, Clone, Copy)]
pub struct MessageListCallbacks {
    /// An older page.
    pub older: Callback<()>,
    /// The newest message is in the list's view, whether anybody looks or not.
    pub followed: Callback<()>,
    /// Everything up to this number was on screen, in a tab that is in view.
    pub read: Callback<u64>,
    /// The reader comes back to the tab, to the newest message.
    pub returned: Callback<()>,
    /// The reader goes and was here; `None` at the newest message.
    pub left: Callback<Option<ReadingPlace>>,
    /// Something is to be done about a line that was refused.
    pub remedies: FailedPostActions,
}

/// The messages of one room, oldest first.
#[component]
pub fn MessageList(
    /// What the room is called, for its beginning.
    room_name: Memo<String>,
    /// The messages, oldest first.
    lines: Memo<Vec<Line>>,
    /// The first message that the reader has not read.
    first_unread: Memo<Option<u64>>,
    /// How far back the conversation is known.
    history: Memo<HistoryState>,
    /// Whether the newest messages are still on their way.
    loading: Memo<bool>,
    /// Whether there is a connection: what is pending is sent.
    is_connected: Memo<bool>,
    /// Where it opens.
    opening: Opening,
    /// What the list asks of the page.
    callbacks: MessageListCallbacks,
) -> impl IntoView {
    let calendar = expect_context::<Calendar>();
    let (is_ready, absences) = (opening.is_ready, opening.absences);
    let reader = Reader::new(lines, first_unread, opening, callbacks);
    let Reader { log, at_bottom, seen, .. } = reader;
    let arrived =
        Memo::new(move |_| if at_bottom.get() { 0 } else { arrived_after(&lines.read(), seen.get()) });

    let known = StoredValue::new(HashMap::new());
    let rows = move || {
        reader.keep_place();
        let lines = lines.get();
        let contexts = rows::contexts(&lines, first_unread.get(), |at_ms| calendar.day(at_ms));
        with_marks(known.try_update_value(|known| with_state(known, lines, contexts)).unwrap_or_default())
    };
    reader.watch(history);
    reader.mark_newest(is_ready, absences);
    on_cleanup(move || reader.leave());
    let to_newest = Callback::new(move |()| reader.to_newest());
    show_own_words(lines, log);

    view! {
        <div class="message_list">
            <div
                class="message_list__log"
                role="log"
                aria-label="Messages"
                tabindex="0"
                node_ref=log
                on:scroll=move |_| reader.look(history)
            >
                <div class="message_list__content">
                    <HistoryEnd room_name history loading on_older=callbacks.older/>
                    <ol class="message_list__lines">
                        <For each=rows key=Row::key children=move |row| draw(row, calendar, is_connected, callbacks.remedies)/>
                    </ol>
                </div>
            </div>
            {move || (!at_bottom.get()).then(|| view! { <NewestButton arrived on_press=to_newest/> })}
        </div>
    }
}

/// Where the reader is, and what counts as read there. Copying it copies a few indexes.
#[derive(Clone, Copy)]
struct Reader {
    log: NodeRef<html::Div>,
    lines: Memo<Vec<Line>>,
    callbacks: MessageListCallbacks,
    at_bottom: RwSignal<bool>,
    /// The newest number that was on screen; what comes after it while the reader is further up is counted.
    seen: RwSignal<Option<u64>>,
    marks: Marks,
    /// Whether the newest message was on screen before the lines changed; `None` while they do not change.
    was_there: StoredValue<Option<bool>>,
    /// Whether the tab is in view.
    in_front: RwSignal<bool>,
    /// Whether the list has opened where it opens.
    is_open: RwSignal<bool>,
}

impl Reader {
    fn new(
        lines: Memo<Vec<Line>>,
        first_unread: Memo<Option<u64>>,
        opening: Opening,
        callbacks: MessageListCallbacks,
    ) -> Self {
        let log = NodeRef::<html::Div>::new();
        let at_bottom = RwSignal::new(true);
        let seen = RwSignal::new(newest(&lines.read_untracked()));
        let in_front = tab_in_front(move || {
            if at_bottom.get_untracked() {
                callbacks.returned.run(());
            }
        });
        let opened = Callback::new(move |()| {
            if let (Some(log), Some(first)) = (log.get_untracked(), first_unread.get_untracked()) {
                at_bottom.set(scroll::is_at_bottom(&log));
                seen.set(Some(first.saturating_sub(1)));
            }
        });
        Self {
            log,
            lines,
            callbacks,
            at_bottom,
            seen,
            marks: Marks::new(seen, callbacks.read),
            was_there: StoredValue::new(None),
            in_front,
            is_open: opening::open(opening, log, lines, first_unread, opened),
        }
    }

    /// Finds out where the log is scrolled to.
    fn look(self, history: Memo<HistoryState>) {
        // The list may have gone since the frame was asked for.
        let Some(log) = self.log.try_get_untracked().flatten() else { return };
        let bottom = scroll::is_at_bottom(&log);
        if self.at_bottom.get_untracked() != bottom {
            self.at_bottom.set(bottom);
        }
        if !bottom && self.is_open.get_untracked() && self.in_front.get_untracked() {
            self.marks.raise(self.lines.with_untracked(|lines| scroll::last_read(&log, lines)));
        }
        if history.get_untracked() == HistoryState::More && scroll::is_near_top(&log) {
            self.callbacks.older.run(());
        }
    }

    /// Looks whenever something has changed. A short page may leave the upper end in view: then nobody scrolls, yet more is
    /// wanted.
    fn watch(self, history: Memo<HistoryState>) {
        Effect::new(move |_| {
            self.lines.track();
            history.track();
            self.is_open.track();
            self.in_front.track();
            request_animation_frame(move || self.look(history));
        });
    }

    /// What is on screen counts as read, once the tab is in front.
    fn mark_newest(self, is_ready: RwSignal<bool>, absences: Memo<u32>) {
        let Self { log, callbacks, .. } = self;
        let mut known_absences = absences.get_untracked();
        Effect::new(move |_| {
            let newest = self.lines.with(|lines| newest(lines));
            let has_returned = std::mem::replace(&mut known_absences, absences.get()) != known_absences;
            // Whoever has just scrolled up may not have been told so yet: the event comes with the next frame. To look once
            // more, after the lines have changed, would lay them out at once.
            let is_there = self
                .was_there
                .get_value()
                .unwrap_or_else(|| log.get_untracked().is_none_or(|log| scroll::is_at_bottom(&log)));
            let (is_open, is_in_front) = (self.is_open.get(), self.in_front.get());
            if !is_open || !self.at_bottom.get() || !is_there {
                return;
            }
            if has_returned {
                is_ready.set(false);
                self.is_open.set(false);
                return;
            }
            callbacks.followed.run(());
            if let Some(newest) = newest.filter(|_| is_in_front) {
                self.seen.set(Some(newest));
                callbacks.read.run(newest);
            }
        });
    }

    /// The list goes: says where the reader was.
    fn leave(self) {
        if let Some(log) = self.log.get_untracked().filter(|_| self.is_open.get_untracked()) {
            self.callbacks.left.run(self.lines.with_untracked(|lines| scroll::reading_place(&log, lines)));
        }
    }

    fn to_newest(self) {
        if let Some(log) = self.log.get_untracked() {
            scroll::to_bottom(&log);
        }
    }

    /// Called while the new lines are being worked out, that is before the document changes. The microtask runs right
    /// after it has changed, before anything is painted; until then `was_there` says whether the newest message was on
    /// screen.
    fn keep_place(self) {
        let Some(log) = self.log.get_untracked() else { return };
        let anchor = scroll::ScrollAnchor::of(&log);
        let attention = scroll::Attention::of(&log);
        self.was_there.set_value(Some(anchor.is_at_bottom()));
        queue_microtask(move || {
            self.was_there.try_set_value(None);
            anchor.restore(&log);
            attention.restore();
        });
    }
}

/// One item of the list.
enum Row {
    /// The day that begins with a line.
    Day(Day, LineKey),
    /// The mark before the first line that is new.
    Unread,
    /// A line, and what may change about it.
    Line(Line, ArcRwSignal<MessageState>),
}

/// Names a row: it stays where it is as long as its key does.
#[derive(PartialEq, Eq, Hash)]
enum RowKey {
    Day(Day, LineKey),
    Unread,
    Line(LineKey),
}

impl Row {
    fn key(&self) -> RowKey {
        match self {
            Self::Day(day, line) => RowKey::Day(*day, line.clone()),
            Self::Unread => RowKey::Unread,
            Self::Line(line, _) => RowKey::Line(line.key.clone()),
        }
    }
}

/// The lines, with the day and the "New" mark before them where they belong.
fn with_marks(lines: Vec<((Line, ArcRwSignal<MessageState>), rows::RowContext)>) -> Vec<Row> {
    let mut rows = Vec::with_capacity(lines.len() + 2);
    for ((line, state), context) in lines {
        if let Some(day) = context.opens_day {
            rows.push(Row::Day(day, line.key.clone()));
        }
        if context.opens_unread {
            rows.push(Row::Unread);
        }
        rows.push(Row::Line(line, state));
    }
    rows
}

fn draw(
    row: Row,
    calendar: Calendar,
    is_connected: Memo<bool>,
    remedies: FailedPostActions,
) -> impl IntoView {
    match row {
        Row::Day(day, _) => view! {
            <li class="day" aria-label=move || calendar.day_label(day)>
                <span class="day__label">{move || calendar.day_label(day)}</span>
            </li>
        }
        .into_any(),
        Row::Unread => view! {
            <li class="unread" aria-label="New messages">
                <span class="unread__label">"New"</span>
            </li>
        }
        .into_any(),
        Row::Line(line, state) => view! { <Message line state is_connected remedies/> }.into_any(),
    }
}

/// The way down, and what came in meanwhile.
#[component]
fn NewestButton(arrived: Memo<usize>, on_press: Callback<()>) -> impl IntoView {
    let words = move || match arrived.get() {
        0 => "To the newest".to_owned(),
        1 => "1 new message".to_owned(),
        count => format!("{count} new messages"),
    };
    view! {
        <button
            class="message_list__newest button"
            class:is-calling=move || arrived.get() != 0
            type="button"
            on:click=move |_| on_press.run(())
        >
            <Glyph icon=Icon::Down/>
            {move || words()}
        </button>
    }
}

fn newest(lines: &[Line]) -> Option<u64> {
    lines.iter().rev().find_map(|line| line.seq)
}

fn arrived_after(lines: &[Line], seen: Option<u64>) -> usize {
    let is_new = |line: &&Line| line.seq.is_none_or(|seq| seen.is_none_or(|seen| seq > seen));
    lines.iter().rev().take_while(is_new).filter(|line| !line.mine).count()
}

fn last_own_pending(lines: &[Line]) -> Option<LineKey> {
    lines.iter().rev().find(|line| line.mine && line.seq.is_none()).map(|line| line.key.clone())
}

/// One signal for each line, the same as long as the line lives: a line that changes is changed in its place.
type Known = HashMap<LineKey, ArcRwSignal<MessageState>>;

fn with_state(
    known: &mut Known,
    lines: Vec<Line>,
    contexts: Vec<rows::RowContext>,
) -> Vec<((Line, ArcRwSignal<MessageState>), rows::RowContext)> {
    let mut follows_known = false;
    let mut row = |(line, context): (Line, rows::RowContext)| {
        let before = known.get(&line.key).cloned();
        // What comes after a line that was here is live; what comes before it is an older page.
        let is_live = before.as_ref().map_or(follows_known, |it| it.read_untracked().is_live);
        follows_known |= before.is_some();
        let state =
            MessageState { leads: context.leads, at_ms: line.at_ms, delivery: line.state.clone(), is_live };
        let signal = before.unwrap_or_else(|| {
            let signal = ArcRwSignal::new(state.clone());
            known.insert(line.key.clone(), signal.clone());
            signal
        });
        signal.maybe_update(|it| {
            let changed = *it != state;
            *it = state;
            changed
        });
        ((line, signal), context)
    };
    let rows: Vec<_> = lines.into_iter().zip(contexts).map(&mut row).collect();
    // Lines that went away, by hundreds when a long conversation starts over.
    if known.len() > rows.len() * 2 {
        *known = rows.iter().map(|((line, state), _)| (line.key.clone(), state.clone())).collect();
    }
    rows
}

/// One's own words are always shown, wherever one was reading.
fn show_own_words(lines: Memo<Vec<Line>>, log: NodeRef<html::Div>) {
    let last = Memo::new(move |_| lines.with(|lines| last_own_pending(lines)));
    // What was written before this list was there is no reason to move.
    let mut before = None;
    Effect::new(move |_| {
        let now = last.get();
        if now.is_some() && before.as_ref().is_some_and(|before| *before != now) {
            queue_microtask(move || {
                if let Some(log) = log.get_untracked() {
                    scroll::to_bottom(&log);
                }
            });
        }
        before = Some(now);
    });
}
