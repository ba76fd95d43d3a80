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
use crate::browser::attempt;
use crate::chat::{ChatStore, use_chat_store};
use crate::components::composer::{Composer, DraftField};
use crate::components::empty::Empty;
use crate::components::fixed::fixed;
use crate::components::history_end::HistoryState;
use crate::components::leave_room::LeaveRoomDialog;
use crate::components::message::FailedPostActions;
use crate::components::message_list::{MessageList, MessageListCallbacks};
use crate::components::opening::Opening;
use crate::components::people_panel::PeoplePanel;
use crate::components::room_header::RoomHeader;
use crate::components::typing_line::TypingLine;
use crate::components::unsent::{UnsentText, UnsentTexts};
use crate::errand::Errand;
use crate::model::timeline::Timeline;
use crate::page::{Page, use_page};
use crate::paths;
use crate::reactive::{effect, memo};

/// The room that the path names, or that it is not here.
#[component]
pub fn RoomPage() -> impl IntoView {
    let chat = use_chat_store();
    let room = room_in_path("room");
    let title = move || {
        let name = room.with(|room| room.as_ref().and_then(|room| chat.name(room)));
        name.map_or_else(String::new, |name| isolated(&name))
    };
    view! {
        <Title text=title/>
        {move || match room.get() {
            Some(room) => view! { <Conversation room/> }.into_any(),
            None => view! { <Missing room=None/> }.into_any(),
        }}
    }
    .into_any()
}

/// One room, live. Another room is another conversation: it starts afresh.
#[component]
fn Conversation(room: RoomId) -> impl IntoView {
    let chat = use_chat_store();
    let summary = chat.summary(&room);
    let is_known = memo(move || summary.with(Option::is_some));
    effect({
        let room = room.clone();
        move || {
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
    move || {
        if is_known.get() {
            view! { <Inside room=room.clone() name/> }.into_any()
        } else {
            view! { <Missing room=Some(room.clone())/> }.into_any()
        }
    }
}

#[component]
fn Inside(room: RoomId, name: Memo<String>) -> impl IntoView {
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
    let invitation = Errand::new();
    let invite = Callback::new(move |names| {
        let room = id();
        invitation.run(async move { chat.invite(&room, names).await });
    });

    let leaving = RwSignal::new(false);
    let pen = DraftField::new(chat.unfinished(&id()));

    view! {
        <div
            class="conversation"
            class:is-people-shown=move || page.people.get() == Some(true)
            class:is-people-hidden=move || page.people.get() == Some(false)
        >
            <section class="conversation__talk" {..fixed([("aria-label", "Conversation")])}>
                <RoomHeader live=paths::live(&id()) session name members people_shown people_button on_people=toggle_people/>
                <Messages room=id() name pen/>
                <div class="conversation__foot">
                    <Foot room=id() room_name=name pen/>
                </div>
            </section>
            <PeoplePanel
                members
                me
                close_button
                invitation
                on_invite=invite
                on_close=Callback::new(move |()| show_people(false))
                on_leave=Callback::new(move |()| leaving.set(true))
            />
            <Leaving room=id() name members open=leaving/>
        </div>
    }
    .into_any()
}

/// The dialog before the user leaves the room, and the way to the others afterwards.
#[component]
fn Leaving(
    room: RoomId,
    name: Memo<String>,
    members: Memo<Vec<Member>>,
    open: RwSignal<bool>,
) -> impl IntoView {
    let chat = use_chat_store();
    let navigate = use_navigate();
    let departure = Errand::new();
    let leave = Callback::new(move |()| {
        let (room, navigate) = (room.clone(), navigate.clone());
        departure.run(async move {
            chat.leave_room(&room).await?;
            navigate("/", NavigateOptions::default());
            Ok(())
        });
    });
    let is_last = Signal::derive(move || members.with(|members| members.len() <= 1));
    view! { <LeaveRoomDialog open room_name=name is_last departure on_leave=leave/> }.into_any()
}

/// Who types, and the field to write in.
#[component]
pub(super) fn Foot(room: RoomId, room_name: Memo<String>, pen: DraftField) -> impl IntoView {
    let chat = use_chat_store();
    let typing = chat.typing(&room);
    let room = StoredValue::new(room);
    let id = move || room.get_value();
    view! {
        <TypingLine names=typing/>
        <Composer
            room_name
            live=use_page().live
            pen
            on_send=Callback::new(move |body| chat.post(&id(), body))
            on_type=Callback::new(move |()| chat.typed(&id()))
            on_stop=Callback::new(move |()| chat.stopped_typing(&id()))
        />
    }
    .into_any()
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
pub(super) fn Messages(room: RoomId, name: Memo<String>, pen: DraftField) -> impl IntoView {
    let chat = use_chat_store();
    let timeline = chat.timeline(&room);
    let room = StoredValue::new(room);
    let older_failed = RwSignal::new(false);
    let lines = memo(move || timeline.with(Timeline::lines));
    let first_unread = memo(move || timeline.with(|it| it.first_unread));
    let loading = memo(move || timeline.with(|it| !it.loaded));
    let history = memo(move || {
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
                    pen.take_up(body);
                }
            }),
            discard: Callback::new(move |draft: DraftId| {
                chat.discard(&room.get_value(), draft);
            }),
        },
    };
    let is_ready = RwSignal::new(false);
    effect(move || {
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
    let absences = memo(move || timeline.with(|it| it.absences));
    let opening = Opening { place: chat.place(&room.get_value()), is_ready, absences };
    view! { <MessageList room_name=name lines first_unread history loading opening callbacks/> }.into_any()
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
            {room.map(|room| view! { <Leftovers room/> }.into_any())}
        </div>
    }
    .into_any()
}

/// The lines of a room that were not sent, and the text that was not finished.
#[component]
fn Leftovers(room: RoomId) -> impl IntoView {
    let chat = use_chat_store();
    let (timeline, unfinished) = (chat.timeline(&room), chat.unfinished(&room));
    let texts = memo(move || {
        let lines = timeline.with(Timeline::lines).into_iter().filter(|line| line.seq.is_none());
        let lines = lines.map(|line| UnsentText { draft: Some(line.key.draft), body: line.body });
        lines.chain(half_written(unfinished)).collect()
    });
    let discard = Callback::new(move |draft: Option<DraftId>| match draft {
        Some(draft) => drop(chat.discard(&room, draft)),
        None => unfinished.set(String::new()),
    });
    view! { <UnsentTexts texts on_discard=discard/> }.into_any()
}

/// What stands in the field, if it is worth keeping.
pub(super) fn half_written(text: RwSignal<String>) -> Option<UnsentText> {
    let body = text.get();
    (!is_blank(&body)).then_some(UnsentText { draft: None, body })
}
