//! Failure: why a run could not be made, in words.

use std::error::Error;

pub(super) type Failed = Box<dyn Error + Send + Sync>;
