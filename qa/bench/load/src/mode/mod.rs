//! Modes: what can be measured, a file for each.

pub(crate) mod churn;
pub(crate) mod connect;
pub(crate) mod fanout;
pub(crate) mod history;
pub(crate) mod idle;
mod search;
mod step;
pub(crate) mod storm;

pub(crate) use step::Durability;
