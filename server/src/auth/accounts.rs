//! Accounts and sign-ins, as sign-in needs them remembered.

use std::pin::Pin;
use std::sync::Arc;

use hub::model::User;
use protocol::UserId;
use uuid::Uuid;

use super::{ClaimsRole, Device};

/// Sign-ins of a user that are listed at most.
pub const MAX_LISTED: u32 = 200;

/// What the memory of accounts answers with, sooner or later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, AccountError>> + Send + 'a>>;

/// Why something was not done. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Somebody has this user name; capitals do not make it another one.
    #[error("this user name is taken")]
    UsernameTaken,
    /// Somebody has this e-mail address; capitals do not make it another one.
    #[error("this e-mail address is taken")]
    EmailTaken,
    /// There is an account of this identifier already.
    #[error("there is an account of this id already")]
    IdTaken,
    /// There is no account of this person.
    #[error("there is no account `{0}`")]
    NoSuchAccount(UserId),
    /// The account has another password now, or is out of use.
    #[error("the password was changed, or the account is out of use")]
    PasswordChanged,
    /// The database refused or did not answer.
    #[error("the memory of accounts is not available")]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

/// An account to be made.
#[derive(Clone)]
pub struct NewAccount {
    /// Whose it will be.
    pub id: UserId,
    /// The user name.
    pub username: String,
    /// The e-mail address.
    pub email: String,
    /// What the password was hashed to; `None` for who signs in elsewhere.
    pub password_hash: Option<String>,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
}

/// An account, as identity is proven with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Whose it is.
    pub user: Arc<User>,
    /// What the account itself says of its user, whatever a token says.
    pub claims_role: ClaimsRole,
}

/// Somebody, and what a password is compared with. Has no `Debug`: hashes stay out of logs.
#[derive(Clone)]
pub struct Credentials {
    /// Who.
    pub user: User,
    /// What the password was hashed to; `None` for who signs in elsewhere.
    pub password_hash: Option<String>,
}

/// How a sign-in is carried.
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
    /// Who is signed in.
    pub user: UserId,
    /// How it is carried.
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
    /// What is kept of it.
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

/// A user's wish to end sign-ins of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndSignIns {
    /// Whose they are.
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
    /// Whose it is.
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
/// at once, and two tabs that wake up do so together.
pub const REPEAT_MS: i64 = 10_000;

/// What became of a refresh.
#[derive(Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The sign-in has the new secret; the old one is spent.
    Rotated(SignIn, User),
    /// The secret was spent a moment ago, for this very new one, which nobody has used yet: the answer was lost, or two
    /// asked at once. Nothing was changed.
    Repeated(SignIn, User),
    /// The secret had been spent before, so somebody else has it too: the sign-in is revoked.
    Reused(SignIn),
    /// No live sign-in has this secret or ever had it.
    Unknown,
}

