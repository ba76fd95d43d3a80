//! Who is in a room, and the way in and out.

use leptos::html;
use leptos::prelude::*;
use protocol::limits::USERNAME_CHARS;
use protocol::{Member, Role, UserId};

use super::avatar::Avatar;
use super::icon::{Glyph, Icon};
use super::new_room::usernames;

/// The members, a form to invite more, and the door.
#[component]
pub fn PeoplePanel(
    /// Who is in the room.
    members: Memo<Vec<Member>>,
    /// Who looks at it.
    me: Option<UserId>,
    /// The button that closes the panel; whoever opens it over the conversation puts the focus there.
    close_button: NodeRef<html::Button>,
    /// Whether an invitation is under way.
    inviting: Memo<bool>,
    /// Whether the last one succeeded: the field is emptied.
    invited: Signal<bool>,
    /// Why the last one failed.
    problem: Signal<Option<String>>,
    /// Asked to invite these, by user name.
    on_invite: Callback<Vec<String>>,
    /// Asked to close the panel.
    on_close: Callback<()>,
    /// Asked to leave the room.
    on_leave: Callback<()>,
) -> impl IntoView {
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
                    aria-label="Close"
                    title="Close"
                    node_ref=close_button
                    on:click=move |_| on_close.run(())
                >
                    <Glyph icon=Icon::Close/>
                </button>
            </div>
            <ul class="people_panel__people" tabindex="0" aria-label="Everybody in the room">
                <For each=move || here_first(members.get()) key=shown let(member)>
                    <Person is_me=me.as_ref() == Some(&member.id) member/>
                </For>
            </ul>
            <Invite inviting invited problem on_invite/>
            <button class="button is-plain people_panel__leave" type="button" on:click=move |_| on_leave.run(())>
                <Glyph icon=Icon::Door/>
                "Leave room"
            </button>
        </aside>
    }
}

/// Owners first and then by name, as they come; but who is here before who is not.
fn here_first(mut members: Vec<Member>) -> Vec<Member> {
    members.sort_by_key(|member| !member.online);
    members
}

/// All that is shown of a member, so that whoever changes gets another row.
fn shown(member: &Member) -> (UserId, String, Role, bool) {
    (member.id.clone(), member.name.clone(), member.role, member.online)
}

#[component]
fn Person(member: Member, is_me: bool) -> impl IntoView {
    let presence = if member.online { "online" } else { "offline" };
    view! {
        <li class="people_panel__person" class:is-online=move || member.online>
            <Avatar name=member.name.clone()/>
            <span class="people_panel__name">
                <bdi>{member.name}</bdi>
                {is_me.then_some(" (you)")}
            </span>
            {(member.role == Role::Owner).then(|| view! { <span class="people_panel__role">"owner"</span> })}
            <span class="people_panel__presence">{presence}</span>
        </li>
    }
}

#[component]
fn Invite(
    inviting: Memo<bool>,
    invited: Signal<bool>,
    problem: Signal<Option<String>>,
    on_invite: Callback<Vec<String>>,
) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    Effect::new(move |_| {
        if invited.get() {
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
        <form class="people_panel__invite" novalidate=true on:submit=submit>
            <label class="field__label" for="invite-name">"User name to invite"</label>
            <div class="people_panel__line">
                <input
                    class="field__input"
                    type="text"
                    id="invite-name"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    maxlength=(USERNAME_CHARS.end() * 8).to_string()
                    prop:value=move || typed.get()
                    on:input=move |event| typed.set(event_target_value(&event))
                />
                <button class="button" type="submit" aria-busy=move || inviting.get().then_some("true")>"Invite"</button>
            </div>
            <div role="alert">{move || problem.get().map(|it| view! { <p class="field__problem">{it}</p> })}</div>
        </form>
    }
}
