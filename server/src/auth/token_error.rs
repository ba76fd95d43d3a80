//! Token errors: why a token was rejected, for the log, and in development for the answer.

/// What is wrong with a token. Its text shows nothing of the secret, and nothing that is in the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not three parts of base64url, or no JSON in them.
    #[error("it is not a JWT")]
    Malformed,
    /// Another algorithm, `none` included.
    #[error("its algorithm (`alg`) is not HS256")]
    Algorithm,
    /// Its header requires an extension (`crit`, RFC 7515, section 4.1.11), of which we know none.
    #[error("it requires an extension (`crit`) that is not supported")]
    Extension,
    /// Signed with another secret, or changed since.
    #[error("its signature does not fit the secret")]
    Signature,
    /// A claim that we read is of another type.
    #[error("one of its claims has the wrong type")]
    Claims,
    /// It would never end.
    #[error("it has no `exp`, a number of seconds since 1970")]
    NoExpiry,
    /// A thousand times too far away.
    #[error("its `exp` is in milliseconds, and must be in seconds since 1970")]
    Milliseconds,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// Its time has not come.
    #[error("it is not valid yet (`nbf`)")]
    NotYetValid,
    /// It names no user.
    #[error("its `sub` is missing or blank")]
    NoSubject,
    /// The subject cannot be an identifier of ours.
    #[error("its `sub` is no user id: 1 to 64 letters, digits, `_`, `:`, `.`, `@`, `|` or `-`")]
    BadSubject,
    /// Signed out, revoked, or of a sign-in that is not known here.
    #[error("its sign-in has ended")]
    Ended,
    /// No account has this identifier.
    #[error("its `sub` has no account here")]
    NoAccount,
    /// The account is out of use.
    #[error("its account is disabled")]
    Disabled,
    /// A ticket that opens nothing.
    #[error("the ticket is unknown, used or older than 30 seconds")]
    Ticket,
}
