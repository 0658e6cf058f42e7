//! Answers to questions about the screen, quoted from it.
//!
//! Owns the answer to a question: the value of the label that is asked for, a row of a table, the sentences that are about
//! it, and only where none of that is there the language model's, which is held against the page. What is said of a page is
//! written on it: amounts, dates and names are never put together.

use super::find::{Found, find_of};
use super::grounds::stem;
use super::question::{Question, Wants};
use super::say::{NOT_SAID, aloud, beginning, flow, is_kept, is_legible, is_secret};
use super::shape::{self, Kind};
use super::told::Told;
use super::words::{find as fit, words};
use super::{Screen, chat, error, excerpt, find, list, located, noted, nouns, question, read, secret, table};
use crate::skills::date::day::MONTHS;
use jarvis_core::{HostAction, Region, Reply, ScreenText, Seen, Slots, TextLine, TextRole};

/// The most sentences that are quoted ...
const MOST_SENTENCES: usize = 3;
/// ... and the most words of them.
const MOST_WORDS: usize = 60;
/// Sentences of more words are quoted by the line that matters.
const LONG_SENTENCE: usize = 35;
/// The most words of the lines that are quoted where there is no answer.
const NEAREST_WORDS: usize = 40;
/// Fewer words are a label and its value.
const SENTENCE_WORDS: usize = 5;
/// The most values that are told where any of them may be meant.
const MOST_RIVALS: usize = 4;
/// Buttons that are said.
const MOST_BUTTONS: usize = 8;
/// Cells of a row that are said.
const MOST_CELLS: usize = 6;

/// The last words of letters.
const CLOSINGS: [&str; 7] = ["regards", "sincerely", "yours", "faithfully", "cheers", "wishes", "love"];
/// Items of lists of more words are sentences.
const ITEM_WORDS: usize = 5;

/// What is asked for, and what texts call it.
#[rustfmt::skip]
const ALSO: &[(&[&str], &[&str])] = &[
    (&["leave", "depart", "go"], &["departs", "departing", "check out", "outbound", "departure"]),
    (&["land", "arrive"], &["arrival", "arrives", "lands", "landing", "outbound"]),
    (&["start", "begin"], &["starts", "begins", "beginning"]),
    (&["end", "finish", "over"], &["ends", "end", "finishes"]),
    (&["open"], &["opening", "opens"]),
    (&["close", "shut"], &["closing", "closes"]),
    (&["return", "back"], &["returns", "return"]),
    (&["cancel"], &["cancellation"]),
    (&["discount", "discounts"], &["save", "saves", "reduced", "reduction", "pay only", "cheaper"]),
    (&["people", "persons"], &["serves", "persons", "guests", "adults", "attendees"]),
    (&["dog", "cat", "dogs", "cats", "pet"], &["pets", "animals"]),
    (&["space", "storage"], &["gb", "mb", "tb"]),
    (&["bags", "suitcases"], &["baggage", "luggage"]),
];

/// What is done with pages that have one day: bills, letters, tickets.
#[rustfmt::skip]
const OF_ITSELF: &[&str] = &[
    "buy", "bought", "purchase", "purchased", "order", "ordered", "print", "printed", "issue", "issued", "sent", "send", "written",
    "write", "wrote", "made", "paid", "pay", "date", "day", "happen", "happened", "visit", "visited", "shop",
];

/// Words of questions for the place of an error.
#[rustfmt::skip]
const PLACE_WORDS: &[&str] = &[
    "line", "file", "row", "number", "name", "error", "exception", "trace", "traceback", "code", "fail", "fails", "failed", "failing",
    "crash", "crashed", "happen", "happened", "happens", "occur", "occurred", "thrown", "throw", "throws", "source", "bug", "wrong",
    "went", "caused", "cause", "causes", "path",
];

/// A quoted answer.
struct Quote<'a> {
    said: String,
    /// The lines that it is from.
    lines: Vec<&'a TextLine>,
    /// What "copy it" copies: what is found for this.
    query: Option<String>,
}

impl Quote<'_> {
    fn region(&self) -> Region {
        self.lines.iter().map(|line| line.region).reduce(|all, other| all.union(&other)).unwrap_or_default()
    }
}

