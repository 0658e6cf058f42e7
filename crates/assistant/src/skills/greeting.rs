//! Greetings and the few words around them: who Jarvis is, what it can do, thanks, goodbye.

use crate::router::pattern::Patterns;
use jarvis_core::{IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};

const SPECS: &[SkillSpec] = &[SkillSpec {
    intent: "greeting",
    description: "Greet, say goodbye, take thanks, say who Jarvis is and what it can do.",
    examples: &["hello", "good morning", "how are you", "thank you", "goodbye", "who are you", "what can you do"],
    risk: Risk::None,
}];

/// What was said to Jarvis, and slot `kind` of the intent.
const TEMPLATES: &[(&str, &str)] = &[
    (
        "hello",
        "(hello|hi|hey|howdy|greetings|good day|hi there|hello there|hey there|hello hello|yo) [buddy|friend|again|everyone]",
    ),
    ("morning", "good morning [to you|sir|buddy|there]"),
    ("afternoon", "good afternoon [to you|sir|buddy|there]"),
    ("evening", "good evening [to you|sir|buddy|there]"),
    ("hello", "are you (there|awake|listening|on|alive)"),
    ("hello", "wake up"),
    ("night", "(good night|goodnight|sleep well|sweet dreams) [to you|buddy]"),
    (
        "goodbye",
        "(goodbye|good bye|bye|bye bye|see you|see you later|see you soon|farewell|talk to you later) [then|now|buddy]",
    ),
    ("how", "how are (you|things|you doing|you feeling) [today|this morning|this evening|tonight|right now]"),
    ("how", "how (is it going|do you do|have you been|is your day|is your day going)"),
    ("how", "(what is up|sup|are you (okay|ok|well|good|alright))"),
    (
        "thanks",
        "(thank you|thanks|cheers|much appreciated|i appreciate it|thank you kindly) [very much|so much|a lot|a bunch|again|buddy|for that|for your help|for the help|a million]",
    ),
    ("thanks", "(that was|you are) (helpful|very helpful|great|awesome|the best|amazing|wonderful)"),
    ("who", "(who|what) (are|r) you [exactly|again]"),
    ("who", "what is your name"),
    ("who", "what (do i|should i|can i) call you"),
    (
        "who",
        "(introduce yourself|tell me about yourself|tell me who you are|who is this|who am i talking to|who am i speaking to)",
    ),
    ("abilities", "what can (you do|i ask you|i ask|i say|you help me with|you help with|you do for me)"),
    (
        "abilities",
        "what (are you able to do|are your skills|are your abilities|are you capable of|do you do|do you know how to do)",
    ),
    ("abilities", "how can you help [me]"),
    (
        "abilities",
        "(help|help me|what are my options|what are the commands|what commands do you know|what commands are there)",
    ),
];

/// Greets.
pub struct Greeting {
    patterns: Patterns<&'static str>,
}

impl Greeting {
    /// The skill, ready.
    pub fn new() -> Self {
        Self { patterns: Patterns::new(TEMPLATES) }
    }
}

impl Default for Greeting {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for Greeting {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        self.patterns.find(text, |kind, _| {
            let slots = Slots::from([("kind".to_owned(), kind.to_owned())]);
            Some(IntentMatch { intent: "greeting", slots, confidence: 0.9 })
        })
    }

    /// After a greeting comes the question.
    fn expects_more(&self, matched: &IntentMatch) -> bool {
        matched
            .slots
            .get("kind")
            .is_some_and(|kind| ["hello", "morning", "afternoon", "evening"].contains(&kind.as_str()))
    }

    fn run(&mut self, _intent: &str, slots: &Slots, context: &SkillContext<'_>) -> Result<Reply> {
        let hour = context.clock.local().hour();
        Ok(Reply::say(match slots.get("kind").map(String::as_str) {
            // As it was said: nobody wants to be told that it is afternoon by now.
            Some("morning") => "Good morning.",
            Some("afternoon") => "Good afternoon.",
            Some("evening") => "Good evening.",
            Some("night") => "Good night.",
            Some("goodbye") if (5..18).contains(&hour) => "Goodbye. Have a good day.",
            Some("goodbye") => "Goodbye. Have a good evening.",
            Some("how") => "I'm well, thank you. What can I do for you?",
            Some("thanks") => "You're welcome.",
            Some("who") => "I'm Jarvis, your assistant. I run on this machine.",
            Some("abilities") => {
                "I can tell the time and the date, set timers, calculate, convert units, change my voice and volume, and answer questions, not always rightly."
            }
            _ => match hour {
                5..12 => "Good morning.",
                12..18 => "Good afternoon.",
                _ => "Good evening.",
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeClock;

    #[test]
    fn the_greeting_knows_the_time_of_day() {
        let mut skill = Greeting::new();
        for (time, greeting) in [("05:00", "Good morning."), ("12:00", "Good afternoon."), ("23:59", "Good evening.")] {
            let clock = FakeClock::at(&format!("2026-11-21T{time}:00+01:00[Europe/Berlin]"));
            let context = SkillContext { clock: &clock, last_reply: None, dry_run: false };
            let found = skill.recognize("hello").unwrap();
            assert_eq!(skill.run(found.intent, &found.slots, &context).unwrap().spoken, greeting);
            for said in ["good morning", "good afternoon", "good evening", "good night"] {
                let found = skill.recognize(said).unwrap();
                let spoken = skill.run(found.intent, &found.slots, &context).unwrap().spoken;
                assert_eq!(spoken.to_lowercase(), format!("{said}."));
            }
        }
    }
}
