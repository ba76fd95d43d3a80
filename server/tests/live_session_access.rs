//! Access to live sessions: members of the chat have it, no room id grants it, and no id is given twice.

#![expect(clippy::unwrap_used, reason = "a test that fails should panic")]

mod common;
mod socket;

use common::App;
use protocol::rest::Tokens;
use protocol::{ClientFrame, ErrorCode, JoinedRoom, RoomId, ServerFrame};
use reqwest::StatusCode;
use serde_json::{Value, json};
use socket::{Socket, post};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

const FORGED: &str = "forged by a stranger";

fn team() -> RoomId {
    RoomId::parse("team").unwrap()
}

fn session() -> RoomId {
    RoomId::parse("session_team").unwrap()
}

/// Makes a room of this id; the status, the error's code and its field.
async fn make(app: &App, owner: &Tokens, id: &str, members: &[&Tokens]) -> (u16, String, String) {
    let members: Vec<_> = members.iter().map(|member| &member.user.id).collect();
    let new = json!({ "id": id, "name": id, "member_ids": members });
    app.post("/api/v1/chats", owner, &new).await.error()
}

fn made() -> (u16, String, String) {
    (201, String::new(), String::new())
}

async fn enter(app: &App, who: &Tokens) -> Socket {
    Socket::enter(&app.socket_url(&format!("?token={}", who.access_token))).await
}

/// The answer to a join: its frame, or its error.
async fn join(socket: &mut Socket, room: &RoomId) -> Result<Box<JoinedRoom>, ErrorCode> {
    socket.say(&ClientFrame::Join { room: room.clone(), since: None, changes: None }).await;
    loop {
        match socket.hear().await {
            ServerFrame::Joined { data } => return Ok(Box::new(data)),
            ServerFrame::Error { data, .. } => return Err(data.code),
            _ => {}
        }
    }
}

async fn database(app: &App) -> SqliteConnection {
    SqliteConnectOptions::new().filename(app.folder().join("hubbub.db")).connect().await.unwrap()
}

/// How many live rooms are stored.
async fn live_rooms(app: &App) -> i64 {
    let mut database = database(app).await;
    let count = sqlx::query_scalar("SELECT COUNT(*) FROM rooms WHERE chat IS NOT NULL");
    let count = count.fetch_one(&mut database).await.unwrap();
    database.close().await.unwrap();
    count
}

#[tokio::test]
async fn an_outsider_cannot_prepare_the_live_session_of_a_room() {
    let app = App::spawn().await;
    let (ann, bob, eve) = (app.register("ann").await, app.register("bob").await, app.register("eve").await);
    for id in ["session_team", "session_", "session_session_team"] {
        let (status, code, field) = make(&app, &eve, id, &[&ann]).await;
        assert_eq!((status, code.as_str(), field.as_str()), (422, "invalid", "id"), "{id}");
    }
    assert_eq!(app.get("/api/v1/chats", &eve).await.json()["chats"], json!([]));
    assert_eq!(make(&app, &ann, "team", &[&bob]).await, made());

    let page = app.visit("/live/team", &app.browser("ann").await).await;
    assert_eq!(page.status, StatusCode::OK);
    let (mut hers, mut his, mut eves) =
        (enter(&app, &ann).await, enter(&app, &bob).await, enter(&app, &eve).await);
    let joined = join(&mut hers, &session()).await.unwrap();
    assert_eq!((joined.members.len(), &joined.chat), (2, &Some(team())), "{joined:?}");
    join(&mut his, &session()).await.unwrap();
    assert_eq!(join(&mut eves, &session()).await.err(), Some(ErrorCode::NotFound));
    hers.say(&post(&session(), 1, "for the team")).await;
    while !matches!(his.hear().await, ServerFrame::Message { .. }) {}
    let heard = eves.before_pong().await;
    assert!(heard.is_empty(), "{heard:?}");
}

