//! What of a room is unread: where it begins, how much is left of it, and whether it begins before the oldest message in
//! memory.

use super::Timeline;

impl Timeline {
    /// The room was opened by a user who has read it up to here.
    pub fn opened(&mut self, read_seq: u64) {
        self.read_when_opened = Some(read_seq);
        self.find_first_unread();
    }

    /// The reader comes back to an open room and has read it up to here: what came meanwhile is unread again.
    pub fn returned(&mut self, read_seq: u64) {
        self.absences += 1;
        self.opened(read_seq);
    }

    /// How many messages of others come after a number.
    pub fn unread_after(&self, seq: u64) -> usize {
        let after = self.sent.iter().rev().take_while(|message| message.cursor.seq > seq);
        after.filter(|message| !self.is_me(&message.author)).count()
    }

    /// The number of the oldest message, if there are older ones that were not read when the room was opened.
    pub fn unread_before(&self) -> Option<u64> {
        let read = self.read_when_opened.filter(|_| self.loaded && self.has_older)?;
        self.oldest().filter(|oldest| read + 1 < *oldest)
    }

    /// Finds the first message in memory that was not read when the room was opened.
    pub(super) fn find_first_unread(&mut self) {
        let Some(read) = self.read_when_opened.filter(|_| self.loaded) else {
            return;
        };
        self.first_unread = self
            .sent
            .iter()
            .find(|message| message.cursor.seq > read && !self.is_me(&message.author))
            .map(|message| message.cursor.seq);
    }
}
