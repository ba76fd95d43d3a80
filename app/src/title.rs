//! Title of the document: what the tab is called. Pages set a name with `Title` of `leptos_meta`; these are its formatters.

use leptos::text_prop::TextProp;

use crate::browser::IS_BROWSER;

/// The text of a `Title` that follows what its page shows. A server is asked for it after the page was rendered, when the
/// signals of the page may be gone: there it is computed at once.
pub(crate) fn title_text(text: impl Fn() -> String + Send + Sync + 'static) -> TextProp {
    if IS_BROWSER { TextProp::from(text) } else { TextProp::from(text()) }
}

/// The title of a page with this name; a page without one is called like the program.
#[expect(clippy::needless_pass_by_value, reason = "a formatter is handed its text")]
pub(crate) fn document_title(name: String) -> String {
    html(with_program(&name))
}

/// The title of a page beside the rooms. Rooms with unread messages are counted in front, where a narrow tab still shows
/// it.
pub(crate) fn counted_title(name: &str, unread: usize) -> String {
    let title = with_program(name);
    html(if unread == 0 { title } else { format!("({unread}) {title}") })
}

fn with_program(name: &str) -> String {
    if name.is_empty() { "Hubbub".to_owned() } else { format!("{name} · Hubbub") }
}

/// The server puts a title into the document as it is, so here it becomes HTML (HTML, section 13.3). A browser is given
/// text.
fn html(title: String) -> String {
    if cfg!(feature = "ssr") {
        title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    } else {
        title
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unread_rooms_are_counted_in_front_of_the_name() {
        assert_eq!(document_title("Account".to_owned()), "Account · Hubbub");
        assert_eq!(document_title(String::new()), "Hubbub");
        assert_eq!(counted_title("The kitchen", 1), "(1) The kitchen · Hubbub");
        assert_eq!(counted_title("The kitchen", 0), "The kitchen · Hubbub");
        assert_eq!(counted_title("", 2), "(2) Hubbub");
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn a_title_is_text_in_the_html_of_the_server() {
        assert_eq!(counted_title("</title><b> & co", 0), "&lt;/title&gt;&lt;b&gt; &amp; co · Hubbub");
    }
}