impl Screen {
    /// Answers [`super::ASK`].
    pub(super) fn ask(&mut self, slots: &Slots, screen: &ScreenText, may_look_on: bool) -> Seen {
        self.told = None;
        let asked = slots.get("question").map_or("", String::as_str);
        if !screen.lines.iter().any(is_legible) {
            return Seen::Reply(Reply::say(noted("I see no text there.".into(), screen)));
        }
        if let Some(secret) = secret::asked(asked) {
            return self.keep(&secret.name, screen, may_look_on);
        }
        let question = question::read(asked);
        if question::is_for_buttons(&question.topic)
            && let Some(buttons) = buttons(screen)
        {
            self.told = Some(Told::of(super::told::slots("answer")));
            return Seen::Reply(Reply::say(buttons));
        }
        if let Some(quote) = chat(asked, screen).or_else(|| quoted(&question, screen)) {
            let about = match &quote.query {
                Some(query) => Slots::from([("query".to_owned(), query.clone())]),
                None => super::told::slots("answer"),
            };
            self.told = Some(Told { before: self.last_reply, ..Told::of(about) });
            let actions = vec![HostAction::Highlight { region: quote.region() }];
            let spoken = super::legibly_of(quote.said.clone(), &quote.lines);
            return Seen::Reply(Reply { spoken, actions, ..Reply::default() });
        }
        // What is not there a model would make up.
        let thing = match &question.wants {
            Wants::Whether { thing } => thing.as_ref(),
            _ => question.name.as_ref().filter(|label| nouns::is_label(label)),
        };
        if let Some(label) = thing
            && find::find(screen, label).is_none()
        {
            let slots = Slots::from([("query".to_owned(), label.clone())]);
            return self.find(&slots, screen, may_look_on);
        }
        self.told = Some(Told { before: self.last_reply, ..Told::of(super::told::slots("answer")) });
        Seen::Ask {
            prompt: excerpt::prompt(asked, screen),
            grounds: excerpt::grounds(screen),
            in_own_words: question.wants == Wants::OwnWords,
            otherwise: nearest(&question, screen),
            after: String::new(),
        }
    }
}

/// What there is to press.
fn buttons(screen: &ScreenText) -> Option<String> {
    let is_button = |line: &&TextLine| line.role == TextRole::Control && is_legible(line);
    let all: Vec<String> = screen.lines.iter().filter(is_button).map(|line| aloud(&line.text)).collect();
    let told = all.iter().take(MOST_BUTTONS).cloned().collect::<Vec<_>>().join(", ");
    let rest = all.len().saturating_sub(MOST_BUTTONS);
    let more = if rest > 0 { format!(", and {rest} more") } else { String::new() };
    (!all.is_empty()).then(|| format!("I see {told}{more}."))
}

/// Who wrote what is asked about, or when.
fn chat<'a>(asked: &str, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let (said, lines) = chat::answer(asked, screen)?;
    Some(Quote { said, lines, query: None })
}

/// Where in the code the error is.
fn error_place(screen: &ScreenText) -> Option<Quote<'_>> {
    let (said, lines) = error::place(screen)?;
    Some(Quote { said, lines, query: None })
}

/// The item, the items or the number of items of a list, or the item that says how many.
fn of_list<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let Wants::Value { labels, is_number, kind } = &question.wants else { return None };
    let body = read::body(screen);
    let said = |places: &[std::ops::Range<usize>]| {
        let items = places.iter().map(|place| list::without_mark(&flow(&body[place.clone()])).to_owned());
        let lines: Vec<&TextLine> = places.iter().flat_map(|place| body[place.clone()].iter().copied()).collect();
        let items = items.map(|item| item.trim_end_matches('.').to_owned()).collect::<Vec<_>>().join(", ");
        Some(Quote { said: format!("It says: {}.", beginning(&items, MOST_WORDS)), lines, query: None })
    };
    if let Some(label) = labels.first() {
        let part = nouns::part(label).or_else(|| nouns::part(&nouns::as_written(label)));
        if let Some(part) = part.filter(|part| part.is_of_list()) {
            return said(&[list::item(part, &body)?]);
        }
        let called = list::lists(&body).into_iter().find(|list| list.is_called(label));
        if let Some(list) = called.filter(|_| kind.is_none()) {
            return said(&list.items);
        }
    }
    if !is_number || !matches!(kind, None | Some(Kind::Amount)) || question.topic.is_empty() {
        return None;
    }
    if let [units] = &question.topic[..]
        && let Some(unit) = units.strip_suffix('s')
        && labels.is_empty()
    {
        let is_called = |list: &list::List<'_>| list.is_called(units);
        let all = list::lists(&body).into_iter().find(is_called);
        let all = all.or_else(|| list::of_unit(unit, &body).filter(|_| matches!(unit, "step" | "point")));
        if let Some(list) = all {
            let lines = list.items.iter().flat_map(|place| body[place.clone()].iter().copied()).collect();
            return Some(Quote { said: format!("There are {} {units}.", list.items.len()), lines, query: None });
        }
    }
    // "- 3 eggs" comes before whatever else is said of eggs; where there are sums, those are asked for.
    let wanted: Vec<String> = question.topic.iter().map(|word| stem(word)).collect();
    let lists = list::lists(&body);
    let mut items = lists.iter().flat_map(|list| list.items.iter()).filter(|place| {
        let text = flow(&body[(*place).clone()]);
        let has: Vec<String> = words(list::without_mark(&text)).iter().map(|word| stem(word)).collect();
        wanted.iter().all(|word| has.contains(word)) && has.len() <= ITEM_WORDS && counts(list::without_mark(&text))
    });
    let item = items.next()?.clone();
    said(&[item])
}

