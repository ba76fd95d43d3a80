//! Client task: handles the packets of one client one after another.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use engineio::{CloseReason, Message, MessageReceiver, Outgoing, Session, random_id};
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, sleep_until};

use crate::application::{Application, ConnectError, ConnectRequest, DisconnectReason};
use crate::codec::{ClientEvent, DecodeError, Packet, PacketDecoder, connect_error, msgpack};
use crate::connect_buffer::ConnectBuffer;
use crate::settings::SocketIoSettings;
use crate::socket::{Signal, Socket};

/// The error for a client whose packets are those of another parser.
const OTHER_PARSER: &str =
    "This server speaks the default parser of Socket.IO: leave out the option `parser`";

/// The task of one client, with the namespaces that the client is in.
pub(crate) struct ClientTask<'a, A: Application> {
    application: &'a A,
    settings: &'a SocketIoSettings,
    session: Session,
    messages: MessageReceiver,
    /// A message that waits for its time, and for room for the answers to it.
    pending: Option<Pending>,
    admission: A::Admission,
    decoder: PacketDecoder,
    /// Until when the attachments of a packet have to come, while some are missing.
    attach_by: Option<Instant>,
    /// Packets since the client was in a namespace.
    early_packets: usize,
    /// Requests to enter a namespace that were refused.
    refused_connects: usize,
    /// Few; searched one by one.
    connections: Vec<Connected<A::Connection>>,
    /// Namespaces that the client was disconnected from or refused, and may not know it yet.
    kicked: Vec<Box<str>>,
    /// Until when the client has to be in a namespace, while it is in none.
    connect_by: Option<Instant>,
    /// The client was sent the error that its packets are of an unsupported parser.
    has_other_parser: bool,
    signal: Arc<Signal>,
}

/// A message that is not handled yet.
struct Pending {
    message: Message,
    /// Not before.
    from: Instant,
}

struct Connected<C> {
    socket: Socket,
    connection: C,
}

/// How the client violated the protocol.
#[derive(Debug, thiserror::Error)]
enum Violation {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A packet for a namespace that the client is not in, or a request to enter one that it is in.
    #[error("a packet that does not fit the state of its namespace")]
    State,
    /// More packets than a client needs to enter a namespace.
    #[error("too many packets outside of a namespace")]
    TooEarly,
    /// Attachments that did not come in time.
    #[error("attachments that did not come in time")]
    NoAttachments,
}

impl<'a, A: Application> ClientTask<'a, A> {
    pub(crate) fn new(
        application: &'a A,
        settings: &'a SocketIoSettings,
        session: Session,
        messages: MessageReceiver,
        admission: A::Admission,
    ) -> Self {
        Self {
            application,
            settings,
            session,
            messages,
            pending: None,
            admission,
            decoder: PacketDecoder::new(settings.max_attachments, settings.engine.max_payload),
            attach_by: None,
            early_packets: 0,
            refused_connects: 0,
            connections: Vec::new(),
            kicked: Vec::new(),
            connect_by: Some(Instant::now() + settings.connect_timeout),
            has_other_parser: false,
            signal: Arc::default(),
        }
    }

    /// Serves the client to its end.
    pub(crate) async fn run(&mut self) {
        let mut timer = pin!(sleep_until(self.connect_by.unwrap_or_else(Instant::now)));
        let signal = self.signal.clone();
        loop {
            let deadline = self.next_deadline();
            if let Some(deadline) = deadline.filter(|it| *it != timer.deadline()) {
                timer.as_mut().reset(deadline);
            }
            let message = tokio::select! {
                // Messages of a client that was disconnected are not handled any more.
                biased;
                () = poll_fn(|cx| signal.poll_raised(cx)) => {
                    Box::pin(self.disconnect_removed()).await;
                    continue;
                }
                message = self.next_with_room() => message,
                () = &mut timer, if deadline.is_some() => {
                    if self.attach_by.is_some_and(|attach_by| attach_by <= Instant::now()) {
                        self.end(&Violation::NoAttachments);
                        break;
                    }
                    if self.connect_by.is_none() {
                        self.on_deadline();
                        continue;
                    }
                    tracing::debug!("A client was in no namespace for too long");
                    self.session.close(CloseReason::Server);
                    break;
                }
            };
            let Some(message) = message else { break };
            // In a box, so that a task that waits for the next message is small.
            if let Err(violation) = Box::pin(self.on_message(message)).await {
                self.end(&violation);
                break;
            }
        }
        let reason = self.session.close_reason().unwrap_or(CloseReason::Server);
        Box::pin(self.leave_all(DisconnectReason::Ended(reason))).await;
    }

