//! Placeholders: objects in the text of a packet that stand for its attachments.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// `{"_placeholder":true,"num":0}`
#[derive(Debug, Deserialize)]
pub(super) struct Placeholder {
    #[serde(rename = "_placeholder")]
    is_placeholder: bool,
    num: usize,
}

impl Placeholder {
    /// Which attachment it stands for.
    pub(super) fn position(&self) -> Option<usize> {
        self.is_placeholder.then_some(self.num)
    }
}

/// Whether every placeholder in `json`, however deep, is one of `count` attachments.
pub(super) fn are_attached(json: &str, count: usize) -> bool {
    // A number that is not there counts as beyond any count.
    serde_json::from_str::<PlaceholderCount>(json).is_ok_and(|needed| needed.beyond <= count)
}

/// What the placeholders of a JSON value need.
#[derive(Clone, Copy, Default)]
struct PlaceholderCount {
    /// One more than the highest number of a placeholder, or 0 without any.
    beyond: usize,
}

impl PlaceholderCount {
    fn and(self, other: Self) -> Self {
        Self { beyond: self.beyond.max(other.beyond) }
    }
}

impl<'de> Deserialize<'de> for PlaceholderCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlaceholderVisitor)
    }
}

/// Visits a JSON value however deep, and counts what its placeholders need.
struct PlaceholderVisitor;

impl<'de> Visitor<'de> for PlaceholderVisitor {
    type Value = PlaceholderCount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<PlaceholderCount, E> {
        Ok(PlaceholderCount::default())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<PlaceholderCount, E> {
        Ok(PlaceholderCount::default())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<PlaceholderCount, E> {
        Ok(PlaceholderCount::default())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<PlaceholderCount, E> {
        Ok(PlaceholderCount::default())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<PlaceholderCount, E> {
        Ok(PlaceholderCount::default())
    }

    fn visit_unit<E: Error>(self) -> Result<PlaceholderCount, E> {
        Ok(PlaceholderCount::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<PlaceholderCount, A::Error> {
        let mut needed = PlaceholderCount::default();
        while let Some(element) = elements.next_element()? {
            needed = needed.and(element);
        }
        Ok(needed)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<PlaceholderCount, A::Error> {
        let (mut needed, mut is_placeholder, mut number) = (PlaceholderCount::default(), false, None);
        while let Some(key) = entries.next_key::<Cow<'_, str>>()? {
            match &*key {
                "_placeholder" => is_placeholder = matches!(entries.next_value()?, Flag(true)),
                "num" => number = entries.next_value::<Number>()?.0,
                _ => needed = needed.and(entries.next_value()?),
            }
        }
        if is_placeholder {
            let beyond = number.map_or(usize::MAX, |number| number.saturating_add(1));
            needed = needed.and(PlaceholderCount { beyond });
        }
        Ok(needed)
    }
}

/// `true`, or anything else.
#[derive(Deserialize)]
#[serde(from = "MaybeFlag")]
struct Flag(bool);

#[derive(Deserialize)]
#[serde(untagged)]
enum MaybeFlag {
    Flag(bool),
    Other(IgnoredAny),
}

impl From<MaybeFlag> for Flag {
    fn from(it: MaybeFlag) -> Self {
        match it {
            MaybeFlag::Flag(flag) => Self(flag),
            MaybeFlag::Other(IgnoredAny) => Self(false),
        }
    }
}

/// A number that can be a position, or anything else.
#[derive(Deserialize)]
#[serde(from = "MaybeNumber")]
struct Number(Option<usize>);

#[derive(Deserialize)]
#[serde(untagged)]
enum MaybeNumber {
    Number(usize),
    Other(IgnoredAny),
}

impl From<MaybeNumber> for Number {
    fn from(it: MaybeNumber) -> Self {
        match it {
            MaybeNumber::Number(number) => Self(Some(number)),
            MaybeNumber::Other(IgnoredAny) => Self(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_must_be_one_of_the_attachments() {
        assert!(are_attached(
            r#"["a",{"_placeholder":true,"num":0},[{"b":{"num":1,"_placeholder":true}}]]"#,
            2
        ));
        assert!(!are_attached(
            r#"["a",{"_placeholder":true,"num":0},[{"b":{"num":1,"_placeholder":true}}]]"#,
            1
        ));
        assert!(!are_attached(r#"["a",{"_placeholder":true,"num":-1}]"#, 2));
        assert!(!are_attached(r#"["a",{"_placeholder":true,"num":"0"}]"#, 2));
        assert!(!are_attached(r#"["a",{"_placeholder":true}]"#, 2));
    }

    #[test]
    fn an_object_that_only_resembles_a_placeholder_is_data() {
        assert!(are_attached(
            r#"["a",{"_placeholder":false,"num":9},{"_placeholder":"x"},null,1.5,-1,true,"s"]"#,
            0
        ));
        assert!(are_attached(r#"["a",{"num":{"deep":[1]}}]"#, 0));
    }
}
