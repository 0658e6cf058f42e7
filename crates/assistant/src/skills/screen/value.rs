//! The value of a label: behind it in its line, to its right, below it.
//!
//! Owns what kind of value a label has by its words, and which of the text around it that is. A value is quoted as it is
//! written, without its label and without the rest of its line.

use super::error;
use super::shape::{self, Kind};
use super::words::words;
use jarvis_core::{Region, ScreenText, TextLine, TextRole};

/// Longer lines are texts and have no labels, bytes.
const LONGEST: usize = 400;
/// So many words may stand between a label and its value: "Total due in euros 120.00".
const BETWEEN: usize = 4;

/// The most words behind a day that belong to it, and what they begin with.
const PLACE: usize = 8;
const BEHIND_DAYS: [&str; 9] = ["from", "until", "till", "by", "at", "to", "in", "after", "before"];

/// Words of labels, and the kind of value that they have.
#[rustfmt::skip]
const KINDS: [(Kind, &[&str]); 7] = [
    (Kind::Email, &["email", "mail"]),
    (Kind::Phone, &["phone", "telephone", "tel", "fax", "mobile", "cell", "hotline"]),
    (Kind::Iban, &["iban"]),
    (Kind::Url, &["url", "website", "homepage", "webpage", "web"]),
    (Kind::Number, &["number", "no", "nr", "#", "id", "code", "reference", "ref", "version", "bic", "swift"]),
    (Kind::Date, &["date", "deadline", "birthday", "expiry", "expires", "dated"]),
    (Kind::Amount, &[
        "total", "subtotal", "amount", "price", "cost", "costs", "tax", "vat", "balance", "fee", "fees", "shipping", "discount",
        "sum", "rent", "salary", "deposit", "tip", "refund", "payment",
    ]),
];

/// The value of a label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value<'a> {
    /// As it is written.
    pub text: String,
    /// The line that it is in.
    pub line: &'a TextLine,
}

/// What kind of value a label of these words has, if that is sure.
pub(super) fn kind_of(label: &[String]) -> Option<Kind> {
    KINDS.iter().find(|(_, names)| label.iter().any(|word| names.contains(&word.as_str()))).map(|(kind, _)| *kind)
}

/// A label and what stands behind, beside or below it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Labelled<'a> {
    /// The label as it is written.
    pub label: String,
    /// Its value.
    pub value: Value<'a>,
    /// Words of the label besides those that are asked for.
    pub rest: usize,
    /// Whether the value is what is asked for.
    pub fit: KindFit,
}

/// How well a value is of the kind that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KindFit {
    /// It is something else.
    No,
    /// It may be: a number without a currency, where an amount is asked for.
    Maybe,
    /// It is, or any kind will do.
    Yes,
}

/// How well `value` is of `kind`.
fn fit_of(kind: Option<Kind>, value: &str) -> KindFit {
    match kind {
        None => KindFit::Yes,
        Some(kind) if !shape::find(kind, value).is_empty() => KindFit::Yes,
        Some(Kind::Amount | Kind::Number) if has_digit(value) && shape::find(Kind::Date, value).is_empty() => {
            KindFit::Maybe
        }
        // "Seat: A", "Code: KITE".
        Some(Kind::Number) if value.chars().all(|c| c.is_uppercase() || c == '-') => KindFit::Maybe,
        Some(_) => KindFit::No,
    }
}

/// Whether `value`, which is not of `kind`, is something else for sure.
pub(super) fn is_of_other_kind(kind: Option<Kind>, value: &str) -> bool {
    let is = |kind| !shape::find(kind, value).is_empty();
    match kind {
        None => false,
        Some(Kind::Date) => is(Kind::Amount) || is(Kind::Email) || is(Kind::Phone) || is(Kind::Url),
        Some(_) => has_digit(value) || is(Kind::Email) || is(Kind::Url),
    }
}

