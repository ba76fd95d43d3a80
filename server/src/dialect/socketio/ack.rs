//! Acknowledgements: what the callback is called with that a client sent along with an event.

use hub::CommandError;
use hub::model::Message;
use protocol::{DirectMessage, MessageId};
use serde::Serialize;
use socketio::codec::OutgoingArgs;

use super::error::EventError;
use super::packet::one_argument;

/// What was done for an event, as far as its acknowledgement contains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acknowledged {
    /// The event was executed, and there is nothing to add.
    Done,
    /// A message was stored.
    Posted {
        /// Its id.
        id: MessageId,
        /// Its number in the room.
        seq: u64,
    },
    /// A direct message was stored.
    DirectSent {
        /// Its id.
        id: MessageId,
    },
    /// A fresh token was taken.
    Renewed {
        /// How long it is good for.
        expires_in_ms: u64,
    },
}

impl From<&Message> for Acknowledged {
    fn from(message: &Message) -> Self {
        Self::Posted { id: message.id, seq: message.cursor.seq }
    }
}

impl From<&DirectMessage> for Acknowledged {
    fn from(message: &DirectMessage) -> Self {
        Self::DirectSent { id: message.id }
    }
}

#[derive(Default, Serialize)]
struct Accepted {
    ok: bool,
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    id: Option<MessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_ms: Option<u64>,
}

impl From<&Acknowledged> for Accepted {
    fn from(acknowledged: &Acknowledged) -> Self {
        let accepted = Self { ok: true, ..Self::default() };
        match *acknowledged {
            Acknowledged::Done => accepted,
            Acknowledged::Posted { id, seq } => Self { id: Some(id), seq: Some(seq), ..accepted },
            Acknowledged::DirectSent { id } => Self { id: Some(id), ..accepted },
            Acknowledged::Renewed { expires_in_ms } => {
                Self { expires_in_ms: Some(expires_in_ms), ..accepted }
            }
        }
    }
}

#[derive(Serialize)]
struct Failed {
    ok: bool,
    #[serde(flatten)]
    error: EventError,
}

/// The arguments of an acknowledgement; `None` if they cannot be encoded, which is logged then.
pub fn acknowledgement(outcome: &Result<Acknowledged, CommandError>) -> Option<OutgoingArgs> {
    const WHAT: &str = "an acknowledgement";
    match outcome {
        Ok(acknowledged) => one_argument(&Accepted::from(acknowledged), WHAT),
        Err(failure) => one_argument(&Failed { ok: false, error: failure.into() }, WHAT),
    }
}

#[cfg(test)]
mod tests {
    use hub::HubError;
    use protocol::RoomId;
    use socketio::codec::{MAIN, ack};
    use uuid::Uuid;

    use super::*;

    fn packet(outcome: &Result<Acknowledged, CommandError>) -> String {
        let args = acknowledgement(outcome).unwrap();
        String::from_utf8(ack(MAIN, 7, &args).text.to_vec()).unwrap()
    }

    #[test]
    fn an_acknowledgement_says_what_was_done() {
        let id = MessageId(Uuid::nil());
        for (acknowledged, expected) in [
            (Acknowledged::Done, r#"37[{"ok":true}]"#.to_owned()),
            (Acknowledged::Posted { id, seq: 3 }, format!(r#"37[{{"ok":true,"_id":"{id}","seq":3}}]"#)),
            (Acknowledged::DirectSent { id }, format!(r#"37[{{"ok":true,"_id":"{id}"}}]"#)),
            (Acknowledged::Renewed { expires_in_ms: 9 }, r#"37[{"ok":true,"expires_in_ms":9}]"#.to_owned()),
        ] {
            assert_eq!(packet(&Ok(acknowledged)), expected);
        }
    }

    #[test]
    fn an_acknowledgement_names_the_error_and_the_room() {
        let blank = CommandError {
            error: HubError::Blank { field: "body" },
            room: RoomId::parse("kitchen").ok(),
            draft: None,
        };
        assert_eq!(
            packet(&Err(blank)),
            r#"37[{"ok":false,"code":"blank","message":"content must not be blank","field":"content","roomId":"kitchen"}]"#
        );
        let too_fast = CommandError::from(HubError::TooFast { retry_after_ms: 5 });
        let sent = packet(&Err(too_fast));
        assert!(sent.ends_with(r#","retry_after_ms":5}]"#), "{sent}");
    }
}
