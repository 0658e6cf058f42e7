//! Questions that leave out what the one before them has: "and the third one", "what about the second", "and of Firefox".
//!
//! Owns what is put back. Never decides whether a question is about the screen, and sees no text but the question before.

use super::nouns::DETERMINERS;
use super::page::Page;
use super::told::{Told, slots};
use super::{ASK, READ};
use crate::numbers;
use jarvis_core::{IntentMatch, Slots};

/// No more words go on from a question.
const MOST: usize = 6;
/// What the rest of a question begins with.
const TIES: [&str; 8] = ["of", "for", "in", "on", "at", "from", "with", "by"];
/// What stands before a name in a question.
const BEFORE_NAMES: [&str; 10] = ["does", "do", "did", "is", "was", "has", "of", "for", "can", "are"];

/// What `text`, said after `told` of `page`, asks as a whole.
pub(super) fn goes_on(text: &str, told: &Told, page: &Page) -> Option<IntentMatch> {
    let rest = ["what about ", "how about ", "and "].iter().find_map(|beginning| text.strip_prefix(beginning));
    let words: Vec<&str> = rest.unwrap_or(text).split(' ').collect();
    if words.len() > MOST {
        return None;
    }
    if let Some(at) = place(&words, told) {
        return Some(at_place(at, told));
    }
    let before: Vec<&str> = told.question.as_ref()?.split(' ').collect();
    let is_known = page.has(&words.join(" "));
    let whole = match words[0] {
        tie if TIES.contains(&tie) && is_known => {
            let to = before.iter().rposition(|word| *word == tie).unwrap_or(before.len());
            [&before[..to], &words].concat()
        }
        _ if is_known && (rest.is_some() || words.len() <= 3) => {
            let is_certain = DETERMINERS.contains(&words[0]);
            // "Where is Ana" is whole.
            if !words[usize::from(is_certain)..].iter().all(|word| page.has(word)) {
                return None;
            }
            let is_replaced = |at: &usize| {
                let stands = |list: &[&str]| at.checked_sub(1).is_some_and(|at| list.contains(&before[at]));
                page.has(before[*at]) && if is_certain { stands(&DETERMINERS) } else { stands(&BEFORE_NAMES) }
            };
            let mut places = (0..before.len()).filter(is_replaced);
            let (at, None) = (places.next()?, places.next()) else { return None };
            let name = if is_certain { &words[1..] } else { &words };
            [&before[..at], name, &before[at + 1..]].concat()
        }
        _ => return None,
    };
    Some(asked(&whole.join(" ")))
}

/// Which one `words` name of several, from 1, and 0 for the last: "the third one", "number two", "the next one".
fn place(words: &[&str], told: &Told) -> Option<u32> {
    let words = words.strip_prefix(&["the"]).unwrap_or(words);
    let words = words.strip_suffix(&["one"]).filter(|rest| !rest.is_empty()).unwrap_or(words);
    match words {
        ["last"] => Some(0),
        // Behind the last there is none.
        ["next"] => place_of(told)?.checked_add(1).filter(|at| *at > 1),
        ["number", number @ ..] => {
            let number = numbers::parse_all(&number.join(" ")).filter(|number| number.fract() == 0.0)?;
            (1.0..1e6).contains(&number).then_some(number as u32)
        }
        _ => {
            let (at, taken) = numbers::parse_ordinal(words)?;
            (taken == words.len() && at > 0).then_some(at)
        }
    }
}

/// Where the part stands that was told.
fn place_of(told: &Told) -> Option<u32> {
    let part = || told.about.get("at").and_then(|at| at.parse().ok());
    let asked = || {
        let words: Vec<&str> = told.question.as_ref()?.split(' ').collect();
        ordinal(&words).and_then(|(at, _)| numbers::parse_ordinal(&words[at..])).map(|(at, _)| at)
    };
    part().or_else(asked)
}

/// Where `words` have an ordinal, and how many words it is.
fn ordinal(words: &[&str]) -> Option<(usize, usize)> {
    (0..words.len()).find_map(|at| {
        let number = numbers::parse_ordinal(&words[at..]).map(|(_, taken)| (at, taken));
        number.or_else(|| (words[at] == "last" || words[at] == "next").then_some((at, 1)))
    })
}

/// What was told, of the one at `at`.
fn at_place(at: u32, told: &Told) -> IntentMatch {
    let name = match at {
        0 => "last".to_owned(),
        _ => format!("{at}{}", ["th", "st", "nd", "rd"].get(at as usize).unwrap_or(&"th")),
    };
    let before: Vec<&str> = told.question.as_ref().map_or_else(Vec::new, |question| question.split(' ').collect());
    if !told.about.contains_key("at")
        && let Some((from, taken)) = ordinal(&before)
    {
        return asked(&[&before[..from], &[name.as_str()], &before[from + taken..]].concat().join(" "));
    }
    // Of a table it is a row, and of a list a point.
    let unit = told.about.get("what").filter(|_| told.about.contains_key("at")).map_or("row", String::as_str);
    let mut slots = slots(unit);
    slots.insert("at".into(), at.to_string());
    IntentMatch { intent: READ, slots, confidence: 0.6 }
}

fn asked(question: &str) -> IntentMatch {
    IntentMatch { intent: ASK, slots: Slots::from([("question".to_owned(), question.to_owned())]), confidence: 0.6 }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{line, screen};
    use super::*;
    use proptest::prelude::*;

    fn after(question: &str, text: &str) -> Option<String> {
        let mut page = Page::default();
        page.take(&screen(vec![line("cargo firefox ben ana repair valve step", 0, 0)]));
        let told = Told { question: Some(question.to_owned()), ..Told::of(Slots::new()) };
        goes_on(text, &told, &page).map(|matched| match matched.slots.get("question") {
            Some(question) => question.clone(),
            None => format!("{} {}", matched.slots["what"], matched.slots["at"]),
        })
    }

    #[test]
    fn what_is_left_out_is_put_back() {
        for (before, said, whole) in [
            ("what is the pid of cargo", "of firefox", "what is the pid of firefox"),
            ("what does ben earn", "what about ana", "what does ana earn"),
            ("how much was the repair", "the valve", "how much was the valve"),
            ("what is the second item", "the third one", "what is the 3rd item"),
            ("what is the second item", "the next one", "what is the 3rd item"),
            ("who earns the most", "what about the second", "row 2"),
        ] {
            assert_eq!(after(before, said).as_deref(), Some(whole), "{before}: {said}");
        }
        for said in ["what about france", "of france", "why", "tell me a joke", "the weather", "what is ana"] {
            assert_eq!(after("what is the pid of cargo", said), None, "{said}");
        }
        for said in ["where is ana", "who is ana", "read ana"] {
            assert_eq!(after("what does ben earn", said), None, "{said}");
        }
        assert_eq!(after("what is the last item", "the next one"), None);
    }

    proptest! {
        #[test]
        fn any_words_go_on_or_not(before in "\\PC{0,40}", said in "\\PC{0,30}|((and|the|third|one|of|cargo|last|next|number|two) ){0,6}") {
            after(&before, &said);
        }
    }
}
