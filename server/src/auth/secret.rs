//! Secrets: creates tokens and cookies from the operating system's randomness, and the hashes that are stored of them.

use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use rand::TryRng;
use rand::rngs::{SysError, SysRng};
use sha2::{Digest, Sha256};

use crate::config::Secret;
use crate::own_file;

/// Where a development server keeps the signing secret that it made.
pub const SECRET_FILE: &str = "jwt-secret";

/// 256 random bits as 64 hexadecimal digits: a refresh token, a cookie, a ticket.
///
/// # Errors
/// [`SysError`] when the operating system has no randomness to give.
pub fn new_secret() -> Result<String, SysError> {
    let mut bytes = [0; 32];
    SysRng.try_fill_bytes(&mut bytes)?;
    Ok(bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|it| char::from_digit(it.into(), 16))
        .collect())
}

/// What is stored of a secret. It has 256 random bits, so one fast hash is enough; there is nothing to guess.
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Reads the signing secret of a development server, or makes it at the first start.
///
/// # Errors
/// [`io::Error`] when the file cannot be read or made, or holds too little.
pub fn load_or_make(folder: &Path) -> io::Result<Secret> {
    let path = folder.join(SECRET_FILE);
    let text = match own_file::open(&path) {
        Ok(mut file) => {
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            text
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let text = new_secret().map_err(io::Error::other)?;
            // Made with its mode, not changed afterwards, so that it is never readable by others.
            let mut file = own_file::create(&path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            text
        }
        Err(error) => return Err(error),
    };
    Secret::new(text.trim().as_bytes()).ok_or_else(|| {
        io::Error::new(ErrorKind::InvalidData, "it is too short; delete it and a new one is made")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_have_256_bits_and_differ() {
        let (one, two) = (new_secret().unwrap(), new_secret().unwrap());
        assert_eq!(one.len(), 64);
        assert_ne!(one, two);
        assert_ne!(hash(&one), hash(&two));
    }
}
