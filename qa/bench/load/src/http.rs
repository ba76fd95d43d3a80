//! HTTP/1.1 client: as much of RFC 9112 as it takes to read pages over one connection.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use crate::failed::Failed;

const PATIENCE: Duration = Duration::from_secs(10);

/// The longest page that is read.
const MAX_BODY_BYTES: u64 = 16 * 1024 * 1024;

/// A connection that is kept.
pub(crate) struct Browser {
    stream: BufReader<TcpStream>,
    token: String,
}

impl Browser {
    pub(crate) fn connect(port: u16, token: String) -> Result<Self, Failed> {
        let connect = || {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok(stream)
        };
        let stream = connect().map_err(Failed::at("connecting"))?;
        Ok(Self { stream: BufReader::new(stream), token })
    }

    /// The body of the page there.
    pub(crate) fn get(&mut self, path: &str) -> Result<Vec<u8>, Failed> {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\n\r\n", self.token);
        let sent = self.stream.get_mut().write_all(request.as_bytes());
        sent.map_err(Failed::at("asking"))?;
        let status = self.line()?;
        let (mut length, mut is_chunked) = (0, false);
        loop {
            let line = self.line()?.to_ascii_lowercase();
            match line.split_once(':').map(|(name, value)| (name, value.trim())) {
                Some(("content-length", value)) => length = value.parse().unwrap_or_default(),
                Some(("transfer-encoding", value)) => is_chunked = value == "chunked",
                Some(_) => {}
                None => break,
            }
        }
        let body = if is_chunked { self.chunks()? } else { self.exactly(length)? };
        if status.split(' ').nth(1) == Some("200") { Ok(body) } else { Err(Failed::Refused(status)) }
    }

    fn line(&mut self) -> Result<String, Failed> {
        let mut line = String::new();
        self.stream.read_line(&mut line).map_err(Failed::at("reading"))?;
        Ok(line.trim_end().to_owned())
    }

    fn exactly(&mut self, length: u64) -> Result<Vec<u8>, Failed> {
        let mut body = Vec::new();
        let wanted = length.min(MAX_BODY_BYTES);
        self.stream.by_ref().take(wanted).read_to_end(&mut body).map_err(Failed::at("reading"))?;
        Ok(body)
    }

    /// Section 7.1.
    fn chunks(&mut self) -> Result<Vec<u8>, Failed> {
        let mut body = Vec::new();
        loop {
            let size = u64::from_str_radix(&self.line()?, 16).unwrap_or_default();
            body.extend(self.exactly(size)?);
            self.line()?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
}
