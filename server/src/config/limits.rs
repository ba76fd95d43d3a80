//! Limits of the gateways, checked: rate limits, and limits of size and number.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use clap::Args;
use hub::{Rate, Rates};
use protocol::limits;

use super::choice::Environment;
use super::error::{ConfigError, invalid};

/// Defaults in production: enough for a user who mistypes a password, too few to guess one; an office of a few hundred users
/// behind one address reconnects within a minute after a restart.
const STRICT: RateLimits = RateLimits {
    logins_per_minute: Some(10),
    logins_per_minute_per_user: Some(60),
    lookups_per_minute: Some(30),
    handshakes_per_minute: Some(300),
    messages_per_second: Some(20),
    typing_per_second: Some(10),
    broadcasts_per_second: Some(60),
    commands_per_second: Some(100),
    bytes_per_second: Some(1024 * 1024),
};

/// Defaults in development, where a test suite does everything from one address.
const GENEROUS: RateLimits = RateLimits {
    logins_per_minute: Some(6_000),
    logins_per_minute_per_user: Some(60_000),
    lookups_per_minute: Some(6_000),
    handshakes_per_minute: Some(60_000),
    messages_per_second: Some(10_000),
    typing_per_second: Some(1_000),
    broadcasts_per_second: Some(10_000),
    commands_per_second: Some(100_000),
    bytes_per_second: Some(1024 * 1024 * 1024),
};

/// Burst of messages and typing, as a multiple of the rate: messages written while a phone was offline arrive together.
const BURST: u32 = 5;

/// Burst of commands: a client that reconnects joins all of its rooms at once.
const COMMAND_BURST: u32 = 10;

/// Burst of bytes: several of the longest messages, written offline.
const BYTE_BURST: u32 = 8;

/// Connections from one address in production; elsewhere as many as in total.
const CONNECTIONS_PER_ADDRESS: usize = 1_000;

/// Memory for the history caches of all rooms: 250,000 messages of a line or two.
const HISTORY_CACHE_BYTES: usize = 64 * 1024 * 1024;

/// Rate limits; `None`: unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Attempts to sign in or register, of one address; and of one device that has signed in as the user before.
    pub logins_per_minute: Option<u32>,
    /// Attempts of unknown devices to sign in as one user, over all addresses.
    pub logins_per_minute_per_user: Option<u32>,
    /// Lookups of exact user names by one user, where the directory does not list all users.
    pub lookups_per_minute: Option<u32>,
    /// Sockets that one address may open.
    pub handshakes_per_minute: Option<u32>,
    /// Messages of one user, over all connections and REST.
    pub messages_per_second: Option<u32>,
    /// Typing notifications of one user, over all connections.
    pub typing_per_second: Option<u32>,
    /// Broadcasts of one connection.
    pub broadcasts_per_second: Option<u32>,
    /// Commands of any kind on one connection.
    pub commands_per_second: Option<u32>,
    /// Bytes sent by one user, over all connections, after decompression.
    pub bytes_per_second: Option<u32>,
}

impl RateLimits {
    /// No rate limits.
    pub const OFF: Self = Self {
        logins_per_minute: None,
        logins_per_minute_per_user: None,
        lookups_per_minute: None,
        handshakes_per_minute: None,
        messages_per_second: None,
        typing_per_second: None,
        broadcasts_per_second: None,
        commands_per_second: None,
        bytes_per_second: None,
    };

    /// The defaults of an environment.
    pub fn of(environment: Environment) -> Self {
        match environment {
            Environment::Production => STRICT,
            Environment::Development => GENEROUS,
        }
    }

    /// The limits that the hub enforces.
    pub fn of_hub(&self) -> Rates {
        let rate = |per_second: Option<u32>, times: u32| {
            per_second.map(|per_second| Rate { per_second, burst: per_second.saturating_mul(times) })
        };
        Rates {
            messages: rate(self.messages_per_second, BURST),
            typing: rate(self.typing_per_second, BURST),
            broadcasts: rate(self.broadcasts_per_second, BURST),
            commands: rate(self.commands_per_second, COMMAND_BURST),
            bytes: rate(self.bytes_per_second, BYTE_BURST),
            requests: None,
        }
    }
}

