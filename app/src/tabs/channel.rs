//! Tab channel: carries messages between the tabs of one user and finds out which of them leads. `channel.js` does it, and
//! this gives it types. In JavaScript, because locks and channels are made of callbacks.

use std::rc::Rc;

use protocol::json::from_text;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};

use super::message::{TabId, TabMessage};

#[wasm_bindgen(module = "/src/tabs/channel.js")]
extern "C" {
    #[wasm_bindgen(js_name = isSupported)]
    fn is_supported() -> bool;
    #[wasm_bindgen(js_name = openChannel)]
    fn open_channel(
        account: &str,
        hello: &str,
        on_message: &Closure<dyn Fn(String, String)>,
        on_lead: &Closure<dyn Fn()>,
        on_silence: &Closure<dyn Fn()>,
        on_closed: &Closure<dyn Fn(String)>,
    );
    #[wasm_bindgen(js_name = sendMessage)]
    fn send_message(to: &str, text: &str);
    #[wasm_bindgen(js_name = isAlone)]
    fn is_alone() -> bool;
    #[wasm_bindgen(js_name = watchTab)]
    fn watch_tab(tab: &str);
    #[wasm_bindgen(js_name = closeChannel)]
    fn close_channel();
}

/// What this tab learns of the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TabEvent {
    /// This tab leads from now on.
    Elected,
    /// The leader does not answer any more.
    LeaderSilent,
    /// A tab that was watched is gone, however that came about.
    Closed(TabId),
    /// Another tab sends a message.
    Message {
        /// Which one.
        from: TabId,
        /// The message.
        message: TabMessage,
    },
}

/// The open channel; a page has one. Dropping it closes it and gives up the lead.
pub(super) struct TabChannel {
    _message: Closure<dyn Fn(String, String)>,
    _lead: Closure<dyn Fn()>,
    _silence: Closure<dyn Fn()>,
    _closed: Closure<dyn Fn(String)>,
}

impl TabChannel {
    /// Opens the channel of an account. `None` where the browser has no locks or no channels.
    pub(super) fn open(account: &str, on_event: impl Fn(TabEvent) + 'static) -> Option<Self> {
        if !is_supported() {
            return None;
        }
        let on_event = Rc::new(on_event);
        let event_of = |event: TabEvent| {
            let on_event = Rc::clone(&on_event);
            Closure::<dyn Fn()>::new(move || on_event(event.clone()))
        };
        let (on_lead, on_silence) = (event_of(TabEvent::Elected), event_of(TabEvent::LeaderSilent));
        let on_closed = {
            let on_event = Rc::clone(&on_event);
            Closure::<dyn Fn(String)>::new(move |tab| on_event(TabEvent::Closed(TabId(tab))))
        };
        let on_message = Closure::<dyn Fn(String, String)>::new(move |from, text: String| {
            // Any page of this origin can send here: what is no message is nobody's error.
            if let Ok(message) = from_text(&text) {
                on_event(TabEvent::Message { from: TabId(from), message });
            }
        });
        open_channel(account, &encode(&TabMessage::Hello)?, &on_message, &on_lead, &on_silence, &on_closed);
        Some(Self { _message: on_message, _lead: on_lead, _silence: on_silence, _closed: on_closed })
    }

    /// Sends a message to one tab, or to all others. A method, because the channel must be open.
    #[expect(clippy::unused_self, reason = "only an open channel sends")]
    pub(super) fn send(&self, to: Option<&TabId>, message: &TabMessage) {
        if let Some(text) = encode(message) {
            send_message(to.map_or("", |to| to.0.as_str()), &text);
        }
    }

    /// Reports [`TabEvent::Closed`] once that tab is gone.
    #[expect(clippy::unused_self, reason = "only an open channel hears of it")]
    pub(super) fn watch(&self, tab: &TabId) {
        watch_tab(&tab.0);
    }

    /// Whether there is certainly no other tab: what is sent to all others is sent to nobody.
    #[expect(clippy::unused_self, reason = "only an open channel knows")]
    pub(super) fn is_alone(&self) -> bool {
        is_alone()
    }
}

impl Drop for TabChannel {
    fn drop(&mut self) {
        close_channel();
    }
}

fn encode(message: &TabMessage) -> Option<String> {
    let text = serde_json::to_string(message);
    text.inspect_err(|error| leptos::logging::error!("a message to other tabs could not be encoded: {error}"))
        .ok()
}
