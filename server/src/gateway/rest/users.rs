//! `/api/v1/users`: finds users by the beginning of their names.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use protocol::limits::USERNAME_CHARS;
use protocol::rest::{UserRef, Users};
use serde::Deserialize;

use crate::auth::{AuthService, AuthUser};
use crate::config::{Config, Directory};
use crate::error::ApiError;
use crate::gateway::extract::ApiQuery;
use crate::state::LookupLimiter;

/// Users of one answer: as many as a list under a text field shows.
const MAX_USERS: u32 = 20;

/// The beginning of a user name.
#[derive(Deserialize)]
pub(crate) struct SearchQuery {
    #[serde(default)]
    q: String,
}

pub(crate) async fn search(
    State(auth): State<Arc<AuthService>>,
    State(config): State<Arc<Config>>,
    State(lookups): State<Arc<LookupLimiter>>,
    caller: AuthUser,
    ApiQuery(query): ApiQuery<SearchQuery>,
) -> Result<Json<Users>, ApiError> {
    let (me, name) = (&caller.user.id, query.q.trim());
    let accounts = auth.accounts();
    let beside = Some(me).filter(|_| !sees_all_users(&config, &caller));
    let mut found = accounts.search(name, beside, MAX_USERS).await?;
    let is_there = found.iter().any(|user| user.username.eq_ignore_ascii_case(name));
    if beside.is_some() && !is_there && USERNAME_CHARS.contains(&name.chars().count()) {
        // A user who is known by the full name can be invited into a first room. Counted also where none is found, or guessing
        // would be free; the beginning of the name of a user who is found costs no more than that.
        match lookups.count(me) {
            Ok(()) => {
                let named = accounts.by_usernames(&[name.to_owned()]).await?;
                found.splice(0..0, named.into_iter().filter(|user| user.is_active));
            }
            Err(error) if found.is_empty() => return Err(error.into()),
            Err(_) => {}
        }
        found.truncate(usize::try_from(MAX_USERS).unwrap_or(usize::MAX));
    }
    let users = found.into_iter().map(|user| UserRef { id: user.id, username: user.username });
    Ok(Json(Users { users: users.collect() }))
}

/// Whether the caller may learn which users exist: a part of the application may, others where the directory is for all.
pub(super) fn sees_all_users(config: &Config, caller: &AuthUser) -> bool {
    caller.claims_role.is_service() || config.users.directory == Directory::All
}
