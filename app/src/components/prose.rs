//! A message's text as it is shown: unchanged, with links one can follow and code in a box of its own.

use leptos::prelude::*;

use super::links::{self, FoundLink};

/// A stretch of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Words(&'a str),
    /// What to put before an address, and the address.
    Link(&'static str, &'a str),
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
    let open = if text.starts_with("```") { 0 } else { text.find("\n```")? + 1 };
    let line_end = open + text[open..].find('\n')?;
    let close = line_end + text[line_end..].find("\n```")?;
    let code = text.get(line_end + 1..close).unwrap_or_default();
    let after = text[close + 4..].trim_start_matches('`');
    Some((text[..open].trim_end_matches('\n'), code, after.strip_prefix('\n').unwrap_or(after)))
}

fn links<'a>(text: &'a str, found: &mut Vec<Piece<'a>>) {
    let mut rest = text;
    while let Some(FoundLink { at, length, prefix }) = links::first(rest) {
        if at > 0 {
            found.push(Piece::Words(&rest[..at]));
        }
        found.push(Piece::Link(prefix, &rest[at..at + length]));
        rest = &rest[at + length..];
    }
    if !rest.is_empty() {
        found.push(Piece::Words(rest));
    }
}

/// Line breaks as every way to a page keeps them. A browser that reads HTML takes a lone CR and CR LF for a line break
/// and drops U+0000 (HTML, sections 13.2.3.5 and 13.2.6.4.7); put in by a script both would stay as they are.
fn as_read(body: String) -> String {
    if !body.contains(['\r', '\0']) {
        return body;
    }
    let mut read = String::with_capacity(body.len());
    let mut after_return = false;
    for c in body.chars().filter(|c| *c != '\0') {
        if !(after_return && c == '\n') {
            read.push(if c == '\r' { '\n' } else { c });
        }
        after_return = c == '\r';
    }
    read
}

/// The text of a message. Leptos escapes it.
#[component]
pub fn Prose(
    /// As it was sent.
    body: String,
) -> impl IntoView {
    let body = as_read(body);
    let pieces = pieces(&body);
    // Most messages are nothing but words: they need no list.
    if let [Piece::Words(_)] = pieces.as_slice() {
        return body.into_any();
    }
    pieces
        .into_iter()
        .map(|piece| match piece {
            Piece::Words(words) => words.to_owned().into_any(),
            Piece::Link(prefix, address) => view! {
                <a
                    class="prose__link"
                    href=format!("{prefix}{address}")
                    target="_blank"
                    rel="noopener noreferrer nofollow"
                >
                    {address.to_owned()}
                </a>
            }
            .into_any(),
            Piece::Code(code) => view! {
                <pre class="prose__code" dir="ltr" tabindex="0"><code>{code.to_owned()}</code></pre>
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
                Piece::Link("", "https://a.example/x?y=1"),
                Piece::Words(" (or "),
                Piece::Link("", "http://b.example"),
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
    fn line_breaks_are_read_as_in_html() {
        assert_eq!(as_read("a\rb\r\nc\n\rd\r\r\ne\0f".to_owned()), "a\nb\nc\n\nd\n\nef");
        assert_eq!(as_read("plain\n".to_owned()), "plain\n");
    }

    #[test]
    fn an_open_fence_is_just_text() {
        assert_eq!(pieces("```\nnever closed"), [Piece::Words("```\nnever closed")]);
        assert_eq!(pieces("ä```x"), [Piece::Words("ä```x")]);
    }
}
