//! Proxies: the machines whose `X-Forwarded-For` is trusted.

use std::net::IpAddr;

use ipnet::IpNet;

/// Bits of an IPv6 address before the IPv4 address that it is mapped from (RFC 4291, section 2.5.5.2).
const MAPPED_BITS: u8 = 96;

/// Machines that are believed, besides this one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    networks: Vec<IpNet>,
}

impl Proxies {
    /// A list of addresses and networks such as `10.0.0.0/8`, comma separated.
    ///
    /// # Errors
    /// The part that is neither.
    pub fn parse(list: &str) -> Result<Self, String> {
        let named = list.split(',').map(str::trim).filter(|it| !it.is_empty());
        let networks = named.map(|raw| network(raw).ok_or_else(|| raw.to_owned()));
        Ok(Self { networks: networks.collect::<Result<_, _>>()? })
    }

    /// Whether a machine is believed.
    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_loopback() || self.networks.iter().any(|network| network.contains(&address))
    }
}

/// A network, or the network of one address. The address is read by the standard library, because `ipnet` takes `010.0.0.1`
/// for `10.0.0.1`, where others read an octal number.
fn network(raw: &str) -> Option<IpNet> {
    let network = match raw.split_once('/') {
        Some((address, bits)) => IpNet::new(address.parse().ok()?, bits.parse().ok()?).ok()?,
        None => IpNet::from(raw.parse::<IpAddr>().ok()?),
    };
    // Machines are compared in their canonical form, so a mapped network becomes the network of IPv4 that it stands for.
    match (network, network.addr().to_canonical()) {
        (IpNet::V6(mapped), address @ IpAddr::V4(_)) => {
            IpNet::new(address, mapped.prefix_len().checked_sub(MAPPED_BITS)?).ok()
        }
        _ => Some(network),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_addresses_that_begin_like_it() {
        let proxies = Proxies::parse("10.0.0.0/8, 203.0.113.9,2001:db8::/32,").unwrap();
        let has = |address: &str| proxies.has(address.parse().unwrap());
        for own in ["10.255.0.1", "203.0.113.9", "2001:db8:ffff::1", "::ffff:10.1.1.1", "127.0.0.1", "::1"] {
            assert!(has(own), "{own}");
        }
        for other in ["11.0.0.1", "203.0.113.8", "2001:db9::1", "::a00:1"] {
            assert!(!has(other), "{other}");
        }
        assert!(Proxies::parse("0.0.0.0/0").unwrap().has("8.8.8.8".parse().unwrap()));
        assert_eq!(Proxies::parse("::ffff:10.0.0.0/104"), Proxies::parse("10.0.0.0/8"));
        assert_eq!(Proxies::parse("::ffff:10.0.0.1"), Proxies::parse("10.0.0.1"));
        for bad in
            ["nginx", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/x", "010.0.0.0/8", "::ffff:10.0.0.0/8"]
        {
            assert_eq!(Proxies::parse(bad), Err(bad.to_owned()));
        }
    }
}
