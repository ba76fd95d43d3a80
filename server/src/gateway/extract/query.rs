//! Queries: the extractor of the query of a request.

use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::Pairs;
use crate::error::ApiError;
use crate::json::{Rules, Tree};

/// The query of a request. Unknown keys are ignored.
pub(crate) struct ApiQuery<T>(pub(crate) T);

impl<T: DeserializeOwned> ApiQuery<T> {
    /// The query of an address.
    ///
    /// # Errors
    /// [`ApiError::Misread`].
    pub(crate) fn of(uri: &Uri) -> Result<Self, ApiError> {
        // Any text is a list of pairs, so only the shape can be wrong.
        let pairs = Query::<Pairs>::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default();
        Ok(Self(Tree::of_pairs(pairs).read(Rules::Query)?))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::of(&parts.uri)
    }
}
