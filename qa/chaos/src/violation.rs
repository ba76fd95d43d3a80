//! Violations: every way to break the promise.

use crate::history::Position;

/// A promise that was broken, for a person to read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// An acknowledged line is not on disk.
    #[error("room {room}: `{text}` of {client} was acknowledged as {position} and is not stored")]
    Lost {
        /// Where.
        room: String,
        /// Whose.
        client: String,
        /// What.
        text: String,
        /// What the acknowledgement said.
        position: Position,
    },
    /// A line was acknowledged as something else than what is stored.
    #[error("room {room}: `{text}` of {client} was acknowledged as {position} and is stored as {stored}")]
    Misplaced {
        /// Where it is stored.
        room: String,
        /// Whose.
        client: String,
        /// What.
        text: String,
        /// What the acknowledgement said.
        position: Position,
        /// What the store says.
        stored: Position,
    },
    /// A line that is sent until it is acknowledged is not stored when the run is over.
    #[error("room {room}: `{text}` of {client} was to be sent until it is taken and is not stored")]
    Unsent {
        /// Where.
        room: String,
        /// Whose.
        client: String,
        /// What.
        text: String,
    },
    /// Two lines of one client are stored the other way round.
    #[error("room {room}: {client} wrote number {later} before number {earlier}")]
    Overtaken {
        /// Where.
        room: String,
        /// Whose.
        client: String,
        /// The number of the line that was written second.
        earlier: u64,
        /// The number of the line that was written first.
        later: u64,
    },
    /// A line is stored more than once.
    #[error("`{text}` is stored as {first} of room {first_room} and as {second} of room {second_room}")]
    StoredTwice {
        /// What.
        text: String,
        /// Where it is first.
        first_room: String,
        /// Its place there.
        first: Position,
        /// Where it is again.
        second_room: String,
        /// Its place there.
        second: Position,
    },
    /// Two messages have one name.
    #[error("room {room}: number {seq} has the name {id}, which another message has, too")]
    NameTwice {
        /// Where.
        room: String,
        /// The number of the second one.
        seq: u64,
        /// The name.
        id: String,
    },
    /// The store holds what nobody said.
    #[error("room {room}: {position} is `{text}`, which nobody said there")]
    Unsaid {
        /// Where.
        room: String,
        /// Its place.
        position: Position,
        /// What.
        text: String,
    },
    /// The numbers of a room are not 1, 2, 3 and so on in one epoch.
    #[error("room {room}: where the store should have number {expected} it has {found}")]
    Uneven {
        /// Where.
        room: String,
        /// The number that should be there.
        expected: u64,
        /// What is there.
        found: Position,
    },
    /// A client was told what is not stored.
    #[error("room {room}: {client} was told `{text}` as {position}, which is not stored")]
    Phantom {
        /// Where.
        room: String,
        /// Who was told.
        client: String,
        /// What.
        text: String,
        /// What the client was told of its place.
        position: Position,
    },
    /// A client was told another place than the one that is stored, so that not everybody has one order.
    #[error("room {room}: {client} was told `{text}` as {position}, and it is stored as {stored}")]
    OtherOrder {
        /// Where it is stored.
        room: String,
        /// Who was told.
        client: String,
        /// What.
        text: String,
        /// What the client was told of its place.
        position: Position,
        /// What the store says.
        stored: Position,
    },
    /// A client was told a number again.
    #[error("room {room}: {client} was told number {seq} twice")]
    ToldTwice {
        /// Where.
        room: String,
        /// Who was told.
        client: String,
        /// The number.
        seq: u64,
    },
    /// A client was told a lower number after a higher one.
    #[error("room {room}: {client} was told number {seq} after number {after}")]
    OutOfOrder {
        /// Where.
        room: String,
        /// Who was told.
        client: String,
        /// The number.
        seq: u64,
        /// The number before.
        after: u64,
    },
    /// Something is missing between two numbers, and the client was told that nothing is.
    #[error("room {room}: {client} was told number {seq} after number {after}, and that nothing is missing")]
    HiddenGap {
        /// Where.
        room: String,
        /// Who was told.
        client: String,
        /// The number.
        seq: u64,
        /// The number before.
        after: u64,
    },
    /// A client that follows a room was not told its end.
    #[error("room {room}: {client} follows and was told up to number {told} of {head}")]
    Behind {
        /// Where.
        room: String,
        /// Who follows.
        client: String,
        /// The last number that the client was told.
        told: u64,
        /// The last number that is stored.
        head: u64,
    },
    /// A client takes somebody for present who is not.
    #[error("room {room}: {client} sees {user}, who is gone")]
    Ghost {
        /// Where.
        room: String,
        /// Who was told.
        client: String,
        /// Who is gone.
        user: String,
    },
    /// An acknowledged entry of an inbox reached none of its user's clients.
    #[error(
        "inbox of {user}: `{text}` and {more} more were acknowledged and told to no client, and {client} is connected"
    )]
    NeverTold {
        /// Whose inbox.
        user: String,
        /// The first of them.
        text: String,
        /// How many others there are.
        more: usize,
        /// A client that should have been told.
        client: String,
    },
    /// A client was told an entry that nothing sent to its user.
    #[error("inbox of {user}: {client} was told `{text}`, which was not sent there")]
    Misdirected {
        /// Whose inbox.
        user: String,
        /// Which client was told.
        client: String,
        /// What.
        text: String,
    },
    /// A client was told an entry again on one connection.
    #[error("inbox of {user}: {client} was told `{text}` twice on one connection")]
    EntryTwice {
        /// Whose inbox.
        user: String,
        /// Which client was told.
        client: String,
        /// What.
        text: String,
    },
    /// An entry has another number than before, or comes after one with a higher number on the same connection.
    #[error("inbox of {user}: {client} was told `{text}` as number {number}, after number {before}")]
    EntryOutOfOrder {
        /// Whose inbox.
        user: String,
        /// Which client was told.
        client: String,
        /// What.
        text: String,
        /// The number that it was told.
        number: u64,
        /// The number that it was told before, or that the entry had before.
        before: u64,
    },
    /// An entry is missing on a connection of which the server said that nothing is.
    #[error(
        "inbox of {user}: {client} was not told number {number}, `{text}`, and that nothing is missing after {after}"
    )]
    InboxGap {
        /// Whose inbox.
        user: String,
        /// Which client was told.
        client: String,
        /// The missing number.
        number: u64,
        /// What is missing.
        text: String,
        /// The cursor that the client came with.
        after: u64,
    },
    /// A client does not know of somebody who is present.
    #[error("room {room}: {client} does not see {user}, who is there")]
    Overlooked {
        /// Where.
        room: String,
        /// Who was not told.
        client: String,
        /// Who is there.
        user: String,
    },
}
