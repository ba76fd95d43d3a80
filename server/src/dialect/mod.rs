//! How clients spell what the hub understands. A dialect is two pure functions: text in, wish out; event in, bytes out.
//!
//! [`ENDPOINTS`] lists the dialects of raw sockets with their addresses: a new one is a file beside this and a line there.
//! The vocabularies of Socket.IO share one door, so their events share one spelling, see `socketio.rs`.

mod chat_api;
mod common;
#[cfg(test)]
mod golden;
pub mod mockverse;
mod native;
mod packet;
mod quizmaster;
mod size;
mod skilllift;
pub mod socketio;
pub mod talim;

pub use size::most_bytes_of_a_carrier;

use hub::{Command, CommandError, Encoder};
use protocol::{RoomId, RunId, SimulationPlan};

/// What a frame asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Something for the hub.
    Hub(Command),
    /// The first frame of a socket without a token, or a fresh token. Has no `Debug` of its own in any log.
    Authenticate {
        /// An access token.
        token: String,
        /// The client's cursor of its inbox, in a dialect that has one.
        inbox: Option<u64>,
    },
    /// Start a simulated job.
    Simulate(SimulationPlan),
    /// As [`Request::Simulate`], in a dialect that has no names for runs: the door makes one up.
    SimulateUnnamed(SimulationPlan),
    /// Stop one.
    Cancel(RunId),
}

/// What a frame or an event asks for, or what is wrong with it.
pub type Decoded = Result<Request, Box<CommandError>>;

/// What a socket is for, as its address says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Whatever its frames say.
    Anything,
    /// This room alone.
    Room(RoomId),
    /// What reaches its person.
    Inbox,
}

/// A published spelling for raw sockets. Knows no socket and keeps no state.
#[derive(Debug)]
pub struct Dialect {
    /// For logs.
    pub name: &'static str,
    /// How events are written.
    pub encoder: Encoder,
    /// Reads a frame of a socket that is for this.
    ///
    /// # Errors
    /// A refusal in words, with the room and the draft it was about where they can be told.
    pub decode: fn(&str, &Scope) -> Result<Request, Box<CommandError>>,
    /// The types of frames that carry a text or values of the application. All others are small.
    pub carriers: &'static [&'static str],
    /// Whether a socket may come without a token and show it in its first frame.
    pub takes_first_frame: bool,
    /// Whether a client may keep a cursor of its inbox and give it when it connects.
    pub has_inbox_cursor: bool,
}

impl Dialect {
    /// How many bytes a frame may have, by the type that it begins with. One that names its type later may have what the
    /// largest may. `message_bytes`: how long a text may be.
    pub fn most_bytes(&self, frame: &str, message_bytes: usize) -> usize {
        size::most_bytes(size::first_type(frame), self.carriers, message_bytes)
    }
}

/// What the address of a socket says of its scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathParam {
    /// Nothing.
    Plain,
    /// The last part names a room.
    Room,
    /// The last part names the person whose socket it is.
    Person,
}

/// Whom an address takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthPolicy {
    /// Whoever proves who it is.
    Proof,
    /// In development also the mock person, by name or without any proof.
    ProofOrMock,
    /// As [`AuthPolicy::ProofOrMock`], and in production the address does not exist.
    DevelopmentOnly,
}

/// Where a dialect is spoken.
#[derive(Debug)]
pub struct Endpoint {
    /// The path, as a router takes it.
    pub path: &'static str,
    /// What it says.
    pub address: PathParam,
    /// Whom it takes.
    pub auth_policy: AuthPolicy,
    /// How one speaks there.
    pub dialect: &'static Dialect,
    /// The same without the e-mail addresses of others, where it has any.
    without_emails: &'static Dialect,
}

impl Endpoint {
    const fn new(path: &'static str, address: PathParam, dialect: &'static Dialect) -> Self {
        Self { path, address, auth_policy: AuthPolicy::Proof, dialect, without_emails: dialect }
    }

    const fn or_without_emails(self, without_emails: &'static Dialect) -> Self {
        Self { without_emails, ..self }
    }

    /// How one speaks there on a server whose members see each other's e-mail addresses, or do not.
    pub fn dialect_showing(&self, emails: bool) -> &'static Dialect {
        if emails { self.dialect } else { self.without_emails }
    }

    const fn taking(self, auth_policy: AuthPolicy) -> Self {
        Self { auth_policy, ..self }
    }
}

/// Every raw socket there is. `/` is shared with the start page, by the `Upgrade` header.
pub static ENDPOINTS: [Endpoint; 6] = [
    Endpoint::new("/api/v1/ws", PathParam::Plain, &native::NATIVE)
        .or_without_emails(&native::NATIVE_WITHOUT_EMAILS),
    Endpoint::new("/api/v1/ws/chat/{id}", PathParam::Room, &chat_api::CHAT_API)
        .or_without_emails(&chat_api::CHAT_API_WITHOUT_EMAILS),
    Endpoint::new("/api/v1/ws/{id}", PathParam::Person, &chat_api::CHAT_API)
        .or_without_emails(&chat_api::CHAT_API_WITHOUT_EMAILS),
    Endpoint::new("/ws/endpoint", PathParam::Plain, &quizmaster::QUIZMASTER).taking(AuthPolicy::ProofOrMock),
    Endpoint::new("/dev/ws/test", PathParam::Plain, &quizmaster::page::QUIZMASTER_PAGE)
        .taking(AuthPolicy::DevelopmentOnly),
    Endpoint::new("/", PathParam::Plain, &skilllift::SKILLLIFT),
];
