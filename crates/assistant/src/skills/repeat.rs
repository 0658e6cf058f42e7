//! "Say that again": the last answer once more.

use crate::router::pattern::Patterns;
use jarvis_core::{IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};

const SPECS: &[SkillSpec] = &[SkillSpec {
    intent: "assistant.repeat",
    description: "Say the last answer once more.",
    examples: &["say that again", "repeat that", "what did you say", "pardon"],
    risk: Risk::None,
}];

const TEMPLATES: &[&str] = &[
    "(say|repeat) (that|it|this) [again|once more|one more time|one more time again]",
    // Without "again" it is about the screen.
    "read (that|it|this) (again|once more|one more time|one more time again)",
    "repeat [yourself|your answer|the answer|your last answer|the last answer|what you said|what you just said]",
    "say again [that]",
    "(again|once more|one more time|come again)",
    "what did you [just] say",
    "what was (that|it) [again]",
    "(sorry|pardon|pardon me|excuse me|sorry what|sorry what was that|i beg your pardon)",
    "[sorry] i (did not|could not|cannot) (hear|catch|get|understand) (that|you|it|what you said)",
    "tell me (that|it|this) (again|once more|one more time)",
];

/// Repeats.
pub struct Repeat {
    patterns: Patterns<()>,
}

impl Repeat {
    /// The skill, ready.
    pub fn new() -> Self {
        Self { patterns: Patterns::new(&TEMPLATES.iter().map(|template| ((), *template)).collect::<Vec<_>>()) }
    }
}

impl Default for Repeat {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for Repeat {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        self.patterns
            .find(text, |(), _| Some(IntentMatch { intent: "assistant.repeat", slots: Slots::new(), confidence: 0.95 }))
    }

    fn is_aside(&self) -> bool {
        true
    }

    fn run(&mut self, _intent: &str, _slots: &Slots, context: &SkillContext<'_>) -> Result<Reply> {
        Ok(Reply::say(context.last_reply.unwrap_or("I have not said anything yet.")))
    }
}
