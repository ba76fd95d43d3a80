//! What somebody wants to know who looks for a fault.

use leptos::prelude::*;

use crate::clock::now_ms;
use crate::model::connection_state::ConnectionState;
use crate::model::wire_facts::WireFacts;
use crate::paths;

/// The state of the connection in one word.
pub fn word(status: &ConnectionState) -> &'static str {
    match status {
        ConnectionState::Idle => "disconnected",
        ConnectionState::Connecting => "connecting",
        ConnectionState::Connected => "connected",
        ConnectionState::Reconnecting { .. } => "reconnecting",
        ConnectionState::Offline => "offline",
        ConnectionState::SignedOut | ConnectionState::Refused { .. } => "error",
    }
}

/// Name and value, one row each.
#[component]
pub fn FactsCard(
    /// Where the connection stands.
    status: ReadSignal<ConnectionState>,
    /// What crossed the wire.
    facts: RwSignal<WireFacts>,
    /// The address of the socket, without its ticket.
    url: Signal<String>,
) -> impl IntoView {
    let unknown = || "–".to_owned();
    let closes = move || {
        facts.with(|it| {
            let codes: Vec<String> = it.closes.iter().map(u16::to_string).collect();
            if codes.is_empty() { "none".to_owned() } else { codes.join(", ") }
        })
    };
    let last_error = move || {
        let refusal = status.with(|it| match it {
            ConnectionState::SignedOut => Some("the sign-in has ended".to_owned()),
            ConnectionState::Refused { reason } => Some(reason.clone()),
            _ => None,
        });
        refusal.or_else(|| facts.with(|it| it.last_error.clone())).unwrap_or_else(|| "none".to_owned())
    };
    let token = move || {
        let ends_at = facts.with(|it| it.token_ends_at);
        ends_at.map_or_else(unknown, |ends_at| expiry(ends_at - now_ms()))
    };
    let rows = move || {
        [
            ("State", status.with(word).to_owned()),
            ("Address", url.get()),
            ("Server", facts.with(|it| it.server.clone()).unwrap_or_else(unknown)),
            ("Token", token()),
            ("Close codes", closes()),
            ("Last error", last_error()),
            ("Frames", facts.with(|it| format!("{} received, {} sent", it.frames_in, it.frames_out))),
        ]
        .map(|(name, value)| {
            view! {
                <div class="facts__row">
                    <dt>{name}</dt>
                    <dd><bdi>{value}</bdi></dd>
                </div>
            }
        })
        .collect_view()
    };
    view! {
        <section class="devtools__card" aria-label="Debug information">
            <h2 class="devtools__title">"Debug information"</h2>
            <dl class="facts">{rows}</dl>
            <p class="devtools__hint">
                "Every frame, both ways: "<a href=paths::DEVTOOLS rel="external">"devtools"</a>"."
            </p>
        </section>
    }
}

fn expiry(left_ms: i64) -> String {
    match left_ms / 60_000 {
        _ if left_ms <= 0 => "has ended".to_owned(),
        0 => "ends in less than a minute".to_owned(),
        1 => "ends in 1 minute".to_owned(),
        minutes if minutes < 120 => format!("ends in {minutes} minutes"),
        minutes if minutes < 48 * 60 => format!("ends in {} hours", minutes / 60),
        minutes => format!("ends in {} days", minutes / (24 * 60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_token_is_told_as_roughly_as_it_is_far_away() {
        let told: Vec<String> =
            [-1, 59_999, 60_000, 900_000, 7_200_000, 172_800_000].into_iter().map(expiry).collect();
        assert_eq!(
            told,
            [
                "has ended",
                "ends in less than a minute",
                "ends in 1 minute",
                "ends in 15 minutes",
                "ends in 2 hours",
                "ends in 2 days"
            ]
        );
    }
}
