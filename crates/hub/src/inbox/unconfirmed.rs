//! Unconfirmed writes: entries that the store may have kept although it answered with a failure.
//!
//! Whoever asked for such an entry is told that it is not known to be stored, and the inbox cannot know either. Numbers have
//! no holes, so the inbox reads what comes after the last entry that it sent to those who follow, before it does anything
//! else that depends on it; a store that fails is asked again until it answers.

use std::sync::Arc;

use protocol::CloseCode;
use tokio::time::Instant;

use crate::client::ClientHandle;
use crate::port::{AGAIN, StoreError};

use super::catch_up::ENTRIES;
use super::{Inbox, InboxCommand};

/// That there may be entries which those who follow were not sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unconfirmed {
    /// The last entry that they were sent.
    after: u64,
    /// When to read what comes after it.
    pub(super) read_at: Instant,
}

impl Inbox {
    /// The store may have kept entries after this one.
    pub(super) fn doubt(&mut self, after: u64) {
        self.unconfirmed = Some(Unconfirmed { after, read_at: Instant::now() });
    }

    /// Sends what the store has kept without confirming it, if there may be any.
    ///
    /// # Errors
    /// The store failed, and is to be asked again.
    pub(super) async fn confirm(&mut self) -> Result<(), StoreError> {
        let Some(Unconfirmed { mut after, .. }) = self.unconfirmed else { return Ok(()) };
        let sent = self.send_after(&mut after).await;
        self.unconfirmed = None;
        if let Err(error) = &sent {
            let (cause, person) = (error as &dyn std::error::Error, &self.person);
            tracing::error!(error = cause, user.id = %person, "Could not read the inbox of `{person}`");
            self.unconfirmed = Some(Unconfirmed { after, read_at: Instant::now() + AGAIN });
        }
        sent
    }

    /// Sends those who follow every entry after a number, and moves it.
    async fn send_after(&mut self, after: &mut u64) -> Result<(), StoreError> {
        while *after < self.state().await?.head {
            let page = self.context.store.inbox_after(&self.person, *after, ENTRIES).await?;
            let clients: Vec<Arc<ClientHandle>> = self.context.registry.followers_of_inbox(&self.person);
            let Some(page) = page.filter(|page| !page.is_empty()) else {
                // Let go meanwhile: the clients come back and start over.
                for client in &clients {
                    client.close(CloseCode::TooSlow);
                }
                return Ok(());
            };
            for entry in page {
                *after = entry.seq;
                self.send_live(&clients, entry);
            }
            for client in &clients {
                self.ask_for_receipt(client);
            }
        }
        Ok(())
    }
}

impl InboxCommand {
    /// Whether it needs to know that those who follow were sent everything.
    pub(super) fn depends_on_sent(&self) -> bool {
        match self {
            Self::Follow { .. } | Self::CatchUp(_) | Self::Put { .. } | Self::Job { .. } => true,
            Self::Delivered(_) | Self::Read { .. } | Self::Stop(_) => false,
        }
    }
}
