//! `/live/{id}`: the live session of a chat. Its conversation is that of any room; beside it stands who takes part.

use leptos::prelude::*;
use protocol::RoomId;
use protocol::text::isolated;

use super::room::{Foot, Messages, Missing, half_written};
use crate::chat::use_chat_store;
use crate::components::composer::DraftField;
use crate::components::connection_status::ConnectionStatus;
use crate::components::icon::{Glyph, Icon};
use crate::components::live::{Controls, Participants, StandingLine};
use crate::components::theme_switch::ThemeSwitch;
use crate::components::toasts::Toaster;
use crate::components::unsent::UnsentTexts;
use crate::connection::use_connection;
use crate::model::connection_state::ConnectionState;
use crate::model::session::{Session, Standing};
use crate::notices::notices;
use crate::page::use_page;
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
            <main class="alone" id="main"><Missing room=session.room()/></main>
        }
        .into_any(),
    }
}

#[component]
fn Inside(session: LiveSession, room: RoomId) -> impl IntoView {
    let chat = use_chat_store();
    let connection = use_connection();
    let page = use_page();
    let name = {
        let summary = chat.summary(&room);
        Memo::new(move |_| summary.with(|it| it.as_ref().map(|it| it.name.clone()).unwrap_or_default()))
    };
    Effect::new({
        let room = room.clone();
        move |_| chat.open(&room)
    });
    // What is written here is not in the room of the same name.
    let session_name = Memo::new(move |_| format!("Live session of {}", isolated(&name.get())));
    let me = page.account().map(|account| account.id);
    let standing = Memo::new(move |_| session.session.with(Session::standing));
    let is_connected =
        Memo::new(move |_| connection.state.with(|status| *status == ConnectionState::Connected));
    let can_say = Signal::derive(move || page.live.get() && is_connected.get());
    let is_owner = session.is_owner;
    let pen = DraftField::new(chat.unfinished(&room));
    view! {
        <a class="skip_link" href="#main">"Skip to the conversation of the session"</a>
        <div class="live">
            <Head session name session_name/>
            <main class="live__main" id="main" tabindex="-1">
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
                <section class="conversation__talk live__talk" aria-label="Conversation of the session">
                    <Messages room=room.clone() name=session_name pen/>
                    <div class="conversation__foot">
                        <SessionFoot room standing pen/>
                    </div>
                </section>
            </main>
        </div>
        <Toaster notices=notices(connection)/>
    }
}

/// Which session, where it stands, and the way out.
#[component]
fn Head(session: LiveSession, name: Memo<String>, session_name: Memo<String>) -> impl IntoView {
    let connection = use_connection();
    let leave = move |click: leptos::ev::MouseEvent| {
        click.prevent_default();
        session.leave();
    };
    view! {
        <header class="live__head">
            <div class="live__words">
                <h1 class="live__name" title=move || session_name.get()>
                    <span class="live__kind">"Live session"</span>
                    <span class="sr_only">": "</span>
                    <bdi>{move || name.get()}</bdi>
                </h1>
                <StandingLine session=session.session/>
            </div>
            <ConnectionStatus status=connection.state on_retry=Callback::new(move |()| connection.retry())/>
            <ThemeSwitch/>
            <a class="button live__leave" href=session.way_out() title="Leave the session and go back to the room" on:click=leave>
                <Glyph icon=Icon::LiveOff/>
                "Leave"
            </a>
        </header>
    }
}

/// The field to write in, for as long as the session has not ended.
#[component]
fn SessionFoot(room: RoomId, standing: Memo<Standing>, pen: DraftField) -> impl IntoView {
    let name = Memo::new(|_| "the live session".to_owned());
    let has_ended = Memo::new(move |_| standing.with(|it| *it == Standing::Ended));
    move || {
        if has_ended.get() {
            return view! {
                <p class="live__ended">"This session has ended. What was said stays here."</p>
                <UnsentTexts
                    texts=Memo::new(move |_| half_written(pen.text).into_iter().collect())
                    on_discard=Callback::new(move |_| pen.text.set(String::new()))
                />
            }
            .into_any();
        }
        view! { <Foot room=room.clone() room_name=name pen/> }.into_any()
    }
}
