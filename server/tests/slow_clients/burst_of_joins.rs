//! Burst of joins: a client requests more at once than its connection takes.

use protocol::rest::Tokens;
use protocol::{ClientFrame, Pong, RoomId, ServerFrame};
use serde_json::json;

use crate::common::App;
use crate::slow_socket::{Heard, SlowSocket};

/// Rooms that are joined in one burst.
const ROOMS: usize = 30;

/// Messages in each, of 60 KB: 12 MB in all, far more than buffers of systems and ours hold.
const MESSAGES: usize = 7;

/// The last thing that is asked.
const NONCE: u32 = 7;

/// Takes what comes, 64 KB between two questions to somebody else, until the last answer: the rooms that were joined, and how
/// many messages they brought. The code of the close otherwise.
async fn hear_out(line: &mut SlowSocket, app: &App, who: &Tokens) -> Result<Vec<(RoomId, usize)>, u16> {
    let status = format!("/api/v1/websocket/user/{}/status", who.user.id);
    let mut joined = Vec::with_capacity(ROOMS);
    loop {
        match line.taken() {
            Some(Heard::Closed(code)) => return Err(code),
            Some(Heard::Frame(frame)) => match *frame {
                ServerFrame::Joined { data } => joined.push((data.room, data.messages.len())),
                ServerFrame::Pong { data: Pong { nonce: NONCE } } => return Ok(joined),
                _ => {}
            },
            None => {
                let answer = app.get(&status, who).await.json();
                assert_eq!(answer["data"]["isConnected"], json!(true), "after {} rooms", joined.len());
                assert!(line.read(64 * 1024).await, "the line ended after {} rooms", joined.len());
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_requests_more_than_it_reads_gets_all_of_it() {
    let app = App::spawn().await;
    let (ann, sam) = (app.register("ann").await, app.register("sam").await);
    let text = "x".repeat(60_000);
    let mut rooms = Vec::with_capacity(ROOMS);
    for number in 0..ROOMS {
        let room = app.create_room(&ann, &format!("Room {number}"), &[&sam]).await;
        for _ in 0..MESSAGES {
            app.say(&ann, &room, &text).await;
        }
        rooms.push(room);
    }
    let mut line = SlowSocket::open(&app, &sam).await;
    for room in &rooms {
        line.say(&ClientFrame::Join { room: room.clone(), since: None, changes: None }).await;
    }
    line.say(&ClientFrame::Ping { nonce: NONCE }).await;
    let expected: Vec<_> = rooms.into_iter().map(|room| (room, MESSAGES)).collect();
    assert_eq!(hear_out(&mut line, &app, &sam).await, Ok(expected));
}
