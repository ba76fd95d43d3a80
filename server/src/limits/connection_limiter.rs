//! Connection limiter: bounds how often an address opens sockets, and how many are open at a time. Every gateway asks it
//! before it checks tokens. Addresses are counted, and with a wider limit the sites that they are part of.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::auth::client_ip::{ClientIp, Site};
use crate::config::{Limits, RateLimits};
use crate::limits::address_rate_limiter::{AddressRateLimiter, SITE_TIMES};
use crate::limits::rate_limiter::{RateLimited, RateLimiter};

/// Addresses whose handshakes are counted at a time, and as many sites, about 10 MB: so many come back at once only after a
/// restart.
const MAX_ADDRESSES: usize = 200_000;

/// When a client may try again, where too many sockets are open.
const FULL_RETRY_MS: u64 = 10_000;

/// Lines a minute that say that as many sockets are open as may be: where clients come and go, the last permit is taken each
/// time that one is given back.
const FULL_LINES: u32 = 1;

/// Why a socket may not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// One address opens sockets too quickly, or has too many.
    #[error("too many connections from your network, try again later")]
    TooManyOfAddress {
        /// Milliseconds until the client may try again.
        retry_after_ms: u64,
    },
    /// As many sockets are open as may be.
    #[error("the server is full, try again later")]
    Full {
        /// Milliseconds until the client may try again.
        retry_after_ms: u64,
    },
}

/// Limits the sockets of all gateways. Cloning copies one pointer.
#[derive(Clone)]
pub struct ConnectionLimiter {
    shared: Arc<Inner>,
}

struct Inner {
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

impl Inner {
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

/// The right to have a socket open. Held until the socket is closed.
#[must_use = "dropping it gives the permit back"]
pub struct ConnectionPermit {
    shared: Arc<Inner>,
    address: ClientIp,
}

impl ConnectionLimiter {
    /// No socket is open yet.
    pub fn new(limits: Limits, rates: RateLimits) -> Self {
        let handshakes = AddressRateLimiter::per_minute(rates.handshakes_per_minute, MAX_ADDRESSES);
        let full_lines = RateLimiter::per_minute(Some(FULL_LINES), 1);
        let (open, left_out) = (Mutex::default(), AtomicU64::new(0));
        Self { shared: Arc::new(Inner { limits, handshakes, open, full_lines, left_out }) }
    }

    /// Permits one more socket.
    ///
    /// # Errors
    /// [`ConnectionError`] where this address was too quick or has too many open, or all together have.
    pub fn admit(&self, address: ClientIp, now_ms: i64) -> Result<ConnectionPermit, ConnectionError> {
        self.count(address, now_ms)?;
        let limits = &self.shared.limits;
        let mut open = self.shared.open();
        if open.all >= limits.connections {
            return Err(ConnectionError::Full { retry_after_ms: FULL_RETRY_MS });
        }
        let here = open.by_address.get(&address.0).copied().unwrap_or_default();
        let of_site = limits.connections_per_address.saturating_mul(SITE_TIMES as usize);
        if here >= limits.connections_per_address || open.of_site(address) >= of_site {
            return Err(ConnectionError::TooManyOfAddress { retry_after_ms: FULL_RETRY_MS });
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

    /// Counts a handshake, or what costs as much on a socket that is open.
    ///
    /// # Errors
    /// [`ConnectionError::TooManyOfAddress`] where this address was too quick.
    pub fn count(&self, address: ClientIp, now_ms: i64) -> Result<(), ConnectionError> {
        let counted = self.shared.handshakes.check(address, now_ms);
        counted.map_err(|RateLimited { retry_after_ms }| ConnectionError::TooManyOfAddress { retry_after_ms })
    }
}

impl ConnectionPermit {
    /// The address that the socket comes from.
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

    const TOO_MANY: Option<ConnectionError> =
        Some(ConnectionError::TooManyOfAddress { retry_after_ms: FULL_RETRY_MS });
    const FULL: Option<ConnectionError> = Some(ConnectionError::Full { retry_after_ms: FULL_RETRY_MS });

    #[test]
    fn permits_are_counted_and_given_back() {
        let limits = Limits { connections: 3, connections_per_address: 2, ..Limits::default() };
        let limiter = ConnectionLimiter::new(limits, RateLimits::OFF);
        let first = limiter.admit(from(1), 0).unwrap();
        let second = limiter.admit(from(1), 0).unwrap();
        assert_eq!(limiter.admit(from(1), 0).err(), TOO_MANY);
        let third = limiter.admit(from(2), 0).unwrap();
        assert_eq!(limiter.admit(from(3), 0).err(), FULL);
        drop((first, second, third));
        assert!(limiter.admit(from(3), 0).is_ok());
        assert!(limiter.shared.open().by_address.is_empty());
    }

    #[test]
    fn a_site_has_permits_for_as_many_as_some_addresses() {
        let limits = Limits { connections_per_address: 2, ..Limits::default() };
        let limiter = ConnectionLimiter::new(limits, RateLimits::OFF);
        let from = |network: u16| ClientIp(format!("2001:db8:1:{network:x}::").parse().unwrap());
        let permits: Vec<_> = (0..32).map(|number| limiter.admit(from(number / 2), 0).unwrap()).collect();
        assert_eq!(limiter.admit(from(0), 0).err(), TOO_MANY);
        assert_eq!(limiter.admit(from(16), 0).err(), TOO_MANY);
        drop(permits);
        assert!(limiter.admit(from(16), 0).is_ok());
        let open = limiter.shared.open();
        assert!(open.by_address.is_empty() && open.by_site.is_empty());
    }

    #[test]
    fn too_many_handshakes_of_one_address_have_to_wait() {
        let rates = RateLimits { handshakes_per_minute: Some(2), ..RateLimits::OFF };
        let limiter = ConnectionLimiter::new(Limits::default(), rates);
        assert!(limiter.admit(from(1), 0).is_ok());
        assert!(limiter.admit(from(1), 0).is_ok());
        let too_quick = ConnectionError::TooManyOfAddress { retry_after_ms: 30_000 };
        assert_eq!(limiter.admit(from(1), 0).err(), Some(too_quick));
        assert!(limiter.admit(from(2), 0).is_ok());
        assert!(limiter.admit(from(1), 30_000).is_ok());
    }
}