/// Limits of size and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sockets that are open at a time.
    pub connections: usize,
    /// HTTP connections that wait for their clients at a time.
    pub waiting_connections: usize,
    /// Handshakes in progress at a time.
    pub max_concurrent_handshakes: usize,
    /// Handshakes that wait for a permit.
    pub max_queued_handshakes: usize,
    /// Sockets that one address has open at a time.
    pub connections_per_address: usize,
    /// Sockets that one user has open at a time.
    pub connections_per_user: usize,
    /// Rooms that one connection has joined at a time.
    pub rooms_per_connection: usize,
    /// Bytes of one frame of a socket and of one REST body.
    pub frame_bytes: usize,
    /// Bytes of text in one message.
    pub message_bytes: usize,
    /// Bytes of memory for the history caches of all rooms.
    pub history_cache_bytes: usize,
    /// Bytes of inbox entries that may wait for one user.
    pub inbox_bytes_per_user: u64,
    /// Timeout of the head of the first request.
    pub first_request: Duration,
    /// Timeout of the next request and of its head.
    pub keep_alive: Duration,
    /// Timeout between two reads of a request's body.
    pub body: Duration,
    /// Timeout between two writes of a response; after that a minimum average rate holds.
    pub response: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 100_000,
            waiting_connections: 2_000,
            max_concurrent_handshakes: 8,
            max_queued_handshakes: 5_000,
            connections_per_address: 100_000,
            connections_per_user: limits::MAX_CONNECTIONS_PER_USER,
            rooms_per_connection: limits::MAX_ROOMS_PER_CONNECTION,
            frame_bytes: limits::MAX_FRAME_BYTES,
            message_bytes: limits::MAX_MESSAGE_BYTES,
            history_cache_bytes: HISTORY_CACHE_BYTES,
            inbox_bytes_per_user: limits::INBOX_BYTES_PER_USER,
            first_request: Duration::from_secs(10),
            keep_alive: Duration::from_secs(75),
            body: Duration::from_secs(30),
            response: Duration::from_secs(30),
        }
    }
}

/// The settings of limits. Their order is the order in the help.
#[derive(Args)]
pub(super) struct LimitSettings {
    /// Attempts per minute of one address to sign in or register; a device that has signed in as the user before has a limit
    /// of its own. Invalid refresh tokens: six times as many [default: 10; 6000 in development, where tests sign in often]
    #[arg(long, env = "HUBBUB_LOGINS_PER_MINUTE", value_name = "COUNT")]
    logins_per_minute: Option<NonZeroU32>,

    /// Attempts per minute to sign in as one user, over all addresses; devices that have signed in as the user before are not
    /// counted [default: 60, so that many addresses do not guess passwords faster; 60000 in development]
    #[arg(long, env = "HUBBUB_LOGINS_PER_MINUTE_PER_USER", value_name = "COUNT")]
    logins_per_minute_per_user: Option<NonZeroU32>,

    /// Lookups of exact user names per minute by one user, where the directory lists users of shared rooms [default: 30,
    /// enough to invite a team by name and too few to enumerate users; 6000 in development]
    #[arg(long, env = "HUBBUB_LOOKUPS_PER_MINUTE_PER_USER", value_name = "COUNT")]
    lookups_per_minute_per_user: Option<NonZeroU32>,

    /// Sockets that one address may open per minute [default: 300, so that an office reconnects within a minute after a
    /// restart; 60000 in development]
    #[arg(long, env = "HUBBUB_HANDSHAKES_PER_MINUTE", value_name = "COUNT")]
    handshakes_per_minute: Option<NonZeroU32>,

    /// Messages per second of one user, over all connections and REST; burst: five times as many [default: 20, faster than
    /// typing and enough for a bot; 10000 in development]
    #[arg(long, env = "HUBBUB_MESSAGES_PER_SECOND_PER_USER", value_name = "COUNT")]
    messages_per_second_per_user: Option<NonZeroU32>,

    /// Typing notifications per second of one user; burst: five times as many [default: 10; 1000 in development]
    #[arg(long, env = "HUBBUB_TYPING_PER_SECOND_PER_USER", value_name = "COUNT")]
    typing_per_second_per_user: Option<NonZeroU32>,

    /// Broadcasts per second of one connection; burst: five times as many [default: 60, the refresh rate of a screen; 10000 in
    /// development]
    #[arg(long, env = "HUBBUB_BROADCASTS_PER_SECOND", value_name = "COUNT")]
    broadcasts_per_second: Option<NonZeroU32>,

    /// Commands of any kind per second of one connection; burst: ten times as many, because a client that reconnects joins all
    /// of its rooms [default: 100; 100000 in development]
    #[arg(long, env = "HUBBUB_COMMANDS_PER_SECOND", value_name = "COUNT")]
    commands_per_second: Option<NonZeroU32>,

    /// Bytes per second of one user, over all connections, after decompression; burst: eight times as many. Beyond it the
    /// sockets of the user are not read until the rate allows it, and no data is lost [default: 1048576, more than a user or a
    /// bot sends; 1 GiB in development]
    #[arg(long, env = "HUBBUB_BYTES_PER_SECOND_PER_USER", value_name = "BYTES")]
    bytes_per_second_per_user: Option<NonZeroU32>,

