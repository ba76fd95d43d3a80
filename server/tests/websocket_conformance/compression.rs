//! permessage-deflate (RFC 7692), with an inflater that knows nothing of ours.

use flate2::{Compress, Compression, FlushCompress};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

use crate::client::{BINARY, CONTINUATION, Client, FIN, PING, PONG, RSV1, TEXT, echo, frame};

fn squeeze(plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(plain.len() + 1_000);
    Compress::new(Compression::best(), false).compress_vec(plain, &mut out, FlushCompress::Sync).unwrap();
    assert!(out.ends_with(&[0, 0, 0xff, 0xff]));
    out.truncate(out.len() - 4);
    out
}

fn inflate(payload: &[u8], window_bits: u8) -> Vec<u8> {
    let (mut plain, mut at) = (Vec::new(), 0);
    let mut window = vec![0; 1 << window_bits];
    let mut state = DecompressorOxide::new();
    let input = [payload, &[0, 0, 0xff, 0xff]].concat();
    let mut input = input.as_slice();
    loop {
        let flags = inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
        let (status, taken, made) = decompress(&mut state, input, &mut window, at, flags);
        input = input.get(taken..).unwrap();
        plain.extend(window.get(at..at + made).unwrap());
        at = (at + made) % window.len();
        match status {
            TINFLStatus::HasMoreOutput => {}
            TINFLStatus::NeedsMoreInput => return plain,
            // Among others: a distance that goes back beyond the window.
            wrong => panic!("{wrong:?}"),
        }
    }
}

fn sample(length: usize) -> String {
    (0..)
        .map(|number: u32| format!("{{\"number\":{number}}}\n"))
        .flat_map(String::into_bytes)
        .take(length)
        .map(char::from)
        .collect()
}

#[tokio::test]
async fn compressed_messages_come_back_compressed_and_whole() {
    let addr = echo().await;
    for window_bits in 9..=15 {
        let offer =
            format!("permessage-deflate; server_max_window_bits={window_bits}; client_max_window_bits");
        let mut client = Client::open_compressing(addr, &offer).await;
        for length in [1_000, 40_000, 1_000_000] {
            for opcode in [TEXT, BINARY] {
                let plain = sample(length);
                client.say(&frame(FIN | RSV1 | opcode, &squeeze(plain.as_bytes()))).await;
                let (first, payload) = client.hear().await.unwrap();
                assert_eq!(first, FIN | RSV1 | opcode);
                assert!(payload.len() < length, "{}", payload.len());
                assert!(inflate(&payload, window_bits) == plain.as_bytes(), "{window_bits} {length}");
            }
        }
    }
}

#[tokio::test]
async fn plain_and_short_messages_go_beside_compressed_ones() {
    let mut client = Client::open_compressing(echo().await, "permessage-deflate").await;
    client.is_echoed(TEXT, b"plain and short").await;
    let squeezed = squeeze(b"");
    client.say(&frame(FIN | RSV1 | TEXT, &squeezed)).await;
    client.hears(FIN | TEXT, b"").await;
    let (first, second) = squeezed.split_at(0);
    client
        .say(
            &[frame(RSV1 | BINARY, first), frame(FIN | PING, b"?"), frame(FIN | CONTINUATION, second)]
                .concat(),
        )
        .await;
    client.hears(FIN | PONG, b"?").await;
    client.hears(FIN | BINARY, b"").await;
}

#[tokio::test]
async fn nothing_is_compressed_for_a_client_that_did_not_offer_it() {
    let mut client = Client::open(echo().await).await;
    client.is_echoed(TEXT, sample(50_000).as_bytes()).await;
}

#[tokio::test]
async fn a_compressed_message_that_is_wrong_ends_the_connection() {
    let addr = echo().await;
    let bomb = squeeze(&vec![0; 17 * 1024 * 1024]);
    assert!(bomb.len() < 20_000, "{}", bomb.len());
    for (wrong, code) in [
        (frame(FIN | RSV1 | BINARY, &bomb), 1009),
        (frame(FIN | RSV1 | TEXT, &squeeze(b"caf\xe9 au lait")), 1007),
        (frame(FIN | RSV1 | BINARY, &[0x06, 0x00]), 1007),
        (frame(FIN | RSV1 | PING, b""), 1002),
        ([frame(RSV1 | TEXT, b""), frame(FIN | RSV1 | CONTINUATION, b"")].concat(), 1002),
        (frame(FIN | RSV1 | 0x20 | TEXT, b""), 1002),
    ] {
        let mut client = Client::open_compressing(addr, "permessage-deflate").await;
        client.say(&wrong).await;
        assert_eq!(client.close_code().await, code);
    }
}
