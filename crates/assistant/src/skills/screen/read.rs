//! What the screen says: in short, in its most telling sentences, or all of it, piece by piece.

use super::excerpt::COMMON;
use super::say::{self, aloud, beginning, counted, flow, goes_on, is_kept, is_legible};
use super::shape::{self, Kind};
use super::words::words;
use super::{chat, error, measure, table, ties};
use jarvis_core::{ScreenText, TextLine, TextRole};
use std::collections::BTreeMap;
use std::ops::Range;

/// Words that are read out at once: about a minute.
const PIECE: usize = 150;
/// So few more are read with them: nobody wants to be asked for one more sentence.
const REST: usize = 30;
/// A screen of so few words is read and not summed up.
const FEW: usize = 25;
/// Words of the lines that a summary begins with.
const FIRST_LINES: usize = 24;
/// More rows than that are not what was asked for by their words.
const MOST_ROWS: usize = 3;
/// Messages that tell what a conversation is about.
const MESSAGES: usize = 5;
/// What begins what somebody is going to do.
const PROMISES: [&str; 8] = ["ill", "well", "can", "will", "bring", "please", "must", "should"];
/// Words of a gist.
const GIST: usize = 55;

/// What is read: no titles, which are told first, no buttons unless there is nothing else, and nothing that can't be read.
pub(super) fn body(screen: &ScreenText) -> Vec<&TextLine> {
    let legible = || screen.lines.iter().filter(|line| is_legible(line) && !line.text.trim().is_empty());
    let body: Vec<&TextLine> =
        legible().filter(|line| !matches!(line.role, TextRole::Title | TextRole::Control)).collect();
    if body.is_empty() { legible().filter(|line| line.role != TextRole::Title).collect() } else { body }
}

/// The rows in which all words of `query` stand, from top to bottom: a few at most, or none.
pub(super) fn rows_with<'a>(query: &str, screen: &'a ScreenText) -> Vec<Vec<&'a TextLine>> {
    let all = words(query);
    let wanted: Vec<&String> = all.iter().filter(|word| !COMMON.contains(&word.as_str())).collect();
    let has = |row: &Vec<&TextLine>, word: &str| {
        row.iter().any(|line| words(&line.text).iter().any(|read| ties::alike(word, read)))
    };
    let found: Vec<Vec<&TextLine>> =
        table::rows(screen).into_iter().filter(|row| wanted.iter().all(|word| has(row, word))).collect();
    if wanted.is_empty() || found.len() > MOST_ROWS { Vec::new() } else { found }
}

/// What is in front of the user, in short: the window, a message that it shows, its headline or first lines, and how much
/// more there is.
pub(super) fn summary(screen: &ScreenText) -> String {
    let mut said = window(screen).map_or_else(String::new, |window| format!("{window}. "));
    let body = body(screen);
    if body.is_empty() {
        said.push_str("I see no text there.");
        return said;
    }
    // A tool tip is text as any other.
    let dialog = error::is_dialog(screen);
    let is_message = |line: &TextLine| line.role == TextRole::Alert && (dialog || error::is_alarming(line));
    let message: Vec<&TextLine> = body.iter().copied().filter(|line| is_message(line)).collect();
    if !message.is_empty() {
        let what = if dialog { "A dialog" } else { "A message" };
        said.push_str(&format!("{what} says: {} ", beginning(&flow(&message), FIRST_LINES * 2)));
        if message.len() == body.len() {
            return said.trim_end().to_owned();
        }
    }
    let rest: Vec<&TextLine> = body.iter().copied().filter(|line| !is_message(line)).collect();
    let count = |lines: &[&TextLine]| lines.iter().map(|line| line.text.split_whitespace().count()).sum::<usize>();
    if count(&rest) <= FEW && message.is_empty() {
        said.push_str(&format!("It says: {}", flow(&rest)));
        return said;
    }
    let headline = headline(&rest, screen);
    if let Some(headline) = headline {
        said.push_str(&format!("The headline is: {} ", flow(&[headline])));
    }
    let mut first = Vec::new();
    for line in rest.iter().copied().filter(|line| !headline.is_some_and(|headline| std::ptr::eq(*line, headline))) {
        // A word alone is an entry of a menu or a column's head.
        let is_sentence = line.text.split_whitespace().count() >= 3;
        if is_sentence || !first.is_empty() {
            first.push(line);
        }
        if count(&first) >= FIRST_LINES {
            break;
        }
    }
    if !first.is_empty() {
        let sentence = beginning(&flow(&first), FIRST_LINES);
        said.push_str(&format!(
            "It begins: {sentence}{} ",
            if sentence.ends_with(['.', '!', '?', '…', ':']) { "" } else { "." }
        ));
    }
    let buttons = screen.lines.iter().filter(|line| line.role == TextRole::Control && is_legible(line)).count();
    said.push_str(&format!("There are {} of text", counted(rows(&rest), "line")).replace("are 1 line ", "is 1 line "));
    if buttons > 0 {
        said.push_str(&format!(" and {} to press", counted(buttons, "thing")));
    }
    said.push_str(". Say read it all, to hear it.");
    said
}

