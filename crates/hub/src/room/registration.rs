//! Registration: enters a running room into the actor registry and, for each member, into the index of active rooms.

use protocol::{RoomId, UserId};
use tokio::sync::mpsc;

use crate::context::HubContext;

use super::RoomCommand;

/// The entries of one room.
pub(super) struct Registration {
    /// Changes of presence of its members are announced here. Not so for a live room: its chat has the same members and
    /// passes them on.
    is_indexed: bool,
}

impl Registration {
    /// Enters the members into the index. Called before the room reads their presence, so that later changes are announced.
    pub(super) fn new<'a>(
        context: &HubContext,
        room: &RoomId,
        is_indexed: bool,
        members: impl Iterator<Item = &'a UserId>,
    ) -> Self {
        if is_indexed {
            context.presence.add_active_room(room, members);
        }
        Self { is_indexed }
    }

    /// A member was added. Called before the room reads whether the member is online.
    pub(super) fn add_member(&self, context: &HubContext, room: &RoomId, user: &UserId) {
        if self.is_indexed {
            context.presence.add_active_room(room, std::iter::once(user));
        }
    }

    /// A member was removed.
    pub(super) fn remove_member(&self, context: &HubContext, room: &RoomId, user: &UserId) {
        if self.is_indexed {
            context.presence.remove_active_room(room, std::iter::once(user));
        }
    }

    /// Removes all entries unless a task holds the mailbox. Returns whether it did.
    pub(super) fn passivate<'a>(
        &self,
        context: &HubContext,
        room: &RoomId,
        members: impl Iterator<Item = &'a UserId>,
        mailbox: &mpsc::Receiver<RoomCommand>,
    ) -> bool {
        context.rooms.passivate(room, mailbox, || {
            if self.is_indexed {
                context.presence.remove_active_room(room, members);
            }
        })
    }

    /// Removes all entries of a room that is gone.
    pub(super) fn close<'a>(
        &mut self,
        context: &HubContext,
        room: &RoomId,
        members: impl Iterator<Item = &'a UserId>,
    ) {
        if self.is_indexed {
            context.presence.remove_active_room(room, members);
        }
        self.is_indexed = false;
        context.rooms.remove(room);
    }
}
