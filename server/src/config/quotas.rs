//! Quotas: what one user, and one address, may ask for, make and keep.

use std::num::{NonZeroU32, NonZeroU64};

use clap::Args;
use hub::{Rate, Rates};

use super::{ConfigError, Environment, Limits, refused};

/// What strangers on the internet get.
const STRICT: Quotas = Quotas {
    requests_per_second: Some(200),
    requests_per_second_per_address: Some(1_000),
    requests_at_once: 4,
    requests_at_once_per_address: 256,
    rooms_made_per_day: Some(200),
    rooms_owned: 1_000,
    strangers_per_day: Some(200),
    stored_bytes_per_day: Some(256 * 1024 * 1024),
    running_jobs: 100,
    sign_ins: 100,
    members_per_room: 10_000,
};

/// What one developer gets, whose test suite is one user at one address.
const GENEROUS: Quotas = Quotas {
    requests_per_second: Some(100_000),
    requests_per_second_per_address: Some(100_000),
    requests_at_once: 1_000,
    requests_at_once_per_address: 10_000,
    rooms_made_per_day: Some(1_000_000),
    rooms_owned: 1_000_000,
    strangers_per_day: Some(1_000_000),
    stored_bytes_per_day: Some(1 << 40),
    running_jobs: 10_000,
    sign_ins: 10_000,
    members_per_room: 1_000_000,
};

/// Requests that may come at once, as a multiple of those of a second: as for the commands of one connection.
const REQUEST_BURST: u32 = 10;

/// How much of it; `None`: as much as one likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Requests of one user, over REST, the pages and all sockets.
    pub requests_per_second: Option<u32>,
    /// Requests of one address, over REST, the pages and built files.
    pub requests_per_second_per_address: Option<u32>,
    /// Requests of one user that are at work or have an answer that was not read.
    pub requests_at_once: usize,
    /// The same of one address.
    pub requests_at_once_per_address: usize,
    /// Rooms that one user may make in a day.
    pub rooms_made_per_day: Option<u32>,
    /// Rooms that one user may own.
    pub rooms_owned: u32,
    /// Users whom one user may put into rooms in a day although the two share none.
    pub strangers_per_day: Option<u32>,
    /// Bytes of messages, direct messages and jobs that one user may store in a day.
    pub stored_bytes_per_day: Option<u64>,
    /// Jobs of one user that may be running.
    pub running_jobs: u32,
    /// Sign-ins that one user may have.
    pub sign_ins: u32,
    /// Members that one room may have.
    pub members_per_room: u32,
}

impl Quotas {
    /// What an environment has where nothing else is said.
    pub fn of(environment: Environment) -> Self {
        match environment {
            Environment::Production => STRICT,
            Environment::Development => GENEROUS,
        }
    }

    /// Nothing is limited that says how often; of the rest there may be much.
    pub const OFF: Self = Self {
        requests_per_second: None,
        requests_per_second_per_address: None,
        rooms_made_per_day: None,
        strangers_per_day: None,
        stored_bytes_per_day: None,
        ..GENEROUS
    };

    /// The hub's rates, with that of requests.
    pub fn with_requests(&self, rates: Rates) -> Rates {
        let rate = |per_second: u32| Rate { per_second, burst: per_second.saturating_mul(REQUEST_BURST) };
        Rates { requests: self.requests_per_second.map(rate), ..rates }
    }

    /// The hub's share of it.
    pub fn of_hub(&self) -> hub::Quotas {
        hub::Quotas {
            rooms_made_per_day: self.rooms_made_per_day,
            rooms_owned: Some(self.rooms_owned),
            strangers_per_day: self.strangers_per_day,
            stored_bytes_per_day: self.stored_bytes_per_day,
            running_jobs: Some(self.running_jobs),
            members_per_room: Some(self.members_per_room),
        }
    }
}

/// The quotas as they are written.
#[derive(Args)]
pub(super) struct QuotaSettings {
    /// Requests that one user may make a second, over REST, the pages and all sockets; ten times as many at once. Parts of
    /// the application may make as many as they like over REST [default: 200, twice what a bot with three devices does, so
    /// that the rooms of a page and of three devices are joined at once; 100000 in development]
    #[arg(long, env = "HUBBUB_REQUESTS_PER_SECOND", value_name = "COUNT")]
    requests_per_second: Option<NonZeroU32>,

    /// Requests over REST, of the pages and of built files that one address may make a second, signed in or not; five times as
    /// many at once
    /// [default: 1000, an office of 300 that comes at once; 100000 in development]
    #[arg(long, env = "HUBBUB_REQUESTS_PER_SECOND_PER_ADDRESS", value_name = "COUNT")]
    requests_per_second_per_address: Option<NonZeroU32>,

    /// Requests of one user that may be at work, or have an answer that was not read; eight times as many wait for up to
    /// 5 s. A part of the application has sixteen times as many [default: 4, because an answer may have half a megabyte; 1000 in
    /// development and without rate limits]
    #[arg(long, env = "HUBBUB_REQUESTS_AT_ONCE", value_name = "COUNT")]
    requests_at_once: Option<NonZeroU32>,

    /// The same for one address, signed in or not [default: 256; 10000 in development and without rate limits]
    #[arg(long, env = "HUBBUB_REQUESTS_AT_ONCE_PER_ADDRESS", value_name = "COUNT")]
    requests_at_once_per_address: Option<NonZeroU32>,

