//! Live tabs: which tabs are in which live sessions, where one connection serves them all. The server counts connections, so
//! a session is left when the last of its tabs has left.

use protocol::{RoomId, is_reserved};

use super::join_routing::Requester;
use super::message::TabId;

/// Hardly ever more than one, so a list is searched.
#[derive(Debug, Default)]
pub(super) struct LiveTabs(Vec<(RoomId, Requester)>);

impl LiveTabs {
    /// A tab joins a room. Returns whether that is a session that it was not in.
    pub(super) fn joined(&mut self, room: &RoomId, tab: &Requester) -> bool {
        let is_news = is_reserved(room) && !self.0.iter().any(|(it, of)| it == room && of == tab);
        if is_news {
            self.0.push((room.clone(), tab.clone()));
        }
        is_news
    }

    /// A tab leaves a room. Returns whether no other tab is in it.
    pub(super) fn left(&mut self, room: &RoomId, tab: &Requester) -> bool {
        self.0.retain(|(it, of)| it != room || of != tab);
        !self.0.iter().any(|(it, _)| it == room)
    }

    /// A tab was closed. Returns the sessions that no other tab is in.
    pub(super) fn closed(&mut self, tab: TabId) -> Vec<RoomId> {
        let tab = Requester::Other(tab);
        let rooms: Vec<RoomId> =
            self.0.iter().filter(|(_, of)| *of == tab).map(|(room, _)| room.clone()).collect();
        rooms.into_iter().filter(|room| self.left(room, &tab)).collect()
    }

    /// The connection is gone. Each tab joins again on the next one.
    pub(super) fn disconnected(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> RoomId {
        RoomId::parse(name).unwrap()
    }

    fn tab(name: &str) -> TabId {
        TabId(name.to_owned())
    }

    fn other(name: &str) -> Requester {
        Requester::Other(tab(name))
    }

    #[test]
    fn a_session_is_left_by_its_last_tab() {
        let (algebra, room) = (id("session_algebra"), id("algebra"));
        let mut tabs = LiveTabs::default();
        assert!(!tabs.joined(&room, &Requester::ThisTab), "rooms are not counted");
        assert!(tabs.joined(&algebra, &Requester::ThisTab) && tabs.joined(&algebra, &other("two")));
        assert!(!tabs.joined(&algebra, &other("two")));
        assert!(!tabs.left(&algebra, &Requester::ThisTab));
        assert!(tabs.left(&algebra, &other("two")));
        assert!(tabs.left(&room, &Requester::ThisTab), "nobody else is counted there");
    }

    #[test]
    fn a_closed_tab_leaves_what_only_it_was_in() {
        let (algebra, biology) = (id("session_algebra"), id("session_biology"));
        let mut tabs = LiveTabs::default();
        for (room, tab) in [(&algebra, "one"), (&algebra, "two"), (&biology, "two")] {
            tabs.joined(room, &other(tab));
        }
        assert_eq!(tabs.closed(tab("two")), [biology]);
        assert_eq!(tabs.closed(tab("two")), []);
        assert_eq!(tabs.closed(tab("one")), [algebra]);
        tabs.joined(&id("session_algebra"), &other("one"));
        tabs.disconnected();
        assert_eq!(tabs.closed(tab("one")), []);
    }
}
