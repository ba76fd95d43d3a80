//! Positions: a transport is handed the position of its client in each room and in the inbox.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hub::store::Change;
use hub::{
    ChangeFrames, ClientSession, ClientTransport, Command, DeliveryPolicy, Disconnected, Encoder, Event,
    HubSettings, Identity, InboxStart, JoinMode, SignInId, StreamPosition, TransportFuture,
};
use protocol::{CloseCode, Opaque, Signal};
use uuid::Uuid;

use crate::world::{World, new_user, user};

/// The transport of a client that keeps up. Notes each position.
#[derive(Default)]
struct PositionLog(Mutex<Vec<String>>);

impl PositionLog {
    /// The positions since the last call.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl ClientTransport for PositionLog {
    fn push(&self, _: Bytes, _: DeliveryPolicy) -> Result<(), Disconnected> {
        Ok(())
    }

    fn place(&self, position: StreamPosition<'_>) {
        self.0.lock().unwrap().push(match position {
            StreamPosition::Room(room, cursor, rev) => format!("{room} {} rev={rev}", cursor.seq),
            StreamPosition::Message(room, cursor) => format!("{room} {}", cursor.seq),
            StreamPosition::Change(room, rev) => format!("{room} rev={rev}"),
            StreamPosition::Left(room) => format!("left {room}"),
            StreamPosition::Inbox(seq) => format!("inbox {seq}"),
        });
    }

    fn keeps_up(&self) -> TransportFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    fn receipt(&self) -> TransportFuture<'static, Result<(), Disconnected>> {
        Box::pin(std::future::pending())
    }

    fn close(&self, _: CloseCode) {}
}

fn attach(world: &World, encode: fn(&Event) -> Option<Bytes>) -> (ClientSession, Arc<PositionLog>) {
    let transport = Arc::new(PositionLog::default());
    let identity = Identity { user: Arc::new(new_user("bob")), sign_in: SignInId(Uuid::from_u128(1)) };
    let encoder = Encoder { changes: ChangeFrames::Changes, ..Encoder::new(3, encode) };
    let session = world.hub.attach(identity, encoder, transport.clone()).unwrap();
    (session, transport)
}

/// Checks bob's position after each step, in a dialect.
async fn check_positions(encode: fn(&Event) -> Option<Bytes>) {
    let world = World::new(HubSettings::default()).await;
    let room = world.room.clone();
    world.store_drafts([1]).await;
    let mut ann = world.connect_and_join("ann").await;
    let (mut bob, positions) = attach(&world, encode);

    bob.handle(Command::Join { room: room.clone(), mode: JoinMode::SubscribeOnly }).await;
    assert_eq!(positions.take(), ["kitchen 1 rev=0"]);
    ann.post(2, "while bob is there").await;
    ann.receive("posted").await;
    assert_eq!(positions.take(), ["kitchen 2"]);
    ann.change(10, 1, Change::Pin { on: true }).await;
    ann.receive("done").await;
    assert_eq!(positions.take(), ["kitchen rev=1"]);
    bob.handle(Command::Leave { room: room.clone() }).await;
    assert_eq!(positions.take(), ["left kitchen"]);
    bob.handle(Command::Join { room, mode: JoinMode::Recover(None) }).await;
    assert_eq!(positions.take(), ["kitchen 2 rev=1"]);

    bob.subscribe_to_inbox(InboxStart::Fresh, None).await.unwrap();
    assert_eq!(positions.take(), ["inbox 0"]);
    let signal = Signal { name: "test".to_owned(), data: Opaque(serde_json::Value::Null) };
    world.hub.signal(&user("bob"), signal).await.unwrap();
    assert_eq!(positions.take(), ["inbox 1"]);
}

#[tokio::test]
async fn a_transport_is_handed_each_position_of_its_client() {
    check_positions(|_| Some(Bytes::from_static(b"frame"))).await;
}

#[tokio::test]
async fn a_position_moves_although_the_dialect_has_no_frame() {
    check_positions(|_| None).await;
}
