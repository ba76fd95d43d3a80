//! Options of a run on the real server, and the errors that keep it from being made.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// Where the server is looked for, the quick one first.
const PROGRAMS: [&str; 2] = ["target/release/hubbub", "target/debug/hubbub"];

/// What a run is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The server's program.
    pub program: PathBuf,
    /// How long it goes on.
    pub until: Until,
    /// Who does what to whom and when. How long things take is not in it, so a run repeats roughly.
    pub seed: u64,
    /// How many clients there are.
    pub clients: usize,
}

/// When a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// After so much time.
    Elapsed(Duration),
    /// After so many kills.
    Kills(u32),
}

/// Why a run could not be made. What the run finds is in its report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line is wrong.
    #[error("{0}")]
    Options(String),
    /// There is no server to run.
    #[error("no server was found at {0}: build one with `cargo build -p server --bin hubbub`")]
    NoProgram(String),
    /// The server's process, a port or a folder.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The server was started and did not report where it listens.
    #[error("the server did not start; it said: {0}")]
    NoStart(String),
    /// A request was not answered.
    #[error("a request was not answered")]
    Request(#[from] reqwest::Error),
    /// A request was refused.
    #[error("{path} was answered {status}: {body}")]
    Refused {
        /// What was asked for.
        path: String,
        /// The status of the answer.
        status: u16,
        /// Its body.
        body: String,
    },
    /// A part of the run ended in a panic.
    #[error("a part of the run ended")]
    Ended(#[from] tokio::task::JoinError),
}

impl Error {
    pub(super) fn io(what: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |source| Self::Io { what, source }
    }
}

/// A run as it is asked for on a command line.
#[derive(Debug, Clone, Default, Args)]
pub struct RealArgs {
    /// For how long; without minutes and kills for one minute.
    #[arg(long, conflicts_with = "kills")]
    pub minutes: Option<f64>,
    /// Until so many kills.
    #[arg(long)]
    pub kills: Option<u32>,
    /// Who does what and when.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many clients there are.
    #[arg(long, default_value_t = 50)]
    pub clients: usize,
    /// The server's program; without one the release build, else the debug build.
    #[arg(long)]
    pub program: Option<PathBuf>,
}

impl RealArgs {
    /// What is asked for, if there is a server to do it with.
    ///
    /// # Errors
    /// [`Error::Options`], [`Error::NoProgram`].
    pub fn options(self) -> Result<Options, Error> {
        let Self { minutes, kills, seed, clients, program } = self;
        let minutes = minutes.unwrap_or(1.0);
        let time = Duration::try_from_secs_f64(minutes * 60.0)
            .map_err(|_| Error::Options(format!("{minutes} minutes are no time")))?;
        let until = kills.map_or(Until::Elapsed(time), Until::Kills);
        let program = find_program(program)?;
        Ok(Options { program, until, seed, clients })
    }
}

/// The program that is named, else the first one that was built.
pub(super) fn find_program(program: Option<PathBuf>) -> Result<PathBuf, Error> {
    let candidates = program.map_or_else(|| PROGRAMS.map(PathBuf::from).to_vec(), |program| vec![program]);
    candidates.iter().find(|path| path.is_file()).cloned().ok_or_else(|| {
        let places: Vec<String> = candidates.iter().map(|path| path.display().to_string()).collect();
        Error::NoProgram(places.join(" or "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_understood_or_refused() {
        let program = std::env::current_exe().unwrap();
        let wanted =
            RealArgs { minutes: Some(0.5), seed: 7, clients: 3, program: Some(program.clone()), kills: None };
        let until = Until::Elapsed(Duration::from_secs(30));
        assert_eq!(wanted.clone().options().unwrap(), Options { program, until, seed: 7, clients: 3 });
        let counted = RealArgs { kills: Some(3), ..wanted.clone() };
        assert_eq!(counted.options().unwrap().until, Until::Kills(3));
        for (wanted, part) in [
            (RealArgs { minutes: Some(-1.0), ..wanted.clone() }, "-1 minutes are no time"),
            (
                RealArgs { program: Some("/nowhere/hubbub".into()), ..wanted },
                "no server was found at /nowhere/hubbub",
            ),
        ] {
            let received = wanted.options().unwrap_err().to_string();
            assert!(received.contains(part), "{received}");
        }
    }
}
