//! Lifetime: how long sign-ins last and are kept, and which ones last too long to be good.

/// Milliseconds that a device stays signed in: 30 days from the last refresh, or from the sign-in of a browser.
pub const SIGN_IN_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// How long a sign-in that is over is kept. A clock that was set too far ahead and is set right again has deleted none by then.
pub(crate) const KEPT_AFTER_END_MS: i64 = SIGN_IN_MS;

/// How much longer than [`SIGN_IN_MS`] a sign-in may last because the clock was set back.
const CLOCK_STEP_MS: i64 = 24 * 60 * 60 * 1_000;

/// Whether a sign-in ends when one can end. If not, it was made while the clock was set far ahead, and would last too long.
pub(super) fn is_bounded(expires_at_ms: i64, now_ms: i64) -> bool {
    expires_at_ms <= now_ms.saturating_add(SIGN_IN_MS + CLOCK_STEP_MS)
}
