//! A face for those who have none: initials on a hue that follows from the name.

use leptos::prelude::*;
use protocol::RoomId;

/// How many hues the style sheet knows, each in two depths.
const HUES: u32 = 12;

/// The same text always has the same hue and depth, on every device. FNV-1a, because it is short and spreads well, folded,
/// because its lower bits alone do not.
fn class(text: &str) -> String {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    });
    let place = (hash ^ (hash >> 16)) % (2 * HUES);
    format!("avatar avatar--h{}{}", place % HUES, if place < HUES { "" } else { " is-deep" })
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

#[expect(clippy::needless_pass_by_value, reason = "a component owns what it is given")]
/// Initials on a hue. Decoration: the name stands beside it.
#[component]
pub fn Avatar(
    /// What the initials are taken from. A user's hue follows from it, too: it is known before anybody signs in, and no
    /// two users share it.
    name: String,
    /// The room that it stands for, whose hue does not change with its name; a square with soft corners.
    #[prop(optional)]
    room: Option<RoomId>,
) -> impl IntoView {
    let class = match &room {
        Some(room) => class(room.as_str()) + " is-room",
        None => class(&name),
    };
    view! { <span class=class aria-hidden="true" data-initials=initials(&name)></span> }
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
    fn a_name_has_one_hue_in_any_case_and_hues_differ() {
        assert_eq!(class("alice"), class("Alice"));
        assert!((0..200).map(|n| class(&n.to_string())).collect::<std::collections::HashSet<_>>().len() > 20);
    }

    #[test]
    fn the_demo_people_do_not_share_a_hue() {
        let hue = |name: &str| class(name).split(' ').nth(1).map(str::to_owned);
        assert!(hue("alice") != hue("bob") && hue("bob") != hue("carol") && hue("carol") != hue("alice"));
    }
}
