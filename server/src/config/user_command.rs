//! `hubbub user`: accounts from the command line.

use clap::{Args, Subcommand, ValueEnum};

use super::command_line::Place;

/// Which account, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserOrder {
    /// The user name.
    pub name: String,
    /// What becomes of it.
    pub change: UserChange,
}

/// What becomes of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserChange {
    /// It is made, with a password from stdin.
    Add {
        /// The e-mail address; without one the account has none that anybody could write to.
        email: Option<String>,
    },
    /// It gets another password, from stdin.
    Password,
    /// Nobody gets in with it any more.
    Disable,
    /// It is in use again.
    Enable,
    /// Its user is an administrator, or is none any more.
    Role(UserRole),
}

/// What a user may be to the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum UserRole {
    /// May do whatever a token with the role `admin` may.
    Admin,
    /// A user like any other.
    None,
}

#[derive(Args)]
pub(super) struct Named {
    #[command(flatten)]
    place: Place,
    /// The user name
    #[arg(value_name = "NAME")]
    name: String,
}

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Make an account. The password is read from stdin.
    Add {
        #[command(flatten)]
        of: Named,
        /// The e-mail address, which signs in as well as the name does [default: none]
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
    },
    /// Give an account another password, read from stdin. All sign-ins of the user end.
    Password(Named),
    /// Let nobody in with an account any more. All sign-ins of the user end, and connections are closed.
    Disable(Named),
    /// Take a disabled account back into use.
    Enable(Named),
    /// Make a user an administrator, or an ordinary user again
    Role {
        #[command(flatten)]
        of: Named,
        /// What the user is to the hub
        #[arg(value_enum)]
        role: UserRole,
    },
}

impl UserCommand {
    /// Where the database is, and what is asked for.
    pub(super) fn order(self) -> (Place, UserOrder) {
        let (Named { place, name }, change) = match self {
            Self::Add { of, email } => (of, UserChange::Add { email }),
            Self::Password(of) => (of, UserChange::Password),
            Self::Disable(of) => (of, UserChange::Disable),
            Self::Enable(of) => (of, UserChange::Enable),
            Self::Role { of, role } => (of, UserChange::Role(role)),
        };
        (place, UserOrder { name, change })
    }
}
