//! A room to try: messages into it, and who is in it.

use leptos::prelude::*;
use protocol::text::{is_blank, isolated};
use protocol::{Member, RoomId, RoomSummary};

use crate::components::avatar::Avatar;
use crate::model::round_trips::words;
use crate::model::trial::{Sent, Trial};

/// Chooses a room, sends messages to it and shows its people.
#[component]
pub fn RoomCard(
    /// The rooms of this person.
    rooms: Vec<RoomSummary>,
    /// What is known of the chosen one.
    trial: RwSignal<Trial>,
    /// Whether frames can be sent.
    enabled: Signal<bool>,
    /// Chose this one.
    on_choose: Callback<Option<RoomId>>,
    /// Asked to send this text.
    on_send: Callback<String>,
) -> impl IntoView {
    let state = move || trial.with(state);
    let people = move || trial.with(|trial| trial.roster().members().to_vec());
    // All that is shown, so that whoever changes gets another row.
    let key = |it: &Member| (it.id.clone(), it.name.clone(), it.role, it.online);
    let sent = move || trial.with(|trial| trial.sent().map(outcome).collect_view());
    view! {
        <section class="devtools__card" aria-label="Messages and participants">
            <h2 class="devtools__title">"Messages"</h2>
            <p class="devtools__hint">"Everybody in the room sees what you send here."</p>
            <TrialForm rooms trial enabled on_choose on_send/>
            <p class="trial__state" role="status" aria-label="Room">{state}</p>
            <ol class="trial__sent" aria-label="Test messages">{sent}</ol>
            <ul class="trial__people" aria-label="Participants">
                <For each=people key let(member)>
                    <Person member/>
                </For>
            </ul>
        </section>
    }
}

/// The room to try and the text to send.
#[component]
fn TrialForm(
    rooms: Vec<RoomSummary>,
    trial: RwSignal<Trial>,
    enabled: Signal<bool>,
    on_choose: Callback<Option<RoomId>>,
    on_send: Callback<String>,
) -> impl IntoView {
    let text = RwSignal::new("Test message".to_owned());
    let can_send =
        Memo::new(move |_| enabled.get() && trial.with(Trial::is_joined) && text.with(|it| !is_blank(it)));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if can_send.get_untracked() {
            on_send.run(text.get_untracked());
        }
    };
    let options = rooms
        .into_iter()
        .map(|room| view! { <option value=room.id.to_string()>{isolated(&room.name)}</option> })
        .collect::<Vec<_>>();
    let has_none = options.is_empty();
    view! {
        <form class="trial" on:submit=submit>
            <div class="field">
                <label class="field__label" for="trial-room">"Room"</label>
                <select
                    class="field__input"
                    id="trial-room"
                    disabled=move || !enabled.get() || has_none
                    on:change=move |event| on_choose.run(RoomId::parse(&event_target_value(&event)).ok())
                >
                    <option value="">{if has_none { "You are in no room yet" } else { "Choose a room" }}</option>
                    {options}
                </select>
            </div>
            <div class="field">
                <label class="field__label" for="trial-text">"Text"</label>
                <input
                    class="field__input"
                    id="trial-text"
                    type="text"
                    dir="auto"
                    autocomplete="off"
                    prop:value=move || text.get()
                    on:input=move |event| text.set(event_target_value(&event))
                />
            </div>
            <button class="button is-primary" type="submit" disabled=move || !can_send.get()>
                "Send test message"
            </button>
        </form>
    }
}

/// Where the trial stands.
fn state(trial: &Trial) -> String {
    match (trial.problem(), trial.room(), trial.is_joined()) {
        (Some(problem), ..) => problem.to_owned(),
        (None, None, _) => "Choose a room to try.".to_owned(),
        (None, Some(_), false) => "Joining…".to_owned(),
        (None, Some(_), true) => {
            let members = trial.roster().members();
            let online = members.iter().filter(|it| it.online).count();
            match members.len() {
                1 => "Joined: only you".to_owned(),
                count => format!("Joined: {count} people, {online} online"),
            }
        }
    }
}

fn outcome(sent: &Sent) -> impl IntoView + use<> {
    let (class, outcome) = match &sent.fate {
        Err(reason) => ("trial__line is-bad", format!("Refused: {reason}")),
        Ok(fate) => match fate.committed {
            Some((seq, took)) => {
                ("trial__line is-good", format!("Committed as number {seq} after {}", words(took)))
            }
            None => ("trial__line", "On its way…".to_owned()),
        },
    };
    view! {
        <li class=class>
            <bdi class="trial__text">{sent.body.clone()}</bdi>
            <span class="trial__fate">{outcome}</span>
        </li>
    }
}

#[component]
fn Person(member: Member) -> impl IntoView {
    view! {
        <li class="people_panel__person" class:is-online=member.online>
            <Avatar name=member.name.clone()/>
            <bdi class="people_panel__name">{member.name}</bdi>
            <span class="people_panel__presence">{if member.online { "online" } else { "offline" }}</span>
        </li>
    }
}
