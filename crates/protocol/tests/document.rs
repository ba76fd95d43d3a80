//! Document: `docs/PROTOCOL.md` is the golden file. Every frame in it is encoded as the code encodes it, and none is missing.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so"
)]

use std::collections::BTreeSet;
use std::fmt::Debug;

use protocol::json::{ParseError, from_text};
use protocol::rest::{Chats, ErrorBody};
use protocol::{ClientFrame, CloseCode, ErrorCode, Opaque, ServerFrame};
use serde::Serialize;
use serde::de::DeserializeOwned;

const DOCUMENT: &str = include_str!("../../../docs/PROTOCOL.md");

/// The lines of all code blocks that are marked as this side's.
fn examples(side: &str) -> Vec<&'static str> {
    let opening = format!("```json {side}");
    let blocks = DOCUMENT.split(&opening).skip(1);
    blocks.flat_map(|block| block.split("```").next().unwrap().trim().lines()).collect()
}

/// Decodes each example and encodes it again. Returns the types of the examples.
fn check_examples<F: DeserializeOwned + Serialize + PartialEq + Debug>(side: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for line in examples(side) {
        let frame: F = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(serde_json::to_string(&frame).unwrap(), line);
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        seen.insert(value["type"].as_str().unwrap().to_owned());
    }
    seen
}

/// The names that an enum knows, as serde lists them when it meets another.
fn known<T: DeserializeOwned + Debug>(stranger: &str) -> BTreeSet<String> {
    let message = serde_json::from_str::<T>(stranger).unwrap_err().to_string();
    message.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_client_frame_is_documented_as_it_is_encoded() {
    assert_eq!(check_examples::<ClientFrame>("client"), known::<ClientFrame>(r#"{"type":"?","data":{}}"#));
}

#[test]
fn every_server_frame_is_documented_as_it_is_encoded() {
    assert_eq!(check_examples::<ServerFrame>("server"), known::<ServerFrame>(r#"{"type":"?","data":{}}"#));
}

#[test]
fn the_pages_decode_what_serde_decodes() {
    for line in examples("server") {
        let paged: ServerFrame = from_text(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let mut full: ServerFrame = serde_json::from_str(line).unwrap();
        // The pages do not decode the data of an application.
        match &mut full {
            ServerFrame::Live { data } => data.details = Opaque::default(),
            ServerFrame::Job { data } => data.item.job.result = Opaque::default(),
            ServerFrame::Broadcast { data } => data.data = Opaque::default(),
            ServerFrame::Signal { data } => data.item.data = Opaque::default(),
            _ => {}
        }
        assert_eq!(paged, full, "{line}");
    }
}

#[test]
fn an_error_names_missing_and_wrong_fields_and_shows_no_values() {
    for (text, message) in [
        (
            r#"{"type":"pong","data":{"nonce":4294967296}}"#,
            "field errors (data: field errors (nonce: value is out of bounds))",
        ),
        (
            r#"{"type":"pong","data":{"nonce":1.0}}"#,
            "field errors (data: field errors (nonce: conversion not supported))",
        ),
        (r#"{"type":"pong","data":{}}"#, "field errors (data: field errors (nonce: missing field))"),
        (r#"{"type":"pong"}"#, "field errors (data: missing field)"),
        (r#"{"data":{}}"#, "field errors (type: missing field)"),
        (r#"{"type":"shrug","data":{}}"#, "unknown enum variant"),
        (
            r#"{"type":"left","data":{"room":"no spaces"}}"#,
            "field errors (data: field errors (room: invalid value (RoomId expected)))",
        ),
    ] {
        let error = from_text::<ServerFrame>(text).unwrap_err();
        assert_eq!(error.to_string(), format!("JSON of another shape: {message}"), "{text}");
    }
    assert!(matches!(from_text::<ServerFrame>("{"), Err(ParseError::Syntax { .. })));
}

#[test]
fn optional_fields_and_empty_lists_may_be_absent() {
    let bare: ErrorBody = from_text(r#"{"code":"too_many","message":"Enough."}"#).unwrap();
    assert_eq!(bare.field, None);
    let full: ErrorBody = from_text(r#"{"code":"too_many","message":"Enough.","retry_after_ms":7}"#).unwrap();
    assert_eq!((full.code, full.retry_after_ms), (ErrorCode::TooMany, Some(7)));
    assert_eq!(from_text::<Chats>("{}").unwrap(), Chats { chats: Vec::new(), next: None });
}

#[test]
fn unknown_fields_are_ignored() {
    let frame = r#"{"type":"pong","data":{"nonce":1,"more":[{}]},"more":null}"#;
    assert!(matches!(from_text(frame), Ok(ServerFrame::Pong { data }) if data.nonce == 1));
}

#[test]
fn every_error_code_is_documented() {
    for code in known::<ErrorCode>("\"?\"") {
        assert!(DOCUMENT.contains(&format!("| `{code}` |")), "{code} is not in the table");
    }
}

#[test]
fn every_close_code_is_documented_with_its_meaning() {
    for code in CloseCode::ALL {
        let row = DOCUMENT.lines().find(|line| line.starts_with(&format!("| {} |", code.number())));
        let row = row.unwrap_or_else(|| panic!("{} is not in the table", code.number()));
        let comes_back = row.rsplit('|').nth(1).unwrap().trim().starts_with("yes");
        assert_eq!(comes_back, CloseCode::comes_back(code.number()), "{row}");
    }
}
