//! The secret that signs access tokens: from `JWT_SECRET`, `ACCESS_TOKEN_SECRET`, or a file (`JWT_SECRET_FILE`), as Kubernetes
//! mounts secrets and systemd passes credentials: other processes do not inherit a file, and `ps` does not show it.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::choice::Environment;
use super::error::{ConfigError, invalid};

/// Minimum length of a signing secret: the output size of HS256 (RFC 7518, section 3.2).
const MIN_BYTES: usize = 32;

/// Far more than a secret has; a longer file is not the intended one.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// The key that signs access tokens. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Accepts any bytes that are long enough.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Option<Self> {
        let bytes = bytes.into();
        (bytes.len() >= MIN_BYTES).then_some(Self(bytes))
    }

    /// For the signature.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(..)")
    }
}

/// The secret of the settings; `None` only in development, where one is generated.
///
/// # Errors
/// [`ConfigError::Invalid`] for a secret that is missing, too short, or set twice with different values.
pub(super) fn from_settings(
    environment: Environment,
    first: Option<String>,
    second: Option<String>,
    file: Option<&Path>,
) -> Result<Option<Secret>, ConfigError> {
    let (first, name) = match file {
        None => (first, "JWT_SECRET"),
        Some(_) if first.is_some() => return Err(invalid("JWT_SECRET and JWT_SECRET_FILE are both set")),
        Some(_) if second.is_some() => {
            return Err(invalid("ACCESS_TOKEN_SECRET and JWT_SECRET_FILE are both set"));
        }
        Some(file) => (Some(read_file(file)?), "the content of JWT_SECRET_FILE"),
    };
    // Files end in a line break, and so do values made from files, such as a secret of Kubernetes.
    let trimmed = |given: Option<String>| given.map(|it| it.trim().to_owned());
    let given = match (trimmed(first), trimmed(second)) {
        (Some(first), Some(second)) if first != second => {
            return Err(invalid("JWT_SECRET and ACCESS_TOKEN_SECRET are both set and differ"));
        }
        (first, second) => first.or(second),
    };
    match (given, environment) {
        (Some(given), _) => Secret::new(given)
            .map(Some)
            .ok_or_else(|| invalid(format!("{name} is shorter than {MIN_BYTES} bytes"))),
        (None, Environment::Development) => Ok(None),
        (None, Environment::Production) => Err(invalid(format!(
            "JWT_SECRET is not set, nor JWT_SECRET_FILE: production needs one of at least {MIN_BYTES} bytes \
             (or set HUBBUB_ENV=development to have one generated)"
        ))),
    }
}

fn read_file(path: &Path) -> Result<String, ConfigError> {
    let error = |what: &str| invalid(format!("the file of JWT_SECRET_FILE, `{}`, {what}", path.display()));
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|cause| error(&format!("cannot be read: {cause}")))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_FILE_BYTES) {
        return Err(error(&format!("is larger than {MAX_FILE_BYTES} bytes")));
    }
    // Trimming would cut off bytes that happen to be white space, and the other signer would not do the same.
    String::from_utf8(bytes).map_err(|_| error("is not text"))
}
