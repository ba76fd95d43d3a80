//! What the tabs of one person say to each other: see `tabs.js`, which this only gives types.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen::prelude::{Closure, wasm_bindgen};

use super::LinkStatus;

/// What this tab is among the tabs of its user.
#[cfg(target_arch = "wasm32")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum TabRole {
    /// It has a connection of its own and knows of no other tab.
    #[default]
    Single,
    /// It has the connection of all.
    Leader,
    /// Another tab owns the connection.
    Follower,
}

/// A word of one tab for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// A tab is new here; whoever leads says how things stand.
    Hello,
    /// This tab leads from now on.
    Lead,
    /// The tab that leads does not answer any more.
    Silent,
    /// How the connection stands.
    Status,
    /// A frame of the server.
    Frame,
    /// A frame for the server.
    Send,
    /// The same, one that is answered to the tab that asked: a join.
    Join,
    /// A tab leaves a room.
    Leave,
    /// A tab that is watched is gone.
    Closed,
    /// Try again at once.
    Retry,
    /// Somebody looks again.
    Shown,
    /// A post waits.
    Post,
    /// A post waits no more.
    Gone,
}

impl Word {
    const ALL: [(Self, &str); 13] = [
        (Self::Hello, "hello"),
        (Self::Lead, "lead"),
        (Self::Silent, "silent"),
        (Self::Status, "status"),
        (Self::Frame, "frame"),
        (Self::Send, "send"),
        (Self::Join, "join"),
        (Self::Leave, "leave"),
        (Self::Closed, "closed"),
        (Self::Retry, "retry"),
        (Self::Shown, "shown"),
        (Self::Post, "post"),
        (Self::Gone, "gone"),
    ];

    fn spell(self) -> &'static str {
        Self::ALL.iter().find(|(word, _)| *word == self).map_or("", |(_, text)| text)
    }

    /// `None` for a word of a newer page.
    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, it)| *it == text).map(|(word, _)| *word)
    }
}

/// How a status travels.
pub(super) fn spell(status: &LinkStatus) -> String {
    match status {
        LinkStatus::Idle => "idle".to_owned(),
        LinkStatus::Connecting => "connecting".to_owned(),
        LinkStatus::Connected => "connected".to_owned(),
        LinkStatus::Offline => "offline".to_owned(),
        LinkStatus::SignedOut => "signed-out".to_owned(),
        LinkStatus::Reconnecting { attempt, seconds_left } => format!("again {attempt} {seconds_left}"),
        LinkStatus::Refused { reason } => format!("refused {reason}"),
    }
}

/// The other way round. What a newer page says counts as connecting.
pub(super) fn read(text: &str) -> LinkStatus {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    match word {
        "idle" => LinkStatus::Idle,
        "connected" => LinkStatus::Connected,
        "offline" => LinkStatus::Offline,
        "signed-out" => LinkStatus::SignedOut,
        "refused" => LinkStatus::Refused { reason: rest.to_owned() },
        "again" => {
            let (attempt, left) = rest.split_once(' ').unwrap_or((rest, ""));
            let number = |text: &str| text.parse().unwrap_or_default();
            LinkStatus::Reconnecting { attempt: number(attempt), seconds_left: number(left) }
        }
        _ => LinkStatus::Connecting,
    }
}

#[cfg(target_arch = "wasm32")]
#[wasm_bindgen(module = "/src/link/tabs.js")]
extern "C" {
    #[wasm_bindgen(js_name = canMeet)]
    fn can_meet() -> bool;
    fn meet(account: &str, hear: &Closure<dyn Fn(String, String, String, String)>);
    #[wasm_bindgen(js_name = tell)]
    fn tell_tabs(kind: &str, to: &str, text: &str, room: &str);
    fn part();
    /// Says [`Word::Closed`] once the tab is gone. For the tab that leads.
    pub(super) fn watch(tab: &str);
    #[wasm_bindgen(js_name = isAlone)]
    pub(super) fn is_alone() -> bool;
}

/// The other tabs. Dropping it leaves them.
#[cfg(target_arch = "wasm32")]
pub(super) struct Tabs {
    _hear: Closure<dyn Fn(String, String, String, String)>,
}

#[cfg(target_arch = "wasm32")]
impl Tabs {
    /// Meets the other tabs of an account, where the browser can. `hear` is given a word, who says it, a text and a room.
    pub(super) fn meet(account: &str, hear: impl Fn(Word, String, String, String) + 'static) -> Option<Self> {
        if !can_meet() {
            return None;
        }
        let hear =
            Closure::<dyn Fn(String, String, String, String)>::new(move |kind: String, from, text, room| {
                if let Some(word) = Word::parse(&kind) {
                    hear(word, from, text, room);
                }
            });
        meet(account, &hear);
        Some(Self { _hear: hear })
    }
}

#[cfg(target_arch = "wasm32")]
impl Drop for Tabs {
    fn drop(&mut self) {
        part();
    }
}

/// Says something to the tab `to`, or to all others when it is empty. Somebody must have met them.
#[cfg(target_arch = "wasm32")]
pub(super) fn tell(word: Word, to: &str, text: &str, room: &str) {
    tell_tabs(word.spell(), to, text, room);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_survives_the_way_to_another_tab() {
        for status in [
            LinkStatus::Idle,
            LinkStatus::Connecting,
            LinkStatus::Connected,
            LinkStatus::Offline,
            LinkStatus::Reconnecting { attempt: 3, seconds_left: 17 },
            LinkStatus::SignedOut,
            LinkStatus::Refused { reason: "The server does not let this account connect.".to_owned() },
        ] {
            assert_eq!(read(&spell(&status)), status);
        }
        assert_eq!(read("a word of next year"), LinkStatus::Connecting);
    }

    #[test]
    fn a_word_survives_the_way_to_another_tab() {
        for (word, _) in Word::ALL {
            assert_eq!(Word::parse(word.spell()), Some(word));
        }
        assert_eq!(Word::parse("a word of next year"), None);
    }
}
