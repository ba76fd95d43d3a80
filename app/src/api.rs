//! The REST API, as the pages use it: with the cookie of this browser, on the same origin. In a browser only: a server
//! renders from what it knows.

use leptos::prelude::{Action, Signal, With};
use protocol::json::from_text;
use protocol::rest::{Members, NewChat, NewMembers, UserRef, Users};
use protocol::{
    Cursor, DraftId, ErrorCode, Member, Message, MessageId, MessageKind, Reaction, RoomId, RoomSummary,
    UserId,
};
use serde::Serialize;
use serde_lite::Deserialize;

/// A request that did not succeed, in words for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// Which row of the table; `None` when no answer came.
    pub code: Option<ErrorCode>,
    /// What happened, and what to do.
    pub message: String,
    /// The field that is wrong, where it is one.
    pub field: Option<String>,
    /// The status of the answer; `None` when none came.
    pub status: Option<u16>,
    /// When trying again helps.
    pub retry_after_ms: Option<u32>,
}

impl ApiError {
    /// Nothing came back.
    fn unreachable() -> Self {
        let message =
            "The server could not be reached. Nothing was changed. Check your connection and try again.";
        Self { message: message.to_owned(), ..Self::default() }
    }

    /// Something came back that is not what was asked for, for instance a proxy's own page.
    fn strange(status: u16) -> Self {
        let message = match status {
            502..=504 => "The server is not available at the moment. Try again in a little while.",
            _ => "The server's answer was not understood. Try again; reload the page if it happens twice.",
        };
        Self { message: message.to_owned(), status: Some(status), ..Self::default() }
    }

    /// A refusal in the server's own words.
    fn refused(status: u16, body: protocol::rest::ErrorBody) -> Self {
        Self {
            code: Some(body.code),
            message: body.message,
            field: body.field,
            status: Some(status),
            retry_after_ms: body.retry_after_ms.map(|ms| u32::try_from(ms).unwrap_or(u32::MAX)),
        }
    }

    /// A field that the page itself found wrong.
    fn of_field(field: &str, code: ErrorCode, message: String) -> Self {
        Self { code: Some(code), message, field: Some(field.to_owned()), ..Self::default() }
    }
}

/// Why an action failed the last time, in words for people.
pub(crate) fn problem<I: 'static, O: 'static>(
    action: Action<I, Result<O, ApiError>>,
) -> Signal<Option<String>> {
    let outcome = action.value();
    Signal::derive(move || outcome.with(|it| it.as_ref()?.as_ref().err().map(|error| error.message.clone())))
}

/// A ticket for one socket.
pub(crate) async fn ticket() -> Result<protocol::rest::Ticket, ApiError> {
    call("POST", "auth/ticket", None).await
}

/// The status and the words that a path of this server answers with, of a refusal its sentence; `None` when nothing comes
/// back.
pub(crate) async fn probe(path: &str) -> Option<(u16, String)> {
    let (status, text) = fetch("GET", path, None).await.ok()?;
    let words = from_text::<protocol::rest::ErrorBody>(&text).map_or(text, |body| body.message);
    Some((status, words))
}

/// The rooms of this person, newest activity first, page by page up to a sensible end, and whether these are all.
pub(crate) async fn rooms() -> Result<(Vec<RoomSummary>, bool), ApiError> {
    const PAGES: usize = 6;
    let mut rooms = Vec::new();
    let mut path = "chats?limit=100".to_owned();
    for _ in 0..PAGES {
        let page: protocol::rest::Chats = call("GET", &path, None).await?;
        rooms.extend(page.chats);
        match page.next {
            Some(next) => path = format!("chats?limit=100&after={}", encode(&next)),
            None => return Ok((rooms, true)),
        }
    }
    Ok((rooms, false))
}

/// Makes a room with these people in it.
pub(crate) async fn create_room(name: String, usernames: &[String]) -> Result<RoomSummary, ApiError> {
    // The people are looked up first: a name that nobody has must not leave a half-made room behind.
    let mut member_ids = Vec::new();
    for username in usernames {
        member_ids.push(find_user(username).await?.id);
    }
    let body = json(&NewChat { name, member_ids, ..NewChat::default() })?;
    call("POST", "chats", body).await
}

async fn find_user(username: &str) -> Result<UserRef, ApiError> {
    let found: Users = call("GET", &format!("users?q={}", encode(username)), None).await?;
    found.users.into_iter().find(|user| user.username.eq_ignore_ascii_case(username)).ok_or_else(|| {
        ApiError::of_field("usernames", ErrorCode::NotFound, format!("There is nobody called “{username}”."))
    })
}

