//! Rules for changes of messages, checked: who may pin, until when a text is edited, and which words are reactions.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::Args;
use protocol::MessageKind;

use super::choice::OnOff;
use super::error::{ConfigError, invalid};

/// Rules for changes of messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeRules {
    /// How old a message may be whose text its author edits; `None`: any age.
    pub edit_window: Option<Duration>,
    /// Whether every member may pin messages, and not only owners.
    pub members_may_pin: bool,
    /// Words that are reactions beside emojis.
    pub reaction_words: Vec<String>,
}

/// The settings of changes. Their order is the order in the help.
#[derive(Args)]
pub(super) struct ChangeSettings {
    /// How many seconds after posting a message its author may edit its text [default: any time]
    #[arg(long, env = "HUBBUB_EDIT_WINDOW_SECONDS", value_name = "SECONDS")]
    edit_window_seconds: Option<NonZeroU32>,

    /// on: every member of a room may pin messages; off: owners only
    #[arg(long, env = "HUBBUB_MEMBERS_PIN", value_enum, default_value = "off", value_name = "on|off")]
    members_pin: OnOff,

    /// Words that are reactions beside emojis, comma separated: 1 to 32 letters, digits, '_', '-', '.', ':' each
    /// [default: none]
    #[arg(long, env = "HUBBUB_REACTION_WORDS", value_name = "WORDS", value_delimiter = ',')]
    reaction_words: Vec<String>,
}

impl ChangeSettings {
    /// The rules.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for a word that is none.
    pub(super) fn check(&self) -> Result<ChangeRules, ConfigError> {
        let words = self.reaction_words.iter().map(|word| word.trim());
        let reaction_words: Vec<String> = words.filter(|word| !word.is_empty()).map(str::to_owned).collect();
        // The same rule as for the kind of a message.
        if let Some(word) = reaction_words.iter().find(|word| MessageKind::parse(word).is_err()) {
            return Err(invalid(format!(
                "HUBBUB_REACTION_WORDS has '{word}', which is not 1 to 32 letters, digits, '_', '-', '.', ':'"
            )));
        }
        Ok(ChangeRules {
            edit_window: self.edit_window_seconds.map(|it| Duration::from_secs(u64::from(it.get()))),
            members_may_pin: self.members_pin == OnOff::On,
            reaction_words,
        })
    }
}
