//! How a client whose line is full takes bytes: a sign of life of one that says nothing, because it is not heard meanwhile
//! or because its line is slow.

use std::sync::{Arc, PoisonError};

use tokio::time::Instant;

use super::pongs::Signs;

/// Noted by the writer, looked at by whoever doubts that the client is there. Cloning it copies one pointer.
#[derive(Debug, Clone)]
pub struct Progress(Arc<Signs>);

impl Progress {
    pub(super) fn of(signs: Arc<Signs>) -> Self {
        Self(signs)
    }

    /// The client has made room in a socket that was full. Bytes that go into a socket with room prove nothing.
    pub(super) fn note(&self) {
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
    use wire::websocket::OutFrame;

    use super::super::line::{Source, Turn};
    use super::super::loops::Loops;
    use super::super::pongs::pongs;
    use super::super::shrink::Agreed;
    use super::super::writer::Writer;

    /// Far more than a socket holds.
    const MUCH: usize = 32 * 1024 * 1024;

    #[derive(Clone, Default)]
    struct Words {
        next: Arc<Mutex<Vec<Bytes>>>,
        writer: Arc<Mutex<Option<Waker>>>,
        fetched: Arc<Notify>,
    }

    impl Words {
        fn say(&self, word: Bytes) {
            self.next.lock().unwrap().push(word);
            self.writer.lock().unwrap().as_ref().unwrap().wake_by_ref();
        }
    }

    impl Source for Words {
        fn wake_with(&self, waker: &Waker) {
            *self.writer.lock().unwrap() = Some(waker.clone());
        }

        fn next(&self, _: usize, put: &mut dyn FnMut(OutFrame)) -> Turn {
            self.fetched.notify_one();
            self.next.lock().unwrap().drain(..).for_each(|word| put(OutFrame::text(word)));
            Turn::All
        }

        fn end(&self) {
            *self.writer.lock().unwrap() = None;
        }
    }

    #[tokio::test]
    async fn only_who_makes_room_in_a_full_socket_gives_a_sign_of_life() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (_reading, half) = listener.accept().await.unwrap().0.into_split();
        let writer = Writer::new(half, Agreed { deflate: None, from_bytes: 0 }, pongs().1);
        let words = Words::default();
        let line = writer.hand_over(words.clone(), &Loops::start());

        words.say(Bytes::from_static(b"little"));
        let mut little = [0; 8];
        client.read_exact(&mut little).await.unwrap();
        assert_eq!(little, *b"\x81\x06little");
        assert_eq!(line.progress().at(), None);

        words.say(Bytes::from(vec![b'x'; MUCH]));
        words.fetched.notified().await;
        assert_eq!(line.progress().at(), None, "nothing was taken so far");
        let mut taken = BytesMut::new();
        // It takes some and stops: by far not all, but a sign of life.
        while taken.len() < MUCH / 2 {
            client.read_buf(&mut taken).await.unwrap();
        }
        while line.progress().at().is_none() {
            tokio::task::yield_now().await;
        }
        // With the ten bytes of its header (RFC 6455, section 5.2).
        while taken.len() < 10 + MUCH {
            client.read_buf(&mut taken).await.unwrap();
        }
        drop(line);
        assert!(words.writer.lock().unwrap().is_none());
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    }
}
