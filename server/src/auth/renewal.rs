//! Renewal: a client that is attached proves itself again, with a fresh token of the same user.

use hub::ClientSession;
use protocol::CloseCode;

use super::extract::access_token;
use super::{AuthError, AuthService, AuthUser};

impl AuthService {
    /// Has a client go on by a fresh token. One that is not good changes nothing: the old one is good until it ends. A token
    /// whose sign-in ends meanwhile closes the connection, as if it had ended a moment later.
    ///
    /// # Errors
    /// [`AuthError::Token`] for whatever is wrong with it, [`AuthError::Unauthorized`] for somebody else's, and failures of the
    /// store.
    pub async fn renew(&self, peer: &ClientSession, carried: &str) -> Result<AuthUser, AuthError> {
        let caller = self.by_token(access_token(carried)).await?;
        if caller.user.id != peer.user().id {
            return Err(AuthError::Unauthorized);
        }
        peer.renew(caller.sign_in);
        // Once more, now that whoever ends this sign-in closes this connection, too: it may have ended since it was looked at.
        if let Err(error) = self.check_still(&caller).await {
            peer.close(CloseCode::Token);
            return Err(error);
        }
        Ok(caller)
    }
}
