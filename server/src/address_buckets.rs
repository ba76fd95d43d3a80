//! How often one address may do something a minute, and how often the site may that it belongs to.
//!
//! An IPv6 customer often has a /48, which is 65,536 networks of the size that counts as one address ([`Address`]). So a /48
//! is counted too, with a wider limit, because a mobile network may give one to thousands of phones.

use std::net::IpAddr;

use crate::auth::address::{Address, Site};
use crate::buckets::{Buckets, Counted};

/// How many times as much a site may do as one address.
pub(crate) const SITE_TIMES: u32 = 16;

/// A bucket for each address and each site.
pub(crate) struct AddressBuckets {
    addresses: Buckets<IpAddr>,
    sites: Buckets<Site>,
}

impl AddressBuckets {
    /// All are empty. Without a number everything is allowed. At most `capacity` addresses and as many sites are counted at
    /// a time.
    pub(crate) fn new(per_minute: Option<u32>, capacity: usize) -> Self {
        let of_a_site = per_minute.map(|count| count.saturating_mul(SITE_TIMES));
        Self { addresses: Buckets::new(per_minute, capacity), sites: Buckets::new(of_a_site, capacity) }
    }

    /// The same by the second, with those of so many seconds at once.
    pub(crate) fn by_second(per_second: Option<u32>, seconds: u32, capacity: usize) -> Self {
        let of_a_site = per_second.map(|count| count.saturating_mul(SITE_TIMES));
        Self {
            addresses: Buckets::by_second(per_second, seconds, capacity),
            sites: Buckets::by_second(of_a_site, seconds, capacity),
        }
    }

    /// Counts one.
    pub(crate) fn count(&self, address: Address, now_ms: i64) -> Counted {
        let site = address.site();
        if let Some(wait_ms) = site.and_then(|site| self.sites.wait_ms(&site, now_ms)) {
            return Counted::Wait(wait_ms);
        }
        let counted = self.addresses.count(address.0, now_ms);
        match (counted, site) {
            // Another one may have come meanwhile, and then it is this one that has to wait.
            (Counted::Yes, Some(site)) => self.sites.count(site, now_ms),
            (counted, _) => counted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str) -> Address {
        Address::of_peer(text.parse().unwrap())
    }

    #[test]
    fn a_site_may_do_more_than_an_address_and_not_without_end() {
        let buckets = AddressBuckets::new(Some(2), 1_000);
        let taken = |site: &str| {
            let networks = (0..100).flat_map(|network| [network; 3]);
            let tries = networks.map(|network| buckets.count(from(&format!("{site}:{network:x}::1")), 0));
            tries.filter(|counted| *counted == Counted::Yes).count()
        };
        assert_eq!((taken("2001:db8:1"), taken("2001:db8:2")), (32, 32));
        let of_one = (0..3).map(|_| buckets.count(from("203.0.113.1"), 0));
        assert_eq!(of_one.filter(|counted| *counted == Counted::Yes).count(), 2);
        assert_eq!(buckets.count(from("203.0.113.2"), 0), Counted::Yes);
    }

    #[test]
    fn what_a_site_is_refused_does_not_count_for_the_address() {
        let buckets = AddressBuckets::new(Some(1), 1_000);
        for network in 0..16 {
            assert_eq!(buckets.count(from(&format!("2001:db8:1:{network:x}::1")), 0), Counted::Yes);
        }
        let late = from("2001:db8:1:ff::1");
        let Counted::Wait(wait_ms) = buckets.count(late, 0) else { panic!("let in") };
        assert_eq!(buckets.count(late, wait_ms.cast_signed()), Counted::Yes);
    }
}
