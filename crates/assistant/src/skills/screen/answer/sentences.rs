//! The sentences of a text that are about what is asked.
//!
//! Owns which of them answer a question, and what texts call in other words than questions.

use super::super::grounds::stem;
use super::super::read;
use super::super::say::{beginning, flow, is_kept};
use super::super::shape::{self, Kind};
use super::super::words::words;
use super::{MOST_WORDS, Quote};
use crate::skills::date::day::MONTHS;
use jarvis_core::{ScreenText, TextLine};

/// The most sentences that are quoted ...
const MOST_SENTENCES: usize = 3;
/// Sentences of more words are quoted by the line that matters.
const LONG_SENTENCE: usize = 35;

/// What is asked for, and what texts call it.
#[rustfmt::skip]
const ALSO: &[(&[&str], &[&str])] = &[
    (&["leave", "depart", "go"], &["departs", "departing", "check out", "outbound", "departure"]),
    (
        &["land", "arrive", "coming", "delivered", "deliver"],
        &["arrival", "arrives", "expected", "estimated delivery", "delivery date", "delivery", "arrive", "lands", "landing", "outbound"],
    ),
    (&["start", "begin"], &["starts", "begins", "beginning"]),
    (&["end", "finish", "over"], &["ends", "end", "finishes"]),
    (&["open"], &["opening", "opens"]),
    (&["close", "shut"], &["closing", "closes"]),
    (&["return", "back"], &["returns", "return"]),
    (&["cancel"], &["cancellation"]),
    (&["discount", "discounts"], &["save", "saves", "reduced", "reduction", "pay only", "cheaper"]),
    (&["people", "persons"], &["serves", "persons", "guests", "adults", "attendees", "participants", "people"]),
    (&["heavy", "weigh", "weighs"], &["weight"]),
    (&["dog", "cat", "dogs", "cats", "pet"], &["pets", "animals"]),
    (&["space", "storage"], &["gb", "mb", "tb"]),
    (&["bags", "suitcases"], &["baggage", "luggage"]),
    (&["oven"], &["bake", "degrees", "preheat", "roast"]),
    (&["keep", "keeps"], &["keeps", "fresh", "stays"]),
    (&["freeze"], &["frozen", "freezer"]),
];

/// The words of a question for a yes or no, without the one that asks.
pub(super) fn without_may(topic: &[String]) -> Vec<String> {
    topic.iter().filter(|word| *word != "may").cloned().collect()
}

/// What texts say in other words than questions: the most telling first.
pub(super) fn otherwise_named(topic: &[String]) -> impl Iterator<Item = &'static str> {
    let named = ALSO.iter().filter(|(asked, _)| topic.iter().any(|word| asked.contains(&word.as_str())));
    named.flat_map(|(_, names)| names.iter().copied())
}

/// Whether `text` has a number that may say how many: none of a date, a telephone or an address.
pub(super) fn counts(text: &str) -> bool {
    let mut rest = text.to_owned();
    for kind in [Kind::Date, Kind::Phone, Kind::Email, Kind::Url, Kind::Iban] {
        for range in shape::find(kind, &rest).into_iter().rev() {
            rest.replace_range(range, " ");
        }
    }
    // "(28)" is the number of an error. "One" is hardly ever a number.
    let is_number = |word: &str| {
        let is_said = || word != "one" && crate::numbers::parse_all(word).is_some();
        word.contains(|c: char| c.is_ascii_digit()) || is_said()
    };
    let is_bare = |word: &str| !(word.starts_with('(') && word.trim_end_matches(['.', ',']).ends_with(')'));
    rest.split_whitespace()
        .filter(|word| is_bare(word))
        .any(|word| is_number(&word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()))
}

