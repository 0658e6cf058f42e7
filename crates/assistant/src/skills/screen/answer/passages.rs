//! What of a page may answer by itself, where a language model points at it.
//!
//! Owns where each such thing stands in what the model is asked, and what is told of it: a row of a table whole, a sentence of a
//! text whole, however its lines are broken, a message with who wrote it and when; and that it is of the kind that is asked for.
//! Never decides which of them answers.

use super::super::excerpt::{self, InFull};
use super::super::measure;
use super::super::question;
use super::super::read;
use super::super::say::{aloud, beginning, is_kept};
use super::super::words::words;
use super::MOST_WORDS;
use super::evidence::{Unit, units};
use jarvis_core::{Passage, ScreenText, TextLine};
use std::ops::Range;

/// So many of the kind that is asked for have to be there for the others to be left out.
const FEWEST: usize = 2;

/// A row of what the model is asked: its place there, and the lines of the screen that it is of.
type Row<'a> = (Range<usize>, Vec<&'a TextLine>);

/// What a language model is asked where all of the page has room, what of that may answer by itself, and where the question is.
pub(in super::super) fn passages(asked: &str, screen: &ScreenText) -> (String, Vec<Passage>, Range<usize>) {
    let InFull { text, rows, question: place } = excerpt::in_full(asked, screen);
    let units = units(screen);
    let mut passages = Vec::new();
    let mut rest = &rows[..];
    while let Some((row, others)) = rest.split_first() {
        let taken = paragraph(rest, &units);
        let is_text = taken > 1 || taken == 1 && sentences_of(row, &units) > 1;
        match is_text {
            true => {
                passages.extend(sentences(&text, &rest[..taken], &units).into_iter().map(|passage| (passage, false)))
            }
            false => {
                let is_row = row.1.len() > 1;
                passages
                    .extend(passage(row.0.clone(), &row.1, || told(&row.1, &units)).map(|passage| (passage, is_row)));
            }
        }
        rest = if is_text { &rest[taken..] } else { others };
    }
    let read = question::read(asked);
    // What a cell is of stands over it.
    let may_answer = |(passage, is_row): &(Passage, bool)| *is_row || measure::may_answer(&read, &passage.said);
    // Where hardly anything is of the kind that is asked for, the kind is called otherwise than is known; and of one alone a model
    // can't tell whether it is rather that than another.
    if passages.iter().filter(|passage| may_answer(passage)).count() >= FEWEST {
        passages.retain(may_answer);
    }
    (text, passages.into_iter().map(|(passage, _)| passage).collect(), place)
}

/// How many of `rows`, from the first, are one text that is wrapped, which nobody in a conversation wrote.
fn paragraph(rows: &[Row<'_>], units: &[Unit<'_>]) -> usize {
    let [(_, first), ..] = rows else { return 0 };
    let Some(unit) = units.iter().find(|unit| is_of(unit, first[0])) else { return 1 };
    let is_next = |(row, line): (&Row<'_>, &&TextLine)| matches!(row.1[..], [only] if std::ptr::eq(only, *line));
    let is_whole = rows.len() >= unit.lines.len() && rows.iter().zip(&unit.lines).all(is_next);
    if unit.by.is_none() && is_whole { unit.lines.len() } else { 1 }
}

/// How many sentences `row` has, if it is one line that nobody in a conversation wrote.
fn sentences_of((_, lines): &Row<'_>, units: &[Unit<'_>]) -> usize {
    let [line] = lines[..] else { return 0 };
    units.iter().filter(|unit| unit.by.is_none() && unit.lines.len() == 1 && is_of(unit, line)).count()
}

/// The sentences that `rows` have together, as they stand in `text`.
fn sentences(text: &str, rows: &[Row<'_>], units: &[Unit<'_>]) -> Vec<Passage> {
    let (from, to) = (rows[0].0.start, rows[rows.len() - 1].0.end);
    let places = read::sentence_places(&text[from..to]);
    let own: Vec<&Unit<'_>> = units.iter().filter(|unit| is_of(unit, rows[0].1[0])).collect();
    let of_sentence = |(at, place): (usize, Range<usize>)| {
        let place = from + place.start..from + place.end;
        let lines: Vec<&TextLine> = rows
            .iter()
            .filter(|(row, _)| row.start < place.end && place.start < row.end)
            .flat_map(|(_, lines)| lines.iter().copied())
            .collect();
        // What is shown to the model has other brackets, so it is told from the screen where both have the same sentences.
        let said = if own.len() == places.len() { own[at].text.as_str() } else { &text[place.clone()] };
        passage(place, &lines, || format!("It says: {}", beginning(said, MOST_WORDS)))
    };
    places.iter().cloned().enumerate().filter_map(of_sentence).collect()
}

/// The passage at `place`, which `lines` are of; none where they have something that is not told.
fn passage(place: Range<usize>, lines: &[&TextLine], said: impl FnOnce() -> String) -> Option<Passage> {
    let region = lines.iter().map(|line| line.region).reduce(|all, other| all.union(&other))?;
    (!lines.iter().any(|line| is_kept(line))).then(|| Passage { place, said: said(), region })
}

