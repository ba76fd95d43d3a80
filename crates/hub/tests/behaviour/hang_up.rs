//! Connections that hang up while something is done for them: what counted them is given back, and nothing stays behind.

use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use hub::{
    ClientSession, ClientTransport, Command, DeliveryPolicy, Disconnected, Encoder, Event, Identity,
    InboxStart, JoinMode, RoomPosition, Settings, SignInId, TransportFuture,
};
use protocol::{CloseCode, RoomId};
use tokio::task::yield_now;
use uuid::Uuid;

use crate::world::{World, person, user};

/// An outlet of a client that takes nothing.
struct Stuck;

impl ClientTransport for Stuck {
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

/// Somebody on a connection that takes nothing.
fn attach(world: &World, name: &str) -> (ClientSession, Weak<Stuck>) {
    let outlet = Arc::new(Stuck);
    let identity = Identity { user: Arc::new(person(name)), sign_in: SignInId(Uuid::from_u128(1)) };
    let weak = Arc::downgrade(&outlet);
    (world.hub.attach(identity, Encoder::new(0, frame), outlet).unwrap(), weak)
}

/// Lets other tasks go on until nothing holds the connection, or for long enough.
async fn is_given_back(outlet: &Weak<Stuck>) -> bool {
    for _ in 0..10_000 {
        if outlet.strong_count() == 0 {
            return true;
        }
        yield_now().await;
    }
    false
}

/// Has something done until it waits for its answer, and hangs up.
async fn hang_up(asked: impl Future<Output = ()>, before: impl AsyncFn()) {
    let mut asked = Box::pin(asked);
    tokio::select! {
        biased;
        () = &mut asked => panic!("it does not wait"),
        () = std::future::ready(()) => {}
    }
    before().await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_has_ended_is_given_back_at_once() {
    let world = World::new(Settings::default()).await;
    let (peer, outlet) = attach(&world, "ann");
    drop(peer);
    // Not only when the user counts as gone.
    assert!(is_given_back(&outlet).await);

    let (mut peer, outlet) = attach(&world, "ann");
    let mut writer = world.inside("bob").await;
    writer.say(1, "hello").await;
    writer.hear("posted").await;
    peer.resume(&[RoomPosition { room: world.room.clone(), cursor: world.beginning().await }]);
    yield_now().await;
    drop(peer);
    // What was missed is not brought any more.
    assert!(is_given_back(&outlet).await);
}

#[tokio::test(start_paused = true)]
async fn whoever_hangs_up_while_joining_is_no_participant() {
    let grace = Duration::from_secs(5);
    let world = World::new(Settings { presence_grace: grace, ..Settings::default() }).await;
    let session = RoomId::parse("session_kitchen").unwrap();
    let join = || Command::Join { room: session.clone(), mode: JoinMode::WithParticipants };
    let settle = async || world.hub.mark_read(&user("ann"), &session, 0).await.unwrap();
    let mut ann = world.enter_counting("ann");
    ann.wish(join()).await;
    assert_eq!(ann.hear("").await, "participant ann true");

    let mut bob = world.enter_counting("bob");
    hang_up(bob.wish(join()), async || {}).await;
    drop(bob);
    settle().await;
    ann.hears_nothing_more().await;

    // The room has answered, and the answer was not taken.
    let mut bob = world.enter_counting("bob");
    hang_up(bob.wish(join()), &settle).await;
    drop(bob);
    assert_eq!(ann.hear("participant").await, "participant bob true");
    assert_eq!(ann.hear("participant").await, "participant bob false");
}

#[tokio::test]
async fn an_inbox_sends_nothing_to_whoever_has_hung_up() {
    let world = World::new(Settings::default()).await;
    let owner = user("ann");
    let notify = |title: &'static str| world.hub.notify(&owner, title, "text", "info");
    notify("first").await.unwrap();
    // It has the inbox at work, with something before what follows.
    let mut second = Box::pin(notify("second"));
    hang_up(async { drop(second.as_mut().await) }, async || {}).await;
    let mut ann = world.enter("ann");
    hang_up(async { drop(ann.peer.follow_inbox(InboxStart::Cursor(0), None).await) }, async || {}).await;
    second.await.unwrap();
    notify("third").await.unwrap();
    ann.hears_nothing_more().await;
}
