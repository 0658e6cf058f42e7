//! The mind: turn state machine, router, skills, conversation.

pub mod turn;
