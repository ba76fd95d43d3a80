//! Settings of compression: they hold for each kind of socket.

use protocol::RoomId;

use crate::client::{Client, FIN, RSV1, TEXT, frame, request};
use crate::common::App;
use crate::compression::inflate;

const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

/// The kinds of sockets: our own frames, and packets of Socket.IO.
const KINDS: [Kind; 2] = [Kind::Native, Kind::SocketIo];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Native,
    SocketIo,
}

/// A user with a room, on a server that compresses from so many bytes on.
struct Sender {
    app: App,
    token: String,
    room: RoomId,
}

impl Sender {
    async fn new(compression_min_bytes: Option<usize>) -> Self {
        let app = App::spawn_with(|config| config.compression_min_bytes = compression_min_bytes).await;
        let ann = app.register("ann").await;
        let room = app.create_room(&ann, "TestServer", &[]).await;
        Self { app, token: ann.access_token, room }
    }

    async fn open(&self, kind: Kind, more: &str) -> (Client, String) {
        let path = match kind {
            Kind::Native => format!("/api/v1/ws?token={}", self.token),
            Kind::SocketIo => "/socket.io/?EIO=4&transport=websocket".to_owned(),
        };
        Client::try_connect(self.app.addr, request(&path, more).as_bytes()).await
    }

    /// Sends the same long message each time. Returns whether it arrives compressed, and its length uncompressed.
    async fn how_sent(&self, kind: Kind) -> (bool, usize) {
        let Self { token, room, .. } = self;
        let (mut client, _) = self.open(kind, OFFER).await;
        let said = "to be heard by all ".repeat(20);
        let commands = match kind {
            Kind::Native => [
                format!(r#"{{"type":"join","data":{{"room":"{room}"}}}}"#),
                format!(r#"{{"type":"broadcast","data":{{"room":"{room}","event":"all","data":"{said}"}}}}"#),
            ],
            Kind::SocketIo => {
                say(&mut client, &format!(r#"40{{"token":"{token}"}}"#)).await;
                hear(&mut client, |text| text.starts_with("40")).await;
                [
                    format!(r#"42["join-chat-room","{room}"]"#),
                    format!(r#"42["broadcast",{{"roomId":"{room}","event":"all","data":"{said}"}}]"#),
                ]
            }
        };
        for command in commands {
            say(&mut client, &command).await;
        }
        hear(&mut client, |text| text.contains(&said)).await
    }
}

async fn say(client: &mut Client, text: &str) {
    client.say(&frame(FIN | TEXT, text.as_bytes())).await;
}

/// Receives until a message arrives; whether it was compressed, and its length.
async fn hear(client: &mut Client, is_it: impl Fn(&str) -> bool) -> (bool, usize) {
    loop {
        let (first, payload) = client.hear().await.unwrap();
        let is_compressed = first & RSV1 != 0;
        let text = if is_compressed { inflate(&payload, 15) } else { payload };
        if is_it(str::from_utf8(&text).unwrap()) {
            return (is_compressed, text.len());
        }
    }
}

#[tokio::test]
async fn messages_are_compressed_from_the_configured_length_on() {
    for kind in KINDS {
        let (is_compressed, length) = Sender::new(None).await.how_sent(kind).await;
        assert!(!is_compressed && length > 380, "{kind:?}: {length}");
        let exactly = Sender::new(Some(length)).await;
        assert_eq!(exactly.how_sent(kind).await, (true, length), "{kind:?}");
        let one_more = Sender::new(Some(length + 1)).await;
        assert_eq!(one_more.how_sent(kind).await, (false, length), "{kind:?}");
    }
}

#[tokio::test]
async fn disabled_compression_is_not_negotiated_and_refused() {
    let (off, on) = (Sender::new(None).await, Sender::new(Some(1024)).await);
    for kind in KINDS {
        let (mut client, answer) = off.open(kind, OFFER).await;
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        assert!(!answer.contains("sec-websocket-extensions"), "{answer}");
        client.hear().await.unwrap();
        client.say(&frame(FIN | RSV1 | TEXT, &[0xaa, 0x06, 0x00])).await;
        assert_eq!(client.close_code().await, 1002, "{kind:?}");

        let (_, answer) = on.open(kind, OFFER).await;
        let agreed = "sec-websocket-extensions: permessage-deflate; server_no_context_takeover; \
                      client_no_context_takeover\r\n";
        assert!(answer.contains(agreed), "{kind:?}: {answer}");
    }
}

#[tokio::test]
async fn each_offer_is_answered_as_it_can_be_met() {
    let sender = Sender::new(Some(1024)).await;
    let both = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    for (offer, agreed) in [
        ("permessage-deflate", Some(both.to_owned())),
        ("permessage-deflate; server_no_context_takeover", Some(both.to_owned())),
        ("permessage-deflate; client_no_context_takeover; client_max_window_bits=9", Some(both.to_owned())),
        ("permessage-deflate; server_max_window_bits=9", Some(format!("{both}; server_max_window_bits=9"))),
        // No window of 256 bytes can be written for; the second offer can be met.
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate", Some(both.to_owned())),
        ("permessage-deflate; server_max_window_bits=8", None),
        ("permessage-deflate; client_max_window_bits=16", None),
        ("permessage-deflate; server_no_context_takeover=1", None),
        ("permessage-bzip2", None),
    ] {
        for kind in KINDS {
            let (_, answer) = sender.open(kind, &format!("Sec-WebSocket-Extensions: {offer}\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
            let header = answer.lines().find_map(|line| line.strip_prefix("sec-websocket-extensions: "));
            assert_eq!(header, agreed.as_deref(), "{kind:?}: {offer}");
        }
    }
}
