//! "Flip a coin", "roll a die": what chance decides.
//!
//! Chance is the clock's nanoseconds, stirred, so that a test with a clock of its own knows what comes.

use crate::numbers;
use crate::router::pattern::Patterns;
use jarvis_core::{IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};

const SPECS: &[SkillSpec] = &[
    SkillSpec {
        intent: "chance.coin",
        description: "Flip a coin.",
        examples: &["flip a coin", "heads or tails"],
        risk: Risk::None,
    },
    SkillSpec {
        intent: "chance.die",
        description: "Roll a die or two, or pick a number.",
        examples: &["roll a dice", "roll two dice", "pick a number between 1 and 100"],
        risk: Risk::None,
    },
];

/// Up to how many dice are rolled at once.
const MOST_DICE: f64 = 6.0;
/// The largest number that is picked.
const LARGEST: f64 = 1e9;

const COIN: &str = "chance.coin";
const DIE: &str = "chance.die";

#[rustfmt::skip]
const TEMPLATES: &[(&str, &str)] = &[
    (COIN, "(flip|toss|throw) [a|the|my|me a|another] coin [again]"),
    (COIN, "heads or tails"),
    (DIE, "(roll|throw|toss) [a|the|me a|another|one|some] (die|dice) [again]"),
    (DIE, "(roll|throw|toss) {count} (dice|die)"),
    (DIE, "(pick|choose|give me|tell me|think of|say) [a|me a] [random] number (between|from) {from} (and|to) {to}"),
    (DIE, "[a] random number (between|from) {from} (and|to) {to}"),
];

/// Leaves it to chance.
pub struct Chance {
    patterns: Patterns<&'static str>,
}

impl Chance {
    /// The skill, ready.
    pub fn new() -> Self {
        Self { patterns: Patterns::new(TEMPLATES) }
    }
}

impl Default for Chance {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for Chance {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        self.patterns.find(text, |intent, captures| {
            let mut slots = Slots::new();
            for (name, least, most) in [("count", 1.0, MOST_DICE), ("from", 0.0, LARGEST), ("to", 0.0, LARGEST)] {
                if let Some(said) = captures.get(name) {
                    let number = numbers::parse_all(said).filter(|number| number.fract() == 0.0)?;
                    slots.insert(name.into(), (least..=most).contains(&number).then(|| number.to_string())?);
                }
            }
            Some(IntentMatch { intent, slots, confidence: 0.95 })
        })
    }

    fn run(&mut self, intent: &str, slots: &Slots, context: &SkillContext<'_>) -> Result<Reply> {
        let mut seed = context.clock.local().timestamp().as_nanosecond() as u64;
        let number = |name: &str| slots.get(name).and_then(|number| number.parse::<u64>().ok());
        if intent == COIN {
            return Ok(Reply::say(if below(&mut seed, 2) == 0 { "Heads." } else { "Tails." }));
        }
        if let (Some(from), Some(to)) = (number("from"), number("to")) {
            let (least, most) = (from.min(to), from.max(to));
            return Ok(Reply::say(format!("{}.", least + below(&mut seed, most - least + 1))));
        }
        let dice: Vec<u64> = (0..number("count").unwrap_or(1)).map(|_| below(&mut seed, 6) + 1).collect();
        let each: Vec<String> = dice.iter().map(u64::to_string).collect();
        Ok(Reply::say(match each.as_slice() {
            [one] => format!("{one}."),
            several => format!("{}: {} together.", several.join(", "), dice.iter().sum::<u64>()),
        }))
    }
}

/// The next number below `count`, which is above zero, by SplitMix64.
fn below(seed: &mut u64, count: u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % count
}

#[cfg(test)]
mod tests {
    use crate::testing::Talk;
    use std::collections::BTreeSet;
    use std::time::Duration;

    #[test]
    fn every_side_comes_and_no_other() {
        let mut talk = Talk::new();
        let mut seen = BTreeSet::new();
        let mut sides = BTreeSet::new();
        for _ in 0..200 {
            talk.clock.advance(Duration::from_nanos(1));
            sides.insert(talk.say("flip a coin"));
            seen.insert(talk.say("roll a dice"));
            assert!(["3.", "4."].contains(&talk.say("pick a number between 4 and 3").as_str()));
        }
        assert_eq!(sides.into_iter().collect::<Vec<_>>(), ["Heads.", "Tails."]);
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["1.", "2.", "3.", "4.", "5.", "6."]);
        assert!(talk.say("roll two dice").ends_with("together."));
        for said in ["roll a joint", "how do coins work", "roll a hundred dice", "toss a salad"] {
            assert_eq!(talk.say(said), "chat", "{said}");
        }
    }
}
