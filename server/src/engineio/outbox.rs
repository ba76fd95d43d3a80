//! What waits for one client: bounded in bytes.

use super::outgoing::Outgoing;

/// The queue of a session.
#[derive(Debug)]
pub(super) struct Outbox {
    waiting: Vec<Outgoing>,
    bytes: usize,
    limit: usize,
}

/// The reader is too far behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

impl Outbox {
    pub(super) fn new(limit: usize) -> Self {
        Self { waiting: Vec::new(), bytes: 0, limit }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Adds a message, or drops it if it is fleeting and others wait.
    ///
    /// # Errors
    /// [`Full`] when the message finds no room. A single one always does, however large.
    pub(super) fn push(&mut self, message: Outgoing) -> Result<(), Full> {
        let bytes = self.bytes + message.weight();
        if message.fleeting && bytes > self.limit / 4 {
            return Ok(());
        }
        if bytes > self.limit && self.bytes > 0 {
            return Err(Full);
        }
        self.bytes = bytes;
        self.waiting.push(message);
        Ok(())
    }

    /// Adds messages that do not count: whoever made them has bounded them.
    pub(super) fn push_uncounted(&mut self, messages: impl IntoIterator<Item = Outgoing>) {
        self.waiting.extend(messages);
    }

    /// Everything that waits. An empty queue owns no memory.
    pub(super) fn take(&mut self) -> Vec<Outgoing> {
        self.bytes = 0;
        std::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn message(size: usize) -> Outgoing {
        Outgoing::text(Bytes::from(vec![b'x'; size]))
    }

    #[test]
    fn it_is_bounded_in_bytes() {
        let mut outbox = Outbox::new(1_000);
        assert_eq!(outbox.push(message(600)), Ok(()));
        assert_eq!(outbox.push(message(600)), Err(Full));
        assert_eq!(outbox.push(message(200).with_attachments([Bytes::from(vec![0; 200])].into())), Err(Full));
        assert_eq!(outbox.push(message(200).with_tail(Bytes::from_static(b"tail"))), Ok(()));
        assert_eq!(outbox.take().len(), 2);
        assert_eq!(outbox.push(message(5_000)), Ok(()));
        assert_eq!(outbox.push(message(1)), Err(Full));
    }

    #[test]
    fn what_does_not_count_leaves_room_for_what_follows() {
        let mut outbox = Outbox::new(1_000);
        outbox.push_uncounted([message(5_000), message(5_000)]);
        assert_eq!(outbox.push(message(600)), Ok(()));
        assert_eq!(outbox.push(message(600)), Err(Full));
        assert_eq!(outbox.take().len(), 3);
    }

    #[test]
    fn fleeting_messages_are_dropped_long_before_that() {
        let mut outbox = Outbox::new(1_000);
        assert_eq!(outbox.push(message(100).fleeting()), Ok(()));
        assert_eq!(outbox.push(message(100).fleeting()), Ok(()));
        assert_eq!(outbox.take().len(), 1);
    }
}
