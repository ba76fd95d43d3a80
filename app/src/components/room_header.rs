//! The top of a conversation: which room, who is in it.

use leptos::html;
use leptos::prelude::*;
use protocol::Member;
use protocol::text::isolated;

use super::avatar::Avatar;
use super::icon::{Glyph, Icon};
use crate::model::session::Standing;

/// Faces that stand for all.
const FACES: usize = 3;

/// The way into the live session says whether it is on.
fn session_words(session: &Standing) -> &'static str {
    match session {
        Standing::Live => "Live now",
        Standing::Paused => "Live session paused",
        Standing::NotStarted | Standing::Ended | Standing::Other(_) => "Live session",
    }
}

fn summary(members: &[Member]) -> String {
    let online = members.iter().filter(|member| member.online).count();
    match members.len() {
        0 => String::new(),
        1 => "Only you".to_owned(),
        count => format!("{count} people, {online} online"),
    }
}

fn faces(members: &[Member]) -> impl IntoView + use<> {
    let few = members.iter().take(FACES);
    few.map(|member| view! { <Avatar name=member.name.clone()/> }).collect_view()
}

/// The room's name and the way to its people; on a phone also the way back.
#[component]
pub fn RoomHeader(
    /// The address of its live session.
    live: String,
    /// Where that stands.
    session: Memo<Standing>,
    /// What the room is called.
    name: Memo<String>,
    /// Who is in it.
    members: Memo<Vec<Member>>,
    /// Whether the people are shown beside the conversation.
    people_shown: Signal<bool>,
    /// The button that shows them, to give the focus back to.
    people_button: NodeRef<html::Button>,
    /// Show or hide them.
    on_people: Callback<()>,
) -> impl IntoView {
    view! {
        <header class="room_header">
            <a href="/" class="icon_button room_header__back" aria-label="Back to the rooms">
                <Glyph icon=Icon::Back/>
            </a>
            <div class="room_header__words">
                <h1 class="room_header__name" dir="auto" title=move || isolated(&name.get())>
                    {move || name.get()}
                </h1>
                <p class="room_header__summary">{move || members.with(|it| summary(it))}</p>
            </div>
            <a
                class="room_header__live button is-plain"
                class:is-on=move || session.with(|it| *it == Standing::Live)
                href=live
                title=move || session_words(&session.read())
            >
                <Glyph icon=Icon::Live/>
                <span>{move || session_words(&session.read())}</span>
            </a>
            <button
                class="room_header__people button is-plain"
                type="button"
                title="People"
                node_ref=people_button
                aria-expanded=move || if people_shown.get() { "true" } else { "false" }
                on:click=move |_| on_people.run(())
            >
                <span class="room_header__faces">{move || members.with(|it| faces(it))}</span>
                <Glyph icon=Icon::People/>
                <span class="sr_only">"People"</span>
            </button>
        </header>
    }
}
