//! Numbers as people say them and as recognition writes them: "twenty three", "1,234.5", "one and a half", "25th".
//!
//! Works on words that [`crate::router::normalize`] has folded. Never guesses: words that are no number give `None`.

/// Words from zero to nineteen, in order.
const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

/// Tens from twenty on, in order.
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// Words that multiply what stands before them.
const SCALES: [(&str, f64); 6] =
    [("hundred", 1e2), ("thousand", 1e3), ("million", 1e6), ("billion", 1e9), ("trillion", 1e12), ("dozen", 12.0)];

/// Ordinals that are not their number with "th" behind it.
const ORDINALS: [(&str, u32); 24] = [
    ("first", 1),
    ("second", 2),
    ("third", 3),
    ("fourth", 4),
    ("fifth", 5),
    ("sixth", 6),
    ("seventh", 7),
    ("eighth", 8),
    ("ninth", 9),
    ("tenth", 10),
    ("eleventh", 11),
    ("twelfth", 12),
    ("thirteenth", 13),
    ("fourteenth", 14),
    ("fifteenth", 15),
    ("sixteenth", 16),
    ("seventeenth", 17),
    ("eighteenth", 18),
    ("nineteenth", 19),
    ("twentieth", 20),
    ("thirtieth", 30),
    ("fortieth", 40),
    ("fiftieth", 50),
    ("sixtieth", 60),
];

/// Parts of one, as they follow "a", "one" or a count.
const PARTS: [(&str, f64); 8] = [
    ("half", 0.5),
    ("halves", 0.5),
    ("third", 1.0 / 3.0),
    ("thirds", 1.0 / 3.0),
    ("quarter", 0.25),
    ("quarters", 0.25),
    ("tenth", 0.1),
    ("tenths", 0.1),
];

/// The longest number at the beginning of `words`, and how many words it takes.
pub fn parse(words: &[&str]) -> Option<(f64, usize)> {
    match words.first()? {
        &("minus" | "negative") => unsigned(&words[1..]).map(|(number, length)| (-number, length + 1)),
        _ => unsigned(words),
    }
}

/// A number that is all of `text`.
pub fn parse_all(text: &str) -> Option<f64> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (number, length) = parse(&words)?;
    (length == words.len()).then_some(number)
}

/// A day of a month, a century, a place in a row: 1 to 99, and how many words it takes.
pub fn parse_ordinal(words: &[&str]) -> Option<(u32, usize)> {
    let first = *words.first()?;
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|ending| first.strip_suffix(ending));
    if let Some(number) = digits.and_then(|digits| digits.parse().ok()) {
        return Some((number, 1));
    }
    let ordinal = |word: &str| ORDINALS.iter().find(|(name, _)| *name == word).map(|(_, number)| *number);
    if let Some(number) = ordinal(first) {
        return Some((number, 1));
    }
    let tens = position(&TENS, first)? as u32 * 10 + 20;
    let ones = ordinal(words.get(1)?).filter(|ones| *ones < 10)?;
    Some((tens + ones, 2))
}

/// `text` with every number in words put into digits.
pub fn to_digits(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut out: Vec<String> = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        match unsigned(&words[at..]) {
            Some((number, length)) => {
                out.push(number.to_string());
                at += length;
            }
            None => {
                out.push(words[at].to_owned());
                at += 1;
            }
        }
    }
    out.join(" ")
}

fn unsigned(words: &[&str]) -> Option<(f64, usize)> {
    if let Some(part) = part_alone(words) {
        return Some(part);
    }
    let (mut number, mut length) = whole(words).or_else(|| (*words.first()? == "point").then_some((0.0, 0)))?;
    if let Some((decimals, taken)) = decimals(&words[length..]) {
        number += decimals;
        length += taken;
        // "one point five million"
        while let Some(factor) = words.get(length).and_then(|word| scale(word)) {
            number *= factor;
            length += 1;
        }
    } else if length == 0 {
        return None;
    }
    // "two and a half", "three and three quarters"
    if words.get(length) == Some(&"and")
        && let Some((part, taken)) = part_alone_exactly(&words[length + 1..])
    {
        number += part;
        length += taken + 1;
    }
    Some((number, length))
}

/// "half a", "a quarter of an", "three quarters of": parts of what is named next.
fn part_alone(words: &[&str]) -> Option<(f64, usize)> {
    let (part, mut length) = part_alone_exactly(words)?;
    let follows = |at: usize, options: &[&str]| words.get(at).is_some_and(|word| options.contains(word));
    if follows(length, &["of"]) && follows(length + 1, &["a", "an", "one"]) {
        length += 2;
    } else if follows(length, &["a", "an"]) {
        length += 1;
    }
    Some((part, length))
}

