//! Recovery: clients miss nothing over a graceful stop or a `kill -9`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so"
)]

#[path = "../common/mod.rs"]
mod common;
mod library;
mod listener;
#[path = "../program/mod.rs"]
mod program;
mod publisher;
#[path = "../socket/mod.rs"]
mod socket;
mod text_socket;

use std::collections::HashMap;

use common::App;
use futures_util::future::{join, join_all};
use listener::{Listener, ListenerDialect};
use program::{Program, Stored};
use protocol::rest::Tokens;
use protocol::{Cursor, ServerFrame};
use publisher::{Dialect, Publisher};
use serde_json::json;
use socket::{End, Socket};
use tokio::sync::watch;

#[tokio::test]
async fn a_stop_asks_clients_to_return_and_they_miss_nothing() {
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
        let received = socket.hear_some(|frame| match frame {
            ServerFrame::Closing { data } => Some(data.reconnect_in_ms),
            _ => None,
        });
        let received = received.await;
        (received, socket.end().await)
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

/// Lives of the server that end with a kill.
const LIVES: usize = 3;

#[tokio::test]
async fn acknowledged_messages_of_every_dialect_survive_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path());
    let mut users = Vec::new();
    for dialect in Dialect::ALL {
        users.push(program.register(&format!("{dialect:?}")).await);
    }
    let room = program.create_room(&users[0], "Kitchen", &users[1..]).await;
    let pairs = Dialect::ALL.into_iter().zip(users);
    let mut publishers: Vec<Publisher> =
        pairs.map(|(dialect, who)| Publisher::new(dialect, who, &room)).collect();

    let mut stored = Vec::new();
    for _ in 0..LIVES {
        come_back(&program, &mut publishers, &stored).await;
        let (answers, mut count) = watch::channel(0);
        let kill_at: usize = rand::random_range(50..600);
        let post_until_disconnected =
            join_all(publishers.iter_mut().map(|publisher| publisher.post_until_disconnected(&answers)));
        let kill = async move {
            count.wait_for(|count| *count >= kill_at).await.unwrap();
            program.kill();
        };
        tokio::join!(post_until_disconnected, kill);

        program = Program::start(folder.path());
        stored = program.everything(&room, &publishers[0].who).await;
        let case = format!("killed after {kill_at} answers");
        assert!(stored.len() >= kill_at, "{case}");
        for publisher in &publishers {
            agrees(publisher, &stored, &case);
        }
    }

    come_back(&program, &mut publishers, &stored).await;
    join_all(publishers.iter_mut().map(Publisher::finish)).await;
    let stored = program.everything(&room, &publishers[0].who).await;
    for publisher in &mut publishers {
        publisher.listen(stored.len()).await;
        agrees(publisher, &stored, "in the end");
    }
}

/// All publishers reconnect and get what they missed, as events or from the history.
async fn come_back(program: &Program, publishers: &mut [Publisher], stored: &[Stored]) {
    for publisher in publishers {
        publisher.enter(program).await;
        if publisher.dialect.recovers() {
            publisher.listen(stored.len()).await;
        } else {
            publisher.heard = stored.iter().map(|line| line.text.clone()).collect();
        }
    }
}

/// Checks that acknowledged and received messages of a publisher are the stored ones.
fn agrees(publisher: &Publisher, stored: &[Stored], case: &str) {
    let dialect = publisher.dialect;
    let numbers: Vec<u64> = stored.iter().map(|line| line.seq).collect();
    assert_eq!(numbers, (1..=stored.len() as u64).collect::<Vec<_>>(), "{case}");
    let by_text: HashMap<&str, &Stored> = stored.iter().map(|line| (line.text.as_str(), line)).collect();
    assert_eq!(by_text.len(), stored.len(), "{case}: a line is there twice");
    for (text, answer) in &publisher.answered {
        let Some(line) = by_text.get(text.as_str()) else {
            panic!("{case}: `{text}` was answered, and is gone");
        };
        assert!(answer.id.as_ref().is_none_or(|id| *id == line.id), "{case}: {answer:?} {line:?}");
        assert!(answer.seq.is_none_or(|seq| seq == line.seq), "{case}: {answer:?} {line:?}");
    }
    let own = stored.iter().filter_map(|line| line.text.strip_prefix(&format!("{dialect:?} ")));
    let own: Vec<usize> = own.map(|number| number.parse().unwrap()).collect();
    assert!(own.is_sorted(), "{case}: {dialect:?} said it in another order: {own:?}");
    let texts: Vec<&str> = stored.iter().map(|line| line.text.as_str()).collect();
    let mut heard = publisher.heard.iter().enumerate();
    let wrong = heard.find(|(at, line)| texts.get(*at) != Some(&line.as_str()));
    assert_eq!(wrong, None, "{case}: {dialect:?} heard what is not stored in this place");
}

