//! Digits that are no count: what is read out digit by digit, by pairs, or as parts of something with a form of its own.
//!
//! Owns how these are recognized, mostly by the word before them. Anything less certain is left to `quantities`.

use super::calendar::attempt;
use super::numbers::{cardinal, digits, integer};
use super::reader::Reader;

/// Words after which each digit is said.
const SPELLED_OUT: [&str; 14] = [
    "pin",
    "code",
    "passcode",
    "password",
    "zip",
    "postcode",
    "zipcode",
    "extension",
    "ext",
    "otp",
    "isbn",
    "account",
    "serial",
    "imei",
];
/// Words after which three or four digits are said in pairs.
const PAIRED: [&str; 11] =
    ["room", "suite", "apartment", "apt", "flight", "highway", "route", "interstate", "bus", "iso", "rfc"];
/// More groups than a telephone number has.
const MOST_GROUPS: usize = 7;
/// Numbers that are called for help, and the words before them.
const EMERGENCY: [&str; 5] = ["911", "999", "112", "411", "311"];
const CALLED: [&str; 3] = ["call", "dial", "ring"];

/// Such a number, if one is next.
pub fn expression(reader: &mut Reader) -> Option<String> {
    if !reader.is_start() {
        return None;
    }
    attempt(reader, telephone)
        .or_else(|| attempt(reader, height))
        .or_else(|| attempt(reader, feet_and_inches))
        .or_else(|| attempt(reader, duration))
        .or_else(|| attempt(reader, spaced_thousands))
        .or_else(|| attempt(reader, pointed_thousands))
        .or_else(|| attempt(reader, labelled))
}

/// `555-1234`, `1-800-555-1234`, `(555) 123-4567`, `+1 555 123 4567`: digit by digit, with a breath between the groups.
fn telephone(reader: &mut Reader) -> Option<String> {
    let international = reader.eat("+");
    let mut groups = Vec::new();
    let mut separators = Vec::new();
    loop {
        let in_brackets = !international && groups.is_empty() && reader.eat("(");
        let group = reader.digits();
        if group.is_empty() || in_brackets && !reader.eat(")") {
            return None;
        }
        groups.push(group);
        if groups.len() > MOST_GROUPS {
            return None;
        }
        let mut next = *reader;
        let separator = match next.eat_any(&['-', ' ', '.']) {
            Some(separator) => separator,
            None if in_brackets => ' ',
            None => break,
        };
        if !next.peek().is_some_and(|c| c.is_ascii_digit()) {
            break;
        }
        separators.push(if in_brackets { '(' } else { separator });
        *reader = next;
    }
    let lengths: Vec<usize> = groups.iter().map(String::len).collect();
    let total: usize = lengths.iter().sum();
    let hyphens = separators.iter().all(|separator| *separator == '-');
    let is_telephone = match separators.first() {
        _ if international => total >= 8,
        Some('(') => lengths.len() >= 2 && total >= 7,
        Some('-') if hyphens => lengths == [3, 4] || lengths.len() >= 3,
        Some('.') => lengths == [3, 3, 4],
        _ => false,
    };
    let words: Vec<String> = groups.iter().map(|group| digits(group)).collect();
    let plus = if international { "plus " } else { "" };
    (is_telephone && reader.is_end()).then(|| format!("{plus}{}", words.join(", ")))
}

/// `5'10"`, `6'2`: feet and inches.
fn height(reader: &mut Reader) -> Option<String> {
    let feet = reader.digits();
    reader.eat("'").then_some(())?;
    let inches = reader.digits();
    reader.eat("\"");
    let sized = (1..=2).contains(&feet.len()) && matches!(inches.parse(), Ok(0..=11_u8));
    (sized && reader.is_end()).then(|| format!("{} foot {}", integer(&feet), integer(&inches)))
}

/// `5 ft 10 in`: elsewhere "in" after a number is mostly a preposition.
fn feet_and_inches(reader: &mut Reader) -> Option<String> {
    let count = |reader: &mut Reader, most: u64, names: [&str; 2]| {
        let count = reader.digits().parse::<u64>().ok().filter(|count| *count <= most)?;
        reader.blanks();
        (reader.eat(names[0]) && reader.is_end()).then_some(())?;
        Some(format!("{} {}", cardinal(count), if count == 1 { names[1].to_owned() } else { plural(names[1]) }))
    };
    let feet = count(reader, 9_999, ["ft", "foot"])?;
    reader.eat(".");
    reader.blanks();
    let inches = count(reader, 11, ["in", "inch"])?;
    Some(format!("{feet} {inches}"))
}

fn plural(unit: &str) -> String {
    if unit == "foot" { "feet".to_owned() } else { format!("{unit}es") }
}

