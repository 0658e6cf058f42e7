//! How loud Jarvis speaks: louder, quieter, so many percent, or not at all. Never the volume of anything else.
//!
//! "Mute" shows answers without speaking them, so that a timer still rings.

use crate::numbers;
use crate::router::pattern::Patterns;
use jarvis_core::{Error, HostAction, IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};

const SPECS: &[SkillSpec] = &[SkillSpec {
    intent: "volume.set",
    description: "Change how loud Jarvis speaks, or whether it does.",
    examples: &["louder", "turn the volume down", "set the volume to 30 percent", "mute yourself", "unmute"],
    risk: Risk::Low,
}];

/// What is wanted, slot `to` of the intent.
#[rustfmt::skip]
const TEMPLATES: &[(&str, &str)] = &[
    ("mute", "mute [it|yourself|the sound|the volume|your voice|the voice]"),
    ("mute", "(turn off|switch off) (the sound|the volume|your sound|your voice|the voice)"),
    ("mute", "(turn|switch) (the sound|the volume|your sound|your voice|the voice) off"),
    ("mute", "(stop speaking aloud|do not speak aloud|do not speak anymore|be mute|silent mode)"),
    ("unmute", "unmute [it|yourself|the sound|the volume|your voice|the voice]"),
    ("unmute", "(turn on|switch on) (the sound|the volume|your sound|your voice|the voice)"),
    ("unmute", "(turn|switch) (the sound|the volume|your sound|your voice|the voice) on"),
    ("unmute", "(speak again|talk again|speak aloud again|speak aloud|use your voice again)"),
    ("up", "(turn|put) [it|that|the sound|the volume|your volume|your voice] up [a bit|a little|a little bit|a lot|more|again]"),
    ("up", "turn up [the|your] (sound|volume|voice) [a bit|a little|a lot]"),
    ("up", "(increase|raise) [the|your] (volume|sound) [a bit|a little|a lot]"),
    ("up", "[the] volume up"),
    ("up", "[be|make it|make yourself|speak|talk] [a bit|a little|a little bit|a lot|much|even] louder [a bit|a little|please]"),
    ("up", "(speak up|you are too quiet|you are too soft|i can hardly hear you|i can barely hear you)"),
    ("down", "(turn|put) [it|that|the sound|the volume|your volume|your voice] down [a bit|a little|a little bit|a lot|more|again]"),
    ("down", "turn down [the|your] (sound|volume|voice) [a bit|a little|a lot]"),
    ("down", "(lower|decrease|reduce) [the|your] (volume|sound|voice) [a bit|a little|a lot]"),
    ("down", "[the] volume down"),
    ("down", "[be|make it|make yourself|speak|talk] [a bit|a little|a little bit|a lot|much|even] (quieter|softer|more quietly|more softly) [a bit|a little|please]"),
    ("down", "(you are too loud|not so loud|do not shout)"),
    ("set", "(set|change|turn|put) [the|your] [speaking] (volume|sound) [level] (to|at) {percent}"),
    ("set", "(increase|raise|lower|decrease|reduce|turn up|turn down) [the|your] (volume|sound) to {percent}"),
    ("set", "(turn|put) [the|your] (volume|sound) (up|down) to {percent}"),
    ("set", "[the|your] volume [to|at] {percent}"),
    ("set", "{percent} volume"),
];

/// Changes how loud Jarvis speaks.
pub struct Volume {
    patterns: Patterns<&'static str>,
}

impl Volume {
    /// The skill, ready.
    pub fn new() -> Self {
        Self { patterns: Patterns::new(TEMPLATES) }
    }
}

impl Default for Volume {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for Volume {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        self.patterns.find(text, |wanted, captures| {
            let mut slots = Slots::from([("to".to_owned(), wanted.to_owned())]);
            if let Some(said) = captures.get("percent") {
                slots.insert("percent".into(), percent(said)?.to_string());
            }
            Some(IntentMatch { intent: "volume.set", slots, confidence: 0.9 })
        })
    }

