//! Everything that begins with a digit and is no time or date: numbers, amounts of money, measurements, ranges,
//! fractions and version numbers.
//!
//! Owns how they are recognized; the words for them are made in `numbers`, the names in `units`.

use super::calendar::attempt;
use super::numbers::{cardinal, decade, decimal, fraction, integer, ordinal, year};
use super::reader::Reader;
use super::units::{self, Currency};

/// Words after which an old four-digit number is a year.
const YEAR_WORDS: [&str; 12] =
    ["in", "since", "by", "of", "from", "until", "till", "year", "before", "after", "around", "during"];
const MAGNITUDES: [&str; 5] = ["hundred", "thousand", "million", "billion", "trillion"];

/// A number as it is written.
struct Literal {
    /// Digits before the point, without separators.
    whole: String,
    /// Digits after it.
    fraction: Option<String>,
    /// Whether it was written with thousands separators.
    grouped: bool,
}

impl Literal {
    fn words(&self) -> String {
        match &self.fraction {
            Some(fraction) => decimal(&self.whole, fraction),
            None => integer(&self.whole),
        }
    }

    fn is_one(&self) -> bool {
        self.whole == "1" && self.fraction.is_none()
    }

    /// The number, if it is a whole one of reasonable size.
    fn value(&self) -> Option<u64> {
        if self.fraction.is_none() && self.whole.len() <= 15 { self.whole.parse().ok() } else { None }
    }
}

/// A quantity, if one is next.
pub fn expression(reader: &mut Reader) -> Option<String> {
    if let Some(words) = attempt(reader, power) {
        return Some(words);
    }
    if !reader.is_start() {
        // Within a word, as in "B12": just the digits.
        let found = reader.digits();
        return (!found.is_empty()).then(|| integer(&found));
    }
    attempt(reader, version)
        .or_else(|| attempt(reader, ratio))
        .or_else(|| attempt(reader, slash))
        .or_else(|| attempt(reader, range))
        .or_else(|| attempt(reader, signed))
}

/// `1.2.3`, an address on a network too.
fn version(reader: &mut Reader) -> Option<String> {
    let mut parts = vec![reader.digits()];
    while reader.peek() == Some('.') && reader.ahead(1).is_some_and(|c| c.is_ascii_digit()) {
        reader.advance(1);
        parts.push(reader.digits());
    }
    let words: Vec<String> = parts.iter().map(|part| integer(part)).collect();
    (parts.len() >= 3 && !parts[0].is_empty()).then(|| words.join(" point "))
}

/// The `^2` of `x^2` and `10^2`, in the words of `x²`.
fn power(reader: &mut Reader) -> Option<String> {
    reader.before(1).filter(|c| c.is_alphanumeric() || *c == ')')?;
    reader.eat("^").then_some(())?;
    let words = match reader.digits().as_str() {
        "2" => "squared",
        "3" => "cubed",
        _ => return None,
    };
    reader.is_end().then(|| words.to_owned())
}

/// `16:9`.
fn ratio(reader: &mut Reader) -> Option<String> {
    let one = reader.digits();
    (!one.is_empty() && reader.eat(":")).then_some(())?;
    let other = reader.digits();
    (!other.is_empty() && reader.is_end()).then(|| format!("{} to {}", integer(&one), integer(&other)))
}

/// `3/4`, `1 1/2`, `8/10`, `24/7`.
fn slash(reader: &mut Reader) -> Option<String> {
    let whole = attempt(reader, |reader| {
        let whole = reader.digits();
        (!whole.is_empty() && reader.eat(" ")).then_some(())?;
        Some(whole)
    });
    let (numerator, denominator) = slash_pair(reader)?;
    let fraction = fraction(numerator, denominator).filter(|_| !matches!(denominator, 10 | 20 | 50 | 100));
    match (whole, fraction) {
        (Some(whole), Some(_)) if numerator >= denominator || whole.len() > 6 => None,
        (Some(whole), Some(fraction)) => {
            let fraction = fraction.strip_prefix("one ").map_or(fraction.clone(), |part| format!("a {part}"));
            Some(format!("{} and {}", integer(&whole), fraction.replace("a eighth", "an eighth")))
        }
        (Some(_), None) => None,
        (None, _) if (numerator, denominator) == (24, 7) => Some("twenty-four seven".to_owned()),
        (None, _) if (numerator, denominator) == (9, 11) => Some("nine eleven".to_owned()),
        (None, _) if (numerator, denominator) == (50, 50) => Some("fifty-fifty".to_owned()),
        (None, Some(fraction)) => Some(fraction),
        (None, None) if matches!(denominator, 5 | 10 | 20 | 50 | 100) => {
            Some(format!("{} out of {}", cardinal(numerator), cardinal(denominator)))
        }
        (None, None) => Some(format!("{} over {}", cardinal(numerator), cardinal(denominator))),
    }
}