/// The previous version let an outsider create such a room, with a member of the chat in it.
#[tokio::test]
async fn a_room_with_the_id_of_a_live_session_never_replaces_it() {
    let app = App::spawn().await;
    let (ann, bob, eve) = (app.register("ann").await, app.register("bob").await, app.register("eve").await);
    assert_eq!(make(&app, &eve, "squat", &[&ann]).await, made());
    app.say(&eve, &RoomId::parse("squat").unwrap(), FORGED).await;
    let mut database = database(&app).await;
    let rename = sqlx::query("UPDATE rooms SET id = 'session_team' WHERE id = 'squat'");
    rename.execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    let app = app.restart().await;
    assert_eq!(make(&app, &ann, "team", &[&bob]).await, made());

    // Ann is in both. The page of the session is not that of the outsider's room.
    let cookie = app.browser("ann").await;
    let page = app.visit("/live/team", &cookie).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    // She is in the outsider's room, so it stands in her list, and nowhere else.
    assert!(page.text.contains("This room is not here"), "{}", page.text);
    assert!(
        !page.text.contains("id=\"composer\"") && page.text.matches(FORGED).count() == 2,
        "{}",
        page.text
    );
    // A live event of the outsider is not one of the chat's session.
    let (mut hers, mut his, mut eves) =
        (enter(&app, &ann).await, enter(&app, &bob).await, enter(&app, &eve).await);
    join(&mut hers, &team()).await.unwrap();
    // Nor does the answer to a join say that it is the session.
    assert_eq!(join(&mut hers, &session()).await.unwrap().chat, None);
    join(&mut eves, &session()).await.unwrap();
    eves.say_raw(r#"{"type":"live","data":{"room":"session_team","status":"live"}}"#).await;
    let said = loop {
        if let ServerFrame::Live { data } = hers.hear().await {
            break data;
        }
    };
    assert_eq!((said.room, said.chat), (session(), None));
    assert_eq!(join(&mut hers, &team()).await.unwrap().live, None);
    // A member of the chat alone cannot enter it over any gateway.
    assert_eq!(join(&mut his, &session()).await.err(), Some(ErrorCode::NotFound));
    for path in ["", "/members", "/messages"] {
        let answer = app.get(&format!("/api/v1/chats/session_team{path}"), &bob).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    let url = format!("ws://{}/api/v1/ws/chat/session_team?token={}", app.addr, bob.access_token);
    assert_eq!(Socket::try_connect(&url, &[]).await.err(), Some(403));
    assert_eq!(live_rooms(&app).await, 0);

    // Once it is deleted the session can be created, without the outsider.
    assert_eq!(app.delete("/api/v1/chats/session_team", &eve).await.status, StatusCode::NO_CONTENT);
    let joined = join(&mut his, &session()).await.unwrap();
    assert_eq!((joined.members.len(), joined.messages.len()), (2, 0), "{joined:?}");
    assert_eq!(join(&mut eves, &session()).await.err(), Some(ErrorCode::NotFound));
    let page = app.visit("/live/team", &cookie).await;
    assert!(page.status == StatusCode::OK && !page.text.contains(FORGED), "{page:?}");
}

#[tokio::test]
async fn a_live_event_names_its_chat() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    assert_eq!(make(&app, &ann, "team", &[]).await, made());
    let mut hers = enter(&app, &ann).await;
    join(&mut hers, &team()).await.unwrap();
    join(&mut hers, &session()).await.unwrap();
    hers.say_raw(r#"{"type":"live","data":{"room":"session_team","status":"live"}}"#).await;
    let named = |live: protocol::LiveChange| (live.room, live.chat) == (session(), Some(team()));
    loop {
        if let ServerFrame::Live { data } = hers.hear().await {
            assert!(named(data));
            break;
        }
    }
    // Also where the event was stored by a version that did not name the chat.
    let mut database = database(&app).await;
    let older = sqlx::query("UPDATE rooms SET live = json_remove(live, '$.chat') WHERE id = 'session_team'");
    older.execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    let app = app.restart().await;
    let mut hers = enter(&app, &ann).await;
    for room in [team(), session()] {
        assert!(join(&mut hers, &room).await.unwrap().live.is_some_and(named), "{room}");
    }
}

#[tokio::test]
async fn an_outsider_creates_no_live_room_over_any_gateway() {
    let app = App::spawn().await;
    let (ann, eve) = (app.register("ann").await, app.register("eve").await);
    assert_eq!(make(&app, &ann, "team", &[]).await, made());
    for path in ["", "/members", "/messages"] {
        let answer = app.get(&format!("/api/v1/chats/session_team{path}"), &eve).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    let answer = app.post("/api/v1/chats/session_team/read", &eve, &json!({ "seq": 1 })).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let cookie = app.browser("eve").await;
    for page in ["/live/team", "/rooms/session_team"] {
        assert_eq!(app.visit(page, &cookie).await.status, StatusCode::NOT_FOUND, "{page}");
    }
    let url = format!("ws://{}/api/v1/ws/chat/session_team?token={}", app.addr, eve.access_token);
    assert_eq!(Socket::try_connect(&url, &[]).await.err(), Some(403));
    let mut eves = enter(&app, &eve).await;
    assert_eq!(join(&mut eves, &session()).await.err(), Some(ErrorCode::NotFound));
    assert_eq!(live_rooms(&app).await, 0);

    assert_eq!(app.get("/api/v1/chats/session_team/members", &ann).await.status, StatusCode::OK);
    assert_eq!(live_rooms(&app).await, 1);
}

#[tokio::test]
async fn the_id_of_a_deleted_room_is_refused_after_a_restart() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    for id in ["team", "left"] {
        assert_eq!(make(&app, &ann, id, &[]).await, made());
    }
    let mut hers = enter(&app, &ann).await;
    join(&mut hers, &session()).await.unwrap();
    let generated = app.create_room(&ann, "Generated", &[]).await;
    for room in ["team", generated.as_str()] {
        let answer = app.delete(&format!("/api/v1/chats/{room}"), &ann).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{room}");
    }
    // The last member who leaves deletes the room.
    let left = app.delete(&format!("/api/v1/chats/left/members/{}", ann.user.id), &ann).await;
    assert_eq!(left.status, StatusCode::NO_CONTENT);

    let refused = async |app: &App| {
        for room in ["team", "left", generated.as_str()] {
            for who in [&ann, &bob] {
                let answer = app.post("/api/v1/chats", who, &json!({ "id": room, "name": "Mine" })).await;
                assert_eq!(answer.error(), (409, "taken".to_owned(), "id".to_owned()), "{room}");
                let Value::String(words) = &answer.json()["message"] else { panic!("{answer:?}") };
                assert!(words.contains("deleted"), "{words}");
            }
        }
        assert_eq!(live_rooms(app).await, 0);
    };
    refused(&app).await;
    let app = app.restart().await;
    refused(&app).await;
    let mut hers = enter(&app, &ann).await;
    for room in [team(), session()] {
        assert_eq!(join(&mut hers, &room).await.err(), Some(ErrorCode::NotFound), "{room}");
    }
}
