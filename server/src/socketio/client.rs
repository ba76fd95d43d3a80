//! The task of one client: takes up what it says, one packet after another.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, sleep_until};
use wire::socketio::{DecodeError, Decoder, Event, Packet, connect_error, msgpack};

use super::application::{Application, ConnectRefusal, ConnectRequest, Disconnect};
use super::gate::Gate;
use super::settings::Settings;
use super::socket::{Signal, Socket};
use crate::engineio::{CloseReason, Inbox, Message, Outgoing, Session, random_id};

/// What a client is told whose packets are those of another parser.
const OTHER_PARSER: &str =
    "This server speaks the default parser of Socket.IO: leave out the option `parser`";

/// One client and the namespaces it is in.
pub(super) struct Client<'a, A: Application> {
    application: &'a A,
    settings: &'a Settings,
    session: Session,
    inbox: Inbox,
    /// A message that waits for its time, and for room for what it may ask for.
    held: Option<Held>,
    admission: A::Admission,
    decoder: Decoder,
    /// Until when the attachments of a packet have to come, while some are missing.
    attach_by: Option<Instant>,
    /// Packets since the client was in a namespace.
    early_packets: usize,
    /// Requests to enter a namespace that were refused.
    refusals: usize,
    /// Few; searched one by one.
    connections: Vec<Entered<A::Connection>>,
    /// Namespaces that the client may not know it was shown out of, or refused.
    shown_out: Vec<Box<str>>,
    /// Until when the client has to be in a namespace, while it is in none.
    enter_by: Option<Instant>,
    /// The client was told that its packets are of a parser that is not spoken here.
    has_other_parser: bool,
    signal: Arc<Signal>,
}

/// A message that was not taken up yet.
struct Held {
    message: Message,
    /// Not before.
    from: Instant,
}

struct Entered<C> {
    socket: Socket,
    connection: C,
}

/// The client broke the rules.
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

impl<'a, A: Application> Client<'a, A> {
    pub(super) fn new(
        application: &'a A,
        settings: &'a Settings,
        session: Session,
        inbox: Inbox,
        admission: A::Admission,
    ) -> Self {
        Self {
            application,
            settings,
            session,
            inbox,
            held: None,
            admission,
            decoder: Decoder::new(settings.max_attachments, settings.engine.max_payload),
            attach_by: None,
            early_packets: 0,
            refusals: 0,
            connections: Vec::new(),
            shown_out: Vec::new(),
            enter_by: Some(Instant::now() + settings.connect_timeout),
            has_other_parser: false,
            signal: Arc::default(),
        }
    }

    /// Serves the client to its end.
    pub(super) async fn run(&mut self) {
        let mut timer = pin!(sleep_until(self.enter_by.unwrap_or_else(Instant::now)));
        let signal = self.signal.clone();
        loop {
            let look_at = self.next_look();
            if let Some(look_at) = look_at.filter(|it| *it != timer.deadline()) {
                timer.as_mut().reset(look_at);
            }
            let message = tokio::select! {
                // Whoever was shown out is not heard any more.
                biased;
                () = poll_fn(|cx| signal.poll_raised(cx)) => {
                    Box::pin(self.see_out()).await;
                    continue;
                }
                message = self.next_with_room() => message,
                () = &mut timer, if look_at.is_some() => {
                    if self.attach_by.is_some_and(|attach_by| attach_by <= Instant::now()) {
                        self.end(&Violation::NoAttachments);
                        break;
                    }
                    if self.enter_by.is_none() {
                        self.look();
                        continue;
                    }
                    tracing::debug!("A client was in no namespace for too long");
                    self.session.close(CloseReason::Server);
                    break;
                }
            };
            let Some(message) = message else { break };
            // In a box, so that a task that waits for the next message is small.
            if let Err(violation) = Box::pin(self.hear(message)).await {
                self.end(&violation);
                break;
            }
        }
        let reason = self.session.close_reason().unwrap_or(CloseReason::Server);
        Box::pin(self.leave_all(Disconnect::Ended(reason))).await;
    }

    fn end(&self, violation: &Violation) {
        tracing::debug!(%violation, "A client of Socket.IO broke the rules");
        self.session.abort(CloseReason::Protocol);
    }

