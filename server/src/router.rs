//! Router: maps every address to its handler, with the layers around them.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef, Request, State};
use axum::handler::Handler as _;
use axum::http::Method;
use axum::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, RETRY_AFTER};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, delete, get, patch, post, put};
use tower::ServiceBuilder;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;

use crate::auth::client_ip::ClientIp;
use crate::auth::device_token::DEVICE_HEADER;
use crate::dialect::{AuthPolicy, ENDPOINTS, Endpoint, most_bytes_of_a_carrier};
use crate::error::ApiError;
use crate::gateway::pages::{account as account_page, files, forms, routes, views};
use crate::gateway::rest::{
    account, changes, emit, health, jobs, maintenance, messages, notifications, rooms, sign_ins, stats, users,
};
use crate::gateway::socketio::SocketIoGateway;
use crate::gateway::{headers, host, request_limits, socketio, websocket};
use crate::limits::requests::RequestLimiter;
use crate::rejection_log;
use crate::state::AppState;

/// How long a browser may remember what another origin may do.
const PREFLIGHT: Duration = Duration::from_mins(10);

/// Bytes of a body with names, a password and a token in it.
const CREDENTIALS_BYTES: usize = 16 * 1024;

/// Bytes of a body with names and identifiers in it: more than a thousand members of a new room.
const SMALL_BYTES: usize = 64 * 1024;

pub(crate) fn router(state: &AppState, socket_io: SocketIoGateway) -> Router {
    // Set before the layer: a preflight is a method that no route knows.
    let limited = from_fn_with_state(state.clone(), request_limits::limit);
    let api = api(state).method_not_allowed_fallback(wrong_method).layer(limited.clone()).layer(cors(state));
    // Its clients can be set to send cookies along. They prove nothing here, so a page of a named origin may send them.
    let counted = from_fn_with_state(state.clone(), request_limits::count);
    let socket_io = Router::new()
        .route("/socket.io/", any(async move |request| socketio::handle(&socket_io, request).await))
        .route("/socket.io/{file}", get(files::client_library).layer(fresh()).layer(counted.clone()))
        .layer(cors(state).allow_credentials(true));
    api.merge(socket_io)
        .merge(sockets(state))
        .merge(pages().layer(limited))
        .merge(health())
        .merge(files(state).layer(counted))
        .method_not_allowed_fallback(wrong_method)
        .layer(
            // The first one sees a request first.
            ServiceBuilder::new()
                // Paths only: a query may carry a token. What fails is logged where it is handled.
                .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(()))
                .layer(from_fn_with_state(state.clone(), rejection_log::log))
                .layer(from_fn_with_state(state.clone(), headers::secure))
                .layer(from_fn_with_state(state.clone(), host::required))
                .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
                .layer(CatchPanicLayer::custom(panicked))
                .layer(from_fn_with_state(state.clone(), headers::reject_too_big))
                .layer(DefaultBodyLimit::max(state.config().limits.frame_bytes)),
        )
        .with_state(state.clone())
}

fn api(state: &AppState) -> Router<AppState> {
    credentials().merge(small()).merge(carriers(most_bytes_of_a_carrier(state.config().limits.message_bytes)))
}

/// Addresses to which a stranger may send a body.
fn credentials() -> Router<AppState> {
    Router::new()
        .route("/api/v1/auth/register", post(account::register))
        .route("/api/v1/auth/login", post(account::login))
        .route("/api/v1/auth/refresh", post(account::refresh))
        .route("/api/v1/auth/logout", post(account::logout))
        .route("/api/v1/auth/me", get(account::me))
        .route("/api/v1/auth/ticket", post(account::ticket))
        .route("/api/v1/auth/sessions", get(sign_ins::list).delete(sign_ins::end_others))
        .route("/api/v1/auth/sessions/{sign_in}", delete(sign_ins::end))
        .route("/api/v1/auth/password", post(sign_ins::change_password))
        .layer(DefaultBodyLimit::max(CREDENTIALS_BYTES))
}

/// Addresses that take names, identifiers and numbers.
fn small() -> Router<AppState> {
    Router::new()
        .route("/api/v1/chats", get(rooms::list).post(rooms::create))
        .route("/api/v1/chats/{room}", get(rooms::show).patch(rooms::rename).delete(rooms::delete))
        .route("/api/v1/chats/{room}/members", get(rooms::members).post(rooms::add_members))
        .route("/api/v1/chats/{room}/members/{user}", delete(rooms::remove_member))
        .route("/api/v1/chats/{room}/read", post(messages::read))
        .route("/api/v1/messages/{message}/history", get(changes::history))
        .route("/api/v1/messages/{message}/pin", put(changes::pin).delete(changes::unpin))
        .route("/api/v1/messages/{message}/reactions/{emoji}", put(changes::react).delete(changes::unreact))
        .route("/api/v1/users", get(users::search))
        .route("/api/v1/notifications/read", post(notifications::read))
        .route("/api/v1/websocket/stats", get(stats::stats))
        .route("/api/v1/websocket/user/{user}/status", get(stats::status))
        .route("/api/v1/websocket/test/analysis-events/{user}", post(emit::analysis_events))
        .route("/api/v1/admin/maintenance", post(maintenance::set))
        .layer(DefaultBodyLimit::max(SMALL_BYTES))
}

