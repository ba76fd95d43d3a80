//! JSON from outside: read into our types, or answered with an error in the terms of JSON.
//!
//! What clients send is read here and nowhere else, for two reasons. Derived code takes a list for an object, value by
//! value, which `Strict` refuses. And its errors name our types; [`Misread`] names the field, and what it should
//! be: an object, a list, a text, a number.

mod misread;
mod strict;
mod tree;
mod typed;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

pub use misread::{Misread, MisreadKind};
pub(crate) use tree::Tree;
pub(crate) use typed::Rules;

use strict::Strict;

/// Reads a text, as fast as it can be read; without a reason where it is not a `T`.
///
/// # Errors
/// When it is not; [`Tree::parse`] and [`Tree::read`] find out why.
pub(crate) fn read_fast<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, serde_json::Error> {
    let mut input = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Strict(&mut input))?;
    input.end()?;
    Ok(value)
}

/// Reads a text. Unknown keys are ignored.
///
/// # Errors
/// [`Misread`].
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Misread> {
    read_fast(text).or_else(|error| Tree::of_misread(text, &error)?.read(Rules::Lenient))
}

/// An object `{"type", "data"}` that begins with something else, with its type in front: then derived code reads the data in
/// place, and does not keep it until it knows what it is. `None` for one that begins with its type, as nearly all do, and for
/// what is no such object.
pub(crate) fn type_first(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Frame<'a> {
        #[serde(borrow)]
        r#type: &'a RawValue,
        #[serde(borrow)]
        data: &'a RawValue,
    }
    let first = text.trim_ascii_start().strip_prefix('{')?.trim_ascii_start();
    if first.starts_with("\"type\"") {
        return None;
    }
    let Frame { r#type, data } = read_fast(text).ok()?;
    Some(format!(r#"{{"type":{type},"data":{data}}}"#))
}

/// Reads a value that was parsed already. Unknown keys are ignored.
///
/// # Errors
/// [`Misread`].
pub(crate) fn read_value<T: DeserializeOwned>(value: &Value) -> Result<T, Misread> {
    T::deserialize(Strict(value)).or_else(|_| Tree::from(value).read(Rules::Lenient))
}

/// Parses a text into a value of any shape.
///
/// # Errors
/// [`Misread`].
pub(crate) fn parse(text: &str) -> Result<Value, Misread> {
    serde_json::from_str(text).map_err(|error| Misread::not_json(&error))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Map, json};

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Sample {
        text: String,
        small: u8,
        large: Option<u64>,
        signed: i32,
        ratio: f64,
        is_on: bool,
        list: Vec<u32>,
        inner: Option<Inner>,
        word: Word,
        rest: Map<String, Value>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        needed: u32,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        #[default]
        Good,
        VeryGood,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "type", content = "data", rename_all = "snake_case")]
    enum Frame {
        Say { text: String },
        Wrapped(Inner),
    }

    fn refused<T: DeserializeOwned + std::fmt::Debug>(value: &Value) -> String {
        let by_text = read::<T>(&value.to_string()).unwrap_err().to_string();
        assert_eq!(read_value::<T>(value).unwrap_err().to_string(), by_text, "{value}");
        by_text
    }

    #[test]
    fn errors_name_the_field_and_what_json_it_must_be() {
        for (value, said) in [
            (json!([]), "must be an object"),
            (json!("x"), "must be an object"),
            (json!(null), "must be an object"),
            (json!({ "text": 7 }), "text: must be a text"),
            (json!({ "text": null }), "text: must be a text"),
            (json!({ "small": 256 }), "small: must be a whole number from 0 to 255"),
            (json!({ "small": 1.5 }), "small: must be a whole number from 0 to 255"),
            (json!({ "large": -1 }), "large: must be a whole number, 0 or more"),
            (json!({ "large": "1" }), "large: must be a whole number, 0 or more"),
            (json!({ "signed": true }), "signed: must be a whole number from -2147483648 to 2147483647"),
            (json!({ "ratio": "0.5" }), "ratio: must be a number"),
            (json!({ "is_on": 1 }), "is_on: must be true or false"),
            (json!({ "list": {} }), "list: must be a list"),
            (json!({ "list": [1, "2"] }), "list[1]: must be a whole number from 0 to 4294967295"),
            (json!({ "inner": [3] }), "inner: must be an object"),
            (json!({ "inner": {} }), "inner.needed: is missing"),
            (
                json!({ "inner": { "needed": [] } }),
                "inner.needed: must be a whole number from 0 to 4294967295",
            ),
            (json!({ "word": "bad" }), "word: must be one of `good`, `very_good`"),
            (json!({ "word": { "good": null } }), "word: must be one of `good`, `very_good`"),
            (json!({ "rest": [] }), "rest: must be an object"),
        ] {
            assert_eq!(refused::<Sample>(&value), said, "{value}");
        }
    }

    #[test]
    fn a_list_is_no_object_in_frames_either() {
        for (value, said) in [
            (json!(["say", { "text": "hi" }]), "must be an object"),
            (json!({ "type": "say", "data": ["hi"] }), "data: must be an object"),
            (json!({ "data": ["hi"], "type": "say" }), "data: must be an object"),
            (json!({ "type": "wrapped", "data": [3] }), "data: must be an object"),
            (json!({ "type": ["say"], "data": {} }), "type: must be one of `say`, `wrapped`"),
            (json!({ "type": { "say": null }, "data": {} }), "type: must be one of `say`, `wrapped`"),
            (json!({ "type": "say", "data": { "text": {} } }), "data.text: must be a text"),
            (json!({ "type": "say" }), "data: is missing"),
        ] {
            assert_eq!(refused::<Frame>(&value), said, "{value}");
        }
        let frame = read::<Frame>(r#"{"data":{"text":"hi"},"type":"say"}"#).unwrap();
        assert_eq!(frame, Frame::Say { text: "hi".to_owned() });
    }

    #[test]
    fn text_that_is_no_json_is_refused_with_line_and_column() {
        for (text, said) in [
            ("", "this JSON cannot be read: it ends too early (line 1, column 0)"),
            ("{\n\"text\": }", "this JSON cannot be read: something is wrong (line 2, column 9)"),
            ("{} {}", "this JSON cannot be read: more follows after its end (line 1, column 4)"),
            (r#"{"ratio":1e999}"#, "this JSON cannot be read: a number is too large (line 1, column 14)"),
        ] {
            assert_eq!(read::<Sample>(text).unwrap_err().to_string(), said);
        }
        let deep = "[".repeat(200);
        assert!(
            read::<Sample>(&deep)
                .unwrap_err()
                .to_string()
                .contains("lists and objects are nested too deeply")
        );
        let lone = read::<Sample>(r#"{"text":"\ud800"}"#).unwrap_err().to_string();
        assert!(lone.contains("stands for no character"), "{lone}");
    }

    #[test]
    fn bodies_have_known_keys_and_each_of_them_once() {
        const SYNONYMS: &[&[&str]] = &[&["word", "kind"], &["list", "numbers"]];
        let read = |text: &str| Tree::parse(text.as_bytes())?.read::<Sample>(Rules::Strict(SYNONYMS));
        for (text, kind, said) in [
            (
                r#"{"txt":"x"}"#,
                MisreadKind::UnknownKey,
                "txt: is not known here; known are `text`, `small`, `large`",
            ),
            (r#"{"inner":{"needed":1,"more":2}}"#, MisreadKind::UnknownKey, "inner.more: is not known here"),
            (r#"{"text":"a","text":"b"}"#, MisreadKind::TwoValues, "text: is there twice"),
            (
                r#"{"word":"good","kind":"very_good"}"#,
                MisreadKind::TwoValues,
                "kind: is the same as `word`, and has another value",
            ),
        ] {
            let misread = read(text).unwrap_err();
            assert_eq!(misread.kind(), kind, "{text}");
            assert!(misread.to_string().starts_with(said), "{misread}");
        }
        assert_eq!(read(r#"{"kind":"very_good"}"#).unwrap().word, Word::VeryGood);
        assert_eq!(read(r#"{"word":"good","kind":"good","text":"a","text":"a"}"#).unwrap().text, "a");
        assert_eq!(read(r#"{"numbers":[1,2]}"#).unwrap().list, [1, 2]);
        assert_eq!(read(r#"{"numbers":[1,"2"]}"#).unwrap_err().first_key(), Some("numbers"));
        let long = format!(r#"{{"{}":1}}"#, "x".repeat(10_000));
        assert!(read(&long).unwrap_err().to_string().len() < 300);
    }

    #[test]
    fn texts_of_a_query_are_numbers_where_numbers_are_asked_for() {
        let read =
            |pairs: &[(&str, &str)]| Tree::of_pairs(pairs.iter().copied()).read::<Sample>(Rules::Query);
        let sample = read(&[("text", "7"), ("small", "7"), ("ratio", "0.5"), ("is_on", "true"), ("x", "y")]);
        let sample = sample.unwrap();
        assert_eq!((sample.text.as_str(), sample.small, sample.is_on), ("7", 7, true));
        for (pairs, said) in [
            (&[("small", "many")][..], "small: must be a whole number from 0 to 255"),
            (&[("large", "")], "large: must be a whole number, 0 or more"),
            (&[("small", "1"), ("small", "2")], "small: is there twice"),
        ] {
            assert_eq!(read(pairs).unwrap_err().to_string(), said);
        }
    }
}
