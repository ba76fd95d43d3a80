//! What the process is asked from outside: to stop, or to make room for another version.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::upgrade::{Program, Successor, UpgradeError};

/// What was asked of the process.
pub(crate) enum Asked {
    Stop,
    Replace(Successor),
}

/// The signals that are heard.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    replace: Signal,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            replace: signal(SignalKind::user_defined2())?,
        })
    }

    /// What is asked first. An upgrade that cannot be is none: the server goes on.
    pub(crate) async fn next(&mut self, program: &Program, socket: &std::net::TcpListener) -> Asked {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => {
                    tracing::info!("Stopping: SIGTERM");
                    return Asked::Stop;
                }
                _ = self.interrupt.recv() => {
                    tracing::info!("Stopping: SIGINT");
                    return Asked::Stop;
                }
                _ = self.replace.recv() => {}
            }
            match successor(program, socket).await {
                Ok(successor) => {
                    tracing::info!("Upgrading: SIGUSR2");
                    return Asked::Replace(successor);
                }
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "Could not upgrade, so the server goes on"
                    );
                }
            }
        }
    }
}

async fn successor(program: &Program, socket: &std::net::TcpListener) -> Result<Successor, UpgradeError> {
    program.try_out().await?;
    let socket = socket.try_clone().map_err(UpgradeError::Socket)?;
    program.clone().with(socket)
}
