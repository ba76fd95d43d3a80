//! What the test page is drawn with.

pub mod facts_card;
pub mod ping_card;
pub mod room_card;
pub mod self_check_card;

pub use facts_card::FactsCard;
pub use ping_card::PingCard;
pub use room_card::RoomCard;
pub use self_check_card::SelfCheckCard;
