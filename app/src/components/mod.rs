//! Components: what pages are drawn with. A component gets signals and callbacks; it knows neither the connection nor the
//! router.

pub mod arcs;
pub mod avatar;
pub mod body;
pub mod composer;
pub mod connection_status;
pub(crate) mod counted;
pub mod devtools;
pub mod dialog;
pub mod empty;
pub mod entrance;
pub mod field;
pub mod history_end;
pub mod icon;
pub mod leave_room;
mod links;
pub mod live;
pub mod message;
pub mod message_list;
pub mod new_room;
pub mod opening;
pub mod people_panel;
pub mod prose;
mod reading;
pub mod room_header;
pub mod room_list;
mod rows;
mod scroll;
pub mod test;
pub mod theme_switch;
pub mod toasts;
pub mod typing_line;
pub mod unsent;
