//! Hub of the probe: rooms, and members with something to send, which get one write each in an iteration of the loop.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::task::{spawn_local, yield_now};

use crate::frame::{self, Frame};
use crate::member::Member;

#[derive(Default)]
pub(crate) struct Hub {
    rooms: RefCell<HashMap<String, Vec<Rc<Member>>>>,
    full: RefCell<Vec<Rc<Member>>>,
    wake: Notify,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Request<'a> {
    Join { room: &'a str },
    Msg { room: &'a str, data: &'a str },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Response<'a> {
    Joined { room: &'a str },
    Msg { room: &'a str, data: &'a str },
}

impl Hub {
    pub(crate) fn start() -> Rc<Self> {
        let hub = Rc::new(Self::default());
        let sender = hub.clone();
        spawn_local(async move {
            loop {
                sender.wake.notified().await;
                // Others that are ready are read first: their messages go out in the same write.
                yield_now().await;
                for member in sender.full.take() {
                    member.flush();
                }
            }
        });
        hub
    }

    /// Does what this text asks for; returns the room that was joined. What makes no sense is passed over.
    pub(crate) fn hear(&self, member: &Rc<Member>, text: &[u8]) -> Option<String> {
        match serde_json::from_slice(text).ok()? {
            Request::Join { room } => {
                self.rooms.borrow_mut().entry(room.to_owned()).or_default().push(member.clone());
                self.push(member, &encode(&Response::Joined { room })?);
                Some(room.to_owned())
            }
            Request::Msg { room, data } => {
                let frame = encode(&Response::Msg { room, data })?;
                for member in self.rooms.borrow().get(room)? {
                    self.push(member, &frame);
                }
                None
            }
        }
    }

    fn push(&self, member: &Rc<Member>, frame: &Frame) {
        if member.keep(frame.clone()) {
            self.full.borrow_mut().push(member.clone());
            self.wake.notify_one();
        }
    }

    pub(crate) fn leave(&self, member: &Rc<Member>, room: &str) {
        let mut rooms = self.rooms.borrow_mut();
        if let Some(members) = rooms.get_mut(room) {
            members.retain(|it| !Rc::ptr_eq(it, member));
            if members.is_empty() {
                rooms.remove(room);
            }
        }
    }
}

fn encode(response: &Response<'_>) -> Option<Frame> {
    Some(frame::text(&serde_json::to_vec(response).ok()?))
}
