//! One line of a conversation: what was said, by whom, and whether it has arrived.

use leptos::prelude::*;
use protocol::DraftId;

use super::avatar::Avatar;
use super::body::Body;
use super::icon::{Glyph, Icon};
use crate::model::timeline::{Line, LineState};
use crate::when::{self, Calendar};

/// What may change about a line while it is on screen. Its key, author and text stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageState {
    /// Whether it shows author and time, as the first of its group.
    pub leads: bool,
    /// When it was committed, or written while it is not.
    pub at_ms: i64,
    /// Whether it has arrived.
    pub delivery: LineState,
    /// Whether it came in while the conversation was on screen.
    pub is_live: bool,
}

/// What may be done about a line that was refused.
#[derive(Debug, Clone, Copy)]
pub struct FailedPostActions {
    /// Send it again.
    pub retry: Callback<DraftId>,
    /// Take it back into the field.
    pub edit: Callback<DraftId>,
    /// Forget it.
    pub discard: Callback<DraftId>,
}

/// One line. As few effects and nodes as it can do with: a busy room draws a thousand of them a second.
#[component]
pub fn Message(
    /// What was said, by whom.
    line: Line,
    /// What may change about it.
    state: ArcRwSignal<MessageState>,
    /// Whether there is a connection.
    is_connected: Memo<bool>,
    /// What may be done about one that was refused.
    remedies: FailedPostActions,
) -> impl IntoView {
    let calendar = expect_context::<Calendar>();
    let state = RwSignal::from(state);
    let Line { key, name, body, mine, .. } = line;
    let draft = key.draft;

    let head = move || {
        let (leads, at_ms) = state.with(|it| (it.leads, it.at_ms));
        if leads {
            view! {
                <Avatar name=name.clone()/>
                <p class="message__head">
                    <bdi class="message__author">{name.clone()}</bdi>
                    {moment(at_ms, calendar)}
                </p>
            }
            .into_any()
        } else {
            view! {
                <p class="message__head is-repeated">
                    <span class="sr_only">{name.clone()}</span>
                    {moment(at_ms, calendar)}
                </p>
            }
            .into_any()
        }
    };

    view! {
        <li class=move || state.with(|it| classes(it, mine))>
            {move || head()}
            <Body body/>
            {mine.then(|| view! { <DeliveryStatus state draft is_connected remedies/> })}
        </li>
    }
}

/// One attribute, because each that may change is watched on its own, for each line.
fn classes(state: &MessageState, mine: bool) -> String {
    let mut classes = "message".to_owned();
    for (class, applies) in [
        (" is-lead", state.leads),
        (" is-mine", mine),
        (" is-live", state.is_live),
        (" is-pending", state.delivery == LineState::Pending),
        (" is-failed", matches!(state.delivery, LineState::Failed { .. })),
    ] {
        if applies {
            classes.push_str(class);
        }
    }
    classes
}

/// The time of a message: short to see, exact on hover. Drawn anew with what stands around it.
fn moment(at_ms: i64, calendar: Calendar) -> impl IntoView {
    view! {
        <time class="message__time" datetime=when::machine(at_ms) title=calendar.full(at_ms)>
            {calendar.clock(at_ms)}
        </time>
    }
}

/// What became of one's own message and, if it was refused, what can be done. Nobody else's can fail here.
#[component]
fn DeliveryStatus(
    state: RwSignal<MessageState>,
    draft: DraftId,
    is_connected: Memo<bool>,
    remedies: FailedPostActions,
) -> impl IntoView {
    let failure = move || match state.with(|it| it.delivery.clone()) {
        LineState::Failed { reason } => Some(reason),
        LineState::Sent | LineState::Pending => None,
    };
    view! {
        <Arrival state is_connected/>
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
                })
        }}
    }
}

/// Whether one's own message has arrived: a shape to see, a word to hear.
#[component]
fn Arrival(state: RwSignal<MessageState>, is_connected: Memo<bool>) -> impl IntoView {
    let shape = move || {
        state.with(|it| match it.delivery {
            LineState::Pending if is_connected.get() => (Icon::Clock, "Sending"),
            LineState::Pending => (Icon::Pause, "Waits for the connection"),
            LineState::Sent => (Icon::Check, "Sent"),
            LineState::Failed { .. } => (Icon::Warning, "Not sent"),
        })
    };
    view! {
        <span class="message__state" title=move || shape().1>
            {move || view! { <Glyph icon=shape().0/> }}
            <span class="sr_only">{move || shape().1}</span>
        </span>
    }
}