    /// Rooms that one user may make a day [default: 200, more than a busy team makes in a month; 1000000 in development]
    #[arg(long, env = "HUBBUB_ROOMS_MADE_PER_DAY", value_name = "COUNT")]
    rooms_made_per_day: Option<NonZeroU32>,

    /// Rooms that one user may own [default: 1000, twice what one connection follows; 1000000 in development and without
    /// rate limits]
    #[arg(long, env = "HUBBUB_ROOMS_OWNED", value_name = "COUNT")]
    rooms_owned: Option<NonZeroU32>,

    /// Users whom one user may put into rooms a day although the two share none yet [default: 200, as many as one request may
    /// name; 1000000 in development]
    #[arg(long, env = "HUBBUB_STRANGERS_PER_DAY", value_name = "COUNT")]
    strangers_per_day: Option<NonZeroU32>,

    /// Bytes of messages, direct messages and jobs that one user may store a day; a job counts at its start, with all that it
    /// may become [default: 256 MiB, a bot that sends 3 KB a second
    /// all day; 1 TiB in development]
    #[arg(long, env = "HUBBUB_STORED_BYTES_PER_DAY", value_name = "BYTES")]
    stored_bytes_per_day: Option<NonZeroU64>,

    /// Jobs of one user that may be running; another one is refused at its start [default: 100; 10000 in development and
    /// without rate limits]
    #[arg(long, env = "HUBBUB_RUNNING_JOBS_PER_USER", value_name = "COUNT")]
    running_jobs_per_user: Option<NonZeroU32>,

    /// Sign-ins that one user may have; another one ends the one that was renewed longest ago [default: 100; 10000 in
    /// development and without rate limits]
    #[arg(long, env = "HUBBUB_SIGN_INS_PER_USER", value_name = "COUNT")]
    sign_ins_per_user: Option<NonZeroU32>,

    /// Members that one room may have, whoever puts them into it [default: 10000, whose list is some 2 MB for each who opens
    /// the room; 1000000 in development and without rate limits]
    #[arg(long, env = "HUBBUB_MEMBERS_PER_ROOM", value_name = "COUNT")]
    members_per_room: Option<NonZeroU32>,
}

impl QuotaSettings {
    /// What holds in an environment, with rate limits or without.
    pub(super) fn check(
        &self,
        environment: Environment,
        with_rates: bool,
        limits: &Limits,
    ) -> Result<Quotas, ConfigError> {
        if !with_rates {
            self.refuse_rates()?;
        }
        let usual = if with_rates { Quotas::of(environment) } else { Quotas::OFF };
        let count = |said: Option<NonZeroU32>, usual: u32| said.map_or(usual, NonZeroU32::get);
        let rate = |said: Option<NonZeroU32>, usual: Option<u32>| said.map(NonZeroU32::get).or(usual);
        let size = |said: Option<NonZeroU32>, usual: usize| {
            said.map_or(usual, |count| usize::try_from(count.get()).unwrap_or(usize::MAX))
        };
        let quotas = Quotas {
            requests_per_second: rate(self.requests_per_second, usual.requests_per_second),
            requests_per_second_per_address: rate(
                self.requests_per_second_per_address,
                usual.requests_per_second_per_address,
            ),
            requests_at_once: size(self.requests_at_once, usual.requests_at_once),
            requests_at_once_per_address: size(
                self.requests_at_once_per_address,
                usual.requests_at_once_per_address,
            ),
            rooms_made_per_day: rate(self.rooms_made_per_day, usual.rooms_made_per_day),
            rooms_owned: count(self.rooms_owned, usual.rooms_owned),
            strangers_per_day: rate(self.strangers_per_day, usual.strangers_per_day),
            stored_bytes_per_day: self
                .stored_bytes_per_day
                .map(NonZeroU64::get)
                .or(usual.stored_bytes_per_day),
            running_jobs: count(self.running_jobs_per_user, usual.running_jobs),
            sign_ins: count(self.sign_ins_per_user, usual.sign_ins),
            members_per_room: count(self.members_per_room, usual.members_per_room),
        };
        match quotas.stored_bytes_per_day {
            Some(bytes) if bytes < limits.message_bytes as u64 => Err(refused(format!(
                "HUBBUB_STORED_BYTES_PER_DAY is {bytes}, less than one message of HUBBUB_MAX_MESSAGE_BYTES, which is {}",
                limits.message_bytes
            ))),
            _ => Ok(quotas),
        }
    }

    /// What says how often something may be done contradicts that nothing does.
    fn refuse_rates(&self) -> Result<(), ConfigError> {
        let said = [
            ("HUBBUB_REQUESTS_PER_SECOND", self.requests_per_second.is_some()),
            ("HUBBUB_REQUESTS_PER_SECOND_PER_ADDRESS", self.requests_per_second_per_address.is_some()),
            ("HUBBUB_ROOMS_MADE_PER_DAY", self.rooms_made_per_day.is_some()),
            ("HUBBUB_STRANGERS_PER_DAY", self.strangers_per_day.is_some()),
            ("HUBBUB_STORED_BYTES_PER_DAY", self.stored_bytes_per_day.is_some()),
        ];
        match said.iter().find(|(_, is_said)| *is_said) {
            Some((name, _)) => Err(refused(format!("HUBBUB_RATE_LIMITS is off, but {name} is set"))),
            None => Ok(()),
        }
    }
}
