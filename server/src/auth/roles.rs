//! Role notice: reads the role that a token gives its bearer, and warns where an application's tokens seem to give one that is
//! not read.

use super::{Claims, ClaimsRole, RoleClaim};
use crate::limits::rate_limiter::RateLimiter;

/// Reads roles by one claim, and warns once a minute when that claim may be the wrong one.
pub struct RoleNotice {
    claim: RoleClaim,
    /// One for all tokens: the setting is one, too.
    warnings: RateLimiter<()>,
}

impl RoleNotice {
    /// Roles are named by this claim.
    pub fn new(claim: RoleClaim) -> Self {
        Self { claim, warnings: RateLimiter::per_minute(Some(1), 1) }
    }

    /// What the bearer of a token is, by the token alone.
    pub(super) fn claims_role(&self, claims: &Claims, now_ms: i64) -> ClaimsRole {
        if let Some(name) = self.claim.passed_over(&claims.more)
            && self.warnings.check((), now_ms).is_ok()
        {
            tracing::warn!(
                claim = name,
                "A token's claim `{name}` says `service` or `admin`, which counts for nothing here: if it is meant for the \
                 hub, set HUBBUB_ROLE_CLAIM={name}, or name the role in the claim `hubbub_role`"
            );
        }
        self.claim.claims_role(&claims.more)
    }
}
