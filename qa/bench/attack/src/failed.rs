//! Errors that keep the program from measuring the server.

use std::io;

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error("{0}")]
    Io(&'static str, #[source] io::Error),
    #[error("the server did not start; its log is {0}")]
    NoStart(String),
    #[error("no token could be signed")]
    Token(#[from] jsonwebtoken::errors::Error),
    #[error("an ordinary client could not be set up: {0}")]
    NotReady(String),
    #[error("{0}")]
    Usage(String),
}

impl Failed {
    /// The error of a system call, with what was to be done.
    pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io(what, error)
    }
}
