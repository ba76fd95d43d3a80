//! The REST API: one file for each noun.

use protocol::{RoomId, UserId};

use crate::error::ApiError;

pub mod account;
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

/// The room that an address names. Where the text is no identifier there can be no room.
fn room_id(raw: &str) -> Result<RoomId, ApiError> {
    RoomId::parse(raw).map_err(|_| ApiError::Refused(hub::HubError::NoSuchRoom))
}

/// The person that an address names. Where the text is no identifier there can be nobody.
fn person_id(raw: &str) -> Result<UserId, ApiError> {
    UserId::parse(raw).map_err(|_| ApiError::NotFound)
}

/// Jobs and notifications of one list page when the asker names no number, and at most.
const PAGE_ITEMS: u32 = 50;
const MAX_PAGE_ITEMS: u32 = 100;

fn page_size(asked: Option<u32>) -> u32 {
    asked.unwrap_or(PAGE_ITEMS).clamp(1, MAX_PAGE_ITEMS)
}
