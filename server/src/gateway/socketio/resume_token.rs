//! Resume tokens: the positions of a client in its inbox and in all rooms that it has joined, as one short text.
//!
//! A client that comes back sends the text that came with its last event. It is enough to find what the client missed, so
//! no server has to remember the client: a restarted one, or another one, can resume it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hub::model::RoomHead;
use hub::{LocatedRoom, StreamPosition};
use protocol::{Cursor, RoomId};
use sha2::{Digest, Sha256};

/// The first byte, so that other layouts can follow.
const LAYOUT: u8 = 3;

/// The layout without changes: the client has none.
const LAYOUT_WITHOUT_CHANGES: u8 = 2;

/// The layout of 0.1, in which epochs alone name rooms; without changes, too.
const LAYOUT_OF_EPOCHS: u8 = 1;

/// Rooms beyond which a client gets no token: the text would be longer than most events.
const MAX_ROOMS: usize = 64;

/// What a client of more rooms gets. Without it the client would send an older token, of fewer rooms.
const NO_POSITION: &str = "-";

/// Bytes of a text that is taken for one of ours, at most: every number at its longest.
const MAX_BYTES: usize = 1 + 10 + MAX_ROOMS * (4 + 4 + 10 + 10);

/// Distinguishes a room from another one whose epoch is the same.
type Check = [u8; 4];

/// The newest numbers that were sent to a client.
#[derive(Debug, Default)]
pub struct SentPositions {
    inbox: Option<u64>,
    /// By id. A list and no tree, whose first node has room for eleven: most clients join one room.
    rooms: Vec<SentRoomPosition>,
}

#[derive(Debug)]
struct SentRoomPosition {
    room: RoomId,
    epoch: u32,
    /// Computed when the room is joined, and not with each event.
    check: Check,
    seq: u64,
    /// The number of the last change of a message.
    rev: u64,
}

/// The positions that a client sends when it comes back.
#[derive(Debug, PartialEq, Eq)]
pub struct ResumeToken {
    /// The newest number of the inbox.
    pub inbox: u64,
    rooms: Vec<RoomKey>,
}

/// A room as the text names it, which is shorter than its id.
#[derive(Debug, PartialEq, Eq)]
struct RoomKey {
    epoch: u32,
    /// None in the layout of 0.1.
    check: Option<Check>,
    /// The newest number.
    seq: u64,
    /// The number of the last change.
    rev: u64,
}

impl SentPositions {
    /// Moves to a position that was sent.
    pub fn advance(&mut self, position: StreamPosition<'_>) {
        match position {
            StreamPosition::Inbox(seq) => self.inbox = Some(seq),
            StreamPosition::Left(room) => {
                if let Ok(index) = self.find(room) {
                    self.rooms.remove(index);
                }
            }
            StreamPosition::Room(room, cursor, rev) => self.update(room, cursor, |known| {
                known.move_to(cursor);
                known.rev = rev;
            }),
            StreamPosition::Message(room, cursor) => self.update(room, cursor, |known| known.move_to(cursor)),
            StreamPosition::Change(room, rev) => {
                // What comes after the client has left the room does not bring it back.
                if let Some(known) = self.find(room).ok().and_then(|index| self.rooms.get_mut(index)) {
                    known.rev = rev;
                }
            }
        }
    }

    /// Changes the position in a room. That of a room which the client was not in is this one before.
    fn update(&mut self, room: &RoomId, cursor: Cursor, change: impl FnOnce(&mut SentRoomPosition)) {
        match self.find(room) {
            Ok(index) => {
                if let Some(known) = self.rooms.get_mut(index) {
                    change(known);
                }
            }
            Err(index) => {
                if self.rooms.is_empty() {
                    // For this one alone.
                    self.rooms.reserve_exact(1);
                }
                let mut new = SentRoomPosition::new(room.clone(), cursor);
                change(&mut new);
                self.rooms.insert(index, new);
            }
        }
    }

    fn find(&self, room: &RoomId) -> Result<usize, usize> {
        self.rooms.binary_search_by(|known| known.room.cmp(room))
    }

    /// The text; `None` while the position in the inbox is not known.
    pub fn offset(&self) -> Option<String> {
        let inbox = self.inbox?;
        if self.rooms.len() > MAX_ROOMS {
            return Some(NO_POSITION.to_owned());
        }
        let mut bytes = Vec::with_capacity(8 + 13 * self.rooms.len());
        bytes.push(LAYOUT);
        put(&mut bytes, inbox);
        for SentRoomPosition { epoch, check, seq, rev, .. } in &self.rooms {
            bytes.extend_from_slice(&epoch.to_le_bytes());
            bytes.extend_from_slice(check);
            put(&mut bytes, *seq);
            put(&mut bytes, *rev);
        }
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl SentRoomPosition {
    fn new(room: RoomId, Cursor { epoch, seq }: Cursor) -> Self {
        Self { check: check_of(&room, epoch), room, epoch, seq, rev: 0 }
    }

    fn move_to(&mut self, Cursor { epoch, seq }: Cursor) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.check = check_of(&self.room, epoch);
        }
        self.seq = seq;
    }
}

