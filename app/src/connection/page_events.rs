//! Page events: what the browser says of the network, and of whether the page is in view.

use leptos::leptos_dom::helpers::{WindowListenerHandle, window_event_listener_untyped};

use crate::browser::is_in_view;

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageEvent {
    NetworkUp,
    NetworkDown,
    /// The page has come into view.
    Shown,
}

/// Calls back until the listeners are removed.
pub(super) fn listen(call: impl Fn(PageEvent) + Copy + 'static) -> [WindowListenerHandle; 4] {
    // `visibilitychange` is fired at the document and bubbles to the window.
    ["online", "offline", "visibilitychange", "pageshow"].map(|name| {
        window_event_listener_untyped(name, move |_| match name {
            "online" => call(PageEvent::NetworkUp),
            "offline" => call(PageEvent::NetworkDown),
            _ if is_in_view() => call(PageEvent::Shown),
            _ => {}
        })
    })
}
