//! The command line and the environment, as they are written.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use protocol::UserId;

use super::accounts::AccountSettings;
use super::limits::LimitSettings;
use super::quotas::QuotaSettings;
use super::user_command::UserCommand;
use super::{AccountsMode, Config, ConfigError, Environment, ListenAddress, Order, Synchronous, refused};
use crate::auth::ACCESS_MINUTES;

/// The backplane of several nodes is not in this version; silence about these would look like success.
const REDIS: [&str; 4] = ["REDIS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"];

/// A chat hub in one program.
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
        place: Place,
        /// Where the copy goes; nothing may be there yet
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Put a copy in the place of the database, while no server runs. What was there before is kept beside it.
    Restore {
        #[command(flatten)]
        place: Place,
        /// A copy that `hubbub backup` made
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Look for what is wrong in the database, or in a copy of it, whether a server runs or not. Exit code 0: nothing,
    /// 1: something, 2: it cannot be read.
    Check {
        #[command(flatten)]
        place: Place,
        /// A copy instead of the database
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Make and change accounts, whether a server runs or not. A running server notices within a second.
    #[command(subcommand)]
    User(UserCommand),
}

/// Where the database is.
#[derive(Args)]
pub(super) struct Place {
    /// Folder of the database and the generated secret.
    #[arg(long, env = "HUBBUB_DATA_DIR", value_name = "FOLDER", default_value = "./data")]
    pub(super) data_dir: PathBuf,

    /// `sqlite://PATH` of the database [default: hubbub.db in the data folder]
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub(super) database_url: Option<String>,
}

#[derive(Args)]
pub(super) struct Settings {
    /// production: nothing is made up, cookies need TLS. development: a secret and demo people are made at first start.
    #[arg(long, env = "HUBBUB_ENV", value_enum, default_value = "production")]
    pub(super) env: Environment,

    /// IP addresses or host names, each with a port, comma separated, such as `127.0.0.1:3000,[::1]:3000,localhost:8000`
    /// [default: 127.0.0.1:3000, this machine only; a proxy with TLS belongs in front]
    #[arg(
        long,
        env = "HUBBUB_LISTEN",
        value_name = "ADDRESSES",
        value_delimiter = ',',
        value_parser = ListenAddress::parse
    )]
    pub(super) listen: Option<Vec<ListenAddress>>,

    /// Port on 127.0.0.1, for platforms that only know this one. Must be one of the ports of the addresses, if there are any.
    #[arg(long, env = "PORT", value_name = "PORT")]
    pub(super) port: Option<u16>,

    /// Signs access tokens (HS256), at least 32 bytes, without the white space around it that files end in. Needed in production, because a secret that is made up would sign
    /// everybody out at each start; in development one is kept in the data folder. Better as a variable than as a flag,
    /// which other users of the machine can see.
    #[arg(long, env = "JWT_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub(super) jwt_secret: Option<String>,

    /// Another name for the same secret. Both set and different: no start.
    #[arg(long, env = "ACCESS_TOKEN_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub(super) access_token_secret: Option<String>,

    /// File that has the secret in it, such as a mounted secret of Kubernetes or a credential of systemd, instead of
    /// `JWT_SECRET`: other programs do not inherit it
    #[arg(long, env = "JWT_SECRET_FILE", value_name = "PATH")]
    pub(super) jwt_secret_file: Option<PathBuf>,

    /// Minutes that an access token made here lasts, 30 days at most. Few, because it travels with every request; clients
    /// fetch the next one with the refresh token.
    #[arg(long, env = "HUBBUB_ACCESS_TOKEN_MINUTES", value_name = "MINUTES", default_value_t = ACCESS_MINUTES)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=43_200))]
    pub(super) access_token_minutes: u32,

    #[command(flatten)]
    pub(super) place: Place,

    /// full: what is acknowledged survives a power cut. normal: fewer waits for the disk; a power cut may take the last
    /// commits, acknowledged or not, a crash of the program does not.
    #[arg(long, env = "HUBBUB_SYNCHRONOUS", value_enum, default_value = "full")]
    pub(super) synchronous: Synchronous,

    /// Browser origins besides our own that may use REST and open sockets, comma separated, such as
    /// `https://chat.example.org`; also those of apps (`capacitor://localhost`), and `null`, which stands for every page that
    /// was opened as a file [default: our own only, so that no other site can act for a visitor]
    #[arg(long, env = "CORS_ORIGIN", value_name = "ORIGINS")]
    pub(super) cors_origin: Option<String>,

    /// Proxies on other machines, addresses or networks such as `10.0.0.0/8`, comma separated: what they say in
    /// `X-Forwarded-For` is believed when clients are counted [default: a proxy on this machine only]
    #[arg(long, env = "HUBBUB_TRUSTED_PROXIES", value_name = "ADDRESSES")]
    pub(super) trusted_proxies: Option<String>,

    /// local: people register here. external: another backend signs the tokens with the same secret, and people unknown
    /// here are created from the claims sub, username or name, email at first sight.
    #[arg(long, env = "HUBBUB_ACCOUNTS", value_enum, default_value = "local")]
    pub(super) accounts: AccountsMode,

    #[command(flatten)]
    pub(super) users: AccountSettings,

    /// In development the addresses of QuizMaster take this id as a token, and no token at all as this person
    #[arg(
        long,
        env = "HUBBUB_MOCK_USER_ID",
        value_name = "ID",
        default_value = "f9b5645d-898b-4d58-b10a-a6b50a9d234b"
    )]
    pub(super) mock_user_id: UserId,

    /// How this server calls itself towards clients [default: the environment's name]
    #[arg(long, env = "HUBBUB_SERVER_NAME", value_name = "NAME")]
    pub(super) server_name: Option<String>,

    /// Folder of the built pages. Without it the API works and pages come without style.
    #[arg(long, env = "HUBBUB_SITE_DIR", value_name = "FOLDER", default_value = "target/site")]
    pub(super) site_dir: PathBuf,

    /// Whether the limits below that say how often something may be done hold. off is for load tests.
    #[arg(long, env = "HUBBUB_RATE_LIMITS", value_enum, default_value = "on")]
    pub(super) rate_limits: Switch,

    /// on: a client of Socket.IO without a token is believed who it says it is in `query.userId`, which unchanged clients
    /// of Talim need. Only in development [default: off]
    #[arg(long, env = "HUBBUB_TRUST_QUERY_USER", value_enum, value_name = "on|off")]
    pub(super) trust_query_user: Option<Switch>,

    #[command(flatten)]
    pub(super) limits: LimitSettings,

    #[command(flatten)]
    pub(super) quotas: QuotaSettings,

    /// Whether a socket that offers permessage-deflate (RFC 7692) may send and is sent compressed messages. off saves CPU
    /// where bandwidth costs nothing.
    #[arg(long, env = "HUBBUB_COMPRESSION", value_enum, default_value = "on", value_name = "on|off")]
    pub(super) compression: Switch,

    /// Bytes from which on a message is compressed [default: 1024: below it a frame fits into one packet either way]
    #[arg(long, env = "HUBBUB_COMPRESS_FROM", value_name = "BYTES")]
    pub(super) compress_from: Option<u32>,

    /// What is logged to stderr: error, warn, info, debug, trace, or a filter such as info,hub=debug.
    #[arg(long, env = "HUBBUB_LOG", value_name = "FILTER", default_value = "info")]
    pub(super) log: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Switch {
    #[value(aliases = ["true", "1", "yes"])]
    On,
    #[value(aliases = ["false", "0", "no"])]
    Off,
}

