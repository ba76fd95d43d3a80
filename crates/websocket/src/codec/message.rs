//! Message: collects the fragments of one message, and inflates them where they are compressed.

use bytes::Bytes;

use super::inflate::Inflater;
use super::text::Text;
use super::{Incoming, Kind, Limits, Violation};

/// Memory that is made ready for an announced frame. Beyond this it grows with what has really arrived.
const TRUSTED_BYTES: usize = 16 * 1024;

/// What is inflated at a time, give or take a piece. A frame of 1 KiB may inflate to 1 MiB.
const STEP_BYTES: usize = 64 * 1024;

pub(super) struct Message {
    body: Body,
    inflater: Option<Inflater>,
    frames: u32,
}

enum Body {
    Text(Text),
    Binary(Vec<u8>),
}

impl Message {
    pub(super) fn new(kind: Kind, compressed: bool) -> Self {
        let body = match kind {
            Kind::Text => Body::Text(Text::default()),
            Kind::Binary => Body::Binary(Vec::new()),
        };
        Self { body, inflater: compressed.then(Inflater::new), frames: 0 }
    }

    /// A frame of this message begins.
    pub(super) fn begin_frame(&mut self, payload_bytes: u64, limits: Limits) -> Result<(), Violation> {
        self.frames += 1;
        if self.frames > limits.fragments {
            return Err(Violation::TooManyFragments);
        }
        if self.inflater.is_none() {
            let left = limits.message_bytes.saturating_sub(self.body.len());
            let announced = usize::try_from(payload_bytes).ok().filter(|announced| *announced <= left);
            self.body.reserve(announced.ok_or(Violation::TooBig)?.min(TRUSTED_BYTES));
        }
        Ok(())
    }

    /// Some of a frame's payload, unmasked. Returns how many bytes of it were taken: those that inflate to no more than a step.
    pub(super) fn push(&mut self, piece: &[u8], limits: Limits) -> Result<usize, Violation> {
        let body = &mut self.body;
        match &mut self.inflater {
            None => body.push(piece, limits).map(|()| piece.len()),
            Some(inflater) => inflater.push(piece, STEP_BYTES, |inflated| body.push(inflated, limits)),
        }
    }

    /// The last frame is complete.
    pub(super) fn finish(mut self, limits: Limits) -> Result<Incoming, Violation> {
        let body = &mut self.body;
        if let Some(inflater) = self.inflater {
            inflater.finish(|inflated| body.push(inflated, limits))?;
        }
        match self.body {
            Body::Text(text) => text.finish().map(Incoming::Text),
            Body::Binary(bytes) => Ok(Incoming::Binary(Bytes::from(bytes))),
        }
    }
}

impl Body {
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// The first frame gets exactly what it needs; later ones let it grow in steps.
    fn reserve(&mut self, bytes: usize) {
        match self {
            Self::Text(text) if text.len() == 0 => text.reserve(bytes),
            Self::Binary(body) if body.is_empty() => body.reserve_exact(bytes),
            Self::Text(_) | Self::Binary(_) => {}
        }
    }

    fn push(&mut self, piece: &[u8], limits: Limits) -> Result<(), Violation> {
        if piece.len() > limits.message_bytes.saturating_sub(self.len()) {
            return Err(Violation::TooBig);
        }
        match self {
            Self::Text(text) => text.push(piece),
            Self::Binary(bytes) => {
                bytes.extend_from_slice(piece);
                Ok(())
            }
        }
    }
}
