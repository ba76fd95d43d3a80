//! How much and how often: the limits of the doors, checked and with their reasons.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use clap::Args;
use hub::{Rate, Rates};
use protocol::limits;

use super::{ConfigError, Environment, refused};

/// What strangers on the internet get: a person who mistypes a password has room, a guesser has not; an office of a few
/// hundred people behind one address comes back within a minute after a restart.
const STRICT: RateLimits = RateLimits {
    sign_ins_per_minute: Some(10),
    sign_ins_per_login: Some(60),
    lookups_per_minute: Some(30),
    handshakes_per_minute: Some(300),
    messages_per_second: Some(20),
    typing_per_second: Some(10),
    broadcasts_per_second: Some(60),
    wishes_per_second: Some(100),
    bytes_per_second: Some(1024 * 1024),
};

/// What one developer gets, whose test suite does everything from one address.
const GENEROUS: RateLimits = RateLimits {
    sign_ins_per_minute: Some(6_000),
    sign_ins_per_login: Some(60_000),
    lookups_per_minute: Some(6_000),
    handshakes_per_minute: Some(60_000),
    messages_per_second: Some(10_000),
    typing_per_second: Some(1_000),
    broadcasts_per_second: Some(10_000),
    wishes_per_second: Some(100_000),
    bytes_per_second: Some(1024 * 1024 * 1024),
};

/// Messages and typing that may come at once, as a multiple of what may come each second: what was written while a phone
/// was in a tunnel arrives together.
const BURST: u32 = 5;

/// The same for wishes of any kind: a client that comes back joins all of its rooms at once.
const WISH_BURST: u32 = 10;

/// The same for bytes: a list of the longest messages that was written offline.
const BYTE_BURST: u32 = 8;

/// Connections from one address in production; elsewhere as many as in total.
const CONNECTIONS_PER_ADDRESS: usize = 1_000;

/// Memory for the newest messages of all rooms: 250,000 of a line or two.
const AT_HAND_BYTES: usize = 64 * 1024 * 1024;

/// How often something may be done; `None`: as often as one likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Attempts to sign in or register, of one address; and of one device that has signed in as the user before.
    pub sign_ins_per_minute: Option<u32>,
    /// Attempts of unknown devices to sign in with one login, over all addresses, a minute.
    pub sign_ins_per_login: Option<u32>,
    /// Exact user names that one user may look for, where the directory does not list everybody.
    pub lookups_per_minute: Option<u32>,
    /// Sockets that one address may open.
    pub handshakes_per_minute: Option<u32>,
    /// Messages of one person, over all connections and REST.
    pub messages_per_second: Option<u32>,
    /// Typing of one person, over all connections.
    pub typing_per_second: Option<u32>,
    /// Broadcasts of one connection.
    pub broadcasts_per_second: Option<u32>,
    /// Frames of any kind on one connection.
    pub wishes_per_second: Option<u32>,
    /// Bytes that one person sends, over all connections, after inflating.
    pub bytes_per_second: Option<u32>,
}

impl RateLimits {
    /// Everything as often as one likes.
    pub const OFF: Self = Self {
        sign_ins_per_minute: None,
        sign_ins_per_login: None,
        lookups_per_minute: None,
        handshakes_per_minute: None,
        messages_per_second: None,
        typing_per_second: None,
        broadcasts_per_second: None,
        wishes_per_second: None,
        bytes_per_second: None,
    };

    /// What an environment has where nothing else is said.
    pub fn of(environment: Environment) -> Self {
        match environment {
            Environment::Production => STRICT,
            Environment::Development => GENEROUS,
        }
    }

    /// The hub's share of it.
    pub fn of_hub(&self) -> Rates {
        let rate = |per_second: Option<u32>, times: u32| {
            per_second.map(|per_second| Rate { per_second, burst: per_second.saturating_mul(times) })
        };
        Rates {
            messages: rate(self.messages_per_second, BURST),
            typing: rate(self.typing_per_second, BURST),
            broadcasts: rate(self.broadcasts_per_second, BURST),
            wishes: rate(self.wishes_per_second, WISH_BURST),
            bytes: rate(self.bytes_per_second, BYTE_BURST),
            requests: None,
        }
    }
}

