//! A live session as its page shows it: who takes part, who came and went, and where the session stands.

use std::collections::VecDeque;

use protocol::{JoinedRoom, LiveChange, ParticipantChange, UserId};

/// Comings and goings that are kept.
const MAX_COMINGS: usize = 20;

/// Where a session stands. The owner says so in one word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Standing {
    /// No owner ever said anything.
    #[default]
    NotStarted,
    /// Under way.
    Live,
    /// Goes on later.
    Paused,
    /// Over.
    Ended,
    /// A word of another application.
    Other(String),
}

impl Standing {
    /// Reads the word of a frame.
    pub fn of(word: &str) -> Self {
        match word {
            "live" => Self::Live,
            "paused" => Self::Paused,
            "ended" => Self::Ended,
            word => Self::Other(word.to_owned()),
        }
    }

    /// Reads the newest status of a session.
    pub fn of_status(status: Option<&LiveChange>) -> Self {
        status.map_or(Self::NotStarted, |live| Self::of(&live.status))
    }

    /// The word for a frame.
    pub fn word(&self) -> &str {
        match self {
            Self::NotStarted => "",
            Self::Live => "live",
            Self::Paused => "paused",
            Self::Ended => "ended",
            Self::Other(word) => word,
        }
    }

    /// The word for a person.
    pub fn label(&self) -> String {
        match self {
            Self::NotStarted => "Not started".to_owned(),
            Self::Live => "Live".to_owned(),
            Self::Paused => "Paused".to_owned(),
            Self::Ended => "Ended".to_owned(),
            Self::Other(word) => word.clone(),
        }
    }
}

/// Somebody who takes part, on one device or on many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// Who.
    pub id: UserId,
    /// The user name.
    pub name: String,
}

/// Somebody came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coming {
    /// Counts up.
    pub number: u64,
    /// The user name.
    pub name: String,
    /// Came or went.
    pub here: bool,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
}

/// See the module's description.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    participants: Option<Vec<Participant>>,
    comings: VecDeque<Coming>,
    counted: u64,
    live: Option<LiveChange>,
}

impl Session {
    /// A session that was not joined, by its newest status: who takes part is not known.
    pub fn peeked(status: Option<LiveChange>) -> Self {
        Self { live: status, ..Self::default() }
    }

    /// Folds in the answer to a join.
    pub fn joined(&mut self, room: &JoinedRoom) {
        let name = |id: &UserId| room.members.iter().find(|it| it.id == *id).map(|it| it.name.clone());
        let known =
            room.participants.iter().filter_map(|id| Some(Participant { id: id.clone(), name: name(id)? }));
        self.participants = Some(known.collect());
        self.live.clone_from(&room.live);
    }

    /// Folds in that somebody came or went. Returns whether that is news; it is none before the session was joined.
    pub fn participant(&mut self, change: &ParticipantChange) -> bool {
        let Some(participants) = &mut self.participants else { return false };
        let known = participants.iter().position(|it| it.id == change.user);
        match (known, change.here) {
            (None, true) => {
                participants.push(Participant { id: change.user.clone(), name: change.name.clone() });
            }
            (Some(at), false) => {
                participants.remove(at);
            }
            _ => return false,
        }
        self.counted += 1;
        let coming = Coming {
            number: self.counted,
            name: change.name.clone(),
            here: change.here,
            at_ms: change.at_ms,
        };
        self.comings.push_back(coming);
        while self.comings.len() > MAX_COMINGS {
            self.comings.pop_front();
        }
        true
    }

    /// Folds in what an owner said.
    pub fn live(&mut self, change: &LiveChange) {
        self.live = Some(change.clone());
    }

    /// Everybody who takes part, in the order in which they came; `None` until the session was joined.
    pub fn participants(&self) -> Option<&[Participant]> {
        self.participants.as_deref()
    }

    /// The last comings and goings, the newest last.
    pub fn comings(&self) -> impl Iterator<Item = &Coming> {
        self.comings.iter()
    }

    /// Where the session stands.
    pub fn standing(&self) -> Standing {
        Standing::of_status(self.live.as_ref())
    }

