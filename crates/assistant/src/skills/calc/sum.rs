//! Sums in words into sums in signs, by recursive descent.
//!
//! What comes out consists of digits, signs and a few functions that this file writes; nothing of what was said gets
//! through as it is. Words that are no part of a sum make it none.

use crate::numbers;

/// Signs between two numbers, by what is said for them.
const BETWEEN: &[(&[&str], &str)] = &[
    (&["to", "the", "power", "of"], "^"),
    (&["raised", "to", "the", "power", "of"], "^"),
    (&["to", "the", "power"], "^"),
    (&["raised", "to"], "^"),
    (&["^"], "^"),
    (&["multiplied", "by"], "*"),
    (&["times"], "*"),
    (&["x"], "*"),
    (&["*"], "*"),
    (&["×"], "*"),
    (&["divided", "by"], "/"),
    (&["over"], "/"),
    (&["/"], "/"),
    (&["÷"], "/"),
    (&["modulo"], "mod"),
    (&["mod"], "mod"),
    (&["plus"], "+"),
    (&["+"], "+"),
    (&["minus"], "-"),
    (&["less"], "-"),
    (&["-"], "-"),
    (&["−"], "-"),
];

/// What stands before a number and works on it.
const BEFORE: &[(&[&str], &str, &str)] = &[
    (&["the", "square", "root", "of"], "sqrt(", ")"),
    (&["square", "root", "of"], "sqrt(", ")"),
    (&["the", "cube", "root", "of"], "cbrt(", ")"),
    (&["cube", "root", "of"], "cbrt(", ")"),
    (&["the", "root", "of"], "sqrt(", ")"),
    (&["root", "of"], "sqrt(", ")"),
    (&["half", "of"], "(1/2 * ", ")"),
    (&["a", "half", "of"], "(1/2 * ", ")"),
    (&["one", "half", "of"], "(1/2 * ", ")"),
    (&["a", "third", "of"], "(1/3 * ", ")"),
    (&["one", "third", "of"], "(1/3 * ", ")"),
    (&["two", "thirds", "of"], "(2/3 * ", ")"),
    (&["a", "quarter", "of"], "(1/4 * ", ")"),
    (&["one", "quarter", "of"], "(1/4 * ", ")"),
    (&["three", "quarters", "of"], "(3/4 * ", ")"),
    (&["a", "tenth", "of"], "(1/10 * ", ")"),
    (&["twice"], "(2 * ", ")"),
    (&["double"], "(2 * ", ")"),
    (&["triple"], "(3 * ", ")"),
];

/// Two numbers around words, by what is said before, between and after them: `A` and `B` in the result.
const AROUND: &[(&[&str], &[&str], &str)] = &[
    (&["add"], &["and"], "A + B"),
    (&["add"], &["to"], "A + B"),
    (&["the", "sum", "of"], &["and"], "A + B"),
    (&["sum", "of"], &["and"], "A + B"),
    (&["subtract"], &["from"], "B - A"),
    (&["take"], &["from"], "B - A"),
    (&["take"], &["away", "from"], "B - A"),
    (&["the", "difference", "between"], &["and"], "A - B"),
    (&["the", "difference", "of"], &["and"], "A - B"),
    (&["multiply"], &["by"], "A * B"),
    (&["multiply"], &["and"], "A * B"),
    (&["multiply"], &["with"], "A * B"),
    (&["the", "product", "of"], &["and"], "A * B"),
    (&["product", "of"], &["and"], "A * B"),
    (&["divide"], &["by"], "A / B"),
    (&["what", "percent", "of"], &["is"], "B / A to %"),
    (&["what", "percentage", "of"], &["is"], "B / A to %"),
];

/// Sums of more words than this are none.
const MOST_WORDS: usize = 40;

/// The sum in signs, or `None` when the words are none: there has to be something to work out.
pub fn translate(said: &str) -> Option<String> {
    let said: Vec<&str> = said.split_whitespace().collect();
    if said.len() > MOST_WORDS {
        return None;
    }
    for (before, between, result) in AROUND {
        let Some(rest) = said.strip_prefix(*before) else { continue };
        for at in 1..rest.len() {
            let Some(second) = rest[at..].strip_prefix(*between) else { continue };
            if let (Some(a), Some(b)) = (whole(&rest[..at]), whole(second)) {
                let wrap = |sum: String| if sum.contains(' ') { format!("({sum})") } else { sum };
                return Some(result.replace('A', &wrap(a)).replace('B', &wrap(b)));
            }
        }
    }
    // "a 20 percent tip on 45"
    let tip = said.strip_prefix(&["a"]).unwrap_or(&said);
    if let Some(at) = tip.iter().position(|word| *word == "tip")
        && tip.get(at + 1).is_some_and(|word| matches!(*word, "on" | "for" | "of"))
        && let (Some(percent), Some(sum)) = (whole(&tip[..at]), whole(without_dollars(&tip[at + 2..])))
        && percent.ends_with("/100)")
    {
        return Some(format!("{percent} * {sum}"));
    }
    let sum = whole(&said)?;
    let is_number = numbers::parse_all(&said.join(" ")).is_some() || sum.parse::<f64>().is_ok();
    (!is_number && sum != "pi").then_some(sum)
}

