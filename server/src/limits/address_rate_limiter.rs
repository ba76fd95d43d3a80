//! Address rate limiter: counts how often an address does something, and how often the site does to which it belongs.
//!
//! An IPv6 customer often has a /48, which is 65,536 networks of the size that counts as one address ([`ClientIp`]). So a /48
//! is counted too, with a wider limit, because a mobile network may give one to thousands of phones.

use std::net::IpAddr;

use crate::auth::client_ip::{ClientIp, Site};
use crate::limits::rate_limiter::{RateLimited, RateLimiter};

/// How many times as much a site may do as one address.
pub(crate) const SITE_TIMES: u32 = 16;

/// A limit for each address and each site.
pub(crate) struct AddressRateLimiter {
    addresses: RateLimiter<IpAddr>,
    sites: RateLimiter<Site>,
}

impl AddressRateLimiter {
    /// So many a minute for each address. Without a number everything is allowed. At most `capacity` addresses and as many
    /// sites are known at a time.
    pub(crate) fn per_minute(per_minute: Option<u32>, capacity: usize) -> Self {
        let of_a_site = per_minute.map(|count| count.saturating_mul(SITE_TIMES));
        Self {
            addresses: RateLimiter::per_minute(per_minute, capacity),
            sites: RateLimiter::per_minute(of_a_site, capacity),
        }
    }

    /// So many a second for each address; those of `burst_seconds` may come at once.
    pub(crate) fn per_second(per_second: Option<u32>, burst_seconds: u32, capacity: usize) -> Self {
        let of_a_site = per_second.map(|count| count.saturating_mul(SITE_TIMES));
        Self {
            addresses: RateLimiter::per_second(per_second, burst_seconds, capacity),
            sites: RateLimiter::per_second(of_a_site, burst_seconds, capacity),
        }
    }

    /// Counts one.
    pub(crate) fn check(&self, address: ClientIp, now_ms: i64) -> Result<(), RateLimited> {
        let site = address.site();
        if let Some(site) = site {
            self.sites.peek(&site, now_ms)?;
        }
        self.addresses.check(address.0, now_ms)?;
        // Another one may have come meanwhile, and then it is this one that has to wait.
        site.map_or(Ok(()), |site| self.sites.check(site, now_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str) -> ClientIp {
        ClientIp::of_peer(text.parse().unwrap())
    }

    #[test]
    fn a_site_may_do_more_than_an_address_and_not_without_end() {
        let limiter = AddressRateLimiter::per_minute(Some(2), 1_000);
        let taken = |site: &str| {
            let networks = (0..100).flat_map(|network| [network; 3]);
            let tries = networks.map(|network| limiter.check(from(&format!("{site}:{network:x}::1")), 0));
            tries.flatten().count()
        };
        assert_eq!((taken("2001:db8:1"), taken("2001:db8:2")), (32, 32));
        let of_one = (0..3).map(|_| limiter.check(from("203.0.113.1"), 0));
        assert_eq!(of_one.flatten().count(), 2);
        assert_eq!(limiter.check(from("203.0.113.2"), 0), Ok(()));
    }

    #[test]
    fn an_attempt_that_the_site_rejects_does_not_count_for_the_address() {
        let limiter = AddressRateLimiter::per_minute(Some(1), 1_000);
        for network in 0..16 {
            assert_eq!(limiter.check(from(&format!("2001:db8:1:{network:x}::1")), 0), Ok(()));
        }
        let late = from("2001:db8:1:ff::1");
        let RateLimited { retry_after_ms } = limiter.check(late, 0).unwrap_err();
        assert_eq!(limiter.check(late, retry_after_ms.cast_signed()), Ok(()));
    }
}
