//! Disconnects: a connection that ends while a command of it is executed is freed, and nothing is sent to it.

use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use hub::{
    ClientSession, ClientTransport, Command, DeliveryPolicy, Disconnected, Encoder, Event, HubSettings,
    Identity, InboxStart, JoinMode, RoomPosition, SignInId, TransportFuture,
};
use protocol::{CloseCode, RoomId};
use tokio::task::yield_now;
use uuid::Uuid;

use crate::world::{World, new_user, user};

/// The transport of a client that reads nothing.
struct StuckTransport;

impl ClientTransport for StuckTransport {
    fn push(&self, _: Bytes, _: DeliveryPolicy) -> Result<(), Disconnected> {
        Ok(())
    }

    fn keeps_up(&self) -> TransportFuture<'_, ()> {
        Box::pin(std::future::pending())
    }

    fn receipt(&self) -> TransportFuture<'static, Result<(), Disconnected>> {
        Box::pin(std::future::pending())
    }

    fn close(&self, _: CloseCode) {}
}

#[expect(clippy::unnecessary_wraps, reason = "the type of all encoders")]
fn frame(_: &Event) -> Option<Bytes> {
    Some(Bytes::from_static(b"frame"))
}

/// Attaches a client that reads nothing.
fn attach(world: &World, name: &str) -> (ClientSession, Weak<StuckTransport>) {
    let transport = Arc::new(StuckTransport);
    let identity = Identity { user: Arc::new(new_user(name)), sign_in: SignInId(Uuid::from_u128(1)) };
    let weak = Arc::downgrade(&transport);
    (world.hub.attach(identity, Encoder::new(0, frame), transport).unwrap(), weak)
}

/// Runs other tasks until nothing holds the connection, or for long enough.
async fn is_freed(transport: &Weak<StuckTransport>) -> bool {
    for _ in 0..10_000 {
        if transport.strong_count() == 0 {
            return true;
        }
        yield_now().await;
    }
    false
}

/// Polls a request until it waits for its answer, and drops it.
async fn disconnect_while_waiting(request: impl Future<Output = ()>, before: impl AsyncFn()) {
    let mut request = Box::pin(request);
    tokio::select! {
        biased;
        () = &mut request => panic!("it does not wait"),
        () = std::future::ready(()) => {}
    }
    before().await;
}

#[tokio::test(start_paused = true)]
async fn an_ended_connection_is_freed_at_once() {
    let world = World::new(HubSettings::default()).await;
    let (session, transport) = attach(&world, "ann");
    drop(session);
    // At once, and not only when the user counts as offline.
    assert!(is_freed(&transport).await);

    let (mut session, transport) = attach(&world, "ann");
    let mut writer = world.connect_and_join("bob").await;
    writer.post(1, "hello").await;
    writer.receive("posted").await;
    session.resume(&[RoomPosition { room: world.room.clone(), cursor: world.beginning().await, rev: 0 }]);
    yield_now().await;
    drop(session);
    // Missed messages are not read for it any more.
    assert!(is_freed(&transport).await);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_disconnects_while_joining_is_no_participant() {
    let grace = Duration::from_secs(5);
    let world = World::new(HubSettings { presence_grace: grace, ..HubSettings::default() }).await;
    let live_room = RoomId::parse("session_kitchen").unwrap();
    let join = || Command::Join { room: live_room.clone(), mode: JoinMode::WithParticipants };
    let settle = async || world.hub.mark_read(&user("ann"), &live_room, 0).await.unwrap();
    let mut ann = world.connect_with_receipts("ann");
    ann.execute(join()).await;
    assert_eq!(ann.receive("").await, "participant ann true");

    let mut bob = world.connect_with_receipts("bob");
    disconnect_while_waiting(bob.execute(join()), async || {}).await;
    drop(bob);
    settle().await;
    ann.receives_nothing_more().await;

    // The room has answered, and the client did not take the answer.
    let mut bob = world.connect_with_receipts("bob");
    disconnect_while_waiting(bob.execute(join()), &settle).await;
    drop(bob);
    assert_eq!(ann.receive("participant").await, "participant bob true");
    assert_eq!(ann.receive("participant").await, "participant bob false");
}

#[tokio::test]
async fn an_inbox_sends_nothing_to_a_disconnected_client() {
    let world = World::new(HubSettings::default()).await;
    let owner = user("ann");
    let notify = |title: &'static str| world.hub.notify(&owner, title, "text", "info");
    notify("first").await.unwrap();
    // The inbox is running, and has a command before the one that follows.
    let mut second = Box::pin(notify("second"));
    disconnect_while_waiting(async { drop(second.as_mut().await) }, async || {}).await;
    let mut ann = world.connect("ann");
    disconnect_while_waiting(
        async { drop(ann.session.subscribe_to_inbox(InboxStart::Cursor(0), None).await) },
        async || {},
    )
    .await;
    second.await.unwrap();
    notify("third").await.unwrap();
    ann.receives_nothing_more().await;
}

#[tokio::test]
async fn an_entry_is_not_sent_to_a_connection_that_is_ending() {
    let settings =
        HubSettings { mailbox: 1, batch: 1, history_cache_messages_per_room: 0, ..HubSettings::default() };
    let world = World::new(settings).await;
    world.store_drafts([1]).await;
    let room = world.room.clone();
    let (mut bob, mut second) = (world.connect("bob"), world.connect_and_join("bob").await);
    let ready = world.connect("ann");
    ready.session.subscribe_to_inbox(InboxStart::Fresh, None).await.unwrap();
    drop(ready);
    yield_now().await;
    // The inbox is idle, so a client that reads nothing is subscribed at once.
    let (mut ann, _transport) = attach(&world, "ann");
    ann.handle(Command::Join { room: room.clone(), mode: JoinMode::SubscribeOnly }).await;
    ann.subscribe_to_inbox(InboxStart::Fresh, None).await.unwrap();
    let owner = user("ann");
    let notify = || world.hub.notify(&owner, "title", "text", "info");
    assert_eq!(notify().await.unwrap().1, 1);
    // The room is busy and its mailbox full, so the connection cannot leave it yet.
    let mut held = world.store.inject().hold_next_page();
    let joins = tokio::spawn(async move { bob.join(None).await });
    held.begun().await;
    second.set_typing(true).await;
    drop(ann);
    yield_now().await;
    assert_eq!(notify().await.unwrap().1, 0);
    held.resume();
    joins.await.unwrap();
}
