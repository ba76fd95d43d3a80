//! What the process is asked from outside: to stop, or to make room for another version.

use std::future::pending;
use std::io;
use std::net::TcpListener;

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
    /// The terminal was closed. `None`: `nohup` has it ignored.
    hangup: Option<Signal>,
    replace: Signal,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        let hangup = SignalKind::hangup();
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: if is_ignored(hangup) { None } else { Some(signal(hangup)?) },
            replace: signal(SignalKind::user_defined2())?,
        })
    }

    /// What is asked first. An upgrade that cannot be is none: the server goes on.
    pub(crate) async fn next(&mut self, program: &Program, sockets: &[TcpListener]) -> Asked {
        loop {
            let name = tokio::select! {
                _ = self.terminate.recv() => "SIGTERM",
                _ = self.interrupt.recv() => "SIGINT",
                () = heard(&mut self.hangup) => "SIGHUP",
                _ = self.replace.recv() => "SIGUSR2",
            };
            if name != "SIGUSR2" {
                tracing::info!("Stopping: {name}");
                return Asked::Stop;
            }
            match successor(program, sockets).await {
                Ok(successor) => {
                    tracing::info!("Upgrading: {name}");
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

async fn heard(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => pending().await,
    }
}

async fn successor(program: &Program, sockets: &[TcpListener]) -> Result<Successor, UpgradeError> {
    program.try_out().await?;
    program.clone().with(sockets)
}

/// Whether the process was started with a signal ignored, where that can be known (`proc_pid_status(5)`).
fn is_ignored(kind: SignalKind) -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| is_ignored_in(&status, kind))
}

fn is_ignored_in(status: &str, kind: SignalKind) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    let bit = u32::try_from(kind.as_raw_value() - 1).unwrap_or(u32::MAX);
    mask.checked_shr(bit).is_some_and(|rest| rest & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_signal_is_a_bit_of_the_mask() {
        let status = "Name:\thubbub\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000001001\n";
        assert!(is_ignored_in(status, SignalKind::hangup()));
        assert!(!is_ignored_in(status, SignalKind::terminate()));
        assert!(!is_ignored_in("", SignalKind::hangup()));
    }
}
