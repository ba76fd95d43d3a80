//! The conversation: grows at the lower end, takes older pages in at the upper end, and never moves the reader.

use std::collections::HashMap;

use leptos::html;
use leptos::prelude::*;

use super::arcs::Arcs;
use super::fixed::fixed;
use super::icon::{Glyph, Icon};
use super::keyed::{Key, Row, keyed};
use super::message::{Facts, Message, Remedies};
use super::opening::{self, Opening};
use super::reading::{Marks, tab_in_front};
use super::{rows, scroll};
use crate::model::place::ReadingPlace;
use crate::model::timeline::{Line, LineKey};
use crate::reactive::{effect, memo};
use crate::when::Calendar;

/// How far back the conversation is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Upper {
    /// From the very first message.
    #[default]
    Beginning,
    /// There is more.
    More,
    /// More is on its way.
    Loading,
    /// More could not be had; trying again may help.
    Failed,
}

/// What the list asks of the page.
#[derive(Debug, Clone, Copy)]
pub struct Wishes {
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
    pub remedies: Remedies,
}

/// The messages of one room, oldest first.
#[expect(clippy::too_many_lines, reason = "the list's scrolling and its view share their signals")]
#[component]
pub fn MessageList(
    /// What the room is called, for its beginning.
    room_name: Memo<String>,
    /// The messages, oldest first.
    lines: Memo<Vec<Line>>,
    /// The first message that the reader has not read.
    first_unread: Memo<Option<u64>>,
    /// How far back the conversation is known.
    upper: Memo<Upper>,
    /// Whether the newest messages are still on their way.
    loading: Memo<bool>,
    /// Where it opens.
    opening: Opening,
    /// What the list asks of the page.
    wishes: Wishes,
) -> impl IntoView {
    let calendar = expect_context::<Calendar>();
    let log = NodeRef::<html::Div>::new();
    let at_bottom = RwSignal::new(true);
    // The newest number that was on screen; what comes after it while the reader is further up is counted.
    let seen = RwSignal::new(newest(&lines.read_untracked()));
    let arrived = memo(move || if at_bottom.get() { 0 } else { arrived_after(&lines.read(), seen.get()) });

    let known = StoredValue::new(HashMap::new());
    let was_there = StoredValue::new(None);
    let rows = move || {
        keep_place(log, was_there);
        let lines = lines.get();
        let places = rows::places(&lines, first_unread.get(), |at_ms| calendar.day(at_ms));
        let rows = known.try_update_value(|known| with_facts(known, lines, places)).unwrap_or_default();
        let mut all = Vec::with_capacity(rows.len() + 2);
        for (it, place) in rows {
            put_rows(&mut all, it, place, calendar, wishes);
        }
        all
    };

    let returned = move || {
        if at_bottom.get_untracked() {
            wishes.returned.run(());
        }
    };
    let in_front = tab_in_front(returned);
    let marks = Marks::new(seen, wishes.read);
    let opened = Callback::new(move |()| {
        if let (Some(log), Some(first)) = (log.get_untracked(), first_unread.get_untracked()) {
            at_bottom.set(scroll::is_at_bottom(&log));
            seen.set(Some(first.saturating_sub(1)));
        }
    });
    let (is_ready, absences) = (opening.is_ready, opening.absences);
    let is_open = opening::open(opening, log, lines, first_unread, opened);
    let look = move || {
        // The list may have gone since the frame was asked for.
        let Some(log) = log.try_get_untracked().flatten() else { return };
        let bottom = scroll::is_at_bottom(&log);
        if at_bottom.get_untracked() != bottom {
            at_bottom.set(bottom);
        }
        if !bottom && is_open.get_untracked() && in_front.get_untracked() {
            marks.raise(lines.with_untracked(|lines| scroll::last_read(&log, lines)));
        }
        if upper.get_untracked() == Upper::More && scroll::is_near_top(&log) {
            wishes.older.run(());
        }
    };
    // A short page may leave the upper end in view: then nobody scrolls, yet more is wanted.
    effect(move || {
        lines.track();
        upper.track();
        is_open.track();
        in_front.track();
        request_animation_frame(look);
    });
    // What is on screen counts as read, once the tab is in front.
    let mut known_absences = absences.get_untracked();
    effect(move || {
        let newest = lines.with(|lines| newest(lines));
        let has_returned = std::mem::replace(&mut known_absences, absences.get()) != known_absences;
        // Whoever has just scrolled up may not have been told so yet: the event comes with the next frame. To look once
        // more, after the lines have changed, would lay them out at once.
        let is_there = was_there
            .get_value()
            .unwrap_or_else(|| log.get_untracked().is_none_or(|log| scroll::is_at_bottom(&log)));
        let (is_open_now, is_in_front) = (is_open.get(), in_front.get());
        if !is_open_now || !at_bottom.get() || !is_there {
            return;
        }
        if has_returned {
            is_ready.set(false);
            is_open.set(false);
            return;
        }
        wishes.followed.run(());
        if let Some(newest) = newest.filter(|_| is_in_front) {
            seen.set(Some(newest));
            wishes.read.run(newest);
        }
    });
    on_cleanup(move || {
        if let Some(log) = log.get_untracked().filter(|_| is_open.get_untracked()) {
            wishes.left.run(lines.with_untracked(|lines| scroll::reading_place(&log, lines)));
        }
    });
    show_own_words(lines, log);
    let to_newest = Callback::new(move |()| {
        if let Some(log) = log.get_untracked() {
            scroll::to_bottom(&log);
        }
    });

    view! {
        <div class="message_list">
            <div
                class="message_list__log"
                {..fixed([("role", "log"), ("aria-label", "Messages"), ("tabindex", "0")])}
                node_ref=log
                on:scroll=move |_| look()
            >
                <div class="message_list__content">
                    <UpperEnd room_name upper loading on_older=wishes.older/>
                    <ol class="message_list__lines">
                        {keyed(rows)}
                    </ol>
                </div>
            </div>
            {move || (!at_bottom.get()).then(|| view! { <NewestButton arrived on_press=to_newest/> }.into_any())}
        </div>
    }
    .into_any()
}

