//! Request: reads the query and the headers of a request.

use http::request::Parts;
use http::{HeaderMap, Method, header};

use crate::error::RequestError;

/// The query parameters of Engine.IO.
#[derive(Debug, Default)]
pub struct Parameters {
    transport: Option<String>,
    version: Option<String>,
    /// The session of the request; without one a session begins.
    pub sid: Option<String>,
}

/// Which transport a request belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedTransport {
    /// HTTP long-polling.
    Polling,
    /// A WebSocket.
    WebSocket,
}

impl Parameters {
    /// Reads the query. Of a parameter that is repeated the last one counts.
    pub fn read(parts: &Parts) -> Self {
        let mut parameters = Self::default();
        let query = parts.uri.query().unwrap_or_default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "transport" => parameters.transport = Some(value.into_owned()),
                "EIO" => parameters.version = Some(value.into_owned()),
                "sid" => parameters.sid = Some(value.into_owned()).filter(|sid| !sid.is_empty()),
                _ => {}
            }
        }
        parameters
    }

    /// Which transport is asked for.
    ///
    /// # Errors
    /// [`RequestError::Transport`].
    pub fn transport(&self) -> Result<RequestedTransport, RequestError> {
        match self.transport.as_deref() {
            Some("polling") => Ok(RequestedTransport::Polling),
            Some("websocket") => Ok(RequestedTransport::WebSocket),
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
pub(crate) fn is_upgrade(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE).and_then(|it| it.to_str().ok());
    upgrade.is_some_and(|it| it.eq_ignore_ascii_case("websocket"))
}
