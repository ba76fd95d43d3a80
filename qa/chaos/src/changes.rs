//! Checks of changes: every client has in the end what is stored, nothing that was deleted is told again, and no acknowledged
//! change is lost.

use std::collections::BTreeMap;

use crate::history::{ChangedState, History, SentChange, View, WantedChange};
use crate::violation::Violation;

/// The stored states of messages, by room and number.
type States<'a> = BTreeMap<(&'a str, u64), &'a ChangedState>;

/// See [`crate::check`].
pub(crate) fn check(history: &History, found: &mut Vec<Violation>) {
    let stored: States<'_> = history
        .stored
        .iter()
        .filter_map(|message| Some(((message.room.as_str(), message.position.seq?), &message.state)))
        .collect();
    for view in &history.views {
        check_view(view, &stored, found);
    }
    check_acknowledged(&history.sent_changes, &stored, found);
}

/// A client that takes changes and is subscribed has the stored state of each message that it has.
fn check_view(view: &View, stored: &States<'_>, found: &mut Vec<Violation>) {
    for (room, states) in view.states.iter().filter(|(room, _)| view.end.subscribed.contains(*room)) {
        for (seq, state) in states {
            let right = stored.get(&(room.as_str(), *seq)).copied();
            if right != Some(state) {
                let (room, client, seq) = (room.clone(), view.client.clone(), *seq);
                let (has, stored) = (format!("{state:?}"), format!("{right:?}"));
                found.push(Violation::OtherState { room, client, seq, has, stored });
            }
        }
    }
}

/// What a client was told that it had changed is so in the end, unless it or somebody else changed it once more. Nobody else
/// edits its messages or has its kind of reaction.
fn check_acknowledged(sent: &[SentChange], stored: &States<'_>, found: &mut Vec<Violation>) {
    let mut last: BTreeMap<(&str, &str, u64, u8), &SentChange> = BTreeMap::new();
    for change in sent {
        let SentChange { client, room, seq, .. } = change;
        last.insert((client, room, *seq, change.what.aspect()), change);
    }
    for change in last.into_values().filter(|change| change.rev.is_some()) {
        let Some(state) = stored.get(&(change.room.as_str(), change.seq)) else { continue };
        let is_so = match &change.what {
            WantedChange::Delete => state.is_deleted,
            _ if state.is_deleted => true,
            WantedChange::Edit(text) => state.edit == *text,
            WantedChange::React { emoji, on } => {
                let users = state.reactions.iter().find(|(kind, _)| kind == emoji).map(|(_, users)| users);
                users.is_some_and(|users| users.contains(&change.user)) == *on
            }
            // Any owner may unpin it.
            WantedChange::Pin(_) => true,
        };
        if !is_so {
            let SentChange { client, room, seq, what, rev, .. } = change.clone();
            let (what, stored) = (format!("{what:?}"), format!("{state:?}"));
            found.push(Violation::ChangeLost {
                room,
                client,
                seq,
                what,
                rev: rev.unwrap_or_default(),
                stored,
            });
        }
    }
}
