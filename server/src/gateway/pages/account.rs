//! `/account`: a user's own sign-ins and password, with plain HTML forms.

use app::address::entry_address;
use app::{Account, AccountFacts, Done, Problem, SignInFacts};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use protocol::rest::NewPassword;
use serde::Deserialize;
use uuid::Uuid;

use super::forms::{own_page, sign_out};
use super::render::{render_with, see_other, sign_in_first, start};
use crate::auth::client_ip::ClientIp;
use crate::auth::extract::identify_visitor;
use crate::auth::{AuthError, AuthUser, OwnSignIn};
use crate::error::ApiError;
use crate::gateway::extract::{ApiQuery, FormBody};
use crate::state::AppState;

/// Where the page is.
const PAGE: &str = "/account";

/// What the forms of the page send. What is missing counts as left empty.
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
pub(crate) async fn show(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let Some(caller) = identify_visitor(&state, request.headers()).await? else {
        return Ok(sign_in_first(request.uri()));
    };
    let done = ApiQuery::<AccountQuery>::of(request.uri()).ok().and_then(|it| Done::parse(&it.0.done));
    render(&state, request, &caller, done, None).await
}

/// `POST /account`: does what was asked for and leads back, so that a reload does not do it again.
pub(crate) async fn act(
    State(state): State<AppState>,
    address: ClientIp,
    headers: HeaderMap,
    form: Result<FormBody<AccountForm>, ApiError>,
) -> Result<Response, ApiError> {
    own_page(&headers)?;
    let FormBody(form) = form?;
    let Some(caller) = identify_visitor(&state, &headers).await? else {
        return Ok(see_other(&entry_address("/sign-in", PAGE)));
    };
    let sign_ins = state.auth();
    let acted = match form.action.as_str() {
        // As with its own button, cookie and all.
        "end" if Uuid::try_parse(&form.id) == Ok(caller.sign_in.0) => {
            return sign_out(State(state), headers).await;
        }
        "end" => end(&state, &caller, &form.id).await,
        "end-others" => sign_ins.end_others(&caller).await.map(|_| Done::Others),
        "password" => {
            let form =
                NewPassword { current_password: form.current_password, new_password: form.new_password };
            sign_ins.change_password(&caller, form, address).await.map(|()| Done::Password)
        }
        _ => {
            let message = "`action` is `end`, `end-others` or `password`".to_owned();
            return Err(ApiError::Invalid { field: "action", message });
        }
    };
    match acted {
        Ok(done) => Ok(see_other(&format!("{PAGE}?done={}", done.as_str()))),
        // It has ended meanwhile, from another device.
        Err(AuthError::Unauthorized) => Ok(see_other(&entry_address("/sign-in", PAGE))),
        Err(error) => refuse(&state, headers, &caller, error.into()).await,
    }
}

/// One that has ended already is as good as ended now.
async fn end(state: &AppState, caller: &AuthUser, id: &str) -> Result<Done, AuthError> {
    let Ok(id) = Uuid::try_parse(id) else { return Ok(Done::One) };
    match state.auth().end_one(caller, id).await {
        Ok(()) | Err(AuthError::NoSuchSignIn) => Ok(Done::One),
        Err(error) => Err(error),
    }
}

/// The page again, with what was wrong. No password stands in it.
async fn refuse(
    state: &AppState,
    headers: HeaderMap,
    caller: &AuthUser,
    error: ApiError,
) -> Result<Response, ApiError> {
    let (status, body) = error.describe();
    let problem = Problem { field: body.field, message: body.message, ..Problem::default() };
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = Uri::from_static(PAGE);
    *request.headers_mut() = headers;
    let mut response = render(state, request, caller, None, Some((problem, status))).await?;
    if let Some(reason) = error.reason() {
        response.extensions_mut().insert(reason);
    }
    Ok(response)
}

async fn render(
    state: &AppState,
    request: Request,
    caller: &AuthUser,
    done: Option<Done>,
    error: Option<(Problem, StatusCode)>,
) -> Result<Response, ApiError> {
    let own = state.auth().own_sign_ins(caller).await?;
    let facts = AccountFacts {
        email: caller.user.email.clone(),
        sign_ins: own.into_iter().map(shown).collect(),
        now_ms: state.clock().now_ms(),
        done,
    };
    // Without a caller, because the page shows no rooms.
    let mut start = start(state, request.uri(), request.headers(), None).await?;
    start.account = Some(Account { id: caller.user.id.clone(), name: caller.user.username.clone() });
    let (problem, status) = error.unzip();
    start.problem = problem;
    render_with(state, request, start, Some(facts), status.unwrap_or(StatusCode::OK)).await
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
