//! Choices: settings that are one of a few words.

use clap::ValueEnum;

/// Strict or convenient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Environment {
    /// No default replaces a missing secret, and cookies need TLS.
    Production,
    /// The first start works without any setting and creates demo users.
    Development,
}

impl Environment {
    /// The word used in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Development => "development",
        }
    }
}

/// When a commit waits for the disk (<https://sqlite.org/pragma.html#pragma_synchronous>, for a write-ahead log).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Synchronous {
    /// At each commit: acknowledged messages survive a power cut.
    #[default]
    Full,
    /// Now and then: a power cut may lose the last commits; a crash of the program loses none.
    Normal,
}

/// Which service keeps the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AccountsMode {
    /// Users register here.
    Local,
    /// Another backend signs the tokens; users are created from the claims at first sight.
    External,
}

/// A switch.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnOff {
    #[value(aliases = ["true", "1", "yes"])]
    On,
    #[value(aliases = ["false", "0", "no"])]
    Off,
}
