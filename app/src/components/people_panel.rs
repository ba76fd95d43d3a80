//! Who is in a room, and the way in and out.

use leptos::html;
use leptos::prelude::*;
use protocol::limits::USERNAME_CHARS;
use protocol::{Member, Role, UserId};

use super::avatar::Avatar;
use super::icon::{Glyph, Icon};
use super::new_room::usernames;
use crate::api::ApiError;

/// The members, a form to invite more, and the door.
#[component]
pub fn PeoplePanel(
    /// Who is in the room.
    members: Signal<Vec<Member>>,
    /// Who looks at it.
    me: Option<UserId>,
    /// The button that closes the panel; whoever opens it over the conversation puts the focus there.
    close_button: NodeRef<html::Button>,
    /// Invites by user name.
    invite: Action<Vec<String>, Result<(), ApiError>>,
    /// Asked to close the panel.
    on_close: Callback<()>,
    /// Asked to leave the room.
    on_leave: Callback<()>,
) -> impl IntoView {
    // Owners first and then by name, as they come; but who is here before who is not.
    let people = move || {
        let (mut here, mut away): (Vec<_>, Vec<_>) = members.get().into_iter().partition(|it| it.online);
        here.append(&mut away);
        here
    };
    view! {
        <aside
            class="people_panel"
            aria-label="People"
            on:keydown=move |key| {
                if key.key() == "Escape" {
                    on_close.run(());
                }
            }
        >
            <div class="people_panel__head">
                <h2 class="people_panel__title">"People"</h2>
                <button
                    class="icon_button"
                    type="button"
                    node_ref=close_button
                    aria-label="Close"
                    title="Close"
                    on:click=move |_| on_close.run(())
                >
                    <Glyph icon=Icon::Close/>
                </button>
            </div>
            <ul class="people_panel__people">
                <For
                    each=people
                    key=|it| (it.id.clone(), it.online, it.role, it.name.clone())
                    children=move |member| row(member, me.as_ref())
                />
            </ul>
            <Invite invite/>
            <button class="button is-plain people_panel__leave" type="button" on:click=move |_| on_leave.run(())>
                <Glyph icon=Icon::SignOut/>
                "Leave room"
            </button>
        </aside>
    }
    .into_any()
}

/// Not inlined, because a list makes its rows in two places: when it takes over the server's and when it makes its own.
#[inline(never)]
fn row(member: Member, me: Option<&UserId>) -> AnyView {
    view! { <Person is_me=me == Some(&member.id) member/> }.into_any()
}

#[component]
fn Person(member: Member, is_me: bool) -> impl IntoView {
    let presence = if member.online { "online" } else { "offline" };
    view! {
        <li class="people_panel__person" class:is-online=member.online>
            <Avatar id=member.id.as_str().to_owned() name=member.name.clone()/>
            <span class="people_panel__name">
                <bdi>{member.name}</bdi>
                {is_me.then_some(" (you)")}
            </span>
            {(member.role == Role::Owner).then(|| view! { <span class="people_panel__role">"owner"</span> })}
            <span class="people_panel__presence">{presence}</span>
        </li>
    }
    .into_any()
}

#[component]
fn Invite(invite: Action<Vec<String>, Result<(), ApiError>>) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let outcome = move || match invite.value().get() {
        Some(Err(error)) => Some(error.to_string()),
        Some(Ok(())) | None => None,
    };
    Effect::new(move |_| {
        if invite.value().with(|it| matches!(it, Some(Ok(())))) {
            typed.set(String::new());
        }
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let names = usernames(&typed.get_untracked());
        if !names.is_empty() && !invite.pending().get_untracked() {
            invite.dispatch(names);
        }
    };
    view! {
        <form class="people_panel__invite" novalidate=true on:submit=submit>
            <label class="field__label" for="invite-name">"User name to invite"</label>
            <div class="people_panel__line">
                <input
                    class="field__input"
                    id="invite-name"
                    type="text"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    maxlength=(USERNAME_CHARS.end() * 8).to_string()
                    bind:value=typed
                />
                <button class="button" type="submit" aria-busy=move || invite.pending().get().then_some("true")>"Invite"</button>
            </div>
            <div role="alert">{move || outcome().map(|it| view! { <p class="field__problem">{it}</p> })}</div>
        </form>
    }
    .into_any()
}
