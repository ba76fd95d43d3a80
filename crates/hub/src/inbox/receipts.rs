//! Receipts: an entry waits until a client has proven that it received it.

use std::sync::Arc;

use protocol::UserId;

use crate::client::ClientHandle;
use crate::context::HubContext;
use crate::outbox::{Gone, OutletFuture};
use crate::port::Delivered;

use super::{Inbox, InboxCommand};

/// What a client has received.
pub(crate) enum Proof {
    /// The entries with these numbers.
    These(Vec<u64>),
    /// Everything up to and with this number.
    UpTo(u64),
}

impl Inbox {
    /// Asks a client for a receipt of the waiting entries that it was sent, unless one is under way: then it is asked again
    /// when that one has come.
    pub(super) fn ask_for_receipt(&self, client: &Arc<ClientHandle>) {
        if let Some(seqs) = client.begin_receipt() {
            let receipt = receipt_of(client);
            self.context.tasks.spawn(collect(self.context.clone(), client.clone(), seqs, receipt));
        }
    }

    /// Entries wait no more. If that cannot be stored they are sent once more at the next connection.
    pub(super) async fn deliver(&mut self, which: Delivered<'_>) {
        let state = self.state.take();
        match self.context.store.inbox_delivered(&self.person, which).await {
            Ok(bytes) => {
                self.state = state.map(|mut state| {
                    state.waiting_bytes = state.waiting_bytes.saturating_sub(bytes);
                    state
                });
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                let person = &self.person;
                tracing::error!(error, user.id = %person, "Could not note what was delivered to `{person}`");
            }
        }
    }

    pub(super) async fn note_proof(&mut self, proof: Proof) {
        match proof {
            Proof::These(seqs) => self.deliver(Delivered::These(&seqs)).await,
            Proof::UpTo(seq) => {
                // A number that was never given proves nothing.
                if self.state().await.is_ok_and(|state| seq <= state.head) {
                    self.deliver(Delivered::UpTo(seq)).await;
                }
            }
        }
    }
}

/// The client's proof that it received what it was sent until now.
fn receipt_of(client: &ClientHandle) -> OutletFuture<'static, Result<(), Gone>> {
    client.outlet().receipt()
}

/// Waits for receipts of one client, one after the other, until everything it was sent is proven or it is gone.
async fn collect(
    context: Arc<HubContext>,
    client: Arc<ClientHandle>,
    mut seqs: Vec<u64>,
    mut receipt: OutletFuture<'static, Result<(), Gone>>,
) {
    let person: UserId = client.person.id.clone();
    while receipt.await.is_ok() {
        let proof = InboxCommand::Delivered(Proof::These(seqs));
        if context.inbox(&person).send(proof).await.is_err() {
            break;
        }
        match client.next_receipt() {
            Some(more) => {
                seqs = more;
                receipt = receipt_of(&client);
            }
            None => return,
        }
    }
    client.end_receipts();
}