/// `1h 30m`, `2h05`, `5m 30s`, `5 min 30 s`: here an m is a minute.
fn duration(reader: &mut Reader) -> Option<String> {
    let mut parts = Vec::new();
    let units: [(&[&str], &str); 3] =
        [(&["hrs", "hr", "h"], "hour"), (&["mins", "min", "m"], "minute"), (&["secs", "sec", "s"], "second")];
    let mut from = 0;
    loop {
        let part = attempt(reader, |reader| {
            if !parts.is_empty() {
                reader.blanks();
            }
            let count = reader.digits().parse::<u64>().ok().filter(|count| *count < 10_000)?;
            reader.blanks();
            let unit = (from..units.len()).find(|unit| {
                units[*unit].0.iter().any(|name| {
                    attempt(reader, |reader| {
                        (reader.eat(name) && !reader.peek().is_some_and(char::is_alphabetic)).then_some(())
                    })
                    .is_some()
                })
            });
            // `2h05`: the minutes need no letter.
            let unit = unit.or((from == 1 && reader.is_end()).then_some(1))?;
            Some((count, unit))
        });
        let Some((count, unit)) = part else { break };
        let plural = if count == 1 { "" } else { "s" };
        parts.push(format!("{} {}{plural}", cardinal(count), units[unit].1));
        from = unit + 1;
    }
    (parts.len() >= 2 && reader.is_end()).then(|| parts.join(" "))
}

/// `1 000 000`.
fn spaced_thousands(reader: &mut Reader) -> Option<String> {
    let two = |reader: &mut Reader| {
        let mut rest = *reader;
        rest.digits();
        // Two groups may as well be two numbers, but not these.
        (rest.eat(" 000")
            && rest.is_end()
            && !(rest.peek() == Some(' ') && rest.ahead(1).is_some_and(|c| c.is_ascii_digit())))
        .then_some(())?;
        thousands(reader, " ", 2..=2)
    };
    attempt(reader, |reader| thousands(reader, " ", 3..=5)).or_else(|| attempt(reader, two))
}

/// `1.000.000`, but not `192.168.100.200`.
fn pointed_thousands(reader: &mut Reader) -> Option<String> {
    let goes_on = |reader: &Reader| reader.peek() == Some('.') && reader.ahead(1).is_some_and(|c| c.is_ascii_digit());
    thousands(reader, ".", 3..=3).filter(|_| !goes_on(reader))
}

/// As many groups as `allowed`, all but the first of three digits.
fn thousands(reader: &mut Reader, separator: &str, allowed: std::ops::RangeInclusive<usize>) -> Option<String> {
    let mut number = reader.digits();
    let mut groups = 1;
    if !(1..=3).contains(&number.len()) || number.starts_with('0') {
        return None;
    }
    while groups < *allowed.end()
        && let Some(group) = attempt(reader, |reader| {
            reader.eat(separator).then_some(())?;
            let group = reader.digits();
            (group.len() == 3).then_some(group)
        })
    {
        number += &group;
        groups += 1;
    }
    (allowed.contains(&groups) && reader.is_end()).then(|| integer(&number))
}

/// `PIN 1234`, `room 101`, `call 911`.
fn labelled(reader: &mut Reader) -> Option<String> {
    let before = reader.word_before();
    let number = reader.digits();
    let goes_on = matches!(reader.peek(), Some('.' | ',' | ':' | '-' | '/'))
        && reader.ahead(1).is_some_and(|c| c.is_ascii_digit());
    if number.is_empty() || !reader.is_end() || goes_on {
        return None;
    }
    let before = before.as_str();
    if SPELLED_OUT.contains(&before) && number.len() >= 3
        || CALLED.contains(&before) && EMERGENCY.contains(&number.as_str())
    {
        return Some(digits(&number));
    }
    let in_pairs = PAIRED.contains(&before) || reader_has_flight(reader, number.len());
    let (first, second) = number.split_at_checked(number.len().checked_sub(2)?)?;
    (in_pairs && matches!(number.len(), 3 | 4) && !number.starts_with('0')).then(|| match second {
        "00" => format!("{} hundred", integer(first)),
        _ if second.starts_with('0') => format!("{} oh {}", integer(first), integer(&second[1..])),
        _ => format!("{} {}", integer(first), integer(second)),
    })
}

/// Whether the number that was just read, of `length` digits, is a flight's: two capitals and "flight" stand before it.
fn reader_has_flight(reader: &Reader, length: usize) -> bool {
    let at = |distance: usize| reader.before(length + distance);
    let carrier = at(1) == Some(' ') && [2, 3].iter().all(|d| at(*d).is_some_and(|c| c.is_ascii_uppercase()));
    let word: Option<String> = (5..=10).rev().map(at).collect();
    carrier && word.is_some_and(|word| word.eq_ignore_ascii_case("flight"))
}
