//! `/account`: one's sign-ins and one's password. Plain HTML forms: nothing here needs a script.

use leptos::prelude::*;
use protocol::limits::PASSWORD_CHARS;

use crate::components::arcs::Wordmark;
use crate::components::avatar::Avatar;
use crate::components::field::Field;
use crate::components::icon::{Glyph, Icon};
use crate::components::theme_switch::ThemeSwitch;
use crate::page::use_page;
use crate::start::Problem;
use crate::when;

/// What the server knows of an account. As a context, beside what every page knows, because this page alone shows it and
/// never needs it again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountFacts {
    /// The e-mail address.
    pub email: String,
    /// The one that looks at the page first.
    pub sign_ins: Vec<SignInFacts>,
    /// Milliseconds since 1970-01-01 UTC.
    pub now_ms: i64,
    /// What the form did that led here.
    pub done: Option<Done>,
}

/// One device that is signed in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignInFacts {
    /// Its name.
    pub id: String,
    /// What signed in, in a short phrase; empty when it is not known.
    pub device: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
    /// When it was last used.
    pub seen_at_ms: i64,
    /// Whether it is the one that looks at the page.
    pub is_current: bool,
    /// Whether it has a connection at this moment.
    pub is_connected: bool,
}

/// What a form of this page did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Ended one sign-in.
    One,
    /// Ended all others.
    Others,
    /// Changed the password.
    Password,
}

impl Done {
    const ALL: [Self; 3] = [Self::One, Self::Others, Self::Password];

    /// The word in the address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::One => "ended",
            Self::Others => "others",
            Self::Password => "password",
        }
    }

    /// Reads the word. Anything else is nothing that was done.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    fn words(self) -> &'static str {
        match self {
            Self::One => "That sign-in has ended. The device has to sign in again.",
            Self::Others => "All other sign-ins have ended. Only this device is signed in.",
            Self::Password => "Your password was changed. All other sign-ins have ended.",
        }
    }
}

/// The page.
#[component]
pub fn AccountPage() -> impl IntoView {
    let page = use_page();
    let AccountFacts { email, sign_ins, now_ms, done } = use_context().unwrap_or_default();
    let name = page.account().map(|it| it.name).unwrap_or_default();
    let problem = page.take_problem().unwrap_or_default();
    view! {
        <div class="devtools">
            <header class="devtools__head">
                <a href="/" class="devtools__home" aria-label="Hubbub">
                    <Wordmark/>
                </a>
                <a href="/" class="button is-plain">"Your rooms"</a>
                <ThemeSwitch/>
            </header>
            <main class="account__main" id="main" tabindex="-1">
                <div class="account__user">
                    <Avatar name=name.clone()/>
                    <div class="account__words">
                        <h1 class="devtools__title"><bdi>{name.clone()}</bdi></h1>
                        <p class="devtools__hint"><bdi>{email}</bdi></p>
                    </div>
                    <form method="post" action="/sign-out">
                        <button class="button" type="submit">"Sign out"</button>
                    </form>
                </div>
                {done.map(|done| view! {
                    <p class="devtools__card" role="status">
                        <span class="account__done">
                            <Glyph icon=Icon::Check/>
                            {done.words()}
                        </span>
                    </p>
                })}
                <SignInList sign_ins now_ms/>
                <PasswordForm name problem/>
            </main>
        </div>
    }
}

#[component]
fn SignInList(sign_ins: Vec<SignInFacts>, now_ms: i64) -> impl IntoView {
    let has_others = sign_ins.iter().any(|it| !it.is_current);
    view! {
        <section class="devtools__card" aria-labelledby="sign-ins">
            <h2 class="devtools__title" id="sign-ins">"Where you are signed in"</h2>
            <p class="devtools__hint">
                "If there is a device that you do not know, end its sign-in and change your password."
            </p>
            <ul>
                {sign_ins.into_iter().map(|it| view! { <SignInRow sign_in=it now_ms/> }).collect_view()}
            </ul>
            {has_others.then(|| view! {
                <form class="devtools__row" method="post" action="/account">
                    <button class="button" type="submit" name="action" value="end-others">"End all others"</button>
                </form>
            })}
        </section>
    }
}

#[component]
fn SignInRow(sign_in: SignInFacts, now_ms: i64) -> impl IntoView {
    let SignInFacts { id, device, created_at_ms, seen_at_ms, is_current, is_connected } = sign_in;
    let device = if device.is_empty() { "Unknown device".to_owned() } else { device };
    let seen = if is_current || is_connected {
        "Active now".to_owned()
    } else {
        format!("Last seen {}", when::ago(now_ms - seen_at_ms))
    };
    view! {
        <li class="account__sign_in">
            <div class="account__words">
                <p class="account__device">
                    {device.clone()}
                    {is_current.then(|| view! { <span class="account__this">"This device"</span> })}
                </p>
                <p class="devtools__hint">
                    <time datetime=when::machine(seen_at_ms)>{seen}</time>
                    " · since "
                    <time datetime=when::machine(created_at_ms)>{when::date(created_at_ms)}</time>
                </p>
            </div>
            {(!is_current).then(|| view! {
                <form method="post" action="/account">
                    <input type="hidden" name="id" value=id/>
                    <button class="button is-small" type="submit" name="action" value="end">
                        "End"<span class="sr_only">{format!(" the sign-in of {device}")}</span>
                    </button>
                </form>
            })}
        </li>
    }
}

#[component]
fn PasswordForm(name: String, problem: Problem) -> impl IntoView {
    let starts_at = problem.field.clone().unwrap_or_default();
    view! {
        <section class="devtools__card" aria-labelledby="password">
            <h2 class="devtools__title" id="password">"Password"</h2>
            <p class="devtools__hint">"A new password ends all sign-ins but this one."</p>
            <form class="form account__form" method="post" action="/account">
                {problem.of_form().map(|message| view! { <p class="form__problem" role="alert">{message}</p> })}
                // For password managers, which keep passwords by user name.
                <input type="text" name="username" value=name autocomplete="username" hidden=true/>
                <Field
                    name="current_password"
                    label="Current password"
                    kind="password"
                    autocomplete="current-password"
                    maxlength=*PASSWORD_CHARS.end()
                    problem=problem.of("current_password")
                    autofocus=starts_at == "current_password"
                />
                <Field
                    name="new_password"
                    label="New password"
                    kind="password"
                    autocomplete="new-password"
                    minlength=*PASSWORD_CHARS.start()
                    maxlength=*PASSWORD_CHARS.end()
                    hint="At least 10 characters. A few words are easier to remember than signs."
                    problem=problem.of("new_password")
                    autofocus=starts_at == "new_password"
                />
                <div class="devtools__row">
                    <button class="button is-primary" type="submit" name="action" value="password">
                        "Change password"
                    </button>
                </div>
            </form>
        </section>
    }
}
