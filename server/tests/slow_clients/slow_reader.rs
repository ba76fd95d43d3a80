//! Slow consumer: one client reads a kilobyte a round, among two hundred others.

use std::collections::HashMap;

use protocol::{ClientFrame, Cursor, RoomId, ServerFrame};
use serde_json::json;

use crate::common::App;
use crate::enter;
use crate::slow_socket::{Heard, SlowSocket};
use crate::socket::{Socket, post};

/// The others. A thousand work as well, but each is a client in this very process, without optimizations.
const OTHERS: usize = 200;

/// Turns until the reader must have been let go: 60 MB, far more than buffers of systems and ours hold.
const ROUNDS: u128 = 500;

/// Posts and waits until it is committed.
async fn say(socket: &mut Socket, room: &RoomId, draft: u128, body: &str) {
    socket.say(&post(room, draft, body)).await;
    let posted = socket.hear_some(|frame| match frame {
        ServerFrame::Posted { data } => (data.draft.0.as_u128() == draft).then_some(()),
        _ => None,
    });
    posted.await;
}

/// The number of the next message in a room.
async fn hear_message(socket: &mut Socket, room: &RoomId) -> u64 {
    let message = socket.hear_some(|frame| match frame {
        ServerFrame::Message { data } => (data.room == *room).then_some(data.cursor.seq),
        _ => None,
    });
    message.await
}

/// What the slow one heard until the line ended: the last place in each room, after which nothing is missing before, and
/// the code of the close.
async fn hear_out(line: &mut SlowSocket, stands: &mut HashMap<RoomId, Cursor>) -> Option<u16> {
    while let Some(heard) = line.next().await {
        match heard {
            Heard::Closed(code) => return Some(code),
            Heard::Frame(frame) => note(&frame, stands),
        }
    }
    None
}

fn note(frame: &ServerFrame, stands: &mut HashMap<RoomId, Cursor>) {
    match frame {
        ServerFrame::Joined { data } => {
            stands.insert(data.room.clone(), data.head);
        }
        ServerFrame::Message { data } => {
            let before = stands.insert(data.room.clone(), data.cursor).unwrap();
            assert_eq!(data.cursor.seq, before.seq + 1, "no hole before the line ends");
        }
        _ => {}
    }
}

#[tokio::test]
// Long because it is one scenario: lag, close, recover, compare.
async fn a_slow_consumer_delays_nobody_is_closed_and_misses_nothing() {
    let app = App::spawn_with(|config| config.limits.connections_per_user = OTHERS).await;
    let (ann, sam) = (app.register("ann").await, app.register("sam").await);
    let crowd = app.register("crowd").await;
    let kitchen = app.create_room(&ann, "Kitchen", &[&sam, &crowd]).await;
    // Only for sam: what fills his line costs the others nothing, and would cost him as much if they heard it, too.
    let attic = app.create_room(&ann, "Attic", &[&sam]).await;

    let mut speaker = enter(&app, &ann).await;
    let mut slow = SlowSocket::open(&app, &sam).await;
    let mut stands = HashMap::new();
    for room in [&kitchen, &attic] {
        speaker.join(room, None).await;
        slow.say(&ClientFrame::Join { room: room.clone(), since: None, changes: None }).await;
        while !stands.contains_key(room) {
            if let Some(Heard::Frame(frame)) = slow.next().await {
                note(&frame, &mut stands);
            }
        }
    }
    let mut others = Vec::with_capacity(OTHERS);
    for _ in 0..OTHERS {
        let mut other = enter(&app, &crowd).await;
        other.join(&kitchen, None).await;
        others.push(other);
    }

    let load = "x".repeat(60_000);
    let status = format!("/api/v1/websocket/user/{}/status", sam.user.id);
    let mut round = 0;
    while app.get(&status, &sam).await.json()["data"]["isConnected"] == json!(true) {
        round += 1;
        assert!(round < ROUNDS, "it is never let go");
        say(&mut speaker, &attic, 2 * round, &load).await;
        say(&mut speaker, &attic, 2 * round + 1, &load).await;
        say(&mut speaker, &kitchen, ROUNDS * 2 + round, "for everybody").await;
        for other in &mut others {
            assert_eq!(u128::from(hear_message(other, &kitchen).await), round);
        }
        slow.read(1_024).await;
    }
    // It has been closed. It may still read what is on its way, and then the close code.
    assert_eq!(hear_out(&mut slow, &mut stands).await, Some(4008));

    let mut back = enter(&app, &sam).await;
    for (room, said) in [(&kitchen, round), (&attic, 2 * round)] {
        let stood = stands[room];
        let said = u64::try_from(said).unwrap();
        let (mut since, mut missed) = (stood, Vec::new());
        loop {
            let joined = back.join(room, Some(since)).await;
            assert!(joined.recovered);
            missed.extend(joined.messages.iter().map(|message| message.cursor.seq));
            since = joined.head;
            if !joined.has_more {
                break;
            }
        }
        assert!(stood.seq < said && missed.into_iter().eq(stood.seq + 1..=said));
    }
}
