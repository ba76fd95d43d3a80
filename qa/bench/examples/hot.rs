//! The hot functions, each done so many times: `hot NAME COUNT`; `hot` alone names them.
//!
//! `make bench-check` counts the instructions of two runs of different length; their difference is free of start and end.

use std::error::Error;
use std::hint::black_box;

use bench::{Failed, Workload, workload_encoded};
use bytes::BytesMut;
use hub::Encoder;
use protocol::DraftId;
use server::dialect::{Dialect, ENDPOINTS, Request, Scope};
use uuid::Uuid;
use websocket::codec::{Decoder, Limits};

type Outcome = Result<(), Box<dyn Error>>;

/// A body of 128 bytes.
const BODY: &str = "the quick brown fox jumps over the lazy dog, the quick brown fox jumps over the lazy dog, \
                    the quick brown fox jumps over the laz";

/// Does something so many times.
type Function = fn(u32) -> Outcome;

const FUNCTIONS: [(&str, Function); 6] = [
    ("decode a frame of 230 bytes", decode_frames),
    ("understand a native post", understand_posts),
    ("a native post to 2 readers", |count| through_the_hub(post, 2, count)),
    ("a native post to 100 readers", |count| through_the_hub(post, 100, count)),
    ("a native broadcast to 100 readers", |count| through_the_hub(broadcast, 100, count)),
    ("a post that is only kept at hand", keep_posts),
];

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        for (name, _) in FUNCTIONS {
            println!("{name}");
        }
        return Ok(());
    };
    let (_, function) = FUNCTIONS.iter().find(|(it, _)| *it == name).ok_or("there is no such function")?;
    function(arguments.next().ok_or("how often?")?.parse()?)
}

/// A post as our pages send it. The draft makes each another one.
fn post(number: u32) -> String {
    let draft = Uuid::from_u128(u128::from(number));
    format!(r#"{{"type":"post","data":{{"room":"hall","draft":"{draft}","body":"{BODY}"}}}}"#)
}

/// The same text as something that is not stored.
fn broadcast(number: u32) -> String {
    format!(r#"{{"type":"broadcast","data":{{"room":"hall","event":"n{number}","data":"{BODY}"}}}}"#)
}

fn native() -> Result<&'static Dialect, &'static str> {
    let place = ENDPOINTS.iter().find(|place| place.dialect.name == "native");
    place.map(|place| place.dialect).ok_or("there is no native dialect")
}

/// Masked frames as they come from a socket, one at a time.
fn decode_frames(count: u32) -> Outcome {
    let payload = post(0);
    let key = [0x37, 0xFA, 0x21, 0x3D];
    let mut frame = vec![0x81, 0xFE];
    frame.extend(u16::try_from(payload.len())?.to_be_bytes());
    frame.extend(key);
    frame.extend(payload.bytes().zip(key.into_iter().cycle()).map(|(byte, key)| byte ^ key));
    let mut decoder = Decoder::new(Limits { message_bytes: 1 << 20, fragments: 16 }, false);
    let mut buffer = BytesMut::new();
    for _ in 0..count {
        buffer.extend_from_slice(black_box(&frame));
        let incoming = decoder.decode(&mut buffer).map_err(|violation| format!("{violation:?}"))?;
        black_box(incoming.ok_or("the frame is not complete")?);
    }
    Ok(())
}

fn understand_posts(count: u32) -> Outcome {
    let (dialect, text) = (native()?, post(0));
    for _ in 0..count {
        let request = (dialect.decode)(black_box(&text), &Scope::Anything);
        black_box(request.map_err(|failure| format!("{failure:?}"))?);
    }
    Ok(())
}

/// From the text of a frame to what every reader's connection is handed: understood, checked, stored in memory and numbered
/// if it is a post, encoded once.
fn through_the_hub(text: fn(u32) -> String, readers: usize, count: u32) -> Outcome {
    let dialect = native()?;
    let encoder: Encoder = dialect.encoder;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let workload = workload_encoded(readers, encoder).await;
        let Workload { hub, room, speaker, counter, mut sessions } =
            workload.map_err(|failed| words(&failed))?;
        let before = counter.frames();
        let session = sessions.first_mut().ok_or("nobody is there")?;
        for number in 0..count {
            let request = (dialect.decode)(&text(number), &Scope::Anything);
            let Request::Hub(command) = request.map_err(|failure| format!("{failure:?}"))? else {
                return Err("this is no wish for the hub".into());
            };
            session.handle(command).await;
        }
        // Answered after everything before it in the room's mailbox.
        hub.post(&speaker, &room, DraftId(Uuid::max()), "last")
            .await
            .map_err(|error| words(&error.into()))?;
        let delivered = counter.frames() - before;
        if delivered < readers * usize::try_from(count)? {
            Err(format!("only {delivered} were delivered").into())
        } else {
            Ok(())
        }
    })
}

/// Posts in a room without subscribers: checked, stored in memory, numbered, and put into the full history cache of the room.
fn keep_posts(count: u32) -> Outcome {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let workload = workload_encoded(1, native()?.encoder).await.map_err(|failed| words(&failed))?;
        let Workload { hub, room, speaker, sessions, .. } = workload;
        drop(sessions);
        for number in 0..count {
            let draft = DraftId(Uuid::from_u128(u128::from(number)));
            let posted = hub.post(&speaker, &room, draft, BODY).await;
            black_box(posted.map_err(|error| words(&error.into()))?);
        }
        Ok(())
    })
}

fn words(failed: &Failed) -> String {
    format!("{failed:?}")
}
