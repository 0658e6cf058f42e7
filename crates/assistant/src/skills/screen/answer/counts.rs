//! Numbers beside what they count, and times beside what they are of.
//!
//! Owns the nearest of both to the words of a question: "3 passed" where it is asked how many passed, "Doors 19:00" where it is
//! asked when they open. Nothing is counted here.

use super::super::grounds::stem;
use super::super::question::{Question, Wants};
use super::super::read;
use super::super::say::{aloud, is_kept};
use super::super::shape::{self, Kind};
use super::super::ties;
use super::super::words::words;
use super::Quote;
use crate::skills::date::day::MONTHS;
use jarvis_core::{ScreenText, TextLine};

/// Lines of more words are quoted by their sentence.
const SHORT: usize = 8;

/// What says how many: a number right before one of the words that are asked about.
pub(super) fn of_count<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    if !matches!(&question.said[..], [how, many, ..] if how == "how" && many == "many") {
        return None;
    }
    let body = read::body(screen);
    // What is done says more than who does it: "how many tests failed".
    for word in question.topic.iter().rev() {
        let others: Vec<String> =
            question.topic.iter().filter(|other| *other != word).map(|other| stem(other)).collect();
        let found = body.iter().copied().filter(|line| !is_kept(line)).flat_map(|line| {
            let sentences = read::sentences(&line.text).into_iter();
            sentences.filter(move |sentence| is_counted(word, sentence)).map(move |sentence| (line, sentence))
        });
        let found: Vec<(&TextLine, String)> = found.collect();
        let shared = |sentence: &str| {
            let has: Vec<String> = words(sentence).iter().map(|word| stem(word)).collect();
            others.iter().filter(|other| has.contains(other)).count()
        };
        let most = found.iter().map(|(_, sentence)| shared(sentence)).max();
        let mut best = found.iter().filter(|(_, sentence)| Some(shared(sentence)) == most);
        // Two of them may both be meant.
        if let (Some((line, sentence)), None) = (best.next(), best.next()) {
            let whole = if line.text.split_whitespace().count() <= SHORT { &line.text } else { sentence };
            let said = format!("It says: {}.", aloud(whole).trim_end_matches(['.', ':']));
            let is_sure = most == Some(others.len());
            return Some(Quote { said, lines: vec![*line], query: None, is_sure });
        }
    }
    None
}

/// Whether `sentence` has a number right before `word`: "3 passed", "(218 reviews)".
fn is_counted(word: &str, sentence: &str) -> bool {
    let tokens: Vec<&str> =
        sentence.split_whitespace().map(|token| token.trim_matches(['(', ')', ',', ';', '.', ':'])).collect();
    let is_count = |token: &str| {
        token.len() <= 7
            && token.chars().all(|c| c.is_ascii_digit() || c == ',')
            && token.starts_with(|c: char| c.is_ascii_digit())
    };
    let of = |token: &str| words(token).first().is_some_and(|read| stem(read) == stem(word));
    // "Saved logins (5)", but not the number of an error.
    let is_behind = || {
        let mut words = sentence.split_whitespace().rev();
        let last = words.next().and_then(|last| last.strip_prefix('(')).and_then(|last| last.strip_suffix(')'));
        last.is_some_and(is_count) && words.next().is_some_and(|before| before.ends_with('s') && of(before))
    };
    tokens.windows(2).any(|two| is_count(two[0]) && of(two[1])) || is_behind()
}

/// What says when: the only short line that has a word of the question and a time.
pub(super) fn of_time<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    if !matches!(question.wants, Wants::Value { kind: Some(Kind::Date), .. }) || question.topic.is_empty() {
        return None;
    }
    // "What time" says nothing of what it is of.
    let is_of_day = |word: &str| ties::weekday(word).is_some() || MONTHS.contains(&word);
    let named = question
        .topic
        .iter()
        .filter(|word| !matches!(word.as_str(), "time" | "day" | "date" | "today" | "tomorrow") && !is_of_day(word));
    let wanted: Vec<String> = named.map(|word| stem(word)).collect();
    let has_time = |line: &TextLine| {
        line.text.split_whitespace().any(|word| shape::is_time(word.trim_matches([',', '.', '(', ')'])))
            || !shape::find(Kind::Date, &line.text).is_empty()
    };
    let shared = |line: &TextLine| words(&line.text).iter().filter(|word| wanted.contains(&stem(word))).count();
    let body = read::body(screen);
    let near = body.into_iter().filter(|line| line.text.split_whitespace().count() <= SHORT && !is_kept(line));
    let found: Vec<&TextLine> = near.filter(|line| shared(line) > 0 && has_time(line)).collect();
    let most = found.iter().map(|line| shared(line)).max()?;
    let mut best = found.into_iter().filter(|line| shared(line) == most);
    let (line, None) = (best.next()?, best.next()) else { return None };
    Some(Quote {
        said: format!("It says: {}.", aloud(&line.text).trim_end_matches('.')),
        lines: vec![line],
        query: None,
        is_sure: most == wanted.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::question;
    use super::super::super::testing::{line, screen};
    use super::*;

    #[test]
    fn numbers_and_times_are_told_with_what_they_are_of() {
        let page = screen(vec![
            line("running 4 tests", 10, 10),
            line("test result: FAILED. 3 passed; 1 failed; 0 ignored", 10, 40),
            line("Doors 19:00", 10, 80),
            line("Show 20:00", 10, 110),
        ]);
        let count = |asked: &str| of_count(&question::read(asked), &page).map(|quote| quote.said);
        assert_eq!(count("how many tests are there").as_deref(), Some("It says: running 4 tests."));
        assert!(count("how many tests failed").unwrap().contains("1 failed"));
        assert_eq!(count("how many doors are there"), None);
        let time = |asked: &str| of_time(&question::read(asked), &page).map(|quote| quote.said);
        assert_eq!(time("when do the doors open").as_deref(), Some("It says: Doors 19:00."));
        assert_eq!(time("when is the party"), None);
    }
}
