//! What clients that come back are missing, kept in memory. Enough for a suite; a product keeps it in its store.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use socketio::codec::event_to_finish;
use socketio::{Outgoing, OutgoingArgs, Recovery, Socket};

/// Clients that are remembered, and events of each. The oldest are forgotten.
const CLIENTS: usize = 1_000;
const EVENTS: usize = 1_000;

/// What was sent to whom.
#[derive(Default)]
pub(crate) struct Memory {
    clients: Mutex<Clients>,
}

#[derive(Default)]
struct Clients {
    by_pid: HashMap<Box<str>, StoredSession>,
    oldest: VecDeque<Box<str>>,
    numbers: u64,
}

struct StoredSession {
    sid: Box<str>,
    namespace: Box<str>,
    sent: VecDeque<(String, Outgoing)>,
}

/// A client that has come back.
pub(crate) struct Missed {
    pub(crate) sid: Box<str>,
    pub(crate) replay: Vec<Outgoing>,
}

impl Memory {
    /// Remembers a client that is new, by the private identifier that it gets.
    pub(crate) fn begin(&self, socket: &Socket) -> Box<str> {
        let mut clients = self.lock();
        // A suite need not be kept from guessing.
        let pid: Box<str> = format!("private-{}", socket.id()).into();
        if clients.oldest.len() == CLIENTS
            && let Some(oldest) = clients.oldest.pop_front()
        {
            clients.by_pid.remove(&oldest);
        }
        let kept = StoredSession {
            sid: socket.id().into(),
            namespace: socket.namespace().into(),
            sent: VecDeque::new(),
        };
        clients.by_pid.insert(pid.clone(), kept);
        clients.oldest.push_back(pid.clone());
        pid
    }

    /// What a client is missing; nothing if that is not known completely.
    pub(crate) fn recover(&self, namespace: &str, recovery: &Recovery) -> Option<Missed> {
        let clients = self.lock();
        let kept = clients.by_pid.get(&*recovery.pid).filter(|kept| *kept.namespace == *namespace)?;
        let last = recovery.offset.as_deref()?;
        let seen = kept.sent.iter().position(|(offset, _)| offset == last)?;
        let replay = kept.sent.iter().skip(seen + 1).map(|(_, event)| event.clone()).collect();
        Some(Missed { sid: kept.sid.clone(), replay })
    }

    /// The client has left for good.
    pub(crate) fn forget(&self, pid: &str) {
        let mut clients = self.lock();
        clients.by_pid.remove(pid);
        clients.oldest.retain(|it| **it != *pid);
    }

    /// An event whose last argument is where it stands.
    fn keep(&self, pid: &str, namespace: &str, name: &str, args: &OutgoingArgs) -> Outgoing {
        let mut clients = self.lock();
        clients.numbers += 1;
        let offset = format!("offset-{}", clients.numbers);
        let encoded = event_to_finish(namespace, name, args);
        let event = Outgoing::text(encoded.text)
            .with_tail(format!(",\"{offset}\"]").into())
            .with_attachments(encoded.attachments.into());
        if let Some(kept) = clients.by_pid.get_mut(pid) {
            if kept.sent.len() == EVENTS {
                kept.sent.pop_front();
            }
            kept.sent.push_back((offset, event.clone()));
        }
        event
    }

    fn lock(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Speaks to a client so that it can recover.
#[derive(Clone)]
pub(crate) struct RecoverableSocket {
    pub(crate) socket: Socket,
    pub(crate) pid: Box<str>,
    pub(crate) memory: Arc<Memory>,
}

impl RecoverableSocket {
    /// Sends an event. A client that is away gets it when it comes back.
    pub(crate) fn emit(&self, name: &str, args: &OutgoingArgs) {
        let event = self.memory.keep(&self.pid, self.socket.namespace(), name, args);
        self.socket.send(event).ok();
    }
}
