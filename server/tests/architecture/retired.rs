//! Holds names, settings, logs and error texts against `retired_words.txt`, so that each thing keeps one word:
//! the one in docs/GLOSSARY.md. Comments and documents are judged by reading.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use crate::source::{Source, holds, sources};
use crate::syntax::parse;

const LIST: &str = include_str!("retired_words.txt");

/// Where a word can occur.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Identifiers,
    Settings,
    /// What logs, errors and `--help` say.
    Texts,
}

/// A line of the list.
#[derive(Debug)]
struct Retired {
    word: String,
    /// Its words, unless it is a whole name.
    words: Vec<String>,
    instead: String,
    places: Vec<Place>,
    /// Paths in which it means something else.
    except: Vec<String>,
}

#[derive(Default, Debug)]
struct List {
    exempt: Vec<String>,
    enforced: Vec<Retired>,
}

/// Reads the list. Its form is described in its own head.
fn read_list(text: &str) -> List {
    let mut list = List::default();
    let mut heading = "";
    for line in text.lines().map(|line| line.split("//").next().unwrap_or_default().trim()) {
        match line.strip_prefix("# ") {
            Some(name) => heading = name.trim(),
            None if line.is_empty() => {}
            None if heading == "exempt" => list.exempt.push(line.to_owned()),
            None if heading == "enforced" => list.enforced.push(read_line(line)),
            None => panic!("`{line}` stands under no heading"),
        }
    }
    list
}

fn read_line(line: &str) -> Retired {
    let parts: Vec<&str> = line.split('|').map(str::trim).collect();
    let (word, instead, places, except) = match parts[..] {
        [word, instead, places] => (word, instead, places, ""),
        [word, instead, places, except] => (word, instead, places, except),
        _ => panic!("`{line}` is not `word | instead | places | except`"),
    };
    let place = |name: &str| match name {
        "identifiers" => Place::Identifiers,
        "settings" => Place::Settings,
        "texts" => Place::Texts,
        other => panic!("`{other}` in `{line}` is no place"),
    };
    let places = places.split(' ').map(place).collect();
    // A word with a capital letter is a name as a whole.
    let is_name = word.contains(|it: char| it.is_ascii_uppercase());
    let words = if is_name { Vec::new() } else { words_of(word) };
    let except = except.split_whitespace().map(str::to_owned).collect();
    Retired { word: word.to_owned(), words, instead: instead.to_owned(), places, except }
}

impl Retired {
    fn is_in(&self, text: &str, words: &[String]) -> bool {
        if self.words.is_empty() {
            return text == self.word;
        }
        words
            .windows(self.words.len())
            .any(|some| some.iter().zip(&self.words).all(|(is, it)| is_word(is, it)))
    }
}

/// Whether it is the word, or its plural.
fn is_word(is: &str, word: &str) -> bool {
    matches!(is.strip_prefix(word), Some("" | "s" | "es"))
}

/// The words of an identifier or a sentence, in small letters: `AtHand`, `at_hand` and `at hand` are the same two.
fn words_of(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for letter in text.chars() {
        let begins = !before.is_alphanumeric() || (before.is_lowercase() && letter.is_uppercase());
        if letter.is_alphanumeric() {
            if begins {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(letter.to_lowercase());
            }
        }
        before = letter;
    }
    words
}

/// Something that has a name or says something: its place, its text and its line.
struct Spoken {
    place: Place,
    text: String,
    line: usize,
}

#[derive(Default)]
struct Collector {
    found: Vec<Spoken>,
    /// Inside of something whose documentation is what `--help` says.
    is_command_line: bool,
}

impl Collector {
    fn note(&mut self, place: Place, text: String, span: proc_macro2::Span) {
        self.found.push(Spoken { place, text, line: span.start().line });
    }

