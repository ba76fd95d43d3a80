//! The dialog that asks before one leaves a room.

use leptos::prelude::*;

use super::dialog::Dialog;
use crate::api::ApiError;
use crate::reactive::effect;

/// Says what leaving means, and does it only when told so.
#[component]
pub fn LeaveRoomDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// What the room is called.
    room_name: Signal<String>,
    /// Whether nobody would be left.
    is_last: Signal<bool>,
    /// Leaves.
    leave: Action<(), Result<(), ApiError>>,
) -> impl IntoView {
    effect(move || {
        if open.get() {
            leave.clear();
        }
    });
    let problem = move || leave.value().get().and_then(Result::err).map(|error| error.to_string());
    view! {
        <Dialog title="Leave room?" open>
            <p class="dialog__words">
                {move || {
                    if is_last.get() {
                        format!("You are the last one in {}. The room and its messages will be deleted.", room_name.get())
                    } else {
                        format!("You will not see {} any more unless somebody invites you again.", room_name.get())
                    }
                }}
            </p>
            <div role="alert">{move || problem().map(|it| view! { <p class="form__problem">{it}</p> })}</div>
            <div class="form__actions">
                <button class="button" type="button" autofocus=true on:click=move |_| open.set(false)>"Stay"</button>
                <button
                    class="button is-danger"
                    type="button"
                    aria-busy=move || leave.pending().get().then_some("true")
                    on:click=move |_| {
                        if !leave.pending().get_untracked() {
                            leave.dispatch(());
                        }
                    }
                >
                    "Leave"
                </button>
            </div>
        </Dialog>
    }
    .into_any()
}
