//! Sums, and from one unit to another, worked out exactly by `fend` and rounded for the ear.

mod convert;
mod fend;
mod sum;

use crate::numbers;
use crate::router::pattern::{Captures, Patterns};
use jarvis_core::{IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};

pub use convert::Convert;

const SPECS: &[SkillSpec] = &[
    SkillSpec {
        intent: EVALUATE,
        description: "Work out a sum: the four operations, powers, roots, percentages.",
        examples: &["what is seventeen times twenty three", "square root of 144", "what is 15 percent of 80"],
        risk: Risk::None,
    },
    SkillSpec {
        intent: UNCLEAR,
        description: "Ask for the rest of a sum, or own up to one that can't be worked out.",
        examples: &["7 times", "what is the sine of 90 degrees"],
        risk: Risk::None,
    },
];

const TEMPLATES: &[&str] = &[
    "(calculate|compute|evaluate|solve|work out|figure out|add up) {sum}",
    "(what is|what are|how much is|how much are|what does|tell me what is|tell me how much is|tell me|find|give me|what would) [the (result|value|answer) (of|to)] {sum} [equal|equals|make|is|be|=]",
    "how much does {sum} (make|equal)",
    "{sum} (equals|is equal to|is|makes|=) [what|how much]",
    "{sum}",
];

/// Sums that lack their end: "7 times".
const UNFINISHED: &[&str] = &[
    "[what is|what are|how much is|calculate] {sum} (times|plus|minus|divided by|multiplied by|to the power of|+|*|/)",
];

/// What a calculator is asked, and this one can't: a language model would invent a number.
const UNKNOWN: &[&str] = &[
    "[what is|calculate|tell me] [the] (sine|sin|cosine|cos|tangent|tan|arcsine|arccosine|arctangent|logarithm|log|natural log|natural logarithm|ln|integral|derivative) (of|for) {any}",
    "[what is|calculate|tell me] [the] (sine|sin|cosine|cos|tangent|tan|log|ln) {sum}",
    "(what is|how much is|calculate|compute) {sum} (times|plus|minus|divided by|multiplied by|+|*|/) {any}",
];

const EVALUATE: &str = "calc.evaluate";
const UNCLEAR: &str = "calc.unclear";

/// Works sums out.
pub struct Calculator {
    patterns: Patterns<()>,
    unfinished: Patterns<()>,
    unknown: Patterns<()>,
}

impl Calculator {
    /// The skill, ready.
    pub fn new() -> Self {
        let new = |templates: &[&'static str]| Patterns::new(&templates.iter().map(|t| ((), *t)).collect::<Vec<_>>());
        Self { patterns: new(TEMPLATES), unfinished: new(UNFINISHED), unknown: new(UNKNOWN) }
    }
}

impl Default for Calculator {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for Calculator {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        let whole = self.patterns.find(text, |(), captures| {
            let sum = sum::translate(captures.get("sum")?)?;
            let slots = Slots::from([("expression".to_owned(), sum)]);
            Some(IntentMatch { intent: EVALUATE, slots, confidence: 0.9 })
        });
        let unclear = |slots| IntentMatch { intent: UNCLEAR, slots, confidence: 0.6 };
        let is_number = |sum: &str| numbers::parse_all(sum).is_some() || sum::translate(sum).is_some();
        whole
            .or_else(|| {
                let missing = self.unfinished.find(text, |(), captures| {
                    captures.get("sum").filter(|sum| is_number(sum))?;
                    // As it was said: "7 times what?"
                    let said = ["what is ", "what are ", "how much is ", "calculate "];
                    Some(said.iter().find_map(|before| text.strip_prefix(before)).unwrap_or(text).to_owned())
                })?;
                Some(unclear(Slots::from([("missing".to_owned(), missing)])))
            })
            .or_else(|| {
                let fits = |captures: &Captures| captures.get("sum").is_none_or(is_number).then_some(());
                self.unknown.find(text, |(), captures| fits(captures)).map(|()| unclear(Slots::new()))
            })
    }

    fn expects_more(&self, matched: &IntentMatch) -> bool {
        matched.intent == UNCLEAR
    }

