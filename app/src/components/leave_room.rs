//! The dialog that asks before one leaves a room.

use leptos::prelude::*;
use protocol::text::isolated;

use super::dialog::Dialog;

/// Says what leaving means, and does it only when told so.
#[component]
pub fn LeaveRoomDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// What the room is called.
    room_name: Memo<String>,
    /// Whether nobody would be left.
    is_last: Signal<bool>,
    /// Whether leaving is under way.
    pending: Memo<bool>,
    /// Why it failed.
    problem: Signal<Option<String>>,
    /// Asked to leave.
    on_leave: Callback<()>,
) -> impl IntoView {
    view! {
        <Dialog title="Leave room?" open>
            <p class="dialog__words">
                {move || {
                    let name = isolated(&room_name.get());
                    if is_last.get() {
                        format!("You are the last one in {name}. The room and its messages will be deleted.")
                    } else {
                        format!("You will not see {name} any more unless somebody invites you again.")
                    }
                }}
            </p>
            <div role="alert">{move || problem.get().map(|it| view! { <p class="form__problem">{it}</p> })}</div>
            <div class="form__actions">
                <button class="button" type="button" autofocus=true on:click=move |_| open.set(false)>"Stay"</button>
                <button
                    class="button is-danger"
                    type="button"
                    aria-busy=move || pending.get().then_some("true")
                    on:click=move |_| on_leave.run(())
                >
                    "Leave"
                </button>
            </div>
        </Dialog>
    }
}
