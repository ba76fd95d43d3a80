//! `/account`: shows a user's own sign-ins, ends them, and changes the password, with plain HTML forms.

use std::sync::Arc;

use app::paths::{SIGN_IN, entry_address};
use app::{Account, AccountFacts, Done, PageKind, Problem, SignInFacts};
use axum::body::Body;
use axum::extract::{FromRef, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use hub::store::Clock;
use protocol::rest::NewPassword;
use serde::Deserialize;
use uuid::Uuid;

use super::redirect::{see_other, sign_in_first};
use super::renderer::PageRenderer;
use super::sign_in_cookies::{SignInCookies, check_own_page};
use crate::auth::client_ip::ClientIp;
use crate::auth::{AuthError, AuthService, AuthUser, Authenticator, OwnSignIn};
use crate::error::ApiError;
use crate::gateway::extract::{ApiQuery, FormBody};
use crate::state::AppState;

/// The path of the page.
const PAGE: &str = "/account";

/// The forms of the page. A field that is missing counts as empty.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct AccountForm {
    action: String,
    id: String,
    current_password: String,
    new_password: String,
}

/// The query of the page.
#[derive(Default, Deserialize)]
#[serde(default)]
struct AccountQuery {
    done: String,
}

/// `GET /account`
pub(crate) async fn show(
    State(authenticator): State<Authenticator>,
    State(page): State<AccountPage>,
    request: Request,
) -> Result<Response, ApiError> {
    let Some(caller) = authenticator.visitor(request.headers()).await? else {
        return Ok(sign_in_first(request.uri()));
    };
    let done = ApiQuery::<AccountQuery>::of(request.uri()).ok().and_then(|it| Done::parse(&it.0.done));
    page.render(request, &caller, done, None).await
}

/// `POST /account`: acts and leads back, so that a reload does not act again.
pub(crate) async fn act(
    State(auth): State<Arc<AuthService>>,
    State(authenticator): State<Authenticator>,
    State(cookies): State<SignInCookies>,
    State(page): State<AccountPage>,
    address: ClientIp,
    headers: HeaderMap,
    form: Result<FormBody<AccountForm>, ApiError>,
) -> Result<Response, ApiError> {
    check_own_page(&headers)?;
    let FormBody(form) = form?;
    let Some(caller) = authenticator.visitor(&headers).await? else {
        return Ok(see_other(&entry_address(SIGN_IN, PAGE)));
    };
    let acted = match form.action.as_str() {
        // As with its own button, cookie and all.
        "end" if Uuid::try_parse(&form.id) == Ok(caller.sign_in.0) => {
            return cookies.sign_out(&headers).await;
        }
        "end" => end(&auth, &caller, &form.id).await,
        "end-others" => auth.end_others(&caller).await.map(|_| Done::Others),
        "password" => {
            let form =
                NewPassword { current_password: form.current_password, new_password: form.new_password };
            auth.change_password(&caller, form, address).await.map(|()| Done::Password)
        }
        _ => {
            let message = "`action` is `end`, `end-others` or `password`".to_owned();
            return Err(ApiError::Invalid { field: "action", message });
        }
    };
    match acted {
        Ok(done) => Ok(see_other(&format!("{PAGE}?done={}", done.as_str()))),
        // It has ended meanwhile, from another device.
        Err(AuthError::Unauthorized) => Ok(see_other(&entry_address(SIGN_IN, PAGE))),
        Err(error) => page.reject(headers, &caller, error.into()).await,
    }
}

/// One that has ended already is as good as ended now.
async fn end(auth: &AuthService, caller: &AuthUser, id: &str) -> Result<Done, AuthError> {
    let Ok(id) = Uuid::try_parse(id) else { return Ok(Done::One) };
    match auth.end_one(caller, id).await {
        Ok(()) | Err(AuthError::NoSuchSignIn) => Ok(Done::One),
        Err(error) => Err(error),
    }
}

/// Renders the page.
#[derive(Clone)]
pub(crate) struct AccountPage {
    renderer: PageRenderer,
    auth: Arc<AuthService>,
    clock: Arc<dyn Clock>,
}

impl FromRef<AppState> for AccountPage {
    fn from_ref(state: &AppState) -> Self {
        Self {
            renderer: FromRef::from_ref(state),
            auth: FromRef::from_ref(state),
            clock: FromRef::from_ref(state),
        }
    }
}

impl AccountPage {
    /// Renders the page again, with the error and without any password.
    async fn reject(
        &self,
        headers: HeaderMap,
        caller: &AuthUser,
        error: ApiError,
    ) -> Result<Response, ApiError> {
        error.log();
        let (status, body) = error.describe();
        let problem = Problem { field: body.field, message: body.message, ..Problem::default() };
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = Uri::from_static(PAGE);
        *request.headers_mut() = headers;
        let mut response = self.render(request, caller, None, Some((problem, status))).await?;
        error.explain(&mut response);
        Ok(response)
    }

    async fn render(
        &self,
        request: Request,
        caller: &AuthUser,
        done: Option<Done>,
        error: Option<(Problem, StatusCode)>,
    ) -> Result<Response, ApiError> {
        let own = self.auth.own_sign_ins(caller).await?;
        let facts = AccountFacts {
            email: caller.user.email.clone(),
            sign_ins: own.into_iter().map(shown).collect(),
            now_ms: self.clock.now_ms(),
            done,
        };
        // Without a caller, because the page shows no rooms.
        let mut start = self.renderer.start(request.uri(), request.headers(), None).await?;
        start.account = Some(Account { id: caller.user.id.clone(), name: caller.user.username.clone() });
        let (problem, status) = error.unzip();
        start.problem = problem;
        let status = status.unwrap_or(StatusCode::OK);
        self.renderer.render_with(request, start, PageKind::Static, Some(facts), status).await
    }
}

fn shown(own: OwnSignIn) -> SignInFacts {
    let OwnSignIn { listed, seen_at_ms, is_current, is_connected } = own;
    SignInFacts {
        id: listed.id.to_string(),
        device: listed.device,
        created_at_ms: listed.created_at_ms,
        seen_at_ms,
        is_current,
        is_connected,
    }
}
