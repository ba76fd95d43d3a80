//! Pages, rendered from what the server knows and taken over by the browser.

use app::address::{Place, entry_address};
use app::{Account, AccountFacts, Problem, Start, Theme, shell};
use axum::body::{Body, to_bytes};
use axum::extract::{FromRef, Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, HOST, HeaderName, HeaderValue, LOCATION};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;
use hub::{HubError, SignInId};
use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{ResponseOptions, render_app_async_with_context};
use protocol::{JoinedRoom, RoomId, RoomKind, RoomSummary};
use serde::Deserialize;

use super::forms::local_path;
use super::node_count::note_nodes;
use crate::auth::extract::identify_visitor;
use crate::auth::{AuthError, AuthUser};
use crate::config::Registration;
use crate::error::ApiError;
use crate::gateway::extract::{ApiPath, ApiQuery};
use crate::limits::requests::{self, Held};
use crate::state::AppState;

/// The files under `/pkg` that bring a page to life, where they are not those of the rooms; `tools/build-site.mjs`
/// makes them.
fn bundle(place: &Place) -> Option<&'static str> {
    match place {
        Place::Live(_) => Some("hubbub-live"),
        Place::Devtools => Some("hubbub-devtools"),
        Place::Test => Some("hubbub-test"),
        _ => None,
    }
}

/// The sign-in that a page was made for: its name, and the millisecond since 1970-01-01 UTC at which it is over.
const SIGN_IN: HeaderName = HeaderName::from_static("hubbub-sign-in");

/// Rooms in the list that comes with a page. The page asks for more when somebody has more.
const ROOMS: u32 = 200;

/// `GET /`
pub(crate) async fn home(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let Some(caller) = visitor(&state, &request).await? else {
        return Ok(sign_in_first(request.uri()));
    };
    let start = start(&state, request.uri(), request.headers(), Some(&caller)).await?;
    let page = render(&state, request, start, StatusCode::OK).await?;
    Ok(of_sign_in(page, &caller))
}

/// `GET /rooms/{id}`
pub(crate) async fn room(
    State(state): State<AppState>,
    room: Result<ApiPath<String>, ApiError>,
    request: Request,
) -> Result<Response, ApiError> {
    let Some(caller) = visitor(&state, &request).await? else {
        return Ok(sign_in_first(request.uri()));
    };
    let mut start = start(&state, request.uri(), request.headers(), Some(&caller)).await?;
    let peeked = match RoomId::parse(named(&room)) {
        Ok(room) => state.hub().peek(&caller.user.id, &room).await,
        Err(_) => Err(HubError::NoSuchRoom),
    };
    let status = match peeked {
        Ok(open) => {
            start.open = Some(open);
            StatusCode::OK
        }
        Err(HubError::NoSuchRoom) => StatusCode::NOT_FOUND,
        Err(error) => return Err(error.into()),
    };
    let page = render(&state, request, start, status).await?;
    Ok(of_sign_in(page, &caller))
}

/// Says to which sign-in a page belongs and when that ends, for the service worker, whose copies end with it.
fn of_sign_in(mut page: Response, caller: &AuthUser) -> Response {
    let SignInId(id) = caller.sign_in;
    if let Ok(value) = HeaderValue::try_from(format!("{id} {}", caller.expires_at_ms)) {
        page.headers_mut().insert(SIGN_IN, value);
    }
    page
}

/// Who looks at a page, whose request is counted.
fn visitor(
    state: &AppState,
    request: &Request,
) -> impl Future<Output = Result<Option<AuthUser>, ApiError>> + Send {
    let (headers, held) = (request.headers(), Held::of(request.extensions()));
    async move {
        let caller = identify_visitor(state, headers).await?;
        if let Some(caller) = &caller {
            requests::enter(state, held, caller).await?;
        }
        Ok(caller)
    }
}

