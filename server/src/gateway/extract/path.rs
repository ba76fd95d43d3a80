//! Paths: the extractors of the identifiers that a path names.
//!
//! A path that is no text names nothing, and is rejected before query and body are read. A text that is no identifier is
//! answered as if the identifier were unknown. Where an unknown identifier is noticed late, after a command was counted or its
//! other values were checked, so is a malformed one ([`PathResult`], [`PathAndBody`]): both look the same to a client.

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use hub::HubError;
use protocol::{JobId, MessageId, RoomId, UserId};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::body::ApiBody;
use crate::error::ApiError;

/// The texts that a path names, as they are: one, or several as a tuple.
pub(crate) struct ApiPath<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for ApiPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(part)) => Ok(Self(part)),
            Err(_) => Err(ApiError::NotFound),
        }
    }
}

/// What a path names.
pub(crate) trait PathId: Send + Sized {
    /// The texts in the path.
    type Raw: DeserializeOwned + Send;

    /// # Errors
    /// The error of an identifier that is unknown.
    fn parse(raw: &Self::Raw) -> Result<Self, ApiError>;
}

/// The room that a path names.
pub(crate) struct RoomPath(pub(crate) RoomId);

impl PathId for RoomPath {
    type Raw = String;

    fn parse(raw: &String) -> Result<Self, ApiError> {
        RoomId::parse(raw).map(Self).map_err(|_| ApiError::Hub(HubError::NoSuchRoom))
    }
}

/// The user that a path names.
pub(crate) struct UserPath(pub(crate) UserId);

impl PathId for UserPath {
    type Raw = String;

    fn parse(raw: &String) -> Result<Self, ApiError> {
        UserId::parse(raw).map(Self).map_err(|_| ApiError::NotFound)
    }
}

/// The member that a path names: a room, and a user in it.
pub(crate) struct MemberPath {
    pub(crate) room: RoomId,
    pub(crate) user: UserId,
}

impl PathId for MemberPath {
    type Raw = (String, String);

    fn parse((room, user): &(String, String)) -> Result<Self, ApiError> {
        let (RoomPath(room), UserPath(user)) = (RoomPath::parse(room)?, UserPath::parse(user)?);
        Ok(Self { room, user })
    }
}

/// The job that a path names.
pub(crate) struct JobPath(pub(crate) JobId);

impl PathId for JobPath {
    type Raw = String;

    fn parse(raw: &String) -> Result<Self, ApiError> {
        let id = Uuid::try_parse(raw).map_err(|_| ApiError::Hub(HubError::NoSuchJob))?;
        Ok(Self(JobId(id)))
    }
}

/// The message that a path names.
pub(crate) struct MessagePath(pub(crate) MessageId);

impl PathId for MessagePath {
    type Raw = String;

    fn parse(raw: &String) -> Result<Self, ApiError> {
        let id = Uuid::try_parse(raw).map_err(|_| ApiError::Hub(HubError::NoSuchMessage))?;
        Ok(Self(MessageId(id)))
    }
}

/// The reaction that a path names: a message, and the kind of the reaction.
pub(crate) struct ReactionPath {
    pub(crate) message: MessageId,
    pub(crate) emoji: Box<str>,
}

impl PathId for ReactionPath {
    type Raw = (String, String);

    fn parse((message, emoji): &(String, String)) -> Result<Self, ApiError> {
        let MessagePath(message) = MessagePath::parse(message)?;
        Ok(Self { message, emoji: emoji.as_str().into() })
    }
}

/// The sign-in that a path names.
pub(crate) struct SignInPath(pub(crate) Uuid);

impl PathId for SignInPath {
    type Raw = String;

    fn parse(raw: &String) -> Result<Self, ApiError> {
        Uuid::try_parse(raw).map(Self).map_err(|_| ApiError::NotFound)
    }
}

/// Implements the extractor of each of these types.
macro_rules! extract {
    ($($path:ty),+) => { $(
        impl<S: Send + Sync> FromRequestParts<S> for $path {
            type Rejection = ApiError;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
                let ApiPath(raw) = ApiPath::<<Self as PathId>::Raw>::from_request_parts(parts, state).await?;
                Self::parse(&raw)
            }
        }
    )+ };
}

extract!(RoomPath, UserPath, MemberPath, JobPath, SignInPath);

/// What a path names, or the error of an identifier that is none, for the handler to return in its turn.
pub(crate) struct PathResult<P>(pub(crate) Result<P, ApiError>);

impl<S: Send + Sync, P: PathId> FromRequestParts<S> for PathResult<P> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let ApiPath(raw) = ApiPath::<P::Raw>::from_request_parts(parts, state).await?;
        Ok(Self(P::parse(&raw)))
    }
}

/// What a path names as in [`PathResult`], and a JSON body. A body that is wrong is answered before an identifier that is none.
pub(crate) struct PathAndBody<P, T>(pub(crate) Result<P, ApiError>, pub(crate) T);

impl<S: Send + Sync, P: PathId, T: DeserializeOwned> FromRequest<S> for PathAndBody<P, T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let PathResult(id) = PathResult::from_request_parts(&mut parts, state).await?;
        let ApiBody(body) = ApiBody::<T>::from_request(Request::from_parts(parts, body), state).await?;
        Ok(Self(id, body))
    }
}
