//! Compressing what was agreed on and is worth it: a message that many are to get, once for all of them.

use bytes::Bytes;
use wire::websocket::{Deflate, OutFrame, deflate};

/// What a connection has compressed for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Agreed {
    /// permessage-deflate, if the client offered it.
    pub(super) deflate: Option<Deflate>,
    /// Messages from this many bytes on.
    pub(super) from_bytes: usize,
}

/// Messages that are remembered at a time. The readers of a room get the same few in turn.
const REMEMBERED: usize = 8;

/// Remembers for one turn of the loop what the last messages became.
#[derive(Debug, Default)]
pub(super) struct Shrinker {
    last: Vec<Shrunk>,
    /// The one to forget next.
    oldest: usize,
}

/// Holds the message, so that another one cannot have its place in memory.
#[derive(Debug)]
struct Shrunk {
    plain: OutFrame,
    window_bits: u8,
    frame: OutFrame,
}

impl Shrinker {
    /// The same message, compressed where that was agreed on and is worth it.
    pub(super) fn shrink(&mut self, agreed: Agreed, frame: OutFrame) -> OutFrame {
        let Some(Deflate { window_bits, .. }) = agreed.deflate else { return frame };
        let Some(kind) = frame.compressible().filter(|_| frame.payload_bytes() >= agreed.from_bytes) else {
            return frame;
        };
        let known = self.last.iter().find(|it| it.window_bits == window_bits && is_same(&it.plain, &frame));
        if let Some(known) = known {
            return known.frame.clone();
        }
        let smaller = deflate(frame.pieces(), window_bits);
        let shrunk = smaller.map_or_else(|| frame.clone(), |smaller| OutFrame::deflated(kind, smaller));
        let entry = Shrunk { plain: frame, window_bits, frame: shrunk.clone() };
        match self.last.get_mut(self.oldest) {
            Some(place) => *place = entry,
            None => self.last.push(entry),
        }
        self.oldest = (self.oldest + 1) % REMEMBERED;
        shrunk
    }

    /// Holds nothing any more.
    pub(super) fn forget(&mut self) {
        self.last.clear();
        self.oldest = 0;
    }
}

/// Whether both share their bytes. Compared by place, because equal bytes that are not shared are rare and dear to compare.
fn is_same(one: &OutFrame, other: &OutFrame) -> bool {
    let place =
        |piece: &Bytes| (piece.len(), if piece.is_empty() { std::ptr::null() } else { piece.as_ptr() });
    one.compressible() == other.compressible()
        && one.pieces().iter().map(place).eq(other.pieces().iter().map(place))
}

#[cfg(test)]
mod tests {
    use wire::websocket::Handshake;

    use super::*;

    fn agreed() -> Agreed {
        let mut headers = axum::http::HeaderMap::new();
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
        let handshake = Handshake::read(&axum::http::Method::GET, &headers, true).unwrap();
        Agreed { deflate: handshake.deflate, from_bytes: 100 }
    }

    #[test]
    fn what_many_get_is_compressed_once() {
        let mut shrinker = Shrinker::default();
        let text = Bytes::from("again and ".repeat(100));
        let first = shrinker.shrink(agreed(), OutFrame::text(text.clone()));
        let second = shrinker.shrink(agreed(), OutFrame::text(text.clone()));
        assert!(first.payload_bytes() < 100, "{}", first.payload_bytes());
        assert!(is_first_piece_shared(&first, &second));

        let other = shrinker.shrink(agreed(), OutFrame::text(Bytes::from("another ".repeat(100))));
        assert_ne!(other, first);
        for n in 0..20 {
            shrinker.shrink(agreed(), OutFrame::text(Bytes::from(format!("{n} ").repeat(100))));
        }
        assert_eq!(shrinker.last.len(), REMEMBERED);
        let later = shrinker.shrink(agreed(), OutFrame::text(text));
        assert_eq!(later, first);
        assert!(!is_first_piece_shared(&later, &first), "it was forgotten meanwhile");
    }

    fn is_first_piece_shared(one: &OutFrame, other: &OutFrame) -> bool {
        let place = |frame: &OutFrame| frame.pieces().first().map(|piece| piece.as_ptr());
        place(one) == place(other)
    }

    #[test]
    fn what_was_not_agreed_or_is_short_stays_as_it_is() {
        let mut shrinker = Shrinker::default();
        let long = OutFrame::text(Bytes::from("again and ".repeat(100)));
        let plain = Agreed { deflate: None, from_bytes: 0 };
        assert_eq!(shrinker.shrink(plain, long.clone()), long);
        let short = OutFrame::text(Bytes::from_static(b"short"));
        assert_eq!(shrinker.shrink(agreed(), short.clone()), short);
        let ping = OutFrame::ping(Bytes::from(vec![b'x'; 120]));
        assert_eq!(shrinker.shrink(agreed(), ping.clone()), ping);
    }
}
