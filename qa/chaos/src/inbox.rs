//! Inbox checks: each acknowledged entry reaches one of the user's clients, at most once on each connection and in one order.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::history::{Entry, History, Observation, View};
use crate::violation::Violation;

/// An entry by its user and its text.
type Name<'a> = (&'a str, &'a str);

/// Adds everything that is wrong with the inboxes of a run.
pub(crate) fn check(history: &History, found: &mut Vec<Violation>) {
    let sent: HashSet<Name<'_>> = history.entries.iter().map(name).collect();
    let mut delivered: HashMap<Name<'_>, Option<u64>> = HashMap::new();
    for view in &history.views {
        check_view(view, &sent, &mut delivered, found);
    }
    check_delivered(history, &delivered, found);
    for view in &history.views {
        check_recovered(view, history, &delivered, found);
    }
}

fn name(entry: &Entry) -> Name<'_> {
    (&entry.user, &entry.text)
}

/// One client: nothing was received that was not sent, nothing twice on a connection, and numbers rise.
fn check_view<'a>(
    view: &'a View,
    sent: &HashSet<Name<'a>>,
    delivered: &mut HashMap<Name<'a>, Option<u64>>,
    found: &mut Vec<Violation>,
) {
    let (mut on_this_connection, mut last) = (HashSet::new(), None);
    for notice in &view.observations {
        let (text, number) = match notice {
            Observation::Connected => {
                on_this_connection.clear();
                last = None;
                continue;
            }
            Observation::Entry { text, number } => (text.as_str(), *number),
            _ => continue,
        };
        let words = || (view.user.clone(), view.client.clone(), text.to_owned());
        let key = (view.user.as_str(), text);
        if !sent.contains(&key) {
            let (user, client, text) = words();
            found.push(Violation::Misdirected { user, client, text });
            continue;
        }
        if !on_this_connection.insert(text) {
            let (user, client, text) = words();
            found.push(Violation::EntryTwice { user, client, text });
        }
        let known = delivered.entry(key).or_insert(number);
        let other = known.filter(|known| number.is_some_and(|number| number != *known));
        let later = last.filter(|last| number.is_some_and(|number| number <= *last));
        if let (Some(number), Some(before)) = (number, other.or(later)) {
            let (user, client, text) = words();
            found.push(Violation::EntryOutOfOrder { user, client, text, number, before });
        }
        *known = known.or(number);
        last = number.or(last);
    }
}

/// One client with a cursor: on a connection that was recovered nothing is missing between its cursor and the last entry.
fn check_recovered(
    view: &View,
    history: &History,
    delivered: &HashMap<Name<'_>, Option<u64>>,
    found: &mut Vec<Violation>,
) {
    let connections = view.observations.split(|notice| *notice == Observation::Connected);
    for connection in connections {
        let numbers: HashSet<u64> = connection.iter().filter_map(number_of).collect();
        let recovered = connection.iter().find_map(|notice| match notice {
            Observation::InboxRecovered { after, upto } => Some((*after, *upto)),
            _ => None,
        });
        let Some((after, upto)) = recovered else { continue };
        let last = numbers.iter().copied().max().unwrap_or_default().max(upto);
        for entry in history.entries.iter().filter(|it| it.user == view.user && view.kinds.contains(&it.kind))
        {
            let Some(number) = delivered.get(&name(entry)).copied().flatten() else { continue };
            if number > after && number <= last && !numbers.contains(&number) {
                let (user, client, text) = (view.user.clone(), view.client.clone(), entry.text.clone());
                found.push(Violation::InboxGap { user, client, number, text, after });
            }
        }
    }
}

fn number_of(notice: &Observation) -> Option<u64> {
    match notice {
        Observation::Entry { number, .. } => *number,
        _ => None,
    }
}

/// All clients of a user together: what was acknowledged was received, if one of them could receive it.
fn check_delivered(
    history: &History,
    delivered: &HashMap<Name<'_>, Option<u64>>,
    found: &mut Vec<Violation>,
) {
    let mut missing_texts: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    let missing = history.entries.iter().filter(|it| it.is_stored && !delivered.contains_key(&name(it)));
    for entry in missing {
        let could_receive = |view: &&View| {
            view.user == entry.user && view.end.receives_inbox && view.kinds.contains(&entry.kind)
        };
        if let Some(view) = history.views.iter().find(could_receive) {
            missing_texts.entry((&entry.user, &view.client)).or_default().push(&entry.text);
        }
    }
    for ((user, client), texts) in missing_texts {
        let (user, client) = (user.to_owned(), client.to_owned());
        if let [text, more @ ..] = texts.as_slice() {
            let (text, more) = ((*text).to_owned(), more.len());
            found.push(Violation::NeverDelivered { user, text, more, client });
        }
    }
}
