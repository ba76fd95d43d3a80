//! Who may open a socket: how often, and how many at a time. Asked by every door before it looks at tokens. Addresses are
//! counted, and with a wider limit the sites that they are part of.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::auth::client_ip::{ClientIp, Site};
use crate::config::{Limits, RateLimits};
use crate::error::ApiError;
use crate::limits::address_rate_limiter::{AddressRateLimiter, SITE_TIMES};
use crate::limits::rate_limiter::{RateLimited, RateLimiter};

/// Addresses whose handshakes are counted at a time, and as many sites, about 10 MB: so many come back at once only after a
/// restart.
const MAX_ADDRESSES: usize = 200_000;

/// When it may help to ask again, where too many sockets are open.
const FULL_RETRY_MS: u64 = 10_000;

/// Lines a minute that say that as many sockets are open as may be: where clients come and go, the last free place is taken
/// each time that one goes.
const FULL_LINES: u32 = 1;

/// The desk before all doors for sockets. Cloning copies one pointer.
#[derive(Clone)]
pub struct ConnectionLimiter {
    shared: Arc<Shared>,
}

struct Shared {
    limits: Limits,
    handshakes: AddressRateLimiter,
    open: Mutex<Open>,
    full_lines: RateLimiter<()>,
    /// Lines that were left out since the last one.
    left_out: AtomicU64,
}

/// The sockets that are open. The maps have no more entries than there are sockets.
#[derive(Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
    by_site: HashMap<Site, usize>,
}

impl Open {
    fn of_site(&self, address: ClientIp) -> usize {
        address.site().and_then(|site| self.by_site.get(&site)).copied().unwrap_or_default()
    }
}

/// Takes one off; what has none left is forgotten.
fn count_down<K: Hash + Eq>(counts: &mut HashMap<K, usize>, key: K) {
    if let Entry::Occupied(mut count) = counts.entry(key) {
        *count.get_mut() = count.get().saturating_sub(1);
        if *count.get() == 0 {
            count.remove();
        }
    }
}

impl Shared {
    /// Writes that as many sockets are open as may be, unless that was written a moment ago.
    fn note_full(&self, now_ms: i64) {
        if self.full_lines.check((), now_ms).is_ok() {
            let left_out = self.left_out.swap(0, Ordering::Relaxed);
            tracing::warn!(open = self.limits.connections, left_out, "As many sockets are open as may be");
        } else {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open socket's place among those that may be open. Held until the socket is closed.
#[must_use = "dropping it frees the place"]
pub struct ConnectionPermit {
    shared: Arc<Shared>,
    address: ClientIp,
}

impl ConnectionLimiter {
    /// Nobody is there yet.
    pub fn new(limits: Limits, rates: RateLimits) -> Self {
        let handshakes = AddressRateLimiter::per_minute(rates.handshakes_per_minute, MAX_ADDRESSES);
        let full_lines = RateLimiter::per_minute(Some(FULL_LINES), 1);
        let (open, left_out) = (Mutex::default(), AtomicU64::new(0));
        Self { shared: Arc::new(Shared { limits, handshakes, open, full_lines, left_out }) }
    }

    /// Lets somebody open a socket.
    ///
    /// # Errors
    /// [`ApiError::TooManySockets`] where this address was too quick or has too many open, [`ApiError::Full`] where all
    /// together have.
    pub fn admit(&self, address: ClientIp, now_ms: i64) -> Result<ConnectionPermit, ApiError> {
        self.count(address, now_ms)?;
        let limits = &self.shared.limits;
        let mut open = self.shared.open();
        if open.all >= limits.connections {
            return Err(ApiError::Full { retry_after_ms: FULL_RETRY_MS });
        }
        let here = open.by_address.get(&address.0).copied().unwrap_or_default();
        let of_site = limits.connections_per_address.saturating_mul(SITE_TIMES as usize);
        if here >= limits.connections_per_address || open.of_site(address) >= of_site {
            return Err(ApiError::TooManySockets { retry_after_ms: FULL_RETRY_MS });
        }
        *open.by_address.entry(address.0).or_default() += 1;
        if let Some(site) = address.site() {
            *open.by_site.entry(site).or_default() += 1;
        }
        open.all += 1;
        let is_full = open.all == limits.connections;
        drop(open);
        if is_full {
            self.shared.note_full(now_ms);
        }
        Ok(ConnectionPermit { shared: self.shared.clone(), address })
    }

    /// Counts an attempt to come in: a handshake, or what costs as much on a socket that is open.
    ///
    /// # Errors
    /// [`ApiError::TooManySockets`] where this address was too quick.
    pub fn count(&self, address: ClientIp, now_ms: i64) -> Result<(), ApiError> {
        let counted = self.shared.handshakes.check(address, now_ms);
        counted.map_err(|RateLimited { retry_after_ms }| ApiError::TooManySockets { retry_after_ms })
    }
}

impl ConnectionPermit {
    /// Where the socket comes from.
    pub fn address(&self) -> ClientIp {
        self.address
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut open = self.shared.open();
        open.all = open.all.saturating_sub(1);
        count_down(&mut open.by_address, self.address.0);
        if let Some(site) = self.address.site() {
            count_down(&mut open.by_site, site);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(last: u8) -> ClientIp {
        ClientIp(IpAddr::from([203, 0, 113, last]))
    }

    fn why(admitted: Result<ConnectionPermit, ApiError>) -> u16 {
        admitted.map_or_else(|error| error.describe().0.as_u16(), |_| 200)
    }

    #[test]
    fn places_are_counted_and_given_back() {
        let limits = Limits { connections: 3, connections_per_address: 2, ..Limits::default() };
        let desk = ConnectionLimiter::new(limits, RateLimits::OFF);
        let first = desk.admit(from(1), 0).unwrap();
        let second = desk.admit(from(1), 0).unwrap();
        assert_eq!(why(desk.admit(from(1), 0)), 429);
        let third = desk.admit(from(2), 0).unwrap();
        assert_eq!(why(desk.admit(from(3), 0)), 503);
        drop((first, second, third));
        assert_eq!(why(desk.admit(from(3), 0)), 200);
        assert!(desk.shared.open().by_address.is_empty());
    }

    #[test]
    fn a_site_has_places_for_as_many_as_some_addresses() {
        let limits = Limits { connections_per_address: 2, ..Limits::default() };
        let desk = ConnectionLimiter::new(limits, RateLimits::OFF);
        let from = |network: u16| ClientIp(format!("2001:db8:1:{network:x}::").parse().unwrap());
        let places: Vec<_> = (0..32).map(|number| desk.admit(from(number / 2), 0).unwrap()).collect();
        assert_eq!(why(desk.admit(from(0), 0)), 429);
        assert_eq!(why(desk.admit(from(16), 0)), 429);
        drop(places);
        assert_eq!(why(desk.admit(from(16), 0)), 200);
        let open = desk.shared.open();
        assert!(open.by_address.is_empty() && open.by_site.is_empty());
    }

    #[test]
    fn too_many_handshakes_of_one_address_have_to_wait() {
        let rates = RateLimits { handshakes_per_minute: Some(2), ..RateLimits::OFF };
        let desk = ConnectionLimiter::new(Limits::default(), rates);
        assert_eq!(why(desk.admit(from(1), 0)), 200);
        assert_eq!(why(desk.admit(from(1), 0)), 200);
        assert_eq!(why(desk.admit(from(1), 0)), 429);
        assert_eq!(why(desk.admit(from(2), 0)), 200);
        assert_eq!(why(desk.admit(from(1), 30_000)), 200);
    }
}
