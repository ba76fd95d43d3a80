//! `/live/{id}`: the live session of a chat. Its conversation is that of any room; beside it stands who takes part.

use leptos::prelude::*;
use protocol::RoomId;
use protocol::text::isolated;

use super::room::{Messages, Missing, half_written};
use crate::components::composer::{Composer, Pen};
use crate::components::connection_status::ConnectionStatus;
use crate::components::fixed::fixed;
use crate::components::icon::{Glyph, Icon};
use crate::components::live::{Controls, Participants, StandingLine};
use crate::components::theme_switch::ThemeSwitch;
use crate::components::toasts::Toaster;
use crate::components::typing_line::TypingLine;
use crate::components::unsent::UnsentTexts;
use crate::conversation::use_conversations;
use crate::link::{LinkStatus, use_link};
use crate::model::session::{Session, Standing};
use crate::page::use_page;
use crate::reactive::{effect, memo};
use crate::session::LiveSession;

/// The session, or that there is none for whoever asks.
#[component]
pub fn LivePage(
    /// The session of this page.
    session: LiveSession,
) -> impl IntoView {
    move || match session.room().filter(|_| !session.is_gone.get()) {
        Some(room) => view! { <Inside session room/> }.into_any(),
        None => view! {
            <main class="alone" {..fixed([("id", "main")])}><Missing room=session.room()/></main>
        }
        .into_any(),
    }
}

#[component]
fn Inside(session: LiveSession, room: RoomId) -> impl IntoView {
    let conversations = use_conversations();
    let link = use_link();
    let page = use_page();
    let name = {
        let summary = conversations.summary(&room);
        memo(move || summary.with(|it| it.as_ref().map(|it| it.name.clone()).unwrap_or_default()))
    };
    effect({
        let room = room.clone();
        move || conversations.open(room.clone())
    });
    // What is written here is not in the room of the same name.
    let session_name = memo(move || format!("Live session of {}", isolated(&name.get())));
    let me = page.account().map(|account| account.id);
    let standing = memo(move || session.session.with(Session::standing));
    let is_connected = memo(move || link.status.with(|status| *status == LinkStatus::Connected));
    let can_say = Signal::derive(move || page.live.get() && is_connected.get());
    let leave = move |click: leptos::ev::MouseEvent| {
        click.prevent_default();
        session.leave();
    };
    let is_owner = session.is_owner;
    let pen = Pen::new(conversations.unfinished(&room));
    view! {
        <a class="skip_link" href="#main">"Skip to the conversation of the session"</a>
        <div class="live">
            <header class="live__head">
                <div class="live__words">
                    <h1 class="live__name" title=move || session_name.get()>
                        <span class="live__kind">"Live session"</span>
                        <span class="sr_only">": "</span>
                        <bdi>{move || name.get()}</bdi>
                    </h1>
                    <StandingLine session=session.session/>
                </div>
                <ConnectionStatus status=link.status on_retry=Callback::new(move |()| link.retry())/>
                <ThemeSwitch/>
                <a class="button live__leave" href=session.way_out() title="Leave the session and go back to the room" on:click=leave>
                    <Glyph icon=Icon::LiveOff/>
                    "Leave"
                </a>
            </header>
            <main class="live__main" {..fixed([("id", "main"), ("tabindex", "-1")])}>
                <Participants session=session.session me is_stale=Signal::derive(move || page.live.get() && !is_connected.get())>
                    {is_owner.then(|| view! {
                        <Controls
                            standing
                            asked=session.asked
                            problem=session.problem
                            enabled=can_say
                            on_say=Callback::new(move |standing| session.say(standing))
                        />
                    })}
                </Participants>
                <section class="conversation__talk live__talk" {..fixed([("aria-label", "Conversation of the session")])}>
                    <Messages room=room.clone() name=session_name pen/>
                    <div class="conversation__foot">
                        <Foot room standing pen/>
                    </div>
                </section>
            </main>
        </div>
        <Toaster/>
    }
    .into_any()
}

/// Where one writes, for as long as the session has not ended.
#[component]
fn Foot(room: RoomId, standing: Memo<Standing>, pen: Pen) -> impl IntoView {
    let conversations = use_conversations();
    let live = use_page().live;
    let typing = conversations.typing(&room);
    let room = StoredValue::new(room);
    let id = move || room.get_value();
    let name = memo(|| "the live session".to_owned());
    let has_ended = memo(move || standing.with(|it| *it == Standing::Ended));
    move || {
        if has_ended.get() {
            return view! {
                <p class="live__ended">"This session has ended. What was said stays here."</p>
                <UnsentTexts
                    texts=memo(move || half_written(pen.text).into_iter().collect())
                    on_discard=Callback::new(move |_| pen.text.set(String::new()))
                />
            }
            .into_any();
        }
        view! {
            <TypingLine names=typing/>
            <Composer
                room_name=name
                live
                pen
                on_send=Callback::new(move |body| conversations.post(&id(), body))
                on_type=Callback::new(move |()| conversations.typed(&id()))
                on_stop=Callback::new(move |()| conversations.stopped_typing(&id()))
            />
        }
        .into_any()
    }
}