    fn end(&self, violation: &Violation) {
        tracing::debug!(%violation, "A client of Socket.IO violated the protocol");
        self.session.abort(CloseReason::Protocol);
    }

    /// The next message, once it is its time and there is room for the answers to it: a client is not closed for its own
    /// requests, however fast it sends them and however slowly it reads the answers. May be dropped and called again; nothing
    /// is lost.
    async fn next_with_room(&mut self) -> Option<Message> {
        if self.pending.is_none() {
            let message = self.messages.next().await?;
            let bytes = message.weight();
            let waits = self.connections.iter().map(|it| self.application.charge(&it.connection, bytes));
            let from = Instant::now() + waits.max().unwrap_or_default();
            self.pending = Some(Pending { message, from });
            // Messages that have arrived are taken without waiting: other tasks have to run in between.
            consume_budget().await;
        }
        if let Some(Pending { from, .. }) =
            self.pending.as_ref().filter(|pending| pending.from > Instant::now())
        {
            // In a box, because it is rare.
            Box::pin(sleep_until(*from)).await;
        }
        if !self.session.has_room() {
            Box::pin(self.session.room_available()).await;
        }
        self.pending.take().map(|pending| pending.message)
    }

    /// When something is due even if the client sends nothing.
    fn next_deadline(&self) -> Option<Instant> {
        let deadlines =
            self.connections.iter().filter_map(|it| self.application.next_deadline(&it.connection));
        let deadline = if self.connect_by.is_some() { self.connect_by } else { deadlines.min() };
        deadline.into_iter().chain(self.attach_by).min()
    }

    /// Calls the application for the connections whose deadline has come.
    fn on_deadline(&mut self) {
        let now = Instant::now();
        for Connected { connection, socket } in &mut self.connections {
            if self.application.next_deadline(connection).is_some_and(|deadline| deadline <= now) {
                self.application.on_deadline(connection, socket);
            }
        }
    }

    async fn on_message(&mut self, message: Message) -> Result<(), Violation> {
        if self.connections.is_empty() {
            self.early_packets += 1;
            if self.early_packets > self.settings.max_early_packets {
                return Err(Violation::TooEarly);
            }
        }
        let packet = match message {
            Message::Text(text) => self.decoder.text(&text)?,
            Message::Binary(data) if self.is_of_other_parser(&data) => return Ok(()),
            Message::Binary(data) => self.decoder.binary(data)?,
        };
        if !self.decoder.is_waiting() {
            self.attach_by = None;
        } else if self.connections.is_empty() {
            // Only a client in a namespace may send bytes.
            return Err(Violation::State);
        } else if self.attach_by.is_none() {
            self.attach_by = Some(Instant::now() + self.settings.attachment_timeout);
        }
        match packet {
            None => Ok(()),
            Some(Packet::Connect { namespace, payload }) => self.connect(namespace, payload).await,
            Some(Packet::Disconnect { namespace }) => self.leave(&namespace).await,
            Some(Packet::Event { namespace, event }) => self.on_event(&namespace, event).await,
            Some(Packet::Ack { namespace, id, args }) => {
                if let Some(connected) = self.find(&namespace)? {
                    connected.socket.resolve(id, args);
                }
                Ok(())
            }
        }
    }

    /// Whether a message is of a client whose packets are `MessagePack`. Such a client is sent one error in that format, because
    /// otherwise it would come back forever. Its other messages are ignored.
    fn is_of_other_parser(&mut self, data: &[u8]) -> bool {
        if self.connect_by.is_none() || self.decoder.is_waiting() {
            return false;
        }
        if let Some(namespace) = msgpack::connect_namespace(data).filter(|_| !self.has_other_parser) {
            self.has_other_parser = true;
            let packet = msgpack::connect_error(namespace, OTHER_PARSER);
            // A session that has ended needs no answer.
            self.session.send(Outgoing::binary(packet)).ok();
        }
        self.has_other_parser
    }

    /// The client in a namespace. `None`: it was disconnected or refused, and may not have known.
    fn find(&mut self, namespace: &str) -> Result<Option<&mut Connected<A::Connection>>, Violation> {
        let was_kicked = self.kicked.iter().any(|it| **it == *namespace);
        match self.connections.iter_mut().find(|it| it.socket.namespace() == namespace) {
            Some(connected) if connected.socket.has_left() => Ok(None),
            Some(connected) => Ok(Some(connected)),
            None if was_kicked => Ok(None),
            None => Err(Violation::State),
        }
    }