/// Puts people into a room. Returns those who were not in it before.
pub(crate) async fn invite(room: &RoomId, usernames: Vec<String>) -> Result<Vec<Member>, ApiError> {
    let body = json(&NewMembers { usernames, ..NewMembers::default() })?;
    let added: Members = call("POST", &format!("chats/{room}/members"), body).await?;
    Ok(added.members)
}

/// Leaves a room.
pub(crate) async fn leave(room: &RoomId, me: &UserId) -> Result<(), ApiError> {
    send("DELETE", &format!("chats/{room}/members/{}", encode(me.as_str())), None).await.map(drop)
}

/// At most `limit` messages before a number, oldest first, and whether there are more before those.
pub(crate) async fn history(
    room: &RoomId,
    epoch: u32,
    before: Option<u64>,
    limit: u32,
) -> Result<(Vec<Message>, bool), ApiError> {
    let before = before.map_or_else(String::new, |seq| format!("&before={seq}"));
    let page: Page = call("GET", &format!("chats/{room}/messages?limit={limit}{before}"), None).await?;
    let messages = page.messages.into_iter().map(|message| Message {
        room: room.clone(),
        cursor: Cursor { epoch, seq: message.seq },
        id: message.id,
        author: message.sender.id,
        name: message.sender.username,
        draft: message.draft_id,
        body: message.content,
        at_ms: parse_time(&message.created_at),
        // The list of messages shows neither.
        parent: None,
        kind: MessageKind::Text,
        rev: message.rev.unwrap_or(0),
        edited_at_ms: message.edited_at.as_deref().map(parse_time),
        deleted_at_ms: message.deleted_at.as_deref().map(parse_time),
        pinned: message.pinned.unwrap_or(false),
        reactions: message.reactions,
    });
    Ok((messages.collect(), page.has_more))
}

/// As much of a [`protocol::rest::MessagePage`] as a timeline needs.
#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    messages: Vec<Line>,
    has_more: bool,
}

/// As much of a [`protocol::rest::ChatMessage`] as a timeline needs.
#[derive(Deserialize)]
struct Line {
    id: MessageId,
    seq: u64,
    content: String,
    draft_id: DraftId,
    created_at: String,
    sender: UserRef,
    #[serde(default)]
    rev: Option<u64>,
    #[serde(default)]
    edited_at: Option<String>,
    #[serde(default)]
    deleted_at: Option<String>,
    #[serde(default)]
    pinned: Option<bool>,
    #[serde(default)]
    reactions: Vec<Reaction>,
}

/// A body to send.
fn json(body: &impl Serialize) -> Result<Option<String>, ApiError> {
    let unwritable =
        |_| ApiError { message: "This could not be written down.".to_owned(), ..ApiError::default() };
    serde_json::to_string(body).map(Some).map_err(unwritable)
}

async fn call<A: Deserialize>(method: &str, path: &str, body: Option<String>) -> Result<A, ApiError> {
    // Boxed, so that each kind of answer does not bring its own copy of the way there and back.
    let (_, text) = Box::pin(send(method, path, body)).await?;
    from_text(&text).map_err(|error| {
        leptos::logging::warn!("the answer to {method} {path} was not understood: {error}");
        ApiError::strange(200)
    })
}

async fn send(method: &str, path: &str, body: Option<String>) -> Result<(u16, String), ApiError> {
    let (status, text) =
        fetch(method, &format!("/api/v1/{path}"), body).await.map_err(|_| ApiError::unreachable())?;
    if (200..300).contains(&status) {
        return Ok((status, text));
    }
    Err(match from_text::<protocol::rest::ErrorBody>(&text) {
        Ok(body) => ApiError::refused(status, body),
        Err(_) => ApiError::strange(status),
    })
}

async fn fetch(method: &str, path: &str, body: Option<String>) -> Result<(u16, String), gloo_net::Error> {
    use gloo_net::http::{Method, RequestBuilder};
    use web_sys::{RequestCache, RequestCredentials};

    let method = match method {
        "POST" => Method::POST,
        "DELETE" => Method::DELETE,
        _ => Method::GET,
    };
    let request = RequestBuilder::new(path)
        .method(method)
        .credentials(RequestCredentials::SameOrigin)
        .cache(RequestCache::NoStore);
    let request = match body {
        Some(body) => request.header("Content-Type", "application/json").body(body),
        None => request.build(),
    };
    let answer = request?.send().await?;
    Ok((answer.status(), answer.text().await?))
}

fn encode(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "whole milliseconds, far below 2^53; not a number gives 0"
)]
fn parse_time(text: &str) -> i64 {
    js_sys::Date::parse(text) as i64
}
