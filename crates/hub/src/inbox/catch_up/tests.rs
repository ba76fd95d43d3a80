//! Tests of the size of portions, which no client can tell from outside.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use protocol::{InboxItem, Job, JobKind, JobStatus, Notification, NotificationId, Opaque, UserId};
use uuid::Uuid;

use super::*;
use crate::client::{ClientId, Identity, SignInId};
use crate::memory::MemoryStore;
use crate::model::User;
use crate::queue::{ClientTransport, DeliveryPolicy, Encoder, TransportFuture};
use crate::store::{InboxStore, JobWrite, NewEntry};

/// When a client keeps up.
#[derive(Clone, Copy)]
enum KeepsUp {
    Always,
    /// Until it was pushed so many frames since the last portion.
    With(usize),
    /// Every other time that it is asked.
    Alternately,
}

/// The transport of a client that keeps what it was pushed.
struct CountingTransport {
    keeps_up: KeepsUp,
    asked: AtomicUsize,
    frames: Mutex<Vec<Bytes>>,
}

impl ClientTransport for CountingTransport {
    fn push(&self, frame: Bytes, _: DeliveryPolicy) -> Result<(), Disconnected> {
        self.frames.lock().unwrap().push(frame);
        Ok(())
    }

    fn keeps_up(&self) -> TransportFuture<'_, ()> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        let is_ready = match self.keeps_up {
            KeepsUp::Always => true,
            KeepsUp::With(frames) => self.frames.lock().unwrap().len() < frames,
            KeepsUp::Alternately => asked.is_multiple_of(2),
        };
        if is_ready { Box::pin(std::future::ready(())) } else { Box::pin(std::future::pending()) }
    }

    fn receipt(&self) -> TransportFuture<'static, Result<(), Disconnected>> {
        Box::pin(std::future::pending())
    }

    fn close(&self, _: CloseCode) {}
}

fn encode(event: &Event) -> Option<Bytes> {
    match event {
        Event::Notification(it, _) => Some(it.message.clone().into()),
        Event::Job(it, ..) => it.job.message.clone().map(Bytes::from),
        _ => None,
    }
}

fn ann() -> UserId {
    UserId::parse("ann").unwrap()
}

fn notification(number: u128, bytes: usize) -> NewEntry {
    let item = InboxItem::Notification(Notification {
        id: NotificationId(Uuid::from_u128(number)),
        title: String::new(),
        message: "x".repeat(bytes),
        kind: "info".to_owned(),
        at_ms: 0,
        is_read: false,
    });
    NewEntry { item, waits: true }
}

fn job(number: u128, bytes: usize) -> Job {
    Job {
        id: JobId(Uuid::from_u128(number)),
        owner: ann(),
        kind: JobKind::default(),
        subject: None,
        title: String::new(),
        status: JobStatus::Running,
        progress: 0,
        stage: None,
        message: Some("x".repeat(bytes)),
        result: Opaque(None),
        error: None,
        retryable: false,
        created_at_ms: 0,
        updated_at_ms: 0,
    }
}

