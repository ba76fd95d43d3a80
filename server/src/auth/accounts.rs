//! `Accounts`: the store of accounts and sign-ins, as authentication needs it.

use std::sync::Arc;

use async_trait::async_trait;
use hub::model::User;
use protocol::UserId;
use uuid::Uuid;

use super::{ClaimsRole, Device};

/// Sign-ins of a user that are listed at most.
pub const MAX_LISTED: u32 = 200;

/// Why something was not done. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Another user has this user name; capitals do not make it another one.
    #[error("this user name is taken")]
    UsernameTaken,
    /// Another user has this e-mail address; capitals do not make it another one.
    #[error("this e-mail address is taken")]
    EmailTaken,
    /// There is an account of this identifier already.
    #[error("there is an account of this id already")]
    IdTaken,
    /// There is no account of this user.
    #[error("there is no account `{0}`")]
    NoSuchAccount(UserId),
    /// The account has another password now, or is out of use.
    #[error("the password was changed, or the account is out of use")]
    PasswordChanged,
    /// The database failed or did not answer.
    #[error("the store of accounts is not available")]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

/// An account to be made.
#[derive(Clone)]
pub struct NewAccount {
    /// The user that it will belong to.
    pub id: UserId,
    /// The user name.
    pub username: String,
    /// The e-mail address.
    pub email: String,
    /// The hash of the password; `None` for a user who signs in elsewhere.
    pub password_hash: Option<String>,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
}

/// An account, as identity is proven with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The user that it belongs to.
    pub user: Arc<User>,
    /// The role that the account itself has, whatever role a token has.
    pub claims_role: ClaimsRole,
}

/// A user, and what a password is compared with. Has no `Debug`: hashes stay out of logs.
#[derive(Clone)]
pub struct Credentials {
    /// The user.
    pub user: User,
    /// The hash of the password; `None` for a user who signs in elsewhere.
    pub password_hash: Option<String>,
}

/// How a sign-in is sent with requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInKind {
    /// The cookie of a browser; its secret stays the same.
    Cookie,
    /// Access and refresh tokens; each refresh changes the secret.
    Tokens,
}

/// One device that is signed in. Has no `Debug`, as [`Credentials`].
#[derive(Clone, PartialEq, Eq)]
pub struct SignIn {
    /// Its name, the `sid` of tokens.
    pub id: Uuid,
    /// The user who is signed in.
    pub user: UserId,
    /// How it is sent with requests.
    pub kind: SignInKind,
    /// The SHA-256 of the secret that proves it now.
    pub secret_hash: [u8; 32],
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
    /// The first millisecond at which it is over.
    pub expires_at_ms: i64,
    /// When it was last used, to the hour.
    pub seen_at_ms: i64,
}

/// A sign-in that begins. Has no `Debug`, as [`Credentials`].
#[derive(Clone)]
pub struct NewSignIn {
    /// What is stored of it.
    pub sign_in: SignIn,
    /// What signs in.
    pub device: Device,
    /// What the password was compared with: the account must have it still, and be in use. `None` if none was compared.
    pub password_hash: Option<String>,
}

/// A sign-in as its own user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSignIn {
    /// Its name.
    pub id: Uuid,
    /// What signed in, in a short phrase; empty when it is not known.
    pub device: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
    /// When it was last used, to the hour.
    pub seen_at_ms: i64,
    /// The first millisecond at which it is over.
    pub expires_at_ms: i64,
}

/// Which sign-ins of a user are to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// This one.
    One(Uuid),
    /// All but the one that asks.
    Others,
}

/// A user's request to end sign-ins of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndSignIns {
    /// The user that they belong to.
    pub user: UserId,
    /// The sign-in that asks, which must be live; `None` for a token that was signed elsewhere.
    pub by: Option<Uuid>,
    /// Which ones.
    pub ending: Ending,
    /// Milliseconds since 1970-01-01 UTC.
    pub now_ms: i64,
}

/// Another password, as its own user sets it. Has no `Debug`, as [`Credentials`].
#[derive(Clone)]
pub struct NewPassword {
    /// The user that it belongs to.
    pub user: UserId,
    /// The sign-in that asks, which must be live. It stays; all others end.
    pub by: Uuid,
    /// What the account must have until then: the hash that the user's current password was compared with.
    pub old_hash: String,
    /// What it gets.
    pub new_hash: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub now_ms: i64,
}

/// Milliseconds in which a secret that was just spent is answered with the same successor: a lost answer is asked for again
/// at once, and two tabs that resume do so together.
pub const REPEAT_MS: i64 = 10_000;

/// What became of a refresh.
#[derive(Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The sign-in has the new secret; the old one is spent.
    Rotated(SignIn, User),
    /// The secret was spent a moment ago, for this very new one, which no client has used yet: the answer was lost, or two
    /// asked at once. Nothing was changed.
    Repeated(SignIn, User),
    /// The secret had been spent before, so another client has it too: the sign-in is revoked.
    Reused(SignIn),
    /// No live sign-in has this secret or ever had it.
    Unknown,
}