/// How many lines stand one under the other: the cells of a row are one.
fn rows(lines: &[&TextLine]) -> usize {
    let is_beside = |one: &TextLine, other: &TextLine| one.is_left_of(other) || other.is_left_of(one);
    (0..lines.len()).filter(|at| !at.checked_sub(1).is_some_and(|before| is_beside(lines[before], lines[*at]))).count()
}

/// The window and its application, as they are said.
pub(super) fn window(screen: &ScreenText) -> Option<String> {
    let title = screen.window.as_deref().map(str::trim).filter(|title| !title.is_empty());
    let application = screen.application.as_deref().map(str::trim).filter(|name| !name.is_empty());
    // Where a file is says less than what it is called.
    let short = |title: &str| {
        let name = |word: &str| match word.rsplit_once('/') {
            Some((before, name)) if before.starts_with(['/', '~']) && !name.is_empty() => name.to_owned(),
            _ => word.to_owned(),
        };
        title.split_whitespace().map(name).collect::<Vec<_>>().join(" ")
    };
    let title = title.map(|title| aloud(&beginning(&short(title), 14)));
    match (title, application) {
        (Some(title), Some(name)) if !title.to_lowercase().contains(&name.to_lowercase()) => {
            Some(format!("The window is “{title}” of {name}"))
        }
        (Some(title), _) => Some(format!("The window is “{title}”")),
        (None, Some(name)) => Some(format!("It is a window of {name}")),
        (None, None) => None,
    }
}

/// The headline: what is marked as one, or is much larger than the rest.
fn headline<'a>(lines: &[&'a TextLine], screen: &ScreenText) -> Option<&'a TextLine> {
    let is_title = |line: &TextLine| screen.window.as_deref().is_some_and(|title| title.contains(line.text.trim()));
    let candidates = || lines.iter().copied().filter(|line| !is_title(line));
    if let Some(heading) = candidates().find(|line| line.role == TextRole::Heading) {
        return Some(heading);
    }
    let mut heights: Vec<u32> = lines.iter().map(|line| line.region.height).collect();
    heights.sort_unstable();
    let usual = *heights.get(heights.len() / 2)?;
    let tallest = candidates().max_by_key(|line| line.region.height)?;
    (usual > 0 && tallest.region.height * 5 >= usual * 7).then_some(tallest)
}

/// What is agreed on in a conversation: the messages that tell when, where, how much, or what somebody does; in their order.
fn gist_of_chat(screen: &ScreenText) -> Option<String> {
    let messages = chat::messages(screen);
    let first = messages.first()?;
    let weight = |text: &str| {
        if measure::is_question(text) || text.split_whitespace().count() < 3 {
            return 0;
        }
        let said = words(text);
        let has_day =
            !shape::find(Kind::Date, text).is_empty() || said.iter().any(|word| ties::weekday(word).is_some());
        let has_time = text.split_whitespace().any(|word| shape::is_time(word.trim_matches([',', '.', '(', ')'])));
        let has_number = text.contains(|c: char| c.is_ascii_digit());
        let is_promise = said.iter().any(|word| PROMISES.contains(&word.as_str()));
        let is_shared =
            said.iter().any(|word| matches!(word.as_str(), "we" | "everybody" | "everyone" | "all" | "each"));
        2 * usize::from(has_day || has_time)
            + 2 * usize::from(has_number)
            + usize::from(is_promise)
            + usize::from(is_shared)
    };
    let mut order: Vec<(usize, usize)> = messages
        .iter()
        .enumerate()
        .filter(|(_, message)| !message.is_kept())
        .map(|(at, message)| (weight(&message.text()), at))
        .filter(|(weight, _)| *weight > 0)
        .collect();
    order.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
    let mut taken: Vec<usize> = order.into_iter().map(|(_, at)| at).take(MESSAGES).collect();
    taken.sort_unstable();
    if taken.is_empty() {
        return None;
    }
    let head = first.head.first().or(first.body.first())?;
    let over = body(screen).into_iter().take_while(|line| line.region.y < head.region.y).last();
    let over = over.filter(|line| !is_kept(line) && !is_bare_date(&line.text));
    let over = over.map_or_else(String::new, |line| format!("{} ", flow(&[line])));
    let said = taken.iter().map(|at| {
        let text = beginning(&messages[*at].text(), GIST / 3);
        format!(
            "{}: {}",
            aloud(messages[*at].name),
            if text.ends_with(['.', '!', '?', '…']) { text } else { format!("{text}.") }
        )
    });
    Some(format!("{over}{}", said.collect::<Vec<_>>().join(" ")))
}