/// The label whose words are those of `place` in `line`, and its value.
pub(super) fn of_label<'a>(
    screen: &'a ScreenText,
    line: &'a TextLine,
    place: &std::ops::Range<usize>,
    kind: Option<Kind>,
) -> Option<Labelled<'a>> {
    let text = &line.text;
    if text.len() > LONGEST {
        return None;
    }
    let (label, behind) = whole_label(text, behind(text, place.end));
    let from = start(text, place.start);
    let is_labelled = label.ends_with([':', '=', '#']);
    let made = |end: usize, value: Value<'a>| {
        let label = trimmed(text.get(from..end).unwrap_or(label)).to_owned();
        let rest = words(&label).len().saturating_sub(place.len());
        let fit = fit_of(kind, &value.text);
        Some(Labelled { label, value, rest, fit })
    };
    let here = |value: &str| made(offset(text, value), Value { text: value.to_owned(), line });
    // A row that begins with its day: "05 Nov Salary 3120.00".
    if kind == Some(Kind::Date)
        && !is_labelled
        && shape::find(Kind::Date, behind).is_empty()
        && let Some(day) = shape::find(Kind::Date, label).into_iter().next().filter(|day| day.start == 0)
    {
        return here(&text[day]);
    }
    // Nobody asks for a part of a question: "Are we still on for dinner?"
    if kind == Some(Kind::Date) && text.trim_end().ends_with('?') {
        return None;
    }
    if !behind.is_empty() {
        if let Some(value) = kind.and_then(|kind| shaped(kind, behind, is_labelled)) {
            let is_day = kind == Some(Kind::Date) && is_labelled;
            let day = || {
                if with_first(behind, value) == value { with_place(behind, value) } else { with_first(behind, value) }
            };
            return here(if is_day { day() } else { value });
        }
        // "Total: 120", "Paragraph 7"; but not "Total recall of all".
        let value = up_to_next_label(behind);
        // In the middle of a line a value stands right behind its label: nothing is said of it before.
        let first = value.split_whitespace().next().filter(|_| place.start > 0).unwrap_or(value);
        let is_one = is_labelled || (kind.is_none() && (value.contains('@') || has_digit(first)));
        if is_one && !value.is_empty() {
            return here(value);
        }
        // "VAT 19%" and "Total due" are labels themselves.
        let goes_on = words_but_days(behind) < BETWEEN && (kind.is_some() || !has_digit(behind));
        if !goes_on {
            return None;
        }
    }
    let is_whole = is_labelled || place.len() == words(text).len();
    // What stands below a sentence is not the value of one of its words, nor what stands below "250 g spelt flour" that of flour.
    let is_end = kind.is_none() && has_digit(&text[..from]);
    if !is_labelled && (words(text).len() > place.len() + BETWEEN || is_end) {
        return None;
    }
    made(text.len(), beside(screen, line, kind, is_labelled, is_whole)?)
}

/// `label` and what is behind it, if the label goes on to a colon there: "Total" of "Total kWh used: 412" is "Total kWh used:".
fn whole_label<'t>(text: &'t str, (label, behind): (&'t str, &'t str)) -> (&'t str, &'t str) {
    if label.ends_with([':', '=', '#']) {
        return (label, behind);
    }
    // Not that of a time.
    let is_sign = |(at, _): &(usize, &str)| behind[at + 1..].starts_with(char::is_whitespace) || at + 1 == behind.len();
    let Some((at, _)) = behind.match_indices([':', '=']).find(is_sign) else { return (label, behind) };
    let between = &behind[..at];
    let is_of_label = |word: &str| !has_digit(word) || word.ends_with('%');
    let is_label = between.split_whitespace().count() <= BETWEEN
        && between.split_whitespace().all(is_of_label)
        && !between.contains(['.', '?', '!', ',', '@']);
    if !is_label {
        return (label, behind);
    }
    let end = offset(text, behind) + at + 1;
    (&text[..end], text[end..].trim())
}

