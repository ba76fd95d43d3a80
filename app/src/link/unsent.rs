//! What must survive a lost connection: posts, in order, until the server has answered each of them.

use protocol::{ClientFrame, DraftId, ErrorCode, ErrorData, MessageKind, RoomId};

use super::Full;
use crate::model::kept::Kept;

/// Posts that may wait. Beyond it the writer is told at once instead of losing something later.
const MAX_WAITING: usize = 1_000;

/// Milliseconds to wait after "too fast" or "try again" without a number; twice as long after each further one.
const PAUSE_MS: u64 = 2_000;

/// No pause is longer than this.
const MAX_PAUSE_MS: u64 = 60_000;

#[derive(Debug, Clone)]
struct Waiting {
    post: Kept,
    on_its_way: bool,
    refusals: u8,
}

/// The queue. It holds no socket: it says what to send now, and is told what came back.
#[derive(Debug, Default)]
pub(crate) struct Unsent {
    /// In the order of [`Kept::order`].
    queue: Vec<Waiting>,
    /// Rooms that this connection has joined; a post to any other would be refused.
    joined: Vec<RoomId>,
    paused_until: Option<i64>,
}

impl Unsent {
    /// Takes a post to its place in the order. The same draft is taken once.
    pub(crate) fn push(&mut self, post: Kept) {
        if !self.holds(post.draft) {
            let at = self.queue.partition_point(|waiting| waiting.post.order <= post.order);
            self.queue.insert(at, Waiting { post, on_its_way: false, refusals: 0 });
        }
    }

    /// Whether this many more may wait.
    pub(crate) fn has_space_for(&self, more: usize) -> Result<(), Full> {
        if self.queue.len() + more > MAX_WAITING { Err(Full) } else { Ok(()) }
    }

    /// The place of a post that could not be kept: behind all others.
    pub(crate) fn last_order(&self) -> u64 {
        self.queue.last().map_or(0, |waiting| waiting.post.order)
    }

    /// Whether this draft is still without an answer.
    pub(crate) fn holds(&self, draft: DraftId) -> bool {
        self.queue.iter().any(|waiting| waiting.post.draft == draft)
    }

    /// The connection follows this room now.
    pub(crate) fn joined(&mut self, room: &RoomId) {
        if !self.joined.contains(room) {
            self.joined.push(room.clone());
        }
    }

    /// The connection does not follow this room any more.
    pub(crate) fn left(&mut self, room: &RoomId) {
        self.joined.retain(|it| it != room);
    }

    /// The connection is gone: whatever has no answer goes out again on the next one.
    pub(crate) fn disconnected(&mut self) {
        self.joined.clear();
        self.paused_until = None;
        for waiting in &mut self.queue {
            waiting.on_its_way = false;
        }
    }

    /// The server has it, or nobody wants it sent any more. Returns whether it was waiting.
    pub(crate) fn forget(&mut self, draft: DraftId) -> bool {
        let before = self.queue.len();
        self.queue.retain(|waiting| waiting.post.draft != draft);
        self.queue.len() != before
    }

    /// Forgets every post to a room that one is not in any more. Returns which.
    pub(crate) fn forget_room(&mut self, room: &RoomId) -> Vec<DraftId> {
        self.left(room);
        let of_room = self.queue.iter().filter(|waiting| &waiting.post.room == room);
        let gone = of_room.map(|waiting| waiting.post.draft).collect();
        self.queue.retain(|waiting| &waiting.post.room != room);
        gone
    }

    /// The server refused a draft. It stays in its place when a resend can help, else it is forgotten. Returns whether
    /// it was given up.
    pub(crate) fn refused(&mut self, draft: DraftId, why: &ErrorData, now: i64) -> bool {
        let Some(waiting) = self.queue.iter_mut().find(|waiting| waiting.post.draft == draft) else {
            return false;
        };
        match why.code {
            ErrorCode::RateLimited | ErrorCode::Unavailable => {
                let pause = why.retry_after_ms.unwrap_or(PAUSE_MS << waiting.refusals.min(5));
                waiting.on_its_way = false;
                waiting.refusals = waiting.refusals.saturating_add(1);
                self.paused_until = Some(now.saturating_add_unsigned(pause.min(MAX_PAUSE_MS)));
                false
            }
            ErrorCode::NotJoined => {
                // It goes out when the room is joined again.
                waiting.on_its_way = false;
                let room = waiting.post.room.clone();
                self.left(&room);
                false
            }
            _ => self.forget(draft),
        }
    }

