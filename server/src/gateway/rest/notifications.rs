//! `/api/v1/notifications`: lists, sends and marks notifications.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hub::Hub;
use protocol::NotificationId;
use protocol::limits::MAX_INBOX_ITEMS;
use protocol::rest::{NewNotification, Notifications, NotificationsRead, Notified, ReadNotifications};
use serde::Deserialize;

use super::page_size;
use crate::auth::AuthUser;
use crate::config::Config;
use crate::error::ApiError;
use crate::gateway::extract::{ApiBody, ApiQuery};

/// The kind of a notification that names none.
pub(super) const PLAIN: &str = "info";

/// Which part of the list.
#[derive(Deserialize)]
pub(crate) struct NotificationQuery {
    before: Option<NotificationId>,
    limit: Option<u32>,
}

pub(crate) async fn list(
    State(hub): State<Hub>,
    caller: AuthUser,
    ApiQuery(query): ApiQuery<NotificationQuery>,
) -> Result<Json<Notifications>, ApiError> {
    let limit = page_size(query.limit);
    let page = hub.notifications(&caller.user.id, query.before, limit).await?;
    let next = page.list.last().filter(|_| page.has_more).map(|it| it.id.0.to_string());
    Ok(Json(Notifications { notifications: page.list, unread: page.unread, next }))
}

pub(crate) async fn create(
    State(hub): State<Hub>,
    State(config): State<Arc<Config>>,
    caller: AuthUser,
    ApiBody(new): ApiBody<NewNotification>,
) -> Result<(StatusCode, Json<Notified>), ApiError> {
    let to_anybody = caller.claims_role.is_service() || config.is_development();
    if new.user_id != caller.user.id && !to_anybody {
        return Err(ApiError::NotAllowed("only a part of the application notifies others"));
    }
    hub.count(caller.requester())?;
    let kind = new.kind.as_deref().unwrap_or(PLAIN);
    let notified = hub.notify(&new.user_id, &new.title, &new.message, kind).await;
    let (notification, delivered) =
        notified.map_err(|error| ApiError::renaming(error, "user_ids", "user_id"))?;
    Ok((StatusCode::CREATED, Json(Notified { notification, delivered })))
}

pub(crate) async fn read(
    State(hub): State<Hub>,
    caller: AuthUser,
    ApiBody(which): ApiBody<ReadNotifications>,
) -> Result<Json<NotificationsRead>, ApiError> {
    let most = usize::try_from(MAX_INBOX_ITEMS).unwrap_or(usize::MAX);
    if which.ids.as_ref().is_some_and(|ids| ids.len() > most) {
        return Err(ApiError::Invalid { field: "ids", message: format!("at most {most} at a time") });
    }
    let read = hub.read_notifications(&caller.user.id, which.ids.as_deref()).await?;
    Ok(Json(NotificationsRead { read }))
}
