//! Which machines are proxies of ours, whose word about a client's address counts.

use std::net::IpAddr;

/// Machines that are believed, besides this one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    networks: Vec<Network>,
}

/// Addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u32,
}

impl Proxies {
    /// A list of addresses and networks such as `10.0.0.0/8`, comma separated.
    ///
    /// # Errors
    /// The part that is neither.
    pub fn parse(list: &str) -> Result<Self, String> {
        let named = list.split(',').map(str::trim).filter(|it| !it.is_empty());
        let networks = named.map(|raw| Network::parse(raw).ok_or_else(|| raw.to_owned()));
        Ok(Self { networks: networks.collect::<Result<_, _>>()? })
    }

    /// Whether a machine is believed.
    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_loopback() || self.networks.iter().any(|network| network.has(address))
    }
}

impl Network {
    fn parse(raw: &str) -> Option<Self> {
        let (address, bits) = match raw.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (raw, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { u32::BITS } else { u128::BITS };
        let bits: u32 = bits.unwrap_or(most);
        if bits > most {
            return None;
        }
        // Machines are compared in their shortest form, so a network of IPv4 in the clothes of IPv6 takes them off, too.
        match (address, address.to_canonical()) {
            (IpAddr::V6(_), short @ IpAddr::V4(_)) => {
                Some(Self { address: short, bits: bits.checked_sub(96)? })
            }
            _ => Some(Self { address, bits }),
        }
    }

    fn has(&self, other: IpAddr) -> bool {
        let common = match (self.address, other) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (own.to_bits() ^ other.to_bits()).leading_zeros(),
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits() ^ other.to_bits()).leading_zeros(),
            _ => return false,
        };
        common >= self.bits
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
        for bad in ["nginx", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/x", "::ffff:10.0.0.0/8"] {
            assert_eq!(Proxies::parse(bad), Err(bad.to_owned()));
        }
    }
}
