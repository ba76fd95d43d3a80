//! Opaque: JSON of an application, which passes through the hub.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

/// JSON of an application. The pages do not read it: what they decode has the default in its place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Opaque<T>(pub T);

impl<T: Default> serde_lite::Deserialize for Opaque<T> {
    fn deserialize(_: &serde_lite::Intermediate) -> Result<Self, serde_lite::Error> {
        Ok(Self::default())
    }
}

impl<T> Deref for Opaque<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Opaque<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
