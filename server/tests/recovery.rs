//! What survives: a gentle stop, and a process that is killed.

mod common;
mod program;
mod socket;

use std::collections::BTreeMap;

use common::App;
use program::Program;
use protocol::{Cursor, ServerFrame};
use socket::{End, Socket, post};

#[tokio::test]
async fn a_stop_says_come_back_and_who_does_has_missed_nothing() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let mut socket = Socket::enter(&app.socket_url(&format!("?token={}", ann.access_token))).await;
    let before = socket.join(&room, None).await;
    app.say(&bob, &room, "before").await;
    let seen = socket
        .hear_some(|frame| match frame {
            ServerFrame::Message { data } => Some(data.cursor),
            _ => None,
        })
        .await;
    assert_eq!(seen, Cursor { seq: before.head.seq + 1, ..before.head });

    let (app, closing) = tokio::join!(app.restart(), async {
        let told = socket.hear_some(|frame| match frame {
            ServerFrame::Closing { data } => Some(data.reconnect_in_ms),
            _ => None,
        });
        let told = told.await;
        (told, socket.end().await)
    });
    assert!(closing.0 > 0);
    assert_eq!(closing.1, End::Closed(1012));

    app.say(&bob, &room, "meanwhile").await;
    let mut socket = Socket::enter(&app.socket_url(&format!("?token={}", ann.access_token))).await;
    let back = socket.join(&room, Some(seen)).await;
    assert!(back.recovered);
    let missed: Vec<&str> = back.messages.iter().map(|message| message.body.as_str()).collect();
    assert_eq!(missed, ["meanwhile"]);
}

const POSTS: u128 = 1_000;

#[tokio::test]
async fn after_kill_nine_every_acknowledged_post_is_there_in_order_and_none_twice() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let ann = program.register("ann").await;
    let room = program.create_room(&ann, "Kitchen").await;

    let mut socket = program.socket(&ann).await;
    socket.join(&room, None).await;
    let mut acknowledged = BTreeMap::new();
    let mut said = 0;
    // A window of unanswered posts, so that the kill finds some of them on their way.
    let mut open = true;
    while open && acknowledged.len() < 400 {
        while said < POSTS && said < acknowledged.len() as u128 + 200 {
            said += 1;
            socket.say(&post(&room, said, &format!("line {said}"))).await;
        }
        match socket.next().await {
            Ok(ServerFrame::Posted { data }) => {
                acknowledged.insert(data.draft.0.as_u128(), data.cursor.seq);
            }
            Ok(_) => {}
            Err(_) => open = false,
        }
    }
    program.kill();
    // What was answered before the kill may still be on its way to us.
    while let Ok(frame) = socket.next().await {
        if let ServerFrame::Posted { data } = frame {
            acknowledged.insert(data.draft.0.as_u128(), data.cursor.seq);
        }
    }
    assert!((400..1_000).contains(&acknowledged.len()), "{} acknowledged", acknowledged.len());

    let program = Program::start(folder.path());
    let stored = program.everything(&room, &ann).await;
    for (draft, seq) in &acknowledged {
        let at = usize::try_from(*seq).unwrap() - 1;
        assert_eq!(stored.get(at), Some(&(*seq, format!("line {draft}"))), "acknowledged, and gone");
    }

    // The client comes back and sends everything again that it has, with the same drafts, then the rest.
    let mut socket = program.socket(&ann).await;
    socket.join(&room, None).await;
    for draft in 1..=POSTS {
        socket.say(&post(&room, draft, &format!("line {draft}"))).await;
        let seq = socket
            .hear_some(|frame| match frame {
                ServerFrame::Posted { data } if data.draft.0.as_u128() == draft => Some(data.cursor.seq),
                _ => None,
            })
            .await;
        if let Some(before) = acknowledged.get(&draft) {
            assert_eq!(seq, *before, "a resend is the same message");
        }
    }
    let expected: Vec<(u64, String)> = (1..=1_000).map(|n| (n, format!("line {n}"))).collect();
    assert_eq!(program.everything(&room, &ann).await, expected);
    program.kill();
}