/// What the portions of a catch-up bring: the frames and the bytes of each. The store has so many entries and running jobs
/// of so many bytes each.
async fn portions(
    start: InboxStart,
    entries: usize,
    jobs: usize,
    bytes: usize,
    keeps_up: KeepsUp,
) -> Vec<(usize, usize)> {
    let store = Arc::new(MemoryStore::default());
    let user = User {
        id: ann(),
        username: "ann".to_owned(),
        email: String::new(),
        is_active: true,
        created_at_ms: 0,
    };
    store.put_user(user.clone());
    for number in 0..jobs {
        let write = JobWrite::Save(job(number as u128, bytes));
        store.put_in_inbox(&ann(), Vec::new(), Some(write), 0).await.unwrap();
    }
    let entries = (0..entries).map(|number| notification(number as u128, bytes)).collect();
    store.put_in_inbox(&ann(), entries, None, 0).await.unwrap();
    let transport =
        Arc::new(CountingTransport { keeps_up, asked: AtomicUsize::new(0), frames: Mutex::default() });
    let identity = Identity { user: Arc::new(user), sign_in: SignInId(Uuid::from_u128(1)) };
    let client = ClientHandle::new(ClientId(1), identity, Encoder::new(0, encode), transport.clone());
    let mut inbox = StoredInbox::new(store, ann(), None);
    let stamp = Stamp { at_ms: 0, server: "test".into() };
    let mut catch_up = CatchUp::start(Arc::new(client), start, None, &mut inbox).await.unwrap();
    let mut portions = Vec::new();
    loop {
        let progress = catch_up.send_portion(&mut inbox, &stamp).await;
        portions.push(std::mem::take(&mut *transport.frames.lock().unwrap()));
        match progress {
            Ok(CatchUpProgress::More) => assert!(portions.len() < 1_000, "it does not end"),
            Ok(CatchUpProgress::Subscribed) => break,
            Err(CatchUpError::ClientGone | CatchUpError::Gap | CatchUpError::Store(_)) => {
                panic!("it ends early")
            }
        }
    }
    portions.iter().map(|frames| (frames.len(), frames.iter().map(Bytes::len).sum())).collect()
}

/// Entries that wait, entries after a cursor, and running jobs.
const SOURCES: [(InboxStart, usize, usize); 3] =
    [(InboxStart::Fresh, 1, 0), (InboxStart::Cursor(0), 1, 0), (InboxStart::Fresh, 0, 1)];

#[tokio::test]
async fn a_client_that_keeps_up_gets_full_portions() {
    for (start, entries, jobs) in SOURCES {
        // Of a quarter of a portion each, and one frame more than two portions have.
        let frames = 9;
        let size = limits::PORTION_BYTES / 4;
        let portions = portions(start, entries * frames, jobs * frames, size, KeepsUp::Always).await;
        assert_eq!(portions.iter().map(|it| it.0).sum::<usize>(), frames, "{portions:?}");
        assert!(portions.iter().all(|it| it.1 < 2 * limits::PORTION_BYTES), "{start:?}: {portions:?}");
        assert!(portions.len() <= 4, "{start:?}: {portions:?}");
    }
}

#[tokio::test]
async fn small_entries_share_a_portion() {
    for (start, entries, jobs) in SOURCES {
        let portions = portions(start, entries * 100, jobs * 100, 10, KeepsUp::Always).await;
        assert_eq!(portions, [(100, 1_000)], "{start:?}");
    }
}

#[tokio::test]
async fn a_portion_ends_when_the_client_lags() {
    for start in [InboxStart::Fresh, InboxStart::Cursor(0)] {
        let portions = portions(start, 20, 0, 10, KeepsUp::With(3)).await;
        let frames: Vec<usize> = portions.iter().map(|it| it.0).collect();
        assert_eq!(frames, [3, 3, 3, 3, 3, 3, 2], "{start:?}");
    }
}

#[tokio::test]
async fn no_entry_is_skipped_when_the_client_lags_while_a_page_is_read() {
    for start in [InboxStart::Fresh, InboxStart::Cursor(0)] {
        let portions = portions(start, 20, 0, 10, KeepsUp::Alternately).await;
        assert_eq!(portions.iter().map(|it| it.0).sum::<usize>(), 20, "{start:?}: {portions:?}");
    }
}

#[tokio::test]
async fn jobs_of_exactly_one_page_and_one_more_are_all_sent() {
    let page = usize::try_from(ENTRIES).unwrap();
    for jobs in [page - 1, page, page + 1] {
        let portions = portions(InboxStart::Fresh, 0, jobs, 10, KeepsUp::Always).await;
        assert_eq!(portions, [(jobs, 10 * jobs)]);
    }
}