fn part_alone_exactly(words: &[&str]) -> Option<(f64, usize)> {
    let part = |at: usize| {
        let word = words.get(at)?;
        PARTS.iter().find(|(name, _)| name == word).map(|(_, part)| *part)
    };
    match words.first()? {
        &"half" => Some((0.5, 1)),
        &"quarter" => Some((0.25, 1)),
        &("a" | "an") => part(1).map(|part| (part, 2)),
        word => {
            let count = position(&SMALL, word).or_else(|| word.parse().ok()).filter(|count| (1..10).contains(count))?;
            part(1).map(|part| (count as f64 * part, 2))
        }
    }
}

/// A number without decimals in words, or digits as they are.
fn whole(words: &[&str]) -> Option<(f64, usize)> {
    let mut sum = 0.0;
    let mut group = None;
    let mut smallest_scale = f64::INFINITY;
    let mut at = 0;
    // "a hundred", "a couple of"
    let article = matches!(words.first()?, &("a" | "an"));
    if words.get(usize::from(article)) == Some(&"couple") {
        let length = usize::from(article) + 1;
        return Some((2.0, length + usize::from(words.get(length) == Some(&"of"))));
    }
    if article {
        scale(words.get(1)?)?;
        group = Some(1.0);
        at = 1;
    }
    let mut end = at;
    while let Some(word) = words.get(at) {
        if let Some((value, taken)) = below_hundred(&words[at..]) {
            match group {
                None => group = Some(value),
                // "one hundred twenty": only after a hundred, and only what is below it
                Some(before) if before >= 100.0 && before % 100.0 == 0.0 && value < 100.0 => {
                    group = Some(before + value)
                }
                Some(_) => break,
            }
            at += taken;
        } else if let Some(factor) = scale(word) {
            let Some(before) = group.or((sum == 0.0 && at == 0).then_some(1.0)) else { break };
            if factor == 100.0 {
                if before >= 100.0 {
                    break;
                }
                group = Some(before * factor);
            } else {
                if factor >= smallest_scale {
                    break;
                }
                smallest_scale = factor;
                sum += before * factor;
                group = None;
            }
            at += 1;
        } else if *word == "and" && end > 0 && is_after_scale(words[at - 1]) && continues(words.get(at + 1)) {
            at += 1;
            continue;
        } else {
            break;
        }
        end = at;
    }
    (end > 0).then(|| (sum + group.unwrap_or(0.0), end))
}

/// "and" goes on inside a number after these.
fn is_after_scale(word: &str) -> bool {
    scale(word).is_some_and(|factor| factor != 12.0)
}

/// Whether "and" is followed by a number that can go on with the one before it.
fn continues(word: Option<&&str>) -> bool {
    word.is_some_and(|word| position(&SMALL, word).is_some_and(|n| n > 0) || position(&TENS, word).is_some())
}

/// A number below a hundred in words, or any in digits.
fn below_hundred(words: &[&str]) -> Option<(f64, usize)> {
    let word = *words.first()?;
    if let Some(number) = digits(word) {
        return Some((number, 1));
    }
    if let Some(small) = position(&SMALL, word) {
        return Some((small as f64, 1));
    }
    let tens = position(&TENS, word)? * 10 + 20;
    match words.get(1).and_then(|word| position(&SMALL, word)) {
        Some(ones @ 1..=9) => Some(((tens + ones) as f64, 2)),
        _ => Some((tens as f64, 1)),
    }
}

/// "point one four", one digit a word; also "point 14".
fn decimals(words: &[&str]) -> Option<(f64, usize)> {
    if *words.first()? != "point" {
        return None;
    }
    let mut text = String::from("0.");
    let mut taken = 1;
    for word in &words[1..] {
        let digit = if *word == "oh" || *word == "o" { Some(0) } else { position(&SMALL[..10], word) };
        match digit {
            Some(digit) => text.push_str(&digit.to_string()),
            None if taken == 1 && word.len() <= 15 && word.bytes().all(|b| b.is_ascii_digit()) => text.push_str(word),
            None => break,
        }
        taken += 1;
    }
    (taken > 1).then(|| (text.parse().unwrap_or(0.0), taken))
}

fn scale(word: &str) -> Option<f64> {
    let singular = word.strip_suffix('s').unwrap_or(word);
    SCALES.iter().find(|(name, _)| *name == singular || *name == word).map(|(_, factor)| *factor)
}

/// Digits with at most one point, as [`crate::router::normalize::fold`] leaves them.
fn digits(word: &str) -> Option<f64> {
    let is_number = word.len() <= 30
        && word.bytes().any(|b| b.is_ascii_digit())
        && word.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    is_number.then(|| word.parse().ok()).flatten()
}

