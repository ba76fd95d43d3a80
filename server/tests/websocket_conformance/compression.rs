//! permessage-deflate (RFC 7692), with an inflater that knows nothing of ours.

use flate2::{Compress, Compression, FlushCompress};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

use crate::client::{BINARY, CLOSE, CONTINUATION, Client, FIN, PING, PONG, RSV1, TEXT, echo, frame};

fn squeeze(plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(plain.len() + 1_000);
    Compress::new(Compression::best(), false).compress_vec(plain, &mut out, FlushCompress::Sync).unwrap();
    assert!(out.ends_with(&[0, 0, 0xff, 0xff]));
    out.truncate(out.len() - 4);
    out
}

pub(crate) fn inflate(payload: &[u8], window_bits: u8) -> Vec<u8> {
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
async fn compressed_messages_are_echoed_compressed_and_whole() {
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
async fn plain_and_short_messages_mix_with_compressed_ones() {
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
async fn an_invalid_compressed_message_ends_the_connection() {
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

/// A message in frames of so many bytes, with these other frames after each but the last.
fn in_frames(opcode: u8, payload: &[u8], length: usize, between: &[u8]) -> Vec<u8> {
    let count = payload.len().div_ceil(length);
    let frames = payload.chunks(length).zip(1..).map(|(piece, number)| {
        let first = if number == 1 { RSV1 | opcode } else { CONTINUATION };
        let is_last = number == count;
        let fin = if is_last { FIN } else { 0 };
        [frame(fin | first, piece), if is_last { Vec::new() } else { between.to_vec() }].concat()
    });
    frames.flatten().collect()
}

#[tokio::test]
async fn a_compressed_message_may_be_fragmented_around_control_frames() {
    let mut client = Client::open_compressing(echo().await, "permessage-deflate").await;
    let plain = sample(5_000);
    let squeezed = squeeze(plain.as_bytes());
    for length in [1, 7, 256, squeezed.len() - 1] {
        let ping = frame(FIN | PING, b"between");
        client.say(&in_frames(TEXT, &squeezed, length, &ping)).await;
        for _ in 1..squeezed.len().div_ceil(length) {
            client.hears(FIN | PONG, b"between").await;
        }
        let (first, payload) = client.hear().await.unwrap();
        assert_eq!(
            (first, inflate(&payload, 15)),
            (FIN | RSV1 | TEXT, plain.clone().into_bytes()),
            "{length}"
        );
    }
}

#[tokio::test]
async fn many_messages_of_any_size_share_one_window() {
    let mut client = Client::open_compressing(echo().await, "permessage-deflate").await;
    for power in 4..=17 {
        let plain = sample(1 << power);
        let squeezed = squeeze(plain.as_bytes());
        let two_messages: Vec<u8> = [
            frame(FIN | RSV1 | TEXT, &squeezed),
            frame(FIN | TEXT, plain.as_bytes()),
            in_frames(BINARY, &squeezed, 256, b""),
        ]
        .concat();
        for _ in 0..10 {
            client.say(&two_messages).await;
            for opcode in [TEXT, TEXT, BINARY] {
                let (first, payload) = client.hear().await.unwrap();
                let received = if first & RSV1 == 0 { payload } else { inflate(&payload, 15) };
                assert!(first & !RSV1 == FIN | opcode && received == plain.as_bytes(), "{power} {first:x}");
            }
        }
    }
}

#[tokio::test]
async fn every_form_of_deflate_block_is_understood() {
    // RFC 7692, section 7.2.3: "Hello" in one block, not compressed, in a block with BFINAL, in two blocks; and split within.
    let hello: [&[u8]; 4] = [
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
        &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
        &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
        &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
    ];
    for offer in [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits=9; server_max_window_bits=10",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    ] {
        let mut client = Client::open_compressing(echo().await, offer).await;
        for bytes in hello {
            for length in [bytes.len(), 3, 1] {
                client.say(&in_frames(TEXT, bytes, length, b"")).await;
                client.hears(FIN | TEXT, b"Hello").await;
            }
        }
    }
}

#[tokio::test]
async fn invalid_fragments_of_a_compressed_message_end_the_connection() {
    let addr = echo().await;
    let bomb = squeeze(&vec![b'x'; 17 * 1024 * 1024]);
    let not_utf8 = squeeze(&[sample(3_000).as_bytes(), b"\xff", sample(3_000).as_bytes()].concat());
    // Blocks of nothing (RFC 1951, section 3.2.4).
    let many = [0, 0, 0, 0xff, 0xff].repeat(usize::try_from(crate::echo::FRAGMENTS).unwrap() / 5 + 1);
    let plain = squeeze(sample(3_000).as_bytes());
    let (some, rest) = plain.split_at(plain.len() / 2);
    for (what, wrong, code) in [
        ("too much once it is inflated", in_frames(TEXT, &bomb, 1_000, b""), 1009),
        ("too many frames", in_frames(BINARY, &many, 1, b""), 1009),
        ("no text", in_frames(TEXT, &not_utf8, 100, b""), 1007),
        ("a reference to before the beginning", frame(FIN | RSV1 | TEXT, &[0x02, 0x07, 0x00]), 1007),
        ("a code that there is not", in_frames(TEXT, &[0xfe, 0xff, 0xff], 1, b""), 1007),
        ("a mark in the middle", [frame(RSV1 | TEXT, some), frame(RSV1 | CONTINUATION, rest)].concat(), 1002),
        ("a new message in the middle", [frame(RSV1 | TEXT, some), frame(FIN | TEXT, b"new")].concat(), 1002),
        ("a close that is marked", frame(FIN | RSV1 | CLOSE, &[3, 232]), 1002),
    ] {
        let mut client = Client::open_compressing(addr, "permessage-deflate").await;
        // It closes before it has read all of it.
        client.try_say(&wrong).await.ok();
        assert_eq!(client.close_code().await, code, "{what}");
    }
    let mut client = Client::open(addr).await;
    client.say(&frame(FIN | RSV1 | TEXT, &plain)).await;
    assert_eq!(client.close_code().await, 1002, "it was not agreed on");
}
