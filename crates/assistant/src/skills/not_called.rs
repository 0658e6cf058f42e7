//! "That wasn't me": what woke Jarvis was no call, and what sounds like it is to be heeded less.

use crate::router::pattern::Patterns;
use jarvis_core::{HostAction, IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};

const SPECS: &[SkillSpec] = &[SkillSpec {
    intent: "feedback.negative",
    description: "Learn that nobody called: the wake word was heard where it was not said.",
    examples: &["that was not me", "I did not call you", "nobody called you", "I was not talking to you"],
    risk: Risk::Low,
}];

const TEMPLATES: &[&str] = &[
    "[no|hey|sorry] (that|it|this) was not (me|us|for you|meant for you|directed at you|addressed to you|the wake word)",
    "[no|sorry] (i|we|nobody|no one) (did not|have not|never) (call|called|say|wake|woke|ask|asked) (you|your name)",
    "[no|sorry] (nobody|no one) (called|woke|asked|was talking to|is talking to|said) (you|your name) [up]",
    "[no|sorry] (i|we) (was|were|am|are) not (talking|speaking) (to|with) you",
    "(that was [just] the|it was [just] the|it was only the|that was only the) (tv|television|radio|video|movie|film|music|podcast)",
    "(that was a|this was a) false alarm",
    "you (woke|wake) up (for nothing|by mistake|by accident) [again]",
    "you (misheard|were not called)",
];

/// Learns from a wake by mistake.
pub struct NotCalled {
    patterns: Patterns<()>,
}

impl NotCalled {
    /// The skill, ready.
    pub fn new() -> Self {
        Self { patterns: Patterns::new(&TEMPLATES.iter().map(|template| ((), *template)).collect::<Vec<_>>()) }
    }
}

impl Default for NotCalled {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for NotCalled {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        self.patterns.find(text, |(), _| {
            let slots = Slots::from([("about".into(), "wake".into())]);
            Some(IntentMatch { intent: "feedback.negative", slots, confidence: 0.95 })
        })
    }

    fn run(&mut self, _intent: &str, _slots: &Slots, context: &SkillContext<'_>) -> Result<Reply> {
        let actions = if context.dry_run { Vec::new() } else { vec![HostAction::NotCalled] };
        Ok(Reply { actions, ..Reply::say("Sorry. I'll be more careful with that.") })
    }
}
