//! `/register`: a plain HTML form, so that it works before the WebAssembly is here.

use leptos::prelude::*;
use protocol::limits::{MAX_EMAIL_CHARS, PASSWORD_CHARS, USERNAME_CHARS};

use crate::components::entrance::Entrance;
use crate::components::field::Field;
use crate::page::use_page;
use crate::paths::{SIGN_IN, entry_address};

/// The form, or where it is closed the way to those who have an account.
#[component]
pub fn RegisterPage() -> impl IntoView {
    let page = use_page();
    let problem = page.take_problem().unwrap_or_default();
    let next = page.next();
    let sign_in = entry_address(SIGN_IN, &next);
    if page.registration_closed() {
        return view! {
            <Entrance title="Registration is closed" lead="Ask whoever runs this hub for an account.">
                <p class="entrance__other">"Have an account? "<a href=sign_in>"Sign in"</a></p>
            </Entrance>
        }
        .into_any();
    }
    let starts_at = problem.field.clone().unwrap_or_else(|| "username".to_owned());
    view! {
        <Entrance title="Create an account" lead="A name, and you are in the conversation.">
            <form class="form" method="post" action="/register">
                {problem.of_form().map(|message| view! { <p class="form__problem" role="alert">{message}</p> })}
                <input type="hidden" name="next" value=next/>
                <Field
                    name="username"
                    label="User name"
                    autocomplete="username"
                    minlength=*USERNAME_CHARS.start()
                    maxlength=*USERNAME_CHARS.end()
                    hint="3 to 32 letters, digits, _ or -"
                    value=problem.username.clone()
                    problem=problem.of("username")
                    autofocus=starts_at == "username"
                />
                <Field
                    name="email"
                    label="E-mail"
                    kind="email"
                    autocomplete="email"
                    maxlength=MAX_EMAIL_CHARS
                    value=problem.email.clone()
                    problem=problem.of("email")
                    autofocus=starts_at == "email"
                />
                <Field
                    name="password"
                    label="Password"
                    kind="password"
                    autocomplete="new-password"
                    minlength=*PASSWORD_CHARS.start()
                    maxlength=*PASSWORD_CHARS.end()
                    hint="At least 10 characters. A few words are easier to remember than signs."
                    problem=problem.of("password")
                    autofocus=starts_at == "password"
                />
                <button class="button is-primary is-wide" type="submit">"Create account"</button>
            </form>
            <p class="entrance__other">"Been here before? "<a href=sign_in>"Sign in"</a></p>
        </Entrance>
    }
    .into_any()
}
