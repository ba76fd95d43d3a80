//! `Tree::read`: reads our types from a [`Tree`], and knows of each value what it should have been.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Number, Value};

use super::misread::Misread;
use super::strict::wants_object;
use super::tree::Tree;

/// What is made of keys, and of texts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rules {
    /// Unknown keys are ignored, unless the type itself rejects them.
    Lenient,
    /// Unknown keys are rejected. Each list names keys that mean the same: any of them will do, two with the
    /// same value are one.
    Strict(&'static [&'static [&'static str]]),
    /// All values are texts, and numbers where numbers are asked for.
    Query,
}

impl Tree {
    /// Reads it as one of our types.
    ///
    /// # Errors
    /// [`Misread`].
    pub(crate) fn read<T: DeserializeOwned>(&self, rules: Rules) -> Result<T, Misread> {
        T::deserialize(Typed { tree: self, rules })
    }
}

/// A value, on its way into one of our types.
#[derive(Clone, Copy)]
struct Typed<'a> {
    tree: &'a Tree,
    rules: Rules,
}

impl<'a> Typed<'a> {
    /// A number, also one that is written as a text where all values are.
    fn number(self) -> Option<Number> {
        match (self.tree, self.rules) {
            (Tree::Number(number), _) => Some(number.clone()),
            (Tree::Text(text), Rules::Query) => text.parse().ok(),
            _ => None,
        }
    }

    fn text(self) -> Result<&'a str, Misread> {
        self.tree.as_text().ok_or_else(|| Misread::must_be("a text"))
    }

    fn list(self) -> Result<Items<'a>, Misread> {
        match self.tree {
            Tree::List(list) => Ok(Items { list: list.iter(), index: 0, rules: self.rules }),
            _ => Err(Misread::must_be("a list")),
        }
    }

    fn object(self) -> Result<&'a [(String, Tree)], Misread> {
        match self.tree {
            Tree::Object(fields) => Ok(fields),
            _ => Err(Misread::must_be("an object")),
        }
    }

    /// What an object has for a type with these keys, in their order: derived code that finds the tag of an enum first
    /// reads the rest in place.
    fn fields(self, known: &'static [&'static str]) -> Result<Vec<(&'a str, &'a str, &'a Tree)>, Misread> {
        let mut found: Vec<(&str, &str, &Tree)> = Vec::new();
        for (key, value) in self.object()? {
            let meant = self.rules.meant(key, known);
            let Some(meant) = meant else {
                match self.rules {
                    Rules::Strict(_) => return Err(Misread::unknown_key(key, known)),
                    Rules::Lenient | Rules::Query => found.push((key, key, value)),
                }
                continue;
            };
            match found.iter().find(|(_, it, _)| *it == meant) {
                Some((_, _, before)) if matches!(self.rules, Rules::Strict(_)) && *before == value => {}
                Some((before, ..)) if before == key => return Err(Misread::twice(key)),
                Some((before, ..)) => return Err(Misread::two_names(key, before)),
                None => found.push((key, meant, value)),
            }
        }
        let index = |meant: &str| known.iter().position(|it| *it == meant).unwrap_or(known.len());
        found.sort_by_key(|(_, meant, _)| index(meant));
        Ok(found)
    }
}

impl Rules {
    /// Which of the known keys one means.
    fn meant<'a>(self, key: &'a str, known: &'static [&'static str]) -> Option<&'a str> {
        if known.contains(&key) {
            return Some(key);
        }
        let Self::Strict(synonyms) = self else { return None };
        let same = synonyms.iter().find(|same| same.contains(&key))?;
        same.iter().find(|it| known.contains(it)).copied()
    }
}

