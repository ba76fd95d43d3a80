//! `/api/v1/chats/{id}/messages` and `/read`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hub::MessageText;
use hub::model::Message;
use hub::store::HistoryRange;
use protocol::DraftId;
use protocol::limits::PAGE_MESSAGES;
use protocol::rest::{ChatMessage, MessagePage, NewMessage};
use serde::Deserialize;
use uuid::Uuid;

use super::room_id;
use crate::auth::{AuthUser, user};
use crate::clock::rfc3339;
use crate::error::ApiError;
use crate::gateway::extract::{ApiBody, ApiPath, ApiQuery};
use crate::state::AppState;

/// Which part of the history.
#[derive(Deserialize)]
pub(crate) struct HistoryQuery {
    before: Option<u64>,
    after: Option<u64>,
    limit: Option<u32>,
}

/// How far somebody has read.
#[derive(Deserialize)]
pub(crate) struct ReadUpTo {
    seq: u64,
}

pub(crate) async fn history(
    State(state): State<AppState>,
    caller: AuthUser,
    ApiPath(room): ApiPath<String>,
    ApiQuery(query): ApiQuery<HistoryQuery>,
) -> Result<Json<MessagePage>, ApiError> {
    let slice = match (query.before, query.after) {
        (Some(_), Some(_)) => {
            let message = "ask for what is before or for what is after, not for both".to_owned();
            return Err(ApiError::Invalid { field: "after", message });
        }
        (Some(seq), None) => HistoryRange::Before(seq),
        (None, Some(seq)) => HistoryRange::After(seq),
        (None, None) => HistoryRange::Newest,
    };
    let limit = query.limit.unwrap_or(PAGE_MESSAGES);
    let page = state.hub().history(&caller.user.id, &room_id(&room)?, slice, limit).await?;
    let messages = page.messages.iter().map(|message| shape(&state, message)).collect();
    Ok(Json(MessagePage { messages, has_more: page.has_more }))
}

pub(crate) async fn post(
    State(state): State<AppState>,
    caller: AuthUser,
    ApiPath(room): ApiPath<String>,
    ApiBody(new): ApiBody<NewMessage>,
) -> Result<(StatusCode, Json<ChatMessage>), ApiError> {
    let draft = new.draft_id.unwrap_or_else(|| DraftId(Uuid::new_v4()));
    let text = MessageText { body: &new.content, parent: new.parent_message_id, kind: new.message_type };
    let posted = state.hub().post(&caller.user, &room_id(&room)?, draft, text).await;
    let message = posted.map_err(|error| match error.field() {
        Some("parent") => ApiError::renaming(error, "parent", "parent_message_id"),
        _ => ApiError::renaming(error, "body", "content"),
    })?;
    Ok((StatusCode::CREATED, Json(shape(&state, &message))))
}

pub(crate) async fn read(
    State(state): State<AppState>,
    caller: AuthUser,
    ApiPath(room): ApiPath<String>,
    ApiBody(mark): ApiBody<ReadUpTo>,
) -> Result<StatusCode, ApiError> {
    state.hub().mark_read(&caller.user.id, &room_id(&room)?, mark.seq).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn shape(state: &AppState, message: &Message) -> ChatMessage {
    let at = rfc3339(message.at_ms);
    let mut sender = user(&message.author);
    if !state.config().users.member_emails {
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
        created_at: at.clone(),
        updated_at: at,
        sender,
    }
}
