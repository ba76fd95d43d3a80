//! Offers: decides whether a client is sent offsets at all. Whether one that comes back is resumed:
//! `hub::ClientSession::positions_to_resume`.
//!
//! An offset is the last argument of every event. The client library of JavaScript keeps it and sends it again. Other
//! libraries pass it to the listeners: those of Python fail with an argument too many, those of Dart get a list.

use axum::http::HeaderValue;
use serde_json::{Map, Value};
use socketio::ConnectError;

use crate::dialect::socketio::invalid_resume;

/// How the user agents of libraries begin that are known not to resume, in small letters: `python-requests/2.32.0`
/// (python-socketio by polling), `Python/3.12 aiohttp/3.9.5` (its asynchronous client, also by WebSocket) and
/// `Dart/3.4 (dart:io)`. The synchronous Python client sends none by WebSocket.
const UNABLE: [&str; 2] = ["python", "dart/"];

/// Whether this user agent is known not to resume.
pub(super) fn is_unable(user_agent: Option<&HeaderValue>) -> bool {
    let begins = |beginning: &str| {
        let agent = user_agent.and_then(|agent| agent.as_bytes().get(..beginning.len()));
        agent.is_some_and(|agent| agent.eq_ignore_ascii_case(beginning.as_bytes()))
    };
    UNABLE.into_iter().any(begins)
}

/// Whether a client resumes: by `auth.resume`, else by `?resume=`, else by what its library is known for.
pub(super) fn resumes(
    auth: &Map<String, Value>,
    query: Option<&str>,
    is_unable: bool,
) -> Result<bool, ConnectError> {
    let text = match auth.get("resume").filter(|it| !it.is_null()) {
        Some(Value::Bool(resumes)) => return Ok(*resumes),
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
        None => query.map(str::to_owned),
    };
    match text.as_deref().map(str::trim) {
        None => Ok(!is_unable),
        Some("1" | "true") => Ok(true),
        Some("0" | "false") => Ok(false),
        Some(_) => Err(invalid_resume()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_choice_of_a_client_goes_before_that_of_its_library() {
        let resumes = |auth: Value, query, is_unable| {
            resumes(auth.as_object().unwrap(), query, is_unable).map_err(|error| error.data)
        };
        for (auth, query, is_unable, right) in [
            (json!({}), None, false, true),
            (json!({}), None, true, false),
            (json!({}), Some("0"), false, false),
            (json!({}), Some("true"), true, true),
            (json!({ "resume": true }), Some("0"), true, true),
            (json!({ "resume": false }), Some("1"), false, false),
            (json!({ "resume": 0 }), None, false, false),
            (json!({ "resume": "1" }), None, true, true),
            (json!({ "resume": null }), Some("0"), false, false),
        ] {
            assert_eq!(resumes(auth.clone(), query, is_unable), Ok(right), "{auth} {query:?}");
        }
        let wrong = Err(Some(json!({ "code": "invalid", "field": "resume" })));
        assert_eq!(resumes(json!({ "resume": "later" }), None, false), wrong);
        assert_eq!(resumes(json!({}), Some(""), false), wrong);
    }

    #[test]
    fn libraries_that_do_not_resume_are_known_by_their_user_agents() {
        let unable = |agent: &'static str| is_unable(Some(&HeaderValue::from_static(agent)));
        for agent in ["python-requests/2.34.2", "Python/3.11 aiohttp/3.14.5", "Dart/3.4 (dart:io)"] {
            assert!(unable(agent), "{agent}");
        }
        for agent in
            ["", "Mozilla/5.0 (X11; Linux x86_64)", "node-XMLHttpRequest", "okhttp/4.12.0", "Dartagnan"]
        {
            assert!(!unable(agent), "{agent}");
        }
        assert!(!is_unable(None));
    }
}