/// A line, with the day and the "New" mark before it where they belong.
fn put_rows(
    rows: &mut Vec<Row>,
    (line, facts): (Line, ArcRwSignal<Facts>),
    place: rows::Place,
    calendar: Calendar,
    wishes: Wishes,
) {
    let key = line.key.clone();
    if let Some(day) = place.opens_day {
        rows.push(Row::new(Key::Day(day, key.clone()), move || {
            view! {
                <li class="day" aria-label=move || calendar.day_label(day)>
                    <span class="day__label">{move || calendar.day_label(day)}</span>
                </li>
            }
            .into_any()
        }));
    }
    if place.opens_unread {
        rows.push(Row::new(Key::Unread, || {
            view! { <li class="unread" {..fixed([("aria-label", "New messages")])}><span class="unread__label">"New"</span></li> }
                .into_any()
        }));
    }
    rows.push(Row::new(Key::Line(key), move || {
        view! { <Message line facts remedies=wishes.remedies/> }.into_any()
    }));
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
    .into_any()
}

/// What stands above the oldest message that is known.
#[component]
fn UpperEnd(
    room_name: Memo<String>,
    upper: Memo<Upper>,
    loading: Memo<bool>,
    on_older: Callback<()>,
) -> impl IntoView {
    move || {
        if loading.get() {
            return view! { <Skeleton/> }.into_any();
        }
        match upper.get() {
            Upper::Beginning => view! {
                <div class="message_list__beginning">
                    <Arcs/>
                    <p class="message_list__room"><bdi>{move || room_name.get()}</bdi></p>
                    <p class="message_list__hint">"This is where it begins. Say something."</p>
                </div>
            }
            .into_any(),
            Upper::Loading => view! { <p class="message_list__upper" {..fixed([("role", "status")])}>"Loading older messages…"</p> }.into_any(),
            Upper::More | Upper::Failed => view! {
                <div class="message_list__upper">
                    {(upper.get() == Upper::Failed)
                        .then(|| view! { <p {..fixed([("role", "alert")])}>"Older messages could not be loaded. Nothing is lost."</p> }.into_any())}
                    <button class="button is-small" type="button" on:click=move |_| on_older.run(())>
                        "Load older messages"
                    </button>
                </div>
            }
            .into_any(),
        }
    }
}

/// The shape of messages to come. The style sheet shows it after 200 ms, so that a quick answer does not flicker.
#[component]
fn Skeleton() -> impl IntoView {
    let line = || {
        view! {
            <div class="skeleton__line"><span class="skeleton__face"></span><span class="skeleton__words"></span></div>
        }
    };
    view! {
        <div class="skeleton" {..fixed([("aria-hidden", "true")])}>{line()} {line()} {line()} {line()}</div>
        <p class="sr_only" {..fixed([("role", "status")])}>"Loading messages…"</p>
    }
    .into_any()
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
type Known = HashMap<LineKey, ArcRwSignal<Facts>>;

fn with_facts(
    known: &mut Known,
    lines: Vec<Line>,
    places: Vec<rows::Place>,
) -> Vec<((Line, ArcRwSignal<Facts>), rows::Place)> {
    let mut follows_known = false;
    let mut row = |(line, place): (Line, rows::Place)| {
        let before = known.get(&line.key).cloned();
        // What comes after a line that was here is live; what comes before it is an older page.
        let is_live = before.as_ref().map_or(follows_known, |it| it.read_untracked().is_live);
        follows_known |= before.is_some();
        let facts = Facts { leads: place.leads, at_ms: line.at_ms, state: line.state.clone(), is_live };
        let signal = before.unwrap_or_else(|| {
            let signal = ArcRwSignal::new(facts.clone());
            known.insert(line.key.clone(), signal.clone());
            signal
        });
        signal.maybe_update(|it| {
            let changed = *it != facts;
            *it = facts;
            changed
        });
        ((line, signal), place)
    };
    let rows: Vec<_> = lines.into_iter().zip(places).map(&mut row).collect();
    // Lines that went away, by hundreds when a long conversation starts over.
    if known.len() > rows.len() * 2 {
        *known = rows.iter().map(|((line, facts), _)| (line.key.clone(), facts.clone())).collect();
    }
    rows
}

/// One's own words are always shown, wherever one was reading.
fn show_own_words(lines: Memo<Vec<Line>>, log: NodeRef<html::Div>) {
    let last = memo(move || lines.with(|lines| last_own_pending(lines)));
    // What was written before this list was there is no reason to move.
    let mut before = None;
    effect(move || {
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

/// Called while the new lines are being worked out, that is before the document changes. The microtask runs right
/// after it has changed, before anything is painted; until then `was_there` says whether the newest message was on screen.
fn keep_place(log: NodeRef<html::Div>, was_there: StoredValue<Option<bool>>) {
    let Some(log) = log.get_untracked() else { return };
    let place = scroll::Place::of(&log);
    let attention = scroll::Attention::of(&log);
    was_there.set_value(Some(place.is_at_bottom()));
    queue_microtask(move || {
        was_there.try_set_value(None);
        place.restore(&log);
        attention.restore();
    });
}
