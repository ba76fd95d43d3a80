//! `/api/v1/users`

use axum::Json;
use axum::extract::State;
use protocol::rest::{UserRef, Users};
use serde::Deserialize;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::gateway::extract::ApiQuery;
use crate::state::AppState;

/// People of one answer: as many as a list under a text field shows.
const MAX_PEOPLE: u32 = 20;

/// The beginning of a user name.
#[derive(Deserialize)]
pub(crate) struct SearchQuery {
    #[serde(default)]
    q: String,
}

pub(crate) async fn search(
    State(state): State<AppState>,
    _caller: Caller,
    ApiQuery(query): ApiQuery<SearchQuery>,
) -> Result<Json<Users>, ApiError> {
    let people = state.sign_ins().accounts.search(query.q.trim(), MAX_PEOPLE).await?;
    let users = people.into_iter().map(|person| UserRef { id: person.id, username: person.username });
    Ok(Json(Users { users: users.collect() }))
}