/// The most telling sentences, in their order: those whose words the text is made of.
pub(super) fn gist(screen: &ScreenText) -> String {
    if let Some(said) = gist_of_chat(screen) {
        return said;
    }
    let body = body(screen);
    let headline = headline(&body, screen).filter(|line| !is_kept(line) && !is_bare_date(&line.text));
    let told = without_letterhead(&body);
    let paragraphs = paragraphs(told, headline);
    let sentences = paragraphs.iter().flat_map(|lines| sentences(&flow(lines)));
    let sentences: Vec<String> = sentences.filter(|said| !say::is_unsaid(said) && !is_bare_date(said)).collect();
    let mut often: BTreeMap<String, usize> = BTreeMap::new();
    for word in sentences.iter().flat_map(|sentence| words(sentence)).filter(|word| word.chars().count() > 4) {
        *often.entry(word).or_default() += 1;
    }
    let weight = |sentence: &str| {
        let words = words(sentence);
        let sum: usize = words.iter().map(|word| often.get(word).copied().unwrap_or(0)).sum();
        // Long ones have more of everything.
        sum as f32 / (words.len() as f32 + 6.0)
    };
    let mut order: Vec<usize> =
        (0..sentences.len()).filter(|at| sentences[*at].split_whitespace().count() >= 4).collect();
    // What comes first is the most telling among equals, as writers have it.
    order.sort_by(|a, b| weight(&sentences[*b]).total_cmp(&weight(&sentences[*a])).then(a.cmp(b)));
    let (mut taken, mut room) = (Vec::new(), GIST);
    for at in order {
        let length = sentences[at].split_whitespace().count();
        if taken.is_empty() || length <= room {
            room = room.saturating_sub(length);
            taken.push(at);
        }
        if taken.len() == 3 {
            break;
        }
    }
    if taken.is_empty() {
        let mut told = screen.clone();
        told.lines.retain(|line| !is_kept(line));
        return summary(&told);
    }
    taken.sort_unstable();
    let mut said = headline.map_or_else(
        || window(screen).map_or_else(String::new, |window| format!("{window}. ")),
        |headline| format!("{} ", flow(&[headline])),
    );
    let told: Vec<String> = taken.iter().map(|at| beginning(&sentences[*at], GIST)).collect();
    said.push_str(&told.join(" "));
    said
}

/// How letters begin, ...
const GREETINGS: [&str; 8] = ["dear", "hello", "hi", "hey", "hallo", "liebe", "lieber", "sehr"];
/// ... in no more words, ...
const GREETING: usize = 6;
/// ... and end.
const CLOSINGS: [&str; 8] = ["regards", "sincerely", "faithfully", "wishes", "cheers", "yours", "grüße", "grüßen"];
/// Words beside a day that say nothing of it: "Leeds, 4 May 2026".
const BESIDE_DATE: usize = 2;

/// `body` without who a letter is from and to, and without how it begins and ends, if it is one.
fn without_letterhead<'a, 'b>(body: &'b [&'a TextLine]) -> &'b [&'a TextLine] {
    let is_greeting = |line: &&&TextLine| {
        let words = words(&line.text);
        words.first().is_some_and(|first| GREETINGS.contains(&first.as_str()))
            && words.len() <= GREETING
            && line.text.trim_end().ends_with([',', '!', ':'])
    };
    let Some(from) = body.iter().position(|line| is_greeting(&line)) else { return body };
    let told = &body[from + 1..];
    let is_closing = |line: &&TextLine| {
        let words = words(&line.text);
        words.len() <= 3 && words.iter().any(|word| CLOSINGS.contains(&word.as_str()))
    };
    let to = told.iter().position(is_closing).unwrap_or(told.len());
    if to == 0 { body } else { &told[..to] }
}

/// Whether `text` is a day, and where, and nothing else.
fn is_bare_date(text: &str) -> bool {
    let dates = shape::find(Kind::Date, text);
    let mut rest = text.to_owned();
    dates.iter().rev().for_each(|date| rest.replace_range(date.clone(), " "));
    !dates.is_empty()
        && rest.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count() <= BESIDE_DATE
}

