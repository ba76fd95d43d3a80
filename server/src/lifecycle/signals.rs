//! Signals of the process: stop, and binary upgrade.

use std::future::pending;
use std::io;
use std::net::TcpListener;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::binary_upgrade::{Binary, NextBinary, UpgradeError};

/// What a signal asks of the process.
pub(crate) enum ProcessSignal {
    /// SIGTERM, SIGINT or SIGHUP.
    Stop,
    /// SIGUSR2, with a binary that can take over.
    Upgrade(NextBinary),
}

/// The handlers of the signals.
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

    /// Waits for the next signal. If an upgrade is not possible, the server continues.
    pub(crate) async fn next(&mut self, binary: &Binary, sockets: &[TcpListener]) -> ProcessSignal {
        loop {
            let name = tokio::select! {
                _ = self.terminate.recv() => "SIGTERM",
                _ = self.interrupt.recv() => "SIGINT",
                () = received(&mut self.hangup) => "SIGHUP",
                _ = self.replace.recv() => "SIGUSR2",
            };
            if name != "SIGUSR2" {
                tracing::info!("Stopping: {name}");
                return ProcessSignal::Stop;
            }
            match next_binary(binary, sockets).await {
                Ok(next) => {
                    tracing::info!("Upgrading: {name}");
                    return ProcessSignal::Upgrade(next);
                }
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "Could not upgrade, so the server continues"
                    );
                }
            }
        }
    }
}

async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => pending().await,
    }
}

async fn next_binary(binary: &Binary, sockets: &[TcpListener]) -> Result<NextBinary, UpgradeError> {
    binary.try_out().await?;
    binary.clone().with(sockets)
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
