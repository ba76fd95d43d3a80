//! `StoreUnavailable`: why the database did not do what it was asked, in a type that ports and callers share.

use std::sync::Arc;

use hub::store::StoreError;

use crate::auth::accounts::AccountError;

/// Why the database did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreUnavailable {
    /// It answered with an error, or with something that cannot be stored data.
    #[error("the database failed")]
    Database(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// It is closed.
    #[error("the database is closed")]
    Closed,
}

impl From<sqlx::Error> for StoreUnavailable {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolClosed => Self::Closed,
            error => Self::Database(Arc::new(error)),
        }
    }
}

impl From<StoreUnavailable> for StoreError {
    fn from(unavailable: StoreUnavailable) -> Self {
        Self::Unavailable(Arc::new(unavailable))
    }
}

impl From<StoreUnavailable> for AccountError {
    fn from(unavailable: StoreUnavailable) -> Self {
        Self::Unavailable(Arc::new(unavailable))
    }
}

/// Turns the error of a read into the error of a port.
pub(super) fn read_error<E: From<StoreUnavailable>>(error: sqlx::Error) -> E {
    StoreUnavailable::from(error).into()
}
