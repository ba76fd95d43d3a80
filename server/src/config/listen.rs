//! An entry of `HUBBUB_LISTEN`: an IP address or a host name, with a port.

use std::net::{SocketAddr, ToSocketAddrs};

/// An address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    /// The host name, if one was given; in lower case.
    pub(crate) name: Option<String>,
    /// Its IP addresses; at least one.
    pub(crate) addresses: Vec<SocketAddr>,
}

impl From<SocketAddr> for ListenAddress {
    fn from(addr: SocketAddr) -> Self {
        Self { name: None, addresses: vec![addr] }
    }
}

impl ListenAddress {
    /// Parses an entry, and resolves a host name.
    pub(super) fn parse(raw: &str) -> Result<Self, String> {
        let raw = raw.trim();
        if let Ok(addr) = raw.parse::<SocketAddr>() {
            return Ok(addr.into());
        }
        let parts =
            raw.rsplit_once(':').filter(|(host, _)| !host.is_empty() && !host.contains([':', '[', ']']));
        let Some((host, Ok(port))) = parts.map(|(host, port)| (host, port.parse::<u16>())) else {
            return Err(format!(
                "`{raw}` is not an address with a port, such as 127.0.0.1:3000, [::1]:3000 or localhost:3000"
            ));
        };
        let found = (host, port)
            .to_socket_addrs()
            .map_err(|error| format!("`{host}` is not a known host: {error}"))?;
        let addresses: Vec<_> = found.collect();
        if addresses.is_empty() {
            return Err(format!("`{host}` has no address"));
        }
        Ok(Self { name: Some(host.to_ascii_lowercase()), addresses })
    }

    /// The port.
    pub(super) fn port(&self) -> u16 {
        self.addresses.first().map_or(0, SocketAddr::port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_host_names_have_a_port() {
        for (raw, expected) in [("127.0.0.1:3000", "127.0.0.1:3000"), (" [::1]:80 ", "[::1]:80")] {
            let address = ListenAddress::parse(raw).unwrap();
            assert_eq!((address.addresses, address.name), (vec![expected.parse().unwrap()], None));
        }
        let named = ListenAddress::parse("Localhost:3000").unwrap();
        assert_eq!((named.name.as_deref(), named.port()), (Some("localhost"), 3000));
        assert!(named.addresses.iter().all(|addr| addr.ip().is_loopback()), "{named:?}");
        for wrong in
            ["", "localhost", ":3000", "localhost:", "localhost:99999", "::1:3000", "[::1]", "no host:80"]
        {
            assert!(ListenAddress::parse(wrong).is_err(), "{wrong}");
        }
    }
}
