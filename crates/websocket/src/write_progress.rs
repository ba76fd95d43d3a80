//! Write progress: when a client last took bytes from a socket that was full. It counts as a sign of life of a client that is
//! silent, because it is not read meanwhile or because its connection is slow.

use std::sync::{Arc, PoisonError};

use tokio::time::Instant;

use crate::link_state::LinkState;

/// Written by the write half, read by the check whether the client is alive. Cloning it copies one pointer.
#[derive(Debug, Clone)]
pub struct WriteProgress(Arc<LinkState>);

impl WriteProgress {
    pub(crate) fn of(state: Arc<LinkState>) -> Self {
        Self(state)
    }

    /// The client has made room in a socket that was full. Bytes that go into a socket with room prove nothing.
    pub(crate) fn record(&self) {
        *self.0.taken_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// When the client last made room in a socket that was full.
    pub fn at(&self) -> Option<Instant> {
        *self.0.taken_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::task::Waker;

    use bytes::{Bytes, BytesMut};
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::Notify;

    use crate::codec::OutFrame;
    use crate::deflate_cache::NegotiatedCompression;
    use crate::frame_source::{FrameSource, NextWrite};
    use crate::ping_queue::ping_queue;
    use crate::writer::Writer;
    use crate::writer_pool::WriterPool;

    /// Far more than a socket holds.
    const MUCH: usize = 32 * 1024 * 1024;

    #[derive(Clone, Default)]
    struct Frames {
        next: Arc<Mutex<Vec<Bytes>>>,
        writer: Arc<Mutex<Option<Waker>>>,
        fetched: Arc<Notify>,
    }

    impl Frames {
        fn queue(&self, payload: Bytes) {
            self.next.lock().unwrap().push(payload);
            self.writer.lock().unwrap().as_ref().unwrap().wake_by_ref();
        }
    }

    impl FrameSource for Frames {
        fn wake_with(&self, waker: &Waker) {
            *self.writer.lock().unwrap() = Some(waker.clone());
        }

        fn next(&self, _: usize, put: &mut dyn FnMut(OutFrame)) -> NextWrite {
            self.fetched.notify_one();
            self.next.lock().unwrap().drain(..).for_each(|payload| put(OutFrame::text(payload)));
            NextWrite::All
        }

        fn end(&self) {
            *self.writer.lock().unwrap() = None;
        }
    }

    #[tokio::test]
    async fn only_room_in_a_full_socket_counts_as_progress() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (_reading, half) = listener.accept().await.unwrap().0.into_split();
        let writer =
            Writer::new(half, NegotiatedCompression { deflate: None, from_bytes: 0 }, ping_queue().1);
        let frames = Frames::default();
        let handle = writer.attach(frames.clone(), &WriterPool::start());

        frames.queue(Bytes::from_static(b"little"));
        let mut little = [0; 8];
        client.read_exact(&mut little).await.unwrap();
        assert_eq!(little, *b"\x81\x06little");
        assert_eq!(handle.progress().at(), None);

        frames.queue(Bytes::from(vec![b'x'; MUCH]));
        frames.fetched.notified().await;
        assert_eq!(handle.progress().at(), None, "nothing was taken so far");
        let mut taken = BytesMut::new();
        // It takes some and stops: by far not all, but a sign of life.
        while taken.len() < MUCH / 2 {
            client.read_buf(&mut taken).await.unwrap();
        }
        while handle.progress().at().is_none() {
            tokio::task::yield_now().await;
        }
        // With the ten bytes of its header (RFC 6455, section 5.2).
        while taken.len() < 10 + MUCH {
            client.read_buf(&mut taken).await.unwrap();
        }
        drop(handle);
        assert!(frames.writer.lock().unwrap().is_none());
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    }
}
