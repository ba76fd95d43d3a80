//! What must survive a lost connection: posts, in order, until the server has answered each of them.

use std::collections::VecDeque;

use protocol::{ClientFrame, DraftId, ErrorCode, ErrorData, MessageKind, RoomId};

use super::Full;

/// Posts that may wait. Beyond it the writer is told at once instead of losing something later.
const MAX_WAITING: usize = 200;

/// Posts on their way at one time. Few, so that a server that says "too fast" in the middle does not reorder many.
const IN_FLIGHT: usize = 8;

/// How often a post is sent again after the server's store did not answer.
const MAX_TRIES: u8 = 4;

/// Milliseconds to wait after "too fast" or "try again" without a number.
const PAUSE_MS: u64 = 2_000;

#[derive(Debug, Clone)]
struct Waiting {
    room: RoomId,
    draft: DraftId,
    body: String,
    on_its_way: bool,
    tries: u8,
}

/// The queue. It holds no socket: it says what to send now, and is told what came back.
#[derive(Debug, Default)]
pub(crate) struct Unsent {
    queue: VecDeque<Waiting>,
    /// Rooms that this connection has joined; a post to any other would be refused.
    joined: Vec<RoomId>,
    paused_until: Option<i64>,
}

impl Unsent {
    /// Takes a post. The same draft is taken once.
    pub(crate) fn push(&mut self, room: RoomId, draft: DraftId, body: String) -> Result<(), Full> {
        if self.holds(draft) {
            return Ok(());
        }
        if self.queue.len() >= MAX_WAITING {
            return Err(Full);
        }
        self.queue.push_back(Waiting { room, draft, body, on_its_way: false, tries: 0 });
        Ok(())
    }

    /// Whether this draft is still without an answer.
    pub(crate) fn holds(&self, draft: DraftId) -> bool {
        self.queue.iter().any(|waiting| waiting.draft == draft)
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

    /// The server has it, or nobody wants it sent any more.
    pub(crate) fn forget(&mut self, draft: DraftId) {
        self.queue.retain(|waiting| waiting.draft != draft);
    }

    /// Forgets every post to a room that one is not in any more.
    pub(crate) fn forget_room(&mut self, room: &RoomId) {
        self.left(room);
        self.queue.retain(|waiting| &waiting.room != room);
    }

    /// The server refused a draft. It stays in the queue when a resend can help, else it is forgotten.
    pub(crate) fn refused(&mut self, draft: DraftId, why: &ErrorData, now: i64) {
        let Some(waiting) = self.queue.iter_mut().find(|waiting| waiting.draft == draft) else {
            return;
        };
        let again = match why.code {
            ErrorCode::RateLimited => true,
            ErrorCode::Unavailable => waiting.tries < MAX_TRIES,
            _ => false,
        };
        if again {
            waiting.on_its_way = false;
            let pause = why.retry_after_ms.unwrap_or(PAUSE_MS).min(60_000);
            self.paused_until = Some(now.saturating_add_unsigned(pause));
        } else {
            self.forget(draft);
        }
    }

    /// What to send now, oldest first. Each is returned once per connection unless the server asks for it again.
    pub(crate) fn due(&mut self, now: i64) -> Vec<ClientFrame> {
        if self.paused_until.is_some_and(|until| now < until) {
            return Vec::new();
        }
        self.paused_until = None;
        let mut free = IN_FLIGHT.saturating_sub(self.queue.iter().filter(|it| it.on_its_way).count());
        let mut frames = Vec::new();
        for waiting in &mut self.queue {
            if free == 0 {
                break;
            }
            if waiting.on_its_way || !self.joined.contains(&waiting.room) {
                continue;
            }
            free -= 1;
            waiting.on_its_way = true;
            waiting.tries = waiting.tries.saturating_add(1);
            frames.push(ClientFrame::Post {
                room: waiting.room.clone(),
                draft: waiting.draft,
                body: waiting.body.clone(),
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

    fn draft(number: u128) -> DraftId {
        DraftId(uuid::Uuid::from_u128(number))
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

    fn queue(count: u128) -> Unsent {
        let mut unsent = Unsent::default();
        for number in 1..=count {
            unsent.push(room("a"), draft(number), format!("text {number}")).unwrap();
        }
        unsent
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
        assert_eq!(drafts(&unsent.due(0)), [draft(1), draft(2)]);
        assert!(unsent.due(0).is_empty(), "each goes out once");
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
        assert_eq!(drafts(&unsent.due(0)), [draft(1), draft(3)]);
    }

    #[test]
    fn few_are_on_their_way_at_one_time() {
        let mut unsent = queue(10);
        unsent.joined(&room("a"));
        assert_eq!(unsent.due(0).len(), 8);
        unsent.forget(draft(1));
        assert_eq!(drafts(&unsent.due(0)), [draft(9)]);
    }

    #[test]
    fn too_fast_waits_as_long_as_the_server_says_and_keeps_the_order() {
        let mut unsent = queue(3);
        unsent.joined(&room("a"));
        unsent.due(0);
        unsent.forget(draft(1));
        unsent.refused(draft(2), &refusal(ErrorCode::RateLimited, Some(700)), 100);
        unsent.refused(draft(3), &refusal(ErrorCode::RateLimited, Some(900)), 100);
        assert_eq!(unsent.next_wake(), Some(1_000));
        assert!(unsent.due(999).is_empty());
        assert_eq!(drafts(&unsent.due(1_000)), [draft(2), draft(3)]);
    }

    #[test]
    fn a_store_that_never_answers_is_given_up_after_a_few_tries() {
        let mut unsent = queue(1);
        unsent.joined(&room("a"));
        let mut sent = 0;
        for now in (0..).step_by(10_000).take(20) {
            if unsent.due(now).is_empty() {
                break;
            }
            sent += 1;
            unsent.refused(draft(1), &refusal(ErrorCode::Unavailable, None), now);
        }
        assert_eq!(sent, 4);
        assert!(!unsent.holds(draft(1)));
    }

    #[test]
    fn a_final_refusal_is_not_repeated() {
        let mut unsent = queue(1);
        unsent.joined(&room("a"));
        unsent.due(0);
        unsent.refused(draft(1), &refusal(ErrorCode::TooLong, None), 0);
        unsent.disconnected();
        unsent.joined(&room("a"));
        assert!(unsent.due(0).is_empty());
    }

    #[test]
    fn a_full_queue_says_so_and_a_draft_is_taken_once() {
        let mut unsent = queue(200);
        assert_eq!(unsent.push(room("a"), draft(1), "again".into()), Ok(()));
        assert_eq!(unsent.push(room("a"), draft(201), "one more".into()), Err(Full));
        unsent.forget_room(&room("a"));
        assert_eq!(unsent.push(room("a"), draft(201), "one more".into()), Ok(()));
    }
}
