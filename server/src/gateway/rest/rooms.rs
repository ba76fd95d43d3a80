//! `/api/v1/chats`: lists, creates, renames and deletes rooms, and adds and removes members.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hub::{Hub, HubError, NewRoom};
use protocol::limits::MAX_MEMBERS_PER_REQUEST;
use protocol::rest::{ChatPatch, Chats, Members, NewChat, NewMembers};
use protocol::{RoomId, RoomSummary, UserId};
use serde::Deserialize;

use super::users::sees_all_users;
use crate::auth::{AuthService, AuthUser, ClaimsRole};
use crate::config::Config;
use crate::error::ApiError;
use crate::gateway::extract::{ApiBody, ApiQuery, MemberPath, PathAndBody, PathResult, RoomPath};
use crate::state::LookupLimiter;

/// Rooms of one list page when the caller names no number, and at most.
const PAGE_ROOMS: u32 = 50;
const MAX_PAGE_ROOMS: u32 = 200;

/// Which part of the list.
#[derive(Deserialize)]
pub(crate) struct RoomQuery {
    after: Option<RoomId>,
    limit: Option<u32>,
}

pub(crate) async fn list(
    State(hub): State<Hub>,
    caller: AuthUser,
    ApiQuery(query): ApiQuery<RoomQuery>,
) -> Result<Json<Chats>, ApiError> {
    let limit = query.limit.unwrap_or(PAGE_ROOMS).clamp(1, MAX_PAGE_ROOMS);
    // One more than shown tells whether there is another page.
    let mut chats = hub.rooms_of(&caller.user.id, query.after.as_ref(), limit + 1).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = chats.len() > shown;
    chats.truncate(shown);
    let next = chats.last().filter(|_| more).map(|room| room.id.to_string());
    Ok(Json(Chats { chats, next }))
}

pub(crate) async fn create(
    State(hub): State<Hub>,
    caller: AuthUser,
    ApiBody(new): ApiBody<NewChat>,
) -> Result<(StatusCode, Json<RoomSummary>), ApiError> {
    let new = NewRoom { id: new.id, name: new.name, kind: new.kind, members: new.member_ids };
    let renamed = |error: HubError| ApiError::renaming(error, "user_ids", "member_ids");
    hub.count_new_room(caller.requester(), &new.members).await.map_err(renamed)?;
    let room = hub.create_room(&caller.user.id, new).await.map_err(renamed)?;
    Ok((StatusCode::CREATED, Json(room)))
}

pub(crate) async fn show(
    State(hub): State<Hub>,
    caller: AuthUser,
    RoomPath(room): RoomPath,
) -> Result<Json<RoomSummary>, ApiError> {
    Ok(Json(hub.room(&caller.user.id, &room).await?))
}

pub(crate) async fn rename(
    State(hub): State<Hub>,
    caller: AuthUser,
    PathAndBody(room, patch): PathAndBody<RoomPath, ChatPatch>,
) -> Result<Json<RoomSummary>, ApiError> {
    hub.count(caller.requester())?;
    let RoomPath(room) = room?;
    Ok(Json(hub.rename_room(&caller.user.id, &room, &patch.name).await?))
}

pub(crate) async fn delete(
    State(hub): State<Hub>,
    caller: AuthUser,
    RoomPath(room): RoomPath,
) -> Result<StatusCode, ApiError> {
    hub.delete_room(&caller.user.id, &room).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn members(
    State(hub): State<Hub>,
    caller: AuthUser,
    RoomPath(room): RoomPath,
) -> Result<Json<Members>, ApiError> {
    let members = hub.members(&caller.user.id, &room).await?;
    Ok(Json(Members { members }))
}

pub(crate) async fn add_members(
    State(hub): State<Hub>,
    State(auth): State<Arc<AuthService>>,
    State(config): State<Arc<Config>>,
    State(lookups): State<Arc<LookupLimiter>>,
    caller: AuthUser,
    PathAndBody(room, new): PathAndBody<RoomPath, NewMembers>,
) -> Result<Json<Members>, ApiError> {
    let RoomPath(room) = room?;
    // Checked first: outsiders learn about the room, not about the names.
    hub.room(&caller.user.id, &room).await?;
    let mut users = new.user_ids;
    let lookups = Some(&*lookups).filter(|_| !sees_all_users(&config, &caller));
    users.extend(named(&auth, lookups, &caller, &new.usernames).await?);
    if users.is_empty() {
        let message = "name at least one user, in user_ids or usernames".to_owned();
        return Err(ApiError::Invalid { field: "usernames", message });
    }
    hub.count(caller.requester())?;
    hub.count_strangers(caller.requester(), &users).await?;
    if caller.claims_role == ClaimsRole::Admin {
        hub.take_back_leaving(&room, &users).await?;
    }
    let members = hub.add_members(&caller.user.id, &room, users).await?;
    Ok(Json(Members { members }))
}

/// The users of these names; all of them, or an error.
async fn named(
    auth: &AuthService,
    lookups: Option<&LookupLimiter>,
    caller: &AuthUser,
    usernames: &[String],
) -> Result<Vec<UserId>, ApiError> {
    if usernames.len() > MAX_MEMBERS_PER_REQUEST {
        let message = format!("at most {MAX_MEMBERS_PER_REQUEST} at a time");
        return Err(ApiError::Invalid { field: "usernames", message });
    }
    if usernames.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(lookups) = lookups {
        // The answer says which accounts exist, as the list of users does, up to the first name that is unknown.
        lookups.count(&caller.user.id)?;
    }
    let users = auth.accounts().by_usernames(usernames).await?;
    let users: Vec<_> = users.into_iter().filter(|user| user.is_active).collect();
    let known: HashSet<String> = users.iter().map(|user| user.username.to_lowercase()).collect();
    match usernames.iter().find(|name| !known.contains(&name.to_lowercase())) {
        Some(unknown) => Err(ApiError::UserNotFound(unknown.chars().take(64).collect())),
        None => Ok(users.into_iter().map(|user| user.id).collect()),
    }
}

pub(crate) async fn remove_member(
    State(hub): State<Hub>,
    caller: AuthUser,
    PathResult(member): PathResult<MemberPath>,
    ApiQuery(query): ApiQuery<RemovalQuery>,
) -> Result<StatusCode, ApiError> {
    let MemberPath { room, user } = member?;
    let me = &caller.user.id;
    hub.count(caller.requester())?;
    match query.for_good {
        None => hub.remove_member(me, &room, &user).await?,
        Some(_) if user != *me => {
            let message = "only oneself leaves for good, or takes that back".to_owned();
            return Err(ApiError::Invalid { field: "for_good", message });
        }
        Some(true) => hub.leave_for_good(me, &room).await?,
        Some(false) => {
            let taken_back = hub.take_back_leaving(&room, std::slice::from_ref(me)).await?;
            // Without one the user leaves as usual.
            if taken_back == 0 {
                hub.remove_member(me, &room, me).await?;
            }
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// How a user leaves.
#[derive(Deserialize)]
pub(crate) struct RemovalQuery {
    /// `true`: and is not put into the room again. `false`: takes that back.
    for_good: Option<bool>,
}