/// How much there may be of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sockets that are open at a time.
    pub connections: usize,
    /// HTTP connections that wait for their clients at a time.
    pub waiting_connections: usize,
    /// Newcomers who are let in at a time.
    pub handshakes_at_once: usize,
    /// Newcomers who wait for that.
    pub handshakes_waiting: usize,
    /// Sockets that one address has open at a time.
    pub connections_per_address: usize,
    /// Sockets that one person has open at a time.
    pub connections_per_user: usize,
    /// Rooms that one socket follows at a time.
    pub rooms_per_connection: usize,
    /// Bytes of one frame of a socket and of one REST body.
    pub frame_bytes: usize,
    /// Bytes of text that one message carries.
    pub message_bytes: usize,
    /// Bytes that the newest messages of all rooms take of memory.
    pub history_cache_bytes: usize,
    /// Bytes of inbox entries that may wait for one user.
    pub inbox_bytes_per_user: u64,
    /// How long a client has for the head of its first request.
    pub first_request: Duration,
    /// How long a connection may wait for its next request, and for the rest of its head.
    pub keep_alive: Duration,
    /// How long nothing of a request's body may come.
    pub body: Duration,
    /// How long nothing of an answer may be taken; after that it must be taken quickly enough on average.
    pub response: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 100_000,
            waiting_connections: 2_000,
            handshakes_at_once: 8,
            handshakes_waiting: 5_000,
            connections_per_address: 100_000,
            connections_per_user: limits::MAX_CONNECTIONS_PER_PERSON,
            rooms_per_connection: limits::MAX_ROOMS_PER_CONNECTION,
            frame_bytes: limits::MAX_FRAME_BYTES,
            message_bytes: limits::MAX_MESSAGE_BYTES,
            history_cache_bytes: AT_HAND_BYTES,
            inbox_bytes_per_user: limits::INBOX_BYTES_PER_USER,
            first_request: Duration::from_secs(10),
            keep_alive: Duration::from_secs(75),
            body: Duration::from_secs(30),
            response: Duration::from_secs(30),
        }
    }
}

/// The limits as they are written. Their order is the one of the help.
#[derive(Args)]
pub(super) struct LimitSettings {
    /// Attempts to sign in or register a minute, of one address; a device that has signed in as the user before has as many
    /// of its own. Six times as many refresh tokens that are good for nothing [default: 10; 6000 in development, where tests
    /// sign in all the time]
    #[arg(long, env = "HUBBUB_SIGN_INS_PER_MINUTE", value_name = "COUNT")]
    sign_ins_per_minute: Option<NonZeroU32>,

    /// Attempts a minute to sign in with one login, over all addresses; devices that have signed in as the user before are
    /// not counted [default: 60, so that nobody guesses faster from many addresses; 60000 in development]
    #[arg(long, env = "HUBBUB_SIGN_INS_PER_LOGIN", value_name = "COUNT")]
    sign_ins_per_login: Option<NonZeroU32>,

    /// Exact user names that one user may look for a minute, where the directory lists those of shared rooms [default: 30,
    /// enough to invite a team by name and too few to find out who is here; 6000 in development]
    #[arg(long, env = "HUBBUB_LOOKUPS_PER_MINUTE", value_name = "COUNT")]
    lookups_per_minute: Option<NonZeroU32>,

    /// Sockets that one address may open a minute [default: 300, so that an office comes back within a minute after a
    /// restart; 60000 in development]
    #[arg(long, env = "HUBBUB_HANDSHAKES_PER_MINUTE", value_name = "COUNT")]
    handshakes_per_minute: Option<NonZeroU32>,

    /// Messages that one person may send a second, over all connections and REST; five times as many at once [default: 20,
    /// faster than anybody types and enough for a bot; 10000 in development]
    #[arg(long, env = "HUBBUB_MESSAGES_PER_SECOND", value_name = "COUNT")]
    messages_per_second: Option<NonZeroU32>,

    /// How often one person may say a second that they type; five times as often at once [default: 10; 1000 in development]
    #[arg(long, env = "HUBBUB_TYPING_PER_SECOND", value_name = "COUNT")]
    typing_per_second: Option<NonZeroU32>,

    /// Broadcasts that one connection may send a second; five times as many at once [default: 60, as often as a screen is
    /// drawn; 10000 in development]
    #[arg(long, env = "HUBBUB_BROADCASTS_PER_SECOND", value_name = "COUNT")]
    broadcasts_per_second: Option<NonZeroU32>,

    /// Wishes of any kind that one connection may have a second; ten times as many at once, because a client that comes
    /// back joins all of its rooms [default: 100; 100000 in development]
    #[arg(long, env = "HUBBUB_WISHES_PER_SECOND", value_name = "COUNT")]
    wishes_per_second: Option<NonZeroU32>,

    /// Bytes that one person may send a second over all connections, as they are after inflating; eight times as many at once.
    /// Beyond it nothing more of theirs is read until there is room, and nothing is lost [default: 1048576, more than a person
    /// or a bot has to say; 1 GiB in development]
    #[arg(long, env = "HUBBUB_BYTES_PER_SECOND", value_name = "BYTES")]
    bytes_per_second: Option<NonZeroU32>,

