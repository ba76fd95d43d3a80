//! What the server knows when it renders a page. It travels inside the HTML, so the browser starts from the same facts.

use leptos::prelude::{SharedValue, use_context};
use leptos::server::codee::{Decoder, Encoder};
use protocol::json::{ParseError, from_text};
use protocol::{JoinedRoom, RoomSummary, UserId};
use serde::Serialize;
use serde_lite::{Deserialize, Intermediate};

/// The facts of one page load.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// The path of the page, without its query.
    pub path: String,
    /// Where to go after signing in.
    pub next: String,
    /// Who is signed in.
    #[serde(default)]
    pub account: Option<Account>,
    /// The person's rooms, newest activity first.
    pub rooms: Vec<RoomSummary>,
    /// The room that the address names, with its newest page, if the person is in it.
    #[serde(default)]
    pub open: Option<JoinedRoom>,
    /// Light, dark or the system's choice.
    pub theme: Theme,
    /// People to sign in as with one click. Development only.
    #[serde(default)]
    pub demo: Option<Demo>,
    /// Strangers may make no accounts here.
    pub registration_closed: bool,
    /// Why the form that was just sent was refused.
    #[serde(default)]
    pub problem: Option<Problem>,
}

/// How a page goes on once the browser has it. The server provides it as a context.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PageKind {
    /// In WebAssembly, which takes the page over.
    #[default]
    Interactive,
    /// As plain HTML: forms and links.
    Static,
    /// As plain HTML that says that there is no page, whatever the router makes of the path.
    Missing,
}

impl PageKind {
    /// The kind of the page that is being rendered. What runs in a browser is interactive.
    pub(crate) fn current() -> Self {
        use_context().unwrap_or_default()
    }
}

impl Start {
    /// What the server knows. It comes along in the HTML of an interactive page, so that both sides begin with the same.
    pub(crate) fn shared() -> Self {
        match PageKind::current() {
            PageKind::Interactive => SharedValue::<_, Spelling>::new_with_encoding(known).into_inner(),
            PageKind::Static | PageKind::Missing => known(),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn known() -> Start {
    use_context().unwrap_or_default()
}

/// A page that is built anew reads what stands in the HTML by itself. Without it there is nothing to show, which the
/// loader puts into words.
#[cfg(target_arch = "wasm32")]
fn known() -> Start {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        /// The values that the server wrote, in the order in which the pages ask for them. This is the only one.
        #[wasm_bindgen(thread_local_v2, js_name = __RESOLVED_RESOURCES)]
        static WRITTEN: js_sys::Array;
    }

    let text = WRITTEN.with(|written| written.get(0)).as_string().unwrap_or_default();
    match from_text(&text) {
        Ok(start) => start,
        Err(error) => wasm_bindgen::throw_str(&format!("what the server knows cannot be read: {error}")),
    }
}

/// A person who is signed in, as the pages need to know them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Who.
    pub id: UserId,
    /// The user name.
    pub name: String,
}

/// People who exist in a development database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demo {
    /// Their user names.
    pub people: Vec<String>,
    /// The password that they share.
    pub password: String,
}

/// Why a form was refused, with what was typed, so that nobody types it twice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The form field that is wrong; `None` when it is about the whole form.
    #[serde(default)]
    pub field: Option<String>,
    /// For a person to read.
    pub message: String,
    /// The user name (or e-mail address) as typed.
    pub username: String,
    /// The e-mail address as typed.
    pub email: String,
}

impl Problem {
    /// What is wrong with one field.
    pub(crate) fn of(&self, field: &str) -> Option<String> {
        (self.field.as_deref() == Some(field)).then(|| self.message.clone())
    }

    /// What is wrong with the whole form.
    pub(crate) fn of_form(&self) -> Option<String> {
        (self.field.is_none() && !self.message.is_empty()).then(|| self.message.clone())
    }
}

/// Which set of colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// What the operating system says.
    #[default]
    System,
    /// Dark ink on light paper.
    Light,
    /// Light ink on dark paper.
    Dark,
}

impl Theme {
    /// The cookie that remembers the choice.
    pub const COOKIE: &str = "hubbub_theme";
    /// How long it does.
    pub const KEPT_SECONDS: u32 = 31_536_000;

    /// The word used in the cookie, in `data-theme` and on the button.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads a cookie's value. Anything unknown is the system's choice.
    pub fn parse(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// The next one when the button is pressed.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }
}

impl Deserialize for Theme {
    fn deserialize(json: &Intermediate) -> Result<Self, serde_lite::Error> {
        String::deserialize(json).map(|word| Self::parse(&word))
    }
}

/// How a [`Start`] travels inside the HTML.
#[derive(Debug)]
pub(crate) struct Spelling;

impl Encoder<Start> for Spelling {
    type Error = serde_json::Error;
    type Encoded = String;

    /// Without what proxies rewrite in a document: e-mail addresses and runs of white space. Both stand in strings only.
    fn encode(start: &Start) -> Result<String, Self::Error> {
        Ok(serde_json::to_string(start)?.replace('@', "\\u0040").replace("  ", " \\u0020"))
    }
}

impl Decoder<Start> for Spelling {
    type Error = ParseError;
    type Encoded = str;

    fn decode(text: &str) -> Result<Start, Self::Error> {
        from_text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theme_survives_its_cookie() {
        for theme in [Theme::System, Theme::Light, Theme::Dark] {
            assert_eq!(Theme::parse(theme.as_str()), theme);
        }
        assert_eq!(Theme::parse("sepia"), Theme::System);
    }

    #[test]
    fn what_the_server_knows_survives_the_way_to_the_browser() {
        let start = Start {
            account: Some(Account { id: UserId::parse("u-1").unwrap(), name: "ann".to_owned() }),
            theme: Theme::Dark,
            demo: Some(Demo { people: vec!["bob".to_owned()], password: "secret".to_owned() }),
            registration_closed: true,
            problem: Some(Problem { field: Some("email".to_owned()), ..Problem::default() }),
            ..Start::default()
        };
        assert_eq!(Spelling::decode(&Spelling::encode(&start).unwrap()).unwrap(), start);
    }

    #[test]
    fn what_a_proxy_rewrites_is_spelt_otherwise_and_means_the_same() {
        let start = Start { path: "a   b@c.example  ".to_owned(), ..Start::default() };
        let text = Spelling::encode(&start).unwrap();
        assert!(!text.contains('@') && !text.contains("  "), "{text}");
        assert_eq!(Spelling::decode(&text).unwrap(), start);
    }

    #[test]
    fn the_theme_button_comes_round() {
        assert_eq!(Theme::System.next().next().next(), Theme::System);
    }
}
