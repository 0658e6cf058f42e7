//! "Forget it all": what was seen and what was said is forgotten.
//!
//! Owns how that is asked for and what of it is meant. The mind forgets the conversation and the words that go on from a look; the
//! host empties what was read of the screen and the list of looks. "Forget it" alone is [`super::stop`]'s, and a timer is
//! [`super::timer`]'s: what the user set goes on.

use crate::router::pattern::Patterns;
use jarvis_core::{HostAction, IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};

const INTENT: &str = "memory.forget";

const SPECS: &[SkillSpec] = &[SkillSpec {
    intent: INTENT,
    description: "Forget what was read on the screen, and what was talked about.",
    examples: &["forget everything that you saw", "forget it all", "clear the conversation"],
    risk: Risk::Low,
}];

/// What is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    All,
    Seen,
    Said,
}

const TEMPLATES: &[(What, &str)] = &[
    (What::All, "(forget|erase) (it all|everything|all of it|all of that|all that|all this|everything now)"),
    (What::All, "(clear|erase|wipe|empty) your [whole|entire] memory"),
    (
        What::Seen,
        "(forget|clear|erase|delete|wipe|drop) [about] (everything|all|what|whatever|all of what) [that] you (saw|see|read|looked at|have seen|have read|have just seen|just saw|just read|captured|have captured) [there|on it|on my screen|on the screen|from my screen|from the screen]",
    ),
    (
        What::Seen,
        "forget [about] (my screen|the screen|this screen|that screen|this page|that page|the page|this window|that window)",
    ),
    (What::Seen, "(forget|clear|erase|delete|empty) (the|my|your) (list of looks|looks|list of captures|captures)"),
    (
        What::Said,
        "(forget|clear|erase|delete|wipe) [about] (everything|all|what|whatever) [that] (i|we) (said|asked|told you|asked you|talked about|have said|have asked|have told you|have talked about)",
    ),
    (
        What::Said,
        "(forget|clear|erase|delete|wipe) (our|this|the) [whole|entire] (conversation|chat|talk|chat history|conversation history)",
    ),
];

/// Forgets.
#[derive(Debug)]
pub struct Forget {
    patterns: Patterns<What>,
}

impl Forget {
    /// The skill, ready.
    pub fn new() -> Self {
        Self { patterns: Patterns::new(TEMPLATES) }
    }
}

impl Default for Forget {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for Forget {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        self.patterns.find(text, |what, _| {
            let what = match what {
                What::All => "all",
                What::Seen => "seen",
                What::Said => "said",
            };
            let slots = Slots::from([("what".into(), what.into())]);
            Some(IntentMatch { intent: INTENT, slots, confidence: 1.0 })
        })
    }

    /// Nothing goes on from it.
    fn is_aside(&self) -> bool {
        true
    }

    fn run(&mut self, _intent: &str, slots: &Slots, _context: &SkillContext<'_>) -> Result<Reply> {
        let (seen, said, told) = match slots.get("what").map(String::as_str) {
            Some("seen") => (true, false, "Forgotten, what I saw on the screen."),
            Some("said") => (false, true, "Forgotten, what we talked about."),
            _ => (true, true, "Forgotten, what I saw on the screen and what we talked about."),
        };
        Ok(Reply { actions: vec![HostAction::Forget { seen, said }], ..Reply::say(told) })
    }
}