impl Order {
    /// Reads the command line (the program's name first) and the environment.
    ///
    /// # Errors
    /// [`ConfigError`], whose text is one line, or the help where that was asked for.
    pub fn read<A>(args: impl IntoIterator<Item = A>) -> Result<Self, ConfigError>
    where
        A: Into<OsString> + Clone,
    {
        let mut command = Cli::command();
        command.build();
        let names: Vec<String> =
            std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
        refuse_unknown_names(&command, &names)?;
        let matches =
            command.clone().try_get_matches_from(args).map_err(|error| one_line(&command, &error))?;
        let asked = Cli::from_arg_matches(&matches).map_err(|error| one_line(&command, &error))?.command;
        Ok(match asked {
            Command::Serve(settings) => {
                let from_flag = |name: &str| {
                    let serve = matches.subcommand_matches("serve");
                    serve.and_then(|serve| serve.value_source(name)) == Some(ValueSource::CommandLine)
                };
                let config = Config::check(*settings, from_flag("listen"), from_flag("port"))?;
                Self::Serve(Box::new(config))
            }
            Command::Backup { place, file } => Self::Backup { database: place.database()?, file },
            Command::Restore { place, file } => Self::Restore { database: place.database()?, file },
            Command::Check { file: Some(file), .. } => Self::Check { database: file },
            Command::Check { place, file: None } => Self::Check { database: place.database()? },
            Command::User(asked) => {
                let (place, order) = asked.order();
                Self::User { database: place.database()?, order }
            }
        })
    }
}

/// A misspelt variable would otherwise be a setting that silently does nothing.
fn refuse_unknown_names(command: &clap::Command, names: &[String]) -> Result<(), ConfigError> {
    let known: Vec<&str> =
        arguments(command).filter_map(|it| it.get_env()).filter_map(|it| it.to_str()).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    for name in names {
        if REDIS.contains(&name) {
            return Err(refused(format!("{name} is set, but this version runs as one node without Redis")));
        }
        if name.starts_with("HUBBUB_") && !known.contains(&name) {
            return Err(refused(format!("unknown setting {name} (see `hubbub serve --help`)")));
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
            return refused("say what to do, such as `hubbub serve` (see `hubbub --help`)");
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
    refused(line.strip_prefix("error: ").unwrap_or(&line))
}
