//! What is wrong when messages do not come through, point by point: each with a verdict, in words, and what to do.

use crate::model::connection_state::ConnectionState;
use crate::model::wire_facts::WireFacts;

/// How a point looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing to do.
    Ok,
    /// Not known, or worth a look.
    Attention,
    /// This is why it does not work.
    NotOk,
}

impl Verdict {
    /// The word for a person.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Attention => "Attention",
            Self::NotOk => "Not OK",
        }
    }
}

/// What asking the server over HTTP came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Answer {
    /// Not asked yet, or the answer is on its way.
    #[default]
    Waiting,
    /// It answered with this status and these words.
    Said(u16, String),
    /// Nothing came back.
    Nothing,
}

impl Answer {
    fn is_good(&self) -> bool {
        matches!(self, Self::Said(200..=299, _))
    }
}

/// Everything that the check looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Where the connection stands.
    pub status: ConnectionState,
    /// What crossed the wire.
    pub wire: WireFacts,
    /// Whether the browser says that there is a network.
    pub has_network: bool,
    /// `GET /api/v1/auth/me`
    pub me: Answer,
    /// `GET /healthz`
    pub health: Answer,
    /// `GET /readyz`
    pub ready: Answer,
    /// Errors of this page that nobody caught.
    pub uncaught: u32,
    /// Errors and warnings that were written to the console of this page.
    pub console: u32,
}

/// One of the seven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// What was looked at.
    pub name: &'static str,
    /// How it looks.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do about it; empty when there is nothing to do.
    pub advice: &'static str,
}

fn point(name: &'static str, verdict: Verdict, found: impl Into<String>, advice: &'static str) -> Point {
    Point { name, verdict, found: found.into(), advice }
}

/// What can be looked at without a sign-in.
pub fn points_for_strangers(facts: &Facts) -> Vec<Point> {
    vec![network(facts), server(facts), errors(facts), console(facts)]
}

/// The seven points, in the order in which to look.
pub fn points(facts: &Facts) -> Vec<Point> {
    vec![
        connection(facts),
        token(facts),
        format(facts),
        network(facts),
        server(facts),
        errors(facts),
        console(facts),
    ]
}

/// How it stands altogether: with all seven points, or the four for strangers.
pub fn summary(points: &[Point]) -> String {
    let count = |verdict| points.iter().filter(|it| it.verdict == verdict).count();
    let all = points.len();
    let bad = |count| {
        if count == 1 { format!("1 of {all} is not OK") } else { format!("{count} of {all} are not OK") }
    };
    let open =
        |count| if count == 1 { "1 needs attention".to_owned() } else { format!("{count} need attention") };
    match (count(Verdict::NotOk), count(Verdict::Attention)) {
        (0, 0) => format!("All {} points are OK.", if all == 7 { "seven" } else { "four" }),
        (0, some) => format!("{}.", open(some)),
        (some, 0) => format!("{}.", bad(some)),
        (some, others) => format!("{}, {}.", bad(some), open(others)),
    }
}

