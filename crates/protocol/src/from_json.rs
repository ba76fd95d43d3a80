//! From JSON: decodes what a server sends with little code.
//!
//! The decoders that serde derives are fast and many: one for each type and each way of parsing, 215 KB of WebAssembly
//! for the pages. These take JSON that is parsed already and cost a tenth. Programs that count microseconds instead of
//! bytes use serde; `tests/document.rs` checks that both accept the same frames.

mod words;

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Why a text could not be decoded.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON. The parser's own error texts would be 4 KB of WebAssembly.
    #[error("not JSON from column {column} of line {line} on")]
    Json {
        /// The first line is 1.
        line: usize,
        /// The first column is 1.
        column: usize,
    },
    /// It is JSON of another shape.
    #[error("{0}")]
    Shape(#[from] BadShape),
}

/// The innermost field that is missing or holds something else; empty when it is not about a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is missing or not of its shape")]
pub struct BadShape(&'static str);

impl BadShape {
    /// Names the field, unless one further inside is named already.
    fn within(self, field: &'static str) -> Self {
        if self.0.is_empty() { Self(field) } else { self }
    }
}

/// Parsed JSON. The fields of an object stand in a list: they are few, and a map is 10 KB of WebAssembly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`, and a field that is not there.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without a fraction.
    Whole(u64),
    /// The same, below zero.
    Negative(i64),
    /// Any other number. Nothing that a server sends has one, so it is not kept.
    Fraction,
    /// Text.
    Text(String),
    /// An array.
    List(Vec<Self>),
    /// An object.
    Fields(Vec<(String, Self)>),
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Anything;
        impl<'de> Visitor<'de> for Anything {
            type Value = Json;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }

            fn visit_bool<E>(self, it: bool) -> Result<Json, E> {
                Ok(Json::Bool(it))
            }

            fn visit_u64<E>(self, it: u64) -> Result<Json, E> {
                Ok(Json::Whole(it))
            }

            fn visit_i64<E>(self, it: i64) -> Result<Json, E> {
                Ok(Json::Negative(it))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
                Ok(Json::Fraction)
            }

            fn visit_str<E>(self, it: &str) -> Result<Json, E> {
                Ok(Json::Text(it.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Json::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = entries.next_entry()? {
                    fields.push(field);
                }
                Ok(Json::Fields(fields))
            }
        }
        input.deserialize_any(Anything)
    }
}

/// A type that can be decoded from parsed JSON.
pub trait FromJson: Sized {
    /// Decodes it. Unknown fields are ignored.
    ///
    /// # Errors
    /// [`BadShape`] names what is missing or wrong.
    fn from_json(json: Json) -> Result<Self, BadShape>;
}

/// Parses a text.
///
/// # Errors
/// [`Unreadable::Json`] when it is not JSON.
pub fn parse(text: &str) -> Result<Json, Unreadable> {
    let place = |error: serde_json::Error| Unreadable::Json { line: error.line(), column: error.column() };
    serde_json::from_str(text).map_err(place)
}

/// Parses a text and reads it.
///
/// # Errors
/// [`Unreadable`] when it is not JSON or not of this shape.
pub fn from_text<T: FromJson>(text: &str) -> Result<T, Unreadable> {
    Ok(T::from_json(parse(text)?)?)
}

/// The fields of an object, each of which is taken out once.
#[derive(Debug)]
pub struct Fields(Vec<(String, Json)>);

impl Fields {
    /// The fields of a value that is an object.
    ///
    /// # Errors
    /// [`BadShape`] when it is something else.
    pub fn of(json: Json) -> Result<Self, BadShape> {
        if let Json::Fields(fields) = json { Ok(Self(fields)) } else { Err(BadShape("")) }
    }

    /// Takes one field out.
    ///
    /// # Errors
    /// [`BadShape`] when it is missing and must not be, or is of another shape.
    pub fn take<T: FromJson>(&mut self, name: &'static str) -> Result<T, BadShape> {
        T::from_json(self.remove(name)).map_err(|bad| bad.within(name))
    }

    /// What is left, as an object.
    fn rest(self) -> Json {
        Json::Fields(self.0)
    }

    fn remove(&mut self, name: &str) -> Json {
        let at = self.0.iter().position(|(it, _)| it == name);
        at.map_or(Json::Null, |at| self.0.swap_remove(at).1)
    }
}

/// Implements [`FromJson`](crate::from_json::FromJson) for structs, from the names of their fields, which are those of the JSON.
#[macro_export]
macro_rules! from_json {
    ($($name:ident { $($field:ident),+ $(,)? })+) => {$(
        impl $crate::from_json::FromJson for $name {
            fn from_json(json: $crate::from_json::Json) -> Result<Self, $crate::from_json::BadShape> {
                let mut fields = $crate::from_json::Fields::of(json)?;
                Ok(Self { $($field: fields.take(stringify!($field))?),+ })
            }
        }
    )+};
}

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(json: Json) -> Result<Self, BadShape> {
        if json == Json::Null { Ok(None) } else { T::from_json(json).map(Some) }
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(json: Json) -> Result<Self, BadShape> {
        let items = match json {
            Json::List(items) => items,
            // Empty lists may be left out.
            Json::Null => Vec::new(),
            _ => return Err(BadShape("")),
        };
        let mut read = Self::with_capacity(items.len());
        for item in items {
            read.push(T::from_json(item)?);
        }
        Ok(read)
    }
}

impl FromJson for String {
    fn from_json(json: Json) -> Result<Self, BadShape> {
        if let Json::Text(text) = json { Ok(text) } else { Err(BadShape("")) }
    }
}

impl FromJson for bool {
    fn from_json(json: Json) -> Result<Self, BadShape> {
        if let Json::Bool(it) = json { Ok(it) } else { Err(BadShape("")) }
    }
}

impl FromJson for u64 {
    fn from_json(json: Json) -> Result<Self, BadShape> {
        if let Json::Whole(it) = json { Ok(it) } else { Err(BadShape("")) }
    }
}

impl FromJson for i64 {
    fn from_json(json: Json) -> Result<Self, BadShape> {
        match json {
            Json::Whole(it) => it.try_into().map_err(|_| BadShape("")),
            Json::Negative(it) => Ok(it),
            _ => Err(BadShape("")),
        }
    }
}

impl FromJson for u32 {
    fn from_json(json: Json) -> Result<Self, BadShape> {
        u64::from_json(json)?.try_into().map_err(|_| BadShape(""))
    }
}

/// One of the words of an enum without fields.
pub fn word<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    let input: StrDeserializer<'de, NotAWord> = text.into_deserializer();
    T::deserialize(input).ok()
}

/// An unknown word. The error does not list the known ones, because it is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of the words")]
struct NotAWord;

impl serde::de::Error for NotAWord {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}
