//! An attack: a flood at a rate, or work that is asked for by few sockets.

use std::sync::Arc;

use tokio::time::Instant;

use crate::kinds::{self, Count, Kind};
use crate::server::Targets;
use crate::work::{self, Work};

/// Sockets of one address with which work is asked for; the last number also from as many addresses.
const SOCKETS: [usize; 3] = [1, 4, 60];

/// Addresses from which work is asked for together.
pub(crate) const WORK_ADDRESSES: usize = 60;

/// One attack.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Attack {
    Flood { kind: Kind, from_many: bool },
    Work { work: Work, sockets: usize, from_many: bool },
}

impl Attack {
    /// Every one, each for itself.
    pub(crate) fn all() -> Vec<Self> {
        let floods = kinds::ALL
            .iter()
            .flat_map(|kind| [false, true].map(|from_many| Self::Flood { kind: *kind, from_many }));
        let work = work::ALL.iter().flat_map(|work| {
            let one = SOCKETS.map(|sockets| Self::Work { work: *work, sockets, from_many: false });
            let many = Self::Work { work: *work, sockets: WORK_ADDRESSES, from_many: true };
            one.into_iter().chain([many])
        });
        floods.chain(work).collect()
    }

    /// Those of many addresses, for all at once.
    pub(crate) fn together() -> Vec<Self> {
        let is_one_of_many = |attack: &Self| match attack {
            Self::Flood { from_many, .. } | Self::Work { from_many, .. } => *from_many,
        };
        Self::all().into_iter().filter(is_one_of_many).collect()
    }

    pub(crate) fn name(self) -> String {
        match self {
            Self::Flood { kind, from_many: false } => format!("{}, one address", kind.name()),
            Self::Flood { kind, from_many: true } => format!("{}, 250 addresses", kind.name()),
            Self::Work { work, sockets, from_many: false } => {
                format!(
                    "{}, {sockets} {}, one address",
                    work.name(),
                    if sockets == 1 { "socket" } else { "sockets" }
                )
            }
            Self::Work { work, sockets, from_many: true } => {
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
            Self::Work { work, sockets, from_many } => work.attack(to, sockets, from_many, end, count).await,
        }
    }
}
