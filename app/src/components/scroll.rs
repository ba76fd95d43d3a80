//! Reading positions. The log grows from its lower end (`column-reverse`): its scroll position is 0 at the newest
//! message and negative above, so older pages put in on top move nothing, and the lower end sticks by itself.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// Pixels from the newest message that still count as "at the bottom".
const NEAR_BOTTOM: i32 = 24;
/// Pixels from the oldest message at which the next older page is asked for.
const NEAR_TOP: i32 = 900;

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
pub(super) enum Place {
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

impl Place {
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

/// The messages stand in order, so the first one that reaches into view is found by halving.
fn first_on_screen(log: &HtmlElement) -> Option<Element> {
    let upper_edge = log.get_bounding_client_rect().top();
    let messages = log.query_selector_all(".message").ok()?;
    let message = |index| messages.item(index).and_then(|node| node.dyn_into::<Element>().ok());
    let (mut low, mut high) = (0, messages.length());
    while low < high {
        let middle = low + (high - low) / 2;
        if message(middle)?.get_bounding_client_rect().bottom() > upper_edge {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    message(low)
}