/// A sum as it is shown.
pub fn shown(expression: &str) -> String {
    let percents = with_percents(expression);
    let signs = without_outer_parentheses(&percents)
        .replace(" * ", " × ")
        .replace(" / ", " ÷ ")
        .replace(" - ", " − ")
        .replace(" to %", "")
        .replace("sqrt(", "√(")
        .replace("cbrt(", "∛(");
    super::fend::group(&signs)
}

/// The number, and of how many words, where recognition heard "eighty" or "eighteen" behind a sign as what sounds like it:
/// "37 plus AD3", "43 plus a in". No other number does.
fn misheard(words: &[&str]) -> Option<(u32, usize)> {
    let digit = |word: &str| word.parse::<u32>().ok().filter(|digit| (1..10).contains(digit) && word.len() == 1);
    match words {
        ["a", "in", ..] => Some((18, 2)),
        ["ad", ones, ..] if digit(ones).is_some() => Some((80 + digit(ones)?, 2)),
        ["ad", ..] => Some((80, 1)),
        [joined, ..] => Some((80 + digit(joined.strip_prefix("ad")?)?, 1)),
        [] => None,
    }
}

/// "(15/100) * 80" as "15 % of 80", "(1 - 20/100) * 50" as "20 % off 50", "50 * (1 + 20/100)" as "50 + 20 %".
fn with_percents(expression: &str) -> String {
    let mut text = expression.to_owned();
    while let Some(end) = text.find("/100)") {
        let Some(open) = opening_of(&text, end) else { break };
        let after = end + "/100)".len();
        let inside = &text[open + 1..end];
        let number = inside.strip_prefix("1 - ").unwrap_or(inside);
        let rest = &text[after..];
        let changed = text[..open].strip_suffix(" * ");
        if let (Some(before), Some((sign, number))) =
            (changed, inside.strip_prefix("1 ").and_then(|i| i.split_once(' ')))
        {
            text = format!("{} {sign} {number} %{rest}", without_outer_parentheses(before));
            continue;
        }
        text = match rest.strip_prefix(" * ") {
            Some(of) if number.len() < inside.len() => format!("{}{number} % off {of}", &text[..open]),
            Some(of) => format!("{}{number} % of {of}", &text[..open]),
            None => format!("{}{number} %{rest}", &text[..open]),
        };
    }
    text
}

/// Whether a part of a sum is "(20/100)".
fn is_percent(part: &str) -> bool {
    let number = part.strip_prefix('(').and_then(|part| part.strip_suffix("/100)"));
    number.is_some_and(|number| number.parse::<f64>().is_ok())
}

/// Where the parenthesis opens that is open at byte `end`.
fn opening_of(text: &str, end: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in text[..end].bytes().enumerate().rev() {
        match byte {
            b')' => depth += 1,
            b'(' if depth == 0 => return Some(at),
            b'(' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn without_outer_parentheses(mut text: &str) -> &str {
    while let Some(inside) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'))
        && opening_of(text, text.len() - 1) == Some(0)
    {
        text = inside;
    }
    text
}

fn without_dollars<'a, 'b>(words: &'a [&'b str]) -> &'a [&'b str] {
    let words = words.strip_prefix(&["$"]).unwrap_or(words);
    words.strip_suffix(&["dollars"]).unwrap_or(words)
}

/// All of `words` as a sum or a number.
fn whole(words: &[&str]) -> Option<String> {
    let mut reader = Reader { words, at: 0 };
    let sum = reader.sum()?;
    (reader.at == words.len()).then_some(sum)
}

struct Reader<'a, 'b> {
    words: &'a [&'b str],
    at: usize,
}

impl Reader<'_, '_> {
    /// Numbers with signs between them.
    fn sum(&mut self) -> Option<String> {
        let mut out = self.operand()?;
        while let Some(sign) = self.take_sign() {
            let next = self.operand()?;
            // "100 minus 20 percent": of what stands before, as people and their calculators mean it.
            if matches!(sign, "+" | "-") && is_percent(&next) && !is_percent(&out) && !self.goes_on_strongly() {
                let sum = if out.contains(' ') { format!("({out})") } else { out };
                out = format!("{sum} * (1 {sign} {}", &next[1..]);
            } else if sign == "^" {
                out.push_str(&format!("^{next}"));
            } else {
                out.push_str(&format!(" {sign} {next}"));
            }
        }
        Some(out)
    }

