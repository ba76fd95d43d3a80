//! How clients spell what the hub understands. A dialect is two pure functions: text in, wish out; event in, bytes out.

mod native;

pub use native::Native;

use hub::{Command, Failure, Spelling};
use protocol::{RunId, SimulationPlan};

/// What a frame asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Something for the hub.
    Hub(Command),
    /// The first frame of a socket without a token, or a fresh token. Has no `Debug` of its own in any log.
    Authenticate(String),
    /// Start a simulated job.
    Simulate(SimulationPlan),
    /// Stop one.
    Cancel(RunId),
}

/// A published spelling. Knows no socket and keeps no state.
pub trait Dialect: Send + Sync + 'static {
    /// How events are written.
    const SPELLING: Spelling;

    /// Reads a frame.
    ///
    /// # Errors
    /// A refusal in words, with the room and the draft it was about where they can be told.
    fn decode(frame: &str) -> Result<Request, Box<Failure>>;
}
