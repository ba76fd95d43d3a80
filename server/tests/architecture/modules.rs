//! Resolves the paths in a crate's sources to the files that declare what they name, as the compiler would:
//! through `mod`, `use`, globs and re-exports. Macros and methods are not followed.

use std::collections::{HashMap, HashSet};

use syn::{Item, UseTree};

use crate::source::Source;
use crate::syntax::{attributes, is_for_tests, is_private, parse};

/// Imports that lead to each other end here.
const DEPTH: usize = 8;

/// The modules of one library or program. The first one is its root.
pub(crate) struct Crate {
    pub(crate) modules: Vec<Module>,
    pub(crate) files: Vec<SourceFile>,
}

pub(crate) struct SourceFile {
    pub(crate) path: String,
    pub(crate) syntax: syn::File,
}

#[derive(Default)]
pub(crate) struct Module {
    /// Its place in `Crate::files`.
    pub(crate) file: usize,
    parent: usize,
    modules: HashMap<String, usize>,
    items: HashSet<String>,
    imports: HashMap<String, Vec<Vec<String>>>,
    globs: Vec<Vec<String>>,
}

/// What a path leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    Module(usize),
    /// Something that is declared in this module.
    Item(usize),
}

/// One import: the path, and the name that it has in the module.
pub(crate) struct Import {
    pub(crate) path: Vec<String>,
    pub(crate) name: String,
    pub(crate) is_glob: bool,
}

impl Crate {
    /// Reads a crate from its root file on. What is compiled for tests alone is left out.
    pub(crate) fn read(root: &str, sources: &[Source]) -> Self {
        let mut this = Self { modules: Vec::new(), files: Vec::new() };
        this.read_file(root, None, sources);
        this
    }

    fn read_file(&mut self, path: &str, parent: Option<usize>, sources: &[Source]) -> Option<usize> {
        let source = sources.iter().find(|it| it.path == path)?;
        let file = self.files.len();
        let syntax = parse(source);
        let items = syntax.items.clone();
        self.files.push(SourceFile { path: path.to_owned(), syntax });
        Some(self.read_module(file, parent, &items, sources))
    }

    fn read_module(
        &mut self,
        file: usize,
        parent: Option<usize>,
        items: &[Item],
        sources: &[Source],
    ) -> usize {
        let id = self.modules.len();
        self.modules.push(Module { file, parent: parent.unwrap_or(id), ..Module::default() });
        for item in items.iter().filter(|item| !is_for_tests(attributes(item))) {
            match item {
                Item::Mod(module) => {
                    let child = match &module.content {
                        Some((_, items)) => Some(self.read_module(file, Some(id), items, sources)),
                        None => self
                            .find_file(file, module)
                            .iter()
                            .find_map(|path| self.read_file(path, Some(id), sources)),
                    };
                    if let Some(child) = child {
                        self.modules[id].modules.insert(module.ident.to_string(), child);
                    }
                }
                Item::Use(import) => {
                    for import in imports(&import.tree) {
                        let module = &mut self.modules[id];
                        if import.is_glob {
                            module.globs.push(import.path);
                        } else {
                            module.imports.entry(import.name).or_default().push(import.path);
                        }
                    }
                }
                other => self.modules[id].items.extend(declared(other)),
            }
        }
        id
    }

