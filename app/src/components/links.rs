//! Where a text has addresses: web pages with and without a scheme, and e-mail.

use protocol::text::is_invisible;

/// An address in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FoundLink {
    /// The byte where it begins.
    pub at: usize,
    /// How many bytes it has.
    pub length: usize,
    /// What to put before it, so that a browser can follow it.
    pub prefix: &'static str,
}

/// Schemes that are safe to follow.
const SCHEMES: [&str; 2] = ["https://", "http://"];

/// The first address in a text.
pub(super) fn first(text: &str) -> Option<FoundLink> {
    text.char_indices().find_map(|(at, c)| match c {
        'h' | 'H' => page(text, at, ""),
        'w' | 'W' => page(text, at, "https://"),
        '@' => mail(text, at),
        _ => None,
    })
}

/// A page that begins at `at`; without a scheme of its own when there is a `prefix`.
fn page(text: &str, at: usize, prefix: &'static str) -> Option<FoundLink> {
    let rest = &text[at..];
    let begins = |word: &&str| rest.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word));
    let is_bare = !prefix.is_empty();
    let start = if is_bare { "www." } else { SCHEMES.into_iter().find(begins)? };
    if !begins(&start) || text[..at].chars().next_back().is_some_and(goes_on) {
        return None;
    }
    let end = rest.find(ends_address).unwrap_or(rest.len());
    let address = without_sentence(&rest[..end]);
    let host = address.get(start.len()..)?;
    let is_host = host.starts_with(char::is_alphanumeric) && (!is_bare || host[1..].contains('.'));
    is_host.then_some(FoundLink { at, length: address.len(), prefix })
}

/// An e-mail address around the `@` at `at`.
fn mail(text: &str, at: usize) -> Option<FoundLink> {
    let is_local = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-');
    let before = &text[..at];
    let local = before.len() - before.trim_end_matches(is_local).len();
    let start =
        at - local + (before[at - local..].len() - before[at - local..].trim_start_matches('.').len());
    let after = &text[at + 1..];
    let end =
        after.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))).unwrap_or(after.len());
    let domain = after[..end].trim_end_matches(['.', '-']);
    let last = domain.rsplit('.').next().unwrap_or_default();
    let is_domain = domain.len() > last.len()
        && last.len() > 1
        && last.bytes().all(|byte| byte.is_ascii_alphabetic())
        && domain.split('.').all(|part| !part.is_empty() && !part.starts_with('-'));
    let is_local_part = start < at && !before.ends_with('.');
    (is_local_part && is_domain).then_some(FoundLink {
        at: start,
        length: at + 1 + domain.len() - start,
        prefix: "mailto:",
    })
}

/// Whether a word goes on after this character, so that what follows is a part of it. In scripts without letter case
/// (Han, Kana, Thai, Hebrew and others) words stand side by side, or take what follows as a word of its own.
fn goes_on(c: char) -> bool {
    c.is_ascii_alphanumeric() || c.is_lowercase() || c.is_uppercase()
}

/// Whether an address ends before this character: what nobody sees, what delimits addresses (RFC 3986, appendix C), and
/// the punctuation of scripts that put no space after it.
fn ends_address(c: char) -> bool {
    is_invisible(c)
        || matches!(c,
            '<' | '>' | '"' | '«' | '»' | '\u{201C}'..='\u{201F}' | '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}'
            | '\u{FE10}'..='\u{FE19}' | '\u{FE30}'..='\u{FE6B}' | '\u{FF01}'..='\u{FF0F}' | '\u{FF1A}'..='\u{FF20}'
            | '\u{FF3B}'..='\u{FF3D}' | '\u{FF5B}'..='\u{FF65}' | '\u{60C}' | '\u{61B}' | '\u{61F}')
}

/// Without the punctuation that belongs to the sentence around it. A closing bracket stays when its opening one is in
/// the address.
fn without_sentence(address: &str) -> &str {
    let count = |bracket: char| address.bytes().filter(|byte| char::from(*byte) == bracket).count();
    // Counted once: an address may be nothing but brackets.
    let mut surplus =
        [('(', ')'), ('[', ']')].map(|(open, close)| (close, count(close).saturating_sub(count(open))));
    let mut rest = address;
    while let Some(last) = rest.chars().next_back() {
        let is_sentence = match surplus.iter_mut().find(|(close, _)| *close == last) {
            Some((_, left)) => {
                let is_surplus = *left != 0;
                *left = left.saturating_sub(1);
                is_surplus
            }
            None => matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '\u{2019}' | '\u{2026}'),
        };
        if !is_sentence {
            break;
        }
        rest = &rest[..rest.len() - last.len_utf8()];
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is linked in a text, and where it leads.
    fn links(mut text: &str) -> Vec<(&str, String)> {
        let mut found = Vec::new();
        while let Some(FoundLink { at, length, prefix }) = first(text) {
            let address = &text[at..at + length];
            found.push((address, format!("{prefix}{address}")));
            text = &text[at + length..];
        }
        found
    }

    fn shown(text: &str) -> Vec<&str> {
        links(text).into_iter().map(|(shown, _)| shown).collect()
    }

    #[test]
    fn a_closing_bracket_stays_with_its_opening_one() {
        for (text, link) in [
            ("https://a.example/Rust_(language)", "https://a.example/Rust_(language)"),
            ("(see https://a.example/Rust_(language)).", "https://a.example/Rust_(language)"),
            ("(https://a.example/x)", "https://a.example/x"),
            ("[https://a.example/x[1]]", "https://a.example/x[1]"),
            ("https://a.example/((x)))", "https://a.example/((x))"),
            ("https://a.example/x)?", "https://a.example/x"),
        ] {
            assert_eq!(shown(text), [link], "{text}");
        }
    }

    #[test]
    fn scripts_without_spaces_do_not_become_part_of_an_address() {
        for (text, link) in [
            ("请看https://a.example/x，谢谢", "https://a.example/x"),
            ("（https://a.example/x）。", "https://a.example/x"),
            ("リンクはwww.a.example/y。", "www.a.example/y"),
            ("https://a.example/中文、https", "https://a.example/中文"),
            ("„https://a.example“", "https://a.example"),
            ("https://a.example/\u{202E}x", "https://a.example/"),
        ] {
            assert_eq!(shown(text), [link], "{text}");
        }
    }

    #[test]
    fn an_address_needs_no_small_letters_and_no_scheme() {
        assert_eq!(
            links("Https://A.example WWW.a.example, me.and+you@mail.a.example."),
            [
                ("Https://A.example", "Https://A.example".to_owned()),
                ("WWW.a.example", "https://WWW.a.example".to_owned()),
                ("me.and+you@mail.a.example", "mailto:me.and+you@mail.a.example".to_owned()),
            ]
        );
    }

    #[test]
    fn what_only_looks_like_an_address_is_text() {
        for text in [
            "http:// and xhttps://no.example and éwww.a.example",
            "www. and www.x and www..example",
            "@alice and bob@carol and a@b.c1 and a@.example and .@a.example. and a.@b.example",
            "javascript:alert(1) ftp://a.example hh ww @@@@",
        ] {
            assert_eq!(shown(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_long_text_of_brackets_is_read_once() {
        let text = format!("http://a{}", ")".repeat(60_000));
        assert_eq!(shown(&text), ["http://a"]);
    }
}
