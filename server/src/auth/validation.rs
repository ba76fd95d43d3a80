//! Validation: checks user names, e-mail addresses and passwords of new accounts.

use protocol::UserId;
use protocol::limits::{MAX_EMAIL_CHARS, PASSWORD_CHARS, USERNAME_CHARS};
use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

use super::accounts::NewAccount;
use super::{AuthError, Passwords};

/// The commonest passwords of ten and more characters in published leaks. Shorter ones are rejected by their length.
const COMMON: &[&str] = &[
    "0123456789",
    "0987654321",
    "1111111111",
    "123123123123",
    "1234512345",
    "1234567890",
    "12345678900",
    "12345678910",
    "123456789a",
    "1234567891",
    "123456789q",
    "1234567899",
    "1q2w3e4r5t",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "9876543210",
    "abcdefghij",
    "adminadmin",
    "administrator",
    "aaaaaaaaaa",
    "asdfasdfasdf",
    "asdfghjkl1",
    "asdfghjkl;",
    "basketball",
    "changemenow",
    "football123",
    "iloveyou123",
    "iloveyou12",
    "letmein123",
    "liverpool1",
    "manchester",
    "password01",
    "password10",
    "password11",
    "password12",
    "password123",
    "password1234",
    "passw0rd123",
    "passwordpassword",
    "qazwsxedcrfv",
    "qwerty12345",
    "qwerty1234",
    "qwerty123456",
    "qwertyqwerty",
    "qwertyuiop",
    "qwertyuiop123",
    "q1w2e3r4t5",
    "q1w2e3r4t5y6",
    "startrek123",
    "superman123",
    "test123456",
    "testtest123",
    "testtesttest",
    "welcome123",
    "welcome1234",
    "zaq12wsxcde3",
    "zxcvbnm123",
];

/// A user who may have an account: every value is within its limits.
pub(super) struct NewUser {
    username: String,
    email: String,
    password: String,
}

impl NewUser {
    /// Takes what was typed, without the spaces around names that keyboards and forms add.
    ///
    /// # Errors
    /// [`AuthError::Invalid`], [`AuthError::WeakPassword`].
    pub(super) fn check(username: &str, email: &str, password: &str) -> Result<Self, AuthError> {
        let (username, email) = (username.trim(), login(email));
        check_username(username)?;
        check_email(&email)?;
        check_password(password, username, &email)?;
        Ok(Self { username: username.to_owned(), email, password: password.to_owned() })
    }

    /// The account to be made, under an identifier of its own.
    ///
    /// # Errors
    /// [`AuthError::Busy`], [`AuthError::Internal`].
    pub(super) async fn account(self, passwords: &Passwords, now_ms: i64) -> Result<NewAccount, AuthError> {
        Ok(NewAccount {
            id: UserId::parse(&Uuid::now_v7().to_string()).map_err(AuthError::internal)?,
            username: self.username,
            email: self.email,
            password_hash: Some(passwords.hash(&self.password).await?),
            created_at_ms: now_ms,
        })
    }
}

/// A user name or an e-mail address as it is searched for: without the spaces around it, and the same however its letters were
/// typed.
pub(super) fn login(typed: &str) -> String {
    typed.trim().nfc().collect()
}

/// Checks a user name.
///
/// # Errors
/// [`AuthError::Invalid`] for the field `username`.
pub(super) fn check_username(username: &str) -> Result<(), AuthError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if USERNAME_CHARS.contains(&username.chars().count()) && username.chars().all(legal) {
        return Ok(());
    }
    Err(AuthError::Invalid {
        field: "username",
        message: "a user name has 3 to 32 letters, digits, '_' or '-'",
    })
}

/// Checks an e-mail address, loosely: only its owner knows whether it exists.
///
/// # Errors
/// [`AuthError::Invalid`] for the field `email`.
pub(super) fn check_email(email: &str) -> Result<(), AuthError> {
    let parts = email.split_once('@');
    let full =
        parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
    let plain = !email.chars().any(|c| c.is_whitespace() || c.is_control());
    if full && plain && email.chars().count() <= MAX_EMAIL_CHARS {
        return Ok(());
    }
    Err(AuthError::Invalid { field: "email", message: "this is not an e-mail address" })
}

/// Checks a new password. Length counts, not classes of characters (NIST SP 800-63B, section 5.1.1.2).
///
/// # Errors
/// [`AuthError::WeakPassword`].
pub(super) fn check_password(password: &str, username: &str, email: &str) -> Result<(), AuthError> {
    let password: String = password.nfc().collect();
    if !PASSWORD_CHARS.contains(&password.chars().count()) {
        return Err(AuthError::WeakPassword("a password has 10 to 128 characters"));
    }
    let lower = password.to_lowercase();
    if lower == username.to_lowercase() || lower == email.to_lowercase() {
        return Err(AuthError::WeakPassword("a password must not be the user name or the e-mail address"));
    }
    let mut characters = lower.chars();
    let first = characters.next();
    if COMMON.contains(&lower.as_str()) || characters.all(|c| Some(c) == first) {
        return Err(AuthError::WeakPassword(
            "this password is among the commonest; choose one that is harder to guess",
        ));
    }
    Ok(())
}

/// A user name made of a name of another service: characters that are not allowed become dashes.
pub(super) fn username_like(name: &str, id: &str) -> String {
    let legal = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }
    };
    let plain = |text: &str| -> String {
        text.chars().take(*USERNAME_CHARS.end()).map(legal).collect::<String>().trim_matches('-').to_owned()
    };
    let mut candidates = [plain(name), plain(id)].into_iter();
    candidates.find(|it| check_username(it).is_ok()).unwrap_or_else(|| format!("user-{}", plain(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_have_three_to_thirty_two_plain_characters() {
        for good in ["bob", "Ann_Lee-2", &"x".repeat(32)] {
            assert!(check_username(good).is_ok(), "{good}");
        }
        for bad in ["", "al", "bob smith", "böb", "a@b.c", "<b>", &"x".repeat(33)] {
            assert!(check_username(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_has_something_on_both_sides_of_one_at() {
        assert!(check_email("ann@example.org").is_ok());
        for bad in ["", "ann", "@x", "x@", "a@b@c", "a b@c", &format!("{}@x.org", "a".repeat(254))] {
            assert!(check_email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn passwords_that_anyone_would_guess_are_refused() {
        let check = |password: &str| check_password(password, "some-body-1", "some@body.org");
        assert!(check("correct horse").is_ok());
        assert!(check("ünïcödé-ok").is_ok());
        for weak in ["short", "Password123", "zzzzzzzzzzzz", "SOME-body-1", "Some@Body.org", &"xy".repeat(65)]
        {
            assert!(check(weak).is_err(), "{weak}");
        }
    }

    #[test]
    fn a_name_from_elsewhere_becomes_a_user_name() {
        for (name, id, username) in [
            ("Anna Karenina", "7", "Anna-Karenina"),
            ("李", "auth0|64a7b8", "auth0-64a7b8"),
            ("", "7", "user-7"),
        ] {
            assert_eq!(username_like(name, id), username);
        }
    }
}
