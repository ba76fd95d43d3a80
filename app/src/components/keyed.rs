//! A list whose rows stay where they are as long as their keys do. One type of row for every list, so that the browser
//! loads the code that compares two lists once and not once for each of them.

use leptos::prelude::*;
use protocol::{Role, RoomId, UserId};

use crate::model::timeline::LineKey;
use crate::when::Day;

/// What a row is known by: all of it, not a digest that two rows might share. Copying it is cheap; long lists have keys
/// without text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A line of a conversation.
    Line(LineKey),
    /// The day that begins with a line.
    Day(Day, LineKey),
    /// The mark before the first line that is new.
    Unread,
    /// A room.
    Room(RoomId),
    /// A member of a room, with all that is shown, so that whoever changes gets another row.
    Member(UserId, String, Role, bool),
    /// Somebody by identifier and name alone.
    Person(UserId, String),
    /// Anything that is counted.
    Number(u64),
}

/// One row: its key and how it is drawn once it comes up.
pub(crate) struct Row {
    key: Key,
    draw: Box<dyn FnOnce() -> AnyView + Send>,
}

impl Row {
    /// A row that is drawn only if no row with this key stands there already.
    pub(crate) fn new(key: Key, draw: impl FnOnce() -> AnyView + Send + 'static) -> Self {
        Self { key, draw: Box::new(draw) }
    }
}

/// The rows that a function gives, now and whenever something changes that it reads.
pub(crate) fn keyed(rows: impl Fn() -> Vec<Row> + Send + 'static) -> AnyView {
    all(Box::new(rows))
}

fn all(rows: Box<dyn Fn() -> Vec<Row> + Send>) -> AnyView {
    view! { <For each=rows key=|row: &Row| row.key.clone() children=|row: Row| (row.draw)()/> }.into_any()
}
