//! Early text: what the user typed into the message field before the page came to life.
//!
//! The loader reads it from the field that the server rendered, and hands it over with the start of the page.

use leptos::prelude::*;

/// A text that waits for the message field of the page. Copying it copies an index.
#[derive(Debug, Clone, Copy)]
pub struct EarlyText(StoredValue<String>);

impl EarlyText {
    /// Puts the text into the context, above the page.
    pub fn provide(text: String) {
        provide_context(Self(StoredValue::new(text)));
    }

    /// The text, for the field that asks first: others belong to rooms that were opened later. Empty on the server.
    pub(crate) fn take() -> String {
        let waiting = use_context::<Self>();
        waiting.and_then(|Self(text)| text.try_update_value(std::mem::take)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_field_takes_the_text() {
        let owner = Owner::new();
        owner.with(|| {
            assert_eq!(EarlyText::take(), "");
            EarlyText::provide("half a li".to_owned());
            assert_eq!(EarlyText::take(), "half a li");
            assert_eq!(EarlyText::take(), "");
        });
    }
}
