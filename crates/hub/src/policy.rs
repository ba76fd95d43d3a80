//! Policy: decides rights by role, and which values are accepted. Pure. All gateways use it through the hub, so no two can
//! disagree.

use protocol::text::{is_blank, is_direction_control, is_line_break};
use protocol::{LIVE_PREFIX, RawJson, Role, RoomId, RoomKind, UserId, is_reserved, limits};
use serde_json::{Map, Value};

use crate::error::HubError;
use crate::plain_json;
use crate::settings::HubSettings;
use crate::store::{Change, ChangeRights};

/// Any member may read, write, type and mark as read. For everyone else the room does not exist.
///
/// # Errors
/// [`HubError::NoSuchRoom`].
pub(crate) fn may_take_part(role: Option<Role>) -> Result<(), HubError> {
    role.map(|_| ()).ok_or(HubError::NoSuchRoom)
}

/// Any member may add members.
///
/// # Errors
/// [`HubError::NoSuchRoom`].
pub(crate) fn may_invite(role: Option<Role>) -> Result<(), HubError> {
    may_take_part(role)
}

/// Any member edits and deletes its own messages and reacts; an owner also deletes those of others and pins.
///
/// # Errors
/// [`HubError::NoSuchRoom`].
pub(crate) fn change_rights(role: Option<Role>, settings: &HubSettings) -> Result<ChangeRights, HubError> {
    may_take_part(role)?;
    let is_owner = role == Some(Role::Owner);
    let window = settings.edit_window.map(|window| i64::try_from(window.as_millis()).unwrap_or(i64::MAX));
    Ok(ChangeRights {
        may_delete_others: is_owner,
        may_pin: is_owner || settings.members_may_pin,
        edit_window_ms: window,
    })
}

/// What a change sets: a text, or the kind of a reaction.
///
/// # Errors
/// As [`check_body`] and for a reaction that is neither an emoji nor declared.
pub(crate) fn check_change(change: &Change, settings: &HubSettings) -> Result<(), HubError> {
    match change {
        Change::Edit { body, .. } => check_body(body, settings.message_bytes),
        Change::React { emoji, .. } => check_reaction(emoji, settings),
        Change::Delete | Change::Pin { .. } => Ok(()),
    }
}

/// The kind of a reaction: one emoji, or a word that the application has declared.
///
/// # Errors
/// [`HubError::Invalid`]; the field is `emoji`.
fn check_reaction(emoji: &str, settings: &HubSettings) -> Result<(), HubError> {
    let is_declared = || settings.reaction_words.iter().any(|word| **word == *emoji);
    if emojis::get(emoji).is_some() || is_declared() {
        return Ok(());
    }
    let message = "must be one emoji, or a word that this server declares".to_owned();
    Err(HubError::Invalid { field: "emoji", message })
}

/// Whether a room may have so many members; without a limit it may have any number.
///
/// # Errors
/// [`HubError::RoomFull`].
pub(crate) fn check_members(field: &'static str, count: usize, limit: Option<u32>) -> Result<(), HubError> {
    match limit {
        Some(limit) if count > limit as usize => Err(HubError::RoomFull { field, limit }),
        _ => Ok(()),
    }
}

/// An owner may rename or delete the room.
///
/// # Errors
/// [`HubError::NoSuchRoom`], [`HubError::NotOwner`].
pub(crate) fn may_govern(role: Option<Role>) -> Result<(), HubError> {
    match role {
        Some(Role::Owner) => Ok(()),
        Some(Role::Member) => Err(HubError::NotOwner),
        None => Err(HubError::NoSuchRoom),
    }
}

/// An owner may remove any member, and every member itself.
///
/// # Errors
/// [`HubError::NoSuchRoom`], [`HubError::NotOwner`].
pub(crate) fn may_remove(role: Option<Role>, requester: &UserId, user: &UserId) -> Result<(), HubError> {
    if requester == user { may_take_part(role) } else { may_govern(role) }
}

/// Any room but a live one has a name and members of its own; a live room has those of its chat.
///
/// # Errors
/// [`HubError::Invalid`].
pub(crate) fn stands_alone(kind: RoomKind) -> Result<(), HubError> {
    match kind {
        RoomKind::Group => Ok(()),
        RoomKind::Live => {
            let message = "a live session has the name and the members of its chat".to_owned();
            Err(HubError::Invalid { field: "room", message })
        }
    }
}

/// The text of a message.
///
/// # Errors
/// [`HubError::Blank`], [`HubError::TooLong`]; the field is `body`.
pub(crate) fn check_body(body: &str, most_bytes: usize) -> Result<(), HubError> {
    bounded("body", body.len(), "bytes", most_bytes)?;
    if is_blank(body) { Err(HubError::Blank { field: "body" }) } else { Ok(()) }
}

