//! Upgrade: lets a WebSocket take over from polling without losing or reordering messages.
//!
//! The client sends a ping on the new transport, receives the pong, ends its poll, and sends `5`. Until then everything is
//! sent by polls, and from then on nothing is. So there are never two writers.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use tokio::time::timeout;
use websocket::{Incoming, OutFrame, Reader, Writer, WriterPool};

use crate::codec::EnginePacket;
use crate::session_inner::SessionInner;
use crate::state::Transport;
use crate::websocket_transport::Connection;

/// The content of a probe.
const PROBE: &[u8] = b"probe";

/// Rejected upgrades of a session that may be open at a time.
const MAX_REJECTED: usize = 4;

/// The one WebSocket that may take over. After a drop the session continues with polling.
pub(crate) struct UpgradeAttempt {
    shared: Arc<SessionInner>,
}

impl UpgradeAttempt {
    /// `None`: another WebSocket was first.
    pub(crate) fn begin(shared: &Arc<SessionInner>) -> Option<Self> {
        shared.lock().begin_upgrade().then(|| Self { shared: shared.clone() })
    }

    /// Answers the client's probe. Returns the session's connection from now on, if the client completes the upgrade.
    pub(crate) async fn take_over(
        self,
        mut reader: Reader,
        mut writer: Writer,
        pool: &WriterPool,
    ) -> Option<Box<Connection>> {
        let shared = self.shared.clone();
        let probed = tokio::select! {
            probed = timeout(shared.settings.upgrade_timeout, probe(&shared, &mut reader, &mut writer)) => probed,
            () = shared.ended() => Ok(None),
        };
        if matches!(probed, Ok(Some(()))) && shared.lock().finish_upgrade() {
            // A poll that still waits is refused.
            shared.wake_poll.notify_one();
            Some(Box::new(Connection::begin(shared, reader, writer, pool)))
        } else {
            drop(self);
            close_websocket(&shared, reader, writer).await;
            None
        }
    }
}

/// A WebSocket that came too late to take over. It is opened, so that it can be closed with a reason.
pub(crate) struct RejectedUpgrade {
    shared: Arc<SessionInner>,
}

impl RejectedUpgrade {
    /// `None`: the session has too many of them.
    pub(crate) fn begin(shared: &Arc<SessionInner>) -> Option<Self> {
        let rejected = Self { shared: shared.clone() };
        let before = shared.rejected_upgrades.fetch_add(1, Ordering::Relaxed);
        (before < MAX_REJECTED).then_some(rejected)
    }

    pub(crate) async fn close_websocket(self, reader: Reader, writer: Writer) {
        close_websocket(&self.shared, reader, writer).await;
    }
}

impl Drop for RejectedUpgrade {
    fn drop(&mut self) {
        self.shared.rejected_upgrades.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for UpgradeAttempt {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if matches!(state.transport, Transport::Upgrading { .. }) {
            state.transport = Transport::Polling;
        }
    }
}

/// Answers probes until the client asks for the upgrade. `None`: it does something else.
async fn probe(shared: &SessionInner, reader: &mut Reader, writer: &mut Writer) -> Option<()> {
    loop {
        let packet = match reader.next().await.ok()? {
            Incoming::Text(text) => EnginePacket::decode(text.into_bytes()).ok()?,
            Incoming::Ping(_) => {
                writer.answer_pings().await.ok()?;
                continue;
            }
            Incoming::Pong(_) => continue,
            Incoming::Binary(_) | Incoming::Close(_) => return None,
        };
        match packet {
            EnginePacket::Ping(content) if content == PROBE => {
                writer.send(OutFrame::text(Bytes::from_static(b"3probe"))).await.ok()?;
                shared.lock().transport = Transport::Upgrading { probed: true };
                shared.wake_poll.notify_one();
            }
            EnginePacket::Upgrade => return Some(()),
            _ => return None,
        }
    }
}

/// Closes a WebSocket that is not needed.
async fn close_websocket(shared: &SessionInner, reader: Reader, writer: Writer) {
    match timeout(shared.settings.close_timeout, writer.close(1000, "")).await {
        Ok(Ok(())) => reader.discard_rest(shared.settings.close_timeout).await,
        Ok(Err(error)) => tracing::debug!(%error, "A WebSocket that was not needed is gone"),
        Err(_) => tracing::debug!("A WebSocket that was not needed takes no close frame"),
    }
}
