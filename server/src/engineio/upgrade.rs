//! A WebSocket takes over from polling: it is probed first, and nothing is lost or overtaken on the way.
//!
//! The client sends a ping on the new transport and gets it back, ends its poll, and says `5`. Until then everything
//! leaves by polls; from then on nothing does. So there is no moment with two writers.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use tokio::time::timeout;
use wire::engineio::Packet;

use super::session::Shared;
use super::state::Transport;
use super::websocket::Connection;
use crate::websocket::{Incoming, Loops, OutFrame, Reader, Writer};

/// What a probe says.
const PROBE: &[u8] = b"probe";

/// Upgrades of a session that may be on their way out at a time.
const MAX_SURPLUS: usize = 4;

/// The one WebSocket that may take over. Dropping it lets the session go on polling.
pub(super) struct Attempt {
    shared: Arc<Shared>,
}

impl Attempt {
    /// `None`: another WebSocket was first.
    pub(super) fn begin(shared: &Arc<Shared>) -> Option<Self> {
        shared.lock().begin_upgrade().then(|| Self { shared: shared.clone() })
    }

    /// Answers what the client tries out. The session's connection from now on, if the client wants that.
    pub(super) async fn take_over(
        self,
        mut reader: Reader,
        mut writer: Writer,
        loops: &Loops,
    ) -> Option<Box<Connection>> {
        let shared = self.shared.clone();
        let asked = tokio::select! {
            asked = timeout(shared.settings.upgrade_timeout, probe(&shared, &mut reader, &mut writer)) => asked,
            () = shared.ended() => Ok(None),
        };
        if matches!(asked, Ok(Some(()))) && shared.lock().finish_upgrade() {
            // Whoever still polls is told that it is too late.
            shared.wake_poll.notify_one();
            Some(Box::new(Connection::begin(shared, reader, writer, loops)))
        } else {
            drop(self);
            hang_up(&shared, reader, writer).await;
            None
        }
    }
}

/// A WebSocket that came too late to take over. It is opened, so that its client hears why, and hung up on.
pub(super) struct Surplus {
    shared: Arc<Shared>,
}

impl Surplus {
    /// `None`: there are as many on their way out as any client has.
    pub(super) fn begin(shared: &Arc<Shared>) -> Option<Self> {
        let surplus = Self { shared: shared.clone() };
        let before = shared.surplus.fetch_add(1, Ordering::Relaxed);
        (before < MAX_SURPLUS).then_some(surplus)
    }

    pub(super) async fn hang_up(self, reader: Reader, writer: Writer) {
        hang_up(&self.shared, reader, writer).await;
    }
}

impl Drop for Surplus {
    fn drop(&mut self) {
        self.shared.surplus.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if matches!(state.transport, Transport::Upgrading { .. }) {
            state.transport = Transport::Polling;
        }
    }
}

/// Answers probes until the client asks for the upgrade. `None`: it does something else.
async fn probe(shared: &Shared, reader: &mut Reader, writer: &mut Writer) -> Option<()> {
    loop {
        let packet = match reader.next().await.ok()? {
            Incoming::Text(text) => Packet::decode(text.into_bytes()).ok()?,
            Incoming::Ping(_) => {
                writer.answer_pings().await.ok()?;
                continue;
            }
            Incoming::Pong(_) => continue,
            Incoming::Binary(_) | Incoming::Close(_) => return None,
        };
        match packet {
            Packet::Ping(said) if said == PROBE => {
                writer.send(OutFrame::text(Bytes::from_static(b"3probe"))).await.ok()?;
                shared.lock().transport = Transport::Upgrading { probed: true };
                shared.wake_poll.notify_one();
            }
            Packet::Upgrade => return Some(()),
            _ => return None,
        }
    }
}

/// Closes a WebSocket that is not needed.
async fn hang_up(shared: &Shared, reader: Reader, writer: Writer) {
    match timeout(shared.settings.farewell, writer.close(1000, "")).await {
        Ok(Ok(())) => reader.drain(shared.settings.farewell).await,
        Ok(Err(error)) => tracing::debug!(%error, "A WebSocket that was not needed is gone"),
        Err(_) => tracing::debug!("A WebSocket that was not needed takes no close frame"),
    }
}