/// What the address names. A part that is no text is no identifier either, and is answered with the same page.
fn named(part: &Result<ApiPath<String>, ApiError>) -> &str {
    part.as_ref().map_or("", |ApiPath(part)| part)
}

/// `GET /live/{chat}`
pub(crate) async fn live(
    State(state): State<AppState>,
    chat: Result<ApiPath<String>, ApiError>,
    request: Request,
) -> Result<Response, ApiError> {
    let Some(caller) = visitor(&state, &request).await? else {
        return Ok(sign_in_first(request.uri()));
    };
    let mut start = start(&state, request.uri(), request.headers(), Some(&caller)).await?;
    // The session alone: its page shows and follows no other room.
    start.rooms.clear();
    let status = match session(&state, &caller, named(&chat)).await {
        Ok((summary, open)) => {
            start.rooms.push(summary);
            start.open = Some(open);
            StatusCode::OK
        }
        Err(HubError::NoSuchRoom) => StatusCode::NOT_FOUND,
        Err(error) => return Err(error.into()),
    };
    render(&state, request, start, status).await
}

/// The live room of a chat under the name of the chat, with its newest page.
async fn session(
    state: &AppState,
    caller: &AuthUser,
    chat: &str,
) -> Result<(RoomSummary, JoinedRoom), HubError> {
    let chat = RoomId::parse(chat).map_err(|_| HubError::NoSuchRoom)?;
    let me = &caller.user.id;
    // A live room is in no list, so this is a chat.
    let chat = state.hub().room(me, &chat).await?;
    let open = state.hub().peek_live(me, &chat.id).await?;
    let (id, kind) = (open.room.clone(), RoomKind::Live);
    let read_seq = open.members.iter().find(|member| member.id == *me).map_or(0, |member| member.read_seq);
    let summary = RoomSummary { id, kind, head: open.head, read_seq, unread: 0, last: None, ..chat };
    Ok((summary, open))
}

/// `GET /sign-in` and `GET /register`
pub(crate) async fn entry(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    if visitor(&state, &request).await?.is_some() {
        return Ok(see_other(&next(request.uri())));
    }
    let start = start(&state, request.uri(), request.headers(), None).await?;
    render(&state, request, start, StatusCode::OK).await
}

