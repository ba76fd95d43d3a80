//! Sign-in cookies: signs a browser in and out by its cookies.

use std::sync::Arc;

use axum::extract::FromRef;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::Response;
use axum_extra::extract::cookie::{Cookie, SameSite};

use super::redirect::see_other;
use crate::auth::cookies::CookieNames;
use crate::auth::device_token::DEVICE_SECONDS;
use crate::auth::origin::may_use_cookie;
use crate::auth::{AuthError, AuthService, Authenticator, CookieSignIn, SIGN_IN_MS, SignInSource};
use crate::config::Config;
use crate::error::ApiError;
use crate::state::AppState;

/// Sets and removes the cookies of sign-ins.
#[derive(Clone)]
pub(crate) struct SignInCookies {
    names: Arc<CookieNames>,
    authenticator: Authenticator,
    auth: Arc<AuthService>,
    is_secure: bool,
}

impl FromRef<AppState> for SignInCookies {
    fn from_ref(state: &AppState) -> Self {
        Self {
            names: FromRef::from_ref(state),
            authenticator: FromRef::from_ref(state),
            auth: FromRef::from_ref(state),
            is_secure: is_secure(state.config()),
        }
    }
}

impl SignInCookies {
    /// Leads a browser on that has just signed in.
    pub(super) async fn sign_in(
        &self,
        headers: &HeaderMap,
        signed_in: &CookieSignIn,
        source: &SignInSource,
        next: &str,
    ) -> Result<Response, ApiError> {
        // Those that are replaced would otherwise stay good for weeks.
        let ended = self.end_all(headers).await?;
        let mut response = see_other(next);
        let own = self.names.sign_in();
        set_cookie(&mut response, self.cookie(own, signed_in.secret.clone(), SIGN_IN_MS / 1_000))?;
        for name in ended.into_iter().filter(|name| *name != own) {
            set_cookie(&mut response, self.cookie(name, String::new(), 0))?;
        }
        // Stays at a sign-out: it opens nothing.
        let device = self.auth.device_tokens(&signed_in.user.id, source)?;
        set_cookie(&mut response, self.cookie(self.names.device(), device, DEVICE_SECONDS))?;
        Ok(response)
    }

    /// Signs a browser out.
    pub(super) async fn sign_out(&self, headers: &HeaderMap) -> Result<Response, ApiError> {
        let ended = self.end_all(headers).await?;
        let mut response = see_other("/sign-in");
        for name in ended {
            set_cookie(&mut response, self.cookie(name, String::new(), 0))?;
        }
        Ok(response)
    }

    /// Ends every sign-in that the request shows: a browser may send more than one cookie, and each that is left would be good
    /// for weeks. Answers the names of the cookies to remove; one of the old name only if it was ours, because it may be that
    /// of another hub on this host.
    async fn end_all<'a>(&'a self, headers: &'a HeaderMap) -> Result<Vec<&'a str>, ApiError> {
        let mut names = vec![self.names.sign_in()];
        for (name, caller) in self.authenticator.all_by_cookie(headers).await? {
            self.auth.logout(&caller).await?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn cookie(&self, name: &str, secret: String, seconds: i64) -> String {
        let mut cookie = Cookie::new(name, secret);
        cookie.set_path("/");
        cookie.set_http_only(true);
        cookie.set_same_site(SameSite::Lax);
        cookie.set_secure(self.is_secure);
        format!("{cookie}; Max-Age={seconds}")
    }
}

/// Whether cookies need TLS.
pub(super) fn is_secure(config: &Config) -> bool {
    !config.is_development()
}

/// Checks that a form was sent by a page of ours.
///
/// # Errors
/// [`AuthError::ForeignPage`].
pub(super) fn check_own_page(headers: &HeaderMap) -> Result<(), AuthError> {
    if may_use_cookie(&Method::POST, headers) { Ok(()) } else { Err(AuthError::ForeignPage) }
}

pub(super) fn set_cookie(response: &mut Response, cookie: String) -> Result<(), ApiError> {
    let value = HeaderValue::try_from(cookie).map_err(AuthError::internal)?;
    response.headers_mut().append(SET_COOKIE, value);
    Ok(())
}
