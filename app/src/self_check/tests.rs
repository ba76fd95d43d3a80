//! Whatever is wrong, the check names it, and nothing else.

use super::*;

fn said(status: u16) -> Answer {
    Answer::Said(status, "words".to_owned())
}

fn all_is_well() -> Facts {
    Facts {
        status: ConnectionState::Connected,
        wire: WireFacts { frames_in: 4, ..WireFacts::default() },
        has_network: true,
        me: said(200),
        health: said(200),
        ready: said(200),
        uncaught: 0,
        console: 0,
    }
}

/// The points that are not fine.
fn wrong(facts: &Facts) -> Vec<(&'static str, Verdict)> {
    let points = points(facts);
    assert_eq!(points.len(), 7);
    points.iter().filter(|it| it.verdict != Verdict::Ok).map(|it| (it.name, it.verdict)).collect()
}

#[test]
fn nothing_is_wrong_when_all_is_well() {
    assert_eq!(wrong(&all_is_well()), []);
    assert_eq!(summary(&points(&all_is_well())), "All seven points are OK.");
}

#[test]
fn strangers_are_told_what_they_can_know() {
    let facts = Facts { status: ConnectionState::Idle, me: Answer::Waiting, ..all_is_well() };
    assert_eq!(summary(&points_for_strangers(&facts)), "All four points are OK.");
    let facts = Facts { health: Answer::Nothing, ready: Answer::Nothing, ..facts };
    assert_eq!(summary(&points_for_strangers(&facts)), "2 of 4 are not OK.");
}

#[test]
fn a_stopped_server_is_named() {
    let facts = Facts {
        status: ConnectionState::Reconnecting { attempt: 3, seconds_left: 2 },
        me: Answer::Nothing,
        health: Answer::Nothing,
        ready: Answer::Nothing,
        ..all_is_well()
    };
    assert_eq!(
        wrong(&facts),
        [
            ("Connection status", Verdict::NotOk),
            ("Auth token", Verdict::Attention),
            ("Network connectivity", Verdict::NotOk),
            ("Server logs", Verdict::NotOk),
        ]
    );
    assert_eq!(summary(&points(&facts)), "3 of 7 are not OK, 1 needs attention.");
}

#[test]
fn each_trouble_shows_at_its_point_and_says_what_to_do() {
    let wire = |unreadable, misunderstood| WireFacts {
        frames_in: 9,
        unreadable,
        misunderstood,
        ..WireFacts::default()
    };
    let refused = ConnectionState::Refused { reason: "no".to_owned() };
    for (facts, name) in [
        (Facts { status: refused, ..all_is_well() }, "Connection status"),
        (Facts { me: said(401), ..all_is_well() }, "Auth token"),
        (Facts { me: said(403), ..all_is_well() }, "Auth token"),
        (Facts { wire: wire(1, 0), ..all_is_well() }, "Message format"),
        (Facts { wire: wire(0, 1), ..all_is_well() }, "Message format"),
        (Facts { ready: said(503), ..all_is_well() }, "Server logs"),
        (Facts { uncaught: 1, ..all_is_well() }, "Client-side errors"),
    ] {
        assert_eq!(wrong(&facts), [(name, Verdict::NotOk)]);
        assert!(points(&facts).iter().all(|it| it.verdict == Verdict::Ok || !it.advice.is_empty()), "{name}");
    }
    let facts = Facts { console: 2, ..all_is_well() };
    assert_eq!(wrong(&facts), [("Browser console", Verdict::Attention)]);
}

#[test]
fn without_a_network_the_network_is_to_blame() {
    let facts = Facts { has_network: false, health: Answer::Nothing, ..all_is_well() };
    let found = points(&facts).into_iter().find(|it| it.name == "Network connectivity").unwrap().found;
    assert_eq!(found, "The browser says that there is no network.");
}

#[test]
fn what_is_not_known_yet_is_not_called_fine() {
    let wrong = wrong(&Facts::default());
    assert!(wrong.iter().all(|(_, verdict)| *verdict == Verdict::Attention), "{wrong:?}");
    assert_eq!(wrong.len(), 5);
}