    /// The next message, once it is its time and there is room for what it may ask for: a client is not let go for its own
    /// questions, however fast it asks and however slowly it takes the answers. May be dropped and called again; nothing is
    /// lost.
    async fn next_with_room(&mut self) -> Option<Message> {
        if self.held.is_none() {
            let message = self.inbox.next().await?;
            let bytes = message.weight();
            let waits = self.connections.iter().map(|it| self.application.charge(&it.connection, bytes));
            let from = Instant::now() + waits.max().unwrap_or_default();
            self.held = Some(Held { message, from });
            // Messages that are there already are had without waiting: the other tasks have their turn all the same.
            consume_budget().await;
        }
        if let Some(Held { from, .. }) = self.held.as_ref().filter(|held| held.from > Instant::now()) {
            // In a box, because it is rare.
            Box::pin(sleep_until(*from)).await;
        }
        if !self.session.is_drained() {
            Box::pin(self.session.drained()).await;
        }
        self.held.take().map(|held| held.message)
    }

    /// When to look at the client even if it says nothing.
    fn next_look(&self) -> Option<Instant> {
        let looks = self.connections.iter().filter_map(|it| self.application.next_look(&it.connection));
        let look_at = if self.enter_by.is_some() { self.enter_by } else { looks.min() };
        look_at.into_iter().chain(self.attach_by).min()
    }

    /// Lets the application look at those that it wanted to look at by now.
    fn look(&mut self) {
        let now = Instant::now();
        for Entered { connection, socket } in &mut self.connections {
            if self.application.next_look(connection).is_some_and(|look_at| look_at <= now) {
                self.application.look(connection, socket);
            }
        }
    }