    /// Sockets that may be open at a time; beyond it handshakes get 503. The limit of open files must be higher.
    #[arg(long, env = "HUBBUB_MAX_CONNECTIONS", value_name = "COUNT", default_value = "100000")]
    max_connections: NonZeroU32,

    /// HTTP connections that may wait for their clients for longer than a second: for a request, for the rest of one, or until
    /// a response is read. Beyond it some are closed, first those that never sent a second request, and of these those of the
    /// address with the most. Sockets and long polls do not count.
    #[arg(long, env = "HUBBUB_MAX_WAITING_CONNECTIONS", value_name = "COUNT", default_value = "2000")]
    max_waiting_connections: NonZeroU32,

    /// Handshakes in progress at a time; others wait in a queue, so that open connections are not slowed down. Twice as
    /// many as the store has readers.
    #[arg(long, env = "HUBBUB_MAX_CONCURRENT_HANDSHAKES", value_name = "COUNT", default_value = "8")]
    max_concurrent_handshakes: NonZeroU32,

    /// Handshakes that wait in the queue, 5 s at most; beyond it they get 503 and `Retry-After`. As many as a small machine
    /// completes in that time.
    #[arg(long, env = "HUBBUB_MAX_QUEUED_HANDSHAKES", value_name = "COUNT", default_value = "5000")]
    max_queued_handshakes: NonZeroU32,

    /// Sockets that one address may have open at a time [default: 1000, a big office; in development and without rate limits
    /// as many as in total]
    #[arg(long, env = "HUBBUB_MAX_CONNECTIONS_PER_ADDRESS", value_name = "COUNT")]
    max_connections_per_address: Option<NonZeroU32>,

    /// Sockets that one user may have open at a time: a few devices with a few tabs each
    #[arg(long, env = "HUBBUB_MAX_CONNECTIONS_PER_USER", value_name = "COUNT", default_value = "20")]
    max_connections_per_user: NonZeroU32,

    /// Rooms that one connection may have joined at a time
    #[arg(long, env = "HUBBUB_MAX_ROOMS_PER_CONNECTION", value_name = "COUNT", default_value = "512")]
    max_rooms_per_connection: NonZeroU32,

    /// Bytes of one frame, and of one request body; beyond it a socket is closed with code 1009. Most kinds of frames and bodies
    /// have lower limits [default: 1 MiB]
    #[arg(
        long,
        env = "HUBBUB_MAX_FRAME_BYTES",
        value_name = "BYTES",
        default_value = "1048576",
        hide_default_value = true
    )]
    max_frame_bytes: NonZeroU32,

    /// Bytes of text in one message; must fit into a frame [default: 64 KiB]
    #[arg(
        long,
        env = "HUBBUB_MAX_MESSAGE_BYTES",
        value_name = "BYTES",
        default_value = "65536",
        hide_default_value = true
    )]
    max_message_bytes: NonZeroU32,

    /// Bytes of memory for the newest messages of all rooms together, from which clients recover; older messages are read from
    /// the database, which takes longer [default: 64 MiB, 250,000 messages of a line or two]
    #[arg(
        long,
        env = "HUBBUB_HISTORY_CACHE_BYTES",
        value_name = "BYTES",
        default_value = "67108864",
        hide_default_value = true
    )]
    history_cache_bytes: u64,

    /// Bytes of direct messages and ended jobs that may wait for one user until their delivery is confirmed; beyond it their
    /// senders get an error [default: 64 MiB, a thousand of the longest messages]
    #[arg(
        long,
        env = "HUBBUB_INBOX_BYTES_PER_USER",
        value_name = "BYTES",
        default_value = "67108864",
        hide_default_value = true
    )]
    inbox_bytes_per_user: NonZeroU64,

    /// Timeout in seconds of the head of the first request; then the connection is closed, so that half-open connections do not
    /// pile up
    #[arg(long, env = "HUBBUB_FIRST_REQUEST_SECONDS", value_name = "SECONDS", default_value = "10")]
    first_request_seconds: NonZeroU32,

    /// Timeout in seconds of the next request and of its head. Longer than the minute for which proxies keep connections, so
    /// that the proxies close them and no request is lost.
    #[arg(long, env = "HUBBUB_KEEP_ALIVE_SECONDS", value_name = "SECONDS", default_value = "75")]
    keep_alive_seconds: NonZeroU32,

    /// Timeout in seconds between two reads of a request's body: longer than a phone is offline in a tunnel
    #[arg(long, env = "HUBBUB_BODY_SECONDS", value_name = "SECONDS", default_value = "30")]
    body_seconds: NonZeroU32,

    /// Timeout in seconds between two writes of a response; later also the time after which a response must average 1 KiB a
    /// second. A long poll that waits is not a response yet.
    #[arg(long, env = "HUBBUB_RESPONSE_SECONDS", value_name = "SECONDS", default_value = "30")]
    response_seconds: NonZeroU32,
}

