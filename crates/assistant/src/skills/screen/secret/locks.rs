//! Codes that open something: a door, an alarm, a safe, the screen of a telephone.
//!
//! Owns how a sentence or a label tells of one that nothing calls a code: "the shed opens with 31-12-44", "type 7731 to unlock",
//! "Bike lock 5520", "Alarm: 9901". What is called one is [`super::codes`]'. Never looks at other lines.

use super::bare;

/// What has a code.
#[rustfmt::skip]
const THINGS: &[&str] = &[
    "door", "frontdoor", "gate", "alarm", "safe", "lock", "padlock", "locker", "garage", "shed", "cabin", "keypad", "lockbox", "keybox",
    "vault", "unlock", "tablet", "intercom", "pattern", "tür", "haustür", "tor", "tresor", "alarmanlage", "schloss", "fahrradschloss", "spind",
];
/// What something is opened with.
const OPENING: [&str; 11] = [
    "open",
    "opens",
    "opened",
    "unlock",
    "unlocks",
    "unlocked",
    "disarm",
    "disarms",
    "disarmed",
    "opening",
    "unlocking",
];
/// Which way a dial is turned.
const TURNS: [&str; 6] = ["left", "right", "clockwise", "anticlockwise", "counterclockwise", "turns"];
/// How one is told to give a code.
const GIVING: [&str; 9] = ["type", "enter", "press", "dial", "punch", "use", "tap", "input", "text"];
/// What for, behind "to" ...
#[rustfmt::skip]
const PURPOSES: &[&str] = &[
    "unlock", "open", "get", "enter", "start", "disarm", "arm", "confirm", "verify", "sign", "log", "activate", "access", "connect", "pair",
    "continue", "release", "withdraw",
];
/// ... or where, behind "at" or "on".
const PLACES: [&str; 8] = ["door", "gate", "keypad", "pad", "panel", "machine", "entrance", "barrier"];
/// Numbers behind these are none: "built in 1998", "room 2040".
#[rustfmt::skip]
const BEFORE_NUMBERS: &[&str] = &[
    "in", "since", "of", "from", "by", "until", "at", "for", "to", "room", "number", "no", "nr", "bay", "page", "line", "model", "article",
    "item", "type", "order", "invoice", "locker", "mode", "error", "process", "pid", "version", "table", "than", "about", "over", "under",
];
/// What a lock is in programs.
const OF_PROGRAMS: [&str; 9] = ["mode", "process", "thread", "wait", "timeout", "error", "pid", "table", "deadlock"];
/// Digits of a code.
const DIGITS: std::ops::RangeInclusive<usize> = 4..=8;
/// Groups of one with dashes between.
const GROUPS: usize = 3;
/// Digits of a number to call, at least.
const TELEPHONE: usize = 9;
/// Digits as words, as a code is told: "four nine zero seven".
const SPOKEN: [&str; 11] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "oh"];
/// So many of them are one.
const SPOKEN_CODE: usize = 3;
/// A note that ends in a code has no more words.
const NOTE: usize = 7;
/// Words of a label.
const LABEL: usize = 4;

/// Marks in `hidden` which of `tokens`, the words of a sentence, open something.
pub(super) fn mark(tokens: &[&str], hidden: &mut [bool]) {
    let turns = |at: usize| {
        let is_number = !tokens[at].is_empty() && tokens[at].bytes().all(|byte| byte.is_ascii_digit());
        is_number && tokens.get(at + 1).is_some_and(|next| TURNS.contains(&bare(next).as_str()))
    };
    let has_turns = (0..tokens.len()).any(turns);
    let has_spoken =
        tokens.windows(SPOKEN_CODE).any(|some| some.iter().all(|token| SPOKEN.contains(&bare(token).as_str())));
    if !has_turns && !has_spoken && !tokens.iter().any(|token| is_code(token)) {
        return;
    }
    let words: Vec<String> = tokens.iter().map(|token| bare(token)).collect();
    if has_spoken && words.iter().any(|word| THINGS.contains(&word.as_str())) {
        mark_spoken(&words, hidden);
    }
    // "The safe opens with 17 left, 42 right": two turns at least, of something that is locked.
    if has_turns && words.iter().any(|word| THINGS.contains(&word.as_str())) {
        let all: Vec<usize> = (0..tokens.len()).filter(|at| turns(*at)).collect();
        all.iter().filter(|_| all.len() > 1).for_each(|at| hidden[*at] = true);
    }
    let is_one_of = |at: usize, list: &[&str]| words.get(at).is_some_and(|word| list.contains(&word.as_str()));
    // Who lives next door has no code.
    let is_thing = |at: &usize| {
        is_one_of(*at, THINGS) && !(*at > 0 && is_one_of(*at - 1, &["next"]))
            || is_one_of(*at, &["key"]) && is_one_of(*at + 1, &["safe", "box"])
    };
    let is_of_program = (0..words.len()).any(|at| is_one_of(at, &OF_PROGRAMS));
    for at in (0..tokens.len()).filter(|at| is_code(tokens[*at]) && !is_to_call(tokens, *at)) {
        let before = at.saturating_sub(LABEL)..at;
        let is_signed = at > 0 && (tokens[at - 1].ends_with([':', '=']) || matches!(tokens[at - 1], "-" | "–" | "->"));
        let is_labelled = is_signed && before.clone().any(|at| is_thing(&at));
        // "Bike lock 5520", but not "the gate was built in 1998".
        let is_last = at + 1 == tokens.len()
            && tokens.len() <= NOTE
            && !is_year(tokens[at])
            && !(at > 0 && is_one_of(at - 1, BEFORE_NUMBERS))
            && (0..at).any(|at| is_thing(&at));
        let gives = |at: usize| is_one_of(at, &GIVING) && !tokens[at].ends_with(':');
        let is_given = at > 0 && (gives(at - 1) || at > 1 && is_one_of(at - 1, &["in"]) && gives(at - 2));
        let is_for = is_one_of(at + 1, &["to"]) && is_one_of(at + 2, PURPOSES);
        let is_there =
            is_one_of(at + 1, &["at", "on", "into"]) && (at + 2..at + LABEL + 1).any(|at| is_one_of(at, &PLACES));
        let opens = before.clone().any(|at| is_one_of(at, &["with", "using"]))
            && (at.saturating_sub(2 * LABEL)..at).any(|at| is_one_of(at, &OPENING));
        hidden[at] |= (is_labelled || is_last) && !is_of_program || is_given && (is_for || is_there) || opens;
    }
}

