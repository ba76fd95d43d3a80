//! Looks for one name of two types, because a reader takes one name for one thing.

use std::collections::BTreeMap;

use crate::modules::{Crate, visible_type};
use crate::source::{Package, Source, holds, packages, sources};
use crate::syntax::{attributes, is_for_tests};

/// Packages that nobody builds on: what they declare cannot be mistaken for a library's.
const PROGRAMS: [&str; 8] = ["app", "attack", "bench", "chaos", "frontend", "fuzz", "load", "server"];

/// Names that libraries share because they are the same thing: in the hub, and as it is written down for clients.
const SAME_THING: [&str; 6] =
    ["Broadcast", "Message", "NewJob", "Notifications", "ReadNotifications", "User"];

/// The types of a library or program that other files can see, with the files that declare them.
fn declarations(of: &Crate, must_be_public: bool) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in &of.files {
        let mut items: Vec<&syn::Item> = file.syntax.items.iter().collect();
        while let Some(item) = items.pop() {
            if is_for_tests(attributes(item)) {
                continue;
            }
            if let syn::Item::Mod(syn::ItemMod { content: Some((_, inner)), .. }) = item {
                items.extend(inner);
            }
            if let Some((name, visibility)) = visible_type(item)
                && (!must_be_public || matches!(visibility, syn::Visibility::Public(_)))
            {
                let files = found.entry(name).or_default();
                if !files.contains(&file.path) {
                    files.push(file.path.clone());
                }
            }
        }
    }
    found
}

fn declared_twice(package: &Package, sources: &[Source]) -> Vec<String> {
    let twice = package.targets.iter().flat_map(|root| {
        declarations(&Crate::read(root, sources), false).into_iter().filter(|(_, files)| files.len() > 1)
    });
    twice.map(|(name, files)| format!("{name}: {}", files.join(", "))).collect()
}

/// Public names that more than one library declares.
fn shared_between(packages: &[Package], sources: &[Source]) -> Vec<String> {
    let mut owners: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages.iter().filter(|it| !PROGRAMS.contains(&it.name.as_str())) {
        let library = package.targets.iter().find(|root| root.ends_with("/lib.rs"));
        for (name, _) in
            library.map(|root| declarations(&Crate::read(root, sources), true)).into_iter().flatten()
        {
            owners.entry(name).or_default().push(package.name.clone());
        }
    }
    let shared = owners.into_iter().filter(|(_, owners)| owners.len() > 1);
    shared.map(|(name, owners)| format!("{name}: {}", owners.join(", "))).collect()
}

fn sample() -> (Vec<Package>, Vec<Source>) {
    let package = |name: &str| Package {
        name: name.to_owned(),
        folder: name.to_owned(),
        targets: vec![format!("{name}/lib.rs")],
    };
    let sources = [
        ("hub/lib.rs", "mod a; mod b; pub struct Room;"),
        ("hub/a.rs", "pub(crate) struct Place; struct Own; #[cfg(test)] mod tests { pub struct World; }"),
        ("hub/b.rs", "pub enum Place {} struct Own; pub struct World; mod c { pub(super) type Room = u8; }"),
        ("protocol/lib.rs", "pub struct Room; pub(crate) struct Place;"),
    ];
    let sources = sources.map(|(path, text)| Source::sample(path, text)).into();
    (vec![package("hub"), package("protocol")], sources)
}

#[test]
fn a_name_is_declared_once_in_a_crate() {
    let (sample_packages, sample_sources) = sample();
    let told = declared_twice(&sample_packages[0], &sample_sources);
    assert_eq!(told, ["Place: hub/a.rs, hub/b.rs", "Room: hub/lib.rs, hub/b.rs"]);
    let sources = sources();
    let twice = packages().iter().flat_map(|package| declared_twice(package, &sources));
    holds(&twice.collect::<Vec<_>>());
}

#[test]
fn libraries_share_names_of_the_same_thing_only() {
    let (sample_packages, sample_sources) = sample();
    assert_eq!(shared_between(&sample_packages, &sample_sources), ["Room: hub, protocol"]);
    let shared = shared_between(packages(), &sources());
    let name_of = |line: &String| line.split(':').next().unwrap_or_default().to_owned();
    let is_known = |line: &String| SAME_THING.iter().any(|name| name_of(line) == *name);
    let gone = SAME_THING.iter().filter(|name| !shared.iter().any(|line| name_of(line) == **name));
    let gone: Vec<String> =
        gone.map(|name| format!("{name} is shared no more: take it off the list")).collect();
    holds(&shared.iter().filter(|line| !is_known(line)).cloned().chain(gone).collect::<Vec<_>>());
}
