//! Who takes part in a session: a panel beside the conversation, on a phone a strip above it that unfolds.

use leptos::prelude::*;
use protocol::UserId;

use crate::components::avatar::Avatar;
use crate::components::icon::{Glyph, Icon};
use crate::model::session::{Coming, Participant, Session};
use crate::when::Calendar;

/// Faces that stand for all.
const FACES: usize = 4;

/// Comings and goings that are shown.
const SHOWN: usize = 5;

fn count_words(count: Option<usize>) -> String {
    match count {
        None => "Joining…".to_owned(),
        Some(1) => "1 person here".to_owned(),
        Some(count) => format!("{count} people here"),
    }
}

/// The list, with how many they are and who came and went last.
#[component]
pub fn Participants(
    /// What is known of the session.
    session: RwSignal<Session>,
    /// Who looks at it.
    me: Option<UserId>,
    /// Whether the list may be out of date, because there is no connection.
    is_stale: Signal<bool>,
    /// What stands above the list, for the owner.
    children: Children,
) -> impl IntoView {
    let is_open = RwSignal::new(false);
    let count = Memo::new(move |_| session.with(|it| it.participants().map(<[_]>::len)));
    let people = move || session.with(|it| it.participants().unwrap_or_default().to_vec());
    let comings = move || session.with(last_comings);
    let faces = move || session.with(faces);
    let is_alone = Memo::new(move |_| count.get() == Some(1));
    view! {
        <aside
            class="participants"
            class:is-open=move || is_open.get()
            class:is-stale=move || is_stale.get()
            aria-label="Participants"
        >
            <h2 class="participants__title">"Participants"</h2>
            <button
                class="participants__strip"
                type="button"
                aria-controls="participants"
                aria-expanded=move || if is_open.get() { "true" } else { "false" }
                on:click=move |_| is_open.update(|it| *it = !*it)
            >
                <span class="participants__faces">{faces}</span>
                <span class="participants__words">{move || count_words(count.get())}</span>
                <Glyph icon=Icon::Back/>
            </button>
            <div class="participants__body" id="participants" tabindex="0" role="group" aria-label="Who takes part">
                {children()}
                <p class="participants__count" role="status" aria-label="How many take part">
                    {move || count_words(count.get())}
                </p>
                <ul class="participants__people">
                    <For each=people key=|it| (it.id.clone(), it.name.clone()) let(person)>
                        <Person is_me=me.as_ref() == Some(&person.id) person/>
                    </For>
                </ul>
                {move || is_alone.get().then(hint)}
                <div class="participants__log" role="log" aria-label="Joined and left">
                    <ol>
                        <For each=comings key=|it| it.number let(coming)>
                            <ComingLine coming/>
                        </For>
                    </ol>
                </div>
            </div>
        </aside>
    }
}

fn last_comings(session: &Session) -> Vec<Coming> {
    let mut last: Vec<Coming> = session.comings().cloned().collect();
    last.split_off(last.len().saturating_sub(SHOWN))
}

fn faces(session: &Session) -> impl IntoView + use<> {
    let few = session.participants().unwrap_or_default().iter().take(FACES);
    few.map(|it| view! { <Avatar name=it.name.clone()/> }).collect_view()
}

/// What the only participant reads.
fn hint() -> impl IntoView {
    view! {
        <p class="participants__hint">
            "Only you so far. Everybody in the room can join by its “Live session” button."
        </p>
    }
}

#[component]
fn Person(person: Participant, is_me: bool) -> impl IntoView {
    view! {
        <li class="participants__person" class:is-me=is_me>
            <Avatar name=person.name.clone()/>
            <span class="participants__name">
                <bdi>{person.name}</bdi>
                {is_me.then_some(" (you)")}
            </span>
        </li>
    }
}

/// Who came or went, and when.
#[component]
fn ComingLine(coming: Coming) -> impl IntoView {
    let calendar = expect_context::<Calendar>();
    let Coming { name, here, at_ms, .. } = coming;
    view! {
        <li class="participants__coming">
            <bdi>{format!("{name} {}", if here { "joined" } else { "left" })}</bdi>
            <span class="participants__when">{move || calendar.clock(at_ms)}</span>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_is_not_people() {
        let words: Vec<String> = [None, Some(1), Some(2)].into_iter().map(count_words).collect();
        assert_eq!(words, ["Joining…", "1 person here", "2 people here"]);
    }
}
