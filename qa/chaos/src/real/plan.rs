//! Plan of a round: which client is hit by which fault and when, drawn from the seed beforehand.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A direction of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// What happens to the connection of one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkFault {
    /// It ends at once, for both sides, with whatever is on its way.
    Cut,
    /// One direction ends.
    HalfClose(Direction),
    /// Nothing passes; `None`: in both directions.
    Stall(Option<Direction>),
    /// Everything takes so long, piece by piece.
    Delay(Duration),
    /// So many bytes pass in a second.
    Throttle(u32),
}

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// All clients send at once, or cease to.
    Burst(bool),
    /// The server is killed and stays away for so long.
    Kill { away: Duration },
    /// The server is asked to stop, and starts again as soon as it has.
    Stop,
    /// The server is asked to let another version take over, which is the same one.
    Upgrade,
    /// A client's connection suffers. What lasts, lasts for so long.
    Fault { client: usize, fault: LinkFault, lasts: Duration },
}

/// Something that happens, and when: counted from the one before it, because a restart takes its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) after: Duration,
    pub(super) act: Act,
}

/// Draws what happens in a round.
pub(super) fn draw(seed: u64, round: u64, clients: usize, kills: u32) -> Vec<Step> {
    let mut random = random(seed, round);
    let mut steps = Vec::new();
    for _ in 0..kills {
        // A server lives for one to three seconds, with a fault about every tenth of a second.
        for _ in 0..random.random_range(6..26) {
            let client = random.random_range(0..clients.max(1));
            hit(&mut random, client, &mut steps);
        }
        // Now and then it is asked to stop in between: what a drain promises is the same.
        if random.random_bool(0.25) {
            let act = if random.random_bool(0.5) { Act::Stop } else { Act::Upgrade };
            steps.push(Step { after: ms(&mut random, 20, 400), act });
            for _ in 0..10 {
                let client = random.random_range(0..clients.max(1));
                hit(&mut random, client, &mut steps);
            }
        }
        let in_burst = random.random_bool(0.5);
        if in_burst {
            steps.push(Step { after: ms(&mut random, 0, 50), act: Act::Burst(true) });
        }
        let away =
            if random.random_bool(0.8) { ms(&mut random, 0, 100) } else { ms(&mut random, 100, 1_500) };
        steps.push(Step { after: ms(&mut random, 20, 400), act: Act::Kill { away } });
        if in_burst {
            steps.push(Step { after: Duration::ZERO, act: Act::Burst(false) });
        }
    }
    steps
}

/// Randomness for one purpose.
pub(super) fn random(seed: u64, purpose: u64) -> StdRng {
    StdRng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(purpose))
}

/// One fault, or two: half of the cuts come after a stall, so that something is on its way and is lost.
fn hit(random: &mut StdRng, client: usize, steps: &mut Vec<Step>) {
    let way = if random.random_bool(0.5) { Direction::Up } else { Direction::Down };
    let stall = LinkFault::Stall(random.random_bool(0.5).then_some(way));
    // Some stalls are longer than clients wait: they come back while the server still has their old connection.
    let mut lasts = ms(random, 100, 3_000);
    let mut after = ms(random, 20, 180);
    let fault = match random.random_range(0..10) {
        0..=2 => {
            if random.random_bool(0.5) {
                steps.push(Step { after, act: Act::Fault { client, fault: stall, lasts } });
                after = ms(random, 20, 400);
            }
            LinkFault::Cut
        }
        3 => LinkFault::HalfClose(way),
        4 | 5 => {
            lasts *= random.random_range(1..4);
            stall
        }
        6 | 7 => LinkFault::Delay(ms(random, 5, 400)),
        _ => LinkFault::Throttle(random.random_range(200..20_000)),
    };
    steps.push(Step { after, act: Act::Fault { client, fault, lasts } });
}

fn ms(random: &mut StdRng, least: u64, most: u64) -> Duration {
    Duration::from_millis(random.random_range(least..=most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_one_plan_and_another_seed_another() {
        let plan = draw(7, 1, 50, 5);
        assert_eq!(draw(7, 1, 50, 5), plan);
        assert_ne!(draw(7, 2, 50, 5), plan);
        assert_ne!(draw(8, 1, 50, 5), plan);
        assert_eq!(plan.iter().filter(|it| matches!(it.act, Act::Kill { .. })).count(), 5);
    }
}
