//! Passwords: hashed with Argon2id, away from the threads that serve sockets.
//!
//! What looks the same is the same: the same letters may be typed as one character or as several, by keyboard and system
//! (Unicode Standard Annex 15), so passwords are hashed in one normal form (NIST SP 800-63B, section 5.1.1.2).

use std::sync::Arc;

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

use super::AuthError;

/// Hashes at a time. Each takes 19 MiB and some 20 ms of a core, so more would starve the sockets.
const AT_A_TIME: usize = 2;

/// Hashes that may wait for their turn: a second or two of work. Beyond it people are asked to come back.
const WAITING: usize = 128;

/// Hashes and compares.
pub struct Passwords {
    turns: Semaphore,
    queue: Semaphore,
    /// Compared with when there is no such person, so that the answer takes as long as for a wrong password.
    nobody: Arc<str>,
}

impl Passwords {
    /// Ready to hash. Takes as long as one hash.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when hashing does not work at all.
    pub async fn new() -> Result<Self, AuthError> {
        let nobody = compute(|| hash("nobody has this password")).await?.into();
        Ok(Self { turns: Semaphore::new(AT_A_TIME), queue: Semaphore::new(WAITING), nobody })
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// [`AuthError::Busy`], [`AuthError::Internal`].
    pub async fn hash(&self, password: &str) -> Result<String, AuthError> {
        let password: String = password.nfc().collect();
        self.in_turn(move || hash(&password)).await
    }

    /// Whether this is the password; without a hash to compare with it is not, after the same time.
    ///
    /// # Errors
    /// [`AuthError::Busy`], [`AuthError::Internal`].
    pub async fn is_right(&self, password: &str, stored: Option<String>) -> Result<bool, AuthError> {
        let (typed, exists) = (password.to_owned(), stored.is_some());
        let stored = stored.map_or_else(|| self.nobody.clone(), Arc::from);
        let matches = self
            .in_turn(move || {
                let normal: String = typed.nfc().collect();
                // Versions before hashed what was typed.
                Ok(verify(&normal, &stored)? || (normal != typed && verify(&typed, &stored)?))
            })
            .await?;
        Ok(exists && matches)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, AuthError> + Send + 'static,
    ) -> Result<T, AuthError> {
        let _place = self.queue.try_acquire().map_err(|_| AuthError::Busy)?;
        let _turn = self.turns.acquire().await.map_err(AuthError::internal)?;
        compute(work).await
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
    use super::*;

    #[tokio::test]
    async fn a_password_is_right_or_wrong_and_nobody_has_none() {
        let passwords = Passwords::new().await.unwrap();
        let stored = passwords.hash("correct horse").await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(passwords.is_right("correct horse", Some(stored.clone())).await.unwrap());
        assert!(!passwords.is_right("correct horsf", Some(stored)).await.unwrap());
        assert!(!passwords.is_right("nobody has this password", None).await.unwrap());
    }

    #[tokio::test]
    async fn a_password_of_before_is_right_as_it_was_typed() {
        let passwords = Passwords::new().await.unwrap();
        let decomposed = "cafe\u{301} au lait";
        let stored = hash(decomposed).unwrap();
        assert!(passwords.is_right(decomposed, Some(stored)).await.unwrap());
    }
}
