//! Deflate: compresses one message (RFC 7692, section 7.2.1), each from the beginning, because no context is taken over.

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};

use super::pool::Pool;

/// A compressor takes about 256 KiB; lent out for one message, see the pool.
struct State {
    zlib: Compress,
    window_bits: u8,
}

static POOL: Pool<State> = Pool::new();

/// What every flushed message ends with, and what is therefore not sent.
const CUT_OFF: [u8; 4] = [0, 0, 0xff, 0xff];

/// Room that the end of a message takes: zlib wants more than six bytes left when it flushes.
const END_BYTES: usize = 64;

/// The payload of a compressed frame, or nothing if it would not be smaller. The message comes in one or more pieces;
/// `window_bits` is what [`Deflate`](super::Deflate) agreed on.
pub fn deflate(pieces: &[Bytes], window_bits: u8) -> Option<Bytes> {
    let plain_bytes: usize = pieces.iter().map(Bytes::len).sum();
    let window_bits = window_bits.clamp(9, 15);
    let mut state = POOL.take(|state| state.window_bits == window_bits).unwrap_or_else(|| State {
        // The fastest: most messages are short and every reader of a room waits for them.
        zlib: Compress::new_with_window_bits(Compression::fast(), false, window_bits),
        window_bits,
    });
    let smaller = run(&mut state.zlib, pieces, plain_bytes);
    state.zlib.reset();
    POOL.give_back(state);
    smaller
}

fn run(zlib: &mut Compress, pieces: &[Bytes], plain_bytes: usize) -> Option<Bytes> {
    let mut out = Vec::with_capacity(plain_bytes / 2 + END_BYTES);
    for piece in pieces {
        push(zlib, piece, &mut out, FlushCompress::None)?;
    }
    push(zlib, &[], &mut out, FlushCompress::Sync)?;
    let kept = out.len().checked_sub(CUT_OFF.len())?;
    if !out.ends_with(&CUT_OFF) || kept >= plain_bytes {
        return None;
    }
    out.truncate(kept);
    out.shrink_to_fit();
    Some(Bytes::from(out))
}

/// Hands over a piece. Zlib is done with it when it leaves room in the output.
fn push(zlib: &mut Compress, mut piece: &[u8], out: &mut Vec<u8>, flush: FlushCompress) -> Option<()> {
    loop {
        out.reserve(END_BYTES.max(piece.len() / 2));
        let taken_before = zlib.total_in();
        zlib.compress_vec(piece, out, flush).ok()?;
        piece = piece.get(usize::try_from(zlib.total_in() - taken_before).ok()?..)?;
        if piece.is_empty() && out.len() < out.capacity() {
            return Some(());
        }
    }
}
