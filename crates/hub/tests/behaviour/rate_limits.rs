//! Rate limits: a client that is too fast is refused or slowed, and other users are undisturbed.

use std::time::Duration;

use hub::{HubError, HubSettings, Rate, Rates, Requester};
use protocol::CloseCode;

use crate::world::{World, user};

/// So slow that only the burst counts in a test.
const SLOW: Rate = Rate { per_second: 1, burst: 3 };

#[tokio::test(start_paused = true)]
async fn messages_are_limited_by_user_over_all_connections() {
    let rates = Rates { messages: Some(SLOW), ..Rates::default() };
    let world = World::new(HubSettings { rates, ..HubSettings::default() }).await;
    let (mut ann, mut again) = (world.connect_and_join("ann").await, world.connect_and_join("ann").await);
    let mut bob = world.connect_and_join("bob").await;
    ann.post(1, "one").await;
    again.post(2, "two").await;
    ann.post(3, "three").await;
    again.post(4, "four").await;
    assert_eq!(again.receive("failed").await, "failed RateLimited Some(4)");
    bob.post(5, "undisturbed").await;
    assert_eq!(bob.receive("message 4").await, "message 4:undisturbed");
    tokio::time::advance(Duration::from_secs(1)).await;
    again.post(4, "four").await;
    assert_eq!(bob.receive("message 5").await, "message 5:four");
}

#[tokio::test(start_paused = true)]
async fn typing_is_limited_by_user_over_all_connections() {
    let rates = Rates { typing: Some(SLOW), ..Rates::default() };
    let world = World::new(HubSettings { rates, ..HubSettings::default() }).await;
    let (mut ann, mut again) = (world.connect_and_join("ann").await, world.connect_and_join("ann").await);
    ann.set_typing(true).await;
    again.set_typing(true).await;
    ann.set_typing(false).await;
    again.set_typing(false).await;
    assert_eq!(again.receive("failed").await, "failed RateLimited None");
    let mut bob = world.connect_and_join("bob").await;
    bob.set_typing(true).await;
    assert_eq!(ann.receive("typing bob").await, "typing bob true");
}

#[tokio::test(start_paused = true)]
async fn commands_are_limited_by_connection() {
    let rates = Rates { commands: Some(SLOW), ..Rates::default() };
    let world = World::new(HubSettings { rates, ..HubSettings::default() }).await;
    let (ann, again) = (world.connect("ann"), world.connect("ann"));
    for _ in 0..3 {
        ann.session.count().unwrap();
    }
    let refused = ann.session.count().unwrap_err();
    assert!(matches!(refused, HubError::TooFast { retry_after_ms: 1..=1_000 }), "{refused:?}");
    again.session.count().unwrap();
}

#[tokio::test(start_paused = true)]
async fn requests_are_limited_by_user_over_rest_and_all_connections() {
    let rates = Rates { requests: Some(SLOW), ..Rates::default() };
    let world = World::new(HubSettings { rates, ..HubSettings::default() }).await;
    let (ann, again, bob) = (world.connect("ann"), world.connect("ann"), world.connect("bob"));
    let caller = user("ann");
    let request = |is_service| world.hub.count_request(Requester { user: &caller, is_service });
    ann.session.count().unwrap();
    again.session.count().unwrap();
    request(false).unwrap();
    for refused in [ann.session.count(), again.session.count(), request(false)] {
        assert!(matches!(refused, Err(HubError::TooFast { .. })), "{refused:?}");
    }
    request(true).unwrap();
    bob.session.count().unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    request(false).unwrap();
}

#[tokio::test(start_paused = true)]
async fn bytes_are_limited_by_user_over_all_connections_with_a_delay() {
    let rates = Rates { bytes: Some(Rate { per_second: 1_000, burst: 2_000 }), ..Rates::default() };
    let world = World::new(HubSettings { rates, ..HubSettings::default() }).await;
    let (ann, again, bob) = (world.connect("ann"), world.connect("ann"), world.connect("bob"));
    assert_eq!(ann.session.charge(2_000), Duration::ZERO);
    assert_eq!(again.session.charge(500), Duration::from_millis(500));
    assert_eq!(bob.session.charge(500), Duration::ZERO);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(ann.session.charge(500), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_is_refused_unread_costs_eight_times_its_bytes() {
    let rates = Rates { bytes: Some(Rate { per_second: 1_000, burst: 8_000 }), ..Rates::default() };
    let world = World::new(HubSettings { rates, ..HubSettings::default() }).await;
    let (ann, again, bob) = (world.connect("ann"), world.connect("ann"), world.connect("bob"));
    assert_eq!(ann.session.charge(1_000), Duration::ZERO);
    assert_eq!(ann.session.surcharge(1_000), Duration::ZERO);
    assert_eq!(again.session.surcharge(100), Duration::from_millis(700));
    assert_eq!(bob.session.charge(500), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_keeps_exceeding_its_rate_is_closed() {
    let rates = Rates { commands: Some(SLOW), messages: Some(SLOW), ..Rates::default() };
    let world = World::new(HubSettings { rates, ..HubSettings::default() }).await;
    let (ann, mut again) = (world.connect("ann"), world.connect_and_join("ann").await);
    let rejections = (0..2_000)
        .take_while(|_| !ann.connection.outbox.is_closed())
        .filter(|_| ann.session.count().is_err())
        .count();
    assert_eq!(rejections, 1_001);
    assert_eq!(ann.connection.outbox.close_code(), Some(CloseCode::TooMany));
    // Counted by user, over all connections.
    for number in 0..3 {
        again.post(number, "in time").await;
    }
    for number in 3..1_003 {
        again.post(number, "too fast").await;
    }
    assert!(!again.connection.outbox.is_closed());
    again.post(1_003, "once more").await;
    assert_eq!(again.connection.outbox.close_code(), Some(CloseCode::TooMany));
}
