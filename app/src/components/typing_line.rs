//! Who is typing. It keeps its height, so that nothing jumps.

use leptos::prelude::*;

fn words(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("{one} is typing…"),
        [one, two] => format!("{one} and {two} are typing…"),
        [one, two, three] => format!("{one}, {two} and {three} are typing…"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} others are typing…", rest.len()),
    }
}

/// One line under the messages.
#[component]
pub fn TypingLine(
    /// The names of the others who are typing.
    names: Memo<Vec<String>>,
) -> impl IntoView {
    view! {
        <p class="typing_line" class:is-typing=move || names.with(|it| !it.is_empty())>
            <span class="typing_line__dots" aria-hidden="true"><span></span><span></span><span></span></span>
            <span class="typing_line__words" role="status" aria-label="Typing">
                {move || names.with(|names| words(names))}
            </span>
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn the_line_names_two_and_counts_the_rest() {
        let names: Vec<String> = ["alice", "bob", "carol", "dave"].map(str::to_owned).to_vec();
        for (count, expected) in [
            (0, ""),
            (1, "alice is typing…"),
            (2, "alice and bob are typing…"),
            (3, "alice, bob and carol are typing…"),
            (4, "alice, bob and 2 others are typing…"),
        ] {
            assert_eq!(words(&names[..count]), expected);
        }
    }
}
