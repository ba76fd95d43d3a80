//! Errors that keep a measurement from being made.

use std::io;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error("{0}")]
    Usage(String),
    #[error("{what}")]
    Io {
        what: String,
        #[source]
        source: io::Error,
    },
    #[error("{opened} of {wanted} connections are open: {why}")]
    NotConnected { opened: usize, wanted: usize, why: String },
    #[error("the server said {0}")]
    Refused(String),
    #[error("no histogram")]
    Histogram(#[from] hdrhistogram::CreationError),
}

impl Failed {
    /// The error of a system call, with what was tried.
    pub(crate) fn at(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what: what.into(), source }
    }
}
