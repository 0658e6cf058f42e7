//! The time as it is spoken and as it is written.

use std::process::Command;

/// Minutes on a clock of twelve hours.
const ROUND: u32 = 12 * 60;

/// Hour and minute now, on a clock of twelve hours.
pub fn now() -> (u32, u32) {
    let output = Command::new("date").arg("+%I %M").output().expect("date runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut numbers = text.split_whitespace().map(|number| number.parse().expect("a number"));
    (numbers.next().expect("the hour"), numbers.next().expect("the minute"))
}

/// Whether the answer as it is written tells a time from `asked` till now, however long it took and whichever minute
/// turned meanwhile.
pub fn tells(answer: &str, asked: (u32, u32)) -> bool {
    let minutes = |(hour, minute): (u32, u32)| hour % 12 * 60 + minute;
    let (first, last) = (minutes(asked), minutes(now()));
    (0..=(last + ROUND - first) % ROUND).map(|later| (first + later) % ROUND).any(|minute| {
        let hour = if minute < 60 { 12 } else { minute / 60 };
        let time = format!("{hour}:{:02}", minute % 60);
        answer.split_whitespace().any(|word| word == time)
    })
}
