//! What the owner of a session may do with it.

use leptos::prelude::*;

use crate::components::dialog::Dialog;
use crate::components::icon::{Glyph, Icon};
use crate::model::session::Standing;

/// The word on its button, and where the session stands after it.
type Step = (&'static str, Icon, Standing);

/// What can come next.
fn steps(standing: &Standing) -> &'static [Step] {
    match standing {
        Standing::NotStarted | Standing::Other(_) => &[("Go live", Icon::Live, Standing::Live)],
        Standing::Live => {
            &[("Pause", Icon::Pause, Standing::Paused), ("End session", Icon::Stop, Standing::Ended)]
        }
        Standing::Paused => {
            &[("Resume", Icon::Live, Standing::Live), ("End session", Icon::Stop, Standing::Ended)]
        }
        Standing::Ended => &[("Go live again", Icon::Live, Standing::Live)],
    }
}

/// Buttons for the next steps, and why the last one did not work.
#[component]
pub fn Controls(
    /// Where the session stands.
    standing: Memo<Standing>,
    /// What was asked for and is not answered yet.
    asked: RwSignal<Option<Standing>>,
    /// Why it was refused.
    problem: RwSignal<Option<String>>,
    /// Whether anything can be said at this moment.
    enabled: Signal<bool>,
    /// Asked to say so.
    on_say: Callback<Standing>,
) -> impl IntoView {
    let asks = RwSignal::new(false);
    let end = move |_| {
        asks.set(false);
        on_say.run(Standing::Ended);
    };
    let press = Callback::new(move |next| {
        // It ends for everybody.
        if next == Standing::Ended { asks.set(true) } else { on_say.run(next) }
    });
    let button = move |step: &Step| step_button(step, asked, enabled, press);
    let buttons = move || standing.with(|it| steps(it).iter().map(button).collect_view());
    view! {
        <div class="live__controls" role="group" aria-label="Session controls">
            {buttons}
            <div role="alert">
                {move || problem.get().map(|it| view! { <p class="form__problem">{it}</p> })}
            </div>
        </div>
        <Dialog title="End session?" open=asks>
            <p class="dialog__words">
                "The session ends for everybody in it, and nothing more can be written. What was said stays, and you can go live again."
            </p>
            <div class="form__actions">
                <button class="button" type="button" autofocus=true on:click=move |_| asks.set(false)>
                    "Go on"
                </button>
                <button class="button is-danger" type="button" disabled=move || !enabled.get() on:click=end>
                    "End session"
                </button>
            </div>
        </Dialog>
    }
}

fn step_button(
    (words, icon, next): &Step,
    asked: RwSignal<Option<Standing>>,
    enabled: Signal<bool>,
    press: Callback<Standing>,
) -> impl IntoView + use<> {
    let (next, is_primary, words, icon) = (next.clone(), *next == Standing::Live, *words, *icon);
    let is_asked = {
        let next = next.clone();
        move || asked.with(|it| it.as_ref() == Some(&next)).then_some("true")
    };
    view! {
        <button
            class="button"
            class:is-primary=is_primary
            type="button"
            disabled=move || !enabled.get()
            aria-busy=is_asked
            on:click=move |_| press.run(next.clone())
        >
            <Glyph icon/>
            {words}
        </button>
    }
}
