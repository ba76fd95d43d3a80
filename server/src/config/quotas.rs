//! Quotas: how much one user, and one address, may request, create and store.

use std::num::{NonZeroU32, NonZeroU64};

use clap::Args;
use hub::{Rate, Rates};

use super::choice::Environment;
use super::error::{ConfigError, invalid};
use super::limits::Limits;

/// Defaults in production.
const STRICT: Quotas = Quotas {
    requests_per_second: Some(200),
    requests_per_second_per_address: Some(1_000),
    concurrent_requests_per_user: 4,
    concurrent_requests_per_address: 256,
    rooms_created_per_day: Some(200),
    owned_rooms: 1_000,
    new_contacts_per_day: Some(200),
    stored_bytes_per_day: Some(256 * 1024 * 1024),
    running_jobs: 100,
    auth_sessions_per_user: 100,
    members_per_room: 10_000,
};

/// Defaults in development, where a test suite is one user at one address.
const GENEROUS: Quotas = Quotas {
    requests_per_second: Some(100_000),
    requests_per_second_per_address: Some(100_000),
    concurrent_requests_per_user: 1_000,
    concurrent_requests_per_address: 10_000,
    rooms_created_per_day: Some(1_000_000),
    owned_rooms: 1_000_000,
    new_contacts_per_day: Some(1_000_000),
    stored_bytes_per_day: Some(1 << 40),
    running_jobs: 10_000,
    auth_sessions_per_user: 10_000,
    members_per_room: 1_000_000,
};

/// Burst of requests, as a multiple of the rate: as for the commands of one connection.
const REQUEST_BURST: u32 = 10;

/// Quotas of one user, one address and one room; `None`: unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Requests per second of one user, over REST, the pages and all sockets.
    pub requests_per_second: Option<u32>,
    /// Requests per second of one address, over REST, the pages and built files.
    pub requests_per_second_per_address: Option<u32>,
    /// Requests of one user that are in progress or have an unread response.
    pub concurrent_requests_per_user: usize,
    /// The same of one address.
    pub concurrent_requests_per_address: usize,
    /// Rooms that one user may create per day.
    pub rooms_created_per_day: Option<u32>,
    /// Rooms that one user may own.
    pub owned_rooms: u32,
    /// Users with whom a user shares no room yet and whom they may add to rooms per day.
    pub new_contacts_per_day: Option<u32>,
    /// Bytes of messages, direct messages and jobs that one user may store per day.
    pub stored_bytes_per_day: Option<u64>,
    /// Jobs of one user that may be running.
    pub running_jobs: u32,
    /// Sessions that one user may have.
    pub auth_sessions_per_user: u32,
    /// Members that one room may have.
    pub members_per_room: u32,
}

impl Quotas {
    /// The defaults of an environment.
    pub fn of(environment: Environment) -> Self {
        match environment {
            Environment::Production => STRICT,
            Environment::Development => GENEROUS,
        }
    }

    /// Without rate limits; the other quotas are those of development.
    pub const OFF: Self = Self {
        requests_per_second: None,
        requests_per_second_per_address: None,
        rooms_created_per_day: None,
        new_contacts_per_day: None,
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
            rooms_made_per_day: self.rooms_created_per_day,
            rooms_owned: Some(self.owned_rooms),
            strangers_per_day: self.new_contacts_per_day,
            stored_bytes_per_day: self.stored_bytes_per_day,
            running_jobs: Some(self.running_jobs),
            members_per_room: Some(self.members_per_room),
        }
    }
}

/// The settings of quotas. Their order is the order in the help.
#[derive(Args)]
pub(super) struct QuotaSettings {
    /// Requests per second of one user, over REST, the pages and all sockets; burst: ten times as many. The roles `service`
    /// and `admin` have no limit over REST [default: 200, so that a page and three devices can join their rooms at once;
    /// 100000 in development]
    #[arg(long, env = "HUBBUB_REQUESTS_PER_SECOND_PER_USER", value_name = "COUNT")]
    requests_per_second_per_user: Option<NonZeroU32>,

    /// Requests per second of one address for REST, pages and built files, signed in or not; burst: five times as many
    /// [default: 1000, an office of 300 that connects at once; 100000 in development]
    #[arg(long, env = "HUBBUB_REQUESTS_PER_SECOND_PER_ADDRESS", value_name = "COUNT")]
    requests_per_second_per_address: Option<NonZeroU32>,

    /// Requests of one user that may be in progress or have an unread response; eight times as many wait for up to 5 s. The
    /// roles `service` and `admin` have sixteen times as many [default: 4, because a response may have half a megabyte; 1000
    /// in development and without rate limits]
    #[arg(long, env = "HUBBUB_MAX_CONCURRENT_REQUESTS_PER_USER", value_name = "COUNT")]
    max_concurrent_requests_per_user: Option<NonZeroU32>,

    /// The same for one address, signed in or not [default: 256; 10000 in development and without rate limits]
    #[arg(long, env = "HUBBUB_MAX_CONCURRENT_REQUESTS_PER_ADDRESS", value_name = "COUNT")]
    max_concurrent_requests_per_address: Option<NonZeroU32>,

    /// Rooms that one user may create per day [default: 200, more than a busy team creates in a month; 1000000 in development]
    #[arg(long, env = "HUBBUB_ROOMS_CREATED_PER_DAY_PER_USER", value_name = "COUNT")]
    rooms_created_per_day_per_user: Option<NonZeroU32>,

