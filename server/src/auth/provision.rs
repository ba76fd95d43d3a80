//! Provision: creates the account of a user whom another service vouches for, at first sight.

use std::sync::Arc;

use hub::model::User;
use hub::store::Clock;
use protocol::UserId;
use uuid::Uuid;

use super::accounts::{AccountError, Accounts, NewAccount};
use super::{AuthError, validation};

/// Creates the account of this id. A name or address that another user here has already is replaced by one that is made up.
///
/// # Errors
/// Failures of the store.
pub(super) async fn create_account(
    accounts: &dyn Accounts,
    clock: &dyn Clock,
    id: &UserId,
    name: &str,
    email: Option<String>,
) -> Result<Arc<User>, AuthError> {
    let spare = Uuid::now_v7().simple().to_string();
    let made_up = format!("{spare}@people.invalid");
    let email = email.filter(|it| validation::check_email(it).is_ok()).unwrap_or_else(|| made_up.clone());
    let first = (validation::username_like(name, id.as_str()), email);
    for (username, email) in [first, (spare.clone(), made_up)] {
        let account = NewAccount {
            id: id.clone(),
            username,
            email,
            password_hash: None,
            created_at_ms: clock.now_ms(),
        };
        match accounts.create(account).await {
            Ok(user) => return Ok(Arc::new(user)),
            // Taken perhaps by this very user, who came through another gateway at the same moment.
            Err(AccountError::UsernameTaken | AccountError::EmailTaken | AccountError::IdTaken) => {
                if let Some(account) = accounts.by_id(id).await? {
                    return Ok(account.user);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(AuthError::Unauthorized)
}
