//! What the store has and nobody was told.
//!
//! A store may fail after it has committed: whoever posted is told that it is not known to be stored, and the room cannot
//! know either. Numbers have no holes, so it looks what comes after the last one that it told.

use protocol::limits;
use tokio::time::Instant;

use crate::model::Message;
use crate::port::{AGAIN, Slice, StoreError};

use super::Room;

impl Room {
    /// The store may have more than was told.
    pub(super) fn doubt(&mut self) {
        self.look_at.get_or_insert_with(Instant::now);
    }

    /// Whether a message lies within what was told here.
    pub(super) fn was_told(&self, message: &Message) -> bool {
        message.cursor.seq <= self.head.seq
    }

    /// Tells everybody what is stored and was not told, if there may be any.
    pub(super) async fn tell_untold(&mut self) {
        if self.look_at.is_none() {
            return;
        }
        self.look_at = match self.publish_rest().await {
            Ok(()) => None,
            Err(error) => {
                let (cause, id) = (&error as &dyn std::error::Error, &self.id);
                tracing::error!(error = cause, room.id = %id, "Could not look what is stored of room `{id}`");
                Some(Instant::now() + AGAIN)
            }
        };
    }

    /// As [`Room::tell_untold`], once its time has come.
    pub(super) async fn look_again(&mut self) {
        if self.look_at.is_some_and(|moment| moment <= Instant::now()) {
            self.tell_untold().await;
        }
    }

    /// Tells a committed message unless it was told before, and first what is stored before it.
    pub(super) async fn tell_in_order(&mut self, message: &Message) {
        if message.cursor.seq > self.head.seq + 1 {
            self.doubt();
            self.tell_untold().await;
        }
        if message.cursor.seq == self.head.seq + 1 {
            self.publish(message.clone());
        }
    }

    async fn publish_rest(&mut self) -> Result<(), StoreError> {
        loop {
            let slice = Slice::After(self.head.seq);
            let page = self.context.store.page(&self.id, slice, limits::MAX_PAGE_MESSAGES).await?;
            for message in page.messages {
                self.publish(message);
            }
            if !page.has_more {
                return Ok(());
            }
        }
    }
}
