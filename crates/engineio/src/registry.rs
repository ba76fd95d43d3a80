//! Registry: the open sessions by their identifier.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::RequestError;
use crate::session_inner::SessionInner;
use crate::sid::Sid;

/// Sessions by their identifier.
#[derive(Debug)]
pub(crate) struct Registry {
    limit: usize,
    /// A std mutex: held for one look-up. A WebSocket is looked up once, when it begins.
    sessions: Mutex<HashMap<Sid, Arc<SessionInner>>>,
    is_stopping: AtomicBool,
}

impl Registry {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, sessions: Mutex::default(), is_stopping: AtomicBool::new(false) }
    }

    /// Adds a session.
    ///
    /// # Errors
    /// [`RequestError::Full`] when there are too many, or the server stops.
    pub(crate) fn add(&self, session: Arc<SessionInner>) -> Result<(), RequestError> {
        let mut sessions = self.lock();
        if sessions.len() >= self.limit || self.is_stopping.load(Ordering::Relaxed) {
            return Err(RequestError::Full);
        }
        sessions.insert(session.sid, session);
        Ok(())
    }

    /// A session, which may have ended a moment ago.
    pub(crate) fn find(&self, sid: &str) -> Option<Arc<SessionInner>> {
        self.lock().get(&Sid::parse(sid)?).cloned()
    }

    pub(crate) fn remove(&self, session: &SessionInner) {
        self.lock().remove(&session.sid);
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    /// Adds no more sessions, and answers with those that there are.
    pub(crate) fn stop(&self) -> Vec<Arc<SessionInner>> {
        let sessions = self.lock();
        // Under the lock, so that no session is added that is not in the answer.
        self.is_stopping.store(true, Ordering::Relaxed);
        sessions.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Sid, Arc<SessionInner>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
