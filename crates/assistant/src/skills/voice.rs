//! How Jarvis sounds: the effect on its voice, how much of it, and how fast it speaks.
//!
//! Answers in a few words, which the host speaks in the new voice: that is the answer.

use crate::router::pattern::Patterns;
use jarvis_core::{Error, HostAction, IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};

const SPECS: &[SkillSpec] = &[SkillSpec {
    intent: "voice.set",
    description: "Change how Jarvis sounds: a voice effect (evil, robot, radio, cave or none), its strength, the speed.",
    examples: &[
        "use the robot voice",
        "sound evil",
        "talk like a radio",
        "talk normally",
        "speak faster",
        "speak a bit slower",
        "less of the effect",
        "which voices are there",
    ],
    risk: Risk::Low,
}];

/// What is wanted, slot `to` of the intent.
#[rustfmt::skip]
const TEMPLATES: &[(&str, &str)] = &[
    ("effect", "(use|try|do|put on|switch to|switch on|change to|go to|set|select|choose|turn on|give me|activate|enable) [the|your|a|an] {effect} (voice|effect|mode|voice effect|voice mode|sound) [now|again]"),
    ("effect", "(change|set|switch|turn|make) [the|your|my] (voice|effect|voice effect|sound) (to|into) [the|a|an] {effect} [voice|mode|one|effect]"),
    ("effect", "(speak|talk|sound|answer|reply|say it|say that) (in|with|using) [the|your|a|an] {effect} (voice|mode|effect)"),
    ("effect", "(speak|talk|sound|be|act|go|become|turn) [like|as|more|a bit|a little|a little bit] [the|a|an|some kind of] {effect} [again|now|today|from now on]"),
    ("effect", "i want [you to have|to hear] [the|a|an|your] {effect} voice"),
    ("effect", "{effect} (voice|mode) [please|on]"),
    ("normal", "(speak|talk|sound|be|go back to|back to|return to|use|switch back to|change back to) [back to] [your|the|being] [usual|own|old] (normal|normally|normal again|normally again|yourself|yourself again|usual|normal voice|regular voice|usual voice|own voice|default voice|real voice|original voice|old voice)"),
    // Without a name first: a name takes the word "voice", too.
    ("normal", "(turn|switch) off [the|your|that] (effect|voice effect|effects|voice effects)"),
    ("normal", "(turn|switch) [the|your|that] (effect|voice effect|effects|voice effects) off"),
    ("normal", "(turn|switch) off [the|your|that] {effect} (effect|voice effect|effects|voice effects|voice)"),
    ("normal", "(turn|switch) [the|your|that] {effect} (effect|voice effect|effects|voice effects|voice) off"),
    ("normal", "(stop|stop using|remove|disable|drop|lose|no|no more) [the|that|your|with the] {effect} (voice|effect|mode)"),
    ("normal", "(stop|stop using|remove|disable|drop|no|no more) [the|that|your] (voice effect|effects|voice effects|voice changer)"),
    ("normal", "(stop|quit) (being|sounding|talking|speaking) [like] [a|an|so] {effect}"),
    ("normal", "(normal|regular|default|usual) voice [again]"),
    ("more", "(more|stronger) [of] [the|that|your] [voice] effect"),
    ("more", "(make|turn) [the|that|your] [voice] effect [a bit|a little] (stronger|up)"),
    ("more", "(sound|be) [even|a bit|a little|much] more {effect}"),
    ("less", "(less|weaker) [of] [the|that|your] [voice] effect"),
    ("less", "(make|turn) [the|that|your] [voice] effect [a bit|a little] (weaker|down)"),
    ("less", "(sound|be) [a bit|a little|much] less {effect}"),
    ("faster", "(speak|talk|say it|say that|go|read) [a bit|a little|a little bit|a lot|much|even] (faster|quicker|more quickly)"),
    ("faster", "you (are speaking|are talking|speak|talk) (too slow|too slowly|so slowly|very slowly)"),
    ("faster", "(speed up|pick up the pace|hurry up)"),
    ("faster", "(increase|raise|speed up) [the|your] (speech|speaking|talking) [speed|rate]"),
    ("slower", "(speak|talk|say it|say that|go|read) [a bit|a little|a little bit|a lot|much|even] (slower|slowly|more slowly)"),
    ("slower", "do not (speak|talk) so (fast|quickly)"),
    ("slower", "you (are speaking|are talking|speak|talk) (too fast|too quickly|so fast|very fast)"),
    ("slower", "(slow down|not so fast)"),
    ("slower", "(decrease|reduce|lower|slow down) [the|your] (speech|speaking|talking) [speed|rate]"),
    ("speed", "(speak|talk) (at|with) [your|the|a] [usual|normal|regular] speed [again]"),
    ("hear", "(how|what) do you sound [like] [now]"),
    ("hear", "let me hear (your voice|you|how you sound)"),
    ("hear", "(test|try|try out) (your voice|the voice|the voice effect)"),
    ("which", "(what|which) [other|different|kind of|kinds of] (voices|voice effects) [are|do|have|can] [there|you|i] [got|have|know|do|use|choose|choose from|pick]"),
    ("which", "(do you have|have you got|are there) [any] (other|different|more) (voices|voice effects)"),
    ("which", "(list|show|show me|tell me) [all] [the|your|all your|all the] (voices|voice effects)"),
    ("which", "(what|how) [else] can you sound [like]"),
    // Last: a voice that there is none of. Whoever asks for it learns what there is.
    ("unknown", "(use|try|do|put on|switch to|change to|change into|set|select|choose|activate|enable) [the|your|a|an] {effect} (voice|voice effect|voice mode) [now|again]"),
    ("unknown", "(change|set|switch) [the|your] voice (to|into) [the|a|an] {effect} [voice|one]"),
    ("unknown", "(speak|talk|sound|answer|reply) (in|with|using) [the|your|a|an] {effect} (voice|voice effect)"),
];

