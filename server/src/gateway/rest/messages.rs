//! `/api/v1/chats/{room}/messages` and `/read`: reads and posts messages, and moves read markers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hub::model::{Message, MessageState};
use hub::store::HistoryRange;
use hub::{Hub, MessageText};
use protocol::DraftId;
use protocol::limits::PAGE_MESSAGES;
use protocol::rest::{ChatMessage, ChatMessageChanges, MessagePage, NewMessage};
use serde::Deserialize;
use uuid::Uuid;

use crate::auth::{AuthUser, rest_user};
use crate::clock::rfc3339;
use crate::config::Config;
use crate::error::ApiError;
use crate::gateway::extract::{ApiQuery, PathAndBody, PathResult, RoomPath};

/// Which part of the history.
#[derive(Deserialize)]
pub(crate) struct HistoryQuery {
    before: Option<u64>,
    after: Option<u64>,
    limit: Option<u32>,
}

/// How far a user has read.
#[derive(Deserialize)]
pub(crate) struct ReadUpTo {
    seq: u64,
}

pub(crate) async fn history(
    State(hub): State<Hub>,
    State(config): State<Arc<Config>>,
    caller: AuthUser,
    PathResult(room): PathResult<RoomPath>,
    ApiQuery(query): ApiQuery<HistoryQuery>,
) -> Result<Json<MessagePage>, ApiError> {
    let range = match (query.before, query.after) {
        (Some(_), Some(_)) => {
            let message = "ask for what is before or for what is after, not for both".to_owned();
            return Err(ApiError::Invalid { field: "after", message });
        }
        (Some(seq), None) => HistoryRange::Before(seq),
        (None, Some(seq)) => HistoryRange::After(seq),
        (None, None) => HistoryRange::Newest,
    };
    let limit = query.limit.unwrap_or(PAGE_MESSAGES);
    let RoomPath(room) = room?;
    let page = hub.history(&caller.user.id, &room, range, limit).await?;
    let messages = page.messages.iter().map(|message| shape(&config, message)).collect();
    Ok(Json(MessagePage { messages, has_more: page.has_more }))
}

pub(crate) async fn post(
    State(hub): State<Hub>,
    State(config): State<Arc<Config>>,
    caller: AuthUser,
    PathAndBody(room, new): PathAndBody<RoomPath, NewMessage>,
) -> Result<(StatusCode, Json<ChatMessage>), ApiError> {
    let RoomPath(room) = room?;
    let draft = new.draft_id.unwrap_or_else(|| DraftId(Uuid::new_v4()));
    let text = MessageText { body: &new.content, parent: new.parent_message_id, kind: new.message_type };
    let posted = hub.post(&caller.user, &room, draft, text).await;
    let message = posted.map_err(|error| match error.field() {
        Some("parent") => ApiError::renaming(error, "parent", "parent_message_id"),
        _ => ApiError::renaming(error, "body", "content"),
    })?;
    Ok((StatusCode::CREATED, Json(shape(&config, &message))))
}

pub(crate) async fn read(
    State(hub): State<Hub>,
    caller: AuthUser,
    PathAndBody(room, mark): PathAndBody<RoomPath, ReadUpTo>,
) -> Result<StatusCode, ApiError> {
    let RoomPath(room) = room?;
    hub.mark_read(&caller.user.id, &room, mark.seq).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn shape(config: &Config, message: &Message) -> ChatMessage {
    let (at, changes) = (rfc3339(message.at_ms), message.state.as_deref());
    let mut sender = rest_user(&message.author);
    if !config.users.member_emails {
        sender.email.clear();
    }
    ChatMessage {
        id: message.id,
        chat_id: message.room.clone(),
        seq: message.cursor.seq,
        sender_id: message.author.id.clone(),
        content: message.body.to_string(),
        message_type: message.kind.clone(),
        parent_message_id: message.parent,
        draft_id: message.draft,
        created_at: at,
        updated_at: rfc3339(
            changes.as_ref().and_then(|it| it.deleted_at_ms.or(it.edited_at_ms)).unwrap_or(message.at_ms),
        ),
        sender,
        changes: changes.map(of_changes).unwrap_or_default(),
    }
}

fn of_changes(state: &MessageState) -> ChatMessageChanges {
    ChatMessageChanges {
        rev: Some(state.rev),
        edited_at: state.edited_at_ms.map(rfc3339),
        deleted_at: state.deleted_at_ms.map(rfc3339),
        pinned: state.is_pinned.then_some(true),
        reactions: state.reactions.clone(),
    }
}
