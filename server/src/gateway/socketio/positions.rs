//! Where a client stands in everything that it follows, as one short text.
//!
//! A client that comes back shows the text it got with the last event. It says all that is needed to find what was missed,
//! so no server has to remember the client: a restarted one, or another one, can bring it up to date.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hub::Track;
use protocol::{Cursor, RoomId};

/// The first byte, so that other layouts can follow.
const LAYOUT: u8 = 1;

/// Rooms beyond which a client's place is not written down: the text would be longer than most events.
const MAX_ROOMS: usize = 64;

/// What a client of more rooms gets: no place. Without it the client would show an older one, of fewer rooms.
const NOWHERE: &str = "-";

/// Bytes of a text that is taken for one of ours, at most: every number at its longest.
const MAX_BYTES: usize = 1 + 10 + MAX_ROOMS * (4 + 10);

/// The newest numbers that a client was told.
#[derive(Debug, Default)]
pub struct Positions {
    inbox: Option<u64>,
    /// By name. A list and no tree, whose first node has room for eleven: most clients follow one room.
    rooms: Vec<(RoomId, Cursor)>,
}

/// What a client says about where it stood. Rooms go by their epochs, which are shorter than names.
#[derive(Debug, PartialEq, Eq)]
pub struct Stood {
    /// The newest number of the inbox.
    pub inbox: u64,
    /// The newest number of each room.
    pub rooms: Vec<Cursor>,
}

impl Positions {
    /// Something was told.
    pub fn note(&mut self, track: Track<'_>) {
        match track {
            Track::Inbox(seq) => self.inbox = Some(seq),
            Track::Left(room) => {
                if let Ok(place) = self.place(room) {
                    self.rooms.remove(place);
                }
            }
            Track::Room(room, cursor) => match self.place(room) {
                Ok(place) => {
                    if let Some((_, known)) = self.rooms.get_mut(place) {
                        *known = cursor;
                    }
                }
                Err(place) => {
                    if self.rooms.is_empty() {
                        // For this one alone.
                        self.rooms.reserve_exact(1);
                    }
                    self.rooms.insert(place, (room.clone(), cursor));
                }
            },
        }
    }

    fn place(&self, room: &RoomId) -> Result<usize, usize> {
        self.rooms.binary_search_by(|(known, _)| known.cmp(room))
    }

    /// The text, unless the place in the inbox is not known yet.
    pub fn offset(&self) -> Option<String> {
        let inbox = self.inbox?;
        if self.rooms.len() > MAX_ROOMS {
            return Some(NOWHERE.to_owned());
        }
        let mut bytes = Vec::with_capacity(8 + 8 * self.rooms.len());
        bytes.push(LAYOUT);
        put(&mut bytes, inbox);
        for (_, cursor) in &self.rooms {
            bytes.extend_from_slice(&cursor.epoch.to_le_bytes());
            put(&mut bytes, cursor.seq);
        }
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl Stood {
    /// Reads a text; `None` for any that is not one of ours.
    pub fn parse(offset: &str) -> Option<Self> {
        if offset.len() > MAX_BYTES * 2 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(offset).ok()?;
        let mut rest = bytes.strip_prefix(&[LAYOUT])?;
        let inbox = take(&mut rest)?;
        let mut rooms = Vec::new();
        while !rest.is_empty() {
            let (epoch, after) = rest.split_first_chunk()?;
            rest = after;
            rooms.push(Cursor { epoch: u32::from_le_bytes(*epoch), seq: take(&mut rest)? });
        }
        (rooms.len() <= MAX_ROOMS).then_some(Self { inbox, rooms })
    }
}

/// Seven bits in each byte, the lowest first (LEB128).
fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for at in 0..10 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(7 * at)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let (kitchen, attic) = (RoomId::parse("kitchen").unwrap(), RoomId::parse("attic").unwrap());
        let mut positions = Positions::default();
        assert_eq!(positions.offset(), None);
        positions.note(Track::Inbox(300));
        let in_kitchen = Cursor { epoch: 7, seq: u64::MAX };
        positions.note(Track::Room(&kitchen, Cursor { epoch: 7, seq: 1 }));
        positions.note(Track::Room(&kitchen, in_kitchen));
        positions.note(Track::Room(&attic, Cursor { epoch: u32::MAX, seq: 0 }));
        let stood = Stood::parse(&positions.offset().unwrap()).unwrap();
        let rooms = vec![Cursor { epoch: u32::MAX, seq: 0 }, in_kitchen];
        assert_eq!(stood, Stood { inbox: 300, rooms });
        positions.note(Track::Left(&attic));
        assert_eq!(Stood::parse(&positions.offset().unwrap()).unwrap().rooms, [in_kitchen]);
    }

    #[test]
    fn another_text_is_no_place() {
        let short = URL_SAFE_NO_PAD.encode([LAYOUT, 1, 7, 0]);
        let endless = URL_SAFE_NO_PAD.encode([LAYOUT, 0xff, 0xff, 0xff]);
        let newer = URL_SAFE_NO_PAD.encode([9, 1]);
        for bad in ["", "?", NOWHERE, "kitchen:7", &short, &endless, &newer, &"A".repeat(10_000)] {
            assert_eq!(Stood::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn who_follows_too_much_stands_nowhere() {
        let mut positions = Positions::default();
        positions.note(Track::Inbox(1));
        for number in 0..=MAX_ROOMS {
            assert!(Stood::parse(&positions.offset().unwrap()).is_some(), "{number}");
            let room = RoomId::parse(&format!("room-{number}")).unwrap();
            positions.note(Track::Room(&room, Cursor { epoch: 1, seq: 1 }));
        }
        assert_eq!(positions.offset().as_deref(), Some(NOWHERE));
    }

    proptest! {
        #[test]
        fn any_place_is_read_as_it_was_written(
            inbox in any::<u64>(),
            rooms in btree_map("[a-z0-9_:.-]{1,8}", (any::<u32>(), any::<u64>()), 0..=MAX_ROOMS),
        ) {
            let mut positions = Positions::default();
            positions.note(Track::Inbox(inbox));
            let rooms: std::collections::BTreeMap<RoomId, Cursor> = rooms
                .iter()
                .map(|(name, &(epoch, seq))| (RoomId::parse(name).unwrap(), Cursor { epoch, seq }))
                .collect();
            for (room, cursor) in &rooms {
                positions.note(Track::Room(room, *cursor));
            }
            let offset = positions.offset().unwrap();
            prop_assert!(offset.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it)), "{offset}");
            let rooms = rooms.into_values().collect();
            prop_assert_eq!(Stood::parse(&offset), Some(Stood { inbox, rooms }));
        }

        #[test]
        fn what_was_not_written_by_us_is_refused_or_means_a_place(bytes in vec(any::<u8>(), 0..1_000)) {
            let texts = [URL_SAFE_NO_PAD.encode(&bytes), String::from_utf8_lossy(&bytes).into_owned()];
            for stood in texts.iter().filter_map(|text| Stood::parse(text)) {
                prop_assert!(stood.rooms.len() <= MAX_ROOMS);
            }
        }
    }
}