/// Remembers who has an account and who is signed in where.
///
/// What a call changes is on disk when the answer arrives. A sign-in is live until it expires, is revoked, or its
/// person's account is put out of use.
pub trait Accounts: Send + Sync + 'static {
    /// Makes an account.
    ///
    /// # Errors
    /// [`AccountError::IdTaken`], [`AccountError::UsernameTaken`], [`AccountError::EmailTaken`], in this order.
    fn create(&self, account: NewAccount) -> Answer<'_, User>;

    /// Who signs in with this user name or e-mail address, in any capitals. Also finds accounts out of use.
    fn by_login<'a>(&'a self, login: &'a str) -> Answer<'a, Option<Credentials>>;

    /// The account of this identifier. Also finds accounts out of use.
    fn by_id<'a>(&'a self, id: &'a UserId) -> Answer<'a, Option<Account>>;

    /// The people who have these user names, in any capitals and in no particular order. Unknown names are left out.
    fn by_usernames<'a>(&'a self, usernames: &'a [String]) -> Answer<'a, Vec<User>>;

    /// At most `limit` people whose user name begins with `prefix`, in any capitals, by name; of those only who share a room
    /// with `beside`, where that is given, and `beside` itself. Leaves out accounts that are out of use.
    fn search<'a>(&'a self, prefix: &'a str, beside: Option<&'a UserId>, limit: u32)
    -> Answer<'a, Vec<User>>;

    /// How many accounts there are.
    fn count(&self) -> Answer<'_, u64>;

    /// Stores something that changes nothing: whether what is asked to be stored would be.
    fn probe(&self) -> Answer<'_, ()>;

    /// Remembers that somebody has signed in.
    ///
    /// # Errors
    /// [`AccountError::NoSuchAccount`], [`AccountError::PasswordChanged`].
    fn open_sign_in(&self, new: NewSignIn) -> Answer<'_, ()>;

    /// The live sign-ins of a user, the one that was used last first; at most [`MAX_LISTED`] of them.
    fn sign_ins_of<'a>(&'a self, user: &'a UserId, now_ms: i64) -> Answer<'a, Vec<ListedSignIn>>;

    /// Stores when sign-ins were last used. Those that are gone are passed over.
    fn note_seen(&self, seen: Vec<(Uuid, i64)>) -> Answer<'_, ()>;

    /// Ends live sign-ins of a user and answers which. `None` if the one that asks is not live: then none was ended.
    fn end_sign_ins(&self, wish: EndSignIns) -> Answer<'_, Option<Vec<Uuid>>>;

    /// Ends live sign-ins of a user until there are `most`: first those that were renewed longest ago (or began, where
    /// nothing renews them), and never the newest. Answers which.
    fn end_oldest<'a>(
        &'a self,
        user: &'a UserId,
        newest: Uuid,
        most: u32,
        now_ms: i64,
    ) -> Answer<'a, Vec<Uuid>>;

    /// The live [`SignInKind::Cookie`] sign-in of this secret.
    fn sign_in_by_secret<'a>(
        &'a self,
        secret_hash: &'a [u8; 32],
        now_ms: i64,
    ) -> Answer<'a, Option<(SignIn, Account)>>;

    /// The sign-in of this name, of either kind, if it is live.
    fn sign_in(&self, id: Uuid, now_ms: i64) -> Answer<'_, Option<(SignIn, Account)>>;

    /// Gives the live [`SignInKind::Tokens`] sign-in that has the old secret the new one, and a new end. An old secret
    /// that was spent already revokes the sign-in, in the same transaction, unless it was spent within the last
    /// [`REPEAT_MS`] for the same new one, which the sign-in still has. Spent secrets are known until the sign-in expires.
    fn rotate<'a>(
        &'a self,
        old_hash: &'a [u8; 32],
        new_hash: &'a [u8; 32],
        now_ms: i64,
        expires_at_ms: i64,
    ) -> Answer<'a, Rotation>;

    /// Ends a sign-in; `false` when there was none or it had been revoked before.
    fn revoke(&self, id: Uuid) -> Answer<'_, bool>;

    /// Ends a token that another backend signed, by the name that we have for it, until it expires.
    fn end_token(&self, id: Uuid, expires_at_ms: i64) -> Answer<'_, ()>;

    /// Until when such a token is ended; `None` if it is not.
    fn token_ended_until(&self, id: Uuid) -> Answer<'_, Option<i64>>;

    /// Such tokens and until when they are ended, at most so many of them.
    fn ended_tokens(&self, limit: u32) -> Answer<'_, Vec<(Uuid, i64)>>;

    /// Forgets the sign-ins and the ended tokens that have expired, and answers how many sign-ins.
    fn purge_expired(&self, now_ms: i64) -> Answer<'_, u64>;

    /// Gives a user another password, and ends all sign-ins of the user.
    ///
    /// # Errors
    /// [`AccountError::NoSuchAccount`].
    fn set_password<'a>(&'a self, id: &'a UserId, password_hash: String) -> Answer<'a, ()>;

    /// Gives a user another password, ends all sign-ins but the one that asks, and answers which. `None` if that one is not
    /// live, or the account has another hash than the old one: then nothing was changed.
    fn change_password(&self, change: NewPassword) -> Answer<'_, Option<Vec<Uuid>>>;

    /// Takes an account out of use, which ends all of its sign-ins, or back into use.
    ///
    /// # Errors
    /// [`AccountError::NoSuchAccount`].
    fn set_active<'a>(&'a self, id: &'a UserId, is_active: bool) -> Answer<'a, ()>;

    /// Says what the user of an account is to the application.
    ///
    /// # Errors
    /// [`AccountError::NoSuchAccount`].
    fn set_claims_role<'a>(&'a self, id: &'a UserId, claims_role: ClaimsRole) -> Answer<'a, ()>;

    /// Whose accounts were changed after the change of this number, by this process or another one, and the number of the
    /// newest change. Whoever asks for the first time asks with `None` and hears the number alone.
    fn changed_after(&self, change: Option<u64>) -> Answer<'_, (u64, Vec<UserId>)>;
}
