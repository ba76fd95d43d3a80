//! Reading positions. The log grows from its lower end (`column-reverse`): its scroll position is 0 at the newest
//! message and negative above, so older pages put in on top move nothing, and the lower end sticks by itself.

use leptos::prelude::{document, request_animation_frame};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, Node};

use crate::browser::attempt;
use crate::model::place::ReadingPlace;
use crate::model::timeline::Line;

/// Pixels from the newest message that still count as "at the bottom".
const NEAR_BOTTOM: i32 = 24;
/// Pixels from the oldest message at which the next older page is asked for.
const NEAR_TOP: i32 = 900;

/// Pixels from the upper edge of the log that the day's mark takes; see `.day` in the style sheet.
pub(super) const BELOW_DAY: f64 = 36.0;
/// Frames in which lines around a place that was gone to get their real heights.
const SETTLING_FRAMES: u8 = 4;

/// Whether the newest message is on screen.
pub(super) fn is_at_bottom(log: &HtmlElement) -> bool {
    -log.scroll_top() <= NEAR_BOTTOM
}

/// Whether it is time to ask for older messages.
pub(super) fn is_near_top(log: &HtmlElement) -> bool {
    log.scroll_height() - log.client_height() + log.scroll_top() <= NEAR_TOP
}

/// Shows the newest message.
pub(super) fn to_bottom(log: &HtmlElement) {
    log.set_scroll_top(0);
}

/// Where the reader was before the log changed.
pub(super) enum ScrollAnchor {
    /// At the very end: the log stays there by itself.
    End,
    /// Not a line above it: goes there.
    Bottom,
    /// Somewhere above: this message keeps its distance from the upper edge.
    At {
        /// The first message on screen.
        message: Element,
        /// Its upper edge in the window.
        top: f64,
    },
}

impl ScrollAnchor {
    /// Remembers the place. Must be called before the document changes.
    pub(super) fn of(log: &HtmlElement) -> Self {
        match -log.scroll_top() {
            i32::MIN..=0 => return Self::End,
            1..=NEAR_BOTTOM => return Self::Bottom,
            _ => {}
        }
        first_on_screen(log).map_or(Self::Bottom, |message| {
            let top = message.get_bounding_client_rect().top();
            Self::At { message, top }
        })
    }

    /// Whether the newest message was on screen.
    pub(super) fn is_at_bottom(&self) -> bool {
        !matches!(self, Self::At { .. })
    }

    /// Goes back there. Must be called after the document has changed and before it is painted.
    pub(super) fn restore(&self, log: &HtmlElement) {
        match self {
            Self::End => {}
            Self::Bottom => to_bottom(log),
            Self::At { message, top } => {
                log.scroll_by_with_x_and_y(0.0, message.get_bounding_client_rect().top() - top);
            }
        }
    }
}

/// The message at an index of the lines.
pub(super) fn message(log: &HtmlElement, index: usize) -> Option<Element> {
    let messages = log.query_selector_all(".message").ok()?;
    messages.item(u32::try_from(index).ok()?).and_then(|node| node.dyn_into().ok())
}

/// The mark before the first unread message.
pub(super) fn unread_mark(log: &HtmlElement) -> Option<Element> {
    log.query_selector(".unread").ok().flatten()
}

/// Brings an element to so many pixels below the upper edge of the log, and keeps it there while lines that were not on
/// screen before get their real heights.
pub(super) fn hold(log: HtmlElement, element: Element, top: f64) {
    settle(log, element, top, SETTLING_FRAMES);
}

fn settle(log: HtmlElement, element: Element, top: f64, frames: u8) {
    let by = element.get_bounding_client_rect().top() - log.get_bounding_client_rect().top() - top;
    if by.abs() >= 1.0 {
        log.scroll_by_with_x_and_y(0.0, by);
    }
    if frames > 1 {
        let before = log.scroll_top();
        request_animation_frame(move || {
            // A reader who scrolls meanwhile is not held back.
            if log.scroll_top() == before {
                settle(log, element, top, frames - 1);
            }
        });
    }
}

/// Where the reader is, unless at the newest message.
pub(super) fn reading_place(log: &HtmlElement, lines: &[Line]) -> Option<ReadingPlace> {
    if is_at_bottom(log) {
        return None;
    }
    let upper = log.get_bounding_client_rect().top();
    let (index, message) = first_beyond(log, upper)?;
    let line = lines.get(index)?.key.clone();
    Some(ReadingPlace { line, top: message.get_bounding_client_rect().top() - upper })
}

/// The number of the last message that is on screen down to its end, or to the lower edge if it is higher than the log.
pub(super) fn last_read(log: &HtmlElement, lines: &[Line]) -> Option<u64> {
    let lower = log.get_bounding_client_rect().bottom();
    let past = first_beyond(log, lower + 1.0).map_or(lines.len(), |(index, message)| {
        let fills_the_log = message.get_bounding_client_rect().top() <= log.get_bounding_client_rect().top();
        if fills_the_log { index + 1 } else { index }
    });
    lines.get(..past)?.iter().rev().find_map(|line| line.seq)
}

/// The first message that reaches into view.
fn first_on_screen(log: &HtmlElement) -> Option<Element> {
    first_beyond(log, log.get_bounding_client_rect().top()).map(|(_, message)| message)
}

/// The first message whose lower edge lies below a height of the window, with its index. Messages stand in order, so it
/// is found by halving.
fn first_beyond(log: &HtmlElement, height: f64) -> Option<(usize, Element)> {
    let messages = log.query_selector_all(".message").ok()?;
    let message = |index| messages.item(index).and_then(|node| node.dyn_into::<Element>().ok());
    let (mut low, mut high) = (0, messages.length());
    while low < high {
        let middle = low + (high - low) / 2;
        if message(middle)?.get_bounding_client_rect().bottom() > height {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some((usize::try_from(low).ok()?, message(low)?))
}

/// The text that is selected and the element that has the focus. A list that is put together anew takes its rows out of the
/// document and puts them back, and loses both.
pub(super) struct Attention {
    selection: Option<(Node, u32, Node, u32)>,
    focus: Option<HtmlElement>,
}

impl Attention {
    /// What is selected and focused in the log. Must be called before the document changes.
    pub(super) fn of(log: &HtmlElement) -> Self {
        let selection = document().get_selection().ok().flatten().filter(|it| !it.is_collapsed());
        let selection = selection.and_then(|it| {
            let (anchor, focus) = (it.anchor_node()?, it.focus_node()?);
            let is_here = log.contains(Some(&anchor)) || log.contains(Some(&focus));
            is_here.then(|| (anchor, it.anchor_offset(), focus, it.focus_offset()))
        });
        let focus = document().active_element().filter(|it| log.contains(Some(it)));
        Self { selection, focus: focus.and_then(|it| it.dyn_into().ok()) }
    }

    /// Selects and focuses it again. Must be called after the document has changed.
    pub(super) fn restore(self) {
        if let Some(focus) = self.focus.filter(|it| it.is_connected())
            && document().active_element().as_ref() != Some(focus.as_ref())
        {
            attempt("focusing a line again", focus.focus());
        }
        let Some((anchor, from, focus, to)) = self.selection else { return };
        if !anchor.is_connected() || !focus.is_connected() {
            return;
        }
        if let Ok(Some(now)) = document().get_selection()
            && (now.is_collapsed() || now.anchor_node().as_ref() != Some(&anchor))
        {
            attempt("selecting a text again", now.set_base_and_extent(&anchor, from, &focus, to));
        }
    }
}
