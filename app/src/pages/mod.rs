//! One address, one file. A page wires what is known to the components that draw it.

pub mod account;
pub mod devtools;
pub mod live;
pub mod not_found;
pub mod register;
pub mod room;
pub mod rooms;
pub mod sign_in;
pub mod test;

pub use account::AccountPage;
pub use devtools::DevtoolsPage;
pub use live::LivePage;
pub use not_found::NotFoundPage;
pub use register::RegisterPage;
pub use rooms::RoomsPage;
pub use sign_in::SignInPage;
pub use test::TestPage;
