//! Node count: how many nodes and characters a rendered page has in its body, so that the browser can tell whether something
//! changed it on the way. See `app/src/loader.rs`.
//!
//! It reads what our own pages are rendered as, and no other HTML: text is escaped, attributes are in double quotes, each
//! element is closed unless it is one of [`VOID`].

use std::fmt;

use app::loader::{BODY, BODY_END};

/// Elements without content, which are not closed (HTML, section 13.1.2).
const VOID: [&str; 13] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// The nodes between the body's tag and the end of what is hydrated.
#[derive(Debug, Default, PartialEq, Eq)]
struct NodeCount {
    /// Those that stand in the body itself.
    roots: usize,
    elements: usize,
    comments: usize,
    texts: usize,
    /// UTF-16 code units in the texts, as JavaScript counts them.
    code_units: usize,
}

/// As the loader reads it.
impl fmt::Display for NodeCount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { roots, elements, comments, texts, code_units } = self;
        write!(out, "{roots} {elements} {comments} {texts} {code_units}")
    }
}

/// Writes the count into the body's tag. A document without a body as we render it stays as it is.
pub(crate) fn note_nodes(page: &str) -> Option<String> {
    let (head, rest) = page.split_once(BODY)?;
    let (body, _) = rest.split_once(BODY_END)?;
    let tag = BODY.strip_suffix('>')?;
    Some(format!("{head}{tag} data-nodes=\"{}\">{rest}", count(body)))
}

fn count(body: &str) -> NodeCount {
    let mut count = NodeCount::default();
    let mut depth = 0_usize;
    let mut rest = body;
    while !rest.is_empty() {
        let is_root = depth == 0;
        if let Some(tag) = rest.strip_prefix("</") {
            depth = depth.saturating_sub(1);
            rest = after(tag, ">");
            continue;
        }
        count.roots += usize::from(is_root);
        if let Some(comment) = rest.strip_prefix("<!--").filter(|it| !it.starts_with('>')) {
            count.comments += 1;
            rest = after(comment, "-->");
        } else if let Some(comment) = rest.strip_prefix("<!") {
            count.comments += 1;
            rest = after(comment, ">");
        } else if let Some(tag) = rest.strip_prefix('<') {
            count.elements += 1;
            let name = tag.split([' ', '>', '/']).next().unwrap_or_default();
            depth += usize::from(!VOID.contains(&name));
            rest = after_tag(tag);
        } else {
            let end = rest.find('<').unwrap_or(rest.len());
            let (text, behind) = rest.split_at(end);
            count.texts += 1;
            count.code_units += code_units(text);
            rest = behind;
        }
    }
    count
}

/// What stands behind the first `end`; nothing if there is none.
fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or("", |(_, behind)| behind)
}

/// What stands behind the end of a tag; an attribute's value may hold such a sign, too.
fn after_tag(tag: &str) -> &str {
    let mut is_quoted = false;
    let end = tag.bytes().position(|byte| {
        is_quoted ^= byte == b'"';
        byte == b'>' && !is_quoted
    });
    end.and_then(|end| tag.get(end + 1..)).unwrap_or_default()
}

/// A character reference is one; of `\r\n` the parser makes one, and of `\0` none.
fn code_units(text: &str) -> usize {
    let mut code_units = 0;
    let mut rest = text.chars();
    let mut before = '\0';
    while let Some(character) = rest.next() {
        if character == '&' {
            rest.by_ref().find(|it| *it == ';');
        }
        code_units += match (before, character) {
            ('\r', '\n') | (_, '\0') => 0,
            (_, character) => character.len_utf16(),
        };
        before = character;
    }
    code_units
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(body: &str) -> String {
        count(body).to_string()
    }

    #[test]
    fn nodes_and_characters_are_those_that_a_browser_makes() {
        for (body, counts) in [
            ("", "0 0 0 0 0"),
            ("<p>ab</p>", "1 1 0 1 2"),
            ("<a title=\"x > y\">a<!>b<!----> </a><input name=\"n\"><i></i>", "3 3 2 3 3"),
            ("<svg viewBox=\"0 0 1 1\"><path d=\"M1 1\"></path></svg><!---->", "2 2 1 0 0"),
            ("<p>a &amp; b &lt;c&gt;</p>", "1 1 0 1 9"),
            ("<p>é𝄞\r\n\r</p>", "1 1 0 1 5"),
            ("<!-->x<!-->", "3 0 2 1 1"),
        ] {
            assert_eq!(counted(body), counts, "{body}");
        }
    }

    #[test]
    fn the_count_stands_in_the_tag_of_the_body() {
        let page = "<html><body><p>x</p><noscript><p>y</p></noscript></body></html>";
        let noted =
            "<html><body data-nodes=\"1 1 0 1 1\"><p>x</p><noscript><p>y</p></noscript></body></html>";
        assert_eq!(note_nodes(page).as_deref(), Some(noted));
        assert_eq!(note_nodes("<html>"), None);
    }
}
