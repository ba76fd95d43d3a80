//! Ordinary use of a production server with all defaults: nothing of it is refused.

use std::iter;

use futures_util::{StreamExt, stream};
use protocol::rest::Tokens;
use protocol::{ClientFrame, RoomId, ServerFrame};
use reqwest::{Method, StatusCode};
use serde_json::json;
use server::config::{AccountPolicy, AccountsMode, Environment, Quotas, RateLimits};

use crate::common::{Answer, App};
use crate::socket::{Socket, post};
use crate::{minted, put_files};

/// Sockets that one address may have open, by default.
const SOCKETS_PER_ADDRESS: usize = 1_000;

/// What a browser loads with the first page.
const FILES: [&str; 6] = [
    "/pkg/hubbub.css",
    "/pkg/hubbub.js",
    "/pkg/hubbub.wasm",
    "/favicon.svg",
    "/manifest.webmanifest",
    "/sw.js",
];

/// A production server, whose users have tokens of another backend.
async fn app() -> App {
    App::spawn_with(|config| {
        config.accounts = AccountsMode::External;
        config.users = AccountPolicy::of(Environment::Production);
        config.rate_limits = RateLimits::of(Environment::Production);
        config.quotas = Quotas::of(Environment::Production);
        config.limits.connections_per_address = SOCKETS_PER_ADDRESS;
    })
    .await
}

/// Users whom the server has seen.
async fn known(app: &App, names: impl IntoIterator<Item = String>) -> Vec<Tokens> {
    let users: Vec<Tokens> = names.into_iter().map(|name| minted(&name, "")).collect();
    let seen = stream::iter(&users).map(|user| app.get("/api/v1/auth/me", user)).buffer_unordered(16);
    seen.for_each(|answer| async move { assert_eq!(answer.status, StatusCode::OK, "{answer:?}") }).await;
    users
}

/// Rooms of the application, in which these users are.
async fn rooms(app: &App, count: usize, members: &[&Tokens]) -> Vec<RoomId> {
    let backend = minted("backend", "service");
    let made = stream::iter(0..count).map(|number| {
        let backend = &backend;
        async move { app.create_room(backend, &format!("Room {number}"), members).await }
    });
    made.buffered(16).collect().await
}

/// The answers to this many joins and posts, or the error among them.
async fn heard(socket: &mut Socket, count: usize) {
    for _ in 0..count {
        socket
            .hear_some(|frame| match frame {
                ServerFrame::Joined { .. } | ServerFrame::Posted { .. } => Some(()),
                ServerFrame::Error { data, .. } => panic!("refused: {data:?}"),
                _ => None,
            })
            .await;
    }
}

async fn join_all(socket: &mut Socket, rooms: &[RoomId]) {
    for room in rooms {
        socket.say(&ClientFrame::Join { room: room.clone(), since: None, changes: None }).await;
    }
    heard(socket, rooms.len()).await;
}

#[tokio::test]
async fn a_returning_client_joins_500_rooms_at_once() {
    let app = app().await;
    let users = known(&app, ["ann".to_owned()]).await;
    let rooms = rooms(&app, 500, &[&users[0]]).await;
    // On three devices: what the user may ask for is shared.
    for _ in 0..3 {
        join_all(&mut app.enter(&users[0]).await, &rooms).await;
    }
}

