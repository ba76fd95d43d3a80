//! One address, one file. A page wires what is known to the components that draw it; `routes.rs` has their paths.

pub mod account;
pub mod devtools;
pub mod live;
pub mod lobby;
pub mod not_found;
pub mod register;
pub mod room;
pub mod rooms;
pub mod sign_in;
pub mod test;

pub use account::AccountPage;
pub use devtools::DevtoolsPage;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
pub use live::LivePage;
pub use lobby::LobbyPage;
pub use not_found::NotFoundPage;
use protocol::RoomId;
pub use register::RegisterPage;
pub use room::RoomPage;
pub use rooms::RoomsLayout;
pub use sign_in::SignInPage;
pub use test::TestPage;

/// Stands for a page that this program does without. Links to it load a document, so this is never seen.
#[component]
pub fn LeftOut() -> impl IntoView {}

/// The room in the path of this page; `None` where it can be the id of none.
fn room_in_path(param: &'static str) -> Memo<Option<RoomId>> {
    let params = use_params_map();
    Memo::new(move |_| params.with(|params| params.get_str(param).and_then(|id| RoomId::parse(id).ok())))
}
