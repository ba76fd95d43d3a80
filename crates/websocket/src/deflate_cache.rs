//! Deflate cache: compresses a message once for all connections that negotiated compression, because many readers get the
//! same few messages in turn.

use bytes::Bytes;

use crate::codec::{Deflate, OutFrame, deflate};

/// What a connection has compressed for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NegotiatedCompression {
    /// permessage-deflate, if the client offered it.
    pub(crate) deflate: Option<Deflate>,
    /// Messages from this many bytes on.
    pub(crate) from_bytes: usize,
}

/// Messages that are remembered at a time. The readers of a room get the same few in turn.
const REMEMBERED: usize = 8;

/// The last compressed messages of one round of a writer task.
#[derive(Debug, Default)]
pub(crate) struct DeflateCache {
    last: Vec<CompressedFrame>,
    /// The index of the entry to replace next.
    oldest: usize,
}

/// Holds the message, so that no other one can get its address.
#[derive(Debug)]
struct CompressedFrame {
    plain: OutFrame,
    window_bits: u8,
    frame: OutFrame,
}

impl DeflateCache {
    /// The same message, compressed where that was agreed on and is worth it.
    pub(crate) fn compress(&mut self, negotiated: NegotiatedCompression, frame: OutFrame) -> OutFrame {
        let Some(Deflate { window_bits, .. }) = negotiated.deflate else { return frame };
        let Some(kind) = frame.compressible().filter(|_| frame.payload_bytes() >= negotiated.from_bytes)
        else {
            return frame;
        };
        let known = self.last.iter().find(|it| it.window_bits == window_bits && is_same(&it.plain, &frame));
        if let Some(known) = known {
            return known.frame.clone();
        }
        let smaller = deflate(frame.pieces(), window_bits);
        let compressed = smaller.map_or_else(|| frame.clone(), |smaller| OutFrame::deflated(kind, smaller));
        let entry = CompressedFrame { plain: frame, window_bits, frame: compressed.clone() };
        match self.last.get_mut(self.oldest) {
            Some(slot) => *slot = entry,
            None => self.last.push(entry),
        }
        self.oldest = (self.oldest + 1) % REMEMBERED;
        compressed
    }

    /// Drops everything.
    pub(crate) fn clear(&mut self) {
        self.last.clear();
        self.oldest = 0;
    }
}

/// Whether both share their bytes. Compared by address, because equal bytes that are not shared are rare and dear to compare.
fn is_same(one: &OutFrame, other: &OutFrame) -> bool {
    let address =
        |piece: &Bytes| (piece.len(), if piece.is_empty() { std::ptr::null() } else { piece.as_ptr() });
    one.compressible() == other.compressible()
        && one.pieces().iter().map(address).eq(other.pieces().iter().map(address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Handshake;

    fn negotiated() -> NegotiatedCompression {
        let mut headers = http::HeaderMap::new();
        for (name, value) in [
            ("host", "hub"),
            ("upgrade", "websocket"),
            ("connection", "upgrade"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-extensions", "permessage-deflate"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let handshake = Handshake::read(&http::Method::GET, &headers, true).unwrap();
        NegotiatedCompression { deflate: handshake.deflate, from_bytes: 100 }
    }

    #[test]
    fn a_message_for_many_is_compressed_once() {
        let mut cache = DeflateCache::default();
        let text = Bytes::from("again and ".repeat(100));
        let first = cache.compress(negotiated(), OutFrame::text(text.clone()));
        let second = cache.compress(negotiated(), OutFrame::text(text.clone()));
        assert!(first.payload_bytes() < 100, "{}", first.payload_bytes());
        assert!(is_first_piece_shared(&first, &second));

        let other = cache.compress(negotiated(), OutFrame::text(Bytes::from("another ".repeat(100))));
        assert_ne!(other, first);
        for n in 0..20 {
            cache.compress(negotiated(), OutFrame::text(Bytes::from(format!("{n} ").repeat(100))));
        }
        assert_eq!(cache.last.len(), REMEMBERED);
        let later = cache.compress(negotiated(), OutFrame::text(text));
        assert_eq!(later, first);
        assert!(!is_first_piece_shared(&later, &first), "it was forgotten meanwhile");
    }

    fn is_first_piece_shared(one: &OutFrame, other: &OutFrame) -> bool {
        let place = |frame: &OutFrame| frame.pieces().first().map(|piece| piece.as_ptr());
        place(one) == place(other)
    }

    #[test]
    fn a_message_that_is_short_or_for_a_plain_client_is_not_compressed() {
        let mut cache = DeflateCache::default();
        let long = OutFrame::text(Bytes::from("again and ".repeat(100)));
        let plain = NegotiatedCompression { deflate: None, from_bytes: 0 };
        assert_eq!(cache.compress(plain, long.clone()), long);
        let short = OutFrame::text(Bytes::from_static(b"short"));
        assert_eq!(cache.compress(negotiated(), short.clone()), short);
        let ping = OutFrame::ping(Bytes::from(vec![b'x'; 120]));
        assert_eq!(cache.compress(negotiated(), ping.clone()), ping);
    }
}