    async fn hear(&mut self, message: Message) -> Result<(), Violation> {
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
            // Bytes are for those who are in.
            return Err(Violation::State);
        } else if self.attach_by.is_none() {
            self.attach_by = Some(Instant::now() + self.settings.attachment_timeout);
        }
        match packet {
            None => Ok(()),
            Some(Packet::Connect { namespace, payload }) => self.enter(namespace, payload).await,
            Some(Packet::Disconnect { namespace }) => self.leave(&namespace).await,
            Some(Packet::Event { namespace, event }) => self.take_up(&namespace, event).await,
            Some(Packet::Ack { namespace, id, args }) => {
                if let Some(entered) = self.find(&namespace)? {
                    entered.socket.resolve(id, args);
                }
                Ok(())
            }
        }
    }

    /// Whether a message is of a client whose packets are `MessagePack`. Such a client is told in its own words that they are
    /// not understood, once; else it would come back for ever. What else it has sent is passed over.
    fn is_of_other_parser(&mut self, data: &[u8]) -> bool {
        if self.enter_by.is_none() || self.decoder.is_waiting() {
            return false;
        }
        if let Some(namespace) = msgpack::connect_namespace(data).filter(|_| !self.has_other_parser) {
            self.has_other_parser = true;
            let refusal = msgpack::connect_error(namespace, OTHER_PARSER);
            // A session that has ended needs no answer.
            self.session.send(Outgoing::binary(refusal)).ok();
        }
        self.has_other_parser
    }

    /// The client in a namespace. `None`: it was shown out or refused, and may not have known.
    fn find(&mut self, namespace: &str) -> Result<Option<&mut Entered<A::Connection>>, Violation> {
        let was_shown_out = self.shown_out.iter().any(|it| **it == *namespace);
        match self.connections.iter_mut().find(|it| it.socket.namespace() == namespace) {
            Some(entered) if entered.socket.has_left() => Ok(None),
            Some(entered) => Ok(Some(entered)),
            None if was_shown_out => Ok(None),
            None => Err(Violation::State),
        }
    }

    async fn enter(&mut self, namespace: Box<str>, auth_json: Option<Bytes>) -> Result<(), Violation> {
        if self.connections.iter().any(|it| it.socket.namespace() == &*namespace) {
            return Err(Violation::State);
        }
        let entered = self.try_to_enter(namespace.clone(), auth_json).await;
        match entered {
            Ok(entered) => {
                self.enter_by = None;
                self.early_packets = 0;
                self.shown_out.retain(|it| *it != namespace);
                if self.connections.is_empty() {
                    // For this one alone: for most clients it stays the only one.
                    self.connections.reserve_exact(1);
                }
                self.connections.push(entered);
            }
            Err(refusal) => {
                let data = refusal.data.map(|data| data.to_string());
                let packet = connect_error(&namespace, &refusal.message, data.as_deref());
                // A session that has ended needs no answer.
                self.session.send(Outgoing::text(packet)).ok();
                self.refusals += 1;
                let more = if self.connections.is_empty() { 0 } else { self.settings.max_namespaces };
                if self.refusals >= self.settings.max_refusals + more {
                    self.session.close(CloseReason::Server);
                }
                // What was sent right behind the request is passed over, or the answer would go with the session.
                self.remember(&namespace);
            }
        }
        Ok(())
    }

    async fn try_to_enter(
        &mut self,
        namespace: Box<str>,
        auth_json: Option<Bytes>,
    ) -> Result<Entered<A::Connection>, ConnectRefusal> {
        if self.connections.len() >= self.settings.max_namespaces {
            return Err(ConnectRefusal::new("Too many namespaces"));
        }
        let id = random_id().map_err(|error| {
            tracing::error!(%error, "No randomness for a client's identifier");
            ConnectRefusal::new("Try again later")
        })?;
        let gate = Gate::new(self.settings.engine.outbox_bytes);
        let socket = Socket::new(namespace.clone(), id, self.session.clone(), gate, self.signal.clone());
        let request = ConnectRequest { namespace, auth_json };
        match self.application.connect(&self.admission, request, &socket).await {
            Ok(accepted) => {
                // Before the client knows it: it may say something long at once.
                self.session.let_in();
                socket.enter(accepted.sid, accepted.pid.as_deref(), accepted.replay);
                Ok(Entered { socket, connection: accepted.connection })
            }
            Err(refusal) => {
                socket.leave();
                Err(refusal)
            }
        }
    }

    async fn take_up(&mut self, namespace: &str, event: Event) -> Result<(), Violation> {
        let application = self.application;
        if let Some(entered) = self.find(namespace)? {
            application.event(&mut entered.connection, &entered.socket, event).await;
        }
        Ok(())
    }

    async fn leave(&mut self, namespace: &str) -> Result<(), Violation> {
        if self.find(namespace)?.is_none() {
            return Ok(());
        }
        if let Some(entered) = self.take(|it| it.namespace() == namespace) {
            entered.socket.leave();
            self.application.disconnect(entered.connection, &entered.socket, Disconnect::Client).await;
        }
        Ok(())
    }

    fn take(&mut self, is_meant: impl Fn(&Socket) -> bool) -> Option<Entered<A::Connection>> {
        let position = self.connections.iter().position(|it| is_meant(&it.socket))?;
        let taken = self.connections.swap_remove(position);
        if self.connections.is_empty() {
            self.enter_by = Some(Instant::now() + self.settings.connect_timeout);
        }
        Some(taken)
    }

    /// Takes leave of those that were shown out; of all, if the session is to be closed.
    async fn see_out(&mut self) {
        if self.signal.wants_close() {
            for entered in &self.connections {
                if !entered.socket.has_left() {
                    entered.socket.disconnect(false);
                }
            }
            self.session.close(CloseReason::Server);
        }
        while let Some(entered) = self.take(Socket::has_left) {
            self.remember(entered.socket.namespace());
            self.application.disconnect(entered.connection, &entered.socket, Disconnect::Server).await;
        }
    }

    fn remember(&mut self, namespace: &str) {
        self.shown_out.retain(|it| **it != *namespace);
        if self.shown_out.len() == self.settings.max_namespaces {
            self.shown_out.remove(0);
        }
        self.shown_out.push(namespace.into());
    }

    async fn leave_all(&mut self, reason: Disconnect) {
        for entered in std::mem::take(&mut self.connections) {
            // Whoever was shown out a moment ago has left for that reason.
            let reason = if entered.socket.leave() { reason } else { Disconnect::Server };
            self.application.disconnect(entered.connection, &entered.socket, reason).await;
        }
    }
}
