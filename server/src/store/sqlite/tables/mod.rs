//! The tables: one module for each, with the statements that read and write it.
//!
//! A function that takes a [`rusqlite::Connection`] or a [`WriteTx`](super::write_tx::WriteTx) runs on the writer thread, in
//! the caller's transaction. A function that takes the pool is a read of its own. A read is one statement, so that its
//! answer is one state of the database.

pub(crate) mod account_changes;
pub(crate) mod accounts;
pub(crate) mod append;
pub(crate) mod changes;
pub(crate) mod ended_tokens;
pub(crate) mod inbox;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod live;
pub(crate) mod members;
pub(crate) mod messages;
pub(crate) mod notifications;
pub(crate) mod own_sign_ins;
#[cfg(test)]
mod query_plan_tests;
pub(crate) mod quotas;
pub(crate) mod rooms;
pub(crate) mod row_mapping;
pub(crate) mod sign_in_quota;
pub(crate) mod sign_ins;
pub(crate) mod summaries;
mod users;
