//! Who is too fast is told when to try again, and nobody else feels it.

use hub::{Rate, Rates, Refusal, Settings};

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
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    again.say(4, "four").await;
    assert_eq!(bob.hear("message 5").await, "message 5:four");
}

#[tokio::test(start_paused = true)]
async fn wishes_are_counted_by_connection() {
    let rates = Rates { wishes: Some(SLOW), ..Rates::default() };
    let world = World::new(Settings { rates, ..Settings::default() }).await;
    let (mut ann, mut again) = (world.enter("ann"), world.enter("ann"));
    for _ in 0..3 {
        ann.hears_nothing_more().await;
    }
    let refused = ann.peer.request(hub::Command::Ping { nonce: 1 }).await.unwrap_err();
    assert!(matches!(refused.refusal, Refusal::TooFast { retry_after_ms: 1..=1_000 }), "{refused:?}");
    again.hears_nothing_more().await;
}
