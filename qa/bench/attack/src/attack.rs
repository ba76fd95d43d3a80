//! Attacks: a flood at a rate, or expensive work that few sockets ask for.

use std::sync::Arc;

use tokio::time::Instant;

use crate::kinds::{self, Count, Kind};
use crate::network::Source;
use crate::server::Targets;
use crate::work::{self, Work};

/// Sockets of one address with which work is asked for; the last number also from as many addresses.
const SOCKETS: [usize; 3] = [1, 4, 60];

/// Addresses from which work is asked for.
pub(crate) const WORK_ADDRESSES: usize = 60;

/// Sockets, each at an address of its own, with which each kind of work is asked for while all others are: as many in all as
/// there are addresses.
const SOCKETS_TOGETHER: usize = WORK_ADDRESSES / work::ALL.len();

/// One attack.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Attack {
    Flood { kind: Kind, from_many: bool },
    Work { work: Work, sockets: usize, from: Source },
}

impl Attack {
    /// Every one, each for itself.
    pub(crate) fn all() -> Vec<Self> {
        let floods = kinds::ALL
            .iter()
            .flat_map(|kind| [false, true].map(|from_many| Self::Flood { kind: *kind, from_many }));
        let work = work::ALL.iter().flat_map(|work| {
            let one = SOCKETS.map(|sockets| Self::Work { work: *work, sockets, from: Source::OneAddress });
            let from = Source::Addresses { first: 0 };
            let many = Self::Work { work: *work, sockets: WORK_ADDRESSES, from };
            one.into_iter().chain([many])
        });
        floods.chain(work).collect()
    }

    /// All floods and all kinds of work at once, from many addresses.
    pub(crate) fn together() -> Vec<Self> {
        let floods = kinds::ALL.iter().map(|kind| Self::Flood { kind: *kind, from_many: true });
        let work = work::ALL.iter().enumerate().map(|(number, work)| {
            let from = Source::Addresses { first: number * SOCKETS_TOGETHER };
            Self::Work { work: *work, sockets: SOCKETS_TOGETHER, from }
        });
        floods.chain(work).collect()
    }

    pub(crate) fn name(self) -> String {
        match self {
            Self::Flood { kind, from_many: false } => format!("{}, one address", kind.name()),
            Self::Flood { kind, from_many: true } => format!("{}, 250 addresses", kind.name()),
            Self::Work { work, sockets, from: Source::OneAddress } => {
                format!(
                    "{}, {sockets} {}, one address",
                    work.name(),
                    if sockets == 1 { "socket" } else { "sockets" }
                )
            }
            Self::Work { work, sockets, from: Source::Addresses { .. } } => {
                format!("{}, {sockets} sockets, as many addresses", work.name())
            }
        }
    }

    /// How often a second.
    pub(crate) fn rate(self) -> String {
        match self {
            Self::Flood { kind, .. } => kind.rate().to_string(),
            Self::Work { .. } => "any".to_owned(),
        }
    }

    pub(crate) async fn run(self, to: Targets, end: Instant, count: Arc<Count>) {
        match self {
            Self::Flood { kind, from_many } => kind.attack(to.hub, from_many, end, count).await,
            Self::Work { work, sockets, from } => work.attack(to, sockets, from, end, count).await,
        }
    }
}
