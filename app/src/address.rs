//! Where one is: the path in the browser's address bar. Going from room to room changes it without loading a page;
//! every other way is a link that loads one.

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use protocol::RoomId;
use wasm_bindgen::JsValue;

use crate::browser::attempt;

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `/`: the rooms, and none of them chosen.
    Lobby,
    /// `/rooms/{id}`; `None` when this cannot be the id of a room.
    Room(Option<RoomId>),
    /// `/sign-in`
    SignIn,
    /// `/register`
    Register,
    /// `/account`
    Account,
    /// `/live/{id}`, with the id of a chat; `None` when this cannot be one.
    Live(Option<RoomId>),
    /// `/devtools`
    Devtools,
    /// `/test`
    Test,
    /// Anything else.
    Nowhere,
}

impl Place {
    /// Reads a path, without its query.
    pub fn of(path: &str) -> Self {
        if let Some(id) = path.strip_prefix("/rooms/") {
            return Self::Room(RoomId::parse(id.trim_end_matches('/')).ok());
        }
        if let Some(id) = path.strip_prefix("/live/") {
            return Self::Live(RoomId::parse(id.trim_end_matches('/')).ok());
        }
        match path {
            "/" => Self::Lobby,
            "/sign-in" => Self::SignIn,
            "/register" => Self::Register,
            "/account" => Self::Account,
            "/devtools" => Self::Devtools,
            "/test" => Self::Test,
            _ => Self::Nowhere,
        }
    }

    /// The room that it names.
    pub fn room(&self) -> Option<&RoomId> {
        if let Self::Room(id) = self { id.as_ref() } else { None }
    }
}

/// `/sign-in` or `/register`, with the path to go to afterwards.
pub fn entry_address(page: &str, next: &str) -> String {
    if next == "/" { page.to_owned() } else { format!("{page}?next={}", percent_encode(next)) }
}

fn percent_encode(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| char::from(DIGITS.get(usize::from(value)).copied().unwrap_or_default());
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    encoded
}

/// The path in the address bar; in a browser only.
pub fn current_path() -> String {
    location().pathname().unwrap_or_default()
}

/// A handle to the address bar of this tab. Copying it copies an index.
#[derive(Debug, Clone, Copy)]
pub struct Address {
    /// Where one is now.
    pub place: RwSignal<Place>,
}

impl Address {
    /// Puts an [`Address`] into the context, once, at the root of the pages.
    pub fn provide(path: &str) -> Self {
        let address = Self { place: RwSignal::new(Place::of(path)) };
        // An effect does not run on the server.
        Effect::new(move |_| {
            let came_back = window_event_listener(leptos::ev::popstate, move |_| {
                address.place.set(Place::of(&current_path()));
            });
            on_cleanup(move || came_back.remove());
        });
        provide_context(address);
        address
    }

    /// Goes to a path of the rooms.
    pub fn go(self, path: &str) {
        match window().history().and_then(|it| it.push_state_with_url(&JsValue::NULL, "", Some(path))) {
            Ok(()) => self.place.set(Place::of(path)),
            Err(error) => attempt("changing the address", Err(error)),
        }
    }

    /// Goes where a link leads that was clicked, unless the click asks for a tab or a window of its own.
    pub fn follow(self, click: &MouseEvent, path: &str) {
        let elsewhere = click.ctrl_key() || click.meta_key() || click.shift_key() || click.alt_key();
        if click.button() == 0 && !elsewhere {
            click.prevent_default();
            self.go(path);
        }
    }
}

/// The address of this tab.
///
/// # Panics
/// When no [`Address::provide`] stands above.
pub fn use_address() -> Address {
    expect_context::<Address>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_from_the_sign_in_page_is_spelt_safely() {
        assert_eq!(entry_address("/sign-in", "/"), "/sign-in");
        assert_eq!(entry_address("/sign-in", "/rooms/a:b"), "/sign-in?next=/rooms/a%3Ab");
        assert_eq!(entry_address("/register", "/rooms/a&b=%20"), "/register?next=/rooms/a%26b%3D%2520");
    }

    #[test]
    fn a_path_names_a_place() {
        let team = RoomId::parse("team:1").unwrap();
        assert_eq!(Place::of("/rooms/team:1").room(), Some(&team));
        assert_eq!(Place::of("/rooms/team:1/").room(), Some(&team));
        assert_eq!(Place::of("/live/team:1"), Place::Live(Some(team)));
        for (path, place) in [
            ("/", Place::Lobby),
            ("/rooms/", Place::Room(None)),
            ("/rooms/a/b", Place::Room(None)),
            ("/live/a/b", Place::Live(None)),
            ("/test", Place::Test),
            ("/sign-in", Place::SignIn),
            ("/account", Place::Account),
            ("/rooms", Place::Nowhere),
            ("/devtools/x", Place::Nowhere),
        ] {
            assert_eq!(Place::of(path), place, "{path}");
        }
    }
}
