//! The signing secret in a file (`JWT_SECRET_FILE`), as Kubernetes mounts secrets and systemd hands over credentials: a file is
//! not inherited by other programs and not shown by `ps`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{ConfigError, refused};

/// Far more than a secret has; a file that goes on is another one than was meant.
const MAX_BYTES: u64 = 64 * 1024;

/// What is in the file.
///
/// # Errors
/// [`ConfigError::Refused`] for a file that cannot be read, is no text, or is far too large.
pub(super) fn read(path: &Path) -> Result<String, ConfigError> {
    let why = |what: &str| refused(format!("the file of JWT_SECRET_FILE, `{}`, {what}", path.display()));
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| why(&format!("cannot be read: {error}")))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES) {
        return Err(why(&format!("is larger than {MAX_BYTES} bytes")));
    }
    // Bytes that happen to be white space would be cut off, and the other signer would not do the same.
    String::from_utf8(bytes).map_err(|_| why("is no text"))
}