/// Addresses that take texts, or values of the application.
fn carriers(most_bytes: usize) -> Router<AppState> {
    Router::new()
        .route("/api/v1/chats/{room}/messages", get(messages::history).post(messages::post))
        .route("/api/v1/messages/{message}", patch(changes::edit).delete(changes::delete))
        .route("/api/v1/jobs", get(jobs::list).post(jobs::start))
        .route("/api/v1/jobs/{job}", get(jobs::show).patch(jobs::report).delete(jobs::delete))
        .route("/api/v1/notifications", get(notifications::list).post(notifications::create))
        .route("/api/v1/websocket/test/emit-to-user", post(emit::emit))
        .layer(DefaultBodyLimit::max(most_bytes))
}

/// Every raw socket; browsers do not apply CORS to them.
fn sockets(state: &AppState) -> Router<AppState> {
    let is_development = state.config().is_development();
    let endpoints =
        ENDPOINTS.iter().filter(|it| is_development || it.auth_policy != AuthPolicy::DevelopmentOnly);
    endpoints.fold(Router::new(), |router, endpoint| router.route(endpoint.path, socket(endpoint)))
}

/// A socket; at `/` the start page, too, for requests without an upgrade.
fn socket(endpoint: &'static Endpoint) -> MethodRouter<AppState> {
    get(move |State(state): State<AppState>, request: Request| async move {
        if endpoint.path == "/" && !websocket::is_upgrade(request.headers()) {
            return Ok(home(state, request).await);
        }
        websocket::upgrade(state, endpoint, request).await
    })
}

/// The start page, whose requests are limited as those of other pages.
async fn home(state: AppState, request: Request) -> Response {
    let limiter = Arc::<RequestLimiter>::from_ref(&state);
    let (parts, body) = request.into_parts();
    let address = ClientIp::of(&parts, &state.config().proxies);
    let request = Request::from_parts(parts, body);
    let clock = state.clock().clone();
    request_limits::limited(&limiter, &*clock, address, request, |request| {
        views::signed_in.call(request, state)
    })
    .await
}

/// The pages and their forms.
fn pages() -> Router<AppState> {
    routes::pages()
        .route("/sign-in", post(forms::sign_in))
        .route("/register", post(forms::register))
        .route("/sign-out", post(forms::sign_out))
        .route("/account", post(account_page::act))
        .route("/theme", post(forms::theme))
        .layer(DefaultBodyLimit::max(CREDENTIALS_BYTES))
}

/// Addresses for monitors of the process. They are not limited.
fn health() -> Router<AppState> {
    Router::new().route("/healthz", get(health::alive)).route("/readyz", get(health::ready))
}

/// Names without a hash do not change from build to build, so a browser asks each time and receives 304.
fn fresh() -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(CACHE_CONTROL, HeaderValue::from_static("no-cache"))
}

/// The files that were built beside the program; a page says so where there is none.
fn files(state: &AppState) -> Router<AppState> {
    let package = any(files::package).with_state(state.clone());
    Router::new()
        .nest_service("/pkg", ServiceBuilder::new().layer(fresh()).service(package))
        .fallback_service(any(files::public).layer(fresh()).with_state(state.clone()))
}

/// Lets pages of other origins use the API, where origins are named: for everything a program may do, with a token,
/// never with the cookie. Headers of its own do no harm, whatever their names.
fn cors(state: &AppState) -> CorsLayer {
    let origins = state.config().origins.clone();
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| origins.is_named(origin)))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([RETRY_AFTER, HeaderName::from_static(DEVICE_HEADER)])
        .max_age(PREFLIGHT)
}

async fn wrong_method() -> ApiError {
    ApiError::WrongMethod
}

/// Characters of a path that a line of the log has. Ours are shorter; those of strangers are as long as they like.
const LOGGED_CHARS: usize = 120;

fn span(request: &Request) -> tracing::Span {
    let beginning = |text: &str| text.chars().take(LOGGED_CHARS).collect::<String>();
    let (method, path) = (beginning(request.method().as_str()), beginning(request.uri().path()));
    tracing::info_span!("request", %method, path)
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let message =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
    tracing::error!(panic = message.unwrap_or("no message"), "A handler panicked");
    ApiError::Panicked.into_response()
}
