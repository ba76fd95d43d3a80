//! Bodies: the extractors of JSON bodies and of forms.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::Pairs;
use super::auth_user::Authenticated;
use crate::error::ApiError;
use crate::json::{Rules, Tree};

/// Keys of bodies that mean the same; each body knows one of them, and takes the others for it.
const SYNONYMS: &[&[&str]] =
    &[&["kind", "type"], &["owner_id", "owner"], &["member_ids", "user_ids", "members"]];

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// A JSON body. Unknown keys are rejected by name. A caller who was authenticated before the body came is checked again.
pub(crate) struct ApiBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for ApiBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        // Browsers send this type to other sites only after asking them first, which keeps foreign forms out.
        if !is_of_type(request.headers(), JSON) {
            return Err(ApiError::MediaType { expected: JSON });
        }
        let authenticated = request.extensions().get::<Authenticated>().cloned();
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|rejection| unread(rejection.status()))?;
        if let Some(authenticated) = authenticated {
            authenticated.check_still().await?;
        }
        parse(&bytes).map(Self)
    }
}

fn is_of_type(headers: &HeaderMap, expected: &str) -> bool {
    let media_type =
        headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).and_then(|it| it.split(';').next());
    media_type.is_some_and(|it| it.trim().eq_ignore_ascii_case(expected))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    if Tree::has_too_many_values(bytes) {
        return Err(ApiError::TooBig);
    }
    Ok(Tree::parse(bytes)?.read(Rules::Strict(SYNONYMS))?)
}

/// The error of a body that did not come as a whole.
fn unread(status: StatusCode) -> ApiError {
    if status == StatusCode::PAYLOAD_TOO_LARGE { ApiError::TooBig } else { ApiError::IncompleteBody }
}

/// The form of a page.
pub(crate) struct FormBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for FormBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_of_type(request.headers(), FORM) {
            return Err(ApiError::MediaType { expected: FORM });
        }
        let form = Form::<Pairs>::from_request(request, state).await;
        let Form(pairs) = form.map_err(|rejection| match rejection {
            FormRejection::BytesRejection(rejection) => unread(rejection.status()),
            _ => ApiError::IncompleteBody,
        })?;
        Ok(Self(Tree::of_pairs(pairs).read(Rules::Query)?))
    }
}

#[cfg(test)]
mod tests {
    use protocol::rest::{NewChat, NewJob, NewMembers, NewNotification, Register};

    use super::*;

    fn rejected<T: DeserializeOwned>(body: &str) -> (u16, Option<String>) {
        let error = parse::<T>(body.as_bytes()).err().unwrap();
        let (status, body) = error.describe();
        (status.as_u16(), body.field)
    }

    #[test]
    fn an_error_of_a_body_names_the_field() {
        let named = |status, field: &str| (status, Some(field.to_owned()));
        assert_eq!(rejected::<Register>(r#"{"username":"a","email":"b"}"#), named(422, "password"));
        assert_eq!(rejected::<Register>(r#"{"username":7}"#), named(422, "username"));
        assert_eq!(rejected::<NewChat>(r#"{"name":"x","member_ids":["a b"]}"#), named(422, "member_ids"));
        assert_eq!(rejected::<NewChat>(r#"{"name":"x","members":["a b"]}"#), named(422, "members"));
        assert_eq!(rejected::<NewChat>(r#"{"name":"x","kind":"secret"}"#), named(422, "kind"));
        assert_eq!(rejected::<NewChat>(r#"{"name":"x","kinds":"group"}"#), named(400, "kinds"));
        assert_eq!(rejected::<NewJob>(r#"{"title":"x","kind":"task","type":"report"}"#), named(400, "type"));
        for broken in ["", "{", "nonsense", r#"{"name":"x"} and more"#] {
            assert_eq!(rejected::<NewChat>(broken), (400, None), "{broken}");
        }
    }

    #[test]
    fn synonyms_are_understood() {
        let ann = protocol::UserId::parse("ann").unwrap();
        for key in ["member_ids", "user_ids", "members"] {
            let body = format!(r#"{{"name":"x","{key}":["ann"]}}"#);
            assert_eq!(
                parse::<NewChat>(body.as_bytes()).unwrap().member_ids,
                std::slice::from_ref(&ann),
                "{key}"
            );
            let body = format!(r#"{{"{key}":["ann"],"user_ids":["ann"]}}"#);
            assert_eq!(
                parse::<NewMembers>(body.as_bytes()).unwrap().user_ids,
                std::slice::from_ref(&ann),
                "{key}"
            );
        }
        for key in ["kind", "type"] {
            let body = format!(r#"{{"user_id":"ann","title":"x","{key}":"success"}}"#);
            assert_eq!(parse::<NewNotification>(body.as_bytes()).unwrap().kind.as_deref(), Some("success"));
            let body = format!(r#"{{"title":"x","{key}":"report","owner":"ann"}}"#);
            let job = parse::<NewJob>(body.as_bytes()).unwrap();
            assert_eq!((job.kind, job.owner_id), (protocol::JobKind::Report, Some(ann.clone())), "{key}");
        }
    }
}
