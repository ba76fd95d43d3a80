//! `/api/v1/messages/{message}`: edits, deletes and pins a message, sets reactions, and reads its earlier texts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hub::Hub;
use hub::store::Change;
use protocol::rest::{ChatMessage, MessageHistory, MessagePatch, MessageVersion};
use protocol::{DraftId, MessageId};
use uuid::Uuid;

use super::messages::shape;
use crate::auth::AuthUser;
use crate::clock::rfc3339;
use crate::config::Config;
use crate::error::ApiError;
use crate::gateway::extract::{MessagePath, PathAndBody, PathResult, ReactionPath};

pub(crate) async fn edit(
    State(hub): State<Hub>,
    State(config): State<Arc<Config>>,
    caller: AuthUser,
    PathAndBody(message, patch): PathAndBody<MessagePath, MessagePatch>,
) -> Result<Json<ChatMessage>, ApiError> {
    let MessagePath(message) = message?;
    let MessagePatch { content, base_rev, draft_id } = patch;
    let draft = draft_id.unwrap_or_else(new_draft);
    let edit = Change::Edit { body: content.into(), base_rev };
    let edited = hub.change(&caller.user, message, draft, edit).await;
    Ok(Json(shape(&config, &edited.map_err(|error| ApiError::renaming(error, "body", "content"))?)))
}

pub(crate) async fn delete(
    State(hub): State<Hub>,
    caller: AuthUser,
    PathResult(message): PathResult<MessagePath>,
) -> Result<StatusCode, ApiError> {
    let MessagePath(message) = message?;
    hub.change(&caller.user, message, new_draft(), Change::Delete).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn pin(
    state: State<Hub>,
    config: State<Arc<Config>>,
    caller: AuthUser,
    PathResult(message): PathResult<MessagePath>,
) -> Result<Json<ChatMessage>, ApiError> {
    change(state, config, &caller, message?.0, Change::Pin { on: true }).await
}

pub(crate) async fn unpin(
    state: State<Hub>,
    config: State<Arc<Config>>,
    caller: AuthUser,
    PathResult(message): PathResult<MessagePath>,
) -> Result<Json<ChatMessage>, ApiError> {
    change(state, config, &caller, message?.0, Change::Pin { on: false }).await
}

pub(crate) async fn react(
    state: State<Hub>,
    config: State<Arc<Config>>,
    caller: AuthUser,
    PathResult(reaction): PathResult<ReactionPath>,
) -> Result<Json<ChatMessage>, ApiError> {
    let ReactionPath { message, emoji } = reaction?;
    change(state, config, &caller, message, Change::React { emoji, on: true }).await
}

pub(crate) async fn unreact(
    state: State<Hub>,
    config: State<Arc<Config>>,
    caller: AuthUser,
    PathResult(reaction): PathResult<ReactionPath>,
) -> Result<Json<ChatMessage>, ApiError> {
    let ReactionPath { message, emoji } = reaction?;
    change(state, config, &caller, message, Change::React { emoji, on: false }).await
}

/// Sets something, which is safe to repeat without a draft.
async fn change(
    State(hub): State<Hub>,
    State(config): State<Arc<Config>>,
    caller: &AuthUser,
    message: MessageId,
    change: Change,
) -> Result<Json<ChatMessage>, ApiError> {
    let changed = hub.change(&caller.user, message, new_draft(), change).await?;
    Ok(Json(shape(&config, &changed)))
}

pub(crate) async fn history(
    State(hub): State<Hub>,
    caller: AuthUser,
    PathResult(message): PathResult<MessagePath>,
) -> Result<Json<MessageHistory>, ApiError> {
    let MessagePath(message) = message?;
    let versions = hub.versions(&caller.user.id, message).await?;
    let versions = versions.into_iter().map(|it| MessageVersion {
        rev: it.rev,
        content: it.body.to_string(),
        created_at: rfc3339(it.at_ms),
    });
    Ok(Json(MessageHistory { versions: versions.collect() }))
}

fn new_draft() -> DraftId {
    DraftId(Uuid::new_v4())
}