    /// What to send now, oldest first: of each room one, so that a refusal cannot let a later one overtake it. Each is
    /// returned once per connection unless the server asks for it again.
    pub(crate) fn due(&mut self, now: i64) -> Vec<ClientFrame> {
        if self.paused_until.is_some_and(|until| now < until) {
            return Vec::new();
        }
        self.paused_until = None;
        let mut frames = Vec::new();
        let mut seen: Vec<&RoomId> = Vec::new();
        for Waiting { post, on_its_way, .. } in &mut self.queue {
            if seen.contains(&&post.room) {
                continue;
            }
            seen.push(&post.room);
            if *on_its_way || !self.joined.contains(&post.room) {
                continue;
            }
            *on_its_way = true;
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
    pub(crate) fn next_wake(&self) -> Option<i64> {
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

    fn post(to: &str, number: u64) -> Kept {
        Kept {
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

    fn queue(count: u64) -> Unsent {
        let mut unsent = Unsent::default();
        for number in 1..=count {
            unsent.push(post("a", number));
        }
        unsent
    }

    /// Sends what is due and answers it at once, until nothing is due.
    fn all(unsent: &mut Unsent) -> Vec<DraftId> {
        let mut sent = Vec::new();
        while let [first] = drafts(&unsent.due(0))[..] {
            sent.push(first);
            unsent.forget(first);
        }
        sent
    }

    fn refusal(code: ErrorCode, retry_after_ms: Option<u64>) -> ErrorData {
        ErrorData { code, field: None, room: None, draft: None, retry_after_ms }
    }

    #[test]
    fn nothing_goes_to_a_room_before_it_is_joined() {
        let mut unsent = queue(2);
        assert!(unsent.due(0).is_empty());
        unsent.joined(&room("b"));
        assert!(unsent.due(0).is_empty());
        unsent.joined(&room("a"));
        assert_eq!(drafts(&unsent.due(0)), [draft(1)]);
        assert!(unsent.due(0).is_empty(), "each goes out once");
    }

    #[test]
    fn one_of_each_room_is_on_its_way_at_one_time() {
        let mut unsent = queue(2);
        unsent.push(post("b", 3));
        unsent.push(post("b", 4));
        unsent.joined(&room("a"));
        unsent.joined(&room("b"));
        assert_eq!(drafts(&unsent.due(0)), [draft(1), draft(3)]);
        unsent.forget(draft(3));
        assert_eq!(drafts(&unsent.due(0)), [draft(4)]);
    }

    #[test]
    fn what_was_not_answered_goes_out_again_in_order_on_the_next_connection() {
        let mut unsent = queue(3);
        unsent.joined(&room("a"));
        unsent.due(0);
        unsent.forget(draft(2));
        unsent.disconnected();
        assert!(unsent.due(0).is_empty());
        unsent.joined(&room("a"));
        assert_eq!(all(&mut unsent), [draft(1), draft(3)]);
    }

    #[test]
    fn a_post_of_another_tab_takes_its_place_in_the_order() {
        let mut unsent = Unsent::default();
        for number in [2, 5, 1, 4, 5] {
            unsent.push(post("a", number));
        }
        unsent.push(Kept { order: unsent.last_order(), ..post("a", 9) });
        unsent.joined(&room("a"));
        assert_eq!(all(&mut unsent), [1, 2, 4, 5, 9].map(draft));
    }

    #[test]
    fn too_fast_waits_as_long_as_the_server_says_and_keeps_the_order() {
        let mut unsent = queue(3);
        unsent.joined(&room("a"));
        unsent.due(0);
        assert!(!unsent.refused(draft(1), &refusal(ErrorCode::RateLimited, Some(700)), 100));
        assert_eq!(unsent.next_wake(), Some(800));
        assert!(unsent.due(799).is_empty());
        assert_eq!(drafts(&unsent.due(800)), [draft(1)]);
    }

    #[test]
    fn a_silent_store_is_asked_again_for_ever_and_ever_less_often() {
        let mut unsent = queue(2);
        unsent.joined(&room("a"));
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..8 {
            assert_eq!(drafts(&unsent.due(now)), [draft(1)], "nothing overtakes it");
            assert!(!unsent.refused(draft(1), &refusal(ErrorCode::Unavailable, None), now));
            let wake = unsent.next_wake().unwrap();
            waits.push((wake - now) / 1_000);
            now = wake;
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn a_post_to_a_room_that_is_not_joined_waits_for_the_join() {
        let mut unsent = queue(2);
        unsent.joined(&room("a"));
        unsent.due(0);
        assert!(!unsent.refused(draft(1), &refusal(ErrorCode::NotJoined, None), 0));
        assert!(unsent.due(0).is_empty());
        unsent.joined(&room("a"));
        assert_eq!(all(&mut unsent), [draft(1), draft(2)]);
    }

    #[test]
    fn a_final_refusal_is_not_repeated_and_holds_nobody_up() {
        let mut unsent = queue(2);
        unsent.joined(&room("a"));
        unsent.due(0);
        assert!(unsent.refused(draft(1), &refusal(ErrorCode::TooLong, None), 0));
        unsent.disconnected();
        unsent.joined(&room("a"));
        assert_eq!(all(&mut unsent), [draft(2)]);
    }

    #[test]
    fn a_full_queue_says_so_and_a_draft_is_taken_once() {
        let mut unsent = queue(1_000);
        unsent.push(post("a", 1));
        assert_eq!(unsent.has_space_for(0), Ok(()));
        assert_eq!(unsent.has_space_for(1), Err(Full));
        assert_eq!(unsent.forget_room(&room("a")).len(), 1_000);
        assert_eq!(unsent.has_space_for(1), Ok(()));
    }
}