/// The store of accounts and sign-ins.
///
/// What a call changes is on disk when the answer arrives. A sign-in is live until it expires, is revoked, or its
/// user's account is put out of use.
#[async_trait]
pub trait Accounts: Send + Sync + 'static {
    /// Makes an account.
    ///
    /// # Errors
    /// [`AccountError::IdTaken`], [`AccountError::UsernameTaken`], [`AccountError::EmailTaken`], in this order.
    async fn create(&self, account: NewAccount) -> Result<User, AccountError>;

    /// The user who signs in with this user name or e-mail address, in any capitals. Also finds accounts out of use.
    async fn by_login(&self, login: &str) -> Result<Option<Credentials>, AccountError>;

    /// The account of this identifier. Also finds accounts out of use.
    async fn by_id(&self, id: &UserId) -> Result<Option<Account>, AccountError>;

    /// The users who have these user names, in any capitals and in no particular order. Unknown names are left out.
    async fn by_usernames(&self, usernames: &[String]) -> Result<Vec<User>, AccountError>;

    /// At most `limit` users whose user name begins with `prefix`, in any capitals, by name; of those only who share a room
    /// with `beside`, where that is given, and `beside` itself. Leaves out accounts that are out of use.
    async fn search(
        &self,
        prefix: &str,
        beside: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<User>, AccountError>;

    /// How many accounts there are.
    async fn count(&self) -> Result<u64, AccountError>;

    /// Stores something that changes nothing: whether what is asked to be stored would be.
    async fn probe(&self) -> Result<(), AccountError>;

    /// Stores that a user has signed in.
    ///
    /// # Errors
    /// [`AccountError::NoSuchAccount`], [`AccountError::PasswordChanged`].
    async fn open_sign_in(&self, new: NewSignIn) -> Result<(), AccountError>;

    /// The live sign-ins of a user, the one that was used last first; at most [`MAX_LISTED`] of them.
    async fn sign_ins_of(&self, user: &UserId, now_ms: i64) -> Result<Vec<ListedSignIn>, AccountError>;

    /// Stores when sign-ins were last used. Those that no longer exist are skipped.
    async fn note_seen(&self, seen: Vec<(Uuid, i64)>) -> Result<(), AccountError>;

    /// Ends live sign-ins of a user and answers which. `None` if the one that asks is not live: then none was ended.
    async fn end_sign_ins(&self, request: EndSignIns) -> Result<Option<Vec<Uuid>>, AccountError>;

    /// Ends live sign-ins of a user until there are `most`: first those that were renewed longest ago (or began, where
    /// nothing renews them), and never the newest. Answers which.
    async fn end_oldest(
        &self,
        user: &UserId,
        newest: Uuid,
        most: u32,
        now_ms: i64,
    ) -> Result<Vec<Uuid>, AccountError>;

    /// The live [`SignInKind::Cookie`] sign-in of this secret.
    async fn sign_in_by_secret(
        &self,
        secret_hash: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<(SignIn, Account)>, AccountError>;

    /// The sign-in of this name, of either kind, if it is live.
    async fn sign_in(&self, id: Uuid, now_ms: i64) -> Result<Option<(SignIn, Account)>, AccountError>;

    /// Gives the live [`SignInKind::Tokens`] sign-in that has the old secret the new one, and a new end. An old secret
    /// that was spent already revokes the sign-in, in the same transaction, unless it was spent within the last
    /// [`REPEAT_MS`] for the same new one, which the sign-in still has. Spent secrets are known until the sign-in expires.
    async fn rotate(
        &self,
        old_hash: &[u8; 32],
        new_hash: &[u8; 32],
        now_ms: i64,
        expires_at_ms: i64,
    ) -> Result<Rotation, AccountError>;

    /// Ends a sign-in; `false` when there was none or it had been revoked before.
    async fn revoke(&self, id: Uuid) -> Result<bool, AccountError>;

    /// Ends a token that another backend signed, by the name that we have for it, until it expires.
    async fn end_token(&self, id: Uuid, expires_at_ms: i64) -> Result<(), AccountError>;

    /// Until when such a token is ended; `None` if it is not.
    async fn token_ended_until(&self, id: Uuid) -> Result<Option<i64>, AccountError>;

    /// Such tokens and until when they are ended, at most so many of them.
    async fn ended_tokens(&self, limit: u32) -> Result<Vec<(Uuid, i64)>, AccountError>;

    /// Forgets the sign-ins and the ended tokens that have expired, and answers how many sign-ins.
    async fn purge_expired(&self, now_ms: i64) -> Result<u64, AccountError>;

    /// Gives a user another password, and ends all sign-ins of the user.
    ///
    /// # Errors
    /// [`AccountError::NoSuchAccount`].
    async fn set_password(&self, id: &UserId, password_hash: String) -> Result<(), AccountError>;

    /// Gives a user another password, ends all sign-ins but the one that asks, and answers which. `None` if that one is not
    /// live, or the account has another hash than the old one: then nothing was changed.
    async fn change_password(&self, change: NewPassword) -> Result<Option<Vec<Uuid>>, AccountError>;

    /// Takes an account out of use, which ends all of its sign-ins, or back into use.
    ///
    /// # Errors
    /// [`AccountError::NoSuchAccount`].
    async fn set_active(&self, id: &UserId, is_active: bool) -> Result<(), AccountError>;

    /// Stores what the user of an account is to the application.
    ///
    /// # Errors
    /// [`AccountError::NoSuchAccount`].
    async fn set_claims_role(&self, id: &UserId, claims_role: ClaimsRole) -> Result<(), AccountError>;

    /// The users whose accounts were changed after the change of this number, by this process or another one, and the number
    /// of the newest change. The first call passes `None` and gets the number alone.
    async fn changed_after(&self, change: Option<u64>) -> Result<(u64, Vec<UserId>), AccountError>;
}