    /// Rooms that one user may own [default: 1000, twice as many as one connection may join; 1000000 in development and without
    /// rate limits]
    #[arg(long, env = "HUBBUB_OWNED_ROOMS_PER_USER", value_name = "COUNT")]
    owned_rooms_per_user: Option<NonZeroU32>,

    /// Users that one user may add to rooms per day although the two share no room yet [default: 200, as many as one request
    /// may name; 1000000 in development]
    #[arg(long, env = "HUBBUB_NEW_CONTACTS_PER_DAY_PER_USER", value_name = "COUNT")]
    new_contacts_per_day_per_user: Option<NonZeroU32>,

    /// Bytes of messages, direct messages and jobs that one user may store per day; a job counts at its start with its maximum
    /// size [default: 256 MiB, a bot that sends 3 KB a second all day; 1 TiB in development]
    #[arg(long, env = "HUBBUB_STORED_BYTES_PER_DAY_PER_USER", value_name = "BYTES")]
    stored_bytes_per_day_per_user: Option<NonZeroU64>,

    /// Jobs of one user that may be running; one more is rejected at its start [default: 100; 10000 in development and
    /// without rate limits]
    #[arg(long, env = "HUBBUB_RUNNING_JOBS_PER_USER", value_name = "COUNT")]
    running_jobs_per_user: Option<NonZeroU32>,

    /// Sign-ins that one user may have; one more ends the one that was renewed longest ago [default: 100; 10000 in
    /// development and without rate limits]
    #[arg(long, env = "HUBBUB_AUTH_SESSIONS_PER_USER", value_name = "COUNT")]
    auth_sessions_per_user: Option<NonZeroU32>,

    /// Members that one room may have [default: 10000, whose list is some 2 MB for each user who opens the room; 1000000 in
    /// development and without rate limits]
    #[arg(long, env = "HUBBUB_MEMBERS_PER_ROOM", value_name = "COUNT")]
    members_per_room: Option<NonZeroU32>,
}

impl QuotaSettings {
    /// The quotas of an environment, with rate limits or without.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for settings that contradict each other.
    pub(super) fn check(
        &self,
        environment: Environment,
        with_rates: bool,
        limits: &Limits,
    ) -> Result<Quotas, ConfigError> {
        if !with_rates {
            self.check_without_rates()?;
        }
        let default = if with_rates { Quotas::of(environment) } else { Quotas::OFF };
        let count = |set: Option<NonZeroU32>, default: u32| set.map_or(default, NonZeroU32::get);
        let rate = |set: Option<NonZeroU32>, default: Option<u32>| set.map(NonZeroU32::get).or(default);
        let size = |set: Option<NonZeroU32>, default: usize| {
            set.map_or(default, |count| usize::try_from(count.get()).unwrap_or(usize::MAX))
        };
        let quotas = Quotas {
            requests_per_second: rate(self.requests_per_second_per_user, default.requests_per_second),
            requests_per_second_per_address: rate(
                self.requests_per_second_per_address,
                default.requests_per_second_per_address,
            ),
            concurrent_requests_per_user: size(
                self.max_concurrent_requests_per_user,
                default.concurrent_requests_per_user,
            ),
            concurrent_requests_per_address: size(
                self.max_concurrent_requests_per_address,
                default.concurrent_requests_per_address,
            ),
            rooms_created_per_day: rate(self.rooms_created_per_day_per_user, default.rooms_created_per_day),
            owned_rooms: count(self.owned_rooms_per_user, default.owned_rooms),
            new_contacts_per_day: rate(self.new_contacts_per_day_per_user, default.new_contacts_per_day),
            stored_bytes_per_day: self
                .stored_bytes_per_day_per_user
                .map(NonZeroU64::get)
                .or(default.stored_bytes_per_day),
            running_jobs: count(self.running_jobs_per_user, default.running_jobs),
            auth_sessions_per_user: count(self.auth_sessions_per_user, default.auth_sessions_per_user),
            members_per_room: count(self.members_per_room, default.members_per_room),
        };
        match quotas.stored_bytes_per_day {
            Some(bytes) if bytes < limits.message_bytes as u64 => Err(invalid(format!(
                "HUBBUB_STORED_BYTES_PER_DAY_PER_USER is {bytes}, less than one message of HUBBUB_MAX_MESSAGE_BYTES, which is {}",
                limits.message_bytes
            ))),
            _ => Ok(quotas),
        }
    }

    /// A rate limit contradicts rate limits that are off.
    fn check_without_rates(&self) -> Result<(), ConfigError> {
        let rates = [
            ("HUBBUB_REQUESTS_PER_SECOND_PER_USER", self.requests_per_second_per_user.is_some()),
            ("HUBBUB_REQUESTS_PER_SECOND_PER_ADDRESS", self.requests_per_second_per_address.is_some()),
            ("HUBBUB_ROOMS_CREATED_PER_DAY_PER_USER", self.rooms_created_per_day_per_user.is_some()),
            ("HUBBUB_NEW_CONTACTS_PER_DAY_PER_USER", self.new_contacts_per_day_per_user.is_some()),
            ("HUBBUB_STORED_BYTES_PER_DAY_PER_USER", self.stored_bytes_per_day_per_user.is_some()),
        ];
        match rates.iter().find(|(_, is_set)| *is_set) {
            Some((name, _)) => Err(invalid(format!("HUBBUB_RATE_LIMITS is off, but {name} is set"))),
            None => Ok(()),
        }
    }
}
