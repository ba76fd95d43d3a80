//! Everything that is live about the rooms of the person who is signed in: the list, and for each room its messages,
//! people and who types. Frames are folded into plain models (`fold`), messages once for each picture of the screen
//! (`batch`); what a person does goes out through the link (`act`, `outbox`). Pages read signals and call methods; they never see a frame.

mod act;
#[cfg(target_arch = "wasm32")]
mod batch;
mod fold;
mod outbox;
mod read;

use leptos::prelude::*;
use protocol::{Member, RoomId, RoomSummary};

use crate::address::Place;
use crate::link::{Link, Whose, provide_link};
use crate::model::own_typing::OwnTyping;
use crate::model::place::ReadingPlace;
use crate::model::rooms::Rooms;
use crate::model::roster::Roster;
use crate::model::session::Standing;
use crate::model::timeline::Timeline;
use crate::model::typing::Typing;
use crate::reactive::memo;
use crate::start::{Account, Start};

/// The live state of one room. Counted references: a page may come and go while the room lives on.
#[derive(Debug, Clone)]
struct Room {
    timeline: ArcRwSignal<Timeline>,
    roster: ArcRwSignal<Roster>,
    typing: ArcRwSignal<Typing>,
    /// Where the live session of the room stands.
    session: ArcRwSignal<Standing>,
}

/// What a room needs only between two frames.
#[derive(Debug, Default)]
struct Desk {
    /// The room in view.
    open: Option<RoomId>,
    /// Whether there was a connection before.
    welcomed: bool,
    /// Rooms whose missing messages were asked for and have not come yet; hardly ever more than one.
    rejoining: Vec<RoomId>,
    /// What the others were told of one's own typing, for the rooms where they were; that is one or two.
    own_typing: Vec<(RoomId, OwnTyping)>,
    /// Where the reader was in rooms that were left further up than their newest message.
    places: Vec<(RoomId, ReadingPlace)>,
}

/// A handle to all of it. Copying it copies a few indexes.
#[derive(Debug, Clone, Copy)]
pub struct Conversations {
    link: Link,
    me: StoredValue<Option<Account>>,
    rooms: RwSignal<Rooms>,
    /// The rooms that were opened or heard of: few, so a list is searched.
    state: StoredValue<Vec<(RoomId, Room)>>,
    desk: StoredValue<Desk>,
    /// Whether the page is about the rooms that it came with alone: a live session.
    is_closed: bool,
    #[cfg(target_arch = "wasm32")]
    timers: StoredValue<act::Timers, LocalStorage>,
    #[cfg(target_arch = "wasm32")]
    batch: StoredValue<batch::Batch, LocalStorage>,
}

/// Puts [`Conversations`] (and the [`Link`] below them) into the context, once, at the root of the pages.
pub fn provide_conversations(start: &Start) -> Conversations {
    let me = start.account.clone();
    let is_closed = matches!(Place::of(&start.path), Place::Live(_));
    let link = use_context::<Link>().unwrap_or_else(|| {
        // Whoever takes part in a live session is in it with a connection of its own: it ends when the page is left.
        let whose = Whose { account: me.as_ref().map(|me| me.id.clone()), is_shared: !is_closed };
        provide_link(me.is_some(), whose)
    });
    let here = Conversations {
        link,
        rooms: RwSignal::new(Rooms::new(me.as_ref().map(|me| me.id.clone()), start.rooms.clone())),
        me: StoredValue::new(me),
        state: StoredValue::default(),
        desk: StoredValue::default(),
        is_closed,
        #[cfg(target_arch = "wasm32")]
        timers: StoredValue::new_local(act::Timers::default()),
        #[cfg(target_arch = "wasm32")]
        batch: StoredValue::new_local(batch::Batch::default()),
    };
    if let Some(open) = &start.open {
        let read = start.rooms.iter().find(|room| room.id == open.room).map_or(0, |room| room.read_seq);
        let room = here.room(&open.room);
        room.timeline.update_untracked(|timeline| {
            timeline.joined(open);
            timeline.opened(read);
        });
        room.roster.update_untracked(|roster| *roster = Roster::of(&open.members));
        room.session.update_untracked(|session| *session = Standing::of_chat(open));
    }
    #[cfg(target_arch = "wasm32")]
    here.watch_keys();
    link.on_frame(move |frame| here.hear(frame));
    link.on_outbox(move |news| here.outbox(news));
    provide_context(here);
    here
}

/// The conversations of this tab.
///
/// # Panics
/// When no [`provide_conversations`] stands above.
pub fn use_conversations() -> Conversations {
    expect_context::<Conversations>()
}

impl Conversations {
    /// The person's rooms, newest activity first, with live unread counts.
    pub fn rooms(&self) -> Memo<Vec<RoomSummary>> {
        let rooms = self.rooms;
        memo(move || rooms.read().list().to_vec())
    }

    /// One room as in the list; `None` for one that the person is not in.
    pub fn summary(&self, room: &RoomId) -> Memo<Option<RoomSummary>> {
        let (rooms, room) = (self.rooms, room.clone());
        memo(move || rooms.read().get(&room).cloned())
    }

    /// The messages of a room. Empty, and not [`Timeline::loaded`], until it was opened.
    pub fn timeline(&self, room: &RoomId) -> RwSignal<Timeline> {
        self.room(room).timeline.into()
    }

    /// The people in a room: owners first, then by name.
    pub fn roster(&self, room: &RoomId) -> Memo<Vec<Member>> {
        let roster = self.room(room).roster;
        memo(move || roster.read().members().to_vec())
    }

    /// The names of the others who type in a room, in the order they began.
    pub fn typing(&self, room: &RoomId) -> Memo<Vec<String>> {
        let Room { typing, roster, .. } = self.room(room);
        let me = self.me.with_value(|me| me.as_ref().map(|me| me.id.clone()));
        memo(move || {
            let roster = roster.read();
            let typing = typing.read();
            let others = typing.people().filter(|who| Some(*who) != me.as_ref());
            others.filter_map(|who| roster.name_of(who).map(str::to_owned)).collect::<Vec<_>>()
        })
    }

    /// Where the live session of a room stands.
    pub fn session(&self, room: &RoomId) -> Memo<Standing> {
        let session = self.room(room).session;
        memo(move || session.get())
    }

    /// The state of a room, made when it is first asked for.
    fn room(&self, room: &RoomId) -> Room {
        if let Some(known) = self
            .state
            .with_value(|state| state.iter().find(|(id, _)| id == room).map(|(_, state)| state.clone()))
        {
            return known;
        }
        let me = self.me.with_value(|me| me.as_ref().map(|me| (me.id.clone(), me.name.clone())));
        let fresh = Room {
            timeline: ArcRwSignal::new(Timeline::new(me)),
            roster: ArcRwSignal::default(),
            typing: ArcRwSignal::default(),
            session: ArcRwSignal::default(),
        };
        self.state.update_value(|state| {
            state.push((room.clone(), fresh.clone()));
        });
        fresh
    }
}

#[cfg(test)]
#[path = "conversation/tests.rs"]
mod tests;
