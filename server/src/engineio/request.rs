//! What a request asks for, as far as its address and headers say.

use axum::extract::Query;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};

use super::error::RequestError;

/// The parameters of the address that matter here.
#[derive(Debug, Default)]
pub struct Parameters {
    transport: Option<String>,
    version: Option<String>,
    /// The session that is meant; without one a session begins.
    pub sid: Option<String>,
}

/// Which transport a request belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// HTTP long-polling.
    Polling,
    /// A WebSocket.
    WebSocket,
}

impl Parameters {
    /// Reads the query. Of a parameter that is repeated the last one counts.
    ///
    /// # Errors
    /// [`RequestError::BadRequest`] when it is no query.
    pub fn read(parts: &Parts) -> Result<Self, RequestError> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(query) = query.map_err(|_| RequestError::BadRequest)?;
        let mut parameters = Self::default();
        for (name, value) in query {
            match name.as_str() {
                "transport" => parameters.transport = Some(value),
                "EIO" => parameters.version = Some(value),
                "sid" => parameters.sid = Some(value).filter(|sid| !sid.is_empty()),
                _ => {}
            }
        }
        Ok(parameters)
    }

    /// Which transport is asked for.
    ///
    /// # Errors
    /// [`RequestError::Transport`].
    pub fn transport(&self) -> Result<Asked, RequestError> {
        match self.transport.as_deref() {
            Some("polling") => Ok(Asked::Polling),
            Some("websocket") => Ok(Asked::WebSocket),
            _ => Err(RequestError::Transport),
        }
    }

    /// Whether a session may begin with this request.
    ///
    /// # Errors
    /// [`RequestError::HandshakeMethod`], [`RequestError::Version`].
    pub fn check_handshake(&self, method: &Method) -> Result<(), RequestError> {
        if *method != Method::GET {
            return Err(RequestError::HandshakeMethod);
        }
        if self.version.as_deref() != Some("4") {
            return Err(RequestError::Version);
        }
        Ok(())
    }
}

/// Whether a request wants to become a WebSocket. Whether it may is checked by the handshake.
pub(super) fn is_upgrade(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE).and_then(|it| it.to_str().ok());
    upgrade.is_some_and(|it| it.eq_ignore_ascii_case("websocket"))
}