    fn note_tokens(&mut self, tokens: TokenStream, are_texts: bool) {
        for token in tokens {
            match token {
                TokenTree::Ident(name) => self.note(Place::Identifiers, name.to_string(), name.span()),
                TokenTree::Group(group) => self.note_tokens(group.stream(), are_texts),
                TokenTree::Literal(literal) if are_texts && literal.to_string().contains('"') => {
                    // What stands in braces is an identifier of Rust, not a word that somebody reads.
                    let text = without_braces(&literal.to_string());
                    self.note(Place::Texts, text, literal.span());
                }
                TokenTree::Literal(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

fn without_braces(text: &str) -> String {
    let mut depth = 0;
    let is_outside = |letter: &char| {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => return depth == 0,
        }
        false
    };
    text.chars().filter(is_outside).collect()
}

const LOG_MACROS: [&str; 5] = ["trace", "debug", "info", "warn", "error"];
const COMMAND_LINE: [&str; 4] = ["Args", "Parser", "Subcommand", "ValueEnum"];

fn derives_command_line(attributes: &[syn::Attribute]) -> bool {
    let derives = attributes.iter().filter(|it| it.path().is_ident("derive"));
    derives.filter_map(|it| it.meta.require_list().ok()).any(|list| {
        let tokens = list.tokens.to_string();
        let mut names = tokens.split(|it: char| !it.is_alphanumeric());
        names.any(|name| COMMAND_LINE.contains(&name))
    })
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_ident(&mut self, name: &'ast proc_macro2::Ident) {
        self.note(Place::Identifiers, name.to_string(), name.span());
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        visit::visit_macro(self, called);
        let name = called.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        self.note_tokens(called.tokens.clone(), LOG_MACROS.contains(&name.as_str()));
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        let outer = std::mem::replace(&mut self.is_command_line, derives_command_line(&item.attrs));
        visit::visit_item_struct(self, item);
        self.is_command_line = outer;
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        let outer = std::mem::replace(&mut self.is_command_line, derives_command_line(&item.attrs));
        visit::visit_item_enum(self, item);
        self.is_command_line = outer;
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        match &attribute.meta {
            syn::Meta::List(list) if list.path.is_ident("error") => {
                self.note_tokens(list.tokens.clone(), true);
            }
            syn::Meta::List(list) if list.path.is_ident("arg") || list.path.is_ident("command") => {
                let mut is_env = false;
                for token in list.tokens.clone() {
                    match token {
                        TokenTree::Ident(name) => is_env = name == "env",
                        TokenTree::Literal(text) => {
                            let place = if is_env { Place::Settings } else { Place::Texts };
                            self.note(place, text.to_string().trim_matches('"').to_owned(), text.span());
                        }
                        TokenTree::Group(_) | TokenTree::Punct(_) => {}
                    }
                }
            }
            syn::Meta::NameValue(pair) if self.is_command_line && pair.path.is_ident("doc") => {
                if let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value {
                    self.note(Place::Texts, text.value(), text.span());
                }
            }
            _ => {}
        }
    }
}

fn spoken_in(source: &Source) -> Vec<Spoken> {
    let mut collector = Collector::default();
    collector.visit_file(&parse(source));
    collector.found
}

/// Every use of these words, as `path:line has …`.
fn uses(words: &[Retired], source: &Source) -> Vec<String> {
    let words: Vec<&Retired> =
        words.iter().filter(|it| !it.except.iter().any(|path| source.is_in(path))).collect();
    let mut found = Vec::new();
    for spoken in spoken_in(source) {
        let split = words_of(&spoken.text);
        let is_used = |it: &&&Retired| it.places.contains(&spoken.place) && it.is_in(&spoken.text, &split);
        for Retired { word, instead, .. } in words.iter().filter(is_used) {
            let (path, line, text) = (&source.path, spoken.line, &spoken.text);
            found.push(format!("{path}:{line} has `{text}`: say {instead}, not {word}"));
        }
    }
    found
}

fn checked<'a>(sources: &'a [Source], list: &List) -> Vec<&'a Source> {
    let is_exempt = |source: &Source| list.exempt.iter().any(|path| source.is_in(path));
    sources.iter().filter(|it| it.ends_in(&[".rs"]) && !is_exempt(it)).collect()
}

fn offences(sources: &[Source], list: &List) -> Vec<String> {
    checked(sources, list).into_iter().flat_map(|source| uses(&list.enforced, source)).collect()
}

#[test]
fn identifiers_are_split_into_words() {
    for text in ["AtHand", "at_hand", "at hand", "AT_HAND", "atHand"] {
        assert_eq!(words_of(text), ["at", "hand"], "{text}");
    }
}

#[test]
fn no_retired_word_is_in_a_name_a_setting_or_a_text() {
    let sample = read_list(
        "# exempt\napp/ // later\n# enforced\nat hand | history cache | identifiers settings\n\
         wish | command | identifiers texts | qa/\nPlace | its own name | identifiers\n",
    );
    let code = r#"
        /// A comment on wishes.
        struct AtHand;
        #[derive(clap::Args)]
        struct Arguments {
            /// Wishes a second
            #[arg(long, env = "HUBBUB_AT_HAND_BYTES")]
            commands: u32,
        }
        #[derive(Error)]
        enum E {
            #[error("no such wish {wish}")]
            A,
        }
        fn f(in_place: u8, place: u8) {
            tracing::warn!(wished = 1, "A wish is lost {place}");
            let text = "a wish";
            select! { wish = read() => {} }
        }
        enum Place {}
    "#;
    let wish = Source::sample("qa/a.rs", "fn wish() {}");
    let sources = [Source::sample("hub/a.rs", code), Source::sample("app/a.rs", code), wish];
    let found = offences(&sources, &sample);
    let lines = found.iter().map(|it| it.split(':').nth(1).unwrap().split(' ').next().unwrap());
    assert_eq!(lines.collect::<Vec<_>>(), ["3", "6", "7", "12", "16", "18", "20"], "{found:#?}");
    holds(&offences(&self::sources(), &read_list(LIST)));
}
