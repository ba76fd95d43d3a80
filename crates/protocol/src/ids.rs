//! Identifiers: parsed once by a gateway, trusted afterwards.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::limits::MAX_ID_BYTES;

/// Why a text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadId {
    /// Empty, longer than [`MAX_ID_BYTES`] or with a character outside the allowed ones.
    #[error("a room id has 1 to 64 letters, digits, '_', ':', '.' or '-'")]
    Room,
    /// As for rooms, with `@` and `|` allowed, because other sign-in services use them.
    #[error("a user id has 1 to 64 letters, digits, '_', ':', '.', '@', '|' or '-'")]
    User,
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'.' | b'-')
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $bad:expr, $legal:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks length and characters.
            ///
            /// # Errors
            /// [`BadId`] when the text is not an identifier of this kind.
            pub fn parse(raw: &str) -> Result<Self, BadId> {
                let legal: fn(u8) -> bool = $legal;
                let fits = (1..=MAX_ID_BYTES).contains(&raw.len());
                if fits && raw.bytes().all(legal) { Ok(Self(raw.into())) } else { Err($bad) }
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{}({})", stringify!($name), self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = BadId;

            fn from_str(raw: &str) -> Result<Self, BadId> {
                Self::parse(raw)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(out, "text: {}", $bad)
                    }

                    fn visit_str<E: serde::de::Error>(self, raw: &str) -> Result<$name, E> {
                        $name::parse(raw).map_err(E::custom)
                    }
                }
                input.deserialize_str(Text)
            }
        }
    };
}

text_id! {
    /// Names a room. A chat of the REST API and a room of the wire are the same thing.
    RoomId, BadId::Room, is_plain
}

text_id! {
    /// Names a user, as the `sub` claim of a token does. Opaque: made here it is a UUID (v7), made elsewhere anything legal.
    UserId, BadId::User, |byte| is_plain(byte) || matches!(byte, b'@' | b'|')
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(out)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                        out.write_str("text: a UUID")
                    }

                    fn visit_str<E: serde::de::Error>(self, raw: &str) -> Result<$name, E> {
                        Uuid::try_parse(raw).map($name).map_err(|_| E::custom("must be a UUID"))
                    }
                }
                input.deserialize_str(Text)
            }
        }
    };
}

uuid_id! {
    /// Names a message. A UUID (v7), so that ids sort by time.
    MessageId
}

uuid_id! {
    /// Names a draft. The author's client chooses it before it sends the message; the same draft again is the same message.
    DraftId
}

uuid_id! {
    /// Names a simulation. The client that starts it chooses it, and the progress carries it.
    RunId
}

uuid_id! {
    /// Names a job. A UUID (v7), so that ids sort by time.
    JobId
}

uuid_id! {
    /// Names a notification. A UUID (v7), so that ids sort by time.
    NotificationId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_id_is_parsed_or_refused() {
        for good in ["a", "session_42", "team:berlin.de-1", &"x".repeat(64)] {
            assert_eq!(RoomId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "ä", "a/b", "<script>", "a@b", &"x".repeat(65)] {
            assert_eq!(RoomId::parse(bad), Err(BadId::Room), "{bad}");
        }
    }

    #[test]
    fn a_user_id_may_come_from_another_sign_in_service() {
        assert!(UserId::parse("auth0|64a7b8c9d1e2f3g4h5i6j7k8").is_ok());
        assert_eq!(UserId::parse("no spaces"), Err(BadId::User));
    }

    #[test]
    fn ids_refuse_other_json() {
        assert!(serde_json::from_str::<RoomId>("7").is_err());
        let wrong = serde_json::from_str::<DraftId>("\"soon\"").unwrap_err();
        assert!(wrong.to_string().starts_with("must be a UUID"), "{wrong}");
    }
}
