//! Views: the handlers of the pages, which gather what a page shows.

use app::PageKind;
use axum::extract::{Request, State};
use axum::http::header::{HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use hub::{Hub, HubError, SignInId};
use protocol::{JoinedRoom, RoomSummary};

use super::redirect::{see_other, sign_in_first};
use super::renderer::{PageRenderer, next};
use crate::auth::AuthUser;
use crate::error::ApiError;
use crate::gateway::extract::{RoomPath, Visitor};

/// The sign-in that a page was made for: its name, and the millisecond since 1970-01-01 UTC at which it is over.
const SIGN_IN: HeaderName = HeaderName::from_static("hubbub-sign-in");

/// `GET /`: for those who are signed in, beside the list of their rooms.
pub(crate) async fn signed_in(
    State(renderer): State<PageRenderer>,
    Visitor(caller): Visitor,
    request: Request,
) -> Result<Response, ApiError> {
    let Some(caller) = caller else {
        return Ok(sign_in_first(request.uri()));
    };
    let start = renderer.start(request.uri(), request.headers(), Some(&caller)).await?;
    let page = renderer.render(request, start, PageKind::Interactive, StatusCode::OK).await?;
    Ok(of_sign_in(page, &caller))
}

/// `GET /rooms/{room}`: a text that is no identifier is answered as a room that is unknown.
pub(crate) async fn room(
    State(renderer): State<PageRenderer>,
    State(hub): State<Hub>,
    Visitor(caller): Visitor,
    room: Result<RoomPath, ApiError>,
    request: Request,
) -> Result<Response, ApiError> {
    let Some(caller) = caller else {
        return Ok(sign_in_first(request.uri()));
    };
    let mut start = renderer.start(request.uri(), request.headers(), Some(&caller)).await?;
    let peeked = match room {
        Ok(RoomPath(room)) => hub.peek(&caller.user.id, &room).await,
        Err(_) => Err(HubError::NoSuchRoom),
    };
    let status = match peeked {
        Ok(open) => {
            start.open = Some(open);
            StatusCode::OK
        }
        Err(HubError::NoSuchRoom) => StatusCode::NOT_FOUND,
        Err(error) => return Err(error.into()),
    };
    let page = renderer.render(request, start, PageKind::Interactive, status).await?;
    Ok(of_sign_in(page, &caller))
}

/// Names the sign-in of a page and when that ends, for the service worker, whose copies end with it.
fn of_sign_in(mut page: Response, caller: &AuthUser) -> Response {
    let SignInId(id) = caller.sign_in;
    if let Ok(value) = HeaderValue::try_from(format!("{id} {}", caller.expires_at_ms)) {
        page.headers_mut().insert(SIGN_IN, value);
    }
    page
}

/// `GET /live/{chat}`
pub(crate) async fn live(
    State(renderer): State<PageRenderer>,
    State(hub): State<Hub>,
    Visitor(caller): Visitor,
    chat: Result<RoomPath, ApiError>,
    request: Request,
) -> Result<Response, ApiError> {
    let Some(caller) = caller else {
        return Ok(sign_in_first(request.uri()));
    };
    let mut start = renderer.start(request.uri(), request.headers(), Some(&caller)).await?;
    let status = match session(&hub, &caller, chat).await {
        Ok((chat, open)) => {
            // The page names its room, also one that is not among the newest.
            if !start.rooms.iter().any(|room| room.id == chat.id) {
                start.rooms.push(chat);
            }
            start.open = Some(open);
            StatusCode::OK
        }
        Err(HubError::NoSuchRoom) => StatusCode::NOT_FOUND,
        Err(error) => return Err(error.into()),
    };
    renderer.render(request, start, PageKind::Interactive, status).await
}

/// A chat, and the newest page of its live room.
async fn session(
    hub: &Hub,
    caller: &AuthUser,
    chat: Result<RoomPath, ApiError>,
) -> Result<(RoomSummary, JoinedRoom), HubError> {
    let RoomPath(chat) = chat.map_err(|_| HubError::NoSuchRoom)?;
    let me = &caller.user.id;
    // A live room is in no list, so this is a chat.
    let chat = hub.room(me, &chat).await?;
    let open = hub.peek_live(me, &chat.id).await?;
    Ok((chat, open))
}

/// `GET /sign-in` and `GET /register`
pub(crate) async fn entry(
    State(renderer): State<PageRenderer>,
    Visitor(caller): Visitor,
    request: Request,
) -> Result<Response, ApiError> {
    if caller.is_some() {
        return Ok(see_other(&next(request.uri())));
    }
    let start = renderer.start(request.uri(), request.headers(), None).await?;
    renderer.render(request, start, PageKind::Static, StatusCode::OK).await
}

/// `GET /devtools` and `GET /test`: for any visitor; the page itself may ask to sign in.
pub(crate) async fn open_to_all(
    State(renderer): State<PageRenderer>,
    Visitor(caller): Visitor,
    request: Request,
) -> Result<Response, ApiError> {
    let start = renderer.start(request.uri(), request.headers(), caller.as_ref()).await?;
    renderer.render(request, start, PageKind::Interactive, StatusCode::OK).await
}

/// Addresses that no route knows: a page for users, JSON for programs.
pub(crate) async fn missing(
    State(renderer): State<PageRenderer>,
    request: Request,
) -> Result<Response, ApiError> {
    let is_page =
        matches!(*request.method(), Method::GET | Method::HEAD) && !request.uri().path().starts_with("/api");
    if !is_page {
        return Err(ApiError::NotFound);
    }
    // The page is the same for all.
    let start = renderer.start(request.uri(), request.headers(), None).await?;
    renderer.render(request, start, PageKind::Missing, StatusCode::NOT_FOUND).await
}
