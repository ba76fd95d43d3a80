//! One line of a conversation: what was said, by whom, and whether it has arrived.

use leptos::prelude::*;
use protocol::DraftId;

use super::avatar::Avatar;
use super::fixed::fixed;
use super::icon::{Glyph, Icon};
use super::prose::Prose;
use super::rows::Place;
use crate::link::{LinkStatus, use_link};
use crate::model::timeline::{Line, LineState};
use crate::when::{self, Calendar};

/// What may change about a line while it is on screen. Its key, author and text stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Among its neighbours.
    pub place: Place,
    /// When it was committed, or written while it is not.
    pub at_ms: i64,
    /// Whether it has arrived.
    pub state: LineState,
    /// Whether it came in while the conversation was on screen.
    pub is_live: bool,
}

/// What may be done about a line that was refused.
#[derive(Debug, Clone, Copy)]
pub struct Remedies {
    /// Send it again.
    pub retry: Callback<DraftId>,
    /// Take it back into the field.
    pub edit: Callback<DraftId>,
    /// Forget it.
    pub discard: Callback<DraftId>,
}

/// One line, with the day and the "New" mark before it where they belong.
#[component]
pub fn Message(
    /// What was said, by whom.
    line: Line,
    /// What may change about it.
    facts: ArcRwSignal<Facts>,
    /// What may be done about one that was refused.
    remedies: Remedies,
) -> impl IntoView {
    let calendar = expect_context::<Calendar>();
    let facts = RwSignal::from(facts);
    let Line { key, author, name, body, mine, .. } = line;
    let draft = key.draft;

    // Read as a whole: whatever changes about a line, only its few texts and classes are looked at again.
    let is_live = facts.with_untracked(|it| it.is_live);
    let failure = move || match facts.with(|it| it.state.clone()) {
        LineState::Failed { reason } => Some(reason),
        LineState::Sent | LineState::Pending => None,
    };
    let head = move || {
        if facts.with(|it| it.place.leads) {
            view! {
                <Avatar id=author.as_str().to_owned() name=name.clone()/>
                <p class="message__head">
                    <bdi class="message__author">{name.clone()}</bdi>
                    <Moment facts calendar/>
                </p>
            }
            .into_any()
        } else {
            view! {
                <p class="message__head is-repeated">
                    <span class="sr_only">{name.clone()}</span>
                    <Moment facts calendar/>
                </p>
            }
            .into_any()
        }
    };

    view! {
        {move || {
            facts
                .with(|it| it.place.opens_day)
                .map(|day| {
                    view! {
                        <li class="day" aria-label=move || calendar.day_label(day)>
                            <span class="day__label">{move || calendar.day_label(day)}</span>
                        </li>
                    }
                    .into_any()
                })
        }}
        {move || {
            facts
                .with(|it| it.place.opens_unread)
                .then(|| {
                    view! { <li class="unread" {..fixed([("aria-label", "New messages")])}><span class="unread__label">"New"</span></li> }
                        .into_any()
                })
        }}
        <li
            class="message"
            class:is-lead=move || facts.with(|it| it.place.leads)
            class:is-mine=move || mine
            class:is-live=move || is_live
            class:is-pending=move || facts.with(|it| it.state == LineState::Pending)
            class:is-failed=move || failure().is_some()
        >
            {move || head()}
            <div class="message__body" {..fixed([("dir", "auto")])}>
                <Prose body/>
            </div>
            {mine.then(|| view! { <Arrival facts/> }.into_any())}
            {move || {
                failure()
                    .map(|reason| {
                        view! {
                            <div class="message__failure">
                                <p class="message__reason">{reason}</p>
                                <button class="button is-small" type="button" on:click=move |_| remedies.retry.run(draft)>
                                    "Retry"
                                </button>
                                <button class="button is-small" type="button" on:click=move |_| remedies.edit.run(draft)>
                                    "Edit"
                                </button>
                                <button class="button is-small is-plain" type="button" on:click=move |_| remedies.discard.run(draft)>
                                    "Discard"
                                </button>
                            </div>
                        }
                        .into_any()
                    })
            }}
        </li>
    }
    .into_any()
}

/// The time of a message: short to see, exact on hover.
#[component]
fn Moment(facts: RwSignal<Facts>, calendar: Calendar) -> impl IntoView {
    let at_ms = move || facts.with(|it| it.at_ms);
    view! {
        <time
            class="message__time"
            datetime=move || when::machine(at_ms())
            title=move || calendar.full(at_ms())
        >
            {move || calendar.clock(at_ms())}
        </time>
    }
    .into_any()
}

/// Whether one's own message has arrived: a shape to see, a word to hear.
#[component]
fn Arrival(facts: RwSignal<Facts>) -> impl IntoView {
    let status = use_link().status;
    let shape = move || {
        facts.with(|it| match it.state {
            LineState::Pending if status.with(|it| *it == LinkStatus::Connected) => (Icon::Clock, "Sending"),
            LineState::Pending => (Icon::Pause, "Waits for the connection"),
            LineState::Sent => (Icon::Check, "Sent"),
            LineState::Failed { .. } => (Icon::Warning, "Not sent"),
        })
    };
    view! {
        <span class="message__state" title=move || shape().1>
            {move || view! { <Glyph icon=shape().0/> }.into_any()}
            <span class="sr_only">{move || shape().1}</span>
        </span>
    }
    .into_any()
}
