//! "Stop": silence, at once.

use crate::router::pattern::Patterns;
use jarvis_core::{HostAction, IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};

const SPECS: &[SkillSpec] = &[SkillSpec {
    intent: "assistant.stop",
    description: "Stop speaking, silence alarms and end the turn.",
    examples: &["stop", "be quiet", "never mind", "cancel", "that is enough"],
    risk: Risk::None,
}];

const TEMPLATES: &[&str] = &[
    "stop [it|that|this|talking|speaking|now|please|there|right there]",
    "stop stop [stop]",
    "(cancel|abort|halt|quiet|silence|enough|hush|shush|pause) [it|that|this|now]",
    "[please] (be|stay|keep) (quiet|silent|still)",
    "shut (up|it)",
    "(never mind|nevermind|forget it|forget about it|forget that|leave it|drop it)",
    "that is (enough|all|it|fine) [for now|now]",
    "no [thank you|thanks|more|stop|that is all]",
    "nothing [else]",
    "(go away|leave me alone|go to sleep|stand down|dismissed)",
];

/// What people call out over an answer to end it, as recognition writes it: for a recognizer that can weigh likely phrases
/// ([`jarvis_core::SpeechToText::transcribe_expecting`]).
pub const PHRASES: &[&str] = &[
    "Stop.",
    "Stop it.",
    "Stop talking.",
    "Stop, please.",
    "Stop now.",
    "Stop, stop.",
    "Be quiet.",
    "Quiet.",
    "Shut up.",
    "Enough.",
    "That's enough.",
    "Cancel.",
    "Never mind.",
    "Silence.",
];

/// Stops.
#[derive(Debug)]
pub struct Stop {
    patterns: Patterns<()>,
}

impl Stop {
    /// The skill, ready.
    pub fn new() -> Self {
        Self { patterns: Patterns::new(&TEMPLATES.iter().map(|template| ((), *template)).collect::<Vec<_>>()) }
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for Stop {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        self.patterns
            .find(text, |(), _| Some(IntentMatch { intent: "assistant.stop", slots: Slots::new(), confidence: 1.0 }))
    }

    fn is_aside(&self) -> bool {
        true
    }

    fn run(&mut self, _intent: &str, _slots: &Slots, _context: &SkillContext<'_>) -> Result<Reply> {
        Ok(Reply { actions: vec![HostAction::Stop], ..Reply::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::normalize::{Names, Request};

    #[test]
    fn every_phrase_that_is_listened_for_stops() {
        for phrase in PHRASES {
            assert!(Stop::new().recognize(&Request::new(phrase, &Names::default()).words).is_some(), "{phrase}");
        }
    }
}
