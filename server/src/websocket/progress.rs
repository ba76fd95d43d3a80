//! How a client whose line is full takes bytes: a sign of life of one that says nothing, because it is not heard meanwhile
//! or because its line is slow.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

/// Noted by the writer, looked at by whoever doubts that the client is there. Cloning it copies one pointer.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Mutex<Option<Instant>>>);

impl Progress {
    /// The client has made room in a socket that was full. Bytes that go into a socket with room prove nothing.
    pub(super) fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// When the client last made room in a socket that was full.
    pub fn at(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bytes::{Bytes, BytesMut};
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};
    use wire::websocket::OutFrame;

    use super::super::Writer;
    use super::super::pongs::pongs;

    /// Far more than a socket holds.
    const MUCH: usize = 32 * 1024 * 1024;

    #[tokio::test]
    async fn only_who_makes_room_in_a_full_socket_gives_a_sign_of_life() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (_, half) = listener.accept().await.unwrap().0.into_split();
        let mut writer = Writer::new(half, None, 0, pongs().1);
        let progress = writer.progress();

        writer.write([OutFrame::text(Bytes::from_static(b"little"))]).await.unwrap();
        assert_eq!(progress.at(), None);

        let much = [OutFrame::text(Bytes::from(vec![b'x'; MUCH]))];
        let reading = async {
            let mut taken = BytesMut::new();
            assert_eq!(progress.at(), None, "nothing was taken so far");
            while taken.len() < MUCH {
                client.read_buf(&mut taken).await.unwrap();
            }
        };
        let (written, ()) = tokio::join!(biased; writer.write(much), reading);
        written.unwrap();
        assert!(progress.at().is_some());
    }
}
