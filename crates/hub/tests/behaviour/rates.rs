//! Who is too fast is told when to try again, and nobody else feels it.

use std::time::Duration;

use hub::{HubError, Rate, Rates, Settings};
use protocol::CloseCode;

use crate::world::World;

/// One in a while: what is counted here is the burst.
const SLOW: Rate = Rate { per_second: 1, burst: 3 };

#[tokio::test(start_paused = true)]
async fn messages_are_counted_by_person_over_all_connections() {
    let rates = Rates { messages: Some(SLOW), ..Rates::default() };
    let world = World::new(Settings { rates, ..Settings::default() }).await;
    let (mut ann, mut again) = (world.inside("ann").await, world.inside("ann").await);
    let mut bob = world.inside("bob").await;
    ann.say(1, "one").await;
    again.say(2, "two").await;
    ann.say(3, "three").await;
    again.say(4, "four").await;
    assert_eq!(again.hear("failed").await, "failed RateLimited Some(4)");
    bob.say(5, "undisturbed").await;
    assert_eq!(bob.hear("message 4").await, "message 4:undisturbed");
    tokio::time::advance(Duration::from_secs(1)).await;
    again.say(4, "four").await;
    assert_eq!(bob.hear("message 5").await, "message 5:four");
}

#[tokio::test(start_paused = true)]
async fn wishes_are_counted_by_connection() {
    let rates = Rates { wishes: Some(SLOW), ..Rates::default() };
    let world = World::new(Settings { rates, ..Settings::default() }).await;
    let (ann, again) = (world.enter("ann"), world.enter("ann"));
    for _ in 0..3 {
        ann.peer.count().unwrap();
    }
    let refused = ann.peer.count().unwrap_err();
    assert!(matches!(refused, HubError::TooFast { retry_after_ms: 1..=1_000 }), "{refused:?}");
    again.peer.count().unwrap();
}

#[tokio::test(start_paused = true)]
async fn bytes_are_counted_by_user_over_all_connections_and_slow_it_down() {
    let rates = Rates { bytes: Some(Rate { per_second: 1_000, burst: 2_000 }), ..Rates::default() };
    let world = World::new(Settings { rates, ..Settings::default() }).await;
    let (ann, again, bob) = (world.enter("ann"), world.enter("ann"), world.enter("bob"));
    assert_eq!(ann.peer.charge(2_000), Duration::ZERO);
    assert_eq!(again.peer.charge(500), Duration::from_millis(500));
    assert_eq!(bob.peer.charge(500), Duration::ZERO);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(ann.peer.charge(500), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_is_refused_unread_is_charged_eight_times() {
    let rates = Rates { bytes: Some(Rate { per_second: 1_000, burst: 8_000 }), ..Rates::default() };
    let world = World::new(Settings { rates, ..Settings::default() }).await;
    let (ann, again, bob) = (world.enter("ann"), world.enter("ann"), world.enter("bob"));
    assert_eq!(ann.peer.charge(1_000), Duration::ZERO);
    assert_eq!(ann.peer.surcharge(1_000), Duration::ZERO);
    assert_eq!(again.peer.surcharge(100), Duration::from_millis(700));
    assert_eq!(bob.peer.charge(500), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn whoever_goes_on_being_too_fast_is_closed() {
    let rates = Rates { wishes: Some(SLOW), messages: Some(SLOW), ..Rates::default() };
    let world = World::new(Settings { rates, ..Settings::default() }).await;
    let (ann, mut again) = (world.enter("ann"), world.inside("ann").await);
    let refusals =
        (0..2_000).take_while(|_| !ann.ear.outbox.is_closed()).filter(|_| ann.peer.count().is_err()).count();
    assert_eq!(refusals, 1_001);
    assert_eq!(ann.ear.outbox.close_code(), Some(CloseCode::TooMany));
    // Counted by user, so on each connection alike.
    for number in 0..3 {
        again.say(number, "in time").await;
    }
    for number in 3..1_003 {
        again.say(number, "too fast").await;
    }
    assert!(!again.ear.outbox.is_closed());
    again.say(1_003, "once more").await;
    assert_eq!(again.ear.outbox.close_code(), Some(CloseCode::TooMany));
}
