//! Inflate: decompresses one message piece by piece (RFC 7692, section 7.2.2), so that a bomb is stopped early.

use flate2::{Decompress, FlushDecompress, Status};

use super::Violation;
use super::pool::Pool;

/// Inflated at a time. The output is checked in pieces of this size, so a bomb is stopped early.
const PIECE_BYTES: usize = 16 * 1024;

/// What a sender cut off the end of a message.
const CUT_OFF: [u8; 4] = [0, 0, 0xff, 0xff];

static POOL: Pool<State> = Pool::new();

struct State {
    zlib: Decompress,
    piece: Box<[u8]>,
}

/// An inflater for one message; goes back to the pool when it is dropped.
pub(super) struct Inflater {
    state: Option<State>,
}

impl Inflater {
    pub(super) fn new() -> Self {
        let state = POOL.take(|_| true).unwrap_or_else(|| State {
            zlib: Decompress::new(false),
            piece: vec![0; PIECE_BYTES].into_boxed_slice(),
        });
        Self { state: Some(state) }
    }

    /// Inflates what has arrived and hands it on, until `most` bytes are made, give or take a piece. Returns how many bytes it
    /// has taken; the others are to be pushed again.
    pub(super) fn push(
        &mut self,
        input: &[u8],
        most: usize,
        mut hand_on: impl FnMut(&[u8]) -> Result<(), Violation>,
    ) -> Result<usize, Violation> {
        let Some(State { zlib, piece }) = &mut self.state else { return Err(Violation::NotDeflate) };
        let (mut rest, mut made_in_all) = (input, 0);
        loop {
            let (taken_before, made_before) = (zlib.total_in(), zlib.total_out());
            let status =
                zlib.decompress(rest, piece, FlushDecompress::Sync).map_err(|_| Violation::NotDeflate)?;
            let taken = count(zlib.total_in() - taken_before);
            let made = count(zlib.total_out() - made_before);
            rest = rest.get(taken..).unwrap_or_default();
            hand_on(piece.get(..made).unwrap_or_default())?;
            made_in_all += made;
            let is_stuck = taken == 0 && made == 0;
            match status {
                // Others may come after a block that is marked as the last (RFC 7692, section 7.2.3.4).
                Status::StreamEnd => zlib.reset(false),
                _ if made == piece.len() && made_in_all < most => continue,
                _ if is_stuck && !rest.is_empty() => return Err(Violation::NotDeflate),
                _ => {}
            }
            if rest.is_empty() || made_in_all >= most {
                return Ok(input.len() - rest.len());
            }
        }
    }

    /// The message has ended.
    pub(super) fn finish(
        mut self,
        hand_on: impl FnMut(&[u8]) -> Result<(), Violation>,
    ) -> Result<(), Violation> {
        self.push(&CUT_OFF, usize::MAX, hand_on).map(|_| ())
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        if let Some(mut state) = self.state.take() {
            state.zlib.reset(false);
            POOL.give_back(state);
        }
    }
}

/// How many bytes of a buffer; always fits.
fn count(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
