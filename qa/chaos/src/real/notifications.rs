//! Notifications: sent to a user by REST, while faults happen.

use std::collections::BTreeSet;
use std::time::Duration;

use protocol::rest::Tokens;
use rand::RngExt;
use rand::rngs::StdRng;
use tokio::sync::watch;

use super::client::Phase;
use super::clients::inbox_of;
use super::journal::{Journal, Record};
use super::rest::Rest;
use crate::history::Position;

/// Sends notifications to a user, one after the other, while faults happen.
pub(super) async fn notify(
    rest: Rest,
    account: Tokens,
    mut journal: Journal,
    mut random: StdRng,
    mut phase: watch::Receiver<Phase>,
) -> Record {
    let inbox = inbox_of(account.user.id.as_str());
    while matches!(*phase.borrow_and_update(), Phase::Active { .. }) {
        let text = journal.next_text();
        journal.note_sent(&inbox, &text, false);
        // Without an answer it may be stored, so it must not be sent again.
        if let Ok(notification) = rest.notify(&account, &text).await {
            journal.counters().notified.one();
            journal.acknowledged(&text, position_of(notification.id));
        }
        let pause = Duration::from_millis(random.random_range(200..1_500));
        tokio::time::timeout(pause, phase.wait_for(|phase| matches!(phase, Phase::Heal))).await.ok();
    }
    journal.close(BTreeSet::new())
}

pub(super) fn position_of(id: impl std::fmt::Display) -> Position {
    Position { id: Some(id.to_string()), ..Position::default() }
}
