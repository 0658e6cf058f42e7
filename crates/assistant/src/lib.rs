//! The mind: what happens in a turn, who answers, what Jarvis can do by itself, and what was said before.
//!
//! Owns the turn's state machine ([`turn`]), the choice of who answers ([`router`]), the skills ([`skills`]), the
//! conversation ([`conversation`]), the cutting of answers into clauses ([`clauses`]), what is
//! said most often ([`phrases`]), and the piece that joins them
//! ([`mind`]). [`bench`] is what answers about pages are measured with. Knows engines only by their traits in `jarvis-core`; never loads a model and never touches a device.

pub mod bench;
pub mod clauses;
pub mod conversation;
pub mod mind;
pub mod numbers;
pub mod phrases;
pub mod router;
pub mod skills;
pub mod turn;

#[cfg(test)]
mod testing;

pub use clauses::{Clause, ClauseSplitter};
pub use conversation::Conversation;
pub use mind::{Answer, AnswerTimings, Mind, MindOptions, Piece};
pub use router::normalize::Names;
pub use router::{Kept, Routed, Router};
