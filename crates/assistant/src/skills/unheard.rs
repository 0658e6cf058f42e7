//! What has no words: "???", a face, a sound that was written down as a sign.
//!
//! Owns what is said then. A language model would make up what was meant.

use jarvis_core::{IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};

const INTENT: &str = "assistant.unheard";

const SPECS: &[SkillSpec] = &[SkillSpec {
    intent: INTENT,
    description: "Ask again where nothing was said but signs.",
    examples: &["???", "!", "…"],
    risk: Risk::None,
}];

/// Asks again.
#[derive(Debug, Default)]
pub struct Unheard;

impl Skill for Unheard {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        let has_words = text.contains(char::is_alphanumeric);
        (!has_words).then(|| IntentMatch { intent: INTENT, slots: Slots::new(), confidence: 0.5 })
    }

    /// What was said before can still be gone on from.
    fn is_aside(&self) -> bool {
        true
    }

    fn run(&mut self, _intent: &str, _slots: &Slots, _context: &SkillContext<'_>) -> Result<Reply> {
        Ok(Reply::say("I didn't catch that. Say it again?"))
    }
}

#[cfg(test)]
mod tests {
    use crate::router::{Routed, Router};
    use crate::skills;
    use proptest::prelude::*;

    fn intent(said: &str) -> &'static str {
        match Router::new(skills::all()).route(said) {
            Routed::Skill(matched) => matched.intent,
            Routed::Chat => "chat",
        }
    }

    #[test]
    fn signs_without_words_are_asked_about() {
        for said in [
            "???",
            "!",
            ".",
            "…",
            "",
            "   ",
            "?!?!",
            "\u{1f642}",
            "\u{1f642} \u{1f44d}!",
            "--",
            "¿?",
            "(...)",
            "\u{2764}\u{fe0f}",
        ] {
            assert_eq!(intent(said), super::INTENT, "{said:?}");
        }
        for said in ["a", "7", "no", "why?", "\u{1f642} tell me a joke", "Jarvis?"] {
            assert_ne!(intent(said), super::INTENT, "{said:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_has_no_letter_and_no_digit_reaches_no_model(said in "[\\p{P}\\p{Zs}]{0,12}") {
            prop_assert_ne!(intent(&said), "chat");
        }
    }
}
