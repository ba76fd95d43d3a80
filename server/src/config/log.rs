//! The check of the log filter: one that names an unknown part or level would silence the program without an error.

use tracing_subscriber::EnvFilter;

use super::error::{ConfigError, invalid};

/// Crates that log: ours, and libraries that use `tracing` or `log`.
const PARTS: [&str; 14] = [
    "engineio",
    "hub",
    "server",
    "socketio",
    "websocket",
    "axum",
    "axum_core",
    "axum_extra",
    "sqlx",
    "sqlx_core",
    "sqlx_sqlite",
    "tower",
    "tower_http",
    "tracing",
];

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Accepts a filter whose every part is a level, or `part=level`.
pub(super) fn log_filter(raw: &str) -> Result<(), ConfigError> {
    let wrong = |why: String| invalid(format!("HUBBUB_LOG `{raw}` is not a log filter: {why}"));
    let directives = raw.split(',').map(str::trim);
    for directive in directives {
        let (target, level) = directive.rsplit_once('=').unwrap_or(("", directive));
        if !is_level(level) {
            return Err(wrong(format!(
                "`{level}` is not a level; levels are {}, for all or as in server=debug",
                LEVELS.join(", ")
            )));
        }
        let part = target.split(['[', ':']).next().unwrap_or_default().trim();
        if !part.is_empty() && !PARTS.contains(&part) {
            return Err(wrong(format!("nothing is logged as `{part}`; parts are {}", PARTS.join(", "))));
        }
    }
    EnvFilter::try_new(raw).map(drop).map_err(|error| wrong(error.to_string()))
}

fn is_level(word: &str) -> bool {
    LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_levels_and_parts_that_there_are() {
        for good in ["info", "WARN", "off", "server=debug", "info,hub=trace", "warn,server::auth=info"] {
            assert!(log_filter(good).is_ok(), "{good}");
        }
        for good in ["warn,server[request]=debug", "[request]=debug", "warn,sqlx=error"] {
            assert!(log_filter(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("", "`` is not a level"),
            ("inof", "`inof` is not a level"),
            ("server", "`server` is not a level"),
            ("info,", "`` is not a level"),
            ("info,hub=dbug", "`dbug` is not a level"),
            ("servr=debug", "nothing is logged as `servr`"),
            ("info,=", "`` is not a level"),
        ] {
            let error = log_filter(bad).unwrap_err().to_string();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }
}
