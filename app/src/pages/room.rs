//! `/rooms/{id}`: one conversation.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use protocol::text::{is_blank, isolated};
use protocol::{DraftId, Member, RoomId};

use super::room_in_path;
use crate::api::{ApiError, problem};
use crate::browser::attempt;
use crate::chat::{ChatStore, use_chat_store};
use crate::components::composer::{Composer, DraftField};
use crate::components::empty::Empty;
use crate::components::history_end::HistoryState;
use crate::components::leave_room::LeaveRoomDialog;
use crate::components::message::FailedPostActions;
use crate::components::message_list::{MessageList, MessageListCallbacks};
use crate::components::opening::Opening;
use crate::components::people_panel::PeoplePanel;
use crate::components::room_header::RoomHeader;
use crate::components::typing_line::TypingLine;
use crate::components::unsent::{UnsentText, UnsentTexts};
use crate::connection::use_connection;
use crate::model::connection_state::ConnectionState;
use crate::model::timeline::Timeline;
use crate::page::{Page, use_page};
use crate::paths;
use crate::title::title_text;

/// Leaves a room.
type LeaveAction = Action<RoomId, Result<(), ApiError>>;

/// The room that the path names, or that it is not here.
#[component]
pub fn RoomPage() -> impl IntoView {
    let chat = use_chat_store();
    let room = room_in_path("room");
    let title = title_text(move || {
        let name = room.with(|room| room.as_ref().and_then(|room| chat.name(room)));
        name.map_or_else(String::new, |name| isolated(&name))
    });
    view! {
        <Title text=title/>
        {move || match room.get() {
            Some(room) => view! { <Conversation room/> }.into_any(),
            None => view! { <Missing room=None/> }.into_any(),
        }}
    }
}

/// One room, live. Another room is another conversation: it starts afresh.
#[component]
fn Conversation(room: RoomId) -> impl IntoView {
    let chat = use_chat_store();
    let summary = chat.summary(&room);
    let is_known = Memo::new(move |_| summary.with(Option::is_some));
    Effect::new({
        let room = room.clone();
        move |_| {
            if is_known.get() {
                chat.open(&room);
            }
        }
    });
    on_cleanup({
        let room = room.clone();
        move || chat.close(&room)
    });
    let name = Memo::new(move |before: Option<&String>| {
        // A room that was just left keeps its name until the page has gone.
        summary
            .with(|it| it.as_ref().map(|it| it.name.clone()))
            .or_else(|| before.cloned())
            .unwrap_or_default()
    });
    // Here and not beside its dialog, which goes as soon as the room has gone from the list. An action captures `Copy`
    // values only: the server may drop it on another thread, where a local value that needs to be dropped panics.
    let leave = Action::new_local(move |room: &RoomId| {
        let room = room.clone();
        async move { chat.leave_room(&room).await }
    });
    let (navigate, left) = (use_navigate(), leave.value());
    Effect::new(move |_| {
        if left.with(|it| matches!(it, Some(Ok(())))) {
            navigate("/", NavigateOptions::default());
        }
    });
    move || {
        if is_known.get() {
            view! { <Inside room=room.clone() name leave/> }.into_any()
        } else {
            view! { <Missing room=Some(room.clone())/> }.into_any()
        }
    }
}

