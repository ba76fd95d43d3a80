//! The person who stands in for whoever shows no token, in development.

use hub::SignInId;
use protocol::UserId;
use uuid::Uuid;

use super::{AuthError, AuthService, AuthUser, ClaimsRole};

/// How this person is called.
const NAME: &str = "mock-user";

impl AuthService {
    /// The mock person; made at first use. Whoever calls this has looked that strangers cannot.
    ///
    /// # Errors
    /// [`AuthError::Unauthorized`] when the account is not in use any more, and failures of the store.
    pub async fn mock(&self, id: &UserId) -> Result<AuthUser, AuthError> {
        let user = match self.accounts.by_id(id).await? {
            Some(account) => account.user,
            None => self.create_from(id, NAME, None).await?,
        };
        if !user.is_active {
            return Err(AuthError::Unauthorized);
        }
        // Nobody signed in, so there is nothing to sign out of and nothing that ends.
        let sign_in = SignInId(Uuid::nil());
        let claims_role = ClaimsRole::Person;
        Ok(AuthUser { user, sign_in, expires_at_ms: i64::MAX, claims_role })
    }
}