    async fn connect(&mut self, namespace: Box<str>, auth_json: Option<Bytes>) -> Result<(), Violation> {
        if self.connections.iter().any(|it| it.socket.namespace() == &*namespace) {
            return Err(Violation::State);
        }
        let connected = self.try_connect(namespace.clone(), auth_json).await;
        match connected {
            Ok(connected) => {
                self.connect_by = None;
                self.early_packets = 0;
                self.kicked.retain(|it| *it != namespace);
                if self.connections.is_empty() {
                    // For this one alone: for most clients it remains the only one.
                    self.connections.reserve_exact(1);
                }
                self.connections.push(connected);
            }
            Err(error) => {
                let data = error.data.map(|data| data.to_string());
                let packet = connect_error(&namespace, &error.message, data.as_deref());
                // A session that has ended needs no answer.
                self.session.send(Outgoing::text(packet)).ok();
                self.refused_connects += 1;
                let more = if self.connections.is_empty() { 0 } else { self.settings.max_namespaces };
                if self.refused_connects >= self.settings.max_refused_connects + more {
                    self.session.close(CloseReason::Server);
                }
                // Packets right behind the request are ignored, because an error would end the session before its answer is sent.
                self.remember(&namespace);
            }
        }
        Ok(())
    }

    async fn try_connect(
        &mut self,
        namespace: Box<str>,
        auth_json: Option<Bytes>,
    ) -> Result<Connected<A::Connection>, ConnectError> {
        if self.connections.len() >= self.settings.max_namespaces {
            return Err(ConnectError::new("Too many namespaces"));
        }
        let id = random_id().map_err(|error| {
            tracing::error!(%error, "No randomness for a client's identifier");
            ConnectError::new("Try again later")
        })?;
        let buffer = ConnectBuffer::new(self.settings.engine.send_queue_bytes);
        let socket = Socket::new(namespace.clone(), id, self.session.clone(), buffer, self.signal.clone());
        let request = ConnectRequest { namespace, auth_json };
        match self.application.connect(&self.admission, request, &socket).await {
            Ok(accepted) => {
                // Before the client knows it: it may send a long message at once.
                self.session.mark_admitted();
                socket.open(accepted.sid, accepted.pid.as_deref(), accepted.replay);
                Ok(Connected { socket, connection: accepted.connection })
            }
            Err(error) => {
                socket.leave();
                Err(error)
            }
        }
    }

    async fn on_event(&mut self, namespace: &str, event: ClientEvent) -> Result<(), Violation> {
        let application = self.application;
        if let Some(connected) = self.find(namespace)? {
            application.event(&mut connected.connection, &connected.socket, event).await;
        }
        Ok(())
    }

    async fn leave(&mut self, namespace: &str) -> Result<(), Violation> {
        if self.find(namespace)?.is_none() {
            return Ok(());
        }
        if let Some(connected) = self.take(|it| it.namespace() == namespace) {
            connected.socket.leave();
            self.application
                .disconnect(connected.connection, &connected.socket, DisconnectReason::Left)
                .await;
        }
        Ok(())
    }

    fn take(&mut self, is_meant: impl Fn(&Socket) -> bool) -> Option<Connected<A::Connection>> {
        let position = self.connections.iter().position(|it| is_meant(&it.socket))?;
        let taken = self.connections.swap_remove(position);
        if self.connections.is_empty() {
            self.connect_by = Some(Instant::now() + self.settings.connect_timeout);
        }
        Some(taken)
    }

    /// Ends the connections that were disconnected; all, if the session is to be closed.
    async fn disconnect_removed(&mut self) {
        if self.signal.wants_close() {
            for connected in &self.connections {
                if !connected.socket.has_left() {
                    connected.socket.disconnect(false);
                }
            }
            self.session.close(CloseReason::Server);
        }
        while let Some(connected) = self.take(Socket::has_left) {
            self.remember(connected.socket.namespace());
            self.application
                .disconnect(connected.connection, &connected.socket, DisconnectReason::Server)
                .await;
        }
    }

    fn remember(&mut self, namespace: &str) {
        self.kicked.retain(|it| **it != *namespace);
        if self.kicked.len() == self.settings.max_namespaces {
            self.kicked.remove(0);
        }
        self.kicked.push(namespace.into());
    }

    async fn leave_all(&mut self, reason: DisconnectReason) {
        for connected in std::mem::take(&mut self.connections) {
            // A client that was disconnected a moment ago has left for that reason.
            let reason = if connected.socket.leave() { reason } else { DisconnectReason::Server };
            self.application.disconnect(connected.connection, &connected.socket, reason).await;
        }
    }
}