#[component]
fn Inside(room: RoomId, name: Memo<String>, leave: LeaveAction) -> impl IntoView {
    let chat = use_chat_store();
    let page = use_page();
    let room = StoredValue::new(room);
    let id = move || room.get_value();

    let members = chat.roster(&id());
    let session = chat.session(&id());
    let me = page.account().map(|account| account.id);
    let people_shown = Signal::derive(move || page.people.get().unwrap_or_else(|| page.is_wide.get()));
    let (people_button, close_button) = (NodeRef::<html::Button>::new(), NodeRef::<html::Button>::new());
    let show_people = move |show| show_people(page, show, people_button, close_button);
    let toggle_people = Callback::new(move |()| show_people(!people_shown.get_untracked()));
    let invitation = Action::new_local(move |names: &Vec<String>| {
        let (room, names) = (id(), names.clone());
        async move { chat.invite(&room, names).await }
    });
    let (inviting, invited) = (invitation.pending(), invitation.value());
    let invite = Callback::new(move |names| {
        if !inviting.get_untracked() {
            invitation.dispatch_local(names);
        }
    });

    let leaving = RwSignal::new(false);
    let draft_field = DraftField::new(chat.unfinished(&id()));

    view! {
        <div
            class="conversation"
            class:is-people-shown=move || page.people.get() == Some(true)
            class:is-people-hidden=move || page.people.get() == Some(false)
        >
            <section class="conversation__talk" aria-label="Conversation">
                <RoomHeader live=paths::live(&id()) session name members people_shown people_button on_people=toggle_people/>
                <Messages room=id() name draft_field/>
                <div class="conversation__foot">
                    <Foot room=id() room_name=name draft_field/>
                </div>
            </section>
            <PeoplePanel
                members
                me
                close_button
                inviting
                invited=Signal::derive(move || invited.with(|it| matches!(it, Some(Ok(())))))
                problem=problem(invitation)
                on_invite=invite
                on_close=Callback::new(move |()| show_people(false))
                on_leave=Callback::new(move |()| leaving.set(true))
            />
            <Leaving room=id() name members leave open=leaving/>
        </div>
    }
}

/// The dialog before the user leaves the room.
#[component]
fn Leaving(
    room: RoomId,
    name: Memo<String>,
    members: Memo<Vec<Member>>,
    leave: LeaveAction,
    open: RwSignal<bool>,
) -> impl IntoView {
    let pending = leave.pending();
    let on_leave = Callback::new(move |()| {
        if !pending.get_untracked() {
            leave.dispatch_local(room.clone());
        }
    });
    Effect::new(move |_| {
        if open.get() {
            leave.clear();
        }
    });
    let is_last = Signal::derive(move || members.with(|members| members.len() <= 1));
    view! { <LeaveRoomDialog open room_name=name is_last pending problem=problem(leave) on_leave/> }
}

/// Who types, and the field to write in.
#[component]
pub(super) fn Foot(room: RoomId, room_name: Memo<String>, draft_field: DraftField) -> impl IntoView {
    let chat = use_chat_store();
    let connection = use_connection();
    let typing = chat.typing(&room);
    let room = StoredValue::new(room);
    let id = move || room.get_value();
    view! {
        <TypingLine names=typing/>
        <Composer
            room_name
            live=use_page().live
            status=connection.state
            keeps=connection.keeps
            draft_field
            on_send=Callback::new(move |body| chat.post(&id(), body))
            on_type=Callback::new(move |()| chat.typed(&id()))
            on_stop=Callback::new(move |()| chat.stopped_typing(&id()))
        />
    }
}

/// Shows or hides the people. Beside the conversation the panel is just there; above it, it takes the focus and gives it
/// back.
fn show_people(
    page: Page,
    show: bool,
    people_button: NodeRef<html::Button>,
    close_button: NodeRef<html::Button>,
) {
    page.people.set(Some(show));
    if !show {
        focus_soon(people_button);
    } else if !page.is_wide.get_untracked() {
        focus_soon(close_button);
    }
}

/// Once the style sheet shows it.
fn focus_soon(button: NodeRef<html::Button>) {
    request_animation_frame(move || {
        if let Some(button) = button.get_untracked() {
            attempt("focusing a button", button.focus());
        }
    });
}