    /// Since when it stands there, in milliseconds since 1970-01-01 UTC.
    pub fn since(&self) -> Option<i64> {
        self.live.as_ref().map(|live| live.at_ms)
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Cursor, Member, Opaque, Role, RoomId};

    use super::*;

    fn room() -> RoomId {
        RoomId::parse("session_algebra").unwrap()
    }

    fn change(name: &str, here: bool) -> ParticipantChange {
        let user = UserId::parse(name).unwrap();
        ParticipantChange { room: room(), user, name: name.to_owned(), here, at_ms: 7 }
    }

    fn said(status: &str, at_ms: i64) -> LiveChange {
        let user = UserId::parse("alice").unwrap();
        LiveChange {
            room: room(),
            chat: None,
            status: status.to_owned(),
            user,
            at_ms,
            details: Opaque::default(),
        }
    }

    fn joined(members: &[&str], participants: &[&str], live: Option<LiveChange>) -> JoinedRoom {
        let member = |name: &&str| Member {
            id: UserId::parse(name).unwrap(),
            name: (*name).to_owned(),
            role: Role::Member,
            online: true,
            read_seq: 0,
        };
        JoinedRoom {
            room: room(),
            chat: None,
            head: Cursor { epoch: 1, seq: 0 },
            recovered: false,
            has_more: false,
            messages: Vec::new(),
            members: members.iter().map(member).collect(),
            typing: Vec::new(),
            participants: participants.iter().map(|name| UserId::parse(name).unwrap()).collect(),
            live,
            rev: None,
            changed: Vec::new(),
        }
    }

    fn names(session: &Session) -> Vec<&str> {
        session.participants().unwrap().iter().map(|it| it.name.as_str()).collect()
    }

    #[test]
    fn nobody_is_known_before_the_join() {
        let mut session = Session::peeked(Some(said("paused", 3)));
        assert_eq!(session.participants(), None);
        assert_eq!((session.standing(), session.since()), (Standing::Paused, Some(3)));
        session.joined(&joined(&["alice", "bob"], &["bob", "alice"], None));
        assert_eq!(names(&session), ["bob", "alice"]);
        assert_eq!(session.standing(), Standing::NotStarted);
    }

    #[test]
    fn each_is_listed_once_and_comings_are_told_once() {
        let mut session = Session::default();
        session.joined(&joined(&["alice", "bob"], &["alice"], None));
        assert!(session.participant(&change("bob", true)));
        assert!(!session.participant(&change("bob", true)), "a second tab is no second person");
        assert_eq!(names(&session), ["alice", "bob"]);
        assert!(session.participant(&change("bob", false)));
        assert!(!session.participant(&change("bob", false)));
        let told: Vec<(&str, bool)> = session.comings().map(|it| (it.name.as_str(), it.here)).collect();
        assert_eq!(told, [("bob", true), ("bob", false)]);
    }

    #[test]
    fn a_new_join_says_who_is_here_and_announces_nobody() {
        let mut session = Session::default();
        session.joined(&joined(&["alice", "bob"], &["alice", "bob"], None));
        session.joined(&joined(&["alice", "bob"], &["bob", "alice"], None));
        assert_eq!(names(&session), ["bob", "alice"]);
        assert_eq!(session.comings().count(), 0);
    }

    #[test]
    fn old_comings_are_forgotten() {
        let mut session = Session::default();
        assert!(!session.participant(&change("early", true)), "who was there before is not known");
        session.joined(&joined(&[], &[], None));
        for n in 0..50 {
            session.participant(&change(&format!("guest{n}"), true));
        }
        assert_eq!(session.comings().count(), MAX_COMINGS);
        assert_eq!(session.comings().last().map(|it| it.number), Some(50));
    }

    #[test]
    fn what_the_owner_says_is_a_word_there_and_back() {
        for word in ["live", "paused", "ended", "intermission"] {
            assert_eq!(Standing::of(word).word(), word);
        }
        let mut session = Session::default();
        session.live(&said("live", 9));
        assert_eq!((session.standing().label().as_str(), session.since()), ("Live", Some(9)));
    }
}