/// "1 frame", "2 frames"
fn counted(count: u32, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

fn connection(facts: &Facts) -> Point {
    const NAME: &str = "Connection status";
    match &facts.status {
        ConnectionState::Connected => point(NAME, Verdict::Ok, "Connected: frames flow both ways.", ""),
        ConnectionState::Connecting => {
            point(NAME, Verdict::Attention, "The first attempt is under way.", "Wait a moment.")
        }
        ConnectionState::Idle => {
            point(NAME, Verdict::Attention, "You disconnected.", "Press “Connect” under “Connection”.")
        }
        ConnectionState::Reconnecting { attempt, .. } => point(
            NAME,
            Verdict::NotOk,
            format!("The connection was lost or never came about; attempt {attempt}."),
            "It goes on trying by itself. The points below say what stands in the way.",
        ),
        ConnectionState::Offline => point(
            NAME,
            Verdict::NotOk,
            "There is no connection, because the browser has no network.",
            "Check cable, Wi-Fi and flight mode.",
        ),
        ConnectionState::SignedOut => {
            point(NAME, Verdict::NotOk, "Your sign-in has ended.", "Sign in again, by the link at the top.")
        }
        ConnectionState::Refused { reason } => point(
            NAME,
            Verdict::NotOk,
            format!("The server refused: {reason}"),
            "Ask the operator of this server about your account.",
        ),
    }
}

fn token(facts: &Facts) -> Point {
    const NAME: &str = "Auth token";
    match &facts.me {
        Answer::Said(200, _) => point(NAME, Verdict::Ok, "The server knows who you are.", ""),
        Answer::Said(401, _) => point(
            NAME,
            Verdict::NotOk,
            "Your sign-in has ended or was revoked.",
            "Sign in again. A token of your own program: get a fresh one from /api/v1/auth/refresh.",
        ),
        Answer::Said(403, _) => {
            point(NAME, Verdict::NotOk, "This account may not connect.", "Ask whoever runs this server.")
        }
        Answer::Said(status, _) => point(
            NAME,
            Verdict::Attention,
            format!("The server could not say who you are (status {status})."),
            "See “Server logs”.",
        ),
        Answer::Nothing => {
            point(NAME, Verdict::Attention, "The server could not be asked.", "See “Network connectivity”.")
        }
        Answer::Waiting => waiting(NAME),
    }
}

fn format(facts: &Facts) -> Point {
    const NAME: &str = "Message format";
    let WireFacts { frames_in, unreadable, misunderstood, .. } = &facts.wire;
    if *unreadable > 0 {
        point(
            NAME,
            Verdict::NotOk,
            format!("{} from the server could not be read by this page.", counted(*unreadable, "frame")),
            "Reload the page: it may be older than the server. A proxy may also change what passes.",
        )
    } else if *misunderstood > 0 {
        point(
            NAME,
            Verdict::NotOk,
            format!("The server did not understand {} of this page.", counted(*misunderstood, "frame")),
            "Reload the page. Your own program: compare its frames with docs/PROTOCOL.md; /devtools shows both sides.",
        )
    } else if *frames_in == 0 {
        point(NAME, Verdict::Attention, "No frame has come in yet.", "Connect first.")
    } else {
        point(
            NAME,
            Verdict::Ok,
            format!("{} came in, each of them understood.", counted(*frames_in, "frame")),
            "",
        )
    }
}

fn network(facts: &Facts) -> Point {
    const NAME: &str = "Network connectivity";
    match (facts.has_network, &facts.health) {
        (_, Answer::Waiting) => waiting(NAME),
        (_, Answer::Said(status, _)) => {
            point(NAME, Verdict::Ok, format!("The server's machine answers over HTTP (status {status})."), "")
        }
        (false, Answer::Nothing) => point(
            NAME,
            Verdict::NotOk,
            "The browser says that there is no network.",
            "Check cable, Wi-Fi and flight mode.",
        ),
        (true, Answer::Nothing) => point(
            NAME,
            Verdict::NotOk,
            "There is a network, but the server does not answer.",
            "Check that the server runs and that no firewall, VPN or proxy stands between.",
        ),
    }
}

fn server(facts: &Facts) -> Point {
    const NAME: &str = "Server logs";
    const WHERE: &str = "The server writes its log to standard error: look where it was started, or with \
                         journalctl or docker logs. Set HUBBUB_LOG=debug for more.";
    match (&facts.health, &facts.ready) {
        (Answer::Nothing, _) | (_, Answer::Nothing) => point(
            NAME,
            Verdict::NotOk,
            "The server does not answer: it may be stopped or still starting.",
            WHERE,
        ),
        (Answer::Waiting, _) | (_, Answer::Waiting) => waiting(NAME),
        (health, ready) if health.is_good() && ready.is_good() => {
            point(NAME, Verdict::Ok, "The server says that it is alive and ready.", "")
        }
        (_, Answer::Said(status, words)) => {
            point(NAME, Verdict::NotOk, format!("The server is not ready (status {status}): {words}."), WHERE)
        }
    }
}

fn errors(facts: &Facts) -> Point {
    const NAME: &str = "Client-side errors";
    match facts.uncaught {
        0 => point(NAME, Verdict::Ok, "No error in this page since it was loaded.", ""),
        count => point(
            NAME,
            Verdict::NotOk,
            format!("{} in this page that nobody caught.", counted(count, "error")),
            "Reload the page. If it happens again, report it with what the browser's console says.",
        ),
    }
}

fn console(facts: &Facts) -> Point {
    const NAME: &str = "Browser console";
    match facts.console {
        0 => point(NAME, Verdict::Ok, "This page has written no warning and no error to the console.", ""),
        count => point(
            NAME,
            Verdict::Attention,
            format!("This page has written {} to the console.", counted(count, "complaint")),
            "Read them there: F12, or Ctrl+Shift+J (Windows, Linux), or Cmd+Option+J (Mac).",
        ),
    }
}

fn waiting(name: &'static str) -> Point {
    point(name, Verdict::Attention, "Being looked at…", "")
}

#[cfg(test)]
#[path = "self_check/tests.rs"]
mod tests;