fn position(list: &[&str], word: &str) -> Option<usize> {
    list.iter().position(|known| *known == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The usual way to say a number, for going round.
    fn in_words(number: u64) -> String {
        let below_thousand = |n: u64, with_and: bool| {
            let mut words = Vec::new();
            if n >= 100 {
                words.extend([SMALL[(n / 100) as usize], "hundred"]);
            }
            let rest = (n % 100) as usize;
            if rest > 0 && n >= 100 && with_and {
                words.push("and");
            }
            match rest {
                0 => {}
                1..20 => words.push(SMALL[rest]),
                _ => {
                    words.push(TENS[rest / 10 - 2]);
                    if !rest.is_multiple_of(10) {
                        words.push(SMALL[rest % 10]);
                    }
                }
            }
            words.join(" ")
        };
        if number == 0 {
            return "zero".into();
        }
        let mut parts = Vec::new();
        for (name, size) in [("billion", 1_000_000_000), ("million", 1_000_000), ("thousand", 1000), ("", 1)] {
            let count = number / size % 1000;
            if count > 0 {
                parts.push(format!("{} {name}", below_thousand(count, count.is_multiple_of(2))).trim().to_owned());
            }
        }
        parts.join(" ")
    }

    #[test]
    fn numbers_as_people_say_them() {
        for (text, number) in [
            ("seventeen", 17.0),
            ("twenty three", 23.0),
            ("one hundred and forty four", 144.0),
            ("a hundred", 100.0),
            ("a hundred and one", 101.0),
            ("two thousand and five", 2005.0),
            ("one million two hundred thousand", 1_200_000.0),
            ("nineteen hundred", 1900.0),
            ("a dozen", 12.0),
            ("two dozen", 24.0),
            ("a couple of", 2.0),
            ("1234.5", 1234.5),
            ("1.5 million", 1_500_000.0),
            ("one point five million", 1_500_000.0),
            ("three point one four two six", 3.1426),
            ("point five", 0.5),
            ("zero point oh five", 0.05),
            ("3 point 15", 3.15),
            ("two and a half", 2.5),
            ("one and three quarters", 1.75),
            ("half", 0.5),
            ("half a", 0.5),
            ("a quarter of an", 0.25),
            ("three quarters of", 0.75),
            ("minus five", -5.0),
            ("negative forty", -40.0),
        ] {
            let words: Vec<&str> = text.split(' ').collect();
            let (parsed, _) = parse(&words).unwrap_or_else(|| panic!("{text}"));
            assert!((parsed - number).abs() < 1e-9, "{text}: {parsed}");
        }
    }

    #[test]
    fn what_is_no_number_is_left_alone() {
        for text in ["", "a", "an hour", "and", "point", "hundredth", "the", "tent", "minus", "1.2.3", "."] {
            assert_eq!(parse_all(text), None, "{text}");
        }
        assert_eq!(parse(&["five", "six"]), Some((5.0, 1)));
        assert_eq!(parse(&["twenty", "twelve"]), Some((20.0, 1)));
        assert_eq!(parse(&["five", "and", "six"]), Some((5.0, 1)));
        assert_eq!(parse(&["five", "and", "a", "cat"]), Some((5.0, 1)));
    }

    #[test]
    fn days_of_the_month() {
        for (text, day) in [("25th", 25), ("first", 1), ("twenty fifth", 25), ("31st", 31), ("thirty first", 31)] {
            let words: Vec<&str> = text.split(' ').collect();
            assert_eq!(parse_ordinal(&words), Some((day, words.len())), "{text}");
        }
        assert_eq!(parse_ordinal(&["twenty", "five"]), None);
    }

    #[test]
    fn sums_in_words_become_sums_in_digits() {
        assert_eq!(to_digits("seventeen times twenty three"), "17 times 23");
        assert_eq!(to_digits("square root of one hundred and forty four"), "square root of 144");
        assert_eq!(to_digits("two and a half plus half"), "2.5 plus 0.5");
    }

    proptest! {
        #[test]
        fn what_is_said_is_understood(number in prop_oneof![0_u64..2000, 0_u64..1_000_000_000]) {
            prop_assert_eq!(parse_all(&in_words(number)), Some(number as f64), "{}", in_words(number));
            prop_assert_eq!(parse_all(&number.to_string()), Some(number as f64));
        }

        #[test]
        fn no_words_make_it_panic(words in proptest::collection::vec(
            prop_oneof![
                proptest::sample::select(SMALL.to_vec()),
                proptest::sample::select(TENS.to_vec()),
                proptest::sample::select(vec!["hundred", "thousand", "million", "and", "a", "half", "point", "minus",
                    "quarters", "dozen", "couple", "of", "12", "3.5", "x"]),
            ], 0..12)) {
            if let Some((number, length)) = parse(&words) {
                prop_assert!(number.is_finite() && (1..=words.len()).contains(&length));
            }
            to_digits(&words.join(" "));
            parse_ordinal(&words);
        }
    }
}
