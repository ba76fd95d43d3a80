//! Encode: encodes the packets that a server sends.

use bytes::Bytes;

use super::outgoing_args::OutgoingArgs;
use super::packet::MAIN;
use super::text::{push, push_string};

/// A packet's text and the bytes that follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// UTF-8.
    pub text: Bytes,
    /// One message each.
    pub attachments: Vec<Bytes>,
}

/// An event; with `ack`, the client is asked to acknowledge it by that number.
pub fn event(namespace: &str, ack: Option<u64>, name: &str, args: &OutgoingArgs) -> Encoded {
    let mut text = unfinished_event(namespace, ack, name, args);
    text.push(']');
    Encoded { text: text.into(), attachments: args.attachments().to_vec() }
}

/// An event without the bracket that closes its arguments: the sender adds more arguments or nothing, and `]`.
pub fn event_to_finish(namespace: &str, name: &str, args: &OutgoingArgs) -> Encoded {
    let text = unfinished_event(namespace, None, name, args);
    Encoded { text: text.into(), attachments: args.attachments().to_vec() }
}

/// The acknowledgement of a client's event.
pub fn ack(namespace: &str, id: u64, args: &OutgoingArgs) -> Encoded {
    let mut text = begin('3', '6', namespace, args);
    push(&mut text, format_args!("{id}["));
    text.push_str(args.json());
    text.push(']');
    Encoded { text: text.into(), attachments: args.attachments().to_vec() }
}

/// The answer to a client that may enter. With a `pid` it may recover what it missed when it comes back.
pub fn connect(namespace: &str, sid: &str, pid: Option<&str>) -> Bytes {
    let mut text = begin('0', '0', namespace, &OutgoingArgs::new());
    text.push_str("{\"sid\":");
    push_string(&mut text, sid);
    if let Some(pid) = pid {
        text.push_str(",\"pid\":");
        push_string(&mut text, pid);
    }
    text.push('}');
    text.into()
}

/// The answer to a client that may not enter. `data` is JSON.
pub fn connect_error(namespace: &str, message: &str, data: Option<&str>) -> Bytes {
    let mut text = begin('4', '4', namespace, &OutgoingArgs::new());
    text.push_str("{\"message\":");
    push_string(&mut text, message);
    if let Some(data) = data {
        text.push_str(",\"data\":");
        text.push_str(data);
    }
    text.push('}');
    text.into()
}

/// Disconnects a client.
pub fn disconnect(namespace: &str) -> Bytes {
    begin('1', '1', namespace, &OutgoingArgs::new()).into()
}

fn unfinished_event(namespace: &str, ack: Option<u64>, name: &str, args: &OutgoingArgs) -> String {
    let mut text = begin('2', '5', namespace, args);
    if let Some(id) = ack {
        push(&mut text, format_args!("{id}"));
    }
    text.push('[');
    push_string(&mut text, name);
    if !args.json().is_empty() {
        text.push(',');
        text.push_str(args.json());
    }
    text
}

/// The type, the number of attachments and the namespace.
fn begin(plain: char, binary: char, namespace: &str, args: &OutgoingArgs) -> String {
    let mut text = String::with_capacity(args.json().len() + namespace.len() + 48);
    if args.attachments().is_empty() {
        text.push(plain);
    } else {
        push(&mut text, format_args!("{binary}{}-", args.attachments().len()));
    }
    if namespace != MAIN {
        text.push_str(namespace);
        text.push(',');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_acknowledgements() {
        let args = OutgoingArgs::new().with_raw("1,\"2\"").with(&serde_json::json!({"3": [true]})).unwrap();
        assert_eq!(event("/", None, "a\"b\n", &args).text, r#"2["a\"b\u000a",1,"2",{"3":[true]}]"#);
        assert_eq!(event("/chat", Some(7), "a", &OutgoingArgs::new()).text, r#"2/chat,7["a"]"#);
        assert_eq!(event_to_finish("/", "a", &args).text, r#"2["a",1,"2",{"3":[true]}"#);
        assert_eq!(ack("/", 12, &OutgoingArgs::new()).text, "312[]");
        assert_eq!(ack("/chat", 12, &args).text, r#"3/chat,12[1,"2",{"3":[true]}]"#);
    }

    #[test]
    fn bytes_are_counted_and_numbered() {
        let args = OutgoingArgs::new().with_binary("x".into()).with_raw("1").with_binary("y".into());
        let sent = event("/", Some(3), "a", &args);
        assert_eq!(sent.text, r#"52-3["a",{"_placeholder":true,"num":0},1,{"_placeholder":true,"num":1}]"#);
        assert_eq!(sent.attachments, ["x", "y"]);
        let sent = ack("/chat", 3, &args);
        assert_eq!(sent.text, r#"62-/chat,3[{"_placeholder":true,"num":0},1,{"_placeholder":true,"num":1}]"#);
    }

    #[test]
    fn connect_and_disconnect_packets_are_encoded() {
        assert_eq!(connect("/", "s", None), r#"0{"sid":"s"}"#);
        assert_eq!(connect("/chat", "s", Some("p")), r#"0/chat,{"sid":"s","pid":"p"}"#);
        assert_eq!(
            connect_error("/random", "Invalid namespace", None),
            r#"4/random,{"message":"Invalid namespace"}"#
        );
        assert_eq!(connect_error("/", "no", Some("[1]")), r#"4{"message":"no","data":[1]}"#);
        assert_eq!(disconnect("/"), "1");
        assert_eq!(disconnect("/chat"), "1/chat,");
    }
}
