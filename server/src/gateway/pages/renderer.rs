//! Page renderer: renders a page from its state, with the headers that protect it. The browser takes the page over.

use std::sync::Arc;

use app::paths::{REGISTER, SIGN_IN};
use app::{Account, AccountFacts, Demo, PageKind, Problem, Start, Theme, shell};
use axum::body::{Body, to_bytes};
use axum::extract::{FromRef, Request};
use axum::http::header::{CONTENT_SECURITY_POLICY, HOST, HeaderValue};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum_extra::extract::CookieJar;
use hub::Hub;
use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{ResponseOptions, render_app_async_with_context};
use serde::Deserialize;

use super::node_count::note_nodes;
use super::redirect::local_path;
use super::site_files::SiteFiles;
use crate::auth::{AuthError, AuthUser};
use crate::config::{Config, Registration};
use crate::error::ApiError;
use crate::gateway::extract::ApiQuery;
use crate::state::AppState;

/// Rooms in the list that comes with a page. The page asks for more when a user has more.
const ROOMS: u32 = 200;

/// Renders pages.
#[derive(Clone)]
pub(crate) struct PageRenderer {
    options: LeptosOptions,
    files: SiteFiles,
    hub: Hub,
    config: Arc<Config>,
    demo: Option<Demo>,
}

impl FromRef<AppState> for PageRenderer {
    fn from_ref(state: &AppState) -> Self {
        Self {
            options: FromRef::from_ref(state),
            files: FromRef::from_ref(state),
            hub: FromRef::from_ref(state),
            config: FromRef::from_ref(state),
            demo: FromRef::from_ref(state),
        }
    }
}

impl PageRenderer {
    /// The state that a page begins with.
    pub(super) async fn start(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        caller: Option<&AuthUser>,
    ) -> Result<Start, ApiError> {
        let rooms = match caller {
            Some(caller) => self.hub.rooms_of(&caller.user.id, None, ROOMS).await?,
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
            demo: self.demo.clone(),
            registration_closed: self.config.users.registration == Registration::Closed,
            problem: None,
        })
    }

    pub(super) async fn render(
        &self,
        request: Request,
        start: Start,
        kind: PageKind,
        status: StatusCode,
    ) -> Result<Response, ApiError> {
        self.render_with(request, start, kind, None, status).await
    }

    /// Renders the page of a form again, with its input and the error. The response reports the error as any other.
    pub(super) async fn render_error(
        &self,
        uri: Uri,
        headers: HeaderMap,
        input: Problem,
        error: &ApiError,
    ) -> Result<Response, ApiError> {
        error.log();
        let (status, body) = error.describe();
        let mut start = self.start(&uri, &headers, None).await?;
        start.problem = Some(Problem { field: body.field, message: body.message, ..input });
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let mut response = self.render(request, start, PageKind::Static, status).await?;
        error.explain(&mut response);
        Ok(response)
    }

    /// Renders a page with what only one page shows, and only as plain HTML.
    pub(super) async fn render_with(
        &self,
        request: Request,
        start: Start,
        kind: PageKind,
        account: Option<AccountFacts>,
        status: StatusCode,
    ) -> Result<Response, ApiError> {
        let options = self.options.clone();
        let files = self.files.of(&start.path);
        let connect = self.connections(request.headers());
        let context = move || {
            provide_context(start.clone());
            provide_context(kind);
            provide_context(files.clone());
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
        if kind == PageKind::Interactive { with_node_count(response).await } else { Ok(response) }
    }

    /// Our own sockets, by name: older browsers do not take `'self'` to mean them (bug 201591 of `WebKit`).
    fn connections(&self, headers: &HeaderMap) -> String {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
        if host.is_empty() || !host.bytes().all(plain) {
            return String::new();
        }
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        // cargo-leptos notifies the page over a port of its own that it was built again.
        let reload = match self.config.reload_port {
            Some(port) => format!(" ws://{name}:{port}"),
            None => String::new(),
        };
        format!(" ws://{host} wss://{host}{reload}")
    }
}

/// The query of the sign-in page and of the registration page.
#[derive(Default, Deserialize)]
#[serde(default)]
struct EntryQuery {
    next: String,
}

/// The path to go to after the sign-in: what the address asks for, else the page that was asked for.
pub(super) fn next(uri: &Uri) -> String {
    let asked = ApiQuery::<EntryQuery>::of(uri).map(|query| query.0.next).unwrap_or_default();
    match uri.path() {
        SIGN_IN | REGISTER => local_path(&asked).to_owned(),
        path => path.to_owned(),
    }
}

/// Writes for the loader what was rendered, so that it sees whether something changed it on the way.
async fn with_node_count(response: Response) -> Result<Response, ApiError> {
    let (head, body) = response.into_parts();
    let page = to_bytes(body, usize::MAX).await.map_err(AuthError::internal)?;
    let noted = std::str::from_utf8(&page).ok().and_then(note_nodes);
    Ok(Response::from_parts(head, noted.map_or_else(|| page.into(), Body::from)))
}

/// Scripts and style sheets come from us or carry this answer's nonce; WASM may be compiled; nothing else runs, and no page
/// frames ours.
fn policy(nonce: &str, connect: &str) -> String {
    format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         connect-src 'self'{connect}; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
         frame-ancestors 'none'; form-action 'self'"
    )
}
