//! Authenticator: finds the proof of identity in a request or a handshake and has it checked, so that all gateways accept the
//! same proofs.

use std::sync::Arc;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue, Method};

use super::carriers::{SocketQuery, access_token, bearer};
use super::cookies::CookieNames;
use super::{AuthError, AuthService, AuthUser, Tickets, origin};

/// Authenticates requests and sockets. Cloning copies three pointers.
#[derive(Clone)]
pub struct Authenticator {
    auth: Arc<AuthService>,
    tickets: Arc<Tickets>,
    cookies: Arc<CookieNames>,
}

impl Authenticator {
    /// Checks proofs with these parts.
    pub fn new(auth: Arc<AuthService>, tickets: Arc<Tickets>, cookies: Arc<CookieNames>) -> Self {
        Self { auth, tickets, cookies }
    }

    /// The user of a request to the API: by the header `Authorization`, else by the cookie of our own pages.
    ///
    /// # Errors
    /// [`AuthError::Unauthorized`], [`AuthError::Token`], [`AuthError::ForeignPage`], and failures of the store.
    pub async fn request(&self, method: &Method, headers: &HeaderMap) -> Result<AuthUser, AuthError> {
        if let Some(token) = bearer(headers.get(AUTHORIZATION))? {
            return self.token(token).await;
        }
        let mut shown = self.cookies.shown(headers).peekable();
        if shown.peek().is_some() && !origin::may_use_cookie(method, headers) {
            return Err(AuthError::ForeignPage);
        }
        let caller = self.visitor(headers).await?;
        caller.ok_or(AuthError::Unauthorized)
    }

    /// The user who visits a page, if one is signed in. Of several cookies the first good one counts: one that is over, of
    /// another domain or path, must not keep out a user whose newer one is good.
    ///
    /// # Errors
    /// [`AuthError::Account`] when the store fails; a cookie that is over proves nothing.
    pub async fn visitor(&self, headers: &HeaderMap) -> Result<Option<AuthUser>, AuthError> {
        for (_, cookie) in self.cookies.shown(headers) {
            if let Some(caller) = self.cookie(cookie).await? {
                return Ok(Some(caller));
            }
        }
        Ok(None)
    }

    /// Every sign-in that a request shows by a cookie, with the name of its cookie.
    ///
    /// # Errors
    /// As [`Self::visitor`].
    pub async fn all_by_cookie<'a>(
        &'a self,
        headers: &'a HeaderMap,
    ) -> Result<Vec<(&'a str, AuthUser)>, AuthError> {
        let mut callers = Vec::new();
        for (name, cookie) in self.cookies.shown(headers) {
            callers.extend(self.cookie(cookie).await?.map(|caller| (name, caller)));
        }
        Ok(callers)
    }

    /// The user who opens a socket: by `Authorization`, else `?token=`, else `?ticket=`. `None` without any of them; then the
    /// first frame has to carry a token.
    ///
    /// # Errors
    /// [`AuthError::Token`] for whatever is wrong with a token, [`AuthError::Unauthorized`] for another scheme than `Bearer`, and
    /// failures of the store.
    pub async fn socket(
        &self,
        authorization: Option<&HeaderValue>,
        query: &SocketQuery,
    ) -> Result<Option<AuthUser>, AuthError> {
        let token = bearer(authorization)?.or(query.token.as_deref());
        if let Some(token) = token {
            return self.token(token).await.map(Some);
        }
        let Some(ticket) = &query.ticket else {
            return Ok(None);
        };
        let redeemed = self.tickets.redeem(ticket, self.auth.clock().monotonic_ms());
        let caller = redeemed.map_err(|error| self.auth.token_error(error))?;
        self.auth.check_still(&caller).await?;
        Ok(Some(caller))
    }

    /// The user of the access token in a carrier. Every carrier ends here, so all take a token alike.
    ///
    /// # Errors
    /// [`AuthError::Token`] for whatever is wrong with it, and failures of the store.
    pub async fn token(&self, carried: &str) -> Result<AuthUser, AuthError> {
        self.auth.by_token(access_token(carried)).await
    }

    async fn cookie(&self, cookie: &str) -> Result<Option<AuthUser>, AuthError> {
        match self.auth.by_cookie(cookie).await {
            Ok(caller) => Ok(Some(caller)),
            Err(error) if error.is_unproven() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
