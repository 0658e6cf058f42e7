//! The time as it is spoken and as a recognizer writes it.

use std::process::Command;

/// Hour and minute now, on a clock of twelve hours.
pub fn now() -> (u32, u32) {
    let output = Command::new("date").arg("+%I %M").output().expect("date runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut numbers = text.split_whitespace().map(|number| number.parse().expect("a number"));
    (numbers.next().expect("the hour"), numbers.next().expect("the minute"))
}

/// Whether `words` tell that time, however the recognizer writes it: `10:05`, `10.05`, `10 05`, `ten oh five`.
pub fn tells(words: &str, (hour, minute): (u32, u32)) -> bool {
    let digits: Vec<u32> = words
        .split(|c: char| !c.is_ascii_digit())
        .filter(|run| !run.is_empty())
        .filter_map(|run| run.parse().ok())
        .collect();
    let spoken = format!("{} {}", number(hour), minutes(minute));
    let plain: String = words.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let exact = minute == 0 && digits.first() == Some(&hour);
    exact
        || digits.windows(2).any(|pair| pair == [hour, minute])
        || digits.contains(&(hour * 100 + minute))
        || plain.contains(spoken.trim())
}

fn number(n: u32) -> String {
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
    const TENS: [&str; 6] = ["", "", "twenty", "thirty", "forty", "fifty"];
    match (n / 10, n % 10) {
        _ if n < 20 => SMALL[n as usize].into(),
        (tens, 0) => TENS[tens as usize].into(),
        (tens, ones) => format!("{} {}", TENS[tens as usize], SMALL[ones as usize]),
    }
}

fn minutes(minute: u32) -> String {
    match minute {
        0 => String::new(),
        1..=9 => format!("oh {}", number(minute)),
        _ => number(minute),
    }
}
