//! Who is in a room.

use protocol::{Member, PresenceChange, Role, UserId};

/// The members of a room: owners first, then by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    members: Vec<Member>,
}

impl Roster {
    /// A roster of these people.
    pub fn of(members: &[Member]) -> Self {
        let mut roster = Self { members: Vec::with_capacity(members.len()) };
        for member in members {
            roster.put(member.clone());
        }
        roster
    }

    /// Everybody.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The user name of a member.
    pub fn name_of(&self, user: &UserId) -> Option<&str> {
        self.find(user).map(|member| member.name.as_str())
    }

    /// One member.
    pub fn find(&self, user: &UserId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == *user)
    }

    /// Somebody came in, or is known better now.
    pub fn added(&mut self, member: &Member) {
        self.members.retain(|known| known.id != member.id);
        self.put(member.clone());
    }

    /// Somebody left. Returns whether anybody did.
    pub fn removed(&mut self, user: &UserId) -> bool {
        let before = self.members.len();
        self.members.retain(|member| member.id != *user);
        self.members.len() != before
    }

    /// People came online and went. Returns whether that is news.
    pub fn presence(&mut self, change: &PresenceChange) -> bool {
        let mut is_news = false;
        for member in &mut self.members {
            let list = if member.online { &change.offline } else { &change.online };
            if list.contains(&member.id) {
                member.online = !member.online;
                is_news = true;
            }
        }
        is_news
    }

    /// Somebody has read up to a number. Returns whether that is news; numbers never fall.
    pub fn read(&mut self, user: &UserId, seq: u64) -> bool {
        match self.members.iter_mut().find(|member| member.id == *user) {
            Some(member) if member.read_seq < seq => {
                member.read_seq = seq;
                true
            }
            _ => false,
        }
    }

    /// Puts a member in where the name belongs.
    fn put(&mut self, member: Member) {
        let key = |member: &Member| (member.role != Role::Owner, member.name.to_ascii_lowercase());
        let wanted = (key(&member), &member.id);
        let at = self.members.partition_point(|it| (key(it), &it.id) < wanted);
        self.members.insert(at, member);
    }
}

#[cfg(test)]
mod tests {
    use protocol::RoomId;

    use super::*;

    fn member(name: &str, role: Role) -> Member {
        Member { id: UserId::parse(name).unwrap(), name: name.to_owned(), role, online: false, read_seq: 0 }
    }

    fn names(roster: &Roster) -> Vec<&str> {
        roster.members().iter().map(|member| member.name.as_str()).collect()
    }

    #[test]
    fn owners_come_first_then_names_in_any_case() {
        let roster = Roster::of(&[
            member("bob", Role::Member),
            member("Zoe", Role::Owner),
            member("Alice", Role::Member),
        ]);
        assert_eq!(names(&roster), ["Zoe", "Alice", "bob"]);
    }

    #[test]
    fn coming_twice_is_coming_once() {
        let mut roster = Roster::of(&[member("bob", Role::Member)]);
        roster.added(&member("alice", Role::Member));
        roster.added(&member("alice", Role::Member));
        assert_eq!(names(&roster), ["alice", "bob"]);
        assert!(roster.removed(&UserId::parse("bob").unwrap()));
        assert!(!roster.removed(&UserId::parse("bob").unwrap()));
    }

    #[test]
    fn presence_and_read_marks_are_news_only_when_they_change_something() {
        let mut roster = Roster::of(&[member("bob", Role::Member)]);
        let bob = UserId::parse("bob").unwrap();
        let room = RoomId::parse("a").unwrap();
        let nobody = UserId::parse("nobody").unwrap();
        let came = PresenceChange { room, online: vec![nobody, bob.clone()], offline: Vec::new() };
        let went = PresenceChange { online: Vec::new(), offline: came.online.clone(), ..came.clone() };
        assert!(roster.presence(&came));
        assert!(!roster.presence(&came));
        assert!(roster.find(&bob).unwrap().online);
        assert!(roster.presence(&went));
        assert!(!roster.presence(&went));
        assert!(roster.read(&bob, 5));
        assert!(!roster.read(&bob, 4));
        assert_eq!(roster.find(&bob).unwrap().read_seq, 5);
        assert!(!roster.read(&UserId::parse("nobody").unwrap(), 1));
    }
}
