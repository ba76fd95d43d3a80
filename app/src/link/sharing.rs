//! One connection for all tabs of a person. The tab that leads has it, passes on what comes in and sends what the others
//! hand over; see `tabs.js` for how one comes to lead. Where a browser cannot, each tab is alone and has its own: the
//! server knows a post by its draft id, so nothing is said twice then either.

use std::rc::Rc;

use leptos::prelude::window;
use protocol::json::from_text;
use protocol::{ClientFrame, ErrorCode, RoomId, ServerFrame};

use super::driver::Driver;
use super::machine::Input;
use super::tabs::{self, TabRole, Tabs, Word};
use super::{LinkStatus, OutboxEvent};
use crate::model::kept::Kept;
use crate::model::wire_log::Direction;

/// Joins that may be without an answer at one time, of all tabs.
const MAX_ASKED: usize = 4_000;

impl Driver {
    /// Reads what was kept, looks for other tabs and connects, by itself or through them. Again, it only connects.
    pub(super) fn begin(self: &Rc<Self>) {
        if !self.is_restored.get() {
            self.restore();
        }
        if self.options.is_shared && self.tabs.borrow().is_none() {
            // Weak: the callback lives in the driver.
            let weak = Rc::downgrade(self);
            let hear = move |word, from: String, text: String, room: String| {
                if let Some(driver) = weak.upgrade() {
                    driver.hear_tab(word, from, text, &room);
                }
            };
            let account = self.options.account.as_ref().map_or("", |it| it.as_str());
            if let Some(tabs) = Tabs::meet(account, hear) {
                self.tabs.replace(Some(tabs));
                // Until the browser says otherwise.
                self.role.set(TabRole::Follower);
            }
        }
        if self.role.get() != TabRole::Follower {
            self.connect();
        }
    }

    fn connect(self: &Rc<Self>) {
        Rc::clone(self).input(Input::Connect);
        // A page that came from a copy was never told so by an event.
        if !window().navigator().on_line() {
            Rc::clone(self).input(Input::NetworkDown);
        }
    }

    fn hear_tab(self: Rc<Self>, word: Word, from: String, text: String, room: &str) {
        let leads = self.role.get() == TabRole::Leader;
        match word {
            Word::Lead => {
                self.role.set(TabRole::Leader);
                self.shown.replace(None);
                self.restore();
                self.connect();
            }
            Word::Silent if !leads => self.show(LinkStatus::Reconnecting { attempt: 1, seconds_left: 0 }),
            Word::Status if !leads => self.show(tabs::read(&text)),
            Word::Frame if !leads => match from_text::<ServerFrame>(&text) {
                Ok(frame) => {
                    self.note(Direction::In, "", || text);
                    self.tell(&frame);
                }
                // The tab that leads has it, too, and says so.
                Err(_) => self.note(Direction::In, "unreadable", || text),
            },
            Word::Hello if leads => {
                self.brief(&from);
                // While this tab was stopped it may have missed what that one wrote.
                self.restore();
            }
            Word::Send if leads && self.is_live() => self.write_text(text, false),
            Word::Join if leads && self.is_live() => self.join_for(from, room, text),
            Word::Retry if leads => self.input(Input::RetryNow),
            Word::Shown if leads => self.input(Input::Shown),
            Word::Post => {
                if let Ok(post) = from_text::<Kept>(&text) {
                    self.enqueue(post.clone());
                    self.outbox_listeners.tell(&OutboxEvent::Waits(post));
                    self.flush();
                }
            }
            Word::Gone => {
                if let Ok(draft) = uuid::Uuid::try_parse(&text).map(protocol::DraftId) {
                    self.unsent.borrow_mut().forget(draft);
                    self.outbox_listeners.tell(&OutboxEvent::Gone(draft));
                    self.flush();
                }
            }
            // For whoever leads, or from whoever led before.
            Word::Silent
            | Word::Status
            | Word::Frame
            | Word::Hello
            | Word::Send
            | Word::Join
            | Word::Retry
            | Word::Shown => {}
        }
    }

    /// Sends the join of another tab, which is the one that the answer is for.
    fn join_for(self: Rc<Self>, tab: String, room: &str, text: String) {
        let room = RoomId::parse(room).ok();
        let is_answered = room.is_some();
        if let Some(room) = room {
            self.expect_joined(room, tab);
        }
        self.write_text(text, false);
        if is_answered {
            self.input(Input::Asked);
        }
    }

    /// A tab that came later learns how things stand, and begins as on a connection of its own.
    fn brief(&self, tab: &str) {
        if let Some(status) = self.shown.borrow().as_ref() {
            self.tell_status(tab, status);
        }
        let welcome = self.welcome.borrow();
        if !welcome.is_empty() {
            tabs::tell(Word::Frame, tab, &welcome, "");
        }
    }

    pub(super) fn tell_status(&self, tab: &str, status: &LinkStatus) {
        if self.role.get() == TabRole::Leader {
            tabs::tell(Word::Status, tab, &tabs::spell(status), "");
        }
    }

    /// Tells the other tabs, if there may be some.
    pub(super) fn tell_tabs(&self, word: Word, text: &str) {
        if self.role.get() != TabRole::Single {
            tabs::tell(word, "", text, "");
        }
    }

    /// Gives a frame to the tab that leads. Without a connection it says something about this moment only, and is
    /// dropped.
    pub(super) fn hand_over(&self, frame: &ClientFrame) {
        if self.shown.borrow().as_ref() != Some(&LinkStatus::Connected) {
            return;
        }
        let Ok(text) = serde_json::to_string(frame) else {
            return leptos::logging::error!("a frame could not be written");
        };
        if let ClientFrame::Join { room, .. } = frame {
            tabs::tell(Word::Join, "", &text, room.as_str());
        } else {
            tabs::tell(Word::Send, "", &text, "");
        }
        self.note(Direction::Out, "", || text);
    }

    /// The next `joined` of this room answers that tab.
    pub(super) fn expect_joined(&self, room: RoomId, tab: String) {
        if self.role.get() != TabRole::Leader {
            return;
        }
        let mut asked = self.asked.borrow_mut();
        if asked.len() < MAX_ASKED {
            asked.push((room, tab));
        } else {
            leptos::logging::warn!("too many joins have no answer");
        }
    }

    /// Passes a frame on to those whom it concerns. Returns whether this tab is one of them. A `joined` answers one
    /// tab's `since`: in the conversation of another it could hide a hole.
    pub(super) fn pass_on(&self, frame: &ServerFrame, text: &str) -> bool {
        if self.role.get() != TabRole::Leader {
            return true;
        }
        let asker = match frame {
            ServerFrame::Joined { data } => self.asker(&data.room),
            ServerFrame::Error { data, .. } if data.draft.is_none() && data.code != ErrorCode::NotJoined => {
                // It may be the answer to a join, and the next `joined` is then another one's.
                data.room.as_ref().and_then(|room| self.asker(room));
                None
            }
            _ => None,
        };
        match asker.as_deref() {
            Some("") => true,
            Some(tab) => {
                tabs::tell(Word::Frame, tab, text, "");
                false
            }
            None => {
                // A busy room says a thousand things a second: nothing is said to nobody.
                if !tabs::is_alone() {
                    tabs::tell(Word::Frame, "", text, "");
                }
                true
            }
        }
    }

    /// Who asked first to join this room.
    fn asker(&self, room: &RoomId) -> Option<String> {
        let mut asked = self.asked.borrow_mut();
        let at = asked.iter().position(|(it, _)| it == room)?;
        Some(asked.remove(at).1)
    }
}
