//! A face for those who have none: initials on a hue that follows from the identifier.

use leptos::prelude::*;

use super::fixed::fixed;

/// How many hues the style sheet knows.
const HUES: u32 = 12;

/// The same identifier always has the same hue, on every device. FNV-1a, because it is short and spreads well.
fn hue(id: &str) -> u32 {
    id.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)) % HUES
}

/// The first letters of the first two words, or the first two of one. The style sheet shows them as capitals.
fn initials(name: &str) -> String {
    let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    match (words.next(), words.next()) {
        (Some(first), Some(second)) => first.chars().take(1).chain(second.chars().take(1)).collect(),
        (Some(only), None) => only.chars().take(2).collect(),
        (None, _) => "#".to_owned(),
    }
}

/// What an avatar stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Round.
    Person,
    /// A square with soft corners.
    Room,
}

#[expect(clippy::needless_pass_by_value, reason = "a component owns what it is given")]
/// Initials on a hue. Decoration: the name stands beside it.
#[component]
pub fn Avatar(
    /// What the hue follows from.
    id: String,
    /// What the initials are taken from.
    name: String,
    /// A person or a room.
    #[prop(default = Of::Person)]
    of: Of,
) -> impl IntoView {
    let class = format!("avatar avatar--h{}{}", hue(&id), if of == Of::Room { " is-room" } else { "" });
    view! { <span {..fixed([("aria-hidden", "true")])} class=class>{initials(&name)}</span> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_come_from_words() {
        for (name, expected) in [
            ("alice", "al"),
            ("Release planning", "Rp"),
            ("x", "x"),
            ("mary-jane_w", "mj"),
            ("🎉", "#"),
            ("élan vital", "év"),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }

    #[test]
    fn a_hue_stays() {
        assert_eq!(hue("alice"), hue("alice"));
        assert!((0..200).map(|n| hue(&n.to_string())).collect::<std::collections::HashSet<_>>().len() > 8);
    }
}