/// Lines by paragraph, the headline left out.
fn paragraphs<'a>(body: &[&'a TextLine], headline: Option<&TextLine>) -> Vec<Vec<&'a TextLine>> {
    let is_text = |line: &&TextLine| !headline.is_some_and(|headline| std::ptr::eq(*line, headline));
    let lines: Vec<&TextLine> = body.iter().copied().filter(is_text).collect();
    runs(&lines).into_iter().map(|place| lines[place].to_vec()).collect()
}

/// Where the paragraphs of `lines` are, the headline left out.
pub(super) fn paragraph_places(lines: &[&TextLine], screen: &ScreenText) -> Vec<Range<usize>> {
    let headline = headline(lines, screen);
    let is_headline = |place: &Range<usize>| {
        place.len() == 1 && headline.is_some_and(|headline| std::ptr::eq(lines[place.start], headline))
    };
    runs(lines).into_iter().filter(|place| !is_headline(place)).collect()
}

/// Where the paragraph is that the line `at` of `lines` belongs to.
pub(super) fn paragraph_at(lines: &[&TextLine], at: usize) -> Option<Range<usize>> {
    runs(lines).into_iter().find(|place| place.contains(&at))
}

/// Lines that go on in each other, a headline as any.
pub(super) fn runs(lines: &[&TextLine]) -> Vec<Range<usize>> {
    let mut all: Vec<Range<usize>> = Vec::new();
    for at in 0..lines.len() {
        match all.last_mut() {
            Some(run) if goes_on(lines[at - 1], lines[at]) => run.end = at + 1,
            _ => all.push(at..at + 1),
        }
    }
    all
}

/// What ends in a full stop within a sentence.
#[rustfmt::skip]
const SHORTENED: [&str; 16] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "no", "nr", "tel", "approx", "ca", "vs", "incl", "excl", "e.g", "i.e",
];

/// The sentences of `text`.
pub(super) fn sentences(text: &str) -> Vec<String> {
    sentence_places(text).into_iter().map(|place| text[place].to_owned()).collect()
}

/// Where the sentences of `text` stand in it, without what is blank around them.
pub(super) fn sentence_places(text: &str) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut from = 0;
    let is_shortened = |before: &str| {
        let word = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
        // "Ordered by Dr S. Anand"; but not "vitamin C. Take it".
        let names = |before: &str| {
            let last = before.trim_end().rsplit(char::is_whitespace).next().unwrap_or_default();
            last.ends_with(':') || last.starts_with(char::is_uppercase) || matches!(last, "" | "by" | "from")
        };
        let is_initial = word.len() == 1
            && word != "I"
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && names(&before[..before.len() - 1]);
        is_initial || SHORTENED.contains(&word.to_lowercase().as_str())
    };
    let trimmed = |from: usize, to: usize| {
        let start = to - text[from..to].trim_start().len();
        start..start + text[start..to].trim_end().len()
    };
    let ends = text.char_indices().zip(text.chars().skip(1));
    for ((at, c), _) in ends.filter(|((_, c), next)| matches!(c, '.' | '!' | '?') && next.is_whitespace()) {
        if !(c == '.' && is_shortened(&text[from..at])) {
            all.push(trimmed(from, at + c.len_utf8()));
            from = at + c.len_utf8();
        }
    }
    let rest = trimmed(from, text.len());
    if !rest.is_empty() {
        all.push(rest);
    }
    all
}

