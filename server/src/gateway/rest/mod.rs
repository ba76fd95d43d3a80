//! The REST API: one file for each noun.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use protocol::{RoomId, UserId};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::error::ApiError;

pub mod account;
pub mod emit;
pub mod health;
pub mod jobs;
pub mod maintenance;
pub mod messages;
pub mod notifications;
mod rights;
pub mod rooms;
pub mod stats;
pub mod users;

/// A JSON body. What is wrong with it is told with the field's name.
pub struct ApiBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for ApiBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        // Browsers send this type to other sites only after asking them first, which keeps foreign forms out.
        if !is_json(request.headers()) {
            return Err(ApiError::NotJson);
        }
        let bytes =
            Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooBig,
                _ => ApiError::CutShort,
            })?;
        parse(&bytes).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type =
        headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).and_then(|it| it.split(';').next());
    media_type.is_some_and(|it| it.trim().eq_ignore_ascii_case("application/json"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut input = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut input).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        match inner.classify() {
            Category::Data => bad_body(&path, &inner),
            Category::Syntax | Category::Eof | Category::Io => ApiError::BadJson(inner.to_string()),
        }
    })?;
    input.end().map_err(|error| ApiError::BadJson(error.to_string()))?;
    Ok(value)
}

/// Names the field: where the parser stood, or what it says is missing.
fn bad_body(path: &str, error: &serde_json::Error) -> ApiError {
    let sentence = error.to_string();
    let message =
        sentence.rsplit_once(" at line ").map_or(sentence.as_str(), |(message, _)| message).to_owned();
    let missing = message.strip_prefix("missing field `").and_then(|it| it.strip_suffix('`'));
    let stood_at = path.split(['.', '[']).next().filter(|it| !it.is_empty() && *it != "?");
    let field = stood_at.or(missing).map(str::to_owned);
    ApiError::BadBody { field, message }
}

/// The query of a request.
pub struct ApiQuery<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        match query {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(rejection) => Err(bad_query(&rejection)),
        }
    }
}

/// The parser's sentence is `field: what is wrong`.
fn bad_query(rejection: &axum::extract::rejection::QueryRejection) -> ApiError {
    let sentence =
        std::error::Error::source(rejection).map_or_else(|| rejection.body_text(), ToString::to_string);
    let field = sentence.split_once(": ").map(|(field, _)| field.to_owned());
    ApiError::BadBody { field, message: sentence }
}

/// The room that an address names. Where the text is no identifier there can be no room.
fn room_id(raw: &str) -> Result<RoomId, ApiError> {
    RoomId::parse(raw).map_err(|_| ApiError::Refused(hub::Refusal::NoSuchRoom))
}

/// The person that an address names. Where the text is no identifier there can be nobody.
fn person_id(raw: &str) -> Result<UserId, ApiError> {
    UserId::parse(raw).map_err(|_| ApiError::NotFound)
}

/// Jobs and notifications of one list page when the asker names no number, and at most.
const PAGE_ITEMS: u32 = 50;
const MAX_PAGE_ITEMS: u32 = 100;

fn page_size(asked: Option<u32>) -> u32 {
    asked.unwrap_or(PAGE_ITEMS).clamp(1, MAX_PAGE_ITEMS)
}

#[cfg(test)]
mod tests {
    use protocol::rest::{NewChat, Register};

    use super::*;

    fn field_of<T: DeserializeOwned>(body: &str) -> Option<String> {
        match parse::<T>(body.as_bytes()) {
            Err(ApiError::BadBody { field, .. }) => field,
            _ => None,
        }
    }

    #[test]
    fn what_is_wrong_with_a_body_is_told_with_the_name_of_the_field() {
        assert_eq!(field_of::<Register>(r#"{"username":"a","email":"b"}"#).as_deref(), Some("password"));
        assert_eq!(field_of::<Register>(r#"{"username":7}"#).as_deref(), Some("username"));
        assert_eq!(
            field_of::<NewChat>(r#"{"name":"x","member_ids":["a b"]}"#).as_deref(),
            Some("member_ids")
        );
        assert_eq!(field_of::<NewChat>(r#"{"name":"x","kind":"secret"}"#).as_deref(), Some("kind"));
        for broken in ["", "{", "nonsense", r#"{"name":"x"} and more"#] {
            assert!(matches!(parse::<NewChat>(broken.as_bytes()), Err(ApiError::BadJson(_))), "{broken}");
        }
    }
}
