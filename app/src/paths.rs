//! Paths: where pages are, for those that lead there. Which page is at which path stands in `routes.rs`.

use protocol::RoomId;

/// The sign-in page.
pub const SIGN_IN: &str = "/sign-in";

/// The registration page.
pub const REGISTER: &str = "/register";

/// The simulation page for developers.
pub const DEVTOOLS: &str = "/devtools";

/// The connection test for developers.
pub const TEST: &str = "/test";

/// The conversation of a room.
pub fn room(room: &RoomId) -> String {
    format!("/rooms/{room}")
}

/// The live session of a room.
pub fn live(chat: &RoomId) -> String {
    format!("/live/{chat}")
}

/// [`SIGN_IN`] or [`REGISTER`], with the path to go to afterwards.
pub fn entry_address(page: &str, next: &str) -> String {
    if next == "/" { page.to_owned() } else { format!("{page}?next={}", percent_encode(next)) }
}

fn percent_encode(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| char::from(DIGITS.get(usize::from(value)).copied().unwrap_or_default());
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    encoded
}

/// What is no code stays as it is.
fn percent_decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let code = after.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        decoded.push(code.map_or('%', char::from));
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    decoded + rest
}

/// What a path means for the list of rooms, which stands beside the pages and not in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RoomsPath {
    /// No room: `/`, or an id that no room can have.
    #[default]
    Lobby,
    /// The conversation of a room.
    Room(RoomId),
    /// The live session of a room.
    Live(RoomId),
}

impl RoomsPath {
    /// Reads a path, without its query.
    pub fn parse(path: &str) -> Self {
        let id = |rest: &str| RoomId::parse(&percent_decode(rest.trim_end_matches('/'))).ok();
        let room = path.strip_prefix("/rooms/").and_then(id).map(Self::Room);
        room.or_else(|| path.strip_prefix("/live/").and_then(id).map(Self::Live)).unwrap_or_default()
    }

    /// The room that it leads to, or whose live session.
    pub fn room(&self) -> Option<&RoomId> {
        match self {
            Self::Lobby => None,
            Self::Room(room) | Self::Live(room) => Some(room),
        }
    }

    /// Whether it leads to a live session.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Live(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_from_the_sign_in_page_is_spelt_safely() {
        assert_eq!(entry_address(SIGN_IN, "/"), "/sign-in");
        assert_eq!(entry_address(SIGN_IN, "/rooms/a:b"), "/sign-in?next=/rooms/a%3Ab");
        assert_eq!(entry_address(REGISTER, "/rooms/a&b=%20"), "/register?next=/rooms/a%26b%3D%2520");
    }

    #[test]
    fn a_path_names_a_room_or_its_live_session() {
        let team = RoomId::parse("team:1").unwrap();
        assert_eq!(RoomsPath::parse(&room(&team)), RoomsPath::Room(team.clone()));
        for path in ["/rooms/team:1/", "/rooms/team%3A1"] {
            assert_eq!(RoomsPath::parse(path).room(), Some(&team), "{path}");
        }
        assert_eq!(RoomsPath::parse(&live(&team)), RoomsPath::Live(team));
        for path in ["/", "/rooms/", "/rooms/a/b", "/live/a/b", "/rooms", "/rooms/%zz%", "/test", "/liver/a"]
        {
            assert_eq!(RoomsPath::parse(path), RoomsPath::Lobby, "{path}");
        }
    }
}
