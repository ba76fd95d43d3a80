//! Stores: implementations of [`hub::store::Store`] and of [`Accounts`](crate::auth::accounts::Accounts).
//!
//! Only the parts that build the program know which of them it uses.

pub mod sqlite;
