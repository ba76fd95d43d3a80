//! Headers: adds to every answer what makes a browser trust it as little as possible.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::config::Config;
use crate::error::ApiError;
use crate::state::BuildName;

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

const ALWAYS: [(HeaderName, &str); 6] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (RESOURCE_POLICY, "same-origin"),
];

/// For answers that are no pages: should one ever be shown as a page, nothing in it may act.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// For the script of the service worker, which fetches the pages it keeps copies of: it has the policy of its own answer,
/// not that of a page (Service Workers, section 4.1).
const WORKER: &str = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'";

/// Where that script is. It watches over everything below, so it stands at the top.
const WORKER_PATH: &str = "/sw.js";

/// Where the client library of Socket.IO is, beside the endpoint. Pages of other origins load it, too.
const CLIENT_LIBRARY: &str = "/socket.io/";

/// Which build a page or one of its files is of; the service worker keeps copies of one build together.
const BUILD: HeaderName = HeaderName::from_static("hubbub-build");

/// Two years, as browsers' lists ask for; sent only over TLS, where it is heard.
const HSTS: &str = "max-age=63072000";

/// Engine.IO rejects long payloads by itself, because it ends the session with them.
const POLLING_PATH: &str = "/socket.io/";

/// Rejects a body whose stated length is beyond the limit, before anything of it is asked for: a client that sends
/// `Expect: 100-continue` need not send it.
pub(crate) async fn reject_too_big(
    State(config): State<Arc<Config>>,
    request: Request,
    next: Next,
) -> Response {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse::<u64>().ok());
    let most = u64::try_from(config.limits.frame_bytes).unwrap_or(u64::MAX);
    if length.is_some_and(|length| length > most) && request.uri().path() != POLLING_PATH {
        return ApiError::TooBig.into_response();
    }
    next.run(request).await
}

/// Adds the headers that are missing.
pub(crate) async fn secure(
    State(config): State<Arc<Config>>,
    State(BuildName(build)): State<BuildName>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let is_api = path.starts_with("/api/");
    let is_library = path.strip_prefix(CLIENT_LIBRARY).is_some_and(|file| !file.is_empty());
    let policy = if path == WORKER_PATH { WORKER } else { NOTHING };
    let over_tls = request.headers().get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_library {
        headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(policy));
    if !is_api {
        headers.insert(BUILD, build);
    }
    // Answers are about one user at one moment; files say themselves how long they are good.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if over_tls && !config.is_development() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    response
}