    fn run(&mut self, _intent: &str, slots: &Slots, _context: &SkillContext<'_>) -> Result<Reply> {
        if let Some(missing) = slots.get("missing") {
            return Ok(Reply::say(format!("{missing} what?")));
        }
        let expression = slots.get("expression").map_or("", String::as_str);
        if expression.is_empty() {
            return Ok(Reply::say("I can't work that out yet."));
        }
        let result = fend::evaluate(expression)?;
        let shown = format!("{} {} {}", sum::shown(expression), if result.rounded { "≈" } else { "=" }, result.shown());
        Ok(Reply { spoken: format!("That's {}.", result.spoken()), shown: Some(shown), ..Reply::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeClock;
    use std::time::Instant;

    fn ask(text: &str) -> String {
        let mut skill = Calculator::new();
        let found = skill.recognize(text).unwrap_or_else(|| panic!("not recognized: {text}"));
        let clock = FakeClock::new();
        let context = SkillContext { clock: &clock, last_reply: None, dry_run: false };
        skill.run(found.intent, &found.slots, &context).map_or_else(|error| error.message, |reply| reply.spoken)
    }

    #[test]
    fn sums_as_people_say_them() {
        for (asked, answer) in [
            ("what is seventeen times twenty three", "391"),
            ("17 * 23", "391"),
            ("what is 17 x 23", "391"),
            ("calculate 12 plus 30", "42"),
            ("what is 15 % of 80", "12"),
            ("what is fifteen percent of eighty", "12"),
            ("what is 20 percent off 50", "40"),
            ("100 minus 20 percent", "80"),
            ("200 plus 10 percent", "220"),
            ("50 plus 20 %", "60"),
            ("40 plus 10 plus 20 percent", "60"),
            ("20 percent plus 5 percent", "0.25"),
            ("100 plus 20 percent of 50", "110"),
            ("999999999999 times 999999999999", "about 1 times 10 to the power of 24"),
            ("what percent of 80 is 20", "25%"),
            ("square root of 144", "12"),
            ("what is the square root of two", "about 1.4142"),
            ("what is the cube root of 27", "3"),
            ("what is ten divided by four", "2.5"),
            ("what is ten divided by three", "about 3.3333"),
            ("two to the power of ten", "1,024"),
            ("what is 5 squared plus 2 cubed", "33"),
            ("what is half of ninety", "45"),
            ("twice twenty one", "42"),
            ("what is a third of ninety nine", "33"),
            ("add five and seven", "12"),
            ("subtract 5 from 12", "7"),
            ("multiply 6 by 7", "42"),
            ("divide 84 by 2", "42"),
            ("what is the sum of 3 and 4", "7"),
            ("what is the difference between 10 and 4", "6"),
            ("what is the product of 6 and 7", "42"),
            ("( 2 + 3 ) * 4", "20"),
            ("2 + 3 * 4", "14"),
            ("what is minus five plus two", "-3"),
            ("10 - 3", "7"),
            ("what is 5 factorial", "120"),
            ("what is 100 modulo 7", "2"),
            ("what is one million times one million", "1,000,000,000,000"),
            ("what is two plus two equal", "4"),
            ("what does 2 + 2 equal", "4"),
            ("two plus two is", "4"),
            ("what is pi times two", "about 6.2832"),
            ("what is 0.1 + 0.2", "0.3"),
            ("what is one divided by 8000", "0.000125"),
        ] {
            assert_eq!(ask(asked), format!("That's {answer}."), "{asked}");
        }
    }

    #[test]
    fn what_cannot_be_worked_out_is_said() {
        assert_eq!(ask("what is 5 divided by 0"), "Nothing can be divided by zero.");
        assert!(ask("two to the power of 300").starts_with("That's about 2.037 times 10 to the power of 90."));
        assert_eq!(ask("square root of minus four"), "I can't work that out.");
        assert_eq!(ask("7 times"), "7 times what?");
        assert_eq!(ask("what is 12 plus"), "12 plus what?");
        assert_eq!(ask("sin of 90 degrees"), "I can't work that out yet.");
        assert_eq!(ask("what is 5 plus banana"), "I can't work that out yet.");
    }

    #[test]
    fn monstrous_sums_end_soon() {
        for text in [
            "9 to the power of 9 to the power of 9 to the power of 9",
            "100000 factorial",
            "5 factorial factorial factorial",
        ] {
            let began = Instant::now();
            ask(text);
            println!("{text} took {:?}", began.elapsed());
        }
    }

    #[test]
    fn what_is_no_sum_is_for_others() {
        let skill = Calculator::new();
        for text in [
            "what is five",
            "what is the time",
            "what is two and two",
            "what is love",
            "twenty four seven",
            "what is the square root",
            "how much is a house",
            "what is catch 22",
            "what is pi",
            "what is plus",
            "times square",
            "what is the x factor",
            "half of the people",
            "10",
            "what is a factorial",
        ] {
            assert_eq!(skill.recognize(text), None, "{text}");
        }
    }
}
