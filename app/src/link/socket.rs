//! One WebSocket with its callbacks. Dropping it unhooks them and closes it, so nothing comes late.

use wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use web_sys::{CloseEvent, MessageEvent, WebSocket};

use crate::browser::attempt;

/// What a socket reports.
pub(super) enum News {
    /// A text frame.
    Text(String),
    /// A frame that is not text; the protocol has none.
    Binary,
    /// It is closed, with this number.
    Closed(u16),
}

pub(super) struct Socket {
    inner: WebSocket,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    /// Starts to open one. `report` hears everything until the socket is dropped.
    pub(super) fn open(address: &str, report: impl Fn(News) + Clone + 'static) -> Result<Self, JsValue> {
        let inner = WebSocket::new(address)?;
        let told = report.clone();
        let on_message = Closure::new(move |event: MessageEvent| {
            told(event.data().as_string().map_or(News::Binary, News::Text));
        });
        inner.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        let on_close = Closure::new(move |event: CloseEvent| report(News::Closed(event.code())));
        inner.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Ok(Self { inner, _on_message: on_message, _on_close: on_close })
    }

    pub(super) fn send(&self, text: &str) -> Result<(), JsValue> {
        self.inner.send_with_str(text)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.inner.set_onmessage(None);
        self.inner.set_onclose(None);
        attempt("closing the socket", self.inner.close());
    }
}

/// The address of the socket that belongs to this page.
pub(super) fn address(ticket: &str) -> Result<String, JsValue> {
    let location = web_sys::window().ok_or(JsValue::NULL)?.location();
    let scheme = if location.protocol()? == "https:" { "wss" } else { "ws" };
    let ticket = String::from(js_sys::encode_uri_component(ticket));
    Ok(format!("{scheme}://{}/api/v1/ws?ticket={ticket}", location.host()?))
}
