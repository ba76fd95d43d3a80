//! A message's text as it is shown: unchanged, with links one can follow and code in a box of its own.

use leptos::prelude::*;

use super::fixed::fixed;

/// A stretch of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Words(&'a str),
    Link(&'a str),
    Code(&'a str),
}

/// Fenced code first, then links in what is left.
fn pieces(body: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = body;
    while let Some((before, code, after)) = fenced(rest) {
        links(before, &mut found);
        found.push(Piece::Code(code));
        rest = after;
    }
    links(rest, &mut found);
    found
}

/// The first block between two lines that begin with three backticks.
fn fenced(text: &str) -> Option<(&str, &str, &str)> {
    let open = if text.starts_with("```") { 0 } else { find(text, "\n```")? + 1 };
    let line_end = open + text[open..].find('\n')?;
    let close = line_end + find(&text[line_end..], "\n```")?;
    let code = text.get(line_end + 1..close).unwrap_or_default();
    let after = text[close + 4..].trim_start_matches('`');
    Some((text[..open].trim_end_matches('\n'), code, after.strip_prefix('\n').unwrap_or(after)))
}

/// Where the first `word` begins. By hand, because the standard library's search is made for long texts and is 3 KB.
fn find(text: &str, word: &str) -> Option<usize> {
    text.as_bytes().windows(word.len()).position(|it| it == word.as_bytes())
}

fn links<'a>(text: &'a str, found: &mut Vec<Piece<'a>>) {
    let mut rest = text;
    while let Some((at, length)) = link(rest) {
        if at > 0 {
            found.push(Piece::Words(&rest[..at]));
        }
        found.push(Piece::Link(&rest[at..at + length]));
        rest = &rest[at + length..];
    }
    if !rest.is_empty() {
        found.push(Piece::Words(rest));
    }
}

/// Where the first address begins and how long it is. Only the two schemes that are safe to follow.
fn link(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let at = from + find(&text[from..], "http")?;
        let address = &text[at..];
        let end = address
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'))
            .unwrap_or(address.len());
        // A sentence's own punctuation is not part of the address.
        let address = address[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'', '*']);
        let host = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
        let stands_alone = text[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
        if stands_alone && host.is_some_and(|host| host.starts_with(char::is_alphanumeric)) {
            return Some((at, address.len()));
        }
        from = at + "http".len();
    }
}

/// The text of a message. Leptos escapes it.
#[component]
pub fn Prose(
    /// As it was sent.
    body: String,
) -> impl IntoView {
    let pieces = pieces(&body);
    // Most messages are nothing but words: they need no list.
    if let [Piece::Words(_)] = pieces.as_slice() {
        return body.into_any();
    }
    pieces
        .into_iter()
        .map(|piece| match piece {
            Piece::Words(words) => words.to_owned().into_any(),
            Piece::Link(address) => view! {
                <a
                    class="prose__link"
                    href=address.to_owned()
                    {..fixed([("target", "_blank"), ("rel", "noopener noreferrer nofollow")])}
                >
                    {address.to_owned()}
                </a>
            }
            .into_any(),
            Piece::Code(code) => view! {
                <pre class="prose__code" {..fixed([("dir", "ltr"), ("tabindex", "0")])}><code>{code.to_owned()}</code></pre>
            }
            .into_any(),
        })
        .collect::<Vec<_>>()
        .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_left_alone() {
        let text = "a < b && `tick` \"quote\"\n\n  indented, http:// and xhttps://no.example";
        assert_eq!(pieces(text), [Piece::Words(text)]);
        assert_eq!(pieces(""), []);
    }

    #[test]
    fn an_address_becomes_a_link_without_the_full_stop() {
        assert_eq!(
            pieces("see https://a.example/x?y=1 (or http://b.example)."),
            [
                Piece::Words("see "),
                Piece::Link("https://a.example/x?y=1"),
                Piece::Words(" (or "),
                Piece::Link("http://b.example"),
                Piece::Words(")."),
            ]
        );
    }

    #[test]
    fn code_between_fences_stands_apart() {
        assert_eq!(
            pieces("look:\n```rust\nlet x = \"http://x.example\";\n```\nnice"),
            [Piece::Words("look:"), Piece::Code("let x = \"http://x.example\";"), Piece::Words("nice")]
        );
    }

    #[test]
    fn an_open_fence_is_just_text() {
        assert_eq!(pieces("```\nnever closed"), [Piece::Words("```\nnever closed")]);
        assert_eq!(pieces("ä```x"), [Piece::Words("ä```x")]);
    }
}
