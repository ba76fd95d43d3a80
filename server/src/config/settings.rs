//! The settings of `hubbub serve` as they are written: each with its flag, variable, unit, default and reason.

use std::path::PathBuf;

use clap::Args;
use protocol::UserId;

use super::accounts::AccountSettings;
use super::cargo_leptos::CargoLeptos;
use super::changes::ChangeSettings;
use super::choice::{AccountsMode, Environment, OnOff, Synchronous};
use super::data_paths::DataPaths;
use super::limits::LimitSettings;
use super::listen::ListenAddress;
use super::quotas::QuotaSettings;
use crate::auth::ACCESS_MINUTES;

#[derive(Args)]
pub(crate) struct Settings {
    /// production: a secret must be set, and cookies need TLS. development: the first start generates a secret and demo users.
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

    /// Signs access tokens (HS256), at least 32 bytes; white space around it is trimmed. Required in production, because a
    /// generated secret would sign out all users at each start; in development one is kept in the data folder. Better set as
    /// a variable than as a flag, which other users of the machine can see.
    #[arg(long, env = "JWT_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub(super) jwt_secret: Option<String>,

    /// Another name for the same secret. Both set and different: the server does not start.
    #[arg(long, env = "ACCESS_TOKEN_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub(super) access_token_secret: Option<String>,

    /// File that contains the secret, such as a mounted secret of Kubernetes or a credential of systemd, instead of
    /// `JWT_SECRET`: other processes do not inherit it
    #[arg(long, env = "JWT_SECRET_FILE", value_name = "PATH")]
    pub(super) jwt_secret_file: Option<PathBuf>,

    /// Lifetime in minutes of an access token issued here, 30 days at most. Short, because it is sent with every request;
    /// clients fetch the next one with the refresh token.
    #[arg(long, env = "HUBBUB_ACCESS_TOKEN_MINUTES", value_name = "MINUTES", default_value_t = ACCESS_MINUTES)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=43_200))]
    pub(super) access_token_minutes: u32,

    #[command(flatten)]
    pub(super) paths: DataPaths,

    /// full: acknowledged messages survive a power cut. normal: fewer waits for the disk; a power cut may lose the last
    /// commits, acknowledged or not; a crash of the program does not.
    #[arg(long, env = "HUBBUB_SYNCHRONOUS", value_enum, default_value = "full")]
    pub(super) synchronous: Synchronous,

    /// Browser origins besides the server's own that may use REST and open sockets, comma separated, such as
    /// `https://chat.example.org`; also those of apps (`capacitor://localhost`), and `null`, which is the origin of every page
    /// opened as a file [default: the server's own only, so that no other site can act for a visitor]
    #[arg(long, env = "CORS_ORIGIN", value_name = "ORIGINS")]
    pub(super) cors_origin: Option<String>,

    /// Trusted proxies on other machines, addresses or networks such as `10.0.0.0/8`, comma separated: the client address is
    /// taken from their `X-Forwarded-For` [default: a proxy on this machine only]
    #[arg(long, env = "HUBBUB_TRUSTED_PROXIES", value_name = "ADDRESSES")]
    pub(super) trusted_proxies: Option<String>,

    /// local: users register here. external: another backend signs the tokens with the same secret, and unknown users are
    /// created from the claims sub, username or name, email at first sight.
    #[arg(long, env = "HUBBUB_ACCOUNTS", value_enum, default_value = "local")]
    pub(super) accounts: AccountsMode,

    #[command(flatten)]
    pub(super) users: AccountSettings,

    /// In development the endpoints of QuizMaster accept this id as a token, and treat a missing token as this user
    #[arg(
        long,
        env = "HUBBUB_DEV_USER_ID",
        value_name = "ID",
        default_value = "f9b5645d-898b-4d58-b10a-a6b50a9d234b"
    )]
    pub(super) dev_user_id: UserId,

    /// Name of this server in `welcome` [default: the environment's name]
    #[arg(long, env = "HUBBUB_SERVER_NAME", value_name = "NAME")]
    pub(super) server_name: Option<String>,

    /// Folder of the built pages. Without it the API works and pages have no style. [default: target/site]
    #[arg(long, env = "HUBBUB_SITE_DIR", value_name = "FOLDER")]
    pub(super) site_dir: Option<PathBuf>,

    #[command(flatten)]
    pub(super) cargo_leptos: CargoLeptos,

    /// Whether the rate limits below are enforced. off is for load tests.
    #[arg(long, env = "HUBBUB_RATE_LIMITS", value_enum, default_value = "on")]
    pub(super) rate_limits: OnOff,

    /// on: a Socket.IO client without a token is the user that it names in `query.userId`, which unchanged clients of Talim
    /// need. Only in development [default: off]
    #[arg(long, env = "HUBBUB_TRUST_QUERY_USER", value_enum, value_name = "on|off")]
    pub(super) trust_query_user: Option<OnOff>,

    #[command(flatten)]
    pub(super) limits: LimitSettings,

    #[command(flatten)]
    pub(super) quotas: QuotaSettings,

    #[command(flatten)]
    pub(super) changes: ChangeSettings,

    /// Whether permessage-deflate (RFC 7692) is negotiated with sockets that offer it. off saves CPU where bandwidth costs
    /// nothing.
    #[arg(long, env = "HUBBUB_COMPRESSION", value_enum, default_value = "on", value_name = "on|off")]
    pub(super) compression: OnOff,

    /// Minimum size in bytes of a message that is compressed [default: 1024: a smaller frame fits into one packet either way]
    #[arg(long, env = "HUBBUB_COMPRESSION_MIN_BYTES", value_name = "BYTES")]
    pub(super) compression_min_bytes: Option<u32>,

    /// What is logged to stderr: error, warn, info, debug, trace, or a filter such as info,hub=debug.
    #[arg(long, env = "HUBBUB_LOG", value_name = "FILTER", default_value = "info")]
    pub(super) log: String,
}