/// The words of a question for a yes or no, without the one that asks.
fn without_may(topic: &[String]) -> Vec<String> {
    topic.iter().filter(|word| *word != "may").cloned().collect()
}

/// Who signed a letter: what stands under its last words.
fn signed<'a>(labels: &[String], screen: &'a ScreenText) -> Option<Quote<'a>> {
    labels.first().filter(|label| *label == "sender")?;
    let body = read::body(screen);
    let is_end = |line: &&TextLine| {
        let words = words(&line.text);
        words.len() <= 3 && words.iter().any(|word| CLOSINGS.contains(&word.as_str()))
    };
    let at = body.iter().rposition(is_end)?;
    let name = *body.get(at + 1).filter(|line| line.text.split_whitespace().count() <= 4 && !is_kept(line))?;
    Some(Quote { said: format!("It is signed: {}.", aloud(&name.text)), lines: vec![name], query: None })
}

/// What texts say in other words than questions: the most telling first.
fn otherwise_named(topic: &[String]) -> impl Iterator<Item = &'static str> {
    let named = ALSO.iter().filter(|(asked, _)| topic.iter().any(|word| asked.contains(&word.as_str())));
    named.flat_map(|(_, names)| names.iter().copied())
}

/// Whether a question is for a place in code and for nothing else: "which line", "what file is it in".
fn is_for_place(topic: &[String]) -> bool {
    let is_any = |words: &[&str], word: &String| words.contains(&word.as_str());
    topic.iter().any(|word| is_any(&["line", "file", "row"], word))
        && topic.iter().all(|word| is_any(PLACE_WORDS, word))
}

impl Screen {
    /// What is told of the secret that is called `name`: where it stands, and never what it is or is like.
    fn keep(&mut self, name: &str, screen: &ScreenText, may_look_on: bool) -> Seen {
        let Some(found) = find::find(screen, name) else {
            return self.find(&Slots::from([("query".to_owned(), name.to_owned())]), screen, may_look_on);
        };
        let actions = vec![HostAction::Highlight { region: found.region() }];
        let is_there = found.is_secret(name) && (found.value.is_some() || is_kept(found.line));
        if is_there {
            let about = || Told::of(Slots::from([("query".to_owned(), name.to_owned())]));
            self.told = found.value.is_some().then(about);
            return Seen::Reply(Reply { spoken: located(&found, name, screen), actions, ..Reply::default() });
        }
        let is_label = found.line.text.split_whitespace().count() <= 4 && !found.is_near;
        let spoken = match is_label && is_secret(&found.line.text) {
            true => format!("I see where the {name} goes. What is typed there is never read."),
            false => NOT_SAID.to_owned(),
        };
        Seen::Reply(Reply { spoken, actions, ..Reply::default() })
    }
}

