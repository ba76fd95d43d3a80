//! Bounds for lengths: of files, of functions, of a type's `impl` blocks and of the names of tests.

use std::collections::BTreeMap;

use syn::visit::{self, Visit};

use crate::modules::{Crate, Target};
use crate::source::{Source, holds, packages, sources};
use crate::syntax::{attributes, is_for_tests, is_test, parse};

const LINES_OF_A_FILE: usize = 400;
const LINES_OF_A_FUNCTION: usize = 60;
const FILES_OF_A_TYPE: usize = 3;
const LETTERS_OF_A_TEST: usize = 70;

/// A longer file says in its first lines why: `Long because …`.
fn long_files(sources: &[Source]) -> Vec<String> {
    let explained = |it: &Source| it.text.lines().take(10).any(|line| line.contains("Long because"));
    let long = sources.iter().filter(|it| it.text.lines().count() > LINES_OF_A_FILE && !explained(it));
    long.map(|it| format!("{} has {} lines", it.path, it.text.lines().count())).collect()
}

#[test]
fn a_long_file_says_why() {
    let long = "x\n".repeat(LINES_OF_A_FILE + 1);
    let bad = [
        Source::sample("a.rs", &long),
        Source::sample("b.rs", &format!("//! Long because it is a table.\n{long}")),
    ];
    assert_eq!(long_files(&bad), ["a.rs has 401 lines"]);
    holds(&long_files(&sources()));
}

/// A function: its name, its first line, its last one, and whether it is a test.
struct Function {
    name: String,
    first: usize,
    last: usize,
    is_test: bool,
}

#[derive(Default)]
struct Functions(Vec<Function>);

impl Functions {
    fn note(&mut self, attributes: &[syn::Attribute], signature: &syn::Signature, block: &syn::Block) {
        self.0.push(Function {
            name: signature.ident.to_string(),
            first: signature.fn_token.span.start().line,
            last: block.brace_token.span.close().end().line,
            is_test: is_test(attributes),
        });
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.note(&function.attrs, &function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.note(&function.attrs, &function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.note(&function.attrs, &function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }

    /// The functions of `proptest!` are tests.
    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        if called.path.segments.last().is_some_and(|last| last.ident == "proptest") {
            let tokens: Vec<_> = called.tokens.clone().into_iter().collect();
            for pair in tokens.windows(2) {
                if let [proc_macro2::TokenTree::Ident(word), proc_macro2::TokenTree::Ident(name)] = pair
                    && word == "fn"
                {
                    let line = name.span().start().line;
                    self.0.push(Function { name: name.to_string(), first: line, last: line, is_test: true });
                }
            }
        }
    }
}

fn functions(source: &Source) -> Vec<Function> {
    let mut functions = Functions::default();
    functions.visit_file(&parse(source));
    functions.0
}

/// A longer function says directly above it why: `// Long because …`, or in an `expect` of clippy.
fn long_functions(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let explained = |it: &Function| {
        let above = lines[..it.first - 1].iter().rev().map(|line| line.trim_start());
        above
            .take_while(|line| line.starts_with("//") || line.starts_with('#'))
            .any(|line| line.contains("Long because"))
    };
    let functions = functions(source).into_iter();
    let long = functions.filter(|it| it.last - it.first + 1 > LINES_OF_A_FUNCTION && !explained(it));
    long.map(|it| format!("{}:{} `{}` has {} lines", source.path, it.first, it.name, it.last - it.first + 1))
        .collect()
}

fn long_test_names(source: &Source) -> Vec<String> {
    let long = functions(source).into_iter().filter(|it| it.is_test && it.name.len() > LETTERS_OF_A_TEST);
    long.map(|it| format!("{}:{} `{}` has {} letters", source.path, it.first, it.name, it.name.len()))
        .collect()
}

fn in_all_rust(find: impl Fn(&Source) -> Vec<String>) -> Vec<String> {
    sources().iter().filter(|it| it.ends_in(&[".rs"])).flat_map(find).collect()
}

#[test]
fn a_long_function_says_why() {
    let body = "    step();\n".repeat(LINES_OF_A_FUNCTION);
    let source = Source::sample(
        "a.rs",
        &format!(
            "fn long() {{\n{body}}}\nfn short() {{}}\n\n/// Does.\n// Long because it is a table.\n#[inline]\nfn table() \
             {{\n{body}}}\nimpl A {{\n// No reason.\nfn method() {{\n{body}}}\n}}\n"
        ),
    );
    let told = long_functions(&source);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("a.rs:1 `long` has 62 lines") && told[1].contains("`method`"), "{told:?}");
    holds(&in_all_rust(long_functions));
}

#[test]
fn names_of_tests_have_at_most_70_letters() {
    let name = "x".repeat(LETTERS_OF_A_TEST + 1);
    let code = format!(
        "#[tokio::test]\nasync fn a{name}() {{}}\nfn b{name}() {{}}\nproptest! {{ #[test] fn c{name}(a in 0..1) {{}} }}\n"
    );
    let told = long_test_names(&Source::sample("a.rs", &code));
    assert_eq!(told.len(), 2, "{told:?}");
    holds(&in_all_rust(long_test_names));
}

/// Types with inherent `impl` blocks in more files than allowed: the type, and in how many.
fn scattered(of: &Crate) -> Vec<(String, usize)> {
    let mut files: BTreeMap<(usize, String), Vec<usize>> = BTreeMap::new();
    for (file, source) in of.files.iter().enumerate() {
        let module = of.module_of_file(file);
        for item in source.syntax.items.iter().filter(|item| !is_for_tests(attributes(item))) {
            let syn::Item::Impl(block) = item else { continue };
            let syn::Type::Path(kind) = &*block.self_ty else { continue };
            if block.trait_.is_some() {
                continue;
            }
            let path: Vec<String> = kind.path.segments.iter().map(|it| it.ident.to_string()).collect();
            if let (Some(Target::Item(home)), Some(name)) = (of.resolve(module, &path), path.last()) {
                let places = files.entry((home, name.clone())).or_default();
                if !places.contains(&file) {
                    places.push(file);
                }
            }
        }
    }
    let scattered = files.into_iter().filter(|(_, places)| places.len() > FILES_OF_A_TYPE);
    scattered.map(|((_, name), places)| (name, places.len())).collect()
}

#[test]
fn the_methods_of_a_type_are_in_at_most_three_files() {
    let child = "use super::Room; impl Room { fn f() {} } impl Clone for Room {} impl Room {}";
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d; pub struct Room; pub struct Other; impl Other {}"),
        ("a.rs", child),
        ("b.rs", child),
        ("c.rs", child),
        ("d.rs", "use crate::Room; impl Room {} struct Other; impl Other {}"),
    ];
    let sample: Vec<Source> = files.iter().map(|(path, text)| Source::sample(path, text)).collect();
    assert_eq!(scattered(&Crate::read("lib.rs", &sample)), [("Room".to_owned(), 4)]);
    assert_eq!(scattered(&Crate::read("lib.rs", &sample[..4])), []);
    let sources = sources();
    let found = packages().iter().flat_map(|package| {
        let types = package.targets.iter().flat_map(|root| scattered(&Crate::read(root, &sources)));
        types.map(|(name, files)| format!("{}::{name} has methods in {files} files", package.name))
    });
    holds(&found.collect::<Vec<_>>());
}
