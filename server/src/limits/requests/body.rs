//! Held body: the body of an answer, with the permits that the request holds until it is written.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

/// A part of an answer that is handed over at a time. The connection takes the next one when this one has nearly left, so a
/// client that does not read keeps the rest here.
const PIECE_BYTES: usize = 16 * 1024;

/// An answer of no more than this is handed over as it is: as much may wait unsent in the connection.
const SMALL_BYTES: usize = 2 * PIECE_BYTES;

/// A body and what is dropped when it has ended, or is dropped itself.
pub(super) struct HeldBody<H> {
    body: Body,
    /// What is left of the last frame.
    rest: Bytes,
    is_split: bool,
    held: Option<H>,
}

impl<H> HeldBody<H> {
    pub(super) fn new(body: Body, held: H) -> Self {
        Self { body, rest: Bytes::new(), is_split: false, held: Some(held) }
    }

    /// The next part of the frame at hand. Copied, where there are more: a part that waits unsent would keep all of it.
    fn next_piece(&mut self) -> Bytes {
        if self.rest.len() <= SMALL_BYTES && !self.is_split {
            return std::mem::take(&mut self.rest);
        }
        let piece = self.rest.split_to(PIECE_BYTES.min(self.rest.len()));
        self.is_split = !self.rest.is_empty();
        Bytes::copy_from_slice(&piece)
    }
}

impl<H: Unpin> HttpBody for HeldBody<H> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        if !this.rest.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(this.next_piece()))));
        }
        match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    this.rest = data;
                    Poll::Ready(Some(Ok(Frame::data(this.next_piece()))))
                }
                Err(other) => Poll::Ready(Some(Ok(other))),
            },
            end => {
                this.held = None;
                Poll::Ready(end)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut whole = SizeHint::new();
        // The upper end first: the lower one may not be beyond it.
        if let Some(upper) = hint.upper() {
            whole.set_upper(upper.saturating_add(rest));
        }
        whole.set_lower(hint.lower().saturating_add(rest));
        whole
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn an_answer_comes_in_pieces_and_holds_to_its_end() {
        for bytes in [0, 1, SMALL_BYTES, SMALL_BYTES + 1, 10 * PIECE_BYTES] {
            let text: Vec<u8> = (0..bytes).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let held = Arc::new(());
            let mut body = HeldBody::new(Body::from(text.clone()), held.clone());
            assert_eq!(body.size_hint().exact(), Some(bytes as u64));
            let mut read = Vec::new();
            while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                let data = frame.unwrap().into_data().unwrap();
                assert!(data.len() <= if bytes <= SMALL_BYTES { SMALL_BYTES } else { PIECE_BYTES });
                read.extend_from_slice(&data);
                assert_eq!(body.size_hint().exact(), Some((bytes - read.len()) as u64));
                assert_eq!(body.is_end_stream(), read.len() == bytes);
            }
            assert!(read == text && Arc::strong_count(&held) == 1, "{bytes}");
        }
        let held = Arc::new(());
        drop(HeldBody::new(Body::from("given up"), held.clone()));
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
