//! What the page of a live session is drawn with.

pub mod controls;
pub mod participants;
pub mod standing;

pub use controls::Controls;
pub use participants::Participants;
pub use standing::StandingLine;