/// Whether `token` looks like a code to be typed: four digits or more, also with dashes between.
fn is_code(token: &str) -> bool {
    let code = token.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    let groups = code.split('-').count();
    let is_grouped = groups >= GROUPS && code.split('-').all(|group| (1..=3).contains(&group.len()));
    DIGITS.contains(&digits) && code.chars().all(|c| c.is_ascii_digit() || c == '-') && (groups == 1 || is_grouped)
}

/// Whether the number at `at` is a part of one to call: "0171 5550143".
fn is_to_call(tokens: &[&str], at: usize) -> bool {
    let is_group = |at: &usize| {
        let digits = tokens[*at].trim_start_matches('+').trim_end_matches(['.', ',', ';']);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let from = (0..=at).rev().take_while(is_group).last();
    let Some(from) = from else { return false };
    let groups: Vec<&str> = (from..tokens.len()).take_while(is_group).map(|at| tokens[at]).collect();
    let digits = groups.iter().map(|group| group.bytes().filter(u8::is_ascii_digit).count()).sum::<usize>();
    groups.len() > 1 && groups[0].starts_with(['0', '+']) && digits >= TELEPHONE
}

/// Marks digits that are told as words, one behind the other.
fn mark_spoken(words: &[String], hidden: &mut [bool]) {
    let is_digit = |at: &usize| SPOKEN.contains(&words[*at].as_str());
    let mut at = 0;
    while at < words.len() {
        let count = (at..words.len()).take_while(is_digit).count();
        if count >= SPOKEN_CODE {
            hidden[at..at + count].fill(true);
        }
        at += count.max(1);
    }
}

fn is_year(token: &str) -> bool {
    bare(token).parse::<u32>().is_ok_and(|year| (1900..2100).contains(&year)) && !token.ends_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codes(text: &str) -> Vec<&str> {
        let tokens: Vec<&str> = text.split_whitespace().collect();
        let mut hidden = vec![false; tokens.len()];
        mark(&tokens, &mut hidden);
        tokens.into_iter().zip(hidden).filter_map(|(token, hidden)| hidden.then_some(token)).collect()
    }

    #[test]
    fn codes_that_open_something_are_told_from_numbers_beside_doors() {
        for (text, code) in [
            ("Front door: 4419 and then #", "4419"),
            ("Alarm: 9901, you have 30 seconds", "9901,"),
            ("Bike lock 5520", "5520"),
            ("Key safe by the gate 0718", "0718"),
            ("Pattern for the tablet: 1-4-7-8-9", "1-4-7-8-9"),
            ("The shed opens with 31-12-44", "31-12-44"),
            ("type 7731 to unlock, then swipe up", "7731"),
            ("enter 2580# at the gate", "2580#"),
            ("Tresor: 17-33-08", "17-33-08"),
        ] {
            assert_eq!(codes(text), [code], "{text}");
        }
        for text in [
            "We opened the gate in 2004 and never closed it",
            "The gate was built 1998",
            "Your parcel is in locker 1204",
            "Lock wait timeout: 1205",
            "Safe mode 1045",
            "Door 2",
            "Press 1000 times",
            "The meeting opens at 14:30",
            "Use 4096 tokens",
            "",
        ] {
            assert!(codes(text).is_empty(), "{text}: {:?}", codes(text));
        }
    }

    proptest! {
        #[test]
        fn any_words_are_looked_at(text in "\\PC{0,60}|((door|opens|with|4471|type|to|unlock|:|key|box|1-2-33|at) ?){0,12}") {
            codes(&text);
        }
    }
}