/// The answer as it stands there, if it does.
fn quoted<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    if is_for_place(&question.topic)
        && let Some(quote) = error_place(screen)
    {
        return Some(quote);
    }
    if let Some(quote) = of_list(question, screen) {
        return Some(quote);
    }
    match &question.wants {
        Wants::Value { labels, kind, is_number } => cell(question, screen)
            .or_else(|| signed(labels, screen))
            .or_else(|| labels.iter().find_map(|label| of_label(label, *kind, question, screen)))
            .or_else(|| of_topic(labels, question, screen))
            .or_else(|| of_itself(question, screen))
            .or_else(|| of_share(labels, question, screen))
            .or_else(|| sentences(&question.topic, *is_number, *kind, screen))
            .or_else(|| {
                let named = otherwise_named(&question.topic).find_map(|name| {
                    let words = words(name);
                    // What no sign marks as a label is told whole, with its times.
                    let is_sign = |quote: &Quote<'_>| quote.lines.iter().all(|line| line.text.contains(": "));
                    let day = kind.filter(|kind| *kind == Kind::Date);
                    let label = day.and_then(|day| of_label(name, Some(day), question, screen)).filter(is_sign);
                    label.or_else(|| sentences(&words, *is_number, *kind, screen))
                });
                named.filter(|_| *is_number)
            }),
        Wants::Whether { .. } => sentences(&without_may(&question.topic), false, None, screen)
            .or_else(|| otherwise_named(&question.topic).find_map(|name| sentences(&words(name), false, None, screen))),
        Wants::Sentences => sentences(&question.topic, false, None, screen),
        Wants::ErrorPlace => error_place(screen).or_else(|| {
            let lines = error::find(screen);
            let is_there = lines.iter().any(|line| line.text.contains(|c: char| c.is_ascii_digit()));
            is_there.then(|| Quote { said: format!("It says: {}", flow(&lines)), lines, query: None })
        }),
        Wants::Understanding | Wants::OwnWords => None,
    }
}

/// The cell of a table that the question names by its row and its column, or by its row alone where it asks how many.
fn cell<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let is_count = matches!(&question.wants, Wants::Value { labels, is_number: true, .. } if labels.is_empty());
    let named = || table::cell(screen, &question.topic, false);
    // "How many shirts did I order" has words that stand in no row.
    let counted = || {
        let of = |words: &[String]| table::cell(screen, words, true).filter(|_| is_count);
        of(&question.topic).or_else(|| question.topic.iter().find_map(|word| of(std::slice::from_ref(word))))
    };
    let table::Cell { row, head, cell } = named().or_else(counted)?;
    if [row, head, cell].iter().any(|line| is_kept(line)) {
        return None;
    }
    let said = format!("{}: {} {}.", aloud(&row.text), aloud(&head.text), aloud(&cell.text).trim_end_matches('.'));
    Some(Quote { said, lines: vec![row, cell], query: None })
}

/// The number behind a label that has all the words of a question that names none: "Items in cart: 8".
fn of_topic<'a>(labels: &[String], question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let is_count = matches!(question.wants, Wants::Value { is_number: true, kind: None, .. });
    if !labels.is_empty() || !is_count || question.topic.is_empty() {
        return None;
    }
    let name = question.topic.join(" ");
    let value = find_of(screen, &name, None).filter(|found| !found.is_near)?.value?;
    counts(&value.text).then(|| of_label(&name, None, question, screen))?
}

/// The value that a share is asked of, "20 % of the subtotal", since none is computed here.
fn of_share<'a>(labels: &[String], question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let (share, whole) = labels.first()?.split_once(" of ")?;
    let is_share =
        (share.ends_with('%') || share.ends_with("percent")) && share.starts_with(|c: char| c.is_ascii_digit());
    let whole = whole.trim_start_matches("the ");
    is_share.then(|| of_label(whole, Some(Kind::Amount), question, screen))?
}

/// The day of the page, where that is asked for: "when was it", "when did I buy it".
fn of_itself<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let is_day = matches!(question.wants, Wants::Value { kind: Some(Kind::Date), .. });
    let is_of_page = question.topic.iter().all(|word| OF_ITSELF.contains(&word.as_str()));
    (is_day && is_of_page).then(|| of_label("date", Some(Kind::Date), question, screen))?
}