/// How many words `text` has without its days: "Amount due by 5 December 2026" is a label.
fn words_but_days(text: &str) -> usize {
    let of_days: usize =
        shape::find(Kind::Date, text).into_iter().map(|range| text[range].split_whitespace().count()).sum();
    text.split_whitespace().count().saturating_sub(of_days)
}

fn is_url(kind: Option<Kind>) -> bool {
    matches!(kind, Some(Kind::Url | Kind::Email | Kind::Phone | Kind::Iban))
}

/// The first value of `kind` in `text`, which comes behind a label.
fn shaped(kind: Kind, text: &str, is_labelled: bool) -> Option<&str> {
    let of = |kind| shape::find(kind, text).into_iter().next();
    let is_near = |range: &std::ops::Range<usize>| {
        let between = &text[..range.start];
        // Behind another label stands another value.
        between.split_whitespace().count() <= BETWEEN && !between.contains(':')
    };
    let found = match kind {
        Kind::Email | Kind::Phone | Kind::Iban | Kind::Url => of(kind),
        Kind::Amount if is_free(text) => return Some(text.trim()),
        Kind::Amount => of(kind).filter(is_near).or_else(|| {
            let bare = of(Kind::Number)?;
            let is_number = text[bare.clone()].chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-'));
            let is_alone = text[..bare.start].trim().is_empty() && !text[bare.end..].trim_start().starts_with('%');
            (is_number && is_alone).then_some(bare)
        }),
        Kind::Number => of(kind)
            .filter(|range| is_near(range) && (is_labelled || text[..range.start].split_whitespace().count() <= 1)),
        Kind::Date => of(kind).filter(is_near),
    };
    found.map(|range| &text[range])
}

/// `text` up to where the next label begins: "$58.20 Phone: (555) 010-2233" is "$58.20".
fn up_to_next_label(text: &str) -> &str {
    let mut words = text.split_whitespace().enumerate();
    let next = words.find(|(at, word)| {
        *at > 0 && word.ends_with(':') && word.len() > 2 && word.trim_end_matches(':').chars().all(char::is_alphabetic)
    });
    next.map_or(text, |(_, word)| &text[..offset(text, word)]).trim()
}

/// The day `day` of `text`, with the time and the place that follow it: "27 November at 14:00 in room Blue".
fn with_place<'t>(text: &'t str, day: &'t str) -> &'t str {
    let from = offset(text, day);
    let rest = &text[from + day.len()..];
    let more = up_to_next_label(rest);
    let more = &more[..more.find(['(', ';']).or_else(|| more.find(". ")).unwrap_or(more.len())];
    let mut words = more.split_whitespace().map(|word| word.trim_matches(','));
    let goes_on = words.find(|word| !word.is_empty()).is_some_and(|word| BEHIND_DAYS.contains(&word));
    if !goes_on || more.split_whitespace().count() > PLACE {
        return day;
    }
    text[from..offset(text, more) + more.len()].trim_end_matches(['.', ' ', ','])
}

/// Whether `text` says that there is nothing to pay.
pub(super) fn is_free(text: &str) -> bool {
    matches!(
        text.trim().to_lowercase().as_str(),
        "free" | "for free" | "included" | "gratis" | "no charge" | "free of charge"
    )
}

/// `day` of `text` with the first of two days before it: "24 - 26 November".
fn with_first<'t>(text: &'t str, day: &'t str) -> &'t str {
    let at = offset(text, day);
    let before = &text[..at];
    let is_first = before.starts_with(|c: char| c.is_ascii_digit())
        && before.trim_end().ends_with(['-', '–'])
        && before.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '.' | '-' | '–'));
    if is_first { &text[..at + day.len()] } else { day }
}

/// Where `part`, a slice of `text`, begins in it.
fn offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len())
}

