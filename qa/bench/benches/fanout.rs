//! What one delivery costs inside the hub: post, number, keep, encode once, hand the same bytes to every reader.
//!
//! No socket and no disk, so this is the part of the budget that the hub itself may take. Figures are ratios to encoding
//! the message for every reader, measured in the same run: the machine's own speed and its neighbours cancel out.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bench::{Failed, Workload, encode_message, median, since, workload};
use hub::{Command, Event};
use protocol::{DraftId, MessageKind};
use uuid::Uuid;

const ROUNDS: usize = 5;
const DELIVERIES: usize = 200_000;

fn main() -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return Ok(()) };
    println!("{:>8} {:>14} {:>22} {:>8}", "readers", "ns/delivery", "encode each, ns/reader", "ratio");
    for readers in [2, 10, 100, 1_000] {
        let (mut hub, mut naive) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (through_hub, encoding_each) = runtime.block_on(round(readers))?;
            hub.push(through_hub);
            naive.push(encoding_each);
        }
        let (hub, naive) = (median(hub), median(naive));
        let ratio = hub.as_secs_f64() / naive.as_secs_f64();
        println!("{readers:>8} {:>14} {:>22} {ratio:>8.2}", hub.as_nanos(), naive.as_nanos());
    }
    Ok(())
}

/// The cost of one delivery through the hub, and of encoding the same message once.
async fn round(readers: usize) -> Result<(Duration, Duration), Failed> {
    let Workload { hub, room, speaker, counter, mut sessions } = workload(readers).await?;
    let posts = DELIVERIES / readers;
    let before = counter.frames();
    let start = Instant::now();
    if let Some(session) = sessions.first_mut() {
        for n in 0..posts {
            let draft = DraftId(Uuid::from_u128(n as u128));
            session
                .handle(Command::Post {
                    room: room.clone(),
                    draft: Some(draft),
                    body: "x".repeat(128),
                    parent: None,
                    kind: MessageKind::Text,
                })
                .await;
        }
    }
    // Answered after everything before it in the room's mailbox.
    let last = hub.post(&speaker, &room, DraftId(Uuid::from_u128(u128::MAX)), "last").await?;
    let took = since(start);
    let delivered = u32::try_from(counter.frames() - before).unwrap_or(u32::MAX);

    let event = Event::Message(last);
    let start = Instant::now();
    for _ in 0..10_000 {
        black_box(encode_message(black_box(&event)));
    }
    Ok((took / delivered, since(start) / 10_000))
}
