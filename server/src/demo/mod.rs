//! Demo: what a development server plays so that applications can be tried out: users with a conversation, and jobs.

pub(crate) mod analysis;
pub mod simulated_jobs;
pub(crate) mod users;
