//! What the parser says of a source file: which items are for tests and which are private.

use syn::{Attribute, File, Item, Visibility};

use crate::source::Source;

#[track_caller]
pub(crate) fn parse(source: &Source) -> File {
    syn::parse_file(&source.text)
        .unwrap_or_else(|error| panic!("{}:{}: {error}", source.path, error.span().start().line))
}

/// Whether it is compiled for tests alone.
pub(crate) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let condition = match &attribute.meta {
            syn::Meta::List(list) if list.path.is_ident("cfg") => list.tokens.to_string(),
            _ => String::new(),
        };
        let mut words = condition.split(|it: char| !it.is_alphanumeric() && it != '_');
        words.any(|word| word == "test") && !condition.contains("not")
    })
}

/// Whether it is a test: `#[test]`, `#[tokio::test]` and their like.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|it| it.path().segments.last().is_some_and(|last| last.ident == "test"))
}

pub(crate) fn is_private(visibility: &Visibility) -> bool {
    match visibility {
        Visibility::Inherited => true,
        Visibility::Restricted(to) => to.path.is_ident("self"),
        Visibility::Public(_) => false,
    }
}

pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Union(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}
