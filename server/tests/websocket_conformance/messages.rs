//! Messages of every size, however they are cut, and control frames between them (RFC 6455, section 5).

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::client::{BINARY, CONTINUATION, Client, FIN, PING, PONG, TEXT, echo, frame, head};
use crate::echo::FRAGMENTS;

const MIB: usize = 1024 * 1024;

/// Of this length, and different at every place.
fn text(length: usize) -> Vec<u8> {
    let words = "añ語👩 ".bytes().chain((0..).flat_map(|number: u32| number.to_string().into_bytes()));
    let mut text: Vec<u8> = words.take(length).collect();
    // Not to be cut within a character.
    if length < 12 {
        text.fill(b'x');
    }
    text
}

#[tokio::test]
async fn messages_of_every_size_are_echoed() {
    let mut client = Client::open(echo().await).await;
    for length in
        [0, 1, 125, 126, 127, 128, 4_095, 4_096, 4_097, 65_535, 65_536, 65_537, 131_072, MIB, 16 * MIB]
    {
        client.is_echoed(TEXT, &text(length)).await;
        client.is_echoed(BINARY, &vec![0xfe; length]).await;
    }
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_before_it_is_sent() {
    let addr = echo().await;
    for opcode in [TEXT, BINARY] {
        let mut client = Client::open(addr).await;
        client.say(&[head(FIN | opcode, 16 * MIB as u64 + 1), vec![0; 4]].concat()).await;
        assert_eq!(client.close_code().await, 1009);
    }
}

#[tokio::test]
async fn the_close_reason_arrives_while_the_client_still_sends() {
    let mut client = Client::open(echo().await).await;
    client.say(&[head(FIN | BINARY, 20 * MIB as u64), vec![0; 4]].concat()).await;
    // A server that hung up at once would reset the connection, and the close frame would be lost.
    client.say(&vec![0; 8 * MIB]).await;
    assert_eq!(client.close_code().await, 1009);
}

#[tokio::test]
async fn a_message_may_have_65_536_fragments() {
    let addr = echo().await;
    let whole: Vec<u8> = (0..65_536_u32).flat_map(u32::to_be_bytes).collect();
    let (pieces, _) = whole.as_chunks::<4>();
    let mut bytes = frame(BINARY, b"");
    for piece in pieces {
        bytes.extend(frame(CONTINUATION, piece));
    }
    bytes.extend(frame(FIN | CONTINUATION, b""));
    let mut client = Client::open(addr).await;
    client.say(&bytes).await;
    client.hears(FIN | BINARY, &whole).await;
}

#[tokio::test]
async fn an_endless_message_is_refused() {
    let mut client = Client::open(echo().await).await;
    client.say(&frame(TEXT, b"")).await;
    client.say(&frame(CONTINUATION, b"").repeat(FRAGMENTS as usize)).await;
    assert_eq!(client.close_code().await, 1009);
}

#[tokio::test]
async fn long_messages_in_long_fragments_are_echoed() {
    let mut client = Client::open(echo().await).await;
    let whole = text(4 * MIB);
    for length in [64, 1_000, 65_536, MIB] {
        let mut pieces = whole.chunks(length).peekable();
        let mut first = TEXT;
        while let Some(piece) = pieces.next() {
            let fin = if pieces.peek().is_none() { FIN } else { 0 };
            client.say(&frame(fin | first, piece)).await;
            first = CONTINUATION;
        }
        client.hears(FIN | TEXT, &whole).await;
    }
}

#[tokio::test]
async fn bytes_may_arrive_one_by_one() {
    let mut client = Client::open(echo().await).await;
    let bytes = [
        frame(TEXT, "k\u{f6}".as_bytes()),
        frame(FIN | PING, b"who?"),
        frame(FIN | CONTINUATION, "sme".as_bytes()),
        frame(FIN | BINARY, &[7; 200]),
    ];
    for byte in bytes.concat() {
        client.say(&[byte]).await;
    }
    client.hears(FIN | PONG, b"who?").await;
    client.hears(FIN | TEXT, "k\u{f6}sme".as_bytes()).await;
    client.hears(FIN | BINARY, &[7; 200]).await;
}

#[tokio::test]
async fn pings_are_answered_in_order_and_pongs_are_accepted() {
    let mut client = Client::open(echo().await).await;
    let mut bytes = frame(FIN | PONG, b"nobody asked");
    for number in 0..10 {
        bytes.extend(frame(FIN | PING, &[number; 125]));
    }
    bytes.extend(frame(FIN | PING, b""));
    client.say(&bytes).await;
    for number in 0..10 {
        client.hears(FIN | PONG, &[number; 125]).await;
    }
    client.hears(FIN | PONG, b"").await;
}

#[tokio::test]
async fn many_messages_in_one_packet_are_echoed_in_order() {
    let mut client = Client::open(echo().await).await;
    let message = |number: u32| format!("message {number}").into_bytes();
    let bytes: Vec<u8> = (0..5_000).flat_map(|number| frame(FIN | TEXT, &message(number))).collect();
    client.say(&bytes).await;
    for number in 0..5_000 {
        client.hears(FIN | TEXT, &message(number)).await;
    }
}

#[tokio::test]
async fn a_third_party_client_receives_every_echo() {
    let url = format!("ws://{}/", echo().await);
    let config = WebSocketConfig::default().max_frame_size(None).max_message_size(None);
    let (mut socket, _) = connect_async_with_config(url, Some(config), true).await.unwrap();
    for length in [0, 1, 100, 1_000, 70_000, 16 * MIB] {
        let text = String::from_utf8(text(length)).unwrap();
        for message in [Message::text(text), Message::binary(vec![9; length])] {
            socket.send(message.clone()).await.unwrap();
            assert!(socket.next().await.unwrap().unwrap() == message, "{length}");
        }
    }
    socket.close(None).await.unwrap();
    assert!(matches!(socket.next().await, Some(Ok(Message::Close(None)))));
    assert!(socket.next().await.is_none());
}
