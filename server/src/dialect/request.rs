//! Requests: what a client asks for, the same for all dialects.

use hub::{Command, CommandError};
use protocol::{RunId, SimulationPlan};

/// What a frame or an event asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// A command for the hub.
    Hub(Command),
    /// The first frame of a socket without a token, or a fresh token. It must not reach a log.
    Authenticate {
        /// An access token.
        token: String,
        /// The client's cursor of its inbox, in a dialect that has one.
        inbox: Option<u64>,
    },
    /// Start a simulated job.
    Simulate(SimulationPlan),
    /// As [`Request::Simulate`], in a dialect that has no names for runs: the gateway generates one.
    SimulateUnnamed(SimulationPlan),
    /// Stop a simulated job.
    Cancel(RunId),
}

/// What a frame or an event asks for, or what is wrong with it.
pub type Decoded = Result<Request, Box<CommandError>>;
