//! Passwords: hashed with Argon2id, away from the threads that serve sockets.
//!
//! A permit belongs to the work, not to the request: a hash that has begun goes on to its end, whether the client waits
//! for it or has hung up, and takes its memory and its core until then.
//!
//! Passwords that are displayed alike are the same: the same letters may be typed as one character or as several, by keyboard and system
//! (Unicode Standard Annex 15), so passwords are hashed in one normal form (NIST SP 800-63B, section 5.1.1.2).

use std::sync::Arc;

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

use super::AuthError;

/// Hashes at a time. Each takes 19 MiB and some 20 ms of a core, so more would starve the sockets.
const AT_A_TIME: usize = 2;

/// Hashes that may wait for a permit: a second or two of work. Beyond it users are asked to try again.
const WAITING: usize = 128;

/// Hashes and compares passwords.
pub struct Passwords {
    /// One for each hash at work.
    at_work: Arc<Semaphore>,
    /// One for each hash that waits or is at work.
    queue: Arc<Semaphore>,
    /// Compared with when there is no such user, so that the answer takes as long as for a wrong password.
    dummy_hash: Arc<str>,
}

impl Passwords {
    /// Ready to hash. Takes as long as one hash.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when hashing does not work at all.
    pub async fn new() -> Result<Self, AuthError> {
        let dummy_hash = compute(|| hash("nobody has this password")).await?.into();
        let (at_work, queue) = (Semaphore::new(AT_A_TIME), Semaphore::new(WAITING));
        Ok(Self { at_work: Arc::new(at_work), queue: Arc::new(queue), dummy_hash })
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// [`AuthError::Busy`], [`AuthError::Internal`].
    pub async fn hash(&self, password: &str) -> Result<String, AuthError> {
        let password: String = password.nfc().collect();
        self.with_permits(move || hash(&password)).await
    }

    /// Whether this is the password; without a hash to compare with it is not, after the same time.
    ///
    /// # Errors
    /// [`AuthError::Busy`], [`AuthError::Internal`].
    pub async fn is_right(&self, password: &str, stored: Option<String>) -> Result<bool, AuthError> {
        let (typed, exists) = (password.to_owned(), stored.is_some());
        let stored = stored.map_or_else(|| self.dummy_hash.clone(), Arc::from);
        let matches = self
            .with_permits(move || {
                let normal: String = typed.nfc().collect();
                // Versions before hashed what was typed.
                Ok(verify(&normal, &stored)? || (normal != typed && verify(&typed, &stored)?))
            })
            .await?;
        Ok(exists && matches)
    }

    /// Computes as soon as there is a permit for it. A client that hangs up while it waits leaves the queue; work that has begun keeps
    /// both of its permits to its end.
    async fn with_permits<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, AuthError> + Send + 'static,
    ) -> Result<T, AuthError> {
        let queued = self.queue.clone().try_acquire_owned().map_err(|_| AuthError::Busy)?;
        let permit = self.at_work.clone().acquire_owned().await.map_err(AuthError::internal)?;
        compute(move || {
            let result = work();
            drop((queued, permit));
            result
        })
        .await
    }
}

async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AuthError> + Send + 'static,
) -> Result<T, AuthError> {
    tokio::task::spawn_blocking(work).await.map_err(AuthError::internal)?
}

fn hash(password: &str) -> Result<String, AuthError> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| AuthError::internal(error.to_string()))
}

fn verify(password: &str, stored: &str) -> Result<bool, AuthError> {
    use argon2::password_hash::Error;

    match Argon2::default().verify_password(password.as_bytes(), stored) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(AuthError::internal(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_password_is_right_or_wrong_and_none_is_never_right() {
        let passwords = Passwords::new().await.unwrap();
        let stored = passwords.hash("correct horse").await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(passwords.is_right("correct horse", Some(stored.clone())).await.unwrap());
        assert!(!passwords.is_right("correct horsf", Some(stored)).await.unwrap());
        assert!(!passwords.is_right("nobody has this password", None).await.unwrap());
    }

    #[tokio::test]
    async fn hashes_whose_clients_hung_up_keep_their_permits() {
        let passwords = Passwords::new().await.unwrap();
        let (begun, begins) = mpsc::channel();
        let mut gates = Vec::new();
        let mut request = || {
            let (open, gate) = mpsc::channel::<()>();
            gates.push(open);
            let begun = begun.clone();
            passwords.with_permits(move || {
                begun.send(()).unwrap();
                gate.recv().map_err(AuthError::internal)
            })
        };
        for _ in 0..AT_A_TIME {
            // The first poll starts the work; then its client hangs up.
            assert!(request().now_or_never().is_none());
            begins.recv().unwrap();
        }
        let mut next = Box::pin(request());
        assert!(next.as_mut().now_or_never().is_none());
        assert!(request().now_or_never().is_none(), "this one gives up while it waits");

        assert_eq!(passwords.at_work.available_permits(), 0);
        assert_eq!(passwords.queue.available_permits(), WAITING - AT_A_TIME - 1);
        assert!(begins.try_recv().is_err(), "a third hash is at work");

        for gate in gates {
            // That of the client that gave up is gone.
            gate.send(()).ok();
        }
        next.await.unwrap();
        begins.recv().unwrap();
        let most = u32::try_from(AT_A_TIME).unwrap();
        drop(passwords.at_work.acquire_many(most).await.unwrap());
        assert_eq!(passwords.queue.available_permits(), WAITING);
    }

    #[tokio::test]
    async fn an_older_password_is_right_as_it_was_typed() {
        let passwords = Passwords::new().await.unwrap();
        let decomposed = "cafe\u{301} au lait";
        let stored = hash(decomposed).unwrap();
        assert!(passwords.is_right(decomposed, Some(stored)).await.unwrap());
    }
}
