//! Runs the server until a signal stops it or replaces it by another version.

use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::binary_upgrade::{Binary, NextBinary};
use super::listener::{self, ListenError};
use super::signals::{ProcessSignal, Signals};
use super::start::{StartError, serve_on};
use crate::clock::SystemClock;
use crate::config::Config;

/// Why the server ended.
#[derive(Debug)]
pub enum ExitReason {
    /// By a signal to stop.
    Stopped,
    /// To be replaced by another version.
    Replaced(NextBinary),
}

/// Serves until SIGTERM, SIGINT or SIGHUP, then stops gracefully; at SIGUSR2 so that another version can take over the sockets.
/// `inherited` are the sockets that were passed to this process; if there are none, the addresses of the settings are bound.
///
/// # Errors
/// [`StartError`]; with its sources it makes one line.
pub async fn run(config: Config, inherited: Vec<std::net::TcpListener>) -> Result<ExitReason, StartError> {
    let mut signals = Signals::new().map_err(StartError::Signals)?;
    let binary = Binary::of_this_process();
    let keep_sockets = !inherited.is_empty();
    // Before anything else: a second start must not touch what the first one uses.
    let listeners = if keep_sockets {
        inherited.into_iter().map(listener::adopt).collect::<Result<_, _>>()?
    } else {
        listener::bind(&config.listen)?
    };
    let (listeners, spares) = with_spares(listeners).map_err(ListenError::Inherited)?;
    let mut running = serve_on(listeners, config, Arc::new(SystemClock::default())).await?;
    running.announce();
    let signal = tokio::select! {
        signal = signals.next(&binary, &spares) => signal,
        ended = running.ended() => {
            return ended.map(|()| ExitReason::Stopped).map_err(|error| StartError::Serve(io::Error::other(error)));
        }
    };
    if keep_sockets || matches!(signal, ProcessSignal::Upgrade(_)) {
        running.stop_accepting();
    }
    running.shutdown().await;
    Ok(match signal {
        ProcessSignal::Stop => ExitReason::Stopped,
        ProcessSignal::Upgrade(next) => ExitReason::Replaced(next),
    })
}

/// The listeners, and copies of them for the next binary.
fn with_spares(listeners: Vec<TcpListener>) -> io::Result<(Vec<TcpListener>, Vec<std::net::TcpListener>)> {
    let (mut served, mut spares) = (Vec::new(), Vec::new());
    for listener in listeners {
        let listener = listener.into_std()?;
        spares.push(listener.try_clone()?);
        served.push(TcpListener::from_std(listener)?);
    }
    Ok((served, spares))
}