    /// A number, with what stands before and after it.
    fn operand(&mut self) -> Option<String> {
        for (words, open, close) in BEFORE {
            if self.take(words) {
                return Some(format!("{open}{}{close}", self.operand()?));
            }
        }
        if self.take(&["("]) {
            let inside = self.sum()?;
            return self.take(&[")"]).then(|| self.after(format!("({inside})")))?;
        }
        if self.take(&["pi"]) || self.take(&["the", "number", "pi"]) {
            return self.after("pi".into());
        }
        if self.take(&["-"]) {
            return Some(format!("(-{})", self.operand()?));
        }
        let rest = &self.words[self.at..];
        if let Some(digits) = rest.first().and_then(|word| word.strip_prefix('-'))
            && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && let Ok(number) = digits.parse::<f64>()
        {
            self.at += 1;
            return self.after(format!("(-{number})"));
        }
        if self.at > 0
            && let Some((number, length)) = misheard(rest)
        {
            self.at += length;
            return self.after(number.to_string());
        }
        let (number, length) = numbers::parse(rest)?;
        // "half a" waits for a unit, which a sum has not.
        if rest[length - 1] == "a" || rest[length - 1] == "an" || rest[length - 1] == "of" {
            return None;
        }
        self.at += length;
        self.after(if number < 0.0 { format!("(-{})", -number) } else { number.to_string() })
    }

    /// "squared", "percent of", "factorial" behind a number.
    fn after(&mut self, mut number: String) -> Option<String> {
        loop {
            if self.take(&["squared"]) {
                number = format!("{number}^2");
            } else if self.take(&["cubed"]) {
                number = format!("{number}^3");
            } else if self.take(&["factorial"]) {
                let is_plain = number.bytes().all(|b| b.is_ascii_digit());
                number = if is_plain { format!("{number}!") } else { format!("({number})!") };
            } else if self.take(&["%"]) || self.take(&["percent"]) || self.take(&["per", "cent"]) {
                if self.take(&["of"]) {
                    return Some(format!("({number}/100) * {}", self.operand()?));
                }
                if self.take(&["off", "of"]) || self.take(&["off"]) {
                    return Some(format!("(1 - {number}/100) * {}", self.operand()?));
                }
                number = format!("({number}/100)");
            } else {
                return Some(number);
            }
        }
    }

    /// Whether the sign that follows binds more strongly than plus and minus.
    fn goes_on_strongly(&self) -> bool {
        let rest = &self.words[self.at..];
        BETWEEN.iter().any(|(words, sign)| !matches!(*sign, "+" | "-") && rest.starts_with(words))
    }

    fn take_sign(&mut self) -> Option<&'static str> {
        BETWEEN.iter().find(|(words, _)| self.take(words)).map(|(_, sign)| *sign)
    }

    fn take(&mut self, words: &[&str]) -> bool {
        let is_next = self.words[self.at..].starts_with(words);
        self.at += if is_next { words.len() } else { 0 };
        is_next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_that_were_heard_as_letters_are_known_behind_a_sign() {
        for (said, meant) in [
            ("30 plus ad", "30 + 80"),
            ("37 plus ad3", "37 + 83"),
            ("9 times ad 4", "9 * 84"),
            ("43 minus a in", "43 - 18"),
        ] {
            assert_eq!(translate(said).as_deref(), Some(meant), "{said}");
        }
        for said in ["ad plus 30", "a in plus 30", "30 plus ad10", "30 plus ad0", "30 plus adé", "30 plus a"] {
            assert_eq!(translate(said), None, "{said}");
        }
    }

    #[test]
    fn sums_are_shown_as_one_writes_them() {
        assert_eq!(shown(&translate("17 times 23").unwrap()), "17 × 23");
        for (said, expected) in [
            ("square root of 2", "√(2)"),
            ("15 percent of 80", "15 % of 80"),
            ("20 percent off 50", "20 % off 50"),
            ("50 plus 20 percent", "50 + 20 %"),
            ("100 - 20 %", "100 − 20 %"),
            ("a 20 percent tip on 45", "20 % of 45"),
            ("7 factorial", "7!"),
            ("half of 2500", "1/2 × 2,500"),
            ("( 2 + 3 ) * 4", "(2 + 3) × 4"),
            ("( 2 + 3 ) * ( 4 + 1 )", "(2 + 3) × (4 + 1)"),
            ("1500 times 0.12345", "1,500 × 0.12345"),
        ] {
            assert_eq!(shown(&translate(said).unwrap()), expected, "{said}");
        }
    }

    proptest! {
        #[test]
        fn sums_of_two_numbers_are_right(a in 0_u32..10_000, b in 1_u32..10_000) {
            let value = |said: &str| super::super::fend::evaluate(&translate(said).unwrap()).unwrap().shown().replace(',', "");
            prop_assert_eq!(value(&format!("{a} plus {b}")), (a + b).to_string());
            prop_assert_eq!(value(&format!("{a} minus {b}")), (i64::from(a) - i64::from(b)).to_string());
            prop_assert_eq!(value(&format!("{a} times {b}")), (u64::from(a) * u64::from(b)).to_string());
        }

        #[test]
        fn no_words_make_it_panic(words in proptest::collection::vec(proptest::sample::select(vec![
            "one", "hundred", "plus", "minus", "-", "-5", "times", "(", ")", "squared", "percent", "of", "half", "a",
            "the", "square", "root", "add", "and", "to", "tip", "on", "factorial", "12", "point", "what", "is",
        ]), 0..14)) {
            if let Some(sum) = translate(&words.join(" ")) {
                prop_assert!(sum.is_ascii());
                let _ = super::super::fend::evaluate(&sum);
            }
        }
    }
}