    /// Sockets that may be open at a time; beyond it handshakes get 503. Open files of the process must allow for it.
    #[arg(long, env = "HUBBUB_MAX_CONNECTIONS", value_name = "COUNT", default_value = "100000")]
    max_connections: NonZeroU32,

    /// HTTP connections that may wait for their clients at a time for longer than a second: for a request, for the rest of
    /// one, or until an answer is taken. Beyond it some are closed, first of those that never came to a second request, and
    /// of the address that has the most. Sockets and polls that are held do not count.
    #[arg(long, env = "HUBBUB_MAX_WAITING_CONNECTIONS", value_name = "COUNT", default_value = "2000")]
    max_waiting_connections: NonZeroU32,

    /// Newcomers who are let in at a time; the others wait in line, so that those who are in stay fast. Twice as many as the
    /// store has readers.
    #[arg(long, env = "HUBBUB_HANDSHAKES_AT_ONCE", value_name = "COUNT", default_value = "8")]
    handshakes_at_once: NonZeroU32,

    /// Newcomers who wait in line, 5 s at most; beyond it they get 503 and a moment to come again. As many as are let in
    /// meanwhile on a small machine.
    #[arg(long, env = "HUBBUB_HANDSHAKES_WAITING", value_name = "COUNT", default_value = "5000")]
    handshakes_waiting: NonZeroU32,

    /// Sockets that one address may have open at a time [default: 1000, a big office; in development and without rate limits
    /// as many as in total]
    #[arg(long, env = "HUBBUB_MAX_CONNECTIONS_PER_ADDRESS", value_name = "COUNT")]
    max_connections_per_address: Option<NonZeroU32>,

    /// Sockets that one person may have open at a time: a few devices with a few tabs each
    #[arg(long, env = "HUBBUB_MAX_CONNECTIONS_PER_PERSON", value_name = "COUNT", default_value = "20")]
    max_connections_per_person: NonZeroU32,

    /// Rooms that one connection may follow at a time
    #[arg(long, env = "HUBBUB_MAX_ROOMS_PER_CONNECTION", value_name = "COUNT", default_value = "512")]
    max_rooms_per_connection: NonZeroU32,

    /// Bytes of one frame, and of anything else that a client sends at once; beyond it a socket is closed with code 1009. Most
    /// frames and bodies may have less, by their kind [default: 1 MiB]
    #[arg(
        long,
        env = "HUBBUB_MAX_FRAME_BYTES",
        value_name = "BYTES",
        default_value = "1048576",
        hide_default_value = true
    )]
    max_frame_bytes: NonZeroU32,

    /// Bytes of text that one message may carry; must fit into a frame [default: 64 KiB]
    #[arg(
        long,
        env = "HUBBUB_MAX_MESSAGE_BYTES",
        value_name = "BYTES",
        default_value = "65536",
        hide_default_value = true
    )]
    max_message_bytes: NonZeroU32,

    /// Bytes of memory for the newest messages of all rooms together, which those who come back are told; what is older is
    /// read from the database, which takes longer [default: 64 MiB, 250,000 messages of a line or two]
    #[arg(
        long,
        env = "HUBBUB_AT_HAND_BYTES",
        value_name = "BYTES",
        default_value = "67108864",
        hide_default_value = true
    )]
    at_hand_bytes: u64,

    /// Bytes of direct messages and ended jobs that may wait for one user until their delivery is proven; beyond it their
    /// senders are refused [default: 64 MiB, a thousand of the longest messages]
    #[arg(
        long,
        env = "HUBBUB_INBOX_BYTES_PER_USER",
        value_name = "BYTES",
        default_value = "67108864",
        hide_default_value = true
    )]
    inbox_bytes_per_user: NonZeroU64,

    /// Seconds that a client has for the head of its first request; then the connection is closed, so that nobody holds
    /// doors half open
    #[arg(long, env = "HUBBUB_FIRST_REQUEST_SECONDS", value_name = "SECONDS", default_value = "10")]
    first_request_seconds: NonZeroU32,

    /// Seconds that a connection may wait for its next request and send the head of it. Longer than the minute for which
    /// proxies keep theirs, so that it is they who close them and none of their requests is lost to it.
    #[arg(long, env = "HUBBUB_KEEP_ALIVE_SECONDS", value_name = "SECONDS", default_value = "75")]
    keep_alive_seconds: NonZeroU32,

    /// Seconds without a byte of a request's body after which the connection is closed: longer than a phone is in a tunnel
    #[arg(long, env = "HUBBUB_BODY_SECONDS", value_name = "SECONDS", default_value = "30")]
    body_seconds: NonZeroU32,

    /// Seconds after which the connection is closed whose client takes nothing of an answer, or has taken less than 1 KiB a
    /// second on average in more than that time. A poll that is held is no answer yet.
    #[arg(long, env = "HUBBUB_RESPONSE_SECONDS", value_name = "SECONDS", default_value = "30")]
    response_seconds: NonZeroU32,
}

