//! The log: lines on stderr, without bodies, tokens or e-mail addresses.
//!
//! A thread writes them, so that a reader of stderr that has stopped, has left, or is a full disk costs lines of the log and
//! nothing else: no request waits for it, and nothing fails with it.

use std::io::{self, IsTerminal, Write, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Lines that may wait to be written. Beyond it they are lost, and the log counts them.
const WAITING: usize = 4_096;

/// How long the end of the program waits for the lines that are left.
const LAST_LINES: Duration = Duration::from_millis(500);

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Something logs already.
    #[error(transparent)]
    Taken(#[from] TryInitError),
    /// There is no thread for it.
    #[error("no thread for the log")]
    Thread(#[source] io::Error),
}

/// What the thread is handed.
enum Entry {
    Message(Vec<u8>),
    /// To be answered when everything before it is written.
    Flush(SyncSender<()>),
}

/// The log of this process. Dropping it waits a moment for lines that are not written yet.
#[must_use = "dropping it flushes the log"]
pub struct Log {
    entries: SyncSender<Entry>,
}

/// Starts logging, once per process.
///
/// # Errors
/// [`LogError`].
pub fn start(filter: &str) -> Result<Log, LogError> {
    let (entries, received) = sync_channel(WAITING);
    let lost = Arc::<AtomicU64>::default();
    let of_thread = lost.clone();
    std::thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || write_all(&received, &of_thread, stderr()))
        .map_err(LogError::Thread)?;
    tracing_subscriber::fmt()
        // The settings have refused a filter that cannot be read.
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(Lines { entries: entries.clone(), lost })
        .with_ansi(stderr().is_terminal())
        .finish()
        .try_init()?;
    Ok(Log { entries })
}

impl Log {
    /// Waits until the lines are written that there are by now, but not for long.
    pub fn flush(&self) {
        let (done, is_done) = sync_channel(1);
        // Where the thread is so far behind that there is no room, waiting would not help.
        if self.entries.try_send(Entry::Flush(done)).is_ok() {
            is_done.recv_timeout(LAST_LINES).ok();
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Writes line after line, whether that works or not.
fn write_all(entries: &Receiver<Entry>, lost: &AtomicU64, mut out: impl Write) {
    for entry in entries {
        match entry {
            Entry::Message(line) => {
                let lost = lost.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    writeln!(out, "{lost} lines of the log were lost, because stderr was not read in time")
                        .ok();
                }
                out.write_all(&line).ok();
            }
            // The thread that asked may have given up.
            Entry::Flush(done) => drop(done.try_send(())),
        }
    }
}

/// Hands lines to the thread.
struct Lines {
    entries: SyncSender<Entry>,
    lost: Arc<AtomicU64>,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

impl Write for &Lines {
    /// Takes a whole line, always.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.entries.try_send(Entry::Message(line.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that has left.
    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_find_no_room_are_counted_and_a_broken_reader_stops_nothing() {
        let (entries, received) = sync_channel(2);
        let lines = Lines { entries, lost: Arc::default() };
        for line in ["one\n", "two\n", "three\n", "four\n"] {
            (&lines).write_all(line.as_bytes()).unwrap();
        }
        let lost = lines.lost.clone();
        drop(lines);
        let mut out = Vec::new();
        write_all(&received, &lost, &mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("2 lines of the log were lost"), "{text}");
        assert!(text.ends_with("one\ntwo\n"), "{text}");

        let (entries, received) = sync_channel(2);
        let (done, is_done) = sync_channel(1);
        entries.send(Entry::Message(b"unheard\n".to_vec())).unwrap();
        entries.send(Entry::Flush(done)).unwrap();
        drop(entries);
        write_all(&received, &AtomicU64::new(0), Broken);
        is_done.recv().unwrap();
    }
}
