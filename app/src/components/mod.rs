//! What the pages are drawn with. A component gets signals and callbacks; it knows neither the link nor the address.

pub mod arcs;
pub mod avatar;
pub mod composer;
pub mod connection_status;
pub mod devtools;
pub mod dialog;
pub mod empty;
pub mod entrance;
pub mod field;
pub(crate) mod fixed;
pub mod icon;
mod keyed;
pub mod leave_room;
pub mod live;
pub mod message;
pub mod message_list;
pub mod new_room;
pub mod people_panel;
pub mod prose;
pub mod room_header;
pub mod room_list;
mod rows;
mod scroll;
pub mod test;
pub mod theme_switch;
pub mod toasts;
pub mod typing_line;
