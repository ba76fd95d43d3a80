//! Message composer: a field that grows with the text, and what to know before one writes.

use leptos::html;
use leptos::prelude::*;
use protocol::limits::MAX_MESSAGE_BYTES;
use protocol::text::{is_blank, isolated};

use super::counted::counted;
use super::icon::{Glyph, Icon};
use crate::browser::attempt;
use crate::model::connection_state::ConnectionState;

/// From this many bytes on, what is left is counted.
const NEARLY_FULL_BYTES: usize = MAX_MESSAGE_BYTES / 10 * 9;

/// What to know before writing while there is no connection.
const WAITS: &str = "Write on: it is sent as soon as the connection is back.";

/// What to know where the browser gives no storage.
const LASTS_NOT: &str = "This browser cannot keep what waits. Leave this tab open until it is sent.";

/// What to know when the sign-in has ended. Nothing is taken then: it would go out at the next sign-in, unasked.
const SIGNED_OUT: &str = "Your sign-in has ended. Sign in to write on; this text is kept.";

/// The same where the browser gives no storage.
const SIGNED_OUT_LASTS_NOT: &str =
    "Your sign-in has ended. Copy this text before you sign in: this browser cannot keep it.";

/// What to know when the server does not let this account in.
const REFUSED: &str = "Nothing can be sent at the moment; this text is kept.";

/// The text that is written, and the field that it stands in. Copying it copies two indices.
#[derive(Debug, Clone, Copy)]
pub struct DraftField {
    /// What stands in the field.
    pub text: RwSignal<String>,
    field: NodeRef<html::Textarea>,
}

impl DraftField {
    /// One that writes this text.
    pub fn new(text: RwSignal<String>) -> Self {
        Self { text, field: NodeRef::new() }
    }

    /// Puts a text back into the field, before what stands there.
    pub fn take_up(self, body: String) {
        self.text.update(|text| {
            *text = if is_blank(text) { body } else { format!("{body}\n{text}") };
        });
        focus(self.field);
    }
}

/// A box that grows with the text. Enter sends, Shift+Enter breaks the line. Before the page lives the field takes text and
/// every Enter breaks the line.
#[component]
pub fn Composer(
    /// What the room is called.
    room_name: Memo<String>,
    /// Whether the page lives; before that nothing can be sent.
    live: Signal<bool>,
    /// Where the connection stands.
    status: ReadSignal<ConnectionState>,
    /// Whether the browser keeps what is not sent.
    keeps: ReadSignal<bool>,
    /// What is written.
    draft_field: DraftField,
    /// Send this text: not blank and not too long.
    on_send: Callback<String>,
    /// A key was pressed and there is text.
    on_type: Callback<()>,
    /// The text is gone.
    on_stop: Callback<()>,
) -> impl IntoView {
    let DraftField { text, field } = draft_field;
    let takes_posts = Memo::new(move |_| status.with(ConnectionState::takes_posts));
    let note = Memo::new(move |_| status.with(|status| note(status, || keeps.get())));
    let bytes = Memo::new(move |_| text.with(String::len));
    let is_too_long = Memo::new(move |_| bytes.get() > MAX_MESSAGE_BYTES);
    let can_send = Memo::new(move |_| {
        live.get() && takes_posts.get() && text.with(|it| !is_blank(it)) && !is_too_long.get()
    });

    let send = move || {
        if !can_send.get_untracked() {
            return;
        }
        on_send.run(text.get_untracked());
        text.set(String::new());
        on_stop.run(());
        focus(field);
    };
    focus_on_arrival(field, live.get_untracked());

    view! {
        <form
            class="composer"
            class:is-too-long=move || is_too_long.get()
            on:submit=move |event| {
                event.prevent_default();
                send();
            }
        >
            {move || note.get().map(|words| view! { <p class="composer__note" role="status">{words}</p> })}
            <div class="composer__box">
                <Field room_name live draft_field takes_posts on_enter=Callback::new(move |()| send()) on_type on_stop/>
                <button class="composer__send" type="submit" aria-label="Send" title="Send" disabled=move || !can_send.get()>
                    <Glyph icon=Icon::Send/>
                </button>
            </div>
            <Hint bytes/>
        </form>
    }
}

