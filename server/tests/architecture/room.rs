//! Holds the hub's `Room` to its design: every field is a part that owns its state, or says which room it is.

use crate::source::{Source, holds, in_package, sources};
use crate::syntax::parse;

/// Whether the room is composed of parts already. Set it to `true` with the redesign of the hub, and put the types of
/// its parts into `PARTS`: from then on a new field is a new part, or it is a mistake.
const IS_COMPOSED: bool = false;

/// Which room it is, and what surrounds it.
const IDENTITY: [&str; 3] = ["RoomId", "HubContext", "RoomHandle"];

/// Types with private fields and methods that return events.
const PARTS: [&str; 8] = [
    "RoomLog",
    "RoomMembers",
    "Subscribers",
    "Fanout",
    "RoomPresence",
    "Typing",
    "ReadMarkers",
    "LiveSession",
];

/// The fields of `Room` whose types are on neither list, as `field: Type`; and fields that others can see.
fn strange_fields(source: &Source) -> Vec<String> {
    let items = parse(source).items;
    let room = items.iter().find_map(|item| match item {
        syn::Item::Struct(it) if it.ident == "Room" => Some(it),
        _ => None,
    });
    let fields = room.into_iter().flat_map(|room| &room.fields).map(|field| {
        let kind = match &field.ty {
            syn::Type::Path(it) => it.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        };
        (field.ident.as_ref().map(ToString::to_string), kind.unwrap_or_else(|| "?".to_owned()), &field.vis)
    });
    let strange = fields.filter(|(_, kind, visibility)| {
        let is_listed = IDENTITY.iter().chain(&PARTS).any(|name| name == kind);
        !is_listed || !matches!(visibility, syn::Visibility::Inherited)
    });
    strange.map(|(name, kind, _)| format!("{}: {kind}", name.unwrap_or_default())).collect()
}

#[test]
fn a_room_is_composed_of_parts_and_its_identity() {
    let bad =
        "struct Room { id: RoomId, log: log::RoomLog, pub typing: Typing, head: u64, waiting: Vec<Typing> }";
    let told = strange_fields(&Source::sample("room.rs", bad));
    assert_eq!(told, ["typing: Typing", "head: u64", "waiting: Vec"]);
    let files = ["src/room/mod.rs", "src/room.rs"].map(|path| in_package("hub", path));
    let sources = sources();
    let rooms: Vec<&Source> = sources.iter().filter(|it| files.contains(&it.path)).collect();
    assert_eq!(rooms.len(), 1);
    let strange = strange_fields(rooms[0]);
    println!("{} fields of `Room` are neither parts nor its identity: {strange:?}", strange.len());
    if IS_COMPOSED {
        holds(&strange);
    }
}
