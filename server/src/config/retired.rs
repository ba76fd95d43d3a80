//! Retired names of settings: accepted for one release, so that an upgrade needs no change of the environment at once.

use std::ffi::{OsStr, OsString};
use std::fmt;

use clap::Command;

use super::error::{ConfigError, invalid};

/// The old name of each renamed setting, and its name now.
const RETIRED: [RetiredName; 21] = [
    RetiredName("HUBBUB_AT_HAND_BYTES", "HUBBUB_HISTORY_CACHE_BYTES"),
    RetiredName("HUBBUB_BYTES_PER_SECOND", "HUBBUB_BYTES_PER_SECOND_PER_USER"),
    RetiredName("HUBBUB_COMPRESS_FROM", "HUBBUB_COMPRESSION_MIN_BYTES"),
    RetiredName("HUBBUB_HANDSHAKES_AT_ONCE", "HUBBUB_MAX_CONCURRENT_HANDSHAKES"),
    RetiredName("HUBBUB_HANDSHAKES_WAITING", "HUBBUB_MAX_QUEUED_HANDSHAKES"),
    RetiredName("HUBBUB_LOOKUPS_PER_MINUTE", "HUBBUB_LOOKUPS_PER_MINUTE_PER_USER"),
    RetiredName("HUBBUB_MAX_CONNECTIONS_PER_PERSON", "HUBBUB_MAX_CONNECTIONS_PER_USER"),
    RetiredName("HUBBUB_MESSAGES_PER_SECOND", "HUBBUB_MESSAGES_PER_SECOND_PER_USER"),
    RetiredName("HUBBUB_MOCK_USER_ID", "HUBBUB_DEV_USER_ID"),
    RetiredName("HUBBUB_REQUESTS_AT_ONCE", "HUBBUB_MAX_CONCURRENT_REQUESTS_PER_USER"),
    RetiredName("HUBBUB_REQUESTS_AT_ONCE_PER_ADDRESS", "HUBBUB_MAX_CONCURRENT_REQUESTS_PER_ADDRESS"),
    RetiredName("HUBBUB_REQUESTS_PER_SECOND", "HUBBUB_REQUESTS_PER_SECOND_PER_USER"),
    RetiredName("HUBBUB_ROOMS_MADE_PER_DAY", "HUBBUB_ROOMS_CREATED_PER_DAY_PER_USER"),
    RetiredName("HUBBUB_ROOMS_OWNED", "HUBBUB_OWNED_ROOMS_PER_USER"),
    RetiredName("HUBBUB_SIGN_INS_PER_LOGIN", "HUBBUB_LOGINS_PER_MINUTE_PER_USER"),
    RetiredName("HUBBUB_SIGN_INS_PER_MINUTE", "HUBBUB_LOGINS_PER_MINUTE"),
    RetiredName("HUBBUB_SIGN_INS_PER_USER", "HUBBUB_AUTH_SESSIONS_PER_USER"),
    RetiredName("HUBBUB_STORED_BYTES_PER_DAY", "HUBBUB_STORED_BYTES_PER_DAY_PER_USER"),
    RetiredName("HUBBUB_STRANGERS_PER_DAY", "HUBBUB_NEW_CONTACTS_PER_DAY_PER_USER"),
    RetiredName("HUBBUB_TYPING_PER_SECOND", "HUBBUB_TYPING_PER_SECOND_PER_USER"),
    RetiredName("HUBBUB_WISHES_PER_SECOND", "HUBBUB_COMMANDS_PER_SECOND"),
];

/// A setting's old variable, and its variable now. Flags are the same words in small letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetiredName(&'static str, &'static str);

impl fmt::Display for RetiredName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} is now {}", self.0, self.1)
    }
}

impl RetiredName {
    fn both_set(old: &str, new: &str) -> ConfigError {
        invalid(format!("{old} and {new} are both set: the first is the old name of the second, keep {new}"))
    }
}

/// A call with current names only.
pub(crate) struct Renamed {
    /// Reads a variable with an old name where that one is set.
    pub(crate) command: Command,
    /// The command line.
    pub(crate) args: Vec<OsString>,
    /// The old names that were used, as variables or as flags.
    pub(crate) used: Vec<RetiredName>,
}

/// Whether a variable has the old name of a setting.
pub(crate) fn is_retired(variable: &str) -> bool {
    RETIRED.iter().any(|name| name.0 == variable)
}

/// Replaces old names of flags and variables.
///
/// # Errors
/// [`ConfigError::Invalid`] if a setting is set by both of its names.
pub(crate) fn rename(
    command: Command,
    args: impl IntoIterator<Item = impl Into<OsString>>,
    variables: &[String],
) -> Result<Renamed, ConfigError> {
    let is_set = |name: &str| variables.iter().any(|variable| variable == name);
    let (args, mut used) = rename_flags(args.into_iter().map(Into::into).collect())?;
    let mut in_variables = Vec::new();
    for name in RETIRED.into_iter().filter(|name| is_set(name.0)) {
        if is_set(name.1) {
            return Err(RetiredName::both_set(name.0, name.1));
        }
        in_variables.push(name);
    }
    let command = command.mut_subcommand("serve", |serve| {
        serve.mut_args(|arg| {
            let name = in_variables.iter().find(|name| arg.get_env() == Some(OsStr::new(name.1)));
            match name {
                Some(name) => arg.env(name.0),
                None => arg,
            }
        })
    });
    used.extend(in_variables);
    used.sort_unstable_by_key(|name| name.0);
    used.dedup();
    Ok(Renamed { command, args, used })
}

fn rename_flags(args: Vec<OsString>) -> Result<(Vec<OsString>, Vec<RetiredName>), ConfigError> {
    let given: Vec<String> = args.iter().filter_map(|arg| Some(flag_of(arg)?.0.to_owned())).collect();
    let (mut renamed, mut used) = (Vec::with_capacity(args.len()), Vec::new());
    for arg in args {
        let name = flag_of(&arg).and_then(|(flag, rest)| {
            let name = RETIRED.into_iter().find(|name| to_flag(name.0) == flag)?;
            Some((name, format!("{}{rest}", to_flag(name.1))))
        });
        let Some((name, arg_now)) = name else {
            renamed.push(arg);
            continue;
        };
        if given.contains(&to_flag(name.1)) {
            return Err(RetiredName::both_set(&to_flag(name.0), &to_flag(name.1)));
        }
        used.push(name);
        renamed.push(arg_now.into());
    }
    Ok((renamed, used))
}

/// A flag, and what follows it in the same argument.
fn flag_of(arg: &OsStr) -> Option<(&str, &str)> {
    let arg = arg.to_str().filter(|arg| arg.starts_with("--"))?;
    Some(arg.split_at(arg.find('=').unwrap_or(arg.len())))
}

fn to_flag(variable: &str) -> String {
    let words = variable.strip_prefix("HUBBUB_").unwrap_or(variable);
    format!("--{}", words.to_ascii_lowercase().replace('_', "-"))
}
