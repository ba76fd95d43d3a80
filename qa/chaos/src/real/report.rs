//! Report of a run: what it counted and which promises were broken.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident: $words:literal,)*) => {
        /// What all parts of a run count while it goes on.
        #[derive(Debug, Default)]
        pub(super) struct Counters {
            $(pub(super) $name: Counter,)*
        }

        /// How often something happened in a run.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct Counts {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Counters {
            pub(super) fn read(&self) -> Counts {
                Counts { $($name: self.$name.0.load(Ordering::Relaxed),)* }
            }
        }

        impl fmt::Display for Counts {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                $(writeln!(out, "{:>9}  {}", self.$name, $words)?;)*
                Ok(())
            }
        }
    };
}

counters! {
    /// Rounds that were played.
    rounds: "rounds",
    /// The server was killed.
    kills: "kill -9",
    /// The server was killed while everybody talked at once.
    kills_in_bursts: "of them while commits were bursting",
    /// The server was asked to stop.
    stops: "gentle stops",
    /// Another version took over the process and its socket.
    takeovers: "upgrades in place",
    /// Connections that were cut off.
    cuts: "connections cut",
    /// Connections of which one direction was closed.
    half_closes: "connections half-closed",
    /// Connections that stood still for a while.
    stalls: "stalls",
    /// Connections that were late for a while.
    delays: "delays",
    /// Connections that were narrow for a while.
    throttles: "throttles",
    /// Messages that clients sent, whether or not they arrived.
    sent: "messages sent",
    /// Lines that the server acknowledged.
    acknowledged: "messages acknowledged",
    /// Messages that were resent with the same draft.
    resent: "messages sent again",
    /// Messages that clients received.
    delivered: "messages delivered",
    /// Messages of rooms that were as large as they may be, or nearly.
    large: "large messages",
    /// Entries of absent users' inboxes that were acknowledged.
    entries: "direct messages and ended jobs acknowledged",
    /// Of those, what reached a client for the first time.
    entries_delivered: "of them delivered",
    /// Entries that came again on a later connection.
    entries_redelivered: "of them delivered again after a cut",
    /// Connections that the server closed because their reader was too slow.
    too_slow: "closed as too slow",
    /// Notifications that were acknowledged.
    notified: "notifications acknowledged",
    /// Connections that were opened.
    connections: "connections opened",
    /// Connections that changed from polls to a WebSocket.
    upgrades: "of them upgraded from polling",
    /// Times that a client tried to connect in vain.
    attempts_in_vain: "attempts to connect in vain",
    /// Rooms and inboxes that a client came back to without a gap.
    recovered: "recoveries that were complete",
    /// Pages beyond the first that a recovery took.
    more_pages: "further pages of recoveries",
    /// Rooms and inboxes where a client started over.
    started_over: "starts over",
    /// Things that the server refused for a time.
    temporary_errors: "temporary errors",
    /// Messages that are stored and whose author received no acknowledgement.
    unacknowledged: "messages stored whose acknowledgement was lost",
    /// Messages that were sent once and are not stored; they were not acknowledged.
    vanished: "messages lost before they were acknowledged",
    /// Lines that the store held at the end of each round.
    checked: "stored messages checked, round by round",
    /// Times that the program's own `check` of its database was asked.
    whole: "checks of the database by the program itself",
}

/// One number that only grows.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(super) fn one(&self) {
        self.add(1);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a run counted and found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How often things happened.
    pub counts: Counts,
    /// What broke the promise, with its round; empty for a good server.
    pub violations: Vec<String>,
}

/// Violations that are printed in full.
const SHOWN: usize = 50;

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.counts)?;
        writeln!(out, "{:>9}  violations", self.violations.len())?;
        for violation in self.violations.iter().take(SHOWN) {
            writeln!(out, "  {violation}")?;
        }
        Ok(())
    }
}
