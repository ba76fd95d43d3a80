//! What a run is asked to do, and why it could not be done.

use std::path::PathBuf;
use std::time::Duration;

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
    /// The server was started and did not say where it listens.
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

impl Options {
    /// A run of the server that was built last, with 50 clients.
    ///
    /// # Errors
    /// [`Error::NoProgram`].
    pub fn new(until: Until, seed: u64) -> Result<Self, Error> {
        let program = PROGRAMS.iter().map(PathBuf::from).find(|path| path.is_file());
        let program = program.ok_or_else(|| Error::NoProgram(PROGRAMS.join(" or ")))?;
        Ok(Self { program, until, seed, clients: 50 })
    }

    /// Reads `--minutes N`, `--kills N`, `--seed S`, `--clients N` and `--program PATH`. Without a length it is a minute,
    /// without a seed the first one.
    ///
    /// # Errors
    /// [`Error::Options`], [`Error::NoProgram`].
    pub fn parse(args: impl IntoIterator<Item = String>) -> Result<Self, Error> {
        let mut args = args.into_iter();
        let (mut program, mut until, mut seed, mut clients) = (None, None, 1, 50);
        while let Some(name) = args.next() {
            let value = args.next().ok_or_else(|| Error::Options(format!("{name} needs a value")))?;
            match name.as_str() {
                "--minutes" => until = Some(Until::Elapsed(minutes(&value)?)),
                "--kills" => until = Some(Until::Kills(number(&name, &value)?)),
                "--seed" => seed = number(&name, &value)?,
                "--clients" => clients = number(&name, &value)?,
                "--program" => program = Some(PathBuf::from(value)),
                _ => return Err(Error::Options(format!("{name} is no option of a run"))),
            }
        }
        let until = until.unwrap_or(Until::Elapsed(Duration::from_mins(1)));
        match program {
            Some(program) if program.is_file() => Ok(Self { program, until, seed, clients }),
            Some(program) => Err(Error::NoProgram(program.display().to_string())),
            None => Ok(Self { clients, ..Self::new(until, seed)? }),
        }
    }
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, Error> {
    value.parse().map_err(|_| Error::Options(format!("{name} `{value}` is no number")))
}

fn minutes(value: &str) -> Result<Duration, Error> {
    let seconds = number::<f64>("--minutes", value)? * 60.0;
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| Error::Options(format!("--minutes `{value}` is no time")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Error> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_command_line_is_read_or_refused_by_name() {
        let program = std::env::current_exe().unwrap();
        let line = format!("--program {} --minutes 0.5 --seed 7 --clients 3", program.display());
        let until = Until::Elapsed(Duration::from_secs(30));
        assert_eq!(parse(&line).unwrap(), Options { program, until, seed: 7, clients: 3 });
        for (line, part) in [
            ("--minutes", "--minutes needs a value"),
            ("--minutes soon", "`soon` is no number"),
            ("--minutes -1", "`-1` is no time"),
            ("--speed 7", "--speed is no option"),
            ("--program /nowhere/hubbub", "no server was found at /nowhere/hubbub"),
        ] {
            let told = parse(line).unwrap_err().to_string();
            assert!(told.contains(part), "{line}: {told}");
        }
    }
}