/// `GET /devtools` and `GET /test`: for anyone; the page itself may ask to sign in.
pub(crate) async fn open_to_all(
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, ApiError> {
    let caller = visitor(&state, &request).await?;
    let start = start(&state, request.uri(), request.headers(), caller.as_ref()).await?;
    render(&state, request, start, StatusCode::OK).await
}

/// Whatever no route knows: a page for people, JSON for programs.
pub(crate) async fn missing(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let is_page =
        matches!(*request.method(), Method::GET | Method::HEAD) && !request.uri().path().starts_with("/api");
    if !is_page {
        return Err(ApiError::NotFound);
    }
    let caller = visitor(&state, &request).await?;
    let start = start(&state, request.uri(), request.headers(), caller.as_ref()).await?;
    render(&state, request, start, StatusCode::NOT_FOUND).await
}

/// The page of a form that was refused, with what was typed and why it was not good.
pub(crate) async fn refused(
    state: &AppState,
    uri: Uri,
    headers: HeaderMap,
    problem: Problem,
    status: StatusCode,
) -> Result<Response, ApiError> {
    let mut start = start(state, &uri, &headers, None).await?;
    start.problem = Some(problem);
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    render(state, request, start, status).await
}

/// Sends a browser elsewhere, to be asked for with `GET`.
pub(crate) fn see_other(path: &str) -> Response {
    // A path that no header can carry is no path of ours.
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}

pub(super) fn sign_in_first(uri: &Uri) -> Response {
    see_other(&entry_address("/sign-in", uri.path()))
}

/// The query of the sign-in page and of the registration page.
#[derive(Default, Deserialize)]
#[serde(default)]
struct EntryQuery {
    next: String,
}

/// Where to go after signing in: what the address asks for, else the page that was asked for.
fn next(uri: &Uri) -> String {
    let asked = ApiQuery::<EntryQuery>::of(uri).map(|query| query.0.next).unwrap_or_default();
    match uri.path() {
        "/sign-in" | "/register" => local_path(&asked).to_owned(),
        path => path.to_owned(),
    }
}

pub(super) async fn start(
    state: &AppState,
    uri: &Uri,
    headers: &HeaderMap,
    caller: Option<&AuthUser>,
) -> Result<Start, ApiError> {
    let rooms = match caller {
        Some(caller) => state.hub().rooms_of(&caller.user.id, None, ROOMS).await?,
        None => Vec::new(),
    };
    let account =
        caller.map(|caller| Account { id: caller.user.id.clone(), name: caller.user.username.clone() });
    let theme =
        CookieJar::from_headers(headers).get(Theme::COOKIE).map(|cookie| Theme::parse(cookie.value()));
    Ok(Start {
        path: uri.path().to_owned(),
        next: next(uri),
        account,
        rooms,
        open: None,
        theme: theme.unwrap_or_default(),
        demo: state.demo().cloned(),
        registration_closed: state.auth().registration == Registration::Closed,
        problem: None,
    })
}

async fn render(
    state: &AppState,
    request: Request,
    start: Start,
    status: StatusCode,
) -> Result<Response, ApiError> {
    render_with(state, request, start, None, status).await
}

/// The same with what only one page shows, and only as plain HTML.
pub(super) async fn render_with(
    state: &AppState,
    request: Request,
    start: Start,
    account: Option<AccountFacts>,
    status: StatusCode,
) -> Result<Response, ApiError> {
    let lives = start.lives();
    let mut options = LeptosOptions::from_ref(state);
    if let Some(bundle) = bundle(&Place::of(&start.path)).filter(|_| !is_watched(state)) {
        options.output_name = bundle.into();
    }
    let connect = connections(state, request.headers());
    let context = move || {
        provide_context(start.clone());
        if let Some(account) = account.clone() {
            provide_context(account);
        }
        if let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>())
            && let Ok(policy) = HeaderValue::from_str(&policy(&nonce, &connect))
        {
            response.insert_header(CONTENT_SECURITY_POLICY, policy);
        }
    };
    let page = render_app_async_with_context(context, move || shell(options.clone()));
    let mut response = page(request).await;
    if status != StatusCode::OK {
        *response.status_mut() = status;
    }
    if lives { with_node_count(response).await } else { Ok(response) }
}

/// Tells the loader what was rendered, so that it sees whether something changed it on the way.
async fn with_node_count(response: Response) -> Result<Response, ApiError> {
    let (head, body) = response.into_parts();
    let page = to_bytes(body, usize::MAX).await.map_err(AuthError::internal)?;
    let noted = std::str::from_utf8(&page).ok().and_then(note_nodes);
    Ok(Response::from_parts(head, noted.map_or_else(|| page.into(), Body::from)))
}

/// Scripts come from us or carry this answer's nonce; WASM may be compiled; nothing else runs, and nobody frames us.
fn policy(nonce: &str, connect: &str) -> String {
    format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; \
         connect-src 'self'{connect}; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
         frame-ancestors 'none'; form-action 'self'"
    )
}

/// Our own sockets, by name: older browsers do not take `'self'` to mean them (bug 201591 of `WebKit`).
fn connections(state: &AppState, headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    if host.is_empty() || !host.bytes().all(plain) {
        return String::new();
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    // cargo-leptos tells the page over a port of its own that it was built again.
    let reload = if is_watched(state) { format!(" ws://{name}:3001") } else { String::new() };
    format!(" ws://{host} wss://{host}{reload}")
}

/// Whether cargo-leptos builds and serves, which puts all pages that live into one file.
fn is_watched(state: &AppState) -> bool {
    state.config().is_development() && std::env::var_os("LEPTOS_WATCH").is_some()
}
