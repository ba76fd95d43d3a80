//! Pending batch: collects the posts, changes and read requests that a room commits together, and answers posts.

use protocol::{Posted, RoomId};

use crate::error::HubError;
use crate::event::Event;
use crate::model::{self, Message};
use crate::store::{MessageDraft, StoreError};

use super::command::{Batched, ChangeRequest, Post, ReadRequest};
use super::fanout;

/// Neighbouring commands that wait for one transaction. Only one kind waits at a time.
#[derive(Default)]
pub(super) struct PendingBatch {
    posts: Vec<Post>,
    changes: Vec<ChangeRequest>,
    reads: Vec<ReadRequest>,
}

impl PendingBatch {
    pub(super) fn is_empty(&self) -> bool {
        self.posts.is_empty() && self.changes.is_empty() && self.reads.is_empty()
    }

    /// Whether what waits is committed before this command.
    pub(super) fn goes_before(&self, command: &Batched) -> bool {
        match command {
            Batched::Post(_) => !self.changes.is_empty() || !self.reads.is_empty(),
            Batched::Change(_) => !self.posts.is_empty() || !self.reads.is_empty(),
            Batched::Read(_) => !self.posts.is_empty() || !self.changes.is_empty(),
        }
    }

    pub(super) fn add(&mut self, command: Batched) {
        match command {
            Batched::Post(post) => self.posts.push(*post),
            Batched::Change(change) => self.changes.push(*change),
            Batched::Read(read) => self.reads.push(*read),
        }
    }

    pub(super) fn take_posts(&mut self) -> Vec<Post> {
        std::mem::take(&mut self.posts)
    }

    pub(super) fn take_changes(&mut self) -> Vec<ChangeRequest> {
        std::mem::take(&mut self.changes)
    }

    pub(super) fn take_reads(&mut self) -> Vec<ReadRequest> {
        std::mem::take(&mut self.reads)
    }
}

/// A post as the store takes it.
pub(super) fn draft_of(post: &Post) -> MessageDraft {
    MessageDraft {
        id: model::new_message_id(),
        author: post.author.clone(),
        draft: post.draft,
        body: post.body.clone(),
        parent: post.parent,
        kind: post.kind.clone(),
    }
}

/// Answers the author of a post that was committed as `message`.
pub(super) fn acknowledge(post: Post, message: Message) {
    if let Some(client) = post.from {
        let Message { room, cursor, id, at_ms, draft, .. } = message.clone();
        fanout::send_to(&client, &Event::Posted(Posted { room, draft, cursor, id, at_ms })).ok();
    }
    if let Some(reply) = post.reply {
        reply.send(Ok(message)).ok();
    }
}

/// Answers the authors of posts that the store did not confirm.
pub(super) fn reject_all(posts: Vec<Post>, room: &RoomId, error: StoreError) {
    let (cause, count) = (&error as &dyn std::error::Error, posts.len());
    tracing::error!(error = cause, room.id = %room, "Could not store {count} messages of room `{room}`");
    let error = HubError::from(error);
    for post in posts {
        post.reject(Some(room.clone()), &error);
    }
}
