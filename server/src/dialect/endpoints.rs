//! Endpoints: the addresses of raw sockets, each with its dialect and with what it asks of a client.

use super::chat_api::{CHAT_API, CHAT_API_WITHOUT_EMAILS};
use super::native::{NATIVE, NATIVE_WITHOUT_EMAILS};
use super::quizmaster::QUIZMASTER;
use super::quizmaster::page::QUIZMASTER_PAGE;
use super::raw::Dialect;
use super::skilllift::SKILLLIFT;

/// What the last part of a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathParam {
    /// Nothing: the path is the same for all.
    Plain,
    /// A room.
    Room,
    /// The user whose socket it is.
    User,
}

/// Which proof of identity an endpoint asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthPolicy {
    /// A token or a ticket.
    Proof,
    /// In development also the development user, by name or without any proof.
    ProofOrDevUser,
    /// As [`AuthPolicy::ProofOrDevUser`], and in production the endpoint does not exist.
    DevelopmentOnly,
}

/// An address at which a dialect is spoken.
#[derive(Debug)]
pub struct Endpoint {
    /// The path, as a router takes it.
    pub path: &'static str,
    /// What the last part of the path names.
    pub path_param: PathParam,
    /// Which proof of identity it asks for.
    pub auth_policy: AuthPolicy,
    /// The dialect.
    pub dialect: &'static Dialect,
    /// The same without the e-mail addresses of others, where it has any.
    without_emails: &'static Dialect,
}

impl Endpoint {
    const fn new(path: &'static str, path_param: PathParam, dialect: &'static Dialect) -> Self {
        Self { path, path_param, auth_policy: AuthPolicy::Proof, dialect, without_emails: dialect }
    }

    const fn or_without_emails(self, without_emails: &'static Dialect) -> Self {
        Self { without_emails, ..self }
    }

    const fn with_auth_policy(self, auth_policy: AuthPolicy) -> Self {
        Self { auth_policy, ..self }
    }

    /// The dialect on a server whose members see each other's e-mail addresses, or do not.
    pub fn dialect_with_emails(&self, are_shown: bool) -> &'static Dialect {
        if are_shown { self.dialect } else { self.without_emails }
    }
}

/// All endpoints of raw sockets. `/` is shared with the start page, by the `Upgrade` header.
pub static ENDPOINTS: [Endpoint; 6] = [
    Endpoint::new("/api/v1/ws", PathParam::Plain, &NATIVE).or_without_emails(&NATIVE_WITHOUT_EMAILS),
    Endpoint::new("/api/v1/ws/chat/{id}", PathParam::Room, &CHAT_API)
        .or_without_emails(&CHAT_API_WITHOUT_EMAILS),
    Endpoint::new("/api/v1/ws/{id}", PathParam::User, &CHAT_API).or_without_emails(&CHAT_API_WITHOUT_EMAILS),
    Endpoint::new("/ws/endpoint", PathParam::Plain, &QUIZMASTER).with_auth_policy(AuthPolicy::ProofOrDevUser),
    Endpoint::new("/dev/ws/test", PathParam::Plain, &QUIZMASTER_PAGE)
        .with_auth_policy(AuthPolicy::DevelopmentOnly),
    Endpoint::new("/", PathParam::Plain, &SKILLLIFT),
];

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use hub::{Encoder, SLOTS};

    use super::*;
    use crate::dialect::socketio;

    #[test]
    fn each_dialect_has_an_encoder_slot_of_its_own() {
        let raw = ENDPOINTS.iter().flat_map(|it| [it.dialect, it.without_emails]);
        let encoders = raw.map(|it| (it.name, it.encoder)).chain([("Socket.IO", socketio::ENCODER)]);
        let mut dialects: HashMap<usize, &str> = HashMap::new();
        for (name, Encoder { slot, .. }) in encoders {
            assert!(slot < SLOTS, "{name}: frames of slot {slot} are encoded for each reader");
            // The same dialect without e-mail addresses shares its slot: a server has one of the two.
            let first = dialects.entry(slot).or_insert(name);
            assert_eq!(*first, name, "both have slot {slot}");
        }
        assert_eq!(dialects.len(), 6);
    }
}
