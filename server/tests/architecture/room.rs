//! Holds the hub's `Room` to its design: every field is a part that owns its state, or says which room it is.

use crate::source::{Source, holds, in_package, sources};
use crate::syntax::parse;

/// Which room it is, and what surrounds it.
const IDENTITY: [&str; 2] = ["Identity", "HubContext"];

/// Types with private fields and methods that return events. A new field of the room is a new part.
const PARTS: [&str; 9] = [
    "Registration",
    "DisplayName",
    "Members",
    "Log",
    "PendingBatch",
    "Fanout",
    "RoomPresence",
    "Typing",
    "LiveSession",
];

/// The name of a type; of a shared pointer, the name of what it points to.
fn name_of(kind: &syn::Type) -> Option<String> {
    let syn::Type::Path(path) = kind else { return None };
    let last = path.path.segments.last()?;
    match &last.arguments {
        syn::PathArguments::AngleBracketed(inner) if last.ident == "Arc" => match inner.args.first()? {
            syn::GenericArgument::Type(inner) => name_of(inner),
            _ => None,
        },
        _ => Some(last.ident.to_string()),
    }
}

/// The fields of `Room` whose types are on neither list, as `field: Type`; and fields that others can see.
fn strange_fields(source: &Source) -> Vec<String> {
    let items = parse(source).items;
    let room = items.iter().find_map(|item| match item {
        syn::Item::Struct(it) if it.ident == "Room" => Some(it),
        _ => None,
    });
    let fields = room.into_iter().flat_map(|room| &room.fields).map(|field| {
        let kind = name_of(&field.ty).unwrap_or_else(|| "?".to_owned());
        (field.ident.as_ref().map(ToString::to_string), kind, &field.vis)
    });
    let strange = fields.filter(|(_, kind, visibility)| {
        let is_listed = IDENTITY.iter().chain(&PARTS).any(|name| name == kind);
        !is_listed || !matches!(visibility, syn::Visibility::Inherited)
    });
    strange.map(|(name, kind, _)| format!("{}: {kind}", name.unwrap_or_default())).collect()
}

#[test]
fn a_room_is_composed_of_parts_and_its_identity() {
    let bad = "struct Room { identity: Identity, context: Arc<HubContext>, log: log::Log, pub typing: Typing, head: u64, waiting: Vec<Typing> }";
    let told = strange_fields(&Source::sample("room.rs", bad));
    assert_eq!(told, ["typing: Typing", "head: u64", "waiting: Vec"]);
    let files = ["src/room/mod.rs", "src/room.rs"].map(|path| in_package("hub", path));
    let sources = sources();
    let rooms: Vec<&Source> = sources.iter().filter(|it| files.contains(&it.path)).collect();
    assert_eq!(rooms.len(), 1);
    holds(&strange_fields(rooms[0]));
}