/// How many of `lines`, from the first, are read out at once: to the end of a paragraph where one ends in time.
pub(super) fn piece(lines: &[&TextLine]) -> usize {
    let mut spoken = 0;
    let up_to: Vec<usize> = lines
        .iter()
        .map(|line| {
            spoken += aloud(&line.text).split_whitespace().count();
            spoken
        })
        .collect();
    if spoken <= PIECE + REST {
        return lines.len();
    }
    let fits = up_to.iter().take_while(|words| **words <= PIECE).count().max(1);
    let ends = (1..=fits).rev().find(|end| !lines.get(*end).is_some_and(|next| goes_on(lines[end - 1], next)));
    ends.filter(|end| up_to[end - 1] * 2 >= PIECE).unwrap_or(fits)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{line, screen, sized};
    use super::*;

    #[test]
    fn an_initial_ends_no_sentence_and_a_vitamin_does() {
        let counts = ["Ordered by Dr S. Anand. Call him.", "Take vitamin C. Call him.", "Holder: M. Okafor"];
        assert_eq!(counts.map(|text| sentences(text).len()), [2, 2, 1]);
    }

    #[test]
    fn little_is_read_and_much_is_summed_up() {
        let mut little = screen(vec![line("Hello there", 10, 10), sized("OK", 10, 80, 20, TextRole::Control)]);
        little.window = Some("Greeting".into());
        little.application = Some("zenity".into());
        assert_eq!(summary(&little), "The window is “Greeting” of zenity. It says: Hello there.");

        let mut lines = vec![sized("Release notes", 10, 10, 40, TextRole::Text), line("Menu", 10, 60)];
        lines.extend((0..20).map(|at| line(&format!("This is sentence number {at} of all"), 10, 90 + 22 * at)));
        let much = screen(lines);
        let said = summary(&much);
        assert!(said.starts_with("The headline is: Release notes. It begins: This is sentence number 0"), "{said}");
        assert!(said.contains("There are 22 lines of text."), "{said}");
        assert!(said.split_whitespace().count() < 60, "{said}");
        assert_eq!(summary(&screen(vec![])), "I see no text there.");
    }

    #[test]
    fn a_dialog_comes_first() {
        let said = summary(&screen(vec![
            sized("Printing", 10, 10, 40, TextRole::Heading),
            sized("Out of paper.", 400, 300, 20, TextRole::Alert),
        ]));
        assert!(said.starts_with("A dialog says: Out of paper. "), "{said}");
        let beside = |alert| {
            summary(&screen(vec![
                sized(alert, 10, 10, 20, TextRole::Alert),
                line("A text beside it that goes on and on", 10, 300),
            ]))
        };
        assert!(beside("Printing failed.").starts_with("A message says: Printing failed. "));
        assert!(beside("Opens a new tab.").starts_with("It says: Opens a new tab. "));
    }

    #[test]
    fn a_gist_has_the_sentences_that_the_text_is_made_of() {
        let said = gist(&screen(vec![
            sized("Bridges", 10, 10, 40, TextRole::Heading),
            line("The bridge over the river was closed on Monday.", 10, 60),
            line("Lunch was fine.", 10, 82),
            line("Engineers found cracks in the bridge near the river bank.", 10, 104),
            line("Somebody lost a glove near the entrance yesterday afternoon.", 10, 126),
            line("The closed bridge and the river path open again in May.", 10, 148),
        ]));
        assert!(said.starts_with("Bridges. The bridge over the river"), "{said}");
        assert!(said.contains("cracks") && said.contains("May") && !said.contains("glove"), "{said}");
    }

    #[test]
    fn a_gist_spends_no_words_on_secrets_letterheads_and_days() {
        let texts = [
            "Northway Boat Club, 14 Dock Road, Bristol, the club of the boat and the river",
            "Bristol, 4 May 2026",
            "Dear members of the club,",
            "The boat of the club will be repaired in June, and the river is closed then.",
            "The password of the boat house of the club is Moonfish, for every boat of the club.",
            "Please bring your own life jackets to the river until the boat is back.",
            "Kind regards",
            "Rosa Lind, the boat club of the river Avon",
        ];
        let lines = texts.iter().zip(0..).map(|(text, at)| line(text, 10, 10 + 40 * at)).collect();
        let page = screen(lines);
        let said = gist(&super::super::secret::masked(&page));
        assert!(said.contains("will be repaired in June") && said.contains("life jackets"), "{said}");
        for left_out in ["Dock Road", "4 May", "Dear", "Moonfish", "don't say aloud", "regards", "Rosa"] {
            assert!(!said.contains(left_out), "{left_out}: {said}");
        }
    }

    #[test]
    fn pieces_are_bounded_and_never_empty() {
        let lines: Vec<TextLine> = (0..60).map(|at| line("one two three four five", 10, 22 * at)).collect();
        let all: Vec<&TextLine> = lines.iter().collect();
        assert_eq!(piece(&all), 30);
        assert_eq!(piece(&all[..36]), 36, "a little more is read with it");
        // A paragraph that ends in time ends the piece.
        let apart = |at: i32| if at < 20 { 22 * at } else { 22 * at + 100 };
        let lines: Vec<TextLine> = (0..60).map(|at| line("one two three four five", 10, apart(at))).collect();
        assert_eq!(piece(&lines.iter().collect::<Vec<_>>()), 20);
        let endless = line(&"word ".repeat(500), 0, 0);
        assert_eq!(piece(&[&endless]), 1);
        assert_eq!(piece(&[]), 0);
    }
}