/// What people call the effects.
const EFFECTS: &[(&str, &str)] = &[
    ("evil", "evil"),
    ("demon", "evil"),
    ("demonic", "evil"),
    ("devil", "evil"),
    ("monster", "evil"),
    ("villain", "evil"),
    ("scary", "evil"),
    ("robot", "robot"),
    ("robotic", "robot"),
    ("machine", "robot"),
    ("android", "robot"),
    ("computer", "robot"),
    ("radio", "radio"),
    ("walkie talkie", "radio"),
    ("telephone", "radio"),
    ("phone", "radio"),
    ("cave", "cave"),
    ("cathedral", "cave"),
    ("echo", "cave"),
    ("hall", "cave"),
    ("normal", "normal"),
    ("normally", "normal"),
    ("regular", "normal"),
    ("usual", "normal"),
    ("default", "normal"),
    ("human", "normal"),
];

/// What comes before an effect's name without changing it.
const ARTICLES: &[&str] = &["a", "an", "the", "like", "your", "in", "some"];

fn effect(words: &str) -> Option<&'static str> {
    let mut words = words;
    while let Some(rest) = ARTICLES.iter().find_map(|article| words.strip_prefix(article)?.strip_prefix(' ')) {
        words = rest;
    }
    EFFECTS.iter().find(|(name, _)| *name == words).map(|(_, effect)| *effect)
}

/// Changes how Jarvis sounds.
pub struct Voice {
    patterns: Patterns<&'static str>,
}

impl Voice {
    /// The skill, ready.
    pub fn new() -> Self {
        Self { patterns: Patterns::new(TEMPLATES) }
    }
}

impl Default for Voice {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for Voice {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        self.patterns.find(text, |wanted, slots| {
            let named = slots.get("effect").map(effect);
            let is_article = |words: &str| ARTICLES.contains(&words);
            let to = match (wanted, named) {
                ("unknown", Some(None)) if !slots.get("effect").is_some_and(is_article) => "which",
                // An effect that there is none of: somebody else's request.
                (_, Some(None)) => return None,
                ("effect", Some(Some(effect))) => effect,
                (wanted, _) => wanted,
            };
            let slots = Slots::from([("to".to_owned(), to.to_owned())]);
            Some(IntentMatch { intent: "voice.set", slots, confidence: 0.95 })
        })
    }

    fn is_aside(&self) -> bool {
        true
    }

