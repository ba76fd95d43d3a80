//! One socket: what waits for it, and the task that reads it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice};
use std::rc::Rc;

use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::frame::{self, Frame};
use crate::hub::Hub;

/// What all sockets are read into.
const BUFFER: usize = 64 * 1024;

/// Frames in one write.
const PIECES: usize = 32;

thread_local! {
    static SHARED: RefCell<Vec<u8>> = RefCell::new(vec![0; BUFFER]);
}

pub(crate) struct Member {
    stream: TcpStream,
    queue: RefCell<VecDeque<Frame>>,
    /// Of the first frame, so many bytes are out.
    sent: Cell<usize>,
    /// In the hub's list, or waiting for the socket.
    is_full: Cell<bool>,
    blocked: Notify,
}

impl Member {
    /// Whether the hub has to be notified that something waits.
    pub(crate) fn keep(&self, frame: Frame) -> bool {
        self.queue.borrow_mut().push_back(frame);
        !self.is_full.replace(true)
    }

    /// Writes what the socket takes.
    pub(crate) fn flush(&self) {
        let mut queue = self.queue.borrow_mut();
        self.is_full.set(false);
        while !queue.is_empty() {
            match self.write_some(&queue) {
                Ok(written) => self.forget(&mut queue, written),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.is_full.set(true);
                    self.blocked.notify_one();
                    return;
                }
                // The reading side finds out.
                Err(_) => queue.clear(),
            }
        }
        if queue.capacity() > PIECES {
            *queue = VecDeque::new();
        }
    }

    fn write_some(&self, queue: &VecDeque<Frame>) -> std::io::Result<usize> {
        let mut pieces = [IoSlice::new(&[]); PIECES];
        let mut count = 0;
        let mut skipped = self.sent.get();
        for (piece, frame) in pieces.iter_mut().zip(queue) {
            *piece = IoSlice::new(frame.get(skipped..).unwrap_or_default());
            skipped = 0;
            count += 1;
        }
        self.stream.try_write_vectored(pieces.get(..count).unwrap_or_default())
    }

    fn forget(&self, queue: &mut VecDeque<Frame>, written: usize) {
        let mut out = self.sent.get() + written;
        while let Some(first) = queue.front()
            && first.len() <= out
        {
            out -= first.len();
            queue.pop_front();
        }
        self.sent.set(out);
    }
}

/// Reads until the client goes.
pub(crate) async fn serve(hub: Rc<Hub>, stream: TcpStream, early: Vec<u8>) {
    let member = Rc::new(Member {
        stream,
        queue: RefCell::default(),
        sent: Cell::new(0),
        is_full: Cell::new(false),
        blocked: Notify::new(),
    });
    let mut held = early;
    let mut joined = Vec::new();
    loop {
        tokio::select! {
            readable = member.stream.readable() => {
                let alive = SHARED.with_borrow_mut(|buffer| read(&hub, &member, buffer, &mut held, &mut joined));
                if readable.is_err() || alive.is_none() {
                    break;
                }
            }
            () = member.blocked.notified() => {
                if member.stream.writable().await.is_err() {
                    break;
                }
                member.flush();
            }
        }
    }
    joined.iter().for_each(|room| hub.leave(&member, room));
}

/// Reads once; `None` when that was the end.
fn read(
    hub: &Hub,
    member: &Rc<Member>,
    buffer: &mut [u8],
    held: &mut Vec<u8>,
    joined: &mut Vec<String>,
) -> Option<()> {
    let (front, free) = buffer.split_at_mut_checked(held.len())?;
    front.copy_from_slice(held);
    let more = match member.stream.try_read(free) {
        Ok(0) => return None,
        Ok(more) => more,
        Err(error) => return (error.kind() == ErrorKind::WouldBlock).then_some(()),
    };
    let mut rest = buffer.get_mut(..held.len() + more)?;
    while let Some(frame) = frame::read(rest) {
        let (whole, after) = rest.split_at_mut_checked(frame.end)?;
        match frame.opcode {
            frame::TEXT => joined.extend(hub.hear(member, whole.get(frame.start..)?)),
            frame::CLOSE => return None,
            _ => {}
        }
        rest = after;
    }
    if !(held.is_empty() && rest.is_empty()) {
        *held = rest.to_vec();
    }
    Some(())
}
