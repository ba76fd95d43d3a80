//! Maintenance: what the other commands of the program do with a database file, mostly while no server has it open.

pub(crate) mod backup;
pub(crate) mod check;
mod new_epochs;
pub(crate) mod read_only;
pub(crate) mod restore;
