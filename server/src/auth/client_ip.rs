//! Client IP: the network that a request comes from, because attempts, requests and connections are counted by it.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::Ipv6Net;

use super::Proxies;
use crate::config::Config;

/// Bits of the network that one IPv6 customer has at least.
const CUSTOMER_BITS: u8 = 64;

/// The network that a request comes from: an IPv4 address, or the /64 that one IPv6 customer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientIp(pub IpAddr);

/// The /48 that an IPv6 customer has at most (RFC 6177, section 2): its first 48 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Site(u64);

impl<S> FromRequestParts<S> for ClientIp
where
    S: Send + Sync,
    Arc<Config>: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts, &Arc::<Config>::from_ref(state).proxies))
    }
}

impl ClientIp {
    /// The network of a request.
    pub fn of(parts: &Parts, proxies: &Proxies) -> Self {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        Self::behind(peer, &parts.headers, proxies)
    }

    /// The site that the network is part of; of IPv4 there is none.
    pub fn site(self) -> Option<Site> {
        match self.0 {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => u64::try_from(address.to_bits() >> 80).ok().map(Site),
        }
    }

    /// The network of a connection, which may be that of a proxy.
    pub(crate) fn of_peer(peer: IpAddr) -> Self {
        Self(network(peer))
    }

    /// The network of a request that came over a connection of `peer`.
    pub fn behind(peer: IpAddr, headers: &HeaderMap, proxies: &Proxies) -> Self {
        Self(network(origin(peer, headers, proxies)))
    }
}

/// `X-Forwarded-For` is trusted only from proxies of ours, which append the address they see to those that they receive: read
/// from its end, the first that is no proxy is the client.
fn origin(peer: IpAddr, headers: &HeaderMap, proxies: &Proxies) -> IpAddr {
    let mut seen = peer;
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let forwarded = lines.filter_map(|it| it.to_str().ok()).flat_map(|line| line.rsplit(','));
    for address in forwarded {
        if !proxies.has(seen) {
            break;
        }
        let Ok(address) = address.trim().parse() else { break };
        seen = address;
    }
    seen
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Net::new_assert(address, CUSTOMER_BITS).network()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_proxies_of_ours_are_trusted() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "10.6.6.6".parse().unwrap());
        headers.append("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.0.0.2".parse().unwrap());
        let proxies = Proxies::parse("10.0.0.0/8").unwrap();
        let at = |peer: &str, proxies| origin(peer.parse().unwrap(), &headers, proxies).to_string();
        assert_eq!(at("198.51.100.1", &proxies), "198.51.100.1");
        assert_eq!(at("10.0.0.1", &proxies), "203.0.113.9");
        assert_eq!(at("127.0.0.1", &proxies), "203.0.113.9");
        let none = Proxies::default();
        assert_eq!(at("127.0.0.1", &none), "10.0.0.2");
        assert_eq!(at("10.0.0.1", &none), "10.0.0.1");
        headers.insert("x-forwarded-for", "not an address".parse().unwrap());
        assert_eq!(origin("127.0.0.1".parse().unwrap(), &headers, &none).to_string(), "127.0.0.1");
    }

    #[test]
    fn one_ipv6_customer_is_one_address() {
        let at = |text: &str| network(text.parse().unwrap());
        assert_eq!(at("2001:db8:1:2:3::1"), at("2001:db8:1:2:ffff::9"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        let site = |text: &str| ClientIp(at(text)).site();
        assert_eq!(site("2001:db8:1:2::1"), site("2001:db8:1:ffff::9"));
        assert_ne!(site("2001:db8:1::1"), site("2001:db8:2::1"));
        assert_eq!((site("203.0.113.1"), site("::ffff:203.0.113.1")), (None, None));
    }
}
