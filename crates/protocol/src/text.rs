//! Text: rules that the page and the server share: which text is blank, and how a name is kept from changing the
//! direction of the text around it.
//!
//! The tables follow the Unicode Character Database 17.0: `DerivedGeneralCategory.txt` (Cc, Cf), `PropList.txt`
//! (`White_Space`) and `DerivedCoreProperties.txt` (`Default_Ignorable_Code_Point`).

/// Characters of the category Cf or with the property `Default_Ignorable_Code_Point`, and U+2800, the Braille pattern
/// without a dot. In order, both ends included.
const INVISIBLE: &[(char, char)] = &[
    ('\u{AD}', '\u{AD}'),
    ('\u{34F}', '\u{34F}'),
    ('\u{600}', '\u{605}'),
    ('\u{61C}', '\u{61C}'),
    ('\u{6DD}', '\u{6DD}'),
    ('\u{70F}', '\u{70F}'),
    ('\u{890}', '\u{891}'),
    ('\u{8E2}', '\u{8E2}'),
    ('\u{115F}', '\u{1160}'),
    ('\u{17B4}', '\u{17B5}'),
    ('\u{180B}', '\u{180F}'),
    ('\u{200B}', '\u{200F}'),
    ('\u{202A}', '\u{202E}'),
    ('\u{2060}', '\u{206F}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{FE00}', '\u{FE0F}'),
    ('\u{FEFF}', '\u{FEFF}'),
    ('\u{FFA0}', '\u{FFA0}'),
    ('\u{FFF0}', '\u{FFFB}'),
    ('\u{110BD}', '\u{110BD}'),
    ('\u{110CD}', '\u{110CD}'),
    ('\u{13430}', '\u{1343F}'),
    ('\u{1BCA0}', '\u{1BCA3}'),
    ('\u{1D173}', '\u{1D17A}'),
    ('\u{E0000}', '\u{E0FFF}'),
];

/// First strong isolate and pop directional isolate (UAX #9): what stands between them does not reorder what is around.
const ISOLATE: (char, char) = ('\u{2068}', '\u{2069}');

/// Whether a character shows nothing by itself: white space, a control or format character, one that fonts ignore, or
/// the empty Braille pattern.
pub fn is_invisible(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_whitespace() || c.is_control();
    }
    c.is_whitespace() || c.is_control() || INVISIBLE.iter().any(|&(first, last)| first <= c && c <= last)
}

/// Whether a text shows nothing: it is empty, or every character of it is [`is_invisible`].
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

/// Whether a character embeds, overrides or isolates the direction of the text after it (UAX #9, section 2). A name that
/// has one reorders whatever stands beside it.
pub fn is_direction_control(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character ends a line wherever text is laid out.
pub fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\u{B}' | '\u{C}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether a text may run from right to left, or change the direction of the text after it.
fn changes_direction(c: char) -> bool {
    is_direction_control(c)
        || matches!(c,
            '\u{590}'..='\u{8FF}' | '\u{200F}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFE}'
            | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

/// A text to be put into a sentence where there is no markup: a window's title, a tooltip, a placeholder. One that could
/// reorder the sentence stands between isolates; its own isolates are left out, because an unpaired one would end ours.
pub fn isolated(text: &str) -> String {
    if !text.contains(changes_direction) {
        return text.to_owned();
    }
    let mut isolated = String::with_capacity(text.len() + 6);
    isolated.push(ISOLATE.0);
    isolated.extend(text.chars().filter(|c| !matches!(c, '\u{2066}'..='\u{2069}')));
    isolated.push(ISOLATE.1);
    isolated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_shows_nothing_is_blank() {
        for blank in [
            "",
            " \t\r\n",
            "\u{0}\u{7F}\u{85}",
            "\u{A0}\u{2028}\u{3000}",
            "\u{2800}",
            "\u{3164}\u{FFA0}\u{115F}",
            "\u{200B}\u{FEFF}\u{AD}\u{E0001}",
        ] {
            assert!(is_blank(blank), "{blank:?}");
        }
    }

    #[test]
    fn text_that_shows_something_is_not_blank() {
        for seen in ["x", "\u{2801}", "\u{301}", "\u{E000}", "👩\u{200D}👩", "ᄀ", "\u{3163}", "\u{FFFC}"]
        {
            assert!(!is_blank(seen), "{seen:?}");
        }
    }

    #[test]
    fn the_ranges_are_in_order_and_apart() {
        assert!(INVISIBLE.iter().all(|(first, last)| first <= last));
        assert!(INVISIBLE.iter().zip(&INVISIBLE[1..]).all(|(one, next)| one.1 < next.0));
    }

    #[test]
    fn only_a_name_that_could_change_its_surroundings_is_isolated() {
        assert_eq!(isolated("Küche 李 🎉"), "Küche 李 🎉");
        assert_eq!(isolated("מטבח"), "\u{2068}מטבח\u{2069}");
        assert_eq!(isolated("a\u{202E}b"), "\u{2068}a\u{202E}b\u{2069}");
        assert_eq!(isolated("a\u{2069}\u{202E}b"), "\u{2068}a\u{202E}b\u{2069}");
    }
}
