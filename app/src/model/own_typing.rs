//! When to tell the others that one types oneself.

/// Milliseconds between two reminders while one types on. Well below the server's own end of
/// [`protocol::limits::TYPING_TIMEOUT_MS`].
const REPEAT_MS: i64 = 4_000;

/// Milliseconds without a key after which one does not type any more.
pub const SILENCE_MS: u32 = 6_000;

/// What was told last, for one room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OwnTyping {
    told_at: Option<i64>,
}

impl OwnTyping {
    /// A key was pressed at `now`. Returns whether to say so.
    pub fn key(&mut self, now: i64) -> bool {
        let due = self.told_at.is_none_or(|told| now - told >= REPEAT_MS);
        if due {
            self.told_at = Some(now);
        }
        due
    }

    /// The text was sent or cleared, the field was left, or nothing was typed for [`SILENCE_MS`]. Returns whether to
    /// say so.
    pub fn stop(&mut self) -> bool {
        self.told_at.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_tells_and_then_one_every_few_seconds() {
        let mut own = OwnTyping::default();
        let told: Vec<i64> = (0..10_000).step_by(500).filter(|now| own.key(*now)).collect();
        assert_eq!(told, [0, 4_000, 8_000]);
    }

    #[test]
    fn the_end_is_told_once_and_only_after_a_beginning() {
        let mut own = OwnTyping::default();
        assert!(!own.stop());
        own.key(0);
        assert!(own.stop());
        assert!(!own.stop());
        assert!(own.key(1), "the next text begins anew");
    }
}