/// Whole numbers that fit.
macro_rules! whole {
    ($($question:ident, $found:ident, $kind:ty, $as:ident, $range:literal);*) => {$(
        fn $question<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
            let whole = self.number().and_then(|it| it.$as()).and_then(|it| <$kind>::try_from(it).ok());
            visitor.$found(whole.ok_or_else(|| Misread::must_be(concat!("a whole number", $range)))?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Typed<'de> {
    type Error = Misread;

    whole! {
        deserialize_u8, visit_u8, u8, as_u64, " from 0 to 255";
        deserialize_u16, visit_u16, u16, as_u64, " from 0 to 65535";
        deserialize_u32, visit_u32, u32, as_u64, " from 0 to 4294967295";
        deserialize_u64, visit_u64, u64, as_u64, ", 0 or more";
        deserialize_i8, visit_i8, i8, as_i64, " from -128 to 127";
        deserialize_i16, visit_i16, i16, as_i64, " from -32768 to 32767";
        deserialize_i32, visit_i32, i32, as_i64, " from -2147483648 to 2147483647";
        deserialize_i64, visit_i64, i64, as_i64, ""
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        match self.tree {
            Tree::Object(fields) => {
                let fields = fields.iter().map(|(key, value)| (key.as_str(), key.as_str(), value)).collect();
                visitor.visit_map(Entries::new(fields, self.rules))
            }
            _ if wants_object(&visitor) => Err(Misread::must_be("an object")),
            Tree::Null => visitor.visit_unit(),
            Tree::Bool(is) => visitor.visit_bool(*is),
            Tree::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, number) => visitor.visit_f64(number.unwrap_or_default()),
            },
            Tree::Text(text) => visitor.visit_borrowed_str(text),
            Tree::List(_) => visitor.visit_seq(self.list()?),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        match (self.tree, self.rules) {
            (Tree::Bool(is), _) => visitor.visit_bool(*is),
            (Tree::Text(word), Rules::Query) if word == "true" => visitor.visit_bool(true),
            (Tree::Text(word), Rules::Query) if word == "false" => visitor.visit_bool(false),
            _ => Err(Misread::must_be("true or false")),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        let number = self.number().and_then(|it| it.as_f64());
        visitor.visit_f64(number.ok_or_else(|| Misread::must_be("a number"))?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        match self.tree {
            Tree::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        match self.tree {
            Tree::Null => visitor.visit_unit(),
            _ => Err(Misread::must_be("null")),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misread> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misread> {
        if name.starts_with("$serde_json") {
            // A text that is kept as JSON; only its own library knows how to make one.
            let made = Value::from(self.tree).deserialize_newtype_struct(name, visitor);
            return made.map_err(|_| Misread::must_be("any JSON"));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_seq(self.list()?)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Misread> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        let fields = self.object()?.iter().map(|(key, value)| (key.as_str(), key.as_str(), value)).collect();
        visitor.visit_map(Entries::new(fields, self.rules))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misread> {
        visitor.visit_map(Entries::new(self.fields(known)?, self.rules))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misread> {
        match self.tree {
            Tree::Text(word) => visitor.visit_enum(word.as_str().into_deserializer()),
            _ => Err(Misread::must_be_one_of(words)),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_unit()
    }
}

/// What is left of a list.
struct Items<'a> {
    list: std::slice::Iter<'a, Tree>,
    index: usize,
    rules: Rules,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Misread;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misread> {
        let Some(tree) = self.list.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        seed.deserialize(Typed { tree, rules: self.rules }).map(Some).map_err(|misread| misread.at(index))
    }
}

/// What is left of an object: each key as it is written and as it is meant, and its value.
struct Entries<'a> {
    fields: std::vec::IntoIter<(&'a str, &'a str, &'a Tree)>,
    value: Option<(&'a str, &'a Tree)>,
    rules: Rules,
}

impl<'a> Entries<'a> {
    fn new(fields: Vec<(&'a str, &'a str, &'a Tree)>, rules: Rules) -> Self {
        Self { fields: fields.into_iter(), value: None, rules }
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Misread;

    fn next_key_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misread> {
        let Some((written, meant, value)) = self.fields.next() else { return Ok(None) };
        self.value = Some((written, value));
        seed.deserialize(BorrowedStrDeserializer::new(meant)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Misread> {
        // Derived code asks for a key first, always.
        let (written, tree) = self.value.take().ok_or_else(|| Misread::must_be("an object"))?;
        seed.deserialize(Typed { tree, rules: self.rules }).map_err(|misread| misread.under(written))
    }
}