    fn is_aside(&self) -> bool {
        true
    }

    fn run(&mut self, intent: &str, slots: &Slots, _context: &SkillContext<'_>) -> Result<Reply> {
        let set = |setting, value: String| HostAction::Set { setting, value: value.into() };
        let scale = |percent| HostAction::Scale { setting: "audio.volume", percent };
        let percent = slots.get("percent").and_then(|percent| percent.parse::<u32>().ok());
        let (action, spoken) = match (slots.get("to").map(String::as_str), percent) {
            (Some("mute"), _) => {
                (set("voice.enabled", "false".into()), "I only show answers now, until you say unmute.".into())
            }
            (Some("unmute"), _) => (set("voice.enabled", "true".into()), "I speak again.".to_owned()),
            (Some("up"), _) => (scale(25), "My volume is up, as far as it goes.".into()),
            (Some("down"), _) => (scale(-20), "My volume is down.".into()),
            (Some("set"), Some(percent)) => {
                let share = f64::from(percent.min(100)) / 100.0;
                (set("audio.volume", share.to_string()), format!("My volume is at {percent} percent."))
            }
            _ => return Err(Error::new("skill.unknown", format!("No skill serves {intent}."), "")),
        };
        Ok(Reply { spoken, actions: vec![action], ..Reply::default() })
    }
}

/// 0..=100, of "30 percent", "half", "7" (of ten).
fn percent(said: &str) -> Option<u32> {
    let number = ["%", "percent", "per cent"].iter().find_map(|unit| said.strip_suffix(unit)).map(str::trim);
    let percent = match (said, number) {
        ("max" | "maximum" | "full" | "the max" | "the maximum" | "a maximum", _) => 100.0,
        ("half" | "medium" | "a half", _) => 50.0,
        ("minimum" | "the minimum" | "min", _) => 10.0,
        (_, Some(number)) => numbers::parse_all(number)?,
        // Without a unit it may be one of ten steps.
        (said, None) => numbers::parse_all(said).map(|number| if number <= 10.0 { number * 10.0 } else { number })?,
    };
    (0.0..=100.0).contains(&percent).then_some(percent.round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeClock;

    #[test]
    fn each_wish_changes_one_setting() {
        let set = |setting, value: &'static str| HostAction::Set { setting, value: value.into() };
        let scale = |percent| HostAction::Scale { setting: "audio.volume", percent };
        let clock = FakeClock::new();
        let context = SkillContext { clock: &clock, last_reply: None, dry_run: false };
        let mut skill = Volume::new();
        for (said, action) in [
            ("louder", scale(25)),
            ("turn it up a bit", scale(25)),
            ("speak up", scale(25)),
            ("quieter", scale(-20)),
            ("turn the volume down", scale(-20)),
            ("you are too loud", scale(-20)),
            ("set the volume to 30 percent", set("audio.volume", "0.3")),
            ("set the volume to 30 %", set("audio.volume", "0.3")),
            ("volume seven", set("audio.volume", "0.7")),
            ("volume 100 percent", set("audio.volume", "1")),
            ("set the volume to half", set("audio.volume", "0.5")),
            ("full volume", set("audio.volume", "1")),
            ("mute yourself", set("voice.enabled", "false")),
            ("turn your voice off", set("voice.enabled", "false")),
            ("unmute", set("voice.enabled", "true")),
        ] {
            let found = skill.recognize(said).unwrap_or_else(|| panic!("{said}"));
            let reply = skill.run(found.intent, &found.slots, &context).unwrap();
            assert_eq!(reply.actions, [action], "{said}");
            assert!(!reply.spoken.is_empty());
        }
    }

    #[test]
    fn the_volume_of_other_things_is_not_its_own() {
        let skill = Volume::new();
        for said in [
            "turn up the music",
            "mute the tv",
            "what is the volume of a sphere",
            "set the volume to 300 percent",
            "what does mute mean",
            "the volume of a cube",
            "volume of a ball",
        ] {
            assert_eq!(skill.recognize(said), None, "{said}");
        }
    }
}
