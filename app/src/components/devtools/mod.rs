//! What the devtools page is drawn with.

pub mod connection;
pub mod frame_detail;
pub mod frame_table;
pub mod frame_tools;
pub mod plan_form;
pub mod run_view;

pub use connection::ConnectionCard;
pub use frame_detail::FrameDetail;
pub use frame_table::FrameTable;
pub use frame_tools::FrameTools;
pub use plan_form::PlanCard;
pub use run_view::RunView;
