//! The writer's side of a connection: bursts of frames, pings, and the farewell.

use std::pin::pin;

use bytes::Bytes;
use hub::{Inlet, Next};

use super::{FAREWELL, HEARTBEAT};
use crate::websocket::{OutFrame, Writer};

/// Frames written in one go.
const BURST: usize = 64;

/// Writes what the hub hands out, a burst at a time, and pings when there is nothing to write.
pub(super) async fn write(mut writer: Writer, mut inlet: Inlet) {
    let mut burst = Vec::with_capacity(BURST);
    let code = loop {
        let ping = tokio::select! {
            next = inlet.next(&mut burst, BURST) => match next {
                Next::Frames => None,
                Next::Close(code) => break code,
            },
            // Whatever is written takes the pongs along.
            () = writer.pinged() => None,
            () = tokio::time::sleep(HEARTBEAT) => Some(OutFrame::ping(Bytes::new())),
        };
        let frames = ping.into_iter().chain(burst.drain(..).map(OutFrame::text));
        let written = {
            let mut writing = pin!(writer.write(frames));
            tokio::select! {
                written = &mut writing => written,
                // The reader was let go while the socket takes nothing: a last chance, then the line is dead.
                () = inlet.let_go() => match tokio::time::timeout(FAREWELL, writing).await {
                    Ok(written) => written,
                    Err(_) => return,
                },
            }
        };
        if written.is_err() {
            return;
        }
    };
    // Whether the other side takes the farewell is its own business.
    tokio::time::timeout(FAREWELL, writer.close(code.number(), code.reason())).await.ok();
}
