//! What the tab is called. The server puts it into the document; where it changes, the page sets it again.

use protocol::RoomSummary;
use protocol::text::isolated;

use crate::address::Place;

/// The title of a page. Rooms with unread messages are counted in front, where a narrow tab still shows it.
pub(crate) fn title(place: &Place, rooms: &[RoomSummary]) -> String {
    match place {
        Place::SignIn => "Sign in · Hubbub".to_owned(),
        Place::Register => "Create an account · Hubbub".to_owned(),
        Place::Account => "Account · Hubbub".to_owned(),
        Place::Devtools => "Devtools · Hubbub".to_owned(),
        Place::Test => "Connection test · Hubbub".to_owned(),
        // The session is the only room that its page knows.
        Place::Live(_) => rooms
            .first()
            .map_or_else(|| "Hubbub".to_owned(), |room| format!("Live: {} · Hubbub", isolated(&room.name))),
        Place::Nowhere => "Not found · Hubbub".to_owned(),
        Place::Lobby | Place::Room(_) => {
            let name =
                rooms.iter().find(|room| place.room() == Some(&room.id)).map(|room| isolated(&room.name));
            let title = name.map_or_else(|| "Hubbub".to_owned(), |name| format!("{name} · Hubbub"));
            match rooms.iter().filter(|room| room.unread != 0).count() {
                0 => title,
                unread => format!("({unread}) {title}"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Cursor, Role, RoomId, RoomKind};

    use super::*;

    #[test]
    fn a_room_and_what_is_unread_stand_in_the_title() {
        let room = |id: &str, unread| RoomSummary {
            id: RoomId::parse(id).unwrap(),
            name: format!("The {id}"),
            kind: RoomKind::Group,
            role: Role::Member,
            head: Cursor { epoch: 1, seq: 0 },
            read_seq: 0,
            unread,
            member_count: 1,
            last: None,
            created_at_ms: 0,
        };
        let rooms = [room("kitchen", 0), room("garden", 3)];
        assert_eq!(title(&Place::of("/rooms/kitchen"), &rooms), "(1) The kitchen · Hubbub");
        assert_eq!(title(&Place::Lobby, &rooms[..1]), "Hubbub");
        assert_eq!(title(&Place::SignIn, &rooms), "Sign in · Hubbub");
    }
}