/// The field, as large as its text.
#[component]
fn Field(
    room_name: Memo<String>,
    live: Signal<bool>,
    draft_field: DraftField,
    takes_posts: Memo<bool>,
    on_enter: Callback<()>,
    on_type: Callback<()>,
    on_stop: Callback<()>,
) -> impl IntoView {
    let DraftField { text, field } = draft_field;
    let on_key = move |key: leptos::ev::KeyboardEvent| {
        if sends(&key) {
            key.prevent_default();
            on_enter.run(());
        }
    };
    let on_input = move |event| {
        text.set(event_target_value(&event));
        let is_blank = text.with_untracked(|it| is_blank(it));
        if is_blank { on_stop.run(()) } else { on_type.run(()) }
    };
    view! {
        // Not before the page lives: the server's HTML does not have what was typed early.
        <div class="composer__grow" data-text=move || live.get().then(|| text.get())>
            <textarea
                class="composer__field"
                id="composer"
                aria-label="Message"
                dir="auto"
                rows="1"
                enterkeyhint="send"
                aria-describedby="composer-hint"
                node_ref=field
                placeholder=move || format!("Message {}", isolated(&room_name.get()))
                readonly=move || !takes_posts.get()
                prop:value=move || text.get()
                on:input=on_input
                on:keydown=on_key
                on:blur=move |_| {
                    // The field may be taken away while it has the focus, and then whoever asked has gone already.
                    on_stop.try_run(());
                }
            ></textarea>
        </div>
    }
}

/// Which keys do what, and how much may still be written.
#[component]
fn Hint(bytes: Memo<usize>) -> impl IntoView {
    view! {
        <p class="composer__hint" id="composer-hint">
            <span class="composer__keys"><kbd>"Enter"</kbd>" to send, "<kbd>"Shift"</kbd>" + "<kbd>"Enter"</kbd>" for a new line"</span>
            <span class="composer__count" role="status">{move || count(bytes.get())}</span>
        </p>
    }
}

/// What to know before writing. `keeps`: whether the browser keeps what is not sent.
fn note(status: &ConnectionState, keeps: impl Fn() -> bool) -> Option<&'static str> {
    match status {
        ConnectionState::SignedOut if keeps() => Some(SIGNED_OUT),
        ConnectionState::SignedOut => Some(SIGNED_OUT_LASTS_NOT),
        ConnectionState::Refused { .. } => Some(REFUSED),
        _ if !keeps() => Some(LASTS_NOT),
        ConnectionState::Reconnecting { .. } | ConnectionState::Offline => Some(WAITS),
        _ => None,
    }
}

/// Whether a key sends the text. While an input method composes a word, Enter belongs to it. Safari ends the composition
/// first and says 229.
fn sends(key: &leptos::ev::KeyboardEvent) -> bool {
    let composing = key.is_composing() || key.key_code() == 229;
    key.key() == "Enter" && !key.shift_key() && !composing
}

/// Whoever comes from another page of this tab with a mouse wants to write; a phone's keyboard would cover the room.
fn focus_on_arrival(field: NodeRef<html::Textarea>, comes_from_another_page: bool) {
    Effect::new(move |_| {
        let has_pointer =
            window().match_media("(pointer: fine)").ok().flatten().is_some_and(|it| it.matches());
        if comes_from_another_page && has_pointer && field.get().is_some() {
            request_animation_frame(move || focus(field));
        }
    });
}

/// Nothing, what is left, or what is too much.
fn count(bytes: usize) -> String {
    if bytes > MAX_MESSAGE_BYTES {
        format!("Too long by {}. Shorten it to send.", counted(bytes - MAX_MESSAGE_BYTES, "byte"))
    } else if bytes >= NEARLY_FULL_BYTES {
        format!("{} left", counted(MAX_MESSAGE_BYTES - bytes, "byte"))
    } else {
        String::new()
    }
}

fn focus(field: NodeRef<html::Textarea>) {
    if let Some(field) = field.get_untracked() {
        attempt("focusing the message field", field.focus());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_speaks_only_near_the_limit() {
        assert_eq!(count(10), "");
        assert_eq!(count(MAX_MESSAGE_BYTES - 1), "1 byte left");
        assert_eq!(count(MAX_MESSAGE_BYTES + 7), "Too long by 7 bytes. Shorten it to send.");
    }
}
