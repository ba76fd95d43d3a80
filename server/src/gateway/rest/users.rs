//! `/api/v1/users`

use axum::Json;
use axum::extract::State;
use protocol::limits::USERNAME_CHARS;
use protocol::rest::{UserRef, Users};
use serde::Deserialize;

use crate::auth::AuthUser;
use crate::config::Directory;
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
    caller: AuthUser,
    ApiQuery(query): ApiQuery<SearchQuery>,
) -> Result<Json<Users>, ApiError> {
    let (asker, name) = (&caller.user.id, query.q.trim());
    let accounts = &state.auth().accounts;
    let beside = Some(asker).filter(|_| !sees_everybody(&state, &caller));
    let mut found = accounts.search(name, beside, MAX_PEOPLE).await?;
    let is_there = found.iter().any(|user| user.username.eq_ignore_ascii_case(name));
    if beside.is_some() && !is_there && USERNAME_CHARS.contains(&name.chars().count()) {
        // Whoever is known by the full name can be asked into a first room. Counted also where nobody is found, or guessing
        // would be free; the beginning of a name of somebody who is found costs no more than that.
        match state.count_lookup(asker) {
            Ok(()) => {
                let named = accounts.by_usernames(&[name.to_owned()]).await?;
                found.splice(0..0, named.into_iter().filter(|user| user.is_active));
            }
            Err(error) if found.is_empty() => return Err(error.into()),
            Err(_) => {}
        }
        found.truncate(usize::try_from(MAX_PEOPLE).unwrap_or(usize::MAX));
    }
    let users = found.into_iter().map(|user| UserRef { id: user.id, username: user.username });
    Ok(Json(Users { users: users.collect() }))
}

/// Whether somebody may find out who has an account: a part of the application may, others where the directory is for all.
pub(super) fn sees_everybody(state: &AppState, caller: &AuthUser) -> bool {
    caller.claims_role.is_service() || state.config().users.directory == Directory::All
}
