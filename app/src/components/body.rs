//! The text of a line: emoji that stand alone are large, and a very long text is cut until it is asked for in full.

use leptos::prelude::*;
use protocol::text::is_invisible;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, MouseEvent, ScrollIntoViewOptions, ScrollLogicalPosition};

use super::prose::Prose;

/// Emoji that are shown large; with more it is a text.
const LARGE_EMOJI: usize = 8;

/// A text with more characters or more lines is cut. Some 25 lines of a wide window.
const LONG_CHARS: usize = 1_800;
const LONG_LINES: usize = 25;

/// Whether a character is drawn as an emoji by itself. Blocks of `emoji-data.txt` (Unicode 17.0) in which nearly all
/// characters have `Emoji_Presentation`, and those of the older blocks that have it.
fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{1F300}'..='\u{1FAFF}' | '\u{1F004}' | '\u{1F0CF}' | '\u{1F18E}' | '\u{1F191}'..='\u{1F19A}'
        | '\u{1F1E6}'..='\u{1F1FF}' | '\u{1F201}'..='\u{1F251}' | '\u{231A}'..='\u{231B}' | '\u{23E9}'..='\u{23F3}'
        | '\u{25FD}'..='\u{25FE}' | '\u{2600}'..='\u{27BF}' | '\u{2B1B}'..='\u{2B1C}' | '\u{2B50}' | '\u{2B55}')
}

/// Whether a text is nothing but a few emoji.
fn is_emoji_only(body: &str) -> bool {
    const JOINER: char = '\u{200D}';
    let mut count = 0;
    let mut joined = false;
    for c in body.chars() {
        let is_modifier = matches!(c, '\u{1F3FB}'..='\u{1F3FF}');
        if is_emoji(c) {
            count += usize::from(!is_modifier && !joined);
        } else if !is_invisible(c) {
            return false;
        }
        joined = c == JOINER;
    }
    // A flag is two letters.
    (1..=LARGE_EMOJI).contains(&count)
}

fn is_long(body: &str) -> bool {
    body.len() > LONG_LINES
        && (body.chars().nth(LONG_CHARS).is_some()
            || body.bytes().filter(|byte| *byte == b'\n').nth(LONG_LINES).is_some())
}

/// What was said, and below a text that is cut the way to the rest of it.
#[component]
pub fn Body(
    /// As it was sent.
    body: String,
) -> impl IntoView {
    if !is_long(&body) {
        let class = if is_emoji_only(&body) { "message__body is-emoji" } else { "message__body" };
        return view! { <div class=class dir="auto"><Prose body/></div> }.into_any();
    }
    let is_open = RwSignal::new(false);
    let turn = move |click: MouseEvent| {
        let line = click.target().and_then(|it| it.dyn_into::<Element>().ok()?.closest(".message").ok()?);
        let before = line.as_ref().map(top);
        is_open.update(|it| *it = !*it);
        request_animation_frame(move || {
            if let (Some(line), Some(before)) = (line, before) {
                stay(&line, before, is_open.try_get_untracked() == Some(true));
            }
        });
    };
    view! {
        <div class="message__body" class:is-cut=move || !is_open.get() dir="auto">
            <Prose body/>
        </div>
        <button
            class="message__more button is-small"
            type="button"
            aria-expanded=move || if is_open.get() { "true" } else { "false" }
            on:click=turn
        >
            {move || if is_open.get() { "Show less" } else { "Show more" }}
        </button>
    }
    .into_any()
}

fn top(line: &Element) -> f64 {
    line.get_bounding_client_rect().top()
}

/// Keeps a line where it was. The log holds on to its lower end, so a line that grows moves up. One that was cut again may
/// be out of view.
fn stay(line: &Element, before: f64, is_open: bool) {
    if !is_open {
        let nearest = ScrollIntoViewOptions::new();
        nearest.set_block(ScrollLogicalPosition::Nearest);
        return line.scroll_into_view_with_scroll_into_view_options(&nearest);
    }
    let log =
        line.closest(".message_list__log").ok().flatten().and_then(|it| it.dyn_into::<HtmlElement>().ok());
    if let Some(log) = log {
        log.scroll_by_with_x_and_y(0.0, top(line) - before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_emoji_alone_are_large() {
        for large in ["🎉", "👍🏽 👍", "👩‍👩‍👧\n", "❤️", "🇩🇪🇫🇷", "☕⭐", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"]
        {
            assert!(is_emoji_only(large), "{large}");
        }
        for text in ["", " ", "ok 🎉", "1", "#", "©", "→", "🎉🎉🎉🎉🎉🎉🎉🎉🎉", "\u{200D}\u{FE0F}", "x"]
        {
            assert!(!is_emoji_only(text), "{text}");
        }
    }

    #[test]
    fn a_text_is_long_by_its_characters_or_its_lines() {
        assert!(!is_long(&"x".repeat(LONG_CHARS)));
        assert!(is_long(&"x".repeat(LONG_CHARS + 1)));
        assert!(!is_long(&"ä".repeat(LONG_CHARS)));
        assert!(!is_long(&"a\n".repeat(LONG_LINES)));
        assert!(is_long(&"a\n".repeat(LONG_LINES + 1)));
    }
}
