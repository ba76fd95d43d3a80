//! Who may do what, and what may be said. Pure, and asked by every door through the hub.

use protocol::text::{is_blank, is_direction_control, is_line_break};
use protocol::{LIVE_PREFIX, RawJson, Role, RoomId, RoomKind, UserId, is_reserved, limits};
use serde_json::{Map, Value};

use crate::plain_json;
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

/// Whether a room may have so many members; without a limit it may have any number.
///
/// # Errors
/// [`Refusal::RoomFull`].
pub(crate) fn check_members(field: &'static str, count: usize, limit: Option<u32>) -> Result<(), Refusal> {
    match limit {
        Some(limit) if count > limit as usize => Err(Refusal::RoomFull { field, limit }),
        _ => Ok(()),
    }
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

/// May be renamed, deleted, entered and left on its own: any room but a live one, which goes with its chat.
///
/// # Errors
/// [`Refusal::Invalid`].
pub(crate) fn stands_alone(kind: RoomKind) -> Result<(), Refusal> {
    match kind {
        RoomKind::Group => Ok(()),
        RoomKind::Live => {
            let message = "a live session has the name and the members of its chat".to_owned();
            Err(Refusal::Invalid { field: "room", message })
        }
    }
}

/// Whether a text may be said.
///
/// # Errors
/// [`Refusal::Blank`], [`Refusal::TooLong`]; the field is `body`.
pub(crate) fn check_body(body: &str, most_bytes: usize) -> Result<(), Refusal> {
    bounded("body", body.len(), "bytes", most_bytes)?;
    if is_blank(body) { Err(Refusal::Blank { field: "body" }) } else { Ok(()) }
}

/// The identifier of a room to be made. Addresses drop a part of their path that is `.` and go up at `..` (RFC 3986,
/// section 5.2.4), so no page and no REST call would reach such a room. An id that is reserved would be taken for that of a
/// live room, by whoever asks for the live room of a chat.
///
/// # Errors
/// [`Refusal::Invalid`]; the field is `id`.
pub(crate) fn check_room_id(id: &RoomId) -> Result<(), Refusal> {
    if matches!(id.as_str(), "." | "..") {
        let message = "a room id is not '.' or '..': no address can name it".to_owned();
        return Err(Refusal::Invalid { field: "id", message });
    }
    if is_reserved(id) {
        let message = format!("a room id must not begin with '{LIVE_PREFIX}': those of live sessions do");
        return Err(Refusal::Invalid { field: "id", message });
    }
    Ok(())
}

/// The display name of a room, without the space around it.
///
/// # Errors
/// [`Refusal::Blank`], [`Refusal::TooLong`], [`Refusal::Invalid`] for a line break or a character that changes the
/// direction of the text around it; the field is `name`.
pub(crate) fn room_name(raw: &str) -> Result<String, Refusal> {
    let name = raw.trim();
    if is_blank(name) {
        return Err(Refusal::Blank { field: "name" });
    }
    bounded("name", name.chars().count(), "characters", limits::MAX_ROOM_NAME_CHARS)?;
    one_line("name", name)?;
    if name.contains(is_direction_control) {
        let message =
            "must not change the direction of the text around it (U+202A to U+202E, U+2066 to U+2069)";
        return Err(Refusal::Invalid { field: "name", message: message.to_owned() });
    }
    Ok(name.to_owned())
}

/// What an owner may say of a session: a word, and not too much beside it.
///
/// # Errors
/// [`Refusal::Invalid`], [`Refusal::Blank`], [`Refusal::TooLong`]; the field is `status` or `details`.
pub(crate) fn check_live(status: &str, details: &Map<String, Value>) -> Result<(), Refusal> {
    if is_blank(status) {
        return Err(Refusal::Blank { field: "status" });
    }
    bounded("status", status.len(), "bytes", limits::MAX_LIVE_STATUS_BYTES)?;
    one_line("status", status)?;
    let texts = || details.iter().map(|(key, value)| (key, value.to_string()));
    let size: usize = texts().map(|(key, text)| key.len() + text.len()).sum();
    bounded("details", size, "bytes", limits::MAX_DETAILS_BYTES)?;
    texts().try_for_each(|(_, text)| check_plain("details", &text))
}

/// A title, without the space around it.
///
/// # Errors
/// [`Refusal::Blank`], [`Refusal::TooLong`], [`Refusal::Invalid`] for a line break.
pub(crate) fn title(field: &'static str, raw: &str) -> Result<String, Refusal> {
    let title = raw.trim();
    if is_blank(title) {
        return Err(Refusal::Blank { field });
    }
    bounded(field, title.chars().count(), "characters", limits::MAX_TITLE_CHARS)?;
    one_line(field, title)?;
    Ok(title.to_owned())
}

/// What is said beside a title.
///
/// # Errors
/// [`Refusal::TooLong`].
pub(crate) fn check_note(field: &'static str, note: Option<&str>) -> Result<(), Refusal> {
    bounded(field, note.unwrap_or_default().chars().count(), "characters", limits::MAX_NOTE_CHARS)
}

/// A word of the application's own: a subject, a stage, a kind, an event's name.
///
/// # Errors
/// [`Refusal::Blank`], [`Refusal::TooLong`], [`Refusal::Invalid`] for a line break.
pub(crate) fn check_word(field: &'static str, word: Option<&str>) -> Result<(), Refusal> {
    let Some(word) = word else { return Ok(()) };
    if is_blank(word) {
        return Err(Refusal::Blank { field });
    }
    bounded(field, word.len(), "bytes", limits::MAX_WORD_BYTES)?;
    one_line(field, word)
}

/// What an application may tell a room: a word, and as much JSON as a message has text.
///
/// # Errors
/// As [`check_word`] for `event`; [`Refusal::TooLong`], [`Refusal::Invalid`] for `data`.
pub(crate) fn check_broadcast(event: &str, data: &RawJson, most_bytes: usize) -> Result<(), Refusal> {
    check_word("event", Some(event))?;
    bounded("data", data.as_str().len(), "bytes", most_bytes)?;
    check_plain("data", data.as_str())
}

/// Whatever JSON belongs to something.
///
/// # Errors
/// [`Refusal::TooLong`], [`Refusal::Invalid`].
pub(crate) fn check_details(field: &'static str, details: Option<&Value>) -> Result<(), Refusal> {
    let Some(details) = details else { return Ok(()) };
    let text = details.to_string();
    bounded(field, text.len(), "bytes", limits::MAX_DETAILS_BYTES)?;
    check_plain(field, &text)
}

fn check_plain(field: &'static str, json: &str) -> Result<(), Refusal> {
    plain_json::check(json).map_err(|error| Refusal::Invalid { field, message: error.to_string() })
}

fn bounded(field: &'static str, size: usize, unit: &'static str, limit: usize) -> Result<(), Refusal> {
    if size > limit { Err(Refusal::TooLong { field, size, unit, limit }) } else { Ok(()) }
}

fn one_line(field: &'static str, text: &str) -> Result<(), Refusal> {
    if text.chars().any(|c| c.is_control() || is_line_break(c)) {
        return Err(Refusal::Invalid { field, message: "must be one line of text".to_owned() });
    }
    Ok(())
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
            assert!(check_body(good, limits::MAX_MESSAGE_BYTES).is_ok());
        }
        for blank in ["", "  \n\t", "\u{200B}\u{FEFF}", "\u{a0}", "\u{2800}", "\u{3164}"] {
            assert!(
                matches!(check_body(blank, limits::MAX_MESSAGE_BYTES), Err(Refusal::Blank { field: "body" })),
                "{blank:?}"
            );
        }
        let long = "x".repeat(limits::MAX_MESSAGE_BYTES + 1);
        assert!(matches!(check_body(&long, limits::MAX_MESSAGE_BYTES), Err(Refusal::TooLong { .. })));
    }

    #[test]
    fn reserved_ids_and_parts_of_paths_are_no_ids_of_new_rooms() {
        for bad in [".", "..", "session_", "session_team", "session_session_team"] {
            let refused = check_room_id(&RoomId::parse(bad).unwrap());
            assert!(matches!(refused, Err(Refusal::Invalid { field: "id", .. })), "{bad}");
        }
        for good in ["...", "session", "session-team", "my_session_team"] {
            assert!(check_room_id(&RoomId::parse(good).unwrap()).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_room_name_is_one_line_of_at_most_eighty_characters() {
        assert_eq!(room_name("  Küche ").unwrap(), "Küche");
        for bad in [" ", "\u{2800}", "a\nb", "a\u{2028}b", "a\u{202E}b", "\u{2067}a", &"ä".repeat(81)] {
            assert!(room_name(bad).is_err(), "{bad:?}");
        }
        assert!(room_name(&"ä".repeat(80)).is_ok());
    }
}
