//! Who is in a room, and the way in and out.

use leptos::html;
use leptos::prelude::*;
use protocol::limits::USERNAME_CHARS;
use protocol::{Member, Role, UserId};

use super::avatar::Avatar;
use super::fixed::fixed;
use super::icon::{Glyph, Icon};
use super::keyed::{Key, Row, keyed};
use super::new_room::usernames;
use crate::errand::Errand;
use crate::reactive::effect;

/// The members, a form to invite more, and the door.
#[component]
pub fn PeoplePanel(
    /// Who is in the room.
    members: Memo<Vec<Member>>,
    /// Who looks at it.
    me: Option<UserId>,
    /// The button that closes the panel; whoever opens it over the conversation puts the focus there.
    close_button: NodeRef<html::Button>,
    /// How inviting goes.
    invitation: Errand,
    /// Asked to invite these, by user name.
    on_invite: Callback<Vec<String>>,
    /// Asked to close the panel.
    on_close: Callback<()>,
    /// Asked to leave the room.
    on_leave: Callback<()>,
) -> impl IntoView {
    let people = move || members.with(|members| rows(members, me.as_ref()));
    view! {
        <aside
            class="people_panel"
            {..fixed([("aria-label", "People")])}
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
                    {..fixed([("aria-label", "Close"), ("title", "Close")])}
                    node_ref=close_button
                    on:click=move |_| on_close.run(())
                >
                    <Glyph icon=Icon::Close/>
                </button>
            </div>
            <ul class="people_panel__people" {..fixed([("tabindex", "0"), ("aria-label", "Everybody in the room")])}>
                {keyed(people)}
            </ul>
            <Invite invitation on_invite/>
            <button class="button is-plain people_panel__leave" type="button" on:click=move |_| on_leave.run(())>
                <Glyph icon=Icon::Door/>
                "Leave room"
            </button>
        </aside>
    }
    .into_any()
}

/// Owners first and then by name, as they come; but who is here before who is not.
fn rows(members: &[Member], me: Option<&UserId>) -> Vec<Row> {
    let row = |it: &Member| {
        let (member, is_me) = (it.clone(), me == Some(&it.id));
        let key = Key::Member(it.id.clone(), it.name.clone(), it.role, it.online);
        Row::new(key, move || view! { <Person is_me member/> }.into_any())
    };
    let here = members.iter().filter(|it| it.online);
    here.chain(members.iter().filter(|it| !it.online)).map(row).collect()
}

#[component]
fn Person(member: Member, is_me: bool) -> impl IntoView {
    let presence = if member.online { "online" } else { "offline" };
    view! {
        <li class="people_panel__person" class:is-online=move || member.online>
            <Avatar name=member.name.clone()/>
            <span class="people_panel__name">
                <bdi>{member.name}</bdi>
                {is_me.then(|| " (you)".into_any())}
            </span>
            {(member.role == Role::Owner).then(|| view! { <span class="people_panel__role">"owner"</span> }.into_any())}
            <span class="people_panel__presence">{presence}</span>
        </li>
    }
    .into_any()
}

#[component]
fn Invite(invitation: Errand, on_invite: Callback<Vec<String>>) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    effect(move || {
        if invitation.is_done() {
            typed.set(String::new());
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let names = usernames(&typed.get_untracked());
        if !names.is_empty() {
            on_invite.run(names);
        }
    };
    view! {
        <form class="people_panel__invite" {..fixed([("novalidate", "")])} on:submit=submit>
            <label class="field__label" for="invite-name">"User name to invite"</label>
            <div class="people_panel__line">
                <input
                    class="field__input"
                    type="text"
                    {..fixed([("id", "invite-name"), ("autocomplete", "off"), ("autocapitalize", "none"), ("spellcheck", "false")])}
                    maxlength=(USERNAME_CHARS.end() * 8).to_string()
                    prop:value=move || typed.get()
                    on:input=move |event| typed.set(event_target_value(&event))
                />
                <button class="button" type="submit" aria-busy=move || invitation.is_pending().then_some("true")>"Invite"</button>
            </div>
            <div {..fixed([("role", "alert")])}>{move || invitation.problem().map(|it| view! { <p class="field__problem">{it}</p> }.into_any())}</div>
        </form>
    }
    .into_any()
}
