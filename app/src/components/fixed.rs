//! Attributes that never change, on elements that otherwise do. Leptos has a type for each attribute, and each type costs
//! half a kilobyte in the browser; these share one. For the rare ones, where a misspelt name would be seen.

use leptos::attr::any_attribute::{AnyAttribute, IntoAnyAttribute};
use leptos::attr::custom::custom_attribute;

/// To be spread into an element: `<textarea {..fixed([("rows", "1")])}>`.
pub(crate) fn fixed<const N: usize>(attributes: [(&'static str, &'static str); N]) -> Vec<AnyAttribute> {
    attributes.into_iter().map(|(name, value)| custom_attribute(name, value).into_any_attr()).collect()
}
