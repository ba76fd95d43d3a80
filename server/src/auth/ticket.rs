//! Tickets: a socket's address carries one instead of a token, because addresses end up in logs.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{AuthError, Caller, TokenFault, secret};

/// Milliseconds that a ticket lasts: enough for one slow handshake.
pub const TICKET_MS: i64 = 30_000;

/// Tickets that may be out at a time: more than handshakes fit into half a minute.
const MAX_TICKETS: usize = 50_000;

/// The tickets that are out. They live in memory; a restart ends them together with the sockets that they were for.
#[derive(Default)]
pub struct Tickets {
    out: Mutex<HashMap<[u8; 32], Ticket>>,
}

struct Ticket {
    caller: Caller,
    /// In the time that is handed in, which is that of the process ([`hub::port::Clock::monotonic_ms`]).
    ends_at_ms: i64,
}

impl Tickets {
    /// Makes a ticket for somebody.
    ///
    /// # Errors
    /// [`AuthError::Busy`] when too many are out, [`AuthError::Internal`] without randomness.
    pub fn issue(&self, caller: Caller, now_ms: i64) -> Result<String, AuthError> {
        let ticket = secret::new_secret().map_err(AuthError::internal)?;
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        if out.len() >= MAX_TICKETS {
            out.retain(|_, ticket| ticket.ends_at_ms > now_ms);
            if out.len() >= MAX_TICKETS {
                return Err(AuthError::Busy);
            }
        }
        out.insert(secret::hash(&ticket), Ticket { caller, ends_at_ms: now_ms + TICKET_MS });
        Ok(ticket)
    }

    /// Takes a ticket back: whose it was. It does not work again.
    ///
    /// # Errors
    /// [`TokenFault::Ticket`] when it is unknown, used or too old.
    pub fn redeem(&self, ticket: &str, now_ms: i64) -> Result<Caller, TokenFault> {
        let taken = self.out.lock().unwrap_or_else(PoisonError::into_inner).remove(&secret::hash(ticket));
        let fresh = taken.filter(|ticket| ticket.ends_at_ms > now_ms);
        fresh.map(|ticket| ticket.caller).ok_or(TokenFault::Ticket)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hub::SignInId;
    use hub::model::Person;
    use protocol::UserId;
    use uuid::Uuid;

    use super::*;

    fn caller() -> Caller {
        let person = Person {
            id: UserId::parse("ann").unwrap(),
            username: "ann".to_owned(),
            email: "ann@example.org".to_owned(),
            is_active: true,
            created_at_ms: 0,
        };
        Caller {
            person: Arc::new(person),
            sign_in: SignInId(Uuid::from_u128(1)),
            expires_at_ms: 99_000,
            clearance: crate::auth::Clearance::Person,
        }
    }

    #[test]
    fn a_ticket_works_once_and_for_half_a_minute() {
        let tickets = Tickets::default();
        let ticket = tickets.issue(caller(), 0).unwrap();
        assert_eq!(tickets.redeem(&ticket, TICKET_MS - 1).unwrap().expires_at_ms, 99_000);
        assert!(tickets.redeem(&ticket, 0).is_err());
        let late = tickets.issue(caller(), 0).unwrap();
        assert!(tickets.redeem(&late, TICKET_MS).is_err());
        assert!(tickets.redeem("made up", 0).is_err());
    }

    #[test]
    fn old_tickets_make_room_for_new_ones() {
        let tickets = Tickets::default();
        for _ in 0..MAX_TICKETS {
            tickets.issue(caller(), 0).unwrap();
        }
        assert!(matches!(tickets.issue(caller(), 0), Err(AuthError::Busy)));
        tickets.issue(caller(), TICKET_MS).unwrap();
    }
}
