//! The forms of the pages. They are plain HTML, so they work before the scripts have arrived.

use app::address::entry_address;
use app::{Problem, Theme};
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::response::Response;
use axum_extra::extract::cookie::{Cookie, SameSite};
use protocol::rest::{Login, Register};
use serde::Deserialize;

use super::render::{refused, see_other};
use crate::auth::device_token::DEVICE_SECONDS;
use crate::auth::extract::all_by_cookie;
use crate::auth::origin::may_use_cookie;
use crate::auth::{AuthError, CookieSignIn, Device, SIGN_IN_MS, SignInSource};
use crate::error::ApiError;
use crate::gateway::extract::FormBody;
use crate::state::AppState;

/// What the sign-in page sends. What is missing counts as left empty.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SignInForm {
    username: String,
    password: String,
    next: String,
}

/// What the registration page sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RegisterForm {
    username: String,
    email: String,
    password: String,
    next: String,
}

/// What the theme switch sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ThemeForm {
    theme: String,
    next: String,
}

/// `POST /sign-in`
pub(crate) async fn sign_in(
    State(state): State<AppState>,
    source: SignInSource,
    device: Device,
    headers: HeaderMap,
    form: Result<FormBody<SignInForm>, ApiError>,
) -> Result<Response, ApiError> {
    let FormBody(form) = match form {
        Ok(form) => form,
        Err(error) => return refuse(&state, "/sign-in", headers, Problem::default(), error).await,
    };
    let next = local_path(&form.next);
    let login = Login { username: form.username.clone(), password: form.password };
    let signed_in = match own_page(&headers) {
        Ok(()) => state.auth().login_browser(login, &source, device).await,
        Err(error) => Err(error),
    };
    match signed_in {
        Ok(signed_in) => welcome(&state, &headers, &signed_in, &source, next).await,
        Err(error) => {
            let typed = Problem { username: form.username, ..Problem::default() };
            refuse(&state, &entry_address("/sign-in", next), headers, typed, error.into()).await
        }
    }
}

/// `POST /register`
pub(crate) async fn register(
    State(state): State<AppState>,
    source: SignInSource,
    device: Device,
    headers: HeaderMap,
    form: Result<FormBody<RegisterForm>, ApiError>,
) -> Result<Response, ApiError> {
    let FormBody(form) = match form {
        Ok(form) => form,
        Err(error) => return refuse(&state, "/register", headers, Problem::default(), error).await,
    };
    let next = local_path(&form.next).to_owned();
    let typed = Problem { username: form.username.clone(), email: form.email.clone(), ..Problem::default() };
    let form = Register { username: form.username, email: form.email, password: form.password };
    let registered = match own_page(&headers) {
        Ok(()) => state.auth().register_browser(form, source.address, device).await,
        Err(error) => Err(error),
    };
    match registered {
        Ok(signed_in) => welcome(&state, &headers, &signed_in, &source, &next).await,
        Err(error) => refuse(&state, &entry_address("/register", &next), headers, typed, error.into()).await,
    }
}

/// `POST /sign-out`
pub(crate) async fn sign_out(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    own_page(&headers)?;
    let ended = end_all(&state, &headers).await?;
    let mut response = see_other("/sign-in");
    for name in ended {
        set_cookie(&mut response, cookie(&state, name, String::new(), 0))?;
    }
    Ok(response)
}

/// Ends every sign-in that the request shows: a browser may send more than one cookie, and each that is left would be good
/// for weeks. Answers the names of the cookies that are to go; one of the old name only if it was ours, because it may be that
/// of another hub on this host.
async fn end_all<'a>(state: &'a AppState, headers: &'a HeaderMap) -> Result<Vec<&'a str>, ApiError> {
    let mut names = vec![state.cookie_name()];
    for (name, caller) in all_by_cookie(state, headers).await? {
        state.auth().logout(&caller).await?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// `POST /theme`, from a page that does not live (yet): keeps the choice and leads back.
pub(crate) async fn theme(
    State(state): State<AppState>,
    headers: HeaderMap,
    FormBody(form): FormBody<ThemeForm>,
) -> Result<Response, ApiError> {
    own_page(&headers)?;
    let mut cookie = Cookie::new(Theme::COOKIE, Theme::parse(&form.theme).as_str());
    cookie.set_path("/");
    cookie.set_same_site(SameSite::Lax);
    cookie.set_secure(!state.config().is_development());
    let mut response = see_other(local_path(&form.next));
    set_cookie(&mut response, format!("{cookie}; Max-Age={}", Theme::KEPT_SECONDS))?;
    Ok(response)
}

async fn welcome(
    state: &AppState,
    headers: &HeaderMap,
    signed_in: &CookieSignIn,
    source: &SignInSource,
    next: &str,
) -> Result<Response, ApiError> {
    // Those that are replaced would otherwise stay good for weeks.
    let ended = end_all(state, headers).await?;
    let mut response = see_other(next);
    let own = state.cookie_name();
    set_cookie(&mut response, cookie(state, own, signed_in.secret.clone(), SIGN_IN_MS / 1_000))?;
    for name in ended.into_iter().filter(|name| *name != own) {
        set_cookie(&mut response, cookie(state, name, String::new(), 0))?;
    }
    // Stays at a sign-out: it opens nothing.
    let device = state.auth().device_tokens(&signed_in.user.id, source)?;
    set_cookie(&mut response, cookie(state, state.device_cookie_name(), device, DEVICE_SECONDS))?;
    Ok(response)
}

async fn refuse(
    state: &AppState,
    page: &str,
    headers: HeaderMap,
    typed: Problem,
    error: ApiError,
) -> Result<Response, ApiError> {
    let (status, body) = error.describe();
    let problem = Problem { field: body.field, message: body.message, ..typed };
    let uri = page.parse::<Uri>().unwrap_or_default();
    let mut response = refused(state, uri, headers, problem, status).await?;
    if let Some(reason) = error.reason() {
        response.extensions_mut().insert(reason);
    }
    Ok(response)
}

pub(super) fn own_page(headers: &HeaderMap) -> Result<(), AuthError> {
    if may_use_cookie(&Method::POST, headers) { Ok(()) } else { Err(AuthError::ForeignPage) }
}

fn cookie(state: &AppState, name: &str, secret: String, seconds: i64) -> String {
    let mut cookie = Cookie::new(name, secret);
    cookie.set_path("/");
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_secure(!state.config().is_development());
    format!("{cookie}; Max-Age={seconds}")
}

fn set_cookie(response: &mut Response, cookie: String) -> Result<(), ApiError> {
    let value = HeaderValue::try_from(cookie).map_err(AuthError::internal)?;
    response.headers_mut().append(SET_COOKIE, value);
    Ok(())
}

/// Where to go after the sign-in: a path of ours, or home. `//host` and `/\host` would lead elsewhere.
pub(super) fn local_path(next: &str) -> &str {
    let local = next.starts_with('/') && !next.starts_with("//");
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if local && plain { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_only_to_our_own_pages() {
        for own in ["/", "/rooms/kitchen", "/devtools?x=1"] {
            assert_eq!(local_path(own), own);
        }
        for foreign in
            ["", "rooms", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "/\t/e"]
        {
            assert_eq!(local_path(foreign), "/", "{foreign:?}");
        }
    }
}
