//! What goes wrong in this page and nobody sees: errors that nobody catches, and what is written to the console.

use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

use crate::browser::attempt;

/// How often it happened since the page came to life. Copying it copies two indices.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Troubles {
    /// Errors that nobody caught.
    pub(crate) uncaught: RwSignal<u32>,
    /// Warnings and errors in the console.
    pub(crate) console: RwSignal<u32>,
}

impl Troubles {
    /// Counts from now on. An effect does not run on the server.
    pub(crate) fn watch() -> Self {
        let here = Self { uncaught: RwSignal::new(0), console: RwSignal::new(0) };
        Effect::new(move |_| {
            for event in ["error", "unhandledrejection"] {
                let listener = window_event_listener_untyped(event, move |_| count(here.uncaught));
                on_cleanup(move || listener.remove());
            }
            for method in ["error", "warn"] {
                attempt("watching the console", overhear(method, here.console));
            }
        });
        here
    }
}

fn count(counter: RwSignal<u32>) {
    counter.try_update(|count| *count = count.saturating_add(1));
}

/// Puts a function in the place of `console.error` or `console.warn` that counts and then does what the old one did. A
/// page cannot read its console afterwards, so this is the only way to know.
fn overhear(method: &'static str, counter: RwSignal<u32>) -> Result<(), JsValue> {
    let console = js_sys::Reflect::get(&js_sys::global(), &"console".into())?;
    let before: js_sys::Function = js_sys::Reflect::get(&console, &method.into())?.dyn_into()?;
    let told = console.clone();
    let heard = Closure::<dyn Fn(JsValue, JsValue, JsValue)>::new(move |one, two, three| {
        count(counter);
        let said: js_sys::Array =
            [one, two, three].into_iter().filter(|it: &JsValue| !it.is_undefined()).collect();
        // A console that fails has no place to say so.
        before.apply(&told, &said).ok();
    });
    js_sys::Reflect::set(&console, &method.into(), heard.as_ref())?;
    // The console outlives every owner in the page.
    heard.forget();
    Ok(())
}
