//! The person who stands in for whoever shows no token, in development.

use hub::SignInId;
use protocol::UserId;
use uuid::Uuid;

use super::{AuthError, Caller, Clearance, SignIns};

/// How this person is called.
const NAME: &str = "mock-user";

impl SignIns {
    /// The mock person; made at first use. Whoever calls this has looked that strangers cannot.
    ///
    /// # Errors
    /// [`AuthError::Unauthorized`] when the account is not in use any more, and failures of the store.
    pub async fn mock(&self, id: &UserId) -> Result<Caller, AuthError> {
        let user = match self.accounts.by_id(id).await? {
            Some(account) => account.user,
            None => self.create_from(id, NAME, None).await?,
        };
        if !user.is_active {
            return Err(AuthError::Unauthorized);
        }
        // Nobody signed in, so there is nothing to sign out of and nothing that ends.
        let sign_in = SignInId(Uuid::nil());
        let clearance = Clearance::Person;
        Ok(Caller { user, sign_in, expires_at_ms: i64::MAX, clearance })
    }
}