#[tokio::test]
// Long because it is one scenario: notify, kill, restart, compare.
async fn acknowledged_notifications_survive_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path());
    let ann = program.register("ann").await;
    let mut listeners =
        [ListenerDialect::QuizMaster, ListenerDialect::MockVerse].map(|dialect| Listener::new(dialect, &ann));
    let mut answered = Vec::new();
    for life in 0..LIVES {
        for listener in &mut listeners {
            listener.enter(&program).await;
        }
        let (answers, mut count) = watch::channel(0);
        let kill_at: usize = rand::random_range(10..100);
        let (address, who) = (program.address.clone(), &ann);
        let notifying = join_all((0..4).map(|hand| {
            let (answers, address) = (&answers, &address);
            async move {
                let mut titles = Vec::new();
                loop {
                    let title = format!("{life} {hand} {}", titles.len());
                    if !notify(address, who, &title).await {
                        return titles;
                    }
                    titles.push(title);
                    answers.send_modify(|count| *count += 1);
                }
            }
        }));
        let listening = join_all(listeners.iter_mut().map(Listener::listen));
        let kill = async move {
            count.wait_for(|count| *count >= kill_at).await.unwrap();
            program.kill();
        };
        let ((titles, _), ()) = tokio::join!(join(notifying, listening), kill);
        answered.extend(titles.concat());

        program = Program::start(folder.path());
        let listed = listed(&program, &ann).await;
        let case = format!("killed after {kill_at} answers");
        for title in &answered {
            let times = listed.iter().filter(|it| *it == title).count();
            assert_eq!(times, 1, "{case}: `{title}` was answered");
        }
    }

    assert!(notify(&program.address, &ann, "meanwhile").await);
    for listener in &mut listeners {
        listener.enter(&program).await;
    }
    assert!(notify(&program.address, &ann, "last").await);
    let mut listed = listed(&program, &ann).await;
    listed.sort();
    for listener in &mut listeners {
        listener.listen_for("last").await;
        listener.heard.sort();
        let received = listener.heard.len();
        listener.heard.dedup();
        assert_eq!(listener.heard.len(), received, "{:?} was told something twice", listener.dialect);
        assert!(
            listener.heard.iter().all(|title| listed.binary_search(title).is_ok()),
            "{:?}",
            listener.dialect
        );
    }
    assert_eq!(listeners[1].heard, listed, "a client that is recovered is told everything");
}

/// Notifies a user; whether that was acknowledged.
async fn notify(address: &str, who: &Tokens, title: &str) -> bool {
    let url = format!("http://{address}/api/v1/notifications");
    let body = json!({ "user_id": who.user.id, "title": title, "message": "" });
    let answer = reqwest::Client::new().post(url).bearer_auth(&who.access_token).json(&body).send().await;
    answer.is_ok_and(|answer| answer.status() == 201)
}

/// The titles of all notifications that are listed.
async fn listed(program: &Program, who: &Tokens) -> Vec<String> {
    let mut titles = Vec::new();
    let mut before = String::new();
    loop {
        let page = program.get(&format!("/api/v1/notifications?limit=100{before}"), &who.access_token).await;
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        titles.extend(page["notifications"].as_array().unwrap().iter().map(|it| text(&it["title"])));
        match page["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => return titles,
        }
    }
}
