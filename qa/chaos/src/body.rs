//! Message texts of a given size: a short name, the size and padding, so that a text that was cut or changed is found.

/// Between the name and the rest.
const SIZE: char = '#';

/// A text of so many bytes. Without room for the size and some padding it is the name alone.
pub(crate) fn grow(name: &str, bytes: usize, padding: char) -> String {
    let head = format!("{name}{SIZE}{bytes}:");
    match bytes.checked_sub(head.len()).filter(|rest| *rest > 0) {
        Some(rest) => head + &String::from(padding).repeat(rest / padding.len_utf8()),
        None => name.to_owned(),
    }
}

/// The name in a text; `None` if the text is not as it was made.
pub(crate) fn name_of(text: &str) -> Option<&str> {
    let Some((name, rest)) = text.split_once(SIZE) else { return Some(text) };
    let (bytes, padding) = rest.split_once(':')?;
    let first = padding.bytes().next()?;
    let is_whole = bytes.parse() == Ok(text.len()) && padding.bytes().all(|byte| byte == first);
    is_whole.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_was_cut_or_changed_is_found() {
        let text = grow("ann says 7", 1_000, '"');
        assert_eq!((text.len(), name_of(&text)), (1_000, Some("ann says 7")));
        assert_eq!(name_of(&text[..999]), None);
        assert_eq!(name_of(&text.replacen('"', ".", 2)), None);
        assert_eq!(name_of("ann says 7"), Some("ann says 7"));
        assert_eq!(grow("ann says 7", 3, '.'), "ann says 7");
    }
}
