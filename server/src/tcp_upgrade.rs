//! TCP upgrade: takes the connection out of an HTTP/1.1 request, for the WebSocket that it becomes.

use axum::http::Extensions;
use hyper::upgrade::{OnUpgrade, Upgraded as HyperUpgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::net::TcpStream;
use websocket::{OpenError, Upgrade, Upgraded};

use crate::limits::http_timeouts::TimeoutStream;

/// Takes what hyper left in the request; `None` where the client asks for no upgrade. The connection loses the time limits
/// that hold for HTTP: a WebSocket has its own.
pub fn take(extensions: &mut Extensions) -> Option<Upgrade> {
    let upgrade = extensions.remove::<OnUpgrade>()?;
    Some(Upgrade::new(async move {
        let upgraded = upgrade.await.map_err(|error| OpenError::Upgrade(error.into()))?;
        into_tcp(upgraded)
    }))
}

fn into_tcp(upgraded: HyperUpgraded) -> Result<Upgraded, OpenError> {
    let upgraded = match downcast::<TokioIo<TimeoutStream>>(upgraded) {
        Ok(parts) => {
            return Ok(Upgraded { stream: parts.io.into_inner().into_inner(), read_ahead: parts.read_buf });
        }
        Err(upgraded) => upgraded,
    };
    let parts = downcast::<TokioIo<TcpStream>>(upgraded).map_err(|_| OpenError::NotTcp)?;
    Ok(Upgraded { stream: parts.io.into_inner(), read_ahead: parts.read_buf })
}
