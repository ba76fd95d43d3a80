//! Messages sent to a room in order to see whether they arrive: when each was committed, and whether it came back.

use std::collections::VecDeque;

use protocol::{DraftId, JoinedRoom, RoomId, ServerFrame};

use super::roster::Roster;

/// Messages that are remembered.
const KEPT: usize = 8;

/// What became of a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fate {
    /// Its number and the microseconds that it took, once it is committed.
    pub committed: Option<(u64, u64)>,
    /// Microseconds until it came back as the others hear it.
    pub heard: Option<u64>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its name.
    pub draft: DraftId,
    /// The text.
    pub body: String,
    /// What became of it; why not, where it was refused.
    pub fate: Result<Fate, String>,
    at_us: u64,
}

/// See the module's description.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trial {
    room: Option<RoomId>,
    is_joined: bool,
    problem: Option<String>,
    roster: Roster,
    sent: VecDeque<Sent>,
}

impl Trial {
    /// Another room is tried from now on. Returns the one before.
    pub fn choose(&mut self, room: Option<RoomId>) -> Option<RoomId> {
        let before = std::mem::take(self).room;
        self.room = room;
        before
    }

    /// A message goes out.
    pub fn send(&mut self, draft: DraftId, body: String, now_us: u64) {
        self.sent.push_back(Sent { draft, body, fate: Ok(Fate::default()), at_us: now_us });
        if self.sent.len() > KEPT {
            self.sent.pop_front();
        }
    }

    /// There is no connection any more, so nothing is followed.
    pub fn lost(&mut self) -> bool {
        std::mem::take(&mut self.is_joined)
    }

    /// Folds in a frame. Returns whether it says something about this room.
    pub fn heard(&mut self, frame: &ServerFrame, now_us: u64) -> bool {
        let Some(room) = self.room.clone() else { return false };
        match frame {
            ServerFrame::Joined { data } if data.room == room => self.joined(data),
            ServerFrame::Left { data } | ServerFrame::RoomRemoved { data } if data.room == room => {
                self.is_joined = false;
                self.problem = Some("You are not in this room any more.".to_owned());
                true
            }
            ServerFrame::Presence { data } if data.room == room => self.roster.presence(data),
            ServerFrame::MemberAdded { data } if data.room == room => {
                self.roster.added(&data.member);
                true
            }
            ServerFrame::MemberRemoved { data } if data.room == room => self.roster.removed(&data.user),
            ServerFrame::Posted { data } => self.settle(
                data.draft,
                |fate, took| {
                    fate.committed = Some((data.cursor.seq, took));
                },
                now_us,
            ),
            ServerFrame::Message { data } => {
                self.settle(data.draft, |fate, took| fate.heard = Some(took), now_us)
            }
            ServerFrame::Error { message, data } => match data.draft {
                Some(draft) => self.refused(draft, message),
                None if data.room.as_ref() == Some(&room) => {
                    self.problem = Some(message.clone());
                    true
                }
                None => false,
            },
            _ => false,
        }
    }

    fn joined(&mut self, joined: &JoinedRoom) -> bool {
        self.is_joined = true;
        self.problem = None;
        self.roster = Roster::of(&joined.members);
        true
    }

    fn settle(&mut self, draft: DraftId, note: impl FnOnce(&mut Fate, u64), now_us: u64) -> bool {
        let Some(sent) = self.sent.iter_mut().find(|it| it.draft == draft) else { return false };
        let took = now_us.saturating_sub(sent.at_us);
        let mut fate = sent.fate.clone().unwrap_or_default();
        note(&mut fate, took);
        sent.fate = Ok(fate);
        true
    }

    /// A message was not taken. Returns whether it is one of these.
    pub fn refused(&mut self, draft: DraftId, message: &str) -> bool {
        let Some(sent) = self.sent.iter_mut().find(|it| it.draft == draft) else { return false };
        sent.fate = Err(message.to_owned());
        true
    }

    /// The room that is tried.
    pub fn room(&self) -> Option<&RoomId> {
        self.room.as_ref()
    }

