//! `/rooms/{id}`: one conversation.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::text::is_blank;
use protocol::{DraftId, RoomId};

use crate::address::use_address;
use crate::browser::attempt;
use crate::components::composer::{Composer, Pen};
use crate::components::empty::Empty;
use crate::components::fixed::fixed;
use crate::components::leave_room::LeaveRoomDialog;
use crate::components::message::Remedies;
use crate::components::message_list::{MessageList, Upper, Wishes};
use crate::components::opening::Opening;
use crate::components::people_panel::PeoplePanel;
use crate::components::room_header::RoomHeader;
use crate::components::typing_line::TypingLine;
use crate::components::unsent::{UnsentText, UnsentTexts};
use crate::conversation::{Conversations, use_conversations};
use crate::errand::Errand;
use crate::model::timeline::Timeline;
use crate::page::use_page;
use crate::reactive::{effect, memo};

/// One room, live. Another room is another conversation: it starts afresh.
#[component]
pub fn Conversation(
    /// Which one.
    room: RoomId,
) -> impl IntoView {
    let conversations = use_conversations();
    let summary = conversations.summary(&room);
    let is_known = memo(move || summary.with(Option::is_some));
    effect({
        let room = room.clone();
        move || {
            if is_known.get() {
                conversations.open(room.clone());
            }
        }
    });
    on_cleanup({
        let room = room.clone();
        move || conversations.close(&room)
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
    let conversations = use_conversations();
    let page = use_page();
    let room = StoredValue::new(room);
    let id = move || room.get_value();

    let members = conversations.roster(&id());
    let typing = conversations.typing(&id());
    let session = conversations.session(&id());
    let me = page.account().map(|account| account.id);
    let people_shown = Signal::derive(move || page.people.get().unwrap_or_else(|| page.is_wide.get()));
    let (people_button, close_button) = (NodeRef::<html::Button>::new(), NodeRef::<html::Button>::new());
    let show_people = move |show: bool| {
        page.people.set(Some(show));
        // Beside the conversation the panel is just there; above it, it takes the focus and gives it back.
        if !show {
            focus_soon(people_button);
        } else if !page.is_wide.get_untracked() {
            focus_soon(close_button);
        }
    };
    let toggle_people = Callback::new(move |()| show_people(!people_shown.get_untracked()));
    let invitation = Errand::new();
    let invite = Callback::new(move |names| {
        let room = id();
        invitation.run(async move { conversations.invite(&room, names).await });
    });

    let leaving = RwSignal::new(false);
    let address = use_address();
    let departure = Errand::new();
    let leave = Callback::new(move |()| {
        let room = id();
        departure.run(async move {
            conversations.leave_room(&room).await?;
            address.go("/");
            Ok(())
        });
    });
    let is_last = Signal::derive(move || members.with(|members| members.len() <= 1));

    let pen = Pen::new(conversations.unfinished(&id()));

    view! {
        <div
            class="conversation"
            class:is-people-shown=move || page.people.get() == Some(true)
            class:is-people-hidden=move || page.people.get() == Some(false)
        >
            <section class="conversation__talk" {..fixed([("aria-label", "Conversation")])}>
                <RoomHeader live=format!("/live/{}", id()) session name members people_shown people_button on_people=toggle_people/>
                <Messages room=id() name pen/>
                <div class="conversation__foot">
                    <TypingLine names=typing/>
                    <Composer
                        room_name=name
                        live=page.live
                        pen
                        on_send=Callback::new(move |body| conversations.post(&id(), body))
                        on_type=Callback::new(move |()| conversations.typed(&id()))
                        on_stop=Callback::new(move |()| conversations.stopped_typing(&id()))
                    />
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
            <LeaveRoomDialog open=leaving room_name=name is_last departure on_leave=leave/>
        </div>
    }
    .into_any()
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
pub(super) fn Messages(room: RoomId, name: Memo<String>, pen: Pen) -> impl IntoView {
    let conversations = use_conversations();
    let timeline = conversations.timeline(&room);
    let room = StoredValue::new(room);
    let older_failed = RwSignal::new(false);
    let lines = memo(move || timeline.with(Timeline::lines));
    let first_unread = memo(move || timeline.with(|it| it.first_unread));
    let loading = memo(move || timeline.with(|it| !it.loaded));
    let upper = memo(move || {
        timeline.with(|it| match (it.has_older, it.loading_older, older_failed.get()) {
            (_, true, _) => Upper::Loading,
            (true, false, true) => Upper::Failed,
            (true, false, false) => Upper::More,
            (false, false, _) => Upper::Beginning,
        })
    });
    let wishes = Wishes {
        older: Callback::new(move |()| load_older(conversations, room.get_value(), older_failed)),
        followed: Callback::new(move |()| conversations.followed(&room.get_value())),
        read: Callback::new(move |seq| conversations.mark_read(&room.get_value(), seq)),
        returned: Callback::new(move |()| conversations.returned(&room.get_value())),
        left: Callback::new(move |place| conversations.leave_place(&room.get_value(), place)),
        remedies: Remedies {
            retry: Callback::new(move |draft: DraftId| conversations.retry(&room.get_value(), draft)),
            edit: Callback::new(move |draft: DraftId| {
                if let Some(body) = conversations.discard(&room.get_value(), draft) {
                    pen.take_up(body);
                }
            }),
            discard: Callback::new(move |draft: DraftId| {
                conversations.discard(&room.get_value(), draft);
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
            let outcome = conversations.load_unread(&room.get_value()).await;
            older_failed.try_set(outcome.is_err());
            is_ready.try_set(true);
        });
    });
    let absences = memo(move || timeline.with(|it| it.absences));
    let opening = Opening { place: conversations.place(&room.get_value()), is_ready, absences };
    view! { <MessageList room_name=name lines first_unread upper loading opening wishes/> }.into_any()
}

fn load_older(conversations: Conversations, room: RoomId, failed: RwSignal<bool>) {
    spawn_local(async move {
        let outcome = conversations.load_older(&room).await;
        // The page may have gone to another room meanwhile; then nobody shows the outcome.
        failed.try_set(outcome.is_err());
    });
}

/// The address names no room that one is in. What was written for it and not sent is offered.
#[component]
pub fn Missing(
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
    let conversations = use_conversations();
    let (timeline, unfinished) = (conversations.timeline(&room), conversations.unfinished(&room));
    let texts = memo(move || {
        let lines = timeline.with(Timeline::lines).into_iter().filter(|line| line.seq.is_none());
        let lines = lines.map(|line| UnsentText { draft: Some(line.key.draft), body: line.body });
        lines.chain(half_written(unfinished)).collect()
    });
    let discard = Callback::new(move |draft: Option<DraftId>| match draft {
        Some(draft) => drop(conversations.discard(&room, draft)),
        None => unfinished.set(String::new()),
    });
    view! { <UnsentTexts texts on_discard=discard/> }.into_any()
}

/// What stands in the field, if it is worth keeping.
pub(super) fn half_written(text: RwSignal<String>) -> Option<UnsentText> {
    let body = text.get();
    (!is_blank(&body)).then_some(UnsentText { draft: None, body })
}
