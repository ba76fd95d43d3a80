//! `docs/PROTOCOL.md` is the golden file: every frame in it is spelled as the code spells it, and none is missing.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so"
)]

use std::collections::BTreeSet;
use std::fmt::Debug;

use protocol::{ClientFrame, CloseCode, ErrorCode, ServerFrame};
use serde::Serialize;
use serde::de::DeserializeOwned;

const DOCUMENT: &str = include_str!("../../docs/PROTOCOL.md");

/// The lines of all code blocks that are marked as this side's.
fn examples(side: &str) -> Vec<&'static str> {
    let opening = format!("```json {side}");
    let blocks = DOCUMENT.split(&opening).skip(1);
    blocks.flat_map(|block| block.split("```").next().unwrap().trim().lines()).collect()
}

/// Parses each example, spells it again, and answers with the types that were seen.
fn spelled_alike<F: DeserializeOwned + Serialize + PartialEq + Debug>(side: &str) -> BTreeSet<String> {
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
    let complaint = serde_json::from_str::<T>(stranger).unwrap_err().to_string();
    complaint.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_client_frame_is_shown_as_it_is_spelled() {
    assert_eq!(spelled_alike::<ClientFrame>("client"), known::<ClientFrame>(r#"{"type":"?","data":{}}"#));
}

#[test]
fn every_server_frame_is_shown_as_it_is_spelled() {
    assert_eq!(spelled_alike::<ServerFrame>("server"), known::<ServerFrame>(r#"{"type":"?","data":{}}"#));
}

#[test]
fn every_error_code_is_explained() {
    for code in known::<ErrorCode>("\"?\"") {
        assert!(DOCUMENT.contains(&format!("| `{code}` |")), "{code} is not in the table");
    }
}

#[test]
fn every_close_code_is_explained_and_rightly() {
    for code in CloseCode::ALL {
        let row = DOCUMENT.lines().find(|line| line.starts_with(&format!("| {} |", code.number())));
        let row = row.unwrap_or_else(|| panic!("{} is not in the table", code.number()));
        let comes_back = row.rsplit('|').nth(1).unwrap().trim().starts_with("yes");
        assert_eq!(comes_back, CloseCode::comes_back(code.number()), "{row}");
    }
}
