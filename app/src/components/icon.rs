//! Small line drawings beside words. They are decoration: the word, seen or spoken, is always there too.

use leptos::prelude::*;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Icon {
    /// Out of a room, to the list.
    Back,
    /// Committed.
    Check,
    /// On its way.
    Clock,
    /// Away with it.
    Close,
    /// To the newest.
    Down,
    /// Night colours.
    Moon,
    /// Members of a room.
    People,
    /// Make one.
    Plus,
    /// The system's colours.
    Screen,
    /// For a while not.
    Pause,
    /// Worth knowing.
    Info,
    /// On air.
    Live,
    /// Say it.
    Send,
    /// Over.
    Stop,
    /// End the sign-in.
    SignOut,
    /// Leave a room for good.
    Door,
    /// Leave a live session.
    LiveOff,
    /// Day colours.
    Sun,
    /// Something is wrong.
    Warning,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Back => "M12 4.5 6.5 10l5.5 5.5",
            Self::Check => "M4.5 10.5 8.2 14.2 15.5 6.5",
            Self::Clock => "M10 3.2a6.8 6.8 0 1 0 0 13.6a6.8 6.8 0 1 0 0-13.6M10 6.4V10l2.6 1.6",
            Self::Close => "M5.5 5.5l9 9M14.5 5.5l-9 9",
            Self::Down => "M10 4v12M5 11l5 5 5-5",
            Self::Moon => "M16.4 11.9A6.9 6.9 0 0 1 8.1 3.6a6.7 6.7 0 1 0 8.3 8.3Z",
            Self::People => {
                "M7.5 9.2a2.9 2.9 0 1 0 0-5.8a2.9 2.9 0 1 0 0 5.8M2 16.4c.3-3 2.6-4.7 5.5-4.7s5.2 1.7 5.5 4.7M13.2 9a2.5 2.5 0 0 0 .2-5M15.2 12c1.6.7 2.6 2.2 2.8 4.4"
            }
            Self::Plus => "M10 4v12M4 10h12",
            Self::Info => "M10 3.2a6.8 6.8 0 1 0 0 13.6a6.8 6.8 0 1 0 0-13.6M10 9.2v4.2M10 6.4v.2",
            Self::Live => {
                "M10 8.6a1.4 1.4 0 1 0 0 2.8a1.4 1.4 0 1 0 0-2.8M6.6 13.4a4.8 4.8 0 0 1 0-6.8M13.4 6.6a4.8 4.8 0 0 1 0 6.8M4.2 15.8a8.2 8.2 0 0 1 0-11.6M15.8 4.2a8.2 8.2 0 0 1 0 11.6"
            }
            Self::Pause => "M7.2 5v10M12.8 5v10",
            Self::Stop => "M5.2 5.2h9.6v9.6H5.2Z",
            Self::Screen => "M3 4.2h14v9.2H3zM7.4 16.6h5.2M10 13.6v3",
            Self::Send => "M16.8 3.2 8.6 11.4M16.8 3.2 11.9 16.8 8.6 11.4 3.2 8.1Z",
            Self::SignOut => "M8 3.5H4.5v13H8M8.5 10h8M13.4 6.8 16.6 10l-3.2 3.2",
            Self::Door => "M3 17h14M5.5 17V3.2h9V17M11.6 10v.8",
            Self::LiveOff => {
                "M10 8.6a1.4 1.4 0 1 0 0 2.8a1.4 1.4 0 1 0 0-2.8M6.6 13.4a4.8 4.8 0 0 1 0-6.8M13.4 6.6a4.8 4.8 0 0 1 0 6.8M3.6 3.6l12.8 12.8"
            }
            Self::Sun => {
                "M10 6.7a3.3 3.3 0 1 0 0 6.6a3.3 3.3 0 1 0 0-6.6M10 2v1.6M10 16.4V18M2 10h1.6M16.4 10H18M4.3 4.3l1.2 1.2M14.5 14.5l1.2 1.2M15.7 4.3l-1.2 1.2M5.5 14.5l-1.2 1.2"
            }
            Self::Warning => "M10 3 18 16.6H2ZM10 8v4M10 14.2v.2",
        }
    }
}

/// One drawing, the size of the text around it.
#[component]
pub fn Glyph(
    /// Which one.
    icon: Icon,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
            <path d=icon.path()/>
        </svg>
    }
}