/// Whether `text` has a number that may say how many: none of a date, a telephone or an address.
fn counts(text: &str) -> bool {
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

/// The value of `label`.
fn of_label<'a>(label: &str, kind: Option<Kind>, question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let found = find_of(screen, label, kind)?;
    let value = found.value.as_ref().filter(|_| !found.is_near)?;
    // "When" is answered with a day, and "how much" with a number.
    let has_digit = value.text.contains(|c: char| c.is_ascii_digit());
    let is_day = || has_digit || !shape::find(Kind::Date, &value.text).is_empty();
    if matches!(question.wants, Wants::Value { is_number: true, .. }) && !is_day() {
        return None;
    }
    let lines = if std::ptr::eq(value.line, found.line) { vec![found.line] } else { vec![found.line, value.line] };
    if found.is_secret(label) {
        return Some(Quote { said: located(&found, label, screen), lines, query: Some(label.to_owned()) });
    }
    if kind == Some(Kind::Amount)
        && let Some(row) = row(&found, screen)
    {
        return Some(row);
    }
    if !found.rivals.is_empty() {
        return Some(several(&found, value));
    }
    if let Some(sentence) = prose(&found, value, kind) {
        return Some(Quote { said: format!("It says: {}", aloud(&sentence)), lines, query: Some(label.to_owned()) });
    }
    let said = aloud(&value.text);
    let said = said.trim_end_matches('.');
    let is_named = |name: &str| {
        let (asked, there) = (words(name), words(&found.label));
        found.label.is_empty() || asked.len() == there.len() && fit(&asked, &there).is_some_and(|(fits, _)| fits > 0.85)
    };
    let said = match question.name.as_deref().filter(|name| is_named(name)) {
        Some(name) => format!("The {name} is {said}."),
        None if found.label.is_empty() => format!("It says: {said}."),
        None => format!("{}: {said}.", aloud(&found.label)),
    };
    Some(Quote { said, lines, query: Some(label.to_owned()) })
}

/// The sentence that a value stands in, or the row that begins with it, if no sign says that the words before it are a label.
fn prose(found: &Found<'_>, value: &super::value::Value<'_>, kind: Option<Kind>) -> Option<String> {
    let text = &found.line.text;
    if !std::ptr::eq(value.line, found.line) {
        return None;
    }
    if kind == Some(Kind::Date)
        && found.label.is_empty()
        && text.starts_with(&value.text)
        && value.text.len() < text.len()
    {
        let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
        return Some(format!("{text}{end}"));
    }
    let is_it = |sentence: &String| {
        let at = sentence.find(value.text.as_str());
        at.is_some_and(|at| at > 0 && !sentence[..at].trim_end().ends_with([':', '=', '#']))
            && sentence.ends_with(['.', '!'])
            && sentence.split_whitespace().count() >= SENTENCE_WORDS
    };
    read::sentences(text).into_iter().find(is_it)
}

/// All that may be meant, each with its label: which of them is asked for is not for Jarvis to say.
fn several<'a>(found: &Found<'a>, value: &super::value::Value<'a>) -> Quote<'a> {
    let first = (&found.label, value);
    let all = std::iter::once(first).chain(found.rivals.iter().map(|(label, value)| (label, value)));
    let mut lines = Vec::new();
    let mut told = Vec::new();
    for (label, value) in all.filter(|(_, value)| !is_kept(value.line)).take(MOST_RIVALS) {
        let said = aloud(&value.text);
        let said = said.trim_end_matches('.');
        told.push(if label.is_empty() { said.to_owned() } else { format!("{}: {said}", aloud(label)) });
        lines.push(value.line);
    }
    let more = (found.rivals.len() + 1).saturating_sub(told.len());
    let more = if more > 0 { format!(" There are {more} more.") } else { String::new() };
    Quote { said: format!("{}.{more}", told.join(", ")), lines, query: None }
}

/// The whole row of something that has more than one amount, with what stands over its cells: which of them is asked for is
/// not for Jarvis to say.
fn row<'a>(found: &Found<'a>, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let amounts = |text: &str| shape::find(Kind::Amount, text).len();
    let line = found.line;
    if amounts(&line.text) > 1 && !line.text.contains(':') {
        let said = format!("It says: {}.", aloud(&line.text).trim_end_matches('.'));
        return Some(Quote { said, lines: vec![line], query: None });
    }
    let near = line.region.height.max(1) as i32;
    let is_beside = |other: &&TextLine| {
        let both = line.region.bottom().min(other.region.bottom()) - line.region.y.max(other.region.y);
        both * 2 >= other.region.height.min(line.region.height) as i32 && other.region.x >= line.region.right() - near
    };
    let mut cells: Vec<&TextLine> = screen
        .lines
        .iter()
        .filter(|other| !std::ptr::eq(*other, line) && is_legible(other))
        .filter(is_beside)
        .collect();
    cells.sort_by_key(|cell| cell.region.x);
    let all: usize = cells.iter().map(|cell| amounts(&cell.text)).sum();
    if all < 2 || cells.len() > MOST_CELLS || cells.iter().any(|cell| is_kept(cell)) {
        return None;
    }
    let told = cells.iter().map(|cell| match head(cell, line, screen) {
        Some(head) => format!("{} {}", aloud(&head.text), aloud(&cell.text)),
        None => aloud(&cell.text),
    });
    let told: Vec<String> = told.collect();
    let said = format!("{}: {}.", aloud(&line.text).trim_end_matches([':', '.', ' ']), told.join(", "));
    cells.insert(0, line);
    Some(Quote { said, lines: cells, query: None })
}