#[tokio::test]
async fn a_bot_answers_15_rooms_a_second() {
    let app = app().await;
    let users = known(&app, ["ann", "bot"].map(str::to_owned)).await;
    let rooms = rooms(&app, 15, &[&users[0], &users[1]]).await;
    let (mut ann, mut bot) = (app.enter(&users[0]).await, app.enter(&users[1]).await);
    join_all(&mut ann, &rooms).await;
    join_all(&mut bot, &rooms).await;
    // Six seconds' worth, without the seconds.
    for second in 0..6_u128 {
        for room in &rooms {
            ann.say(&post(room, second + 1, "question")).await;
        }
        heard(&mut ann, rooms.len()).await;
        let mut answered = 0;
        while answered < rooms.len() {
            let message = bot
                .hear_some(|frame| match frame {
                    ServerFrame::Message { data } if data.body == "question" => Some(data),
                    ServerFrame::Error { data, .. } => panic!("refused: {data:?}"),
                    _ => None,
                })
                .await;
            bot.say(&ClientFrame::Read { room: message.room.clone(), seq: message.cursor.seq }).await;
            bot.say(&post(&message.room, second + 1, "answer")).await;
            answered += 1;
        }
    }
    let frames = bot.before_pong().await;
    assert!(!frames.iter().any(|frame| matches!(frame, ServerFrame::Error { .. })), "{frames:?}");
}

#[tokio::test]
async fn a_phone_sends_100_messages_after_being_offline() {
    let app = app().await;
    let users = known(&app, ["ann".to_owned()]).await;
    let rooms = rooms(&app, 1, &[&users[0]]).await;
    let mut phone = app.enter(&users[0]).await;
    join_all(&mut phone, &rooms).await;
    for line in 1..=100 {
        phone.say(&post(&rooms[0], line, "written in the tunnel")).await;
    }
    heard(&mut phone, 100).await;
}

#[tokio::test]
async fn an_office_of_300_connects_at_once_from_one_address() {
    let app = app().await;
    put_files(&app, &FILES);
    let users = known(&app, (0..300).map(|number| format!("user-{number}"))).await;
    let members: Vec<&Tokens> = users.iter().take(200).collect();
    let rooms = rooms(&app, 1, &members).await;
    let opened = stream::iter(&users).map(|user| {
        let app = &app;
        async move {
            for path in iter::once("/sign-in").chain(FILES) {
                let answer = Answer::to(app.request(Method::GET, path)).await;
                assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
            }
            for path in ["/api/v1/auth/me", "/api/v1/chats?limit=200", "/api/v1/notifications"] {
                let answer = app.get(path, user).await;
                assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
            }
            app.ticket(user).await
        }
    });
    let tickets: Vec<String> = opened.buffered(300).collect().await;
    let sockets = stream::iter(tickets).map(|ticket| {
        let url = app.socket_url(&format!("?ticket={ticket}"));
        async move { Socket::enter(&url).await }
    });
    let mut sockets: Vec<Socket> = sockets.buffered(30).collect().await;
    for socket in sockets.iter_mut().take(20) {
        join_all(socket, &rooms).await;
    }
}

#[tokio::test]
async fn a_page_with_200_rooms_loads() {
    let app = app().await;
    let users = known(&app, ["ann".to_owned()]).await;
    let ann = &users[0];
    let rooms = rooms(&app, 200, &[ann]).await;
    let list = app.get("/api/v1/chats?limit=200", ann).await;
    assert_eq!(list.json()["chats"].as_array().map(Vec::len), Some(200));
    // Browsers open six connections to a host; this client asks as if three of them shared one user.
    let paths = rooms.iter().flat_map(|room| {
        let path = format!("/api/v1/chats/{room}");
        [format!("{path}/members"), format!("{path}/messages"), path]
    });
    let answers = stream::iter(paths).map(|path| {
        let app = &app;
        async move { app.get(&path, ann).await }
    });
    let answers = answers.buffer_unordered(18);
    answers.for_each(|answer| async move { assert_eq!(answer.status, StatusCode::OK, "{answer:?}") }).await;
    let marks = stream::iter(&rooms).map(|room| {
        let (app, path) = (&app, format!("/api/v1/chats/{room}/read"));
        async move { app.post(&path, ann, &json!({ "seq": 0 })).await }
    });
    let marks = marks.buffer_unordered(6);
    marks
        .for_each(|answer| async move { assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}") })
        .await;
    join_all(&mut app.enter(ann).await, &rooms).await;
}