fn slash_pair(reader: &mut Reader) -> Option<(u64, u64)> {
    let numerator = reader.digits();
    reader.eat("/").then_some(())?;
    let denominator = reader.digits();
    let short = (1..=6).contains(&numerator.len()) && (1..=6).contains(&denominator.len());
    let ends = reader.is_end() && !matches!(reader.peek(), Some('/'));
    (short && ends).then(|| Some((numerator.parse().ok()?, denominator.parse().ok()?)))?
}

/// `5-10 km`, `1990–1995`, `$5-$10`.
fn range(reader: &mut Reader) -> Option<String> {
    let start = *reader;
    let sign = reader.eat_any(&['$', '€', '£', '¥', '₹']);
    let first = literal(reader)?;
    let first_unit =
        attempt(reader, |reader| suffix(reader, &first)).or_else(|| attempt(reader, |reader| measure(reader, &first)));
    attempt(reader, |reader| {
        reader.blanks();
        let dash = reader.eat_any(&['-', '–', '—'])?;
        reader.blanks();
        // A spaced hyphen is a minus or a break; a spaced dash between numbers is a range.
        (dash != '-' || start_touches(reader)).then_some(())
    })?;
    let second_start = *reader;
    let follows = amount(reader)?;
    let mut equation = *reader;
    equation.blanks();
    if equation.peek() == Some('=') {
        return None;
    }
    let mut second_reader = second_start;
    let _ = second_reader.eat_any(&['$', '€', '£', '¥', '₹']);
    let second = literal(&mut second_reader)?;
    let first_words = match (first_unit, sign) {
        (Some(words), _) => words,
        _ if is_year(&first, &start, true)
            && (is_year(&second, &start, true) || is_later_in_century(&first, &second)) =>
        {
            year(first.value()?)
        }
        _ => first.words(),
    };
    // The unit of "$5-10" stands before the first, that of "$5-7 million" on both sides.
    let follows = match sign.and_then(units::currency) {
        Some(currency) => {
            let mut rest = second_start;
            let _ = rest.eat_any(&['$', '€', '£', '¥', '₹']);
            let literal = literal(&mut rest)?;
            let words = money(&mut rest, &literal, &currency);
            *reader = rest;
            words
        }
        None => follows,
    };
    Some(format!("{first_words} to {follows}"))
}

/// Whether nothing stands between the dash that was just read and the digit before it.
fn start_touches(reader: &Reader) -> bool {
    reader.before(1) == Some('-') && reader.before(2).is_some_and(|c| !c.is_whitespace())
}

/// A number with its sign.
fn signed(reader: &mut Reader) -> Option<String> {
    let before = reader.before(1);
    match reader.peek()? {
        '-' if before.is_none_or(|c| c.is_whitespace() || "([=<>,:^".contains(c)) => {
            reader.advance(1);
            // "- 5" is a break before a number.
            reader.peek().filter(|c| !c.is_whitespace())?;
            Some(format!("minus {}", amount(reader)?))
        }
        '+' if before.is_none_or(|c| c.is_whitespace() || c == '(') => {
            reader.advance(1);
            reader.peek().filter(|c| !c.is_whitespace())?;
            Some(format!("plus {}", amount(reader)?))
        }
        '#' => {
            reader.advance(1);
            Some(format!("number {}", amount(reader)?))
        }
        _ => amount(reader),
    }
}