    /// Whether it is followed at this moment.
    pub fn is_joined(&self) -> bool {
        self.is_joined
    }

    /// Why it is not, or what was refused last.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Who is in it.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The messages, the newest first.
    pub fn sent(&self) -> impl Iterator<Item = &Sent> {
        self.sent.iter().rev()
    }
}

#[cfg(test)]
mod tests {
    use protocol::{
        Cursor, ErrorCode, ErrorData, Member, MessageId, Posted, PresenceChange, Role, RoomRef, UserId,
    };
    use uuid::Uuid;

    use super::*;

    fn tea() -> RoomId {
        RoomId::parse("tea").unwrap()
    }

    fn draft(n: u128) -> DraftId {
        DraftId(Uuid::from_u128(n))
    }

    fn posted(n: u128) -> ServerFrame {
        let (cursor, id) = (Cursor { epoch: 1, seq: 5 }, MessageId(Uuid::nil()));
        ServerFrame::Posted { data: Posted { room: tea(), draft: draft(n), cursor, id, at_ms: 0 } }
    }

    fn error(n: Option<u128>) -> ServerFrame {
        let (draft, code) = (n.map(draft), ErrorCode::Forbidden);
        let data = ErrorData { code, field: None, room: Some(tea()), draft, retry_after_ms: None };
        ServerFrame::Error { message: "no".to_owned(), data }
    }

    fn trial() -> Trial {
        let mut trial = Trial::default();
        trial.choose(Some(tea()));
        trial
    }

    fn joined(trial: &mut Trial) {
        let bob = UserId::parse("bob").unwrap();
        let member =
            Member { id: bob, name: "bob".to_owned(), role: Role::Member, online: false, read_seq: 0 };
        let data = JoinedRoom {
            room: tea(),
            chat: None,
            head: Cursor { epoch: 1, seq: 0 },
            recovered: false,
            has_more: false,
            messages: Vec::new(),
            members: vec![member],
            typing: Vec::new(),
            participants: Vec::new(),
            live: None,
            rev: None,
            changed: Vec::new(),
        };
        assert!(trial.heard(&ServerFrame::Joined { data }, 0));
    }

    #[test]
    fn a_message_is_timed_from_sending_to_its_number() {
        let mut trial = trial();
        joined(&mut trial);
        trial.send(draft(1), "hello".to_owned(), 1_000);
        assert!(trial.heard(&posted(1), 3_500));
        assert!(!trial.heard(&posted(2), 3_500), "somebody else's");
        let sent = trial.sent().next().unwrap();
        assert_eq!(sent.fate, Ok(Fate { committed: Some((5, 2_500)), heard: None }));
    }

    #[test]
    fn a_refusal_is_told_where_it_belongs() {
        let mut trial = trial();
        trial.send(draft(1), "hello".to_owned(), 0);
        assert!(trial.heard(&error(Some(1)), 0));
        assert_eq!(
            (trial.sent().next().unwrap().fate.clone(), trial.problem()),
            (Err("no".to_owned()), None)
        );
        assert!(trial.heard(&error(None), 0));
        assert_eq!(trial.problem(), Some("no"));
    }

    #[test]
    fn presence_shows_and_leaving_ends_it() {
        let mut trial = trial();
        joined(&mut trial);
        let user = UserId::parse("bob").unwrap();
        let came = PresenceChange { room: tea(), online: vec![user], offline: vec![] };
        assert!(trial.heard(&ServerFrame::Presence { data: came }, 0));
        assert!(trial.roster().members()[0].online);
        assert!(trial.heard(&ServerFrame::Left { data: RoomRef { room: tea() } }, 0));
        assert!(!trial.is_joined() && trial.problem().is_some());
    }

    #[test]
    fn another_room_is_another_trial() {
        let mut trial = trial();
        joined(&mut trial);
        trial.send(draft(1), "hello".to_owned(), 0);
        assert_eq!(trial.choose(None), Some(tea()));
        assert_eq!(trial, Trial::default());
        assert!(!trial.heard(&posted(1), 0));
    }
}
