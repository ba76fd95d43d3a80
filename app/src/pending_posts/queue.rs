//! Queue: the pending posts in memory, in order, until the server has answered each of them.

use protocol::{ClientFrame, DraftId, ErrorCode, ErrorData, MessageKind, RoomId};

use crate::model::pending_post::PendingPost;

/// Posts that may be pending. Beyond it a new one fails at once, so that none is lost later.
const MAX_PENDING: usize = 1_000;

/// Milliseconds to wait after "too fast" or "try again" without a number; twice as long after each further one.
const PAUSE_MS: u64 = 2_000;

/// No pause is longer than this.
const MAX_PAUSE_MS: u64 = 60_000;

/// There is no space for another post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Too many messages are waiting to be sent. Retry this one when they are through.")]
pub struct OutboxFull;

#[derive(Debug, Clone)]
struct Entry {
    post: PendingPost,
    is_in_flight: bool,
    /// How often the server asked for it again.
    attempts: u8,
}

/// The queue. It holds no socket: it returns the frames to send now, and takes what the server answers.
#[derive(Debug, Default)]
pub(super) struct PendingPosts {
    /// In the order of [`PendingPost::order`].
    queue: Vec<Entry>,
    /// Rooms that this connection has joined; a post to any other would be answered with an error.
    joined: Vec<RoomId>,
    paused_until: Option<i64>,
}

impl PendingPosts {
    /// Inserts a post by its order. The same draft is taken once.
    pub(super) fn push(&mut self, post: PendingPost) {
        if !self.holds(post.draft) {
            let at = self.queue.partition_point(|entry| entry.post.order <= post.order);
            self.queue.insert(at, Entry { post, is_in_flight: false, attempts: 0 });
        }
    }

    /// Whether there is space for this many more.
    pub(super) fn check_space(&self, more: usize) -> Result<(), OutboxFull> {
        if self.queue.len() + more > MAX_PENDING { Err(OutboxFull) } else { Ok(()) }
    }

    /// The order of a post that the draft store did not take: behind all others.
    pub(super) fn last_order(&self) -> u64 {
        self.queue.last().map_or(0, |entry| entry.post.order)
    }

    /// Whether this draft is pending.
    pub(super) fn holds(&self, draft: DraftId) -> bool {
        self.queue.iter().any(|entry| entry.post.draft == draft)
    }

    /// The connection is subscribed to this room now.
    pub(super) fn joined(&mut self, room: &RoomId) {
        if !self.joined.contains(room) {
            self.joined.push(room.clone());
        }
    }

    /// The connection is not subscribed to this room any more.
    pub(super) fn left(&mut self, room: &RoomId) {
        self.joined.retain(|it| it != room);
    }

    /// The connection is gone: whatever has no answer goes out again on the next one.
    pub(super) fn disconnected(&mut self) {
        self.joined.clear();
        self.paused_until = None;
        for entry in &mut self.queue {
            entry.is_in_flight = false;
        }
    }

    /// A post is acknowledged, or is not to be sent any more. Returns whether it was pending.
    pub(super) fn remove(&mut self, draft: DraftId) -> bool {
        let before = self.queue.len();
        self.queue.retain(|entry| entry.post.draft != draft);
        self.queue.len() != before
    }

    /// Removes every post to a room that the user is not in any more. Returns which.
    pub(super) fn remove_room(&mut self, room: &RoomId) -> Vec<DraftId> {
        self.left(room);
        let of_room = self.queue.iter().filter(|entry| &entry.post.room == room);
        let gone = of_room.map(|entry| entry.post.draft).collect();
        self.queue.retain(|entry| &entry.post.room != room);
        gone
    }

    /// The server has answered a draft with an error. It stays in its place when sending it again can help, else it is
    /// removed. Returns whether it was removed.
    pub(super) fn failed(&mut self, draft: DraftId, error: &ErrorData, now: i64) -> bool {
        let Some(entry) = self.queue.iter_mut().find(|entry| entry.post.draft == draft) else {
            return false;
        };
        match error.code {
            ErrorCode::RateLimited | ErrorCode::Unavailable => {
                let pause = error.retry_after_ms.unwrap_or(PAUSE_MS << entry.attempts.min(5));
                entry.is_in_flight = false;
                entry.attempts = entry.attempts.saturating_add(1);
                self.paused_until = Some(now.saturating_add_unsigned(pause.min(MAX_PAUSE_MS)));
                false
            }
            ErrorCode::NotJoined => {
                // It goes out when the room is joined again.
                entry.is_in_flight = false;
                let room = entry.post.room.clone();
                self.left(&room);
                false
            }
            _ => self.remove(draft),
        }
    }

    /// The frames to send now, oldest first: of each room one, so that an error cannot let a later one overtake it. Each
    /// post is returned once per connection unless the server asks for it again.
    pub(super) fn due(&mut self, now: i64) -> Vec<ClientFrame> {
        if self.paused_until.is_some_and(|until| now < until) {
            return Vec::new();
        }
        self.paused_until = None;
        let mut frames = Vec::new();
        let mut seen: Vec<&RoomId> = Vec::new();
        for Entry { post, is_in_flight, .. } in &mut self.queue {
            if seen.contains(&&post.room) {
                continue;
            }
            seen.push(&post.room);
            if *is_in_flight || !self.joined.contains(&post.room) {
                continue;
            }
            *is_in_flight = true;
            frames.push(ClientFrame::Post {
                room: post.room.clone(),
                draft: post.draft,
                body: post.body.clone(),
                parent: None,
                kind: MessageKind::Text,
            });
        }
        frames
    }

