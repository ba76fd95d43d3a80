//! `Tree`: JSON as it was written; objects keep their order and every key, also one that is there twice.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use super::misread::Misread;

/// How long a text may be for which it is worked out what is wrong with it.
const EXPLAINED_BYTES: usize = 64 * 1024;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    /// Parses a text.
    ///
    /// # Errors
    /// [`Misread`] with the line and column where it goes wrong.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Misread> {
        serde_json::from_slice(text).map_err(|error| Misread::not_json(&error))
    }

    /// Whether a text has more values than any short one: then it is not read at all, because each takes many times its bytes.
    pub(crate) fn has_too_many_values(text: &[u8]) -> bool {
        // Two bytes are the least that a value takes.
        text.len() > EXPLAINED_BYTES && count_values(text) > EXPLAINED_BYTES / 2
    }

    /// A text that could not be read as what it should be, to find out why. Only a short one is read again: else wrong
    /// texts would cost more than right ones.
    ///
    /// # Errors
    /// [`Misread`] of a long one, with as much as the first reading has found, or of what is no JSON.
    pub(crate) fn of_misread(text: &str, error: &serde_json::Error) -> Result<Self, Misread> {
        if text.len() > EXPLAINED_BYTES { Err(Misread::of_long(error)) } else { Self::parse(text.as_bytes()) }
    }

    /// The pairs of a query or a form.
    pub(crate) fn of_pairs<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self::Object(pairs.into_iter().map(|(key, value)| (key.into(), Self::Text(value.into()))).collect())
    }

    /// What an object has under a key; `None` for what is no object, too.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().find(|(it, _)| it == key).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// About as many values as a text has: each but the first of a list or object is behind a comma or a colon.
fn count_values(text: &[u8]) -> usize {
    let (mut count, mut is_text, mut is_escaped) = (0, false, false);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_text,
            b'"' => is_text = !is_text,
            b',' | b':' | b'[' | b'{' if !is_text => count += 1,
            _ => {}
        }
    }
    count
}

impl From<&Value> for Tree {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(is) => Self::Bool(*is),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(list) => Self::List(list.iter().map(Self::from).collect()),
            Value::Object(fields) => {
                Self::Object(fields.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect())
            }
        }
    }
}

/// Of a key that is there twice the last one counts, as everywhere.
impl From<&Tree> for Value {
    fn from(tree: &Tree) -> Self {
        match tree {
            Tree::Null => Self::Null,
            Tree::Bool(is) => Self::Bool(*is),
            Tree::Number(number) => Self::Number(number.clone()),
            Tree::Text(text) => Self::String(text.clone()),
            Tree::List(list) => Self::Array(list.iter().map(Self::from).collect()),
            Tree::Object(fields) => {
                Self::Object(fields.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(AnyTree)
    }
}

struct AnyTree;

impl<'de> Visitor<'de> for AnyTree {
    type Value = Tree;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E: Error>(self, is: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(is))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Number(number.into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Tree, E> {
        Number::from_f64(number).map(Tree::Number).ok_or_else(|| E::custom("no number of JSON"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Tree, E> {
        Ok(Tree::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut fields = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            fields.push(entry);
        }
        Ok(Tree::Object(fields))
    }
}
