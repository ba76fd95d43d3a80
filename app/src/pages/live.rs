//! `/live/{id}`: the live session of a room. Its conversation is that of any room; beside it stands who takes part.

use leptos::prelude::*;
use leptos_meta::Title;
use protocol::RoomId;
use protocol::text::isolated;

use super::room::{Foot, Messages, Missing, half_written};
use super::room_in_path;
use crate::chat::{LiveSession, use_chat_store};
use crate::components::composer::DraftField;
use crate::components::icon::{Glyph, Icon};
use crate::components::live::{Controls, Participants, StandingLine};
use crate::components::unsent::UnsentTexts;
use crate::connection::use_connection;
use crate::model::connection_state::ConnectionState;
use crate::model::session::{Session, Standing};
use crate::page::use_page;
use crate::paths;
use crate::title::title_text;

/// The live session of the room that the path names, or that it is not here.
#[component]
pub fn LivePage() -> impl IntoView {
    let store = use_chat_store();
    let chat = room_in_path("chat");
    let title = title_text(move || {
        let name = chat.with(|chat| chat.as_ref().and_then(|chat| store.name(chat)));
        name.map_or_else(String::new, |name| format!("Live: {}", isolated(&name)))
    });
    view! {
        <Title text=title/>
        {move || match chat.get().and_then(|chat| Some((store.live_session(&chat)?, chat))) {
            Some((session, chat)) => view! { <LiveConversation session chat/> }.into_any(),
            None => view! { <Missing room=None/> }.into_any(),
        }}
    }
}

/// One takes part for as long as it is shown.
#[component]
fn LiveConversation(session: LiveSession, chat: RoomId) -> impl IntoView {
    let store = use_chat_store();
    let summary = store.summary(&chat);
    let is_here = Memo::new(move |_| summary.with(Option::is_some) && !session.is_gone.get());
    let way_out = paths::room(&chat);
    Effect::new(move |_| {
        if is_here.get() {
            store.enter(&chat, &session.room());
        }
    });
    let room = session.room();
    on_cleanup(move || store.leave(&room));
    let name =
        Memo::new(move |_| summary.with(|it| it.as_ref().map(|it| it.name.clone()).unwrap_or_default()));
    move || {
        if is_here.get() {
            view! { <Inside session name way_out=way_out.clone()/> }.into_any()
        } else {
            view! { <Missing room=Some(session.room())/> }.into_any()
        }
    }
}

#[component]
fn Inside(session: LiveSession, name: Memo<String>, way_out: String) -> impl IntoView {
    let store = use_chat_store();
    let connection = use_connection();
    let page = use_page();
    let room = session.room();
    // What is written here is not in the room of the same name.
    let session_name = Memo::new(move |_| format!("Live session of {}", isolated(&name.get())));
    let me = page.account().map(|account| account.id);
    let standing = Memo::new(move |_| session.session.with(Session::standing));
    let is_connected =
        Memo::new(move |_| connection.state.with(|status| *status == ConnectionState::Connected));
    let can_say = Signal::derive(move || page.live.get() && is_connected.get());
    let draft_field = DraftField::new(store.unfinished(&room));
    view! {
        <div class="live">
            <Head session name session_name way_out/>
            <div class="live__main">
                <Participants session=session.session me is_stale=Signal::derive(move || page.live.get() && !is_connected.get())>
                    {move || session.is_owner.get().then(|| view! {
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
                    <Messages room=room.clone() name=session_name draft_field/>
                    <div class="conversation__foot">
                        <SessionFoot room standing draft_field/>
                    </div>
                </section>
            </div>
        </div>
    }
}

/// Which session, where it stands, and the way out.
#[component]
fn Head(
    session: LiveSession,
    name: Memo<String>,
    session_name: Memo<String>,
    way_out: String,
) -> impl IntoView {
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
            <a class="button live__leave" href=way_out title="Leave the session and go back to the room">
                <Glyph icon=Icon::LiveOff/>
                "Leave"
            </a>
        </header>
    }
}

/// The field to write in, for as long as the session has not ended.
#[component]
fn SessionFoot(room: RoomId, standing: Memo<Standing>, draft_field: DraftField) -> impl IntoView {
    let name = Memo::new(|_| "the live session".to_owned());
    let has_ended = Memo::new(move |_| standing.with(|it| *it == Standing::Ended));
    move || {
        if has_ended.get() {
            return view! {
                <p class="live__ended">"This session has ended. What was said stays here."</p>
                <UnsentTexts
                    texts=Memo::new(move |_| half_written(draft_field.text).into_iter().collect())
                    on_discard=Callback::new(move |_| draft_field.text.set(String::new()))
                />
            }
            .into_any();
        }
        view! { <Foot room=room.clone() room_name=name draft_field/> }.into_any()
    }
}