/// The value that stands to the right of `line`, or below it. `is_labelled`: a sign says that there is one. `is_whole`: the
/// line is nothing but the label.
fn beside<'a>(
    screen: &'a ScreenText,
    line: &TextLine,
    kind: Option<Kind>,
    is_labelled: bool,
    is_whole: bool,
) -> Option<Value<'a>> {
    let near = line.region.height.max(1) as i32;
    let is_right = |other: &Region| {
        let both = line.region.bottom().min(other.bottom()) - line.region.y.max(other.y);
        let gap = other.x.saturating_sub(line.region.right());
        both * 2 >= other.height.min(line.region.height) as i32 && gap >= -near && gap <= 30 * near
    };
    let is_below = |other: &Region| {
        let gap = other.y.saturating_sub(line.region.bottom());
        let overlaps = other.x < line.region.right() && line.region.x < other.right();
        overlaps && gap >= -near / 2 && gap <= 2 * near
    };
    let others = || {
        screen.lines.iter().filter(|other| {
            !std::ptr::eq(*other, line)
                && !matches!(other.role, TextRole::Control | TextRole::Title | TextRole::Heading)
                && !other.text.trim_end().ends_with(':')
                && !error::is_button(other)
        })
    };
    let in_row: Vec<&'a TextLine> = {
        let mut row: Vec<&TextLine> = others().filter(|other| is_right(&other.region)).collect();
        row.sort_by_key(|other| other.region.x);
        row
    };
    // What is one for sure comes before a number that may count something: "Shipping  1  9.90".
    let of_shape = |other: &'a TextLine| {
        let range = shape::find(kind?, &other.text).into_iter().next()?;
        Some(Value { text: other.text[range].to_owned(), line: other })
    };
    let of_kind = |other: &'a TextLine| {
        let value = shaped(kind?, &other.text, true)?;
        Some(Value { text: value.to_owned(), line: other })
    };
    let whole = |other: &'a TextLine| Value { text: other.text.trim().to_owned(), line: other };
    let is_any = |other: &&'a TextLine| {
        is_labelled || other.role == TextRole::Field || has_digit(&other.text) || other.text.contains('@')
    };
    let right = |made: &dyn Fn(&'a TextLine) -> Option<Value<'a>>| in_row.iter().copied().find_map(made);
    // A row of two is a label and its value, as in lists of settings.
    let is_row = is_whole && in_row.len() == 1 && !stands_right_of_any(screen, line);
    let found = right(&of_shape)
        .or_else(|| right(&of_kind))
        .or_else(|| right(&|other| Some(other).filter(|other| (is_any(other) || is_row) && !is_url(kind)).map(whole)));
    // What has something beside it has its value there, and what is below belongs to another: unless it is the head of a
    // column.
    if found.is_some() || is_row {
        return found;
    }
    let below = |made: &dyn Fn(&'a TextLine) -> Option<Value<'a>>| {
        let found = others().filter(|other| is_below(&other.region) && !is_label_of_row(screen, other, &in_row));
        found.filter_map(made).min_by_key(|value| value.line.region.y)
    };
    below(&of_shape).or_else(|| below(&|other| Some(other).filter(|other| is_any(other) && !is_url(kind)).map(whole)))
}

/// Whether something stands before `line` in its row.
fn stands_right_of_any(screen: &ScreenText, line: &TextLine) -> bool {
    screen.lines.iter().any(|other| !std::ptr::eq(other, line) && other.is_left_of(line))
}

/// Whether `below`, which stands under a label alone in its row, has a value of its own beside it.
fn is_label_of_row(screen: &ScreenText, below: &TextLine, in_row: &[&TextLine]) -> bool {
    in_row.is_empty()
        && !has_digit(&below.text)
        && below.role != TextRole::Field
        && screen.lines.iter().any(|other| !std::ptr::eq(other, below) && below.is_left_of(other))
}

fn has_digit(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
}

/// A label without the signs around it.
fn trimmed(label: &str) -> &str {
    let label = label.trim().trim_end_matches([':', '=', '#', '-', '–', ' ', '(', ',']).trim();
    label.strip_suffix(" is").unwrap_or(label)
}

/// Where the label begins that has its word number `word` there, counted as [`words`] counts: with the words before that
/// belong to it.
fn start(text: &str, word: usize) -> usize {
    let begins = |at: &usize| {
        let (before, from) = text.split_at(*at);
        from.starts_with(is_of_word) && !before.ends_with(is_of_word) && words(before).len() == word
    };
    let Some(at) = text.char_indices().map(|(at, _)| at).find(begins) else { return 0 };
    // "Order total" is a label; what begins with more words is a sentence.
    let is_plain = |word: &str| word.chars().all(char::is_alphabetic);
    let before = &text[..at];
    if before.split_whitespace().count() <= 2 && before.split_whitespace().all(is_plain) { 0 } else { at }
}

/// `text` up to its word `end`, counted as [`words`] counts, with the signs that follow it, and what comes behind.
fn behind(text: &str, end: usize) -> (&str, &str) {
    let all = words(text);
    let is_end = |at: &usize| {
        (text[..*at].ends_with('#') || !text[*at..].starts_with(is_of_word)) && words(&text[..*at]) == all[..end]
    };
    let mut ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let cut = ends.find(is_end).unwrap_or(text.len());
    let rest = &text[cut..];
    let signs = rest.len() - rest.trim_start_matches([':', '=', '#', '.', ' ', '\t', '\u{a0}', '-', '–']).len();
    // "-5" is a number.
    let signs = if rest[..signs].ends_with(['-', '.']) && rest[signs..].starts_with(|c: char| c.is_ascii_digit()) {
        signs - 1
    } else {
        signs
    };
    (text[..cut + signs].trim_end(), rest[signs..].trim())
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\'' | '’')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_what_comes_behind_the_words_of_the_label() {
        for (text, end, expected) in [
            ("Total: 120", 1, ("Total:", "120")),
            ("Balance -5 €", 1, ("Balance", "-5 €")),
            ("Invoice #4711", 2, ("Invoice #", "4711")),
            ("E-Mail: a@b.c", 1, ("E-Mail:", "a@b.c")),
            ("Ärger", 1, ("Ärger", "")),
            ("Size – 3", 1, ("Size –", "3")),
        ] {
            assert_eq!(behind(text, end), expected, "{text}");
        }
    }

    #[test]
    fn a_label_begins_with_its_own_words() {
        assert_eq!(start("Order total 45", 1), 0);
        assert_eq!(start("Total: $58.20 Phone: 1", 3), 14);
        assert_eq!(start("Mail a@b.c or call 0800", 5), 14);
    }

    #[test]
    fn what_stands_beside_a_label_is_its_value_and_what_stands_below_an_amount_is_none() {
        let page = |rows: &[&str]| {
            let lines = rows.iter().zip(0..).flat_map(|(text, row)| crate::bench::lines(text, row)).collect();
            super::super::testing::screen(lines)
        };
        let value = |rows: &[&str], at: usize| {
            let page = page(rows);
            of_label(&page, &page.lines[0], &(at..at + 1), None).map(|found| found.value.text)
        };
        assert_eq!(value(&["First name  <Anna>"], 1).as_deref(), Some("Anna"));
        assert_eq!(value(&["Current mileage  48,210 km"], 1).as_deref(), Some("48,210 km"));
        assert_eq!(value(&["250 g spelt flour", "120 g brown sugar"], 3), None);
        assert_eq!(value(&["ice cold. boiler shows F28 again"], 2), None);
    }

    #[test]
    fn a_value_ends_where_the_next_label_begins() {
        assert_eq!(up_to_next_label("$58.20 Phone: (555) 010-2233"), "$58.20");
        assert_eq!(up_to_next_label("Ada Lovelace"), "Ada Lovelace");
        assert_eq!(up_to_next_label("note: at 10:30"), "note: at 10:30");
    }
}
