//! One labelled input with its hint and its problem.

use leptos::prelude::*;

/// A field of a plain HTML form. A problem stands under it and is read out with it.
#[component]
pub fn Field(
    /// The form's name for it; also its identifier in the document.
    name: &'static str,
    /// What people call it.
    label: &'static str,
    /// `text`, `email` or `password`.
    #[prop(default = "text")]
    kind: &'static str,
    /// The `autocomplete` attribute.
    autocomplete: &'static str,
    /// What is in it at first.
    #[prop(optional, into)]
    value: String,
    /// What to know before filling it in.
    #[prop(optional)]
    hint: &'static str,
    /// What is wrong with it.
    #[prop(optional_no_strip)]
    problem: Option<String>,
    /// Whether it takes the focus at first.
    #[prop(optional)]
    autofocus: bool,
    /// The most characters it takes.
    maxlength: usize,
    /// The fewest characters it takes.
    #[prop(default = 1)]
    minlength: usize,
) -> impl IntoView {
    let note = format!("{name}-note");
    let wrong = problem.is_some();
    let described = (wrong || !hint.is_empty()).then(|| note.clone());
    view! {
        <div class="field" class:is-wrong=wrong>
            <label class="field__label" for=name>{label}</label>
            <input
                class="field__input"
                id=name
                name=name
                type=kind
                value=value
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                required=true
                minlength=minlength.to_string()
                maxlength=maxlength.to_string()
                autofocus=autofocus
                aria-invalid=wrong.then_some("true")
                aria-describedby=described
            />
            {match problem {
                Some(message) => view! { <p class="field__problem" id=note>{message}</p> }.into_any(),
                None if hint.is_empty() => ().into_any(),
                None => view! { <p class="field__hint" id=note>{hint}</p> }.into_any(),
            }}
        </div>
    }
}
