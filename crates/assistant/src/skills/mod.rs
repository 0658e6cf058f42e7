//! What Jarvis can do without a language model: one file a skill, one line here.

pub mod stop;

use jarvis_core::Skill;

/// Every skill.
pub fn all() -> Vec<Box<dyn Skill>> {
    vec![
        Box::new(stop::Stop::new()),
    ]
}
