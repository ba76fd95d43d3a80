//! The command line: reads what the program is asked to do, with the settings of the environment.

mod user;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::auth::manage::AccountCommand;
use crate::config::retired::{self, Renamed};
use crate::config::{Config, ConfigError, DataPaths, Settings, invalid};
use user::UserCommand;

/// Variables of a backplane, which this version does not have: ignoring them would seem a success.
const REDIS: [&str; 4] = ["REDIS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"];

/// A chat hub in one program. Called without a command, it runs the server: hubbub serve.
#[derive(Parser)]
#[command(name = "hubbub", version, disable_help_subcommand = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server. A flag wins over its environment variable.
    Serve(Box<Settings>),
    /// Copy the database into a new file, whether a server runs or not
    Backup {
        #[command(flatten)]
        paths: DataPaths,
        /// Path of the copy; no file may exist there
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Replace the database by a copy, while no server runs. The database that was there before is kept beside it.
    Restore {
        #[command(flatten)]
        paths: DataPaths,
        /// A copy that `hubbub backup` made
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Check the database, or a copy of it, for corruption, whether a server runs or not. Exit code 0: no findings,
    /// 1: findings, 2: it cannot be read.
    Check {
        #[command(flatten)]
        paths: DataPaths,
        /// A copy instead of the database
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Create and change accounts, whether a server runs or not. A running server notices within a second.
    #[command(subcommand)]
    User(UserCommand),
}

/// What the program is asked to do.
#[derive(Debug)]
pub enum CliCommand {
    /// Run the server.
    Serve(Box<Config>),
    /// Copy the database.
    Backup {
        /// The SQLite file.
        database: PathBuf,
        /// Path of the copy.
        file: PathBuf,
    },
    /// Replace the database by a copy.
    Restore {
        /// The SQLite file.
        database: PathBuf,
        /// The copy.
        file: PathBuf,
    },
    /// Check a database for corruption.
    Check {
        /// The SQLite file.
        database: PathBuf,
    },
    /// Create or change an account.
    User {
        /// The SQLite file.
        database: PathBuf,
        /// The account and the change.
        command: AccountCommand,
    },
}

impl CliCommand {
    /// Reads the command line (the program's name first) and the environment. Without a command it is [`Self::Serve`], as
    /// cargo-leptos calls the program.
    ///
    /// # Errors
    /// [`ConfigError`], whose text is one line, or the help where that was asked for.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, ConfigError> {
        let mut variables: Vec<String> =
            std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
        variables.sort_unstable();
        let command = Cli::command();
        refuse_unknown_variables(&command, &variables)?;
        let args = with_command(args.into_iter().collect());
        let Renamed { mut command, args, used } = retired::rename(command, args, &variables)?;
        command.build();
        let matches =
            command.clone().try_get_matches_from(args).map_err(|error| one_line(&command, &error))?;
        let parsed = Cli::from_arg_matches(&matches).map_err(|error| one_line(&command, &error))?.command;
        Ok(match parsed {
            Command::Serve(settings) => {
                let from_flag = |name: &str| {
                    let serve = matches.subcommand_matches("serve");
                    serve.and_then(|serve| serve.value_source(name)) == Some(ValueSource::CommandLine)
                };
                let config = Config::check(*settings, from_flag("listen"), from_flag("port"), used)?;
                Self::Serve(Box::new(config))
            }
            Command::Backup { paths, file } => Self::Backup { database: paths.database()?, file },
            Command::Restore { paths, file } => Self::Restore { database: paths.database()?, file },
            Command::Check { file: Some(file), .. } => Self::Check { database: file },
            Command::Check { paths, file: None } => Self::Check { database: paths.database()? },
            Command::User(command) => {
                let (paths, command) = command.into_parts();
                Self::User { database: paths.database()?, command }
            }
        })
    }
}

/// Puts the default command where none is named.
fn with_command(mut args: Vec<OsString>) -> Vec<OsString> {
    let is_of_program =
        |arg: &str| !arg.starts_with('-') || matches!(arg, "-h" | "--help" | "-V" | "--version");
    let has_command = args.get(1).is_some_and(|arg| arg.to_str().is_none_or(is_of_program));
    if !has_command {
        args.insert(args.len().min(1), "serve".into());
    }
    args
}

/// A misspelt variable would otherwise be a setting without effect.
fn refuse_unknown_variables(command: &clap::Command, variables: &[String]) -> Result<(), ConfigError> {
    let known: Vec<&str> =
        arguments(command).filter_map(|it| it.get_env()).filter_map(|it| it.to_str()).collect();
    for name in variables.iter().map(String::as_str) {
        if REDIS.contains(&name) {
            return Err(invalid(format!("{name} is set, but this version runs as one node without Redis")));
        }
        if name.starts_with("HUBBUB_") && !known.contains(&name) && !retired::is_retired(name) {
            return Err(invalid(format!("unknown setting {name} (see `hubbub serve --help`)")));
        }
    }
    Ok(())
}

fn arguments(command: &clap::Command) -> impl Iterator<Item = &clap::Arg> {
    let nested = command.get_subcommands().flat_map(clap::Command::get_subcommands);
    command.get_subcommands().chain(nested).flat_map(clap::Command::get_arguments)
}

/// The first paragraph of clap's message, with the variable's name, since the value may have come from there.
fn one_line(command: &clap::Command, error: &clap::Error) -> ConfigError {
    use clap::error::{ContextKind, ContextValue, ErrorKind};

    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => return ConfigError::Shown(error.to_string()),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            return invalid("a command is missing (see `hubbub --help`)");
        }
        _ => {}
    }
    let text = error.to_string();
    let paragraph: Vec<&str> =
        text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    let mut line = paragraph.join(" ");
    if let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) {
        let argument = arguments(command).find(|argument| argument.to_string() == *flag);
        if let Some(variable) = argument.and_then(clap::Arg::get_env) {
            line = format!("{line} (also set by {})", variable.to_string_lossy());
        }
    }
    invalid(line.strip_prefix("error: ").unwrap_or(&line))
}
