//! Architecture tests: hold manifests, imports, names and lengths to the rules, because rules that nothing checks erode.
//!
//! Each test is a function from text to offences, tried on a bad sample first: a test that cannot fail proves nothing.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot read what it checks must fail loudly"
)]

mod circles;
mod conventions;
mod growing;
mod layers;
mod modules;
mod names;
mod references;
mod requests;
mod retired;
mod room;
mod sizes;
mod source;
mod syntax;