/// The message list with what it needs to know of the timeline.
#[component]
pub(super) fn Messages(room: RoomId, name: Memo<String>, draft_field: DraftField) -> impl IntoView {
    let chat = use_chat_store();
    let timeline = chat.timeline(&room);
    let room = StoredValue::new(room);
    let older_failed = RwSignal::new(false);
    let lines = Memo::new(move |_| timeline.with(Timeline::lines));
    let first_unread = Memo::new(move |_| timeline.with(|it| it.first_unread));
    let loading = Memo::new(move |_| timeline.with(|it| !it.loaded));
    let state = use_connection().state;
    let is_connected = Memo::new(move |_| state.with(|state| *state == ConnectionState::Connected));
    let history = Memo::new(move |_| {
        timeline.with(|it| match (it.has_older, it.loading_older, older_failed.get()) {
            (_, true, _) => HistoryState::Loading,
            (true, false, true) => HistoryState::Failed,
            (true, false, false) => HistoryState::More,
            (false, false, _) => HistoryState::Beginning,
        })
    });
    let callbacks = MessageListCallbacks {
        older: Callback::new(move |()| load_older(&chat, room.get_value(), older_failed)),
        followed: Callback::new(move |()| chat.followed(&room.get_value())),
        read: Callback::new(move |seq| chat.mark_read(&room.get_value(), seq)),
        returned: Callback::new(move |()| chat.returned(&room.get_value())),
        left: Callback::new(move |place| chat.leave_place(&room.get_value(), place)),
        remedies: FailedPostActions {
            retry: Callback::new(move |draft: DraftId| chat.retry(&room.get_value(), draft)),
            edit: Callback::new(move |draft: DraftId| {
                if let Some(body) = chat.discard(&room.get_value(), draft) {
                    draft_field.take_up(body);
                }
            }),
            discard: Callback::new(move |draft: DraftId| {
                chat.discard(&room.get_value(), draft);
            }),
        },
    };
    let is_ready = RwSignal::new(false);
    Effect::new(move |_| {
        if loading.get() || is_ready.get() {
            return;
        }
        spawn_local(async move {
            // A failure shows at the upper end, where it can be tried again.
            let outcome = chat.load_unread(&room.get_value()).await;
            older_failed.try_set(outcome.is_err());
            is_ready.try_set(true);
        });
    });
    let absences = Memo::new(move |_| timeline.with(|it| it.absences));
    let opening = Opening { place: chat.place(&room.get_value()), is_ready, absences };
    view! { <MessageList room_name=name lines first_unread history loading is_connected opening callbacks/> }
}

fn load_older(chat: &ChatStore, room: RoomId, failed: RwSignal<bool>) {
    let chat = *chat;
    spawn_local(async move {
        let outcome = chat.load_older(&room).await;
        // The page may have gone to another room meanwhile; then nobody shows the outcome.
        failed.try_set(outcome.is_err());
    });
}

/// The address names no room that one is in. What was written for it and not sent is offered.
#[component]
pub(super) fn Missing(
    /// Which one, if it may be the name of a room.
    room: Option<RoomId>,
) -> impl IntoView {
    view! {
        <div class="lobby is-missing">
            <Empty
                title="This room is not here"
                hint="It may have been deleted, or you are not in it. Ask somebody inside to invite you."
            >
                <a href="/" class="button">"Back to your rooms"</a>
            </Empty>
            {room.map(|room| view! { <Leftovers room/> })}
        </div>
    }
}

/// The lines of a room that were not sent, and the text that was not finished.
#[component]
fn Leftovers(room: RoomId) -> impl IntoView {
    let chat = use_chat_store();
    let (timeline, unfinished) = (chat.timeline(&room), chat.unfinished(&room));
    let texts = Memo::new(move |_| {
        let lines = timeline.with(Timeline::lines).into_iter().filter(|line| line.seq.is_none());
        let lines = lines.map(|line| UnsentText { draft: Some(line.key.draft), body: line.body });
        lines.chain(half_written(unfinished)).collect()
    });
    let discard = Callback::new(move |draft: Option<DraftId>| match draft {
        Some(draft) => drop(chat.discard(&room, draft)),
        None => unfinished.set(String::new()),
    });
    view! { <UnsentTexts texts on_discard=discard/> }
}

/// What stands in the field, if it is worth keeping.
pub(super) fn half_written(text: RwSignal<String>) -> Option<UnsentText> {
    let body = text.get();
    (!is_blank(&body)).then_some(UnsentText { draft: None, body })
}
