//! `hubbub user`: accounts from the command line.

use clap::{Args, Subcommand, ValueEnum};

use crate::auth::manage::{AccountChange, AccountCommand};
use crate::config::DataPaths;

/// The role of a user in the hub.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum UserRole {
    /// May do whatever a token with the role `admin` may.
    Admin,
    /// A user like any other.
    None,
}

#[derive(Args)]
pub(super) struct Target {
    #[command(flatten)]
    paths: DataPaths,
    /// The user name
    #[arg(value_name = "NAME")]
    name: String,
}

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Create an account. The password is read from stdin.
    Add {
        #[command(flatten)]
        target: Target,
        /// The e-mail address, which is accepted at sign-in like the name [default: none]
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
    },
    /// Set the password of an account, read from stdin. All sessions of the user end.
    Password(Target),
    /// Disable an account. All sessions of the user end, and connections are closed.
    Disable(Target),
    /// Enable a disabled account.
    Enable(Target),
    /// Make a user an administrator, or an ordinary user again
    Role {
        #[command(flatten)]
        target: Target,
        /// The user's role in the hub
        #[arg(value_enum)]
        role: UserRole,
    },
}

impl UserCommand {
    /// Where the database is, and the command.
    pub(super) fn into_parts(self) -> (DataPaths, AccountCommand) {
        let (Target { paths, name }, change) = match self {
            Self::Add { target, email } => (target, AccountChange::Add { email }),
            Self::Password(target) => (target, AccountChange::Password),
            Self::Disable(target) => (target, AccountChange::Disable),
            Self::Enable(target) => (target, AccountChange::Enable),
            Self::Role { target, role } => {
                (target, AccountChange::Administrator(matches!(role, UserRole::Admin)))
            }
        };
        (paths, AccountCommand { name, change })
    }
}
