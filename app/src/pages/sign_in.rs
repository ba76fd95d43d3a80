//! `/sign-in`: plain HTML forms, so that they work before the WebAssembly is here.

use leptos::prelude::*;
use protocol::limits::{MAX_EMAIL_CHARS, PASSWORD_CHARS};

use crate::components::avatar::Avatar;
use crate::components::entrance::Entrance;
use crate::components::field::Field;
use crate::page::use_page;
use crate::paths::{REGISTER, entry_address};
use crate::start::Demo;

/// The form, and in development the demo people.
#[component]
pub fn SignInPage() -> impl IntoView {
    let page = use_page();
    let problem = page.take_problem().unwrap_or_default();
    let next = page.next();
    let register = entry_address(REGISTER, &next);
    view! {
        <Entrance title="Sign in" lead="Good to see you. Everybody is already talking.">
            <form class="form" method="post" action="/sign-in">
                {problem.of_form().map(|message| view! { <p class="form__problem" role="alert">{message}</p> })}
                <input type="hidden" name="next" value=next.clone()/>
                <Field
                    name="username"
                    label="User name or e-mail"
                    autocomplete="username"
                    maxlength=MAX_EMAIL_CHARS
                    value=problem.username.clone()
                    problem=problem.of("username")
                    autofocus=problem.field.as_deref() != Some("password")
                />
                <Field
                    name="password"
                    label="Password"
                    kind="password"
                    autocomplete="current-password"
                    maxlength=*PASSWORD_CHARS.end()
                    problem=problem.of("password")
                    autofocus=problem.field.as_deref() == Some("password")
                />
                <button class="button is-primary is-wide" type="submit">"Sign in"</button>
            </form>
            {page.demo().map(|demo| view! { <DemoPeople demo next/> })}
            {(!page.registration_closed())
                .then(|| view! { <p class="entrance__other">"New here? "<a href=register>"Create an account"</a></p> })}
        </Entrance>
    }
}

/// One click each.
#[component]
fn DemoPeople(demo: Demo, next: String) -> impl IntoView {
    let Demo { people, password } = demo;
    view! {
        <section class="demo_people" aria-label="Demo people">
            <p class="demo_people__words">"Just looking? Come in as one of these."</p>
            <div class="demo_people__buttons">
                {people
                    .into_iter()
                    .map(|name| {
                        view! {
                            <form method="post" action="/sign-in">
                                <input type="hidden" name="next" value=next.clone()/>
                                <input type="hidden" name="username" value=name.clone()/>
                                <input type="hidden" name="password" value=password.clone()/>
                                <button class="demo_people__button" type="submit">
                                    <Avatar name=name.clone()/>
                                    <span class="sr_only">"Sign in as "</span>
                                    {name.clone()}
                                </button>
                            </form>
                        }
                    })
                    .collect_view()}
            </div>
        </section>
    }
}