    /// Where the file of `mod name;` can be.
    fn find_file(&self, file: usize, module: &syn::ItemMod) -> Vec<String> {
        let path = &self.files[file].path;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let beside =
            |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let named = module.attrs.iter().find_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(pair) if pair.path.is_ident("path") => text_of(&pair.value),
            _ => None,
        });
        if let Some(named) = named {
            return vec![beside(&named)];
        }
        let stem = name.trim_end_matches(".rs");
        let name = &module.ident;
        let name = if file == 0 || stem == "mod" { name.to_string() } else { format!("{stem}/{name}") };
        vec![beside(&format!("{name}.rs")), beside(&format!("{name}/mod.rs"))]
    }

    /// What a path means in a module; nothing if it leads to another crate.
    pub(crate) fn resolve(&self, from: usize, path: &[String]) -> Option<Target> {
        self.resolve_within(from, path, DEPTH)
    }

    fn resolve_within(&self, from: usize, path: &[String], depth: usize) -> Option<Target> {
        let depth = depth.checked_sub(1)?;
        let (first, rest) = path.split_first()?;
        let mut here = match first.as_str() {
            "crate" => Target::Module(0),
            "self" => Target::Module(from),
            "super" => Target::Module(self.modules[from].parent),
            name => self.look_up(from, name, !rest.is_empty(), depth)?,
        };
        for (place, name) in rest.iter().enumerate() {
            let Target::Module(module) = here else { break };
            here = match name.as_str() {
                "self" => here,
                "super" => Target::Module(self.modules[module].parent),
                // What a macro has declared is not seen: it is the module's all the same.
                name => {
                    self.look_up(module, name, place + 1 < rest.len(), depth).unwrap_or(Target::Item(module))
                }
            };
        }
        Some(here)
    }

    fn look_up(&self, module: usize, name: &str, more_follows: bool, depth: usize) -> Option<Target> {
        let depth = depth.checked_sub(1)?;
        let scope = &self.modules[module];
        let child = scope.modules.get(name).map(|child| Target::Module(*child));
        let item = scope.items.contains(name).then_some(Target::Item(module));
        let named = if more_follows { child.or(item) } else { item.or(child) };
        let imported = || {
            let paths = scope.imports.get(name).into_iter().flatten();
            paths
                .filter(|path| {
                    path.first().is_none_or(|first| first != name || scope.modules.contains_key(name))
                })
                .find_map(|path| self.resolve_within(module, path, depth))
        };
        let from_globs = || {
            scope.globs.iter().find_map(|path| match self.resolve_within(module, path, depth)? {
                Target::Module(other) if other != module => self.look_up(other, name, more_follows, depth),
                _ => None,
            })
        };
        named.or_else(imported).or_else(from_globs)
    }

    /// The inline module of this name in a module.
    pub(crate) fn child(&self, module: usize, name: &str) -> Option<usize> {
        self.modules[module].modules.get(name).copied()
    }

    /// The module that is a whole file.
    pub(crate) fn module_of_file(&self, file: usize) -> usize {
        self.modules.iter().position(|module| module.file == file).unwrap()
    }
}

fn text_of(value: &syn::Expr) -> Option<String> {
    match value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// The name that an item declares in its module.
pub(crate) fn declared(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(it) => &it.ident,
        Item::Enum(it) => &it.ident,
        Item::Fn(it) => &it.sig.ident,
        Item::Static(it) => &it.ident,
        Item::Struct(it) => &it.ident,
        Item::Trait(it) => &it.ident,
        Item::Type(it) => &it.ident,
        Item::Union(it) => &it.ident,
        Item::Macro(it) => it.ident.as_ref()?,
        _ => return None,
    };
    Some(name.to_string())
}

/// The name and the visibility of a type that other modules can see.
pub(crate) fn visible_type(item: &Item) -> Option<(String, &syn::Visibility)> {
    let (name, visibility) = match item {
        Item::Enum(it) => (&it.ident, &it.vis),
        Item::Struct(it) => (&it.ident, &it.vis),
        Item::Trait(it) => (&it.ident, &it.vis),
        Item::Type(it) => (&it.ident, &it.vis),
        Item::Union(it) => (&it.ident, &it.vis),
        _ => return None,
    };
    (!is_private(visibility)).then(|| (name.to_string(), visibility))
}

/// Everything that a `use` imports.
pub(crate) fn imports(tree: &UseTree) -> Vec<Import> {
    let mut found = Vec::new();
    collect(tree, &[], &mut found);
    found
}

fn collect(tree: &UseTree, before: &[String], found: &mut Vec<Import>) {
    let with = |name: &syn::Ident| -> Vec<String> {
        let is_self = name == "self" && !before.is_empty();
        before.iter().cloned().chain((!is_self).then(|| name.to_string())).collect()
    };
    match tree {
        UseTree::Path(path) => collect(&path.tree, &with(&path.ident), found),
        UseTree::Name(name) => {
            let path = with(&name.ident);
            let name = path.last().cloned().unwrap_or_default();
            found.push(Import { path, name, is_glob: false });
        }
        UseTree::Rename(rename) => {
            found.push(Import { path: with(&rename.ident), name: rename.rename.to_string(), is_glob: false });
        }
        UseTree::Glob(_) => found.push(Import { path: before.to_vec(), name: String::new(), is_glob: true }),
        UseTree::Group(group) => group.items.iter().for_each(|tree| collect(tree, before, found)),
    }
}