/// The identifier of a room to be created. Addresses drop a part of their path that is `.` and go up at `..` (RFC 3986,
/// section 5.2.4), so no page and no REST call would reach such a room. A client that asks for the live room of a chat would
/// take a room with a reserved id for it.
///
/// # Errors
/// [`HubError::Invalid`]; the field is `id`.
pub(crate) fn check_room_id(id: &RoomId) -> Result<(), HubError> {
    if matches!(id.as_str(), "." | "..") {
        let message = "a room id is not '.' or '..': no address can name it".to_owned();
        return Err(HubError::Invalid { field: "id", message });
    }
    if is_reserved(id) {
        let message = format!("a room id must not begin with '{LIVE_PREFIX}': those of live sessions do");
        return Err(HubError::Invalid { field: "id", message });
    }
    Ok(())
}

/// The display name of a room, without the space around it.
///
/// # Errors
/// [`HubError::Blank`], [`HubError::TooLong`], [`HubError::Invalid`] for a line break or a character that changes the
/// direction of the text around it; the field is `name`.
pub(crate) fn room_name(raw: &str) -> Result<String, HubError> {
    let name = raw.trim();
    if is_blank(name) {
        return Err(HubError::Blank { field: "name" });
    }
    bounded("name", name.chars().count(), "characters", limits::MAX_ROOM_NAME_CHARS)?;
    one_line("name", name)?;
    if name.contains(is_direction_control) {
        let message =
            "must not change the direction of the text around it (U+202A to U+202E, U+2066 to U+2069)";
        return Err(HubError::Invalid { field: "name", message: message.to_owned() });
    }
    Ok(name.to_owned())
}

