//! Violations: every way to break the promise.

use crate::history::Position;

/// A broken promise, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// An acknowledged line is not on disk.
    #[error("room {room}: `{text}` of {client} was acknowledged as {position} and is not stored")]
    Lost {
        /// Where.
        room: String,
        /// The client.
        client: String,
        /// What.
        text: String,
        /// The acknowledged position.
        position: Position,
    },
    /// A line was acknowledged as something else than what is stored.
    #[error("room {room}: `{text}` of {client} was acknowledged as {position} and is stored as {stored}")]
    WrongAcknowledgement {
        /// Where it is stored.
        room: String,
        /// The client.
        client: String,
        /// What.
        text: String,
        /// The acknowledged position.
        position: Position,
        /// The stored position.
        stored: Position,
    },
    /// A line that is sent until it is acknowledged is not stored when the run is over.
    #[error("room {room}: `{text}` of {client} was resent until acknowledged and is not stored")]
    NeverStored {
        /// Where.
        room: String,
        /// The client.
        client: String,
        /// What.
        text: String,
    },
    /// Two lines of one client are stored the other way round.
    #[error("room {room}: {client} sent number {later} before number {earlier}")]
    Reordered {
        /// Where.
        room: String,
        /// The client.
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
    #[error("room {room}: number {seq} has the id {id}, which another message also has")]
    IdTwice {
        /// Where.
        room: String,
        /// The number of the second one.
        seq: u64,
        /// The name.
        id: String,
    },
    /// The store holds a message that no client sent.
    #[error("room {room}: {position} is `{text}`, which no client sent there")]
    NeverSent {
        /// Where.
        room: String,
        /// Its place.
        position: Position,
        /// What.
        text: String,
    },
    /// The numbers of a room are not 1, 2, 3 and so on in one epoch.
    #[error("room {room}: the store should have number {expected} and has {found}")]
    BrokenSequence {
        /// Where.
        room: String,
        /// The number that should be there.
        expected: u64,
        /// What is there.
        found: Position,
    },
    /// A client received a message that is not stored.
    #[error("room {room}: {client} received `{text}` as {position}, which is not stored")]
    Phantom {
        /// Where.
        room: String,
        /// The receiver.
        client: String,
        /// What.
        text: String,
        /// The received position.
        position: Position,
    },
    /// A client received another position than the stored one, so clients do not share one order.
    #[error("room {room}: {client} received `{text}` as {position}, and it is stored as {stored}")]
    WrongPosition {
        /// Where it is stored.
        room: String,
        /// The receiver.
        client: String,
        /// What.
        text: String,
        /// The received position.
        position: Position,
        /// The stored position.
        stored: Position,
    },
    /// A client received a number again.
    #[error("room {room}: {client} received number {seq} twice")]
    DeliveredTwice {
        /// Where.
        room: String,
        /// The receiver.
        client: String,
        /// The number.
        seq: u64,
    },
    /// A client received a lower number after a higher one.
    #[error("room {room}: {client} received number {seq} after number {after}")]
    OutOfOrder {
        /// Where.
        room: String,
        /// The receiver.
        client: String,
        /// The number.
        seq: u64,
        /// The number before.
        after: u64,
    },
    /// Messages are missing between two numbers, and the server reported a complete recovery.
    #[error(
        "room {room}: {client} received number {seq} after number {after}, although nothing was reported missing"
    )]
    HiddenGap {
        /// Where.
        room: String,
        /// The receiver.
        client: String,
        /// The number.
        seq: u64,
        /// The number before.
        after: u64,
    },
    /// A subscriber did not receive the last messages of a room.
    #[error("room {room}: {client} is subscribed and received up to number {received} of {head}")]
    MissingTail {
        /// Where.
        room: String,
        /// The subscriber.
        client: String,
        /// The last number that the client received.
        received: u64,
        /// The last number that is stored.
        head: u64,
    },
    /// A client sees a user as present who is not.
    #[error("room {room}: {client} sees {user}, who is gone")]
    Ghost {
        /// Where.
        room: String,
        /// The receiver.
        client: String,
        /// The user.
        user: String,
    },
    /// An acknowledged entry of an inbox reached none of its user's clients.
    #[error(
        "inbox of {user}: `{text}` and {more} more were acknowledged and delivered to no client, and {client} is connected"
    )]
    NeverDelivered {
        /// The owner of the inbox.
        user: String,
        /// The first of them.
        text: String,
        /// How many others there are.
        more: usize,
        /// A client that should have received it.
        client: String,
    },
    /// A client received an entry that was not sent to its user.
    #[error("inbox of {user}: {client} received `{text}`, which was not sent there")]
    Misdirected {
        /// The owner of the inbox.
        user: String,
        /// The receiver.
        client: String,
        /// What.
        text: String,
    },
    /// A client received an entry again on one connection.
    #[error("inbox of {user}: {client} received `{text}` twice on one connection")]
    EntryTwice {
        /// The owner of the inbox.
        user: String,
        /// The receiver.
        client: String,
        /// What.
        text: String,
    },
    /// An entry has another number than before, or comes after one with a higher number on the same connection.
    #[error("inbox of {user}: {client} received `{text}` as number {number}, after number {before}")]
    EntryOutOfOrder {
        /// The owner of the inbox.
        user: String,
        /// The receiver.
        client: String,
        /// What.
        text: String,
        /// The received number.
        number: u64,
        /// The number that it received before, or that the entry had before.
        before: u64,
    },
    /// An entry is missing on a connection that the server reported as recovered.
    #[error(
        "inbox of {user}: {client} did not receive number {number}, `{text}`, although nothing was reported missing after {after}"
    )]
    InboxGap {
        /// The owner of the inbox.
        user: String,
        /// The receiver.
        client: String,
        /// The missing number.
        number: u64,
        /// What is missing.
        text: String,
        /// The cursor that the client came with.
        after: u64,
    },
    /// A client has another state of a message than what is stored.
    #[error("room {room}: {client} has of number {seq} {has}, and stored is {stored}")]
    OtherState {
        /// Where.
        room: String,
        /// The client.
        client: String,
        /// The message.
        seq: u64,
        /// What the client has.
        has: String,
        /// What is stored.
        stored: String,
    },
    /// An acknowledged change is not in the store.
    #[error(
        "room {room}: {what} of number {seq} by {client} was acknowledged as change {rev}, and stored is {stored}"
    )]
    ChangeLost {
        /// Where.
        room: String,
        /// Who changed it.
        client: String,
        /// The message.
        seq: u64,
        /// The change.
        what: String,
        /// The acknowledged number.
        rev: u64,
        /// What is stored.
        stored: String,
    },
    /// A client does not see a user who is present.
    #[error("room {room}: {client} does not see {user}, who is there")]
    MissingPresence {
        /// Where.
        room: String,
        /// The client.
        client: String,
        /// The user.
        user: String,
    },
}
