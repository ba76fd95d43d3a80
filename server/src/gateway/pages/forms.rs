//! Forms: the handlers of the forms of the pages. They are plain HTML, so they work before the scripts have arrived.

use std::sync::Arc;

use app::paths::{REGISTER, SIGN_IN, entry_address};
use app::{Problem, Theme};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum_extra::extract::cookie::{Cookie, SameSite};
use protocol::rest::{Login, Register};
use serde::Deserialize;

use super::redirect::{local_path, see_other};
use super::renderer::PageRenderer;
use super::sign_in_cookies::{SignInCookies, check_own_page, is_secure, set_cookie};
use crate::auth::{AuthService, Device, SignInSource};
use crate::config::Config;
use crate::error::ApiError;
use crate::gateway::extract::FormBody;

/// The form of the sign-in page. A field that is missing counts as empty.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SignInForm {
    username: String,
    password: String,
    next: String,
}

/// The form of the registration page.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RegisterForm {
    username: String,
    email: String,
    password: String,
    next: String,
}

/// The form of the theme switch.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ThemeForm {
    theme: String,
    next: String,
}

/// `POST /sign-in`
pub(crate) async fn sign_in(
    State(auth): State<Arc<AuthService>>,
    State(cookies): State<SignInCookies>,
    State(renderer): State<PageRenderer>,
    source: SignInSource,
    device: Device,
    headers: HeaderMap,
    form: Result<FormBody<SignInForm>, ApiError>,
) -> Result<Response, ApiError> {
    let FormBody(form) = match form {
        Ok(form) => form,
        Err(error) => return reject(&renderer, SIGN_IN, headers, Problem::default(), error).await,
    };
    let next = local_path(&form.next);
    let login = Login { username: form.username.clone(), password: form.password };
    let signed_in = match check_own_page(&headers) {
        Ok(()) => auth.login_browser(login, &source, device).await,
        Err(error) => Err(error),
    };
    match signed_in {
        Ok(signed_in) => cookies.sign_in(&headers, &signed_in, &source, next).await,
        Err(error) => {
            let input = Problem { username: form.username, ..Problem::default() };
            reject(&renderer, &entry_address(SIGN_IN, next), headers, input, error.into()).await
        }
    }
}

/// `POST /register`
pub(crate) async fn register(
    State(auth): State<Arc<AuthService>>,
    State(cookies): State<SignInCookies>,
    State(renderer): State<PageRenderer>,
    source: SignInSource,
    device: Device,
    headers: HeaderMap,
    form: Result<FormBody<RegisterForm>, ApiError>,
) -> Result<Response, ApiError> {
    let FormBody(form) = match form {
        Ok(form) => form,
        Err(error) => return reject(&renderer, REGISTER, headers, Problem::default(), error).await,
    };
    let next = local_path(&form.next).to_owned();
    let input = Problem { username: form.username.clone(), email: form.email.clone(), ..Problem::default() };
    let form = Register { username: form.username, email: form.email, password: form.password };
    let registered = match check_own_page(&headers) {
        Ok(()) => auth.register_browser(form, source.address, device).await,
        Err(error) => Err(error),
    };
    match registered {
        Ok(signed_in) => cookies.sign_in(&headers, &signed_in, &source, &next).await,
        Err(error) => reject(&renderer, &entry_address(REGISTER, &next), headers, input, error.into()).await,
    }
}

/// `POST /sign-out`
pub(crate) async fn sign_out(
    State(cookies): State<SignInCookies>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    check_own_page(&headers)?;
    cookies.sign_out(&headers).await
}

/// `POST /theme`, from a page whose scripts do not run (yet): stores the choice and leads back.
pub(crate) async fn theme(
    State(config): State<Arc<Config>>,
    headers: HeaderMap,
    FormBody(form): FormBody<ThemeForm>,
) -> Result<Response, ApiError> {
    check_own_page(&headers)?;
    let mut cookie = Cookie::new(Theme::COOKIE, Theme::parse(&form.theme).as_str());
    cookie.set_path("/");
    cookie.set_same_site(SameSite::Lax);
    cookie.set_secure(is_secure(&config));
    let mut response = see_other(local_path(&form.next));
    set_cookie(&mut response, format!("{cookie}; Max-Age={}", Theme::KEPT_SECONDS))?;
    Ok(response)
}

/// Shows the page of a form again, with the input and the error.
async fn reject(
    renderer: &PageRenderer,
    page: &str,
    headers: HeaderMap,
    input: Problem,
    error: ApiError,
) -> Result<Response, ApiError> {
    renderer.render_error(page.parse().unwrap_or_default(), headers, input, &error).await
}
