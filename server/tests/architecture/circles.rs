//! Finds the files of a crate that import each other in a circle, because such files can only be understood, changed
//! and tested together.
//!
//! A file imports another one if it names something that is declared there. A re-export is not an import of its own:
//! `super::Name` leads to the file that declares `Name`, and `pub use child::Name` counts where `Name` is used.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use crate::modules::{Crate, Target, imports};
use crate::source::{Source, holds, packages, sources};
use crate::syntax::{attributes, is_for_tests, is_private};

/// File → file → the names that the first one uses of the second one.
pub(crate) type Imports = BTreeMap<usize, BTreeMap<usize, BTreeSet<String>>>;

/// Walks one file and notes what it uses of other files.
struct Walk<'a> {
    of: &'a Crate,
    file: usize,
    module: usize,
    found: &'a mut Imports,
}

impl Walk<'_> {
    fn note(&mut self, path: &[String]) {
        let item =
            (1..=path.len()).find_map(|length| match self.of.resolve(self.module, &path[..length])? {
                Target::Item(module) => Some((module, path[length - 1].clone())),
                Target::Module(_) => None,
            });
        let Some((module, name)) = item else { return };
        let file = self.of.modules[module].file;
        if file != self.file {
            self.found.entry(self.file).or_default().entry(file).or_default().insert(name);
        }
    }

    /// Paths in the arguments of macros. Lone words are not looked at, unless they can only be types: a field or a
    /// variable looks like the name of a function there.
    fn note_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 2;
        for token in tokens {
            match &token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.note_if_path(&path);
                        path.clear();
                    }
                    path.push(name.to_string());
                    colons = 0;
                    continue;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => self.note_tokens(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            self.note_if_path(&path);
            path.clear();
            colons = 2;
        }
        self.note_if_path(&path);
    }

    fn note_if_path(&mut self, path: &[String]) {
        let is_type = path.first().is_some_and(|name| name.starts_with(|it: char| it.is_ascii_uppercase()));
        if path.len() > 1 || is_type {
            self.note(path);
        }
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.content.is_some()
            && let Some(child) = self.of.child(self.module, &module.ident.to_string())
        {
            let outer = std::mem::replace(&mut self.module, child);
            visit::visit_item_mod(self, module);
            self.module = outer;
        }
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        if is_private(&import.vis) {
            for import in imports(&import.tree).into_iter().filter(|import| !import.is_glob) {
                self.note(&import.path);
            }
        }
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let segments: Vec<String> = path.segments.iter().map(|it| it.ident.to_string()).collect();
            self.note(&segments);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        visit::visit_macro(self, called);
        self.note_tokens(called.tokens.clone());
    }
}

pub(crate) fn imports_of(of: &Crate) -> Imports {
    let mut found = Imports::new();
    for (file, source) in of.files.iter().enumerate() {
        Walk { of, file, module: of.module_of_file(file), found: &mut found }.visit_file(&source.syntax);
    }
    found
}

fn reached_from(start: usize, imports: &Imports) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut next = vec![start];
    while let Some(file) = next.pop() {
        next.extend(
            imports.get(&file).into_iter().flat_map(BTreeMap::keys).filter(|it| reached.insert(**it)),
        );
    }
    reached
}

/// Files that reach each other, largest circle first.
fn circles(imports: &Imports) -> Vec<BTreeSet<usize>> {
    let reached: BTreeMap<usize, BTreeSet<usize>> =
        imports.keys().map(|file| (*file, reached_from(*file, imports))).collect();
    let circle_of = |file: &usize| -> BTreeSet<usize> {
        let others =
            reached[file].iter().filter(|it| reached.get(it).is_some_and(|back| back.contains(file)));
        others.copied().collect()
    };
    let mut found: Vec<_> = reached.keys().map(circle_of).filter(|it| it.len() > 1).collect();
    found.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    found.dedup();
    found
}

/// The circles of a crate, each with the imports that make it one.
fn described(of: &Crate) -> (usize, Vec<String>) {
    let imports = imports_of(of);
    let circles = circles(&imports);
    let name = |file: &usize| of.files[*file].path.as_str();
    let lines = circles.iter().enumerate().flat_map(|(number, circle)| {
        let head = format!("circle {} of {} files", number + 1, circle.len());
        let edges = circle.iter().flat_map(|from| {
            let inside = imports[from].iter().filter(|(to, _)| circle.contains(to));
            inside.map(|(to, names)| {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                format!("  {} uses {} of {}", name(from), names.join(", "), name(to))
            })
        });
        std::iter::once(head).chain(edges).collect::<Vec<_>>()
    });
    (circles.iter().map(BTreeSet::len).sum(), lines.collect())
}

fn described_sample(files: &[(&str, &str)]) -> (usize, Vec<String>) {
    let sources: Vec<Source> = files.iter().map(|(path, text)| Source::sample(path, text)).collect();
    described(&Crate::read(&sources[0].path, &sources))
}

#[test]
fn files_that_use_each_other_are_a_circle() {
    let (files, lines) = described_sample(&[
        ("lib.rs", "mod room; mod store;"),
        ("room.rs", "use crate::store::Store; pub struct Room;"),
        ("store.rs", "pub struct Store; fn f() { crate::room::Room; }"),
    ]);
    assert_eq!(files, 2);
    assert_eq!(
        lines,
        ["circle 1 of 2 files", "  room.rs uses Store of store.rs", "  store.rs uses Room of room.rs"]
    );
}

#[test]
fn a_child_that_uses_a_sibling_through_its_parent_is_no_circle() {
    let files = [
        ("src/lib.rs", "mod room;"),
        ("src/room/mod.rs", "mod log; mod fanout; pub use log::Log; pub(crate) use fanout::*;"),
        ("src/room/log.rs", "pub struct Log;"),
        ("src/room/fanout.rs", "use super::Log; pub struct Fanout(Log);"),
    ];
    assert_eq!(described_sample(&files), (0, Vec::new()));
}

#[test]
fn a_child_and_a_parent_that_use_each_other_are_a_circle() {
    let files = [
        ("src/lib.rs", "mod room;"),
        ("src/room.rs", "mod log; use log::Log; pub struct Room { log: Log }"),
        ("src/room/log.rs", "use super::*; pub struct Log; impl Log { fn f(room: &Room) {} }"),
    ];
    assert_eq!(described_sample(&files).0, 2);
    let through_a_reexport = [
        ("src/lib.rs", "mod room; pub use room::Room; fn f(room: Room) {} pub struct Hub;"),
        ("src/room.rs", "fn f() { view! { <p>{crate::Hub}</p> } }  pub struct Room;"),
    ];
    assert_eq!(described_sample(&through_a_reexport).0, 2);
}

#[test]
fn tests_and_other_crates_make_no_circle() {
    let files = [
        ("src/lib.rs", "mod a; mod b; use serde::Serialize;"),
        ("src/a.rs", "pub struct A; #[cfg(test)] mod tests { use crate::b::B; }"),
        ("src/b.rs", "use crate::a::A; pub struct B; #[cfg(test)] mod b_tests;"),
        ("src/b/b_tests.rs", "use super::B;"),
    ];
    assert_eq!(described_sample(&files), (0, Vec::new()));
}

#[test]
fn imports_run_one_way_inside_each_crate() {
    let sources = sources();
    let mut offences = Vec::new();
    for package in packages() {
        let circles = package.targets.iter().flat_map(|root| described(&Crate::read(root, &sources)).1);
        offences.extend(circles.map(|line| format!("{}: {line}", package.name)));
    }
    holds(&offences);
}
