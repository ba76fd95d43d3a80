//! Who may do what, and what may be said. Pure, and asked by every door through the hub.

use protocol::{Role, UserId, limits};

use crate::refusal::Refusal;

/// May read, write, type, mark and see who is there: whoever is in the room. To anybody else it does not exist.
///
/// # Errors
/// [`Refusal::NoSuchRoom`].
pub(crate) fn may_take_part(role: Option<Role>) -> Result<(), Refusal> {
    role.map(|_| ()).ok_or(Refusal::NoSuchRoom)
}

/// May put others into the room: whoever is in it.
///
/// # Errors
/// [`Refusal::NoSuchRoom`].
pub(crate) fn may_invite(role: Option<Role>) -> Result<(), Refusal> {
    may_take_part(role)
}

/// May rename or delete the room: an owner.
///
/// # Errors
/// [`Refusal::NoSuchRoom`], [`Refusal::NotOwner`].
pub(crate) fn may_govern(role: Option<Role>) -> Result<(), Refusal> {
    match role {
        Some(Role::Owner) => Ok(()),
        Some(Role::Member) => Err(Refusal::NotOwner),
        None => Err(Refusal::NoSuchRoom),
    }
}

/// May take `person` out of the room: an owner anybody, everybody oneself.
///
/// # Errors
/// [`Refusal::NoSuchRoom`], [`Refusal::NotOwner`].
pub(crate) fn may_remove(role: Option<Role>, actor: &UserId, person: &UserId) -> Result<(), Refusal> {
    if actor == person { may_take_part(role) } else { may_govern(role) }
}

/// Whether a text may be said.
///
/// # Errors
/// [`Refusal::Blank`], [`Refusal::TooLong`]; the field is `body`.
pub(crate) fn check_body(body: &str) -> Result<(), Refusal> {
    if body.len() > limits::MAX_MESSAGE_BYTES {
        let (size, limit) = (body.len(), limits::MAX_MESSAGE_BYTES);
        return Err(Refusal::TooLong { field: "body", size, unit: "bytes", limit });
    }
    if is_blank(body) { Err(Refusal::Blank { field: "body" }) } else { Ok(()) }
}

/// The display name of a room, without the space around it.
///
/// # Errors
/// [`Refusal::Blank`], [`Refusal::TooLong`], [`Refusal::Invalid`] for a line break; the field is `name`.
pub(crate) fn room_name(raw: &str) -> Result<String, Refusal> {
    let name = raw.trim();
    if is_blank(name) {
        return Err(Refusal::Blank { field: "name" });
    }
    let size = name.chars().count();
    if size > limits::MAX_ROOM_NAME_CHARS {
        let limit = limits::MAX_ROOM_NAME_CHARS;
        return Err(Refusal::TooLong { field: "name", size, unit: "characters", limit });
    }
    if name.chars().any(char::is_control) {
        return Err(Refusal::Invalid { field: "name", message: "must be one line of text".to_owned() });
    }
    Ok(name.to_owned())
}

/// Nothing to see: white space and characters without a shape of their own.
fn is_blank(text: &str) -> bool {
    let invisible = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}')
    };
    text.chars().all(invisible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outsiders_are_told_the_same_whatever_they_try() {
        let (eve, bob) = (UserId::parse("eve").unwrap(), UserId::parse("bob").unwrap());
        for told in [may_take_part(None), may_invite(None), may_govern(None), may_remove(None, &eve, &bob)] {
            assert!(matches!(told, Err(Refusal::NoSuchRoom)));
        }
    }

    #[test]
    fn members_leave_and_owners_govern() {
        let (ann, bob) = (UserId::parse("ann").unwrap(), UserId::parse("bob").unwrap());
        assert!(may_remove(Some(Role::Member), &ann, &ann).is_ok());
        assert!(matches!(may_remove(Some(Role::Member), &ann, &bob), Err(Refusal::NotOwner)));
        assert!(may_remove(Some(Role::Owner), &ann, &bob).is_ok());
        assert!(matches!(may_govern(Some(Role::Member)), Err(Refusal::NotOwner)));
    }

    #[test]
    fn a_text_is_said_unless_there_is_nothing_to_see_or_too_much() {
        for good in ["hi", " שלום\n", "👩‍👩‍👧", "<script>", &"x".repeat(limits::MAX_MESSAGE_BYTES)]
        {
            assert!(check_body(good).is_ok());
        }
        for blank in ["", "  \n\t", "\u{200B}\u{FEFF}", "\u{a0}"] {
            assert!(matches!(check_body(blank), Err(Refusal::Blank { field: "body" })), "{blank:?}");
        }
        let long = "x".repeat(limits::MAX_MESSAGE_BYTES + 1);
        assert!(matches!(check_body(&long), Err(Refusal::TooLong { .. })));
    }

    #[test]
    fn a_room_name_is_one_line_of_at_most_eighty_characters() {
        assert_eq!(room_name("  Küche ").unwrap(), "Küche");
        for bad in [" ", "a\nb", &"ä".repeat(81)] {
            assert!(room_name(bad).is_err(), "{bad:?}");
        }
        assert!(room_name(&"ä".repeat(80)).is_ok());
    }
}
