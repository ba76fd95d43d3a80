//! The REST API: one file for each noun.

pub mod account;
pub mod changes;
pub mod emit;
pub mod health;
pub mod jobs;
pub mod maintenance;
pub mod messages;
pub mod notifications;
mod rights;
pub mod rooms;
pub mod sign_ins;
pub mod stats;
pub mod users;

/// Jobs and notifications of one list page when the caller names no number, and at most.
const PAGE_ITEMS: u32 = 50;
const MAX_PAGE_ITEMS: u32 = 100;

fn page_size(asked: Option<u32>) -> u32 {
    asked.unwrap_or(PAGE_ITEMS).clamp(1, MAX_PAGE_ITEMS)
}