/// What is said where `row` answers: the message or the sentence that it is of, or the row, whole.
fn told(row: &[&TextLine], units: &[Unit<'_>]) -> String {
    let text = row.iter().map(|line| aloud(&line.text)).collect::<Vec<_>>().join(", ");
    let own = words(&text);
    let shared = |unit: &Unit<'_>| words(&unit.text).iter().filter(|word| own.contains(word)).count();
    // Of the sentences that the lines are of, the one that most of this line is of.
    let mut of_row: Vec<&Unit<'_>> = units.iter().filter(|unit| is_of(unit, row[0])).collect();
    of_row.sort_by_key(|unit| std::cmp::Reverse(shared(unit)));
    match of_row.first() {
        Some(Unit { text, by: Some((name, time)), .. }) => {
            format!("{}, at {time}: {}", aloud(name), beginning(text, MOST_WORDS))
        }
        Some(unit) => format!("It says: {}", beginning(&unit.text, MOST_WORDS)),
        None => format!("It says: {}", beginning(&text, MOST_WORDS)),
    }
}

fn is_of(unit: &Unit<'_>, line: &TextLine) -> bool {
    unit.lines.iter().any(|own| std::ptr::eq(*own, line))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::screen;
    use super::*;
    use proptest::prelude::*;

    fn page(rows: &[&str]) -> ScreenText {
        screen(rows.iter().zip(0..).flat_map(|(text, row)| crate::bench::lines(text, row)).collect())
    }

    fn placed(rows: &[&str]) -> Vec<(String, String)> {
        let (text, passages, _) = passages("what is it", &page(rows));
        passages.into_iter().map(|passage| (text[passage.place].replace('\n', " "), passage.said)).collect()
    }

    #[test]
    fn a_sentence_is_a_passage_however_its_lines_are_broken() {
        let placed = placed(&[
            "We replaced both front pads and the left wiper, which were",
            "worn. We are open until five on weekdays and until noon on",
            "Saturday. Ask for Dennis at the desk.",
        ]);
        let expected = [
            "We replaced both front pads and the left wiper, which were worn.",
            "We are open until five on weekdays and until noon on Saturday.",
            "Ask for Dennis at the desk.",
        ];
        assert_eq!(placed.iter().map(|(place, _)| place.as_str()).collect::<Vec<_>>(), expected);
        assert!(placed.iter().zip(expected).all(|((_, said), text)| *said == format!("It says: {text}")));
    }

    #[test]
    fn two_sentences_of_a_line_are_two_passages() {
        let placed = placed(&["The kitchen is closed for deep cleaning and repairs. Lunch is at one.", "Welcome"]);
        assert_eq!(placed[1], ("Lunch is at one.".into(), "It says: Lunch is at one.".into()));
    }

    #[test]
    fn a_row_may_always_answer_and_a_text_if_it_is_of_the_kind_that_is_asked_for() {
        let places = |asked: &str, rows: &[&str]| {
            let (text, passages, _) = passages(asked, &page(rows));
            passages.into_iter().map(|passage| text[passage.place].to_owned()).collect::<Vec<_>>()
        };
        let tours = ["Trip  Duration  Price", "Seals  90  20", "Puffins  45  14", "Book at the harbour."];
        assert!(places("how long are we out with the birds", &tours).contains(&"Puffins | 45 | 14".to_owned()));
        let house = ["The roof is 12 years old.", "The owner lives abroad."];
        assert_eq!(places("how old is the landlord", &house).len(), 2, "one alone is no choice");
        let farm = ["The barn is 80 years old.", "The farmer is 60 years old.", "He likes his cows."];
        assert_eq!(places("how old is the farmer", &farm).len(), 2);
    }

    #[test]
    fn a_row_is_told_whole_and_a_message_with_who_wrote_it() {
        let table = placed(&["Leaves  To  Berth", "07:15  Craignure  2", "10:00  Barra  3"]);
        assert_eq!(table[2], ("10:00 | Barra | 3".into(), "It says: 10:00, Barra, 3".into()));
        let chat = placed(&["[18:02] Noor: who is in tomorrow?", "[18:04] Tom: I can drive, three seats free"]);
        assert_eq!(chat[1].1, "Tom, at 18:04: I can drive, three seats free");
    }

    proptest! {
        #[test]
        fn passages_stand_one_after_the_other(rows in prop::collection::vec("[A-Za-z0-9 .:,?<\\[\\]]{0,60}", 0..20)) {
            let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
            let (text, passages, question) = passages("what is it", &page(&rows));
            let mut end = 0;
            for passage in passages {
                prop_assert!(passage.place.start >= end && !text[passage.place.clone()].trim().is_empty());
                end = passage.place.end;
            }
            prop_assert!(end <= question.start);
        }
    }
}