/// A number with what belongs to it: currency, unit, suffix.
fn amount(reader: &mut Reader) -> Option<String> {
    let start = *reader;
    if let Some(currency) = units::prefix(reader) {
        let literal = literal(reader)?;
        let words = money(reader, &literal, &currency);
        return Some(words + &per(reader));
    }
    let literal = literal(reader)?;
    if let Some(words) = attempt(reader, |reader| suffix(reader, &literal)) {
        return Some(words);
    }
    if let Some(words) = attempt(reader, |reader| measure(reader, &literal)) {
        return Some(words + &per(reader));
    }
    if is_year(&literal, &start, false) {
        return literal.value().map(year);
    }
    Some(literal.words())
}

/// Digits with thousands separators and a decimal point. A point or comma that ends a sentence or clause stays.
fn literal(reader: &mut Reader) -> Option<Literal> {
    let mut whole = reader.digits();
    let mut grouped = false;
    if (1..=3).contains(&whole.len()) {
        while let Some(group) = attempt(reader, |reader| {
            reader.eat(",").then_some(())?;
            let group = reader.digits();
            (group.len() == 3).then_some(group)
        }) {
            whole += &group;
            grouped = true;
        }
    }
    let fraction = attempt(reader, |reader| {
        reader.eat(".").then_some(())?;
        Some(reader.digits()).filter(|digits| !digits.is_empty())
    });
    (!whole.is_empty() || fraction.is_some()).then_some(Literal { whole, fraction, grouped })
}

/// `$3.50`, `$1.2 million`, `$5k`.
fn money(reader: &mut Reader, literal: &Literal, currency: &Currency) -> String {
    if let Some(magnitude) = attempt(reader, magnitude) {
        return format!("{} {magnitude} {}", literal.words(), currency.many);
    }
    let name = |one: bool| if one { currency.one } else { currency.many };
    match (&literal.fraction, currency.hundredth) {
        (Some(cents), Some((one, many))) if cents.len() == 2 => {
            let count: u64 = cents.parse().unwrap_or(0);
            let small = format!("{} {}", cardinal(count), if count == 1 { one } else { many });
            let large = format!("{} {}", integer(&literal.whole), name(literal.whole == "1"));
            match (literal.whole.trim_start_matches('0'), count) {
                (_, 0) => large,
                ("", _) => small,
                _ => format!("{large} and {small}"),
            }
        }
        _ => format!("{} {}", literal.words(), name(literal.is_one())),
    }
}

/// A word or letter that multiplies the number before it.
fn magnitude(reader: &mut Reader) -> Option<&'static str> {
    const SHORT: [(&str, &str); 8] = [
        ("bn", "billion"),
        ("mn", "million"),
        ("tn", "trillion"),
        ("mm", "million"),
        ("k", "thousand"),
        ("m", "million"),
        ("b", "billion"),
        ("t", "trillion"),
    ];
    for (short, name) in SHORT {
        if ends_with(reader, short) {
            reader.advance(short.len());
            return Some(name);
        }
    }
    reader.blanks();
    let name = MAGNITUDES.into_iter().find(|name| reader.eat(name))?;
    reader.is_end().then_some(name)
}

/// What may follow a number without a blank: `1st`, `1990s`, `3x`, `1e6`, `5k`, `1½`.
fn suffix(reader: &mut Reader, literal: &Literal) -> Option<String> {
    if let Some(half) = reader.peek().and_then(vulgar) {
        reader.advance(1);
        return Some(format!("{} and {half}", literal.words()));
    }
    if let Some(value) = literal.value() {
        let is_ordinal = ["st", "nd", "rd", "th"].into_iter().any(|suffix| ends_with(reader, suffix));
        if is_ordinal {
            reader.advance(2);
            return Some(ordinal(value));
        }
        if value.is_multiple_of(10) && matches!(literal.whole.len(), 2 | 4) {
            let apostrophe = attempt(reader, |reader| (reader.eat("'s") && reader.is_end()).then_some(()));
            if apostrophe.is_some()
                || attempt(reader, |reader| (reader.eat("s") && reader.is_end()).then_some(())).is_some()
            {
                return Some(decade(value));
            }
        }
    }
    if let Some(exponent) = attempt(reader, exponent) {
        return Some(format!("{} times ten to the {exponent}", literal.words()));
    }
    match reader.peek()?.to_ascii_lowercase() {
        'x' | '×' if reader.ahead(1).is_some_and(|c| c.is_ascii_digit()) => Some(dimensions(reader, literal)),
        'x' if ends_with(reader, "x") => {
            reader.advance(1);
            Some(format!("{} times", literal.words()))
        }
        // A whole number of them is a resolution: 4K.
        'k' if ends_with(reader, "k") && (reader.peek() == Some('k') || literal.fraction.is_some()) => {
            reader.advance(1);
            Some(format!("{} thousand", literal.words()))
        }
        'm' if reader.peek() == Some('M') && ends_with(reader, "M") => {
            reader.advance(1);
            Some(format!("{} million", literal.words()))
        }
        _ => None,
    }
}

