//! Tests of the state machine as the transport drives it.

use super::*;

/// Connects and answers as a healthy server would; returns the attempt that is live.
fn live(machine: &mut Machine, now: i64) -> AttemptId {
    let outputs = machine.handle(Input::Connect, now, 0.5);
    welcome(machine, &outputs, now)
}

fn welcome(machine: &mut Machine, outputs: &[Output], now: i64) -> AttemptId {
    let Some(Output::FetchTicket(of)) = outputs.last() else { panic!("no ticket asked for: {outputs:?}") };
    let opened = machine.handle(Input::Ticket(*of, "t".into()), now, 0.5);
    assert_eq!(opened, [Output::Open(*of, "t".into())]);
    machine.handle(Input::Welcome(*of, 20_000), now, 0.5);
    assert_eq!(machine.state(now), ConnectionState::Connected);
    *of
}

fn attempt(machine: &Machine, now: i64) -> u32 {
    match machine.state(now) {
        ConnectionState::Reconnecting { attempt, .. } => attempt,
        other => panic!("not reconnecting: {other:?}"),
    }
}

#[test]
fn it_connects_by_ticket_and_says_so() {
    let mut machine = Machine::default();
    assert_eq!(machine.state(0), ConnectionState::Idle);
    machine.handle(Input::Connect, 0, 0.5);
    assert_eq!(machine.state(0), ConnectionState::Connecting);
    assert_eq!(machine.handle(Input::Connect, 0, 0.5), [], "one attempt at a time");
}

#[test]
fn a_lost_connection_comes_back_after_a_wait_that_is_counted_down() {
    let mut machine = Machine::default();
    let of = live(&mut machine, 0);
    assert_eq!(machine.handle(Input::Closed(of, 1006), 60_000, 1.0), [Output::Close]);
    assert_eq!(machine.state(60_000), ConnectionState::Reconnecting { attempt: 1, seconds_left: 1 });
    assert_eq!(machine.next_wake(60_000), Some(60_500));
    let outputs = machine.handle(Input::Timer, 60_500, 1.0);
    assert_eq!(machine.state(60_500), ConnectionState::Reconnecting { attempt: 1, seconds_left: 0 });
    welcome(&mut machine, &outputs, 60_600);
}

#[test]
fn the_countdown_moves_each_second() {
    let mut machine = Machine::default();
    let of = live(&mut machine, 0);
    machine.handle(Input::Closing(of, 3_200), 10_000, 0.0);
    machine.handle(Input::Closed(of, 1012), 10_000, 0.0);
    let mut now = 10_000;
    let mut seen = Vec::new();
    while let ConnectionState::Reconnecting { seconds_left, .. } = machine.state(now) {
        seen.push(seconds_left);
        now = machine.next_wake(now).unwrap();
        if machine.handle(Input::Timer, now, 0.0).contains(&Output::FetchTicket(machine.current)) {
            break;
        }
    }
    assert_eq!(seen, [4, 3, 2, 1]);
    assert_eq!(now, 13_200, "the server's hint is kept");
}

#[test]
fn failures_are_counted_until_a_connection_lasted() {
    let mut machine = Machine::default();
    machine.handle(Input::Connect, 0, 0.0);
    let mut now = 0;
    for expected in 1..=4 {
        machine.handle(Input::NoTicket(machine.current, NoTicket::Failed(None)), now, 0.0);
        assert_eq!(attempt(&machine, now), expected);
        now += 1;
        machine.handle(Input::Timer, now, 0.0);
    }
    // A server that accepts and hangs up at once does not reset the count.
    machine.handle(Input::Welcome(machine.current, 20_000), now, 0.0);
    machine.handle(Input::Closed(machine.current, 1011), now + 100, 0.0);
    assert_eq!(attempt(&machine, now + 100), 5);
    machine.handle(Input::Timer, now + 200, 0.0);
    machine.handle(Input::Welcome(machine.current, 20_000), now + 200, 0.0);
    machine.handle(Input::Closed(machine.current, 1011), now + 10_000, 0.0);
    assert_eq!(attempt(&machine, now + 10_000), 1);
}

#[test]
fn an_attempt_that_hangs_is_given_up_after_ten_seconds() {
    let mut machine = Machine::default();
    machine.handle(Input::Connect, 0, 1.0);
    let hung = machine.current;
    assert_eq!(machine.next_wake(0), Some(10_000));
    assert_eq!(machine.handle(Input::Timer, 10_000, 1.0), [Output::Close]);
    assert_eq!(attempt(&machine, 10_000), 1);
    assert_eq!(
        machine.handle(Input::Ticket(hung, "late".into()), 10_100, 1.0),
        [],
        "late answers are ignored"
    );
    machine.handle(Input::Welcome(hung, 20_000), 10_100, 1.0);
    assert_eq!(attempt(&machine, 10_100), 1);
}

#[test]
fn a_silent_server_is_pinged_twice_and_then_left() {
    let mut machine = Machine::default();
    live(&mut machine, 0);
    assert_eq!(machine.handle(Input::Timer, 22_000, 0.5), [Output::Ping(1)]);
    assert_eq!(machine.handle(Input::Timer, 27_000, 0.5), [Output::Ping(2)]);
    assert_eq!(machine.handle(Input::Timer, 32_000, 0.5), [Output::Close]);
    assert_eq!(attempt(&machine, 32_000), 1);
}

