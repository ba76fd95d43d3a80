//! `/api/v1/chats` and the people in them.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hub::{HubError, NewRoom};
use protocol::limits::MAX_MEMBERS_PER_REQUEST;
use protocol::rest::{ChatPatch, Chats, Members, NewChat, NewMembers};
use protocol::{RoomId, RoomSummary, UserId};
use serde::Deserialize;

use super::users::sees_everybody;
use super::{person_id, room_id};
use crate::auth::{AuthUser, ClaimsRole};
use crate::error::ApiError;
use crate::gateway::extract::{ApiBody, ApiPath, ApiQuery};
use crate::state::AppState;

/// Rooms of one list page when the asker names no number, and at most.
const PAGE_ROOMS: u32 = 50;
const MAX_PAGE_ROOMS: u32 = 200;

/// Which part of the list.
#[derive(Deserialize)]
pub(crate) struct ListQuery {
    after: Option<RoomId>,
    limit: Option<u32>,
}

pub(crate) async fn list(
    State(state): State<AppState>,
    caller: AuthUser,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Json<Chats>, ApiError> {
    let limit = query.limit.unwrap_or(PAGE_ROOMS).clamp(1, MAX_PAGE_ROOMS);
    // One more than shown tells whether there is another page.
    let mut chats = state.hub().rooms_of(&caller.user.id, query.after.as_ref(), limit + 1).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = chats.len() > shown;
    chats.truncate(shown);
    let next = chats.last().filter(|_| more).map(|room| room.id.to_string());
    Ok(Json(Chats { chats, next }))
}

pub(crate) async fn create(
    State(state): State<AppState>,
    caller: AuthUser,
    ApiBody(new): ApiBody<NewChat>,
) -> Result<(StatusCode, Json<RoomSummary>), ApiError> {
    let new = NewRoom { id: new.id, name: new.name, kind: new.kind, members: new.member_ids };
    let renamed = |error: HubError| ApiError::renaming(error, "user_ids", "member_ids");
    state.hub().count_new_room(caller.actor(), &new.members).await.map_err(renamed)?;
    let room = state.hub().create_room(&caller.user.id, new).await.map_err(renamed)?;
    Ok((StatusCode::CREATED, Json(room)))
}

pub(crate) async fn show(
    State(state): State<AppState>,
    caller: AuthUser,
    ApiPath(room): ApiPath<String>,
) -> Result<Json<RoomSummary>, ApiError> {
    Ok(Json(state.hub().room(&caller.user.id, &room_id(&room)?).await?))
}

pub(crate) async fn rename(
    State(state): State<AppState>,
    caller: AuthUser,
    ApiPath(room): ApiPath<String>,
    ApiBody(patch): ApiBody<ChatPatch>,
) -> Result<Json<RoomSummary>, ApiError> {
    state.hub().count(caller.actor())?;
    Ok(Json(state.hub().rename_room(&caller.user.id, &room_id(&room)?, &patch.name).await?))
}

pub(crate) async fn delete(
    State(state): State<AppState>,
    caller: AuthUser,
    ApiPath(room): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    state.hub().delete_room(&caller.user.id, &room_id(&room)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn members(
    State(state): State<AppState>,
    caller: AuthUser,
    ApiPath(room): ApiPath<String>,
) -> Result<Json<Members>, ApiError> {
    let members = state.hub().members(&caller.user.id, &room_id(&room)?).await?;
    Ok(Json(Members { members }))
}

pub(crate) async fn add_members(
    State(state): State<AppState>,
    caller: AuthUser,
    ApiPath(room): ApiPath<String>,
    ApiBody(new): ApiBody<NewMembers>,
) -> Result<Json<Members>, ApiError> {
    let room = room_id(&room)?;
    // Asked first: outsiders are told about the room, not about the names.
    state.hub().room(&caller.user.id, &room).await?;
    let mut users = new.user_ids;
    users.extend(called(&state, &caller, &new.usernames).await?);
    if users.is_empty() {
        let message = "name at least one person, in user_ids or usernames".to_owned();
        return Err(ApiError::Invalid { field: "usernames", message });
    }
    state.hub().count(caller.actor())?;
    state.hub().count_strangers(caller.actor(), &users).await?;
    if caller.claims_role == ClaimsRole::Admin {
        state.hub().take_back_leaving(&room, &users).await?;
    }
    let members = state.hub().add_members(&caller.user.id, &room, users).await?;
    Ok(Json(Members { members }))
}

/// The people of these user names; all of them or a refusal.
async fn called(state: &AppState, caller: &AuthUser, usernames: &[String]) -> Result<Vec<UserId>, ApiError> {
    if usernames.len() > MAX_MEMBERS_PER_REQUEST {
        let message = format!("at most {MAX_MEMBERS_PER_REQUEST} at a time");
        return Err(ApiError::Invalid { field: "usernames", message });
    }
    if usernames.is_empty() {
        return Ok(Vec::new());
    }
    if !sees_everybody(state, caller) {
        // It says who has an account, as the list of users does, up to the first name that nobody has.
        state.count_lookup(&caller.user.id)?;
    }
    let users = state.auth().accounts.by_usernames(usernames).await?;
    let users: Vec<_> = users.into_iter().filter(|user| user.is_active).collect();
    let known: HashSet<String> = users.iter().map(|user| user.username.to_lowercase()).collect();
    match usernames.iter().find(|name| !known.contains(&name.to_lowercase())) {
        Some(unknown) => Err(ApiError::UserNotFound(unknown.chars().take(64).collect())),
        None => Ok(users.into_iter().map(|user| user.id).collect()),
    }
}

pub(crate) async fn remove_member(
    State(state): State<AppState>,
    caller: AuthUser,
    ApiPath((room, user)): ApiPath<(String, String)>,
    ApiQuery(query): ApiQuery<RemovalQuery>,
) -> Result<StatusCode, ApiError> {
    let (room, user) = (room_id(&room)?, person_id(&user)?);
    let (hub, me) = (state.hub(), &caller.user.id);
    hub.count(caller.actor())?;
    match query.for_good {
        None => hub.remove_member(me, &room, &user).await?,
        Some(_) if user != *me => {
            let message = "only oneself leaves for good, or takes that back".to_owned();
            return Err(ApiError::Invalid { field: "for_good", message });
        }
        Some(true) => hub.leave_for_good(me, &room).await?,
        Some(false) => {
            let taken_back = hub.take_back_leaving(&room, std::slice::from_ref(me)).await?;
            // Without one it is an ordinary leaving.
            if taken_back == 0 {
                hub.remove_member(me, &room, me).await?;
            }
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// How somebody leaves.
#[derive(Deserialize)]
pub(crate) struct RemovalQuery {
    /// `true`: and is not put into the room again. `false`: takes that back.
    for_good: Option<bool>,
}