/// The status of a live session, and its details.
///
/// # Errors
/// [`HubError::Invalid`], [`HubError::Blank`], [`HubError::TooLong`]; the field is `status` or `details`.
pub(crate) fn check_live(status: &str, details: &Map<String, Value>) -> Result<(), HubError> {
    if is_blank(status) {
        return Err(HubError::Blank { field: "status" });
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
/// [`HubError::Blank`], [`HubError::TooLong`], [`HubError::Invalid`] for a line break.
pub(crate) fn title(field: &'static str, raw: &str) -> Result<String, HubError> {
    let title = raw.trim();
    if is_blank(title) {
        return Err(HubError::Blank { field });
    }
    bounded(field, title.chars().count(), "characters", limits::MAX_TITLE_CHARS)?;
    one_line(field, title)?;
    Ok(title.to_owned())
}

/// A text beside a title.
///
/// # Errors
/// [`HubError::TooLong`].
pub(crate) fn check_note(field: &'static str, note: Option<&str>) -> Result<(), HubError> {
    bounded(field, note.unwrap_or_default().chars().count(), "characters", limits::MAX_NOTE_CHARS)
}

/// A word that the application chooses: a subject, a stage, a kind, the name of an event.
///
/// # Errors
/// [`HubError::Blank`], [`HubError::TooLong`], [`HubError::Invalid`] for a line break.
pub(crate) fn check_word(field: &'static str, word: Option<&str>) -> Result<(), HubError> {
    let Some(word) = word else { return Ok(()) };
    if is_blank(word) {
        return Err(HubError::Blank { field });
    }
    bounded(field, word.len(), "bytes", limits::MAX_WORD_BYTES)?;
    one_line(field, word)
}

/// An application's own event: its name, and at most as many bytes of JSON as a message has text.
///
/// # Errors
/// As [`check_word`] for `event`; [`HubError::TooLong`], [`HubError::Invalid`] for `data`.
pub(crate) fn check_broadcast(event: &str, data: &RawJson, most_bytes: usize) -> Result<(), HubError> {
    check_word("event", Some(event))?;
    bounded("data", data.as_str().len(), "bytes", most_bytes)?;
    check_plain("data", data.as_str())
}

/// JSON that belongs to a job or an event.
///
/// # Errors
/// [`HubError::TooLong`], [`HubError::Invalid`].
pub(crate) fn check_details(field: &'static str, details: Option<&Value>) -> Result<(), HubError> {
    let Some(details) = details else { return Ok(()) };
    let text = details.to_string();
    bounded(field, text.len(), "bytes", limits::MAX_DETAILS_BYTES)?;
    check_plain(field, &text)
}

fn check_plain(field: &'static str, json: &str) -> Result<(), HubError> {
    plain_json::check(json).map_err(|error| HubError::Invalid { field, message: error.to_string() })
}

fn bounded(field: &'static str, size: usize, unit: &'static str, limit: usize) -> Result<(), HubError> {
    if size > limit { Err(HubError::TooLong { field, size, unit, limit }) } else { Ok(()) }
}

fn one_line(field: &'static str, text: &str) -> Result<(), HubError> {
    if text.chars().any(|c| c.is_control() || is_line_break(c)) {
        return Err(HubError::Invalid { field, message: "must be one line of text".to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outsiders_get_the_same_error_for_everything() {
        let (eve, bob) = (UserId::parse("eve").unwrap(), UserId::parse("bob").unwrap());
        for result in [may_take_part(None), may_invite(None), may_govern(None), may_remove(None, &eve, &bob)]
        {
            assert!(matches!(result, Err(HubError::NoSuchRoom)));
        }
    }

    #[test]
    fn members_leave_and_owners_remove_others() {
        let (ann, bob) = (UserId::parse("ann").unwrap(), UserId::parse("bob").unwrap());
        assert!(may_remove(Some(Role::Member), &ann, &ann).is_ok());
        assert!(matches!(may_remove(Some(Role::Member), &ann, &bob), Err(HubError::NotOwner)));
        assert!(may_remove(Some(Role::Owner), &ann, &bob).is_ok());
        assert!(matches!(may_govern(Some(Role::Member)), Err(HubError::NotOwner)));
    }

    #[test]
    fn body_is_accepted_unless_blank_or_too_long() {
        for good in ["hi", " שלום\n", "👩‍👩‍👧", "<script>", &"x".repeat(limits::MAX_MESSAGE_BYTES)]
        {
            assert!(check_body(good, limits::MAX_MESSAGE_BYTES).is_ok());
        }
        for blank in ["", "  \n\t", "\u{200B}\u{FEFF}", "\u{a0}", "\u{2800}", "\u{3164}"] {
            assert!(
                matches!(
                    check_body(blank, limits::MAX_MESSAGE_BYTES),
                    Err(HubError::Blank { field: "body" })
                ),
                "{blank:?}"
            );
        }
        let long = "x".repeat(limits::MAX_MESSAGE_BYTES + 1);
        assert!(matches!(check_body(&long, limits::MAX_MESSAGE_BYTES), Err(HubError::TooLong { .. })));
    }

    #[test]
    fn reserved_ids_and_parts_of_paths_are_refused_for_new_rooms() {
        for bad in [".", "..", "session_", "session_team", "session_session_team"] {
            let refused = check_room_id(&RoomId::parse(bad).unwrap());
            assert!(matches!(refused, Err(HubError::Invalid { field: "id", .. })), "{bad}");
        }
        for good in ["...", "session", "session-team", "my_session_team"] {
            assert!(check_room_id(&RoomId::parse(good).unwrap()).is_ok(), "{good}");
        }
    }

    #[test]
    fn room_name_is_one_line_of_at_most_80_characters() {
        assert_eq!(room_name("  Küche ").unwrap(), "Küche");
        for bad in [" ", "\u{2800}", "a\nb", "a\u{2028}b", "a\u{202E}b", "\u{2067}a", &"ä".repeat(81)] {
            assert!(room_name(bad).is_err(), "{bad:?}");
        }
        assert!(room_name(&"ä".repeat(80)).is_ok());
    }

    fn details(bytes: usize) -> Map<String, Value> {
        // A key of one byte, and two quotes.
        Map::from_iter([("k".to_owned(), Value::from("x".repeat(bytes - 3)))])
    }

    #[test]
    fn live_status_is_one_short_line_with_bounded_plain_details() {
        let longest = "x".repeat(limits::MAX_LIVE_STATUS_BYTES);
        assert!(check_live(&longest, &details(limits::MAX_DETAILS_BYTES)).is_ok());
        assert!(check_live("open", &Map::new()).is_ok());
        for blank in ["", " ", "\u{2800}"] {
            assert!(matches!(check_live(blank, &Map::new()), Err(HubError::Blank { field: "status" })));
        }
        let long = format!("{longest}x");
        let refused = check_live(&long, &Map::new());
        assert!(matches!(refused, Err(HubError::TooLong { field: "status", unit: "bytes", .. })));
        let refused = check_live("two\nlines", &Map::new());
        assert!(matches!(refused, Err(HubError::Invalid { field: "status", .. })));
        let refused = check_live("open", &details(limits::MAX_DETAILS_BYTES + 1));
        assert!(matches!(refused, Err(HubError::TooLong { field: "details", .. })));
        let deep = (0..=plain_json::MAX_DEPTH).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        let deep = Map::from_iter([("a".to_owned(), Value::Null), ("b".to_owned(), deep)]);
        assert!(matches!(check_live("open", &deep), Err(HubError::Invalid { field: "details", .. })));
    }

    #[test]
    fn note_may_be_absent_and_is_bounded_in_characters() {
        assert!(check_note("message", None).is_ok() && check_note("message", Some("")).is_ok());
        assert!(check_note("message", Some(&"ä".repeat(limits::MAX_NOTE_CHARS))).is_ok());
        let limit = limits::MAX_NOTE_CHARS;
        let refused = check_note("message", Some(&"ä".repeat(limit + 1)));
        let Err(HubError::TooLong { field: "message", size, unit: "characters", limit: reported }) = refused
        else {
            panic!("{refused:?}");
        };
        assert_eq!((size, reported), (limit + 1, limit));
    }
}