/// What stands at the head of the column of `cell`, whose row `label` begins: in the row of the head over `label`.
fn head<'a>(cell: &TextLine, label: &TextLine, screen: &'a ScreenText) -> Option<&'a TextLine> {
    let overlaps = |one: &Region, other: &Region| one.x < other.right() && other.x < one.right();
    let is_head = |line: &&TextLine| {
        let is_word = !line.text.contains(|c: char| c.is_ascii_digit()) && line.text.split_whitespace().count() <= 3;
        is_word && line.region.bottom() <= cell.region.y && line.role != TextRole::Title
    };
    // A head over the labels, too, or the words over the cell may be of another table.
    let head = screen
        .lines
        .iter()
        .filter(is_head)
        .filter(|line| overlaps(&line.region, &cell.region))
        .max_by_key(|line| line.region.y)?;
    let has_row = screen.lines.iter().any(|line| {
        overlaps(&line.region, &label.region) && (line.region.y - head.region.y).abs() <= head.region.height as i32 / 2
    });
    has_row.then_some(head)
}

/// The sentences that have the words of `topic`: all of a few, most of many. With a number, or a day, if it has to be one.
fn sentences<'a>(topic: &[String], is_number: bool, kind: Option<Kind>, screen: &'a ScreenText) -> Option<Quote<'a>> {
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
            // A word alone is no answer.
            if shared >= least && is_told && has.len() > wanted.len() + 1 {
                match line_with(&wanted, least, lines)
                    .filter(|line| (has.len() > LONG_SENTENCE || stands_alone(line, &wanted, lines)) && !is_kept(line))
                {
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
    Some(Quote { said: format!("It says: {}", beginning(&all, MOST_WORDS)), lines, query: None })
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

/// What is said where neither the page nor the language model has an answer: the lines that come nearest to it.
fn nearest(question: &Question, screen: &ScreenText) -> String {
    let says = if screen.is_picture { "The picture says" } else { "The screen says" };
    let wanted: Vec<String> = question.topic.iter().map(|word| stem(word)).collect();
    let is_about_error = wanted.iter().any(|word| matches!(word.as_str(), "error" | "wrong" | "fix" | "messag"));
    let error = if is_about_error { error::find(screen) } else { Vec::new() };
    if !error.is_empty() {
        return format!("I have no answer that I am sure of. {says}: {}", beginning(&flow(&error), MOST_WORDS));
    }
    let shared = |line: &TextLine| {
        let has: Vec<String> = words(&line.text).iter().map(|word| stem(word)).collect();
        wanted.iter().filter(|word| has.contains(word)).count()
    };
    let body = read::body(screen);
    let best = body.iter().map(|line| shared(line)).max().unwrap_or(0);
    if best == 0 {
        return match question.wants {
            Wants::Understanding | Wants::OwnWords if wanted.is_empty() => {
                format!("I have no answer that I am sure of. {}", read::summary(screen))
            }
            _ => format!("I don't see an answer to that {}.", super::where_looked(screen)),
        };
    }
    let mut room = NEAREST_WORDS;
    let fits = |line: &&&TextLine| {
        let count = line.text.split_whitespace().count();
        let is_first = room == NEAREST_WORDS;
        let fits = is_first || count <= room;
        room = if fits { room.saturating_sub(count) } else { room };
        fits
    };
    let near: Vec<&TextLine> = body.iter().filter(|line| shared(line) == best).filter(fits).copied().collect();
    let told = near.iter().map(|line| {
        let told = aloud(&line.text);
        // A label alone says little.
        let is_label = line.text.split_whitespace().count() <= 4 && !line.text.contains(|c: char| c.is_ascii_digit());
        let value = find_of(screen, &told, None).filter(|_| is_label).and_then(|found| found.value);
        let value = value.filter(|value| !is_kept(value.line));
        match value.filter(|value| !std::ptr::eq(value.line, *line) && !super::say::is_secret(&line.text)) {
            Some(value) => format!("{} {}", told, aloud(&value.text)),
            None => told,
        }
    });
    let told: Vec<String> = told.collect();
    let told: Vec<&str> = told.iter().map(|told| told.trim_end_matches('.')).collect();
    let said = beginning(&told.join(". "), NEAREST_WORDS);
    format!("I have no answer that I am sure of. {says}: {}.", said.trim_end_matches(['.', '…']))
}