/// The rest of `3x4x5 cm`, whose first number was read.
fn dimensions(reader: &mut Reader, first: &Literal) -> String {
    let mut words = first.words();
    let further = |reader: &mut Reader| {
        attempt(reader, |reader| {
            reader.eat_any(&['x', 'X', '×'])?;
            literal(reader)
        })
    };
    let mut next = further(reader);
    while let Some(number) = next {
        let named = attempt(reader, |reader| measure(reader, &number));
        words += &format!(" by {}", named.unwrap_or_else(|| number.words()));
        next = further(reader);
    }
    words
}

/// Whether `text` is next and a word ends after it.
fn ends_with(reader: &Reader, text: &str) -> bool {
    let mut copy = *reader;
    copy.eat(text) && copy.is_end()
}

fn vulgar(character: char) -> Option<&'static str> {
    Some(match character {
        '½' => "a half",
        '¼' => "a quarter",
        '¾' => "three quarters",
        '⅓' => "a third",
        '⅔' => "two thirds",
        _ => return None,
    })
}

/// `e-5`.
fn exponent(reader: &mut Reader) -> Option<String> {
    reader.eat("e").then_some(())?;
    let minus = reader.eat_any(&['-', '+']) == Some('-');
    let exponent = reader.digits();
    let words = (!exponent.is_empty() && reader.is_end()).then(|| integer(&exponent))?;
    Some(if minus { format!("minus {words}") } else { words })
}

/// A number and its unit: `5 km`, `20°C`, `45%`.
fn measure(reader: &mut Reader, literal: &Literal) -> Option<String> {
    let blank = reader.peek() == Some(' ');
    reader.blanks();
    let rest: Vec<char> = (0..12).map_while(|i| reader.ahead(i)).collect();
    let (length, one, many) = units::unit(&rest, blank)?;
    reader.advance(length);
    // "2 tbsp. sugar": an abbreviation's period, not a sentence's.
    let in_sentence = reader.peek() == Some('.') && reader.ahead(1) == Some(' ');
    if in_sentence
        && reader.before(1).is_some_and(char::is_alphabetic)
        && reader.ahead(2).is_some_and(char::is_lowercase)
    {
        reader.advance(1);
    }
    Some(format!("{} {}", literal.words(), if literal.is_one() { one } else { many }))
}

/// The `/month` of a price or the `/s` of a rate, with a blank before; empty when there is none.
fn per(reader: &mut Reader) -> String {
    let named = attempt(reader, |reader| {
        reader.eat("/").then_some(())?;
        let rest: Vec<char> = (0..12).map_while(|i| reader.ahead(i)).collect();
        rest.first().filter(|c| c.is_alphabetic())?;
        let (length, one, _) = units::unit(&rest, false).unwrap_or((0, "", ""));
        reader.advance(length);
        Some(one)
    });
    named.map(|unit| format!(" per {unit}")).unwrap_or_default()
}

/// Whether `second` is the short form of a later year of the century of `first`: 1914-18.
fn is_later_in_century(first: &Literal, second: &Literal) -> bool {
    let (Some(first), Some(value)) = (first.value(), second.value()) else { return false };
    second.whole.len() == 2 && !second.grouped && value > first % 100
}

/// Whether four digits are the number of a year. `start` stands before them; in a `range` of years none of the words
/// before an old year are needed.
fn is_year(literal: &Literal, start: &Reader, range: bool) -> bool {
    let Some(value) = literal.value().filter(|_| !literal.grouped && literal.whole.len() == 4) else { return false };
    match value {
        1900..=2099 => true,
        1000..=1899 => range || YEAR_WORDS.contains(&start.word_before().as_str()),
        _ => false,
    }
}
