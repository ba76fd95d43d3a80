//! Tickets: stand for a token in the address of a socket, because addresses end up in logs.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use protocol::UserId;

use super::{AuthError, AuthUser, TokenError, secret};

/// Milliseconds that a ticket lasts: enough for one slow handshake.
pub const TICKET_MS: i64 = 30_000;

/// Tickets of one user that may be out at a time: as many as a user has connections, unless the settings say otherwise.
const OF_ONE_USER: usize = 20;

/// Tickets of all users that may be out at a time: more than handshakes fit into half a minute.
const OF_ALL: usize = 50_000;

/// What is kept of a ticket instead of it.
type Hash = [u8; 32];

/// The tickets that are out. They live in memory; a restart ends them together with the sockets that they were for.
///
/// There is always room for another one: beyond the limit of a user the oldest of this user ends, beyond that of all the oldest
/// there is.
#[derive(Default)]
pub struct Tickets {
    out: Mutex<Out>,
}

#[derive(Default)]
struct Out {
    tickets: HashMap<Hash, Ticket>,
    /// Those that are out of each user, the oldest first.
    by_user: HashMap<UserId, VecDeque<Hash>>,
    /// In the order in which they end. Has some that are not out any more.
    by_end: VecDeque<Hash>,
}

struct Ticket {
    caller: AuthUser,
    /// In the time that is handed in, which is that of the process ([`hub::store::Clock::monotonic_ms`]).
    ends_at_ms: i64,
}

impl Tickets {
    /// Issues a ticket for a user.
    ///
    /// # Errors
    /// [`AuthError::Internal`] without randomness.
    pub fn issue(&self, caller: AuthUser, now_ms: i64) -> Result<String, AuthError> {
        let ticket = secret::new_secret().map_err(AuthError::internal)?;
        self.out.lock().unwrap_or_else(PoisonError::into_inner).add(secret::hash(&ticket), caller, now_ms);
        Ok(ticket)
    }

    /// Takes a ticket back and answers its user. It does not work again.
    ///
    /// # Errors
    /// [`TokenError::Ticket`] when it is unknown, used or too old.
    pub fn redeem(&self, ticket: &str, now_ms: i64) -> Result<AuthUser, TokenError> {
        let taken = self.out.lock().unwrap_or_else(PoisonError::into_inner).take(&secret::hash(ticket));
        let fresh = taken.filter(|ticket| ticket.ends_at_ms > now_ms);
        fresh.map(|ticket| ticket.caller).ok_or(TokenError::Ticket)
    }
}

impl Out {
    fn add(&mut self, hash: Hash, caller: AuthUser, now_ms: i64) {
        self.forget_ended(now_ms);
        if self.tickets.len() >= OF_ALL {
            self.end_oldest();
        }
        let of_user = self.by_user.entry(caller.user.id.clone()).or_default();
        let surplus = if of_user.len() >= OF_ONE_USER { of_user.pop_front() } else { None };
        of_user.push_back(hash);
        if let Some(oldest) = surplus {
            self.tickets.remove(&oldest);
        }
        self.tickets.insert(hash, Ticket { caller, ends_at_ms: now_ms + TICKET_MS });
        self.by_end.push_back(hash);
    }

    /// Forgets what has ended. Of those in the list that are not out any more at most as many stay as are out.
    fn forget_ended(&mut self, now_ms: i64) {
        while let Some(oldest) = self.by_end.front() {
            if self.tickets.get(oldest).is_some_and(|ticket| ticket.ends_at_ms > now_ms) {
                break;
            }
            self.end_oldest();
        }
        if self.by_end.len() > 2 * self.tickets.len() + OF_ONE_USER {
            self.by_end.retain(|hash| self.tickets.contains_key(hash));
        }
    }

    fn end_oldest(&mut self) {
        if let Some(oldest) = self.by_end.pop_front() {
            self.take(&oldest);
        }
    }

    fn take(&mut self, hash: &Hash) -> Option<Ticket> {
        let ticket = self.tickets.remove(hash)?;
        let user = &ticket.caller.user.id;
        if let Some(of_user) = self.by_user.get_mut(user) {
            of_user.retain(|it| it != hash);
            if of_user.is_empty() {
                self.by_user.remove(user);
            }
        }
        Some(ticket)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hub::SignInId;
    use hub::model::User;
    use uuid::Uuid;

    use super::*;

    fn caller(name: &str) -> AuthUser {
        let user = User {
            id: UserId::parse(name).unwrap(),
            username: name.to_owned(),
            email: "ann@example.org".to_owned(),
            is_active: true,
            created_at_ms: 0,
        };
        AuthUser {
            user: Arc::new(user),
            sign_in: SignInId(Uuid::from_u128(1)),
            expires_at_ms: 99_000,
            claims_role: crate::auth::ClaimsRole::User,
        }
    }

    #[test]
    fn a_ticket_works_once_and_for_half_a_minute() {
        let tickets = Tickets::default();
        let ticket = tickets.issue(caller("ann"), 0).unwrap();
        assert_eq!(tickets.redeem(&ticket, TICKET_MS - 1).unwrap().expires_at_ms, 99_000);
        assert!(tickets.redeem(&ticket, 0).is_err());
        let late = tickets.issue(caller("ann"), 0).unwrap();
        assert!(tickets.redeem(&late, TICKET_MS).is_err());
        assert!(tickets.redeem("made up", 0).is_err());
    }

    #[test]
    fn a_user_ends_only_tickets_of_their_own() {
        let tickets = Tickets::default();
        let of_bob = tickets.issue(caller("bob"), 0).unwrap();
        let of_ann: Vec<_> = (0..10_000).map(|_| tickets.issue(caller("ann"), 0).unwrap()).collect();
        let out = tickets.out.lock().unwrap();
        assert_eq!((out.tickets.len(), out.by_user.len()), (OF_ONE_USER + 1, 2));
        assert!(out.by_end.len() <= 4 * OF_ONE_USER, "{}", out.by_end.len());
        drop(out);
        let works = of_ann.iter().filter(|ticket| tickets.redeem(ticket, 1).is_ok()).count();
        assert_eq!(works, OF_ONE_USER);
        assert!(tickets.redeem(&of_bob, 1).is_ok());
        assert!(tickets.out.lock().unwrap().by_user.is_empty());
    }

    #[test]
    fn beyond_the_limit_of_all_the_oldest_ends_and_no_user_is_rejected() {
        let tickets = Tickets::default();
        let first = tickets.issue(caller("ann"), 0).unwrap();
        let second = tickets.issue(caller("bob"), 0).unwrap();
        for number in 0..OF_ALL - 1 {
            tickets.issue(caller(&format!("user-{}", number / OF_ONE_USER)), 1).unwrap();
        }
        assert!(tickets.redeem(&first, 1).is_err());
        assert!(tickets.redeem(&second, 1).is_ok());
        tickets.issue(caller("ann"), 1 + TICKET_MS).unwrap();
        let out = tickets.out.lock().unwrap();
        assert_eq!((out.tickets.len(), out.by_user.len(), out.by_end.len()), (1, 1, 1));
    }
}
