//! A change that changes nothing, to see whether changes reach the disk.

use std::convert::Infallible;

use rusqlite::Connection;

use super::writer::{Change, Fault, Work};

/// Writes our mark over itself: the first page goes through the log to the disk like any other, whatever is in it
/// (<https://sqlite.org/pragma.html#pragma_application_id>).
pub(super) struct Probe;

impl Change for Probe {
    type Done = ();
    type Refusal = Infallible;
}

impl Work for Probe {
    fn run(&self, connection: &Connection) -> Result<(), Fault<Infallible>> {
        // 0x48554242 in decimal: a pragma takes no parameters.
        connection.execute_batch("PRAGMA application_id = 1213547074")?;
        Ok(())
    }
}
