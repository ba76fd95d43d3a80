//! The SQLite store: rooms, users, messages, inboxes and jobs in one file.
//!
//! # Two libraries, and the line between them
//!
//! `sqlx` migrates and reads: `schema.rs`, `pool.rs`, the reads in `tables/`, everything in `maintenance/`. What it does is
//! awaited, and PostgreSQL will be read in the same way.
//!
//! `rusqlite` writes, on the single writer thread: `writer.rs`, `write_*.rs`, the writes in `tables/`. sqlx keeps each
//! connection on a thread of its own and crosses to it and back for every statement; to the writer thread, a call of
//! rusqlite is a call. That was measured (docs/PERFORMANCE.md, "Where the time goes"): 256 rooms that
//! append 16 messages each cost 16.9 µs of CPU a message through sqlx and 6.5 µs as it is now.
//! `cargo bench -p bench --bench writer` measures it again.
//!
//! The two meet in the file only. They are built against one SQLite, and a write's answer is sent after its commit, so a
//! read that begins then finds it. In a signature the line is the first parameter: [`rusqlite::Connection`] or `WriteTx` for
//! a write, [`sqlx::SqlitePool`] or [`sqlx::SqliteConnection`] for a read.

mod account_store;
mod files;
mod inbox_store;
mod lock;
mod maintenance;
mod open;
mod open_error;
mod pool;
mod room_store;
mod schema;
mod store;
mod tables;
mod unavailable;
mod write_cache;
mod write_connection;
mod write_request;
mod write_tx;
mod writer;

pub use maintenance::backup::{Backup, BackupError, backup};
pub use maintenance::check::{CheckError, Report, check};
pub use maintenance::restore::{Restore, RestoreError, restore};
pub use open_error::OpenError;
pub use store::SqliteStore;
pub use unavailable::StoreUnavailable;
