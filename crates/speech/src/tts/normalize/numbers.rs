//! Numbers in words, as an American says them.
//!
//! Takes digits, never text: what a number means is decided elsewhere.

const ONES: [&str; 20] = [
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
const TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const GROUPS: [&str; 6] = ["", "thousand", "million", "billion", "trillion", "quadrillion"];
/// More digits than this are read one by one.
const MOST_DIGITS: usize = 18;

/// `205` is "two hundred five".
pub fn cardinal(number: u64) -> String {
    if number < 20 {
        return ONES[number as usize].to_owned();
    }
    if number < 100 {
        let tens = TENS[(number / 10) as usize];
        return if number.is_multiple_of(10) {
            tens.to_owned()
        } else {
            format!("{tens}-{}", ONES[(number % 10) as usize])
        };
    }
    if number < 1000 {
        return join(format!("{} hundred", ONES[(number / 100) as usize]), number % 100);
    }
    let group = (number.ilog10() / 3) as usize;
    let unit = 1000_u64.pow(group as u32);
    // 10^18 and more has no name here.
    match GROUPS.get(group) {
        Some(name) => join(format!("{} {name}", cardinal(number / unit)), number % unit),
        None => digits(&number.to_string()),
    }
}

fn join(head: String, rest: u64) -> String {
    if rest == 0 { head } else { format!("{head} {}", cardinal(rest)) }
}

/// `22` is "twenty-second".
pub fn ordinal(number: u64) -> String {
    let words = cardinal(number);
    let last = words.rfind([' ', '-']).map_or(0, |at| at + 1);
    let (head, tail) = words.split_at(last);
    let tail = match tail {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        tail => tail.strip_suffix('y').map_or_else(|| format!("{tail}th"), |stem| format!("{stem}ieth")),
    };
    format!("{head}{tail}")
}

/// `1984` is "nineteen eighty-four", `2005` "two thousand five", `1900` "nineteen hundred".
pub fn year(number: u64) -> String {
    let (century, rest) = (number / 100, number % 100);
    if !(1000..=9999).contains(&number) || century.is_multiple_of(10) && rest < 10 {
        return cardinal(number);
    }
    match rest {
        0 => format!("{} hundred", cardinal(century)),
        1..=9 => format!("{} oh {}", cardinal(century), cardinal(rest)),
        _ => format!("{} {}", cardinal(century), cardinal(rest)),
    }
}

/// `1990` is "nineteen nineties"; for the `s` after a decade.
pub fn decade(number: u64) -> String {
    let words = if number < 100 { cardinal(number) } else { year(number) };
    match words.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{words}s"),
    }
}

/// `007` is "zero zero seven".
pub fn digits(digits: &str) -> String {
    let words: Vec<&str> = digits.chars().filter_map(|c| c.to_digit(10)).map(|digit| ONES[digit as usize]).collect();
    words.join(" ")
}

/// Digits as a count if they are one: without a leading zero, and not too many.
pub fn integer(digits_of_it: &str) -> String {
    let is_count = digits_of_it.len() <= MOST_DIGITS && (digits_of_it.len() == 1 || !digits_of_it.starts_with('0'));
    match digits_of_it.parse() {
        Ok(number) if is_count => cardinal(number),
        _ => digits(digits_of_it),
    }
}

/// `3`, `14` is "three point one four".
pub fn decimal(whole: &str, fraction: &str) -> String {
    let whole = if whole.is_empty() { "0" } else { whole };
    format!("{} point {}", integer(whole), digits(fraction))
}

/// `3`, `4` is "three quarters"; `None` when it isn't said that way.
pub fn fraction(numerator: u64, denominator: u64) -> Option<String> {
    let one = numerator == 1;
    let part = match denominator {
        2 => {
            if one {
                "half".to_owned()
            } else {
                "halves".to_owned()
            }
        }
        4 => {
            if one {
                "quarter".to_owned()
            } else {
                "quarters".to_owned()
            }
        }
        3 | 5..=10 | 12 | 16 | 20 | 32 | 50 | 64 | 100 | 1000 => {
            format!("{}{}", ordinal(denominator), if one { "" } else { "s" })
        }
        _ => return None,
    };
    (numerator > 0 && numerator < 1000).then(|| format!("{} {part}", cardinal(numerator)))
}
