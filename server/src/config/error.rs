//! Errors of the configuration: why the program does not start, in one line.

/// Why the program does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not an error: the help or the version was asked for.
    #[error("{0}")]
    Shown(String),
    /// A setting is unknown, wrong or contradicts another. One line.
    #[error("{0}")]
    Invalid(String),
}

/// An error with this line.
pub(crate) fn invalid(why: impl Into<String>) -> ConfigError {
    ConfigError::Invalid(why.into())
}
