//! The dialog that makes a room.

use leptos::prelude::*;
use protocol::limits::MAX_ROOM_NAME_CHARS;
use protocol::text::{is_blank, is_invisible};

use super::dialog::Dialog;

/// What somebody wants a new room to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRoom {
    /// Its name.
    pub name: String,
    /// Who else is in it from the start, by user name.
    pub usernames: Vec<String>,
}

/// Whether this stands between two user names: what nobody sees, or the comma and semicolon of some script.
fn separates(c: char) -> bool {
    is_invisible(c)
        || matches!(
            c,
            ',' | ';' | '\u{60C}' | '\u{61B}' | '\u{3001}' | '\u{FE50}'
                ..='\u{FE51}' | '\u{FE54}' | '\u{FF0C}' | '\u{FF1B}' | '\u{FF64}'
        )
}

/// User names as people write them: with commas of any script, blanks or an `@` before them.
pub fn usernames(typed: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let words = typed.split(separates);
    for name in words.map(|word| word.trim_start_matches(['@', '\u{FF20}'])).filter(|name| !name.is_empty()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// What was typed. Copying it copies a few indices.
#[derive(Clone, Copy, Default)]
struct Fields {
    name: RwSignal<String>,
    people: RwSignal<String>,
    is_blank: RwSignal<bool>,
}

impl Fields {
    /// Empties them whenever the dialog opens.
    fn follow(self, open: RwSignal<bool>) {
        Effect::new(move |_| {
            if open.get() {
                self.name.set(String::new());
                self.people.set(String::new());
                self.is_blank.set(false);
            }
        });
    }

    /// The room that is wanted, unless its name shows nothing.
    fn check(self) -> Option<NewRoom> {
        let name = self.name.get_untracked().trim().to_owned();
        let shows_nothing = is_blank(&name);
        self.is_blank.set(shows_nothing);
        (!shows_nothing).then(|| NewRoom { name, usernames: usernames(&self.people.get_untracked()) })
    }
}

/// Asks for a name and for people.
#[component]
pub fn NewRoomDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// Whether a room is being made.
    pending: Memo<bool>,
    /// Why it was not made.
    problem: Signal<Option<String>>,
    /// Asked to make one.
    on_create: Callback<NewRoom>,
) -> impl IntoView {
    let fields = Fields::default();
    let Fields { name, people, .. } = fields;
    fields.follow(open);
    let problem = move || {
        if fields.is_blank.get() { Some("Give the room a name.".to_owned()) } else { problem.get() }
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(room) = fields.check() {
            on_create.run(room);
        }
    };
    view! {
        <Dialog title="New room" open>
            <form class="form" novalidate=true on:submit=submit>
                <div class="field">
                    <label class="field__label" for="new-room-name">"Room name"</label>
                    <input
                        class="field__input"
                        type="text"
                        id="new-room-name"
                        dir="auto"
                        autocomplete="off"
                        maxlength=MAX_ROOM_NAME_CHARS.to_string()
                        prop:value=move || name.get()
                        on:input=move |event| name.set(event_target_value(&event))
                    />
                </div>
                <PeopleField people/>
                <div role="alert">{move || problem().map(|it| view! { <p class="form__problem">{it}</p> })}</div>
                <div class="form__actions">
                    <button class="button" type="button" on:click=move |_| open.set(false)>"Cancel"</button>
                    <button class="button is-primary" type="submit" aria-busy=move || pending.get().then_some("true")>
                        "Create room"
                    </button>
                </div>
            </form>
        </Dialog>
    }
}

#[component]
fn PeopleField(people: RwSignal<String>) -> impl IntoView {
    view! {
        <div class="field">
            <label class="field__label" for="new-room-people">"Invite people"</label>
            <input
                class="field__input"
                type="text"
                id="new-room-people"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                aria-describedby="new-room-people-note"
                prop:value=move || people.get()
                on:input=move |event| people.set(event_target_value(&event))
            />
            <p class="field__hint" id="new-room-people-note">
                "User names with commas between them. You can invite more later."
            </p>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::usernames;

    #[test]
    fn user_names_are_read_as_people_write_them() {
        assert_eq!(usernames(" bob,carol  @dave;bob\n"), ["bob", "carol", "dave"]);
        assert_eq!(usernames("bob，carol、＠dave；erin،frank"), ["bob", "carol", "dave", "erin", "frank"]);
        assert_eq!(usernames("bob\u{200B}\u{3000}carol"), ["bob", "carol"]);
        assert!(usernames(" , ，").is_empty());
    }
}
