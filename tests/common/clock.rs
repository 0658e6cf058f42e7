//! The time as it is spoken and as it is written.

use std::process::Command;

/// Hour and minute now, on a clock of twelve hours.
pub fn now() -> (u32, u32) {
    let output = Command::new("date").arg("+%I %M").output().expect("date runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut numbers = text.split_whitespace().map(|number| number.parse().expect("a number"));
    (numbers.next().expect("the hour"), numbers.next().expect("the minute"))
}

/// Whether the answer as it is written tells that time.
pub fn tells(answer: &str, (hour, minute): (u32, u32)) -> bool {
    let time = format!("{hour}:{minute:02}");
    answer.split_whitespace().any(|word| word == time)
}
