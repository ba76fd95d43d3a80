//! Outgoing: a message on its way to a client, in bytes that sessions share.

use std::sync::Arc;

use bytes::Bytes;
use send_queue::DeliveryPolicy;

/// Bytes that a message costs beside its content: the queue's own slot and the frame header.
const OVERHEAD: usize = 48;

/// A message in bytes that other sessions may share. Cloning it copies pointers.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub(crate) kind: Kind,
    pub(crate) head: Bytes,
    pub(crate) tail: Bytes,
    pub(crate) attachments: Option<Arc<[Bytes]>>,
    pub(crate) delivery: DeliveryPolicy,
}

/// Which packet an [`Outgoing`] becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Binary,
    Ping,
}

impl Outgoing {
    /// A text message. The caller guarantees that it is UTF-8.
    pub fn text(text: Bytes) -> Self {
        Self::new(Kind::Text, text)
    }

    /// A binary message.
    pub fn binary(data: Bytes) -> Self {
        Self::new(Kind::Binary, data)
    }

    pub(crate) fn ping() -> Self {
        Self::new(Kind::Ping, Bytes::new())
    }

    /// The text ends in `tail`, which differs from reader to reader. Also UTF-8.
    #[must_use]
    pub fn with_tail(mut self, tail: Bytes) -> Self {
        self.tail = tail;
        self
    }

    /// Binary messages that follow it without anything in between.
    #[must_use]
    pub fn with_attachments(mut self, attachments: Arc<[Bytes]>) -> Self {
        self.attachments = Some(attachments).filter(|it| !it.is_empty());
        self
    }

    /// How it is delivered while the client lags. By default it must arrive.
    #[must_use]
    pub fn with_delivery(mut self, delivery: DeliveryPolicy) -> Self {
        self.delivery = delivery;
        self
    }

    pub(crate) fn attachments(&self) -> &[Bytes] {
        self.attachments.as_deref().unwrap_or_default()
    }

    /// Bytes that it counts for while it waits.
    pub fn weight(&self) -> usize {
        let attached: usize = self.attachments().iter().map(|it| it.len() + OVERHEAD).sum();
        self.head.len() + self.tail.len() + OVERHEAD + attached
    }

    fn new(kind: Kind, head: Bytes) -> Self {
        Self { kind, head, tail: Bytes::new(), attachments: None, delivery: DeliveryPolicy::Reliable }
    }
}