#[test]
fn an_ended_token_is_answered_with_one_fresh_ticket_and_then_believed() {
    let mut machine = Machine::default();
    let of = live(&mut machine, 0);
    let outputs = machine.handle(Input::Closed(of, 4401), 60_000, 0.5);
    let of = welcome(&mut machine, &outputs, 60_000);
    machine.handle(Input::Closed(of, 4401), 60_100, 0.5);
    assert_eq!(machine.state(60_100), ConnectionState::SignedOut);
    assert_eq!(machine.next_wake(60_100), None);

    // Much later it is worth a fresh ticket again.
    let outputs = machine.handle(Input::RetryNow, 70_000, 0.5);
    let of = welcome(&mut machine, &outputs, 70_000);
    let outputs = machine.handle(Input::Closed(of, 4401), 90_000, 0.5);
    assert!(matches!(outputs.last(), Some(Output::FetchTicket(_))));
}

#[test]
fn a_refused_cookie_and_a_forbidden_account_stay_away() {
    let forbidden = ConnectionState::Refused { reason: FORBIDDEN.into() };
    for (why, status) in [(NoTicket::SignedOut, ConnectionState::SignedOut), (NoTicket::Forbidden, forbidden)]
    {
        let mut machine = Machine::default();
        machine.handle(Input::Connect, 0, 0.5);
        machine.handle(Input::NoTicket(machine.current, why), 0, 0.5);
        assert_eq!(machine.state(0), status);
    }
    let mut machine = Machine::default();
    let of = live(&mut machine, 0);
    machine.handle(Input::Closed(of, 4403), 0, 0.5);
    assert_eq!(machine.state(0), ConnectionState::Refused { reason: FORBIDDEN.into() });
}

#[test]
fn too_many_connections_wait_longer_than_a_network_failure() {
    let mut machine = Machine::default();
    let of = live(&mut machine, 0);
    machine.handle(Input::Closed(of, 4429), 10_000, 0.0);
    assert_eq!(machine.state(10_000), ConnectionState::Reconnecting { attempt: 1, seconds_left: 5 });
}

#[test]
fn without_a_network_nothing_is_counted_and_its_return_is_used_at_once() {
    let mut machine = Machine::default();
    live(&mut machine, 0);
    assert_eq!(machine.handle(Input::NetworkDown, 10_000, 0.5), [Output::Close]);
    assert_eq!(machine.state(10_000), ConnectionState::Offline);
    // The browser may be wrong, so a quiet attempt is made now and then.
    let quiet = machine.handle(Input::Timer, machine.next_wake(10_000).unwrap(), 0.5);
    assert!(matches!(quiet.last(), Some(Output::FetchTicket(_))));
    machine.handle(Input::NoTicket(machine.current, NoTicket::Failed(None)), 30_500, 0.5);
    assert_eq!(machine.state(30_500), ConnectionState::Offline);
    let outputs = machine.handle(Input::NetworkUp, 31_000, 0.5);
    assert_eq!(machine.state(31_000), ConnectionState::Connecting);
    welcome(&mut machine, &outputs, 31_100);
}

#[test]
fn a_page_that_comes_into_view_does_not_wait() {
    let mut machine = Machine::default();
    let of = live(&mut machine, 0);
    machine.handle(Input::Closed(of, 1006), 60_000, 1.0);
    let outputs = machine.handle(Input::Shown, 60_001, 1.0);
    welcome(&mut machine, &outputs, 60_002);
    assert_eq!(machine.handle(Input::Shown, 70_000, 1.0), [Output::Ping(1)], "a live one is asked instead");
}

#[test]
fn who_disconnects_stays_away_until_asked() {
    let mut machine = Machine::default();
    let of = live(&mut machine, 0);
    assert_eq!(machine.handle(Input::Disconnect, 1_000, 0.5), [Output::Close]);
    assert_eq!(machine.handle(Input::Closed(of, 1000), 1_000, 0.5), []);
    for input in [Input::NetworkUp, Input::NetworkDown, Input::Shown, Input::Timer] {
        assert_eq!(machine.handle(input, 2_000, 0.5), []);
        assert_eq!(machine.state(2_000), ConnectionState::Idle);
    }
    let outputs = machine.handle(Input::Connect, 3_000, 0.5);
    welcome(&mut machine, &outputs, 3_000);
}

#[test]
fn no_string_of_events_leaves_it_without_a_way_forward() {
    // Every sequence of five events out of these: whoever wants a connection either has one, is told why not, or has
    // a wake-up ahead.
    let kinds = 9;
    for mut code in 0..kinds_to_the(kinds, 5) {
        let mut machine = Machine::default();
        let mut now = 0;
        machine.handle(Input::Connect, now, 0.5);
        for _ in 0..5 {
            now += 700;
            let of = machine.current;
            let input = match code % kinds {
                0 => Input::Ticket(of, "t".into()),
                1 => Input::NoTicket(of, NoTicket::Failed(None)),
                2 => Input::Welcome(of, 20_000),
                3 => Input::Closed(of, 1006),
                4 => Input::Closed(of, 4401),
                5 => Input::NetworkDown,
                6 => Input::NetworkUp,
                7 => Input::Timer,
                _ => Input::Shown,
            };
            code /= kinds;
            machine.handle(input, now, 0.5);
            let told = !machine.state(now).takes_posts();
            assert!(told || machine.next_wake(now).is_some(), "{machine:?}");
        }
    }
}

fn kinds_to_the(kinds: u32, power: u32) -> u32 {
    kinds.pow(power)
}