/// The sentences that have the words of `topic`: all of a few, most of many. With a number, or a day, if it has to be one, and
/// such as `may_be` it.
pub(super) fn sentences<'a>(
    topic: &[String],
    is_number: bool,
    kind: Option<Kind>,
    may_be: &dyn Fn(&str) -> bool,
    screen: &'a ScreenText,
) -> Option<Quote<'a>> {
    if topic.is_empty() {
        return None;
    }
    let wanted: Vec<String> = topic.iter().map(|word| stem(word)).collect();
    let least = if wanted.len() <= 2 { wanted.len() } else { (wanted.len() * 2).div_ceil(3) };
    let body = read::body(screen);
    let mut found: Vec<(usize, String, Vec<&TextLine>)> = Vec::new();
    for place in read::paragraph_places(&body, screen) {
        let lines = &body[place];
        for sentence in read::sentences(&flow(lines)) {
            let has: Vec<String> = words(&sentence).iter().map(|word| stem(word)).collect();
            let shared = wanted.iter().filter(|word| has.contains(word)).count();
            let is_told = match kind {
                Some(Kind::Date) => {
                    !shape::find(Kind::Date, &sentence).is_empty()
                        || has_month(&sentence)
                        || sentence.contains(|c: char| c.is_ascii_digit())
                }
                _ => !is_number || counts(&sentence),
            };
            // A word alone is no answer; "Serves 8" is one.
            let least_words = wanted.len() + usize::from(!is_number) + 1;
            if shared >= least && is_told && has.len() >= least_words {
                let line = line_with(&wanted, least, lines)
                    .filter(|line| (has.len() > LONG_SENTENCE || stands_alone(line, &wanted, lines)) && !is_kept(line));
                if !may_be(line.map_or(&sentence, |line| &line.text)) {
                    continue;
                }
                match line {
                    // Lines that end in no sign make a sentence that nobody listens to.
                    Some(line) => found.push((shared, flow(&[line]), vec![line])),
                    None => found.push((shared, sentence, lines.to_vec())),
                }
            }
        }
    }
    let best = found.iter().map(|(shared, ..)| *shared).max()?;
    // A question for a number has one answer; what is said of something may be said in several places.
    let most = if is_number { 1 } else { MOST_SENTENCES };
    let told: Vec<_> = found.into_iter().filter(|(shared, ..)| *shared == best).take(most).collect();
    let all = told.iter().map(|(_, sentence, _)| sentence.as_str()).collect::<Vec<_>>().join(" ");
    let lines = told.iter().flat_map(|(.., lines)| lines.iter().copied()).collect();
    Some(Quote { said: format!("It says: {}", beginning(&all, MOST_WORDS)), lines, query: None, is_sure: false })
}

/// Whether `text` names a month.
fn has_month(text: &str) -> bool {
    let is_month = |word: &str| MONTHS.iter().any(|month| word.eq_ignore_ascii_case(month));
    text.split(|c: char| !c.is_alphabetic()).any(|word| word.starts_with(char::is_uppercase) && is_month(word))
}

/// Whether `line` has all of `wanted` and neither goes on in the next of `lines` nor comes from the one before.
fn stands_alone(line: &TextLine, wanted: &[String], lines: &[&TextLine]) -> bool {
    let has: Vec<String> = words(&line.text).iter().map(|word| stem(word)).collect();
    let begins = |line: &TextLine| !line.text.trim_start().starts_with(char::is_lowercase);
    let at = lines.iter().position(|other| std::ptr::eq(*other, line));
    let next = at.and_then(|at| lines.get(at + 1));
    let is_labelled = line.text.contains(": ") || line.text.trim_end().ends_with(['.', '!']);
    wanted.iter().all(|word| has.contains(word))
        && read::sentences(&line.text).len() == 1
        && is_labelled
        && begins(line)
        && next.is_none_or(|next| begins(next))
}

/// The line that has the most of `wanted`, if those are enough.
fn line_with<'a>(wanted: &[String], least: usize, lines: &[&'a TextLine]) -> Option<&'a TextLine> {
    let shared = |line: &TextLine| {
        let has: Vec<String> = words(&line.text).iter().map(|word| stem(word)).collect();
        wanted.iter().filter(|word| has.contains(word)).count()
    };
    let best = lines.iter().copied().rev().max_by_key(|line| shared(line))?;
    (shared(best) >= least).then_some(best)
}