    /// When [`Self::due`] has something again after a pause.
    pub(super) fn next_wake(&self) -> Option<i64> {
        self.paused_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(name: &str) -> RoomId {
        RoomId::parse(name).unwrap()
    }

    fn draft(number: u64) -> DraftId {
        DraftId(uuid::Uuid::from_u128(u128::from(number)))
    }

    fn post(to: &str, number: u64) -> PendingPost {
        PendingPost {
            order: number,
            room: room(to),
            draft: draft(number),
            body: format!("text {number}"),
            at_ms: 0,
            reason: None,
        }
    }

    fn drafts(frames: &[ClientFrame]) -> Vec<DraftId> {
        frames
            .iter()
            .map(|frame| match frame {
                ClientFrame::Post { draft, .. } => *draft,
                other => panic!("not a post: {other:?}"),
            })
            .collect()
    }

    fn queue(count: u64) -> PendingPosts {
        let mut posts = PendingPosts::default();
        for number in 1..=count {
            posts.push(post("a", number));
        }
        posts
    }

    /// Sends what is due and answers it at once, until nothing is due.
    fn all(posts: &mut PendingPosts) -> Vec<DraftId> {
        let mut sent = Vec::new();
        while let [first] = drafts(&posts.due(0))[..] {
            sent.push(first);
            posts.remove(first);
        }
        sent
    }

    fn error(code: ErrorCode, retry_after_ms: Option<u64>) -> ErrorData {
        ErrorData { code, field: None, room: None, draft: None, retry_after_ms }
    }

    #[test]
    fn no_post_is_sent_to_a_room_before_it_is_joined() {
        let mut posts = queue(2);
        assert!(posts.due(0).is_empty());
        posts.joined(&room("b"));
        assert!(posts.due(0).is_empty());
        posts.joined(&room("a"));
        assert_eq!(drafts(&posts.due(0)), [draft(1)]);
        assert!(posts.due(0).is_empty(), "each goes out once");
    }

    #[test]
    fn one_of_each_room_is_in_flight_at_a_time() {
        let mut posts = queue(2);
        posts.push(post("b", 3));
        posts.push(post("b", 4));
        posts.joined(&room("a"));
        posts.joined(&room("b"));
        assert_eq!(drafts(&posts.due(0)), [draft(1), draft(3)]);
        posts.remove(draft(3));
        assert_eq!(drafts(&posts.due(0)), [draft(4)]);
    }

    #[test]
    fn unanswered_posts_are_sent_again_in_order_on_the_next_connection() {
        let mut posts = queue(3);
        posts.joined(&room("a"));
        posts.due(0);
        posts.remove(draft(2));
        posts.disconnected();
        assert!(posts.due(0).is_empty());
        posts.joined(&room("a"));
        assert_eq!(all(&mut posts), [draft(1), draft(3)]);
    }

    #[test]
    fn a_post_of_another_tab_is_inserted_by_its_order() {
        let mut posts = PendingPosts::default();
        for number in [2, 5, 1, 4, 5] {
            posts.push(post("a", number));
        }
        posts.push(PendingPost { order: posts.last_order(), ..post("a", 9) });
        posts.joined(&room("a"));
        assert_eq!(all(&mut posts), [1, 2, 4, 5, 9].map(draft));
    }

    #[test]
    fn a_rate_limit_waits_as_long_as_the_server_says_and_keeps_the_order() {
        let mut posts = queue(3);
        posts.joined(&room("a"));
        posts.due(0);
        assert!(!posts.failed(draft(1), &error(ErrorCode::RateLimited, Some(700)), 100));
        assert_eq!(posts.next_wake(), Some(800));
        assert!(posts.due(799).is_empty());
        assert_eq!(drafts(&posts.due(800)), [draft(1)]);
    }

    #[test]
    fn an_unavailable_store_is_asked_again_for_ever_and_ever_less_often() {
        let mut posts = queue(2);
        posts.joined(&room("a"));
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..8 {
            assert_eq!(drafts(&posts.due(now)), [draft(1)], "nothing overtakes it");
            assert!(!posts.failed(draft(1), &error(ErrorCode::Unavailable, None), now));
            let wake = posts.next_wake().unwrap();
            waits.push((wake - now) / 1_000);
            now = wake;
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn a_post_to_a_room_that_is_not_joined_waits_for_the_join() {
        let mut posts = queue(2);
        posts.joined(&room("a"));
        posts.due(0);
        assert!(!posts.failed(draft(1), &error(ErrorCode::NotJoined, None), 0));
        assert!(posts.due(0).is_empty());
        posts.joined(&room("a"));
        assert_eq!(all(&mut posts), [draft(1), draft(2)]);
    }

    #[test]
    fn a_final_error_is_not_repeated_and_delays_no_other_post() {
        let mut posts = queue(2);
        posts.joined(&room("a"));
        posts.due(0);
        assert!(posts.failed(draft(1), &error(ErrorCode::TooLong, None), 0));
        posts.disconnected();
        posts.joined(&room("a"));
        assert_eq!(all(&mut posts), [draft(2)]);
    }

    #[test]
    fn a_full_queue_returns_an_error_and_a_draft_is_taken_once() {
        let mut posts = queue(1_000);
        posts.push(post("a", 1));
        assert_eq!(posts.check_space(0), Ok(()));
        assert_eq!(posts.check_space(1), Err(OutboxFull));
        assert_eq!(posts.remove_room(&room("a")).len(), 1_000);
        assert_eq!(posts.check_space(1), Ok(()));
    }
}