impl LimitSettings {
    /// The limits of an environment, with rate limits or without.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for settings that contradict each other.
    pub(super) fn check(
        &self,
        environment: Environment,
        with_rates: bool,
    ) -> Result<(RateLimits, Limits), ConfigError> {
        let rates = if with_rates { self.rates(environment) } else { self.no_rates()? };
        let size = |count: NonZeroU32| usize::try_from(count.get()).unwrap_or(usize::MAX);
        let seconds = |count: NonZeroU32| Duration::from_secs(u64::from(count.get()));
        let connections = size(self.max_connections);
        let per_address = if with_rates && environment == Environment::Production {
            CONNECTIONS_PER_ADDRESS
        } else {
            connections
        };
        let limits = Limits {
            connections,
            waiting_connections: size(self.max_waiting_connections),
            max_concurrent_handshakes: size(self.max_concurrent_handshakes),
            max_queued_handshakes: size(self.max_queued_handshakes),
            connections_per_address: self.max_connections_per_address.map_or(per_address, size),
            connections_per_user: size(self.max_connections_per_user),
            rooms_per_connection: size(self.max_rooms_per_connection),
            frame_bytes: size(self.max_frame_bytes),
            message_bytes: size(self.max_message_bytes),
            history_cache_bytes: usize::try_from(self.history_cache_bytes).unwrap_or(usize::MAX),
            inbox_bytes_per_user: self.inbox_bytes_per_user.get(),
            first_request: seconds(self.first_request_seconds),
            keep_alive: seconds(self.keep_alive_seconds),
            body: seconds(self.body_seconds),
            response: seconds(self.response_seconds),
        };
        if limits.message_bytes > limits.frame_bytes {
            return Err(invalid(format!(
                "HUBBUB_MAX_MESSAGE_BYTES is {} and does not fit into HUBBUB_MAX_FRAME_BYTES, which is {}",
                limits.message_bytes, limits.frame_bytes
            )));
        }
        Ok((rates, limits))
    }

    fn rates(&self, environment: Environment) -> RateLimits {
        let default = RateLimits::of(environment);
        let or = |set: Option<NonZeroU32>, default: Option<u32>| set.map(NonZeroU32::get).or(default);
        RateLimits {
            logins_per_minute: or(self.logins_per_minute, default.logins_per_minute),
            logins_per_minute_per_user: or(
                self.logins_per_minute_per_user,
                default.logins_per_minute_per_user,
            ),
            lookups_per_minute: or(self.lookups_per_minute_per_user, default.lookups_per_minute),
            handshakes_per_minute: or(self.handshakes_per_minute, default.handshakes_per_minute),
            messages_per_second: or(self.messages_per_second_per_user, default.messages_per_second),
            typing_per_second: or(self.typing_per_second_per_user, default.typing_per_second),
            broadcasts_per_second: or(self.broadcasts_per_second, default.broadcasts_per_second),
            commands_per_second: or(self.commands_per_second, default.commands_per_second),
            bytes_per_second: or(self.bytes_per_second_per_user, default.bytes_per_second),
        }
    }

    fn no_rates(&self) -> Result<RateLimits, ConfigError> {
        let rates = [
            ("HUBBUB_LOGINS_PER_MINUTE", self.logins_per_minute),
            ("HUBBUB_LOGINS_PER_MINUTE_PER_USER", self.logins_per_minute_per_user),
            ("HUBBUB_LOOKUPS_PER_MINUTE_PER_USER", self.lookups_per_minute_per_user),
            ("HUBBUB_HANDSHAKES_PER_MINUTE", self.handshakes_per_minute),
            ("HUBBUB_MESSAGES_PER_SECOND_PER_USER", self.messages_per_second_per_user),
            ("HUBBUB_TYPING_PER_SECOND_PER_USER", self.typing_per_second_per_user),
            ("HUBBUB_BROADCASTS_PER_SECOND", self.broadcasts_per_second),
            ("HUBBUB_COMMANDS_PER_SECOND", self.commands_per_second),
            ("HUBBUB_BYTES_PER_SECOND_PER_USER", self.bytes_per_second_per_user),
        ];
        match rates.iter().find(|(_, value)| value.is_some()) {
            Some((name, _)) => Err(invalid(format!("HUBBUB_RATE_LIMITS is off, but {name} is set"))),
            None => Ok(RateLimits::OFF),
        }
    }
}