impl ResumeToken {
    /// Reads a text; `None` for any that is not one of ours.
    pub fn parse(offset: &str) -> Option<Self> {
        if offset.len() > MAX_BYTES * 2 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(offset).ok()?;
        let (&layout, mut rest) = bytes.split_first()?;
        let (has_checks, has_changes) = match layout {
            LAYOUT => (true, true),
            LAYOUT_WITHOUT_CHANGES => (true, false),
            LAYOUT_OF_EPOCHS => (false, false),
            _ => return None,
        };
        let inbox = take(&mut rest)?;
        let mut rooms = Vec::new();
        while !rest.is_empty() {
            let epoch = u32::from_le_bytes(take_array(&mut rest)?);
            let check = if has_checks { Some(take_array(&mut rest)?) } else { None };
            let seq = take(&mut rest)?;
            let rev = if has_changes { take(&mut rest)? } else { 0 };
            rooms.push(RoomKey { epoch, check, seq, rev });
        }
        (rooms.len() <= MAX_ROOMS).then_some(Self { inbox, rooms })
    }

    /// Finds the rooms that are named among these, each with the newest numbers that the client has of it. `None` when one is
    /// not there, or cannot be distinguished from another one.
    pub fn locate<'a>(&self, heads: &'a [RoomHead]) -> Option<Vec<LocatedRoom<'a>>> {
        let mut by_epoch: Vec<&RoomHead> = heads.iter().collect();
        by_epoch.sort_unstable_by_key(|room| room.head.epoch);
        let locate = |name: &RoomKey| {
            let first = by_epoch.partition_point(|room| room.head.epoch < name.epoch);
            let of_the_epoch = by_epoch.iter().skip(first).take_while(|room| room.head.epoch == name.epoch);
            let mut named = of_the_epoch.filter(|known| name.is_of(&known.room));
            let head = named.next()?;
            named.next().is_none().then_some(LocatedRoom { head, seq: name.seq, rev: name.rev })
        };
        self.rooms.iter().map(locate).collect()
    }
}

impl RoomKey {
    /// Whether it names a room of its epoch.
    fn is_of(&self, room: &RoomId) -> bool {
        self.check.is_none_or(|check| check == check_of(room, self.epoch))
    }
}