impl LimitSettings {
    /// What holds in an environment, with rate limits or without.
    pub(super) fn check(
        &self,
        environment: Environment,
        with_rates: bool,
    ) -> Result<(RateLimits, Limits), ConfigError> {
        let rates = if with_rates { self.rates(environment) } else { self.no_rates()? };
        let size = |count: NonZeroU32| usize::try_from(count.get()).unwrap_or(usize::MAX);
        let seconds = |count: NonZeroU32| Duration::from_secs(u64::from(count.get()));
        let connections = size(self.max_connections);
        let of_one_address = if with_rates && environment == Environment::Production {
            CONNECTIONS_PER_ADDRESS
        } else {
            connections
        };
        let limits = Limits {
            connections,
            waiting_connections: size(self.max_waiting_connections),
            handshakes_at_once: size(self.handshakes_at_once),
            handshakes_waiting: size(self.handshakes_waiting),
            connections_per_address: self.max_connections_per_address.map_or(of_one_address, size),
            connections_per_user: size(self.max_connections_per_person),
            rooms_per_connection: size(self.max_rooms_per_connection),
            frame_bytes: size(self.max_frame_bytes),
            message_bytes: size(self.max_message_bytes),
            history_cache_bytes: usize::try_from(self.at_hand_bytes).unwrap_or(usize::MAX),
            inbox_bytes_per_user: self.inbox_bytes_per_user.get(),
            first_request: seconds(self.first_request_seconds),
            keep_alive: seconds(self.keep_alive_seconds),
            body: seconds(self.body_seconds),
            response: seconds(self.response_seconds),
        };
        if limits.message_bytes > limits.frame_bytes {
            return Err(refused(format!(
                "HUBBUB_MAX_MESSAGE_BYTES is {} and does not fit into HUBBUB_MAX_FRAME_BYTES, which is {}",
                limits.message_bytes, limits.frame_bytes
            )));
        }
        Ok((rates, limits))
    }

    fn rates(&self, environment: Environment) -> RateLimits {
        let usual = RateLimits::of(environment);
        let or = |said: Option<NonZeroU32>, usual: Option<u32>| said.map(NonZeroU32::get).or(usual);
        RateLimits {
            sign_ins_per_minute: or(self.sign_ins_per_minute, usual.sign_ins_per_minute),
            sign_ins_per_login: or(self.sign_ins_per_login, usual.sign_ins_per_login),
            lookups_per_minute: or(self.lookups_per_minute, usual.lookups_per_minute),
            handshakes_per_minute: or(self.handshakes_per_minute, usual.handshakes_per_minute),
            messages_per_second: or(self.messages_per_second, usual.messages_per_second),
            typing_per_second: or(self.typing_per_second, usual.typing_per_second),
            broadcasts_per_second: or(self.broadcasts_per_second, usual.broadcasts_per_second),
            wishes_per_second: or(self.wishes_per_second, usual.wishes_per_second),
            bytes_per_second: or(self.bytes_per_second, usual.bytes_per_second),
        }
    }

    fn no_rates(&self) -> Result<RateLimits, ConfigError> {
        let said = [
            ("HUBBUB_SIGN_INS_PER_MINUTE", self.sign_ins_per_minute),
            ("HUBBUB_SIGN_INS_PER_LOGIN", self.sign_ins_per_login),
            ("HUBBUB_LOOKUPS_PER_MINUTE", self.lookups_per_minute),
            ("HUBBUB_HANDSHAKES_PER_MINUTE", self.handshakes_per_minute),
            ("HUBBUB_MESSAGES_PER_SECOND", self.messages_per_second),
            ("HUBBUB_TYPING_PER_SECOND", self.typing_per_second),
            ("HUBBUB_BROADCASTS_PER_SECOND", self.broadcasts_per_second),
            ("HUBBUB_WISHES_PER_SECOND", self.wishes_per_second),
            ("HUBBUB_BYTES_PER_SECOND", self.bytes_per_second),
        ];
        match said.iter().find(|(_, value)| value.is_some()) {
            Some((name, _)) => Err(refused(format!("HUBBUB_RATE_LIMITS is off, but {name} is set"))),
            None => Ok(RateLimits::OFF),
        }
    }
}