    fn run(&mut self, _intent: &str, slots: &Slots, _context: &SkillContext<'_>) -> Result<Reply> {
        let to = slots.get("to").map_or("", String::as_str);
        let set = |setting, value: &'static str| HostAction::Set { setting, value: value.into() };
        let effect = |value, spoken| (set("voice.effect", value), spoken);
        let scale = |setting, percent, spoken| (HostAction::Scale { setting, percent }, spoken);
        let (action, spoken) = match to {
            // Of all that was changed about it.
            "normal" => {
                let actions = vec![set("voice.effect", "normal"), set("voice.rate", "1")];
                return Ok(Reply { spoken: "This is my normal voice.".into(), actions, ..Reply::default() });
            }
            "evil" => effect("evil", "As you wish. I feel darker already."),
            "robot" => effect("robot", "I am a robot now."),
            "radio" => effect("radio", "Radio check. Do you read me?"),
            "cave" => effect("cave", "Hello from the cave."),
            "more" => scale("voice.effect_amount", 30, "A stronger effect, like this."),
            "less" => scale("voice.effect_amount", -30, "Less of the effect, like this."),
            "faster" => scale("voice.rate", 15, "I speak faster now."),
            "slower" => scale("voice.rate", -13, "I speak slower now."),
            "speed" => (set("voice.rate", "1"), "This is my usual speed."),
            "which" => return Ok(Reply::say("I can sound normal, evil, like a robot, a radio, or in a cave.")),
            "hear" => return Ok(Reply::say("This is how I sound. What do you think?")),
            other => {
                return Err(Error::new(
                    "voice.unknown",
                    format!("I have no voice called “{other}”."),
                    "Say evil, robot, radio, cave or normal.",
                ));
            }
        };
        Ok(Reply { spoken: spoken.into(), actions: vec![action], ..Reply::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeClock;

    #[test]
    fn each_wish_changes_one_setting_and_is_answered_in_a_few_words() {
        let clock = FakeClock::new();
        let context = SkillContext { clock: &clock, last_reply: None, dry_run: false };
        let mut skill = Voice::new();
        for (said, setting, value) in [
            ("use the robot voice", "voice.effect", Some("robot")),
            ("sound evil", "voice.effect", Some("evil")),
            ("talk like a demon", "voice.effect", Some("evil")),
            ("speak in your radio voice", "voice.effect", Some("radio")),
            ("change your voice to a cave", "voice.effect", Some("cave")),
            ("talk normally", "voice.effect", Some("normal")),
            ("go back to your normal voice", "voice.effect", Some("normal")),
            ("stop the robot voice", "voice.effect", Some("normal")),
            ("turn off the voice effect", "voice.effect", Some("normal")),
            ("turn your effects off", "voice.effect", Some("normal")),
            ("switch off the robot voice", "voice.effect", Some("normal")),
            ("less of the effect", "voice.effect_amount", None),
            ("sound a bit more evil", "voice.effect_amount", None),
            ("speak faster", "voice.rate", None),
            ("talk a bit slower", "voice.rate", None),
            ("speak at your normal speed", "voice.rate", Some("1")),
        ] {
            let found = skill.recognize(said).unwrap_or_else(|| panic!("{said}"));
            let reply = skill.run(found.intent, &found.slots, &context).unwrap();
            assert!(reply.spoken.split(' ').count() <= 8, "{said}: {}", reply.spoken);
            match (&reply.actions[..], value) {
                ([HostAction::Set { setting: set, value: to }], Some(value)) => {
                    assert_eq!((*set, &**to), (setting, value), "{said}");
                }
                // The normal voice speaks at its usual speed.
                (
                    [HostAction::Set { setting: set, value: to }, HostAction::Set { setting: "voice.rate", .. }],
                    Some("normal"),
                ) => {
                    assert_eq!((*set, &**to), (setting, "normal"), "{said}");
                }
                ([HostAction::Scale { setting: set, .. }], None) => assert_eq!(*set, setting, "{said}"),
                other => panic!("{said}: {other:?}"),
            }
        }
    }

    #[test]
    fn whoever_asks_for_a_voice_that_there_is_none_of_learns_what_there_is() {
        let clock = FakeClock::new();
        let context = SkillContext { clock: &clock, last_reply: None, dry_run: false };
        let mut skill = Voice::new();
        for said in [
            "use the dragon voice",
            "use a deep voice",
            "use the microwave voice",
            "change your voice to a dragon",
            "talk in a female voice",
            "which voices are there",
            "what voices do you have",
            "what other voices can i choose",
            "do you have any other voices",
            "list your voices",
        ] {
            let found = skill.recognize(said).unwrap_or_else(|| panic!("{said}"));
            let reply = skill.run(found.intent, &found.slots, &context).unwrap();
            assert_eq!(reply.spoken, "I can sound normal, evil, like a robot, a radio, or in a cave.", "{said}");
            assert!(reply.actions.is_empty(), "{said}");
        }
    }

    #[test]
    fn what_is_said_of_robots_and_radios_is_not_about_the_voice() {
        let skill = Voice::new();
        for said in [
            "are you a robot",
            "turn on the radio",
            "play the radio",
            "use your voice",
            "speak louder",
            "sound the alarm",
            "what is an evil genius",
            "be nice",
            "stop talking",
            "talk about caves",
            "give me a voice",
        ] {
            assert_eq!(skill.recognize(said), None, "{said}");
        }
    }
}
