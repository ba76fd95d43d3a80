//! Files: serves the files that were built for the pages, and answers where there is none.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use axum::extract::{FromRef, Request, State};
use axum::http::header::{CACHE_CONTROL, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use tower_http::services::ServeDir;

use super::site_files::has_hash;
use super::views;
use crate::config::Config;
use crate::error::ApiError;
use crate::limits::handshake_limiter::HandshakeQueueFull;
use crate::state::AppState;

/// Bytes that a name in a path may have: those of Linux (`NAME_MAX`), less the ending of a compressed file.
const NAME_BYTES: usize = 250;

/// Bytes that a whole path may have, with room for the folder before it (`PATH_MAX`).
const PATH_BYTES: usize = 2_048;

/// Bytes of a file that are read at a time: as many again wait for a client that does not take them.
const READ_BYTES: usize = 16 * 1024;

/// When a client may try again, where no more files can be opened.
const BUSY_RETRY_MS: u64 = 1_000;

/// For a year, the longest that caches know, and without asking again (RFC 8246).
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// A file of a folder; a page that says so where there is none.
pub(crate) async fn public(State(state): State<AppState>, request: Request) -> Response {
    if !may_be_a_file(request.uri().path()) {
        return views::missing(State(FromRef::from_ref(&state)), request).await.into_response();
    }
    let missing = axum::routing::any(views::missing).with_state(state.clone());
    let mut files = folder(&state.config().site_dir)
        .append_index_html_on_directories(false)
        .call_fallback_on_method_not_allowed(true)
        .fallback(missing);
    match files.try_call(request).await {
        Ok(response) => response.into_response(),
        Err(error) => unreadable(&error).into_response(),
    }
}

/// A file of the folder `pkg`, by its path in there. One with a hash in its name never changes.
pub(crate) async fn package(State(config): State<Arc<Config>>, request: Request) -> Response {
    if !may_be_a_file(request.uri().path()) {
        return ApiError::NotFound.into_response();
    }
    let is_immutable = has_hash(request.uri().path().rsplit('/').next().unwrap_or_default());
    let missing = axum::routing::any(no_script);
    let files = folder(&config.site_dir.join("pkg"));
    match files.call_fallback_on_method_not_allowed(true).fallback(missing).try_call(request).await {
        Ok(response) => {
            let mut response = response.into_response();
            let is_there = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
            if is_immutable && is_there {
                response.headers_mut().insert(CACHE_CONTROL, FOREVER);
            }
            response
        }
        Err(error) => unreadable(&error).into_response(),
    }
}

/// The files of pages are asked for by programs, so one that is missing is answered in JSON.
async fn no_script(method: Method) -> ApiError {
    if matches!(method, Method::GET | Method::HEAD) { ApiError::NotFound } else { ApiError::WrongMethod }
}

/// The client library of Socket.IO, which the build puts beside the pages (`tools/client-library.mjs`).
pub(crate) async fn client_library(State(config): State<Arc<Config>>, request: Request) -> Response {
    if !may_be_a_file(request.uri().path()) {
        return ApiError::NoClientLibrary.into_response();
    }
    let missing = axum::routing::any(async || ApiError::NoClientLibrary);
    match folder(&config.site_dir).fallback(missing).try_call(request).await {
        Ok(response) => response.into_response(),
        Err(error) => unreadable(&error).into_response(),
    }
}

fn folder(path: &Path) -> ServeDir {
    ServeDir::new(path).precompressed_br().precompressed_gzip().with_buf_chunk_size(READ_BYTES)
}

/// Whether the system could know a file by this path.
fn may_be_a_file(path: &str) -> bool {
    let bytes = |name: &str| percent_decode_str(name).count();
    path.len() <= 3 * PATH_BYTES
        && bytes(path) <= PATH_BYTES
        && path.split('/').all(|name| bytes(name) <= NAME_BYTES)
}

/// The error of a file. A wrong path is the client's; a file that cannot be read is ours.
fn unreadable(error: &io::Error) -> ApiError {
    match error.kind() {
        ErrorKind::NotFound
        | ErrorKind::PermissionDenied
        | ErrorKind::NotADirectory
        | ErrorKind::IsADirectory
        | ErrorKind::InvalidInput
        | ErrorKind::InvalidFilename => ApiError::NotFound,
        // As for connections, which is logged where they are accepted.
        _ if is_out_of_files(error) => HandshakeQueueFull { retry_after_ms: BUSY_RETRY_MS }.into(),
        _ => {
            tracing::error!(%error, "Could not read a file of the pages");
            ApiError::Panicked
        }
    }
}

fn is_out_of_files(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE].map(|errno| Some(errno.raw_os_error())).contains(&error.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_too_long_is_no_file() {
        let name = |count: usize| format!("/{}", "a".repeat(count));
        assert!(may_be_a_file("/") && may_be_a_file("/pkg/hubbub.wasm") && may_be_a_file(&name(250)));
        assert!(may_be_a_file(&format!("/{}", "%61".repeat(250))));
        assert!(!may_be_a_file(&name(251)) && !may_be_a_file(&format!("/{}", "%61".repeat(251))));
        assert!(!may_be_a_file(&name(100).repeat(40)) && !may_be_a_file(&"/%".repeat(5_000)));
    }
}