/// With the epoch, which is drawn when the room is made, so that nobody can choose an id that has the check of another room.
fn check_of(room: &RoomId, epoch: u32) -> Check {
    let digest = Sha256::new().chain_update(epoch.to_le_bytes()).chain_update(room.as_str()).finalize();
    let [a, b, c, d, ..]: [u8; 32] = digest.into();
    [a, b, c, d]
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

fn take_array<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (array, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*array)
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;

    fn room(id: &str) -> RoomId {
        RoomId::parse(id).unwrap()
    }

    fn head(room: &RoomId, epoch: u32, seq: u64) -> RoomHead {
        RoomHead { room: room.clone(), head: cursor(epoch, seq), rev: 9 }
    }

    /// The rooms that a text names among these, with their numbers in it.
    fn located(offset: &str, heads: &[RoomHead]) -> Option<Vec<(RoomId, u64, u64)>> {
        let located = ResumeToken::parse(offset).unwrap();
        let located = located.locate(heads)?;
        Some(located.into_iter().map(|it| (it.head.room.clone(), it.seq, it.rev)).collect())
    }

    fn cursor(epoch: u32, seq: u64) -> Cursor {
        Cursor { epoch, seq }
    }

    #[test]
    fn a_token_is_read_as_it_was_written() {
        let (kitchen, attic) = (room("kitchen"), room("attic"));
        let heads = [head(&kitchen, 7, 9), head(&attic, u32::MAX, 9)];
        let mut positions = SentPositions::default();
        assert_eq!(positions.offset(), None);
        positions.advance(StreamPosition::Inbox(300));
        positions.advance(StreamPosition::Room(&kitchen, cursor(7, 1), 4));
        positions.advance(StreamPosition::Message(&kitchen, cursor(7, u64::MAX)));
        positions.advance(StreamPosition::Room(&attic, cursor(u32::MAX, 0), 0));
        positions.advance(StreamPosition::Change(&attic, u64::MAX));
        let offset = positions.offset().unwrap();
        assert_eq!(ResumeToken::parse(&offset).unwrap().inbox, 300);
        let in_kitchen = (kitchen.clone(), u64::MAX, 4);
        assert_eq!(located(&offset, &heads), Some(vec![(attic.clone(), 0, u64::MAX), in_kitchen.clone()]));
        positions.advance(StreamPosition::Left(&attic));
        positions.advance(StreamPosition::Change(&attic, 5));
        assert_eq!(located(&positions.offset().unwrap(), &heads), Some(vec![in_kitchen]));
    }

    #[test]
    fn rooms_of_one_epoch_are_distinguished() {
        let (kitchen, attic) = (room("kitchen"), room("attic"));
        let heads = [head(&kitchen, 7, 9), head(&attic, 7, 9), head(&room("den"), 8, 9)];
        let mut positions = SentPositions::default();
        positions.advance(StreamPosition::Inbox(1));
        // Made anew while the client was there.
        positions.advance(StreamPosition::Room(&kitchen, cursor(8, 5), 0));
        positions.advance(StreamPosition::Room(&kitchen, cursor(7, 2), 1));
        let offset = positions.offset().unwrap();
        assert_eq!(located(&offset, &heads), Some(vec![(kitchen, 2, 1)]));
        assert_eq!(located(&offset, &heads[1..]), None, "removed from the kitchen");
        assert_eq!(located(&offset, &heads[2..]), None, "and from the attic");
    }

    #[test]
    fn an_offset_without_changes_is_before_all_changes() {
        let kitchen = room("kitchen");
        let [a, b, c, d] = check_of(&kitchen, 7);
        let offset = URL_SAFE_NO_PAD.encode([LAYOUT_WITHOUT_CHANGES, 1, 7, 0, 0, 0, a, b, c, d, 3]);
        assert_eq!(located(&offset, &[head(&kitchen, 7, 9)]), Some(vec![(kitchen, 3, 0)]));
    }

    #[test]
    fn an_offset_of_the_first_release_is_read_where_its_epochs_are_unique() {
        let offset = URL_SAFE_NO_PAD.encode([LAYOUT_OF_EPOCHS, 1, 7, 0, 0, 0, 3]);
        let (kitchen, attic) = (room("kitchen"), room("attic"));
        let heads = [head(&kitchen, 7, 9), head(&attic, 7, 9), head(&room("den"), 8, 9)];
        assert_eq!(located(&offset, &heads), None);
        assert_eq!(located(&offset, &[heads[0].clone(), heads[2].clone()]), Some(vec![(kitchen, 3, 0)]));
        assert_eq!(located(&offset, &heads[2..]), None);
    }

    #[test]
    fn another_text_is_no_token() {
        let short = URL_SAFE_NO_PAD.encode([LAYOUT, 1, 7, 0]);
        let without_check = URL_SAFE_NO_PAD.encode([LAYOUT, 1, 7, 0, 0, 0, 3]);
        let without_rev = URL_SAFE_NO_PAD.encode([LAYOUT, 1, 7, 0, 0, 0, 1, 2, 3, 4, 3]);
        let endless = URL_SAFE_NO_PAD.encode([LAYOUT, 0xff, 0xff, 0xff]);
        let newer = URL_SAFE_NO_PAD.encode([9, 1]);
        let texts =
            ["", "?", NO_POSITION, "kitchen:7", &short, &without_check, &without_rev, &endless, &newer];
        for bad in texts.into_iter().chain([&*"A".repeat(10_000)]) {
            assert_eq!(ResumeToken::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_client_of_too_many_rooms_gets_no_token() {
        let mut positions = SentPositions::default();
        positions.advance(StreamPosition::Inbox(u64::MAX));
        for number in 0..=MAX_ROOMS {
            assert!(ResumeToken::parse(&positions.offset().unwrap()).is_some(), "{number}");
            let room = room(&format!("room-{number}"));
            positions.advance(StreamPosition::Room(&room, cursor(1, u64::MAX), u64::MAX));
        }
        assert_eq!(positions.offset().as_deref(), Some(NO_POSITION));
    }

    proptest! {
        #[test]
        fn any_token_is_read_as_it_was_written(
            inbox in any::<u64>(),
            rooms in btree_map("[a-z0-9_:.-]{1,8}", (prop_oneof![0..3_u32, any::<u32>()], any::<u64>(), any::<u64>()), 0..=MAX_ROOMS),
        ) {
            let mut positions = SentPositions::default();
            positions.advance(StreamPosition::Inbox(inbox));
            let head = |(id, &(epoch, seq, rev)): (&String, &(u32, u64, u64))| {
                RoomHead { room: room(id), head: cursor(epoch, seq), rev }
            };
            let heads: Vec<RoomHead> = rooms.iter().map(head).collect();
            for RoomHead { room, head, rev } in &heads {
                positions.advance(StreamPosition::Room(room, *head, *rev));
            }
            let offset = positions.offset().unwrap();
            prop_assert!(offset.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it)), "{offset}");
            prop_assert_eq!(ResumeToken::parse(&offset).map(|token| token.inbox), Some(inbox));
            let mut right: Vec<_> = heads.iter().map(|it| (it.room.clone(), it.head.seq, it.rev)).collect();
            right.sort();
            prop_assert_eq!(located(&offset, &heads), Some(right));
        }

        #[test]
        fn any_other_bytes_are_rejected_or_are_a_token(bytes in vec(any::<u8>(), 0..1_500)) {
            let texts = [URL_SAFE_NO_PAD.encode(&bytes), String::from_utf8_lossy(&bytes).into_owned()];
            for token in texts.iter().filter_map(|text| ResumeToken::parse(text)) {
                prop_assert!(token.rooms.len() <= MAX_ROOMS);
            }
        }
    }
}
