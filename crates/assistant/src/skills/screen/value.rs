//! The value of a label: behind it in its line, to its right, below it.
//!
//! Owns what kind of value a label has by its words, and which of the text around it that is. A value is quoted as it is
//! written, without its label and without the rest of its line.

use super::shape::{self, Kind};
use super::words::words;
use jarvis_core::{Region, ScreenText, TextLine, TextRole};

/// Longer lines are texts and have no labels, bytes.
const LONGEST: usize = 400;
/// So many words may stand between a label and its value: "Total due in euros 120.00".
const BETWEEN: usize = 4;

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

/// The label whose words are those of `place` in `line`, as it is written, and its value.
pub(super) fn of_label<'a>(
    screen: &'a ScreenText,
    line: &'a TextLine,
    place: &std::ops::Range<usize>,
    kind: Option<Kind>,
) -> Option<(String, Value<'a>)> {
    let text = &line.text;
    if text.len() > LONGEST {
        return None;
    }
    let (label, behind) = behind(text, place.end);
    let from = start(text, place.start);
    let is_labelled = label.ends_with([':', '=', '#']);
    let named = |end: usize| trimmed(text.get(from..end).unwrap_or(label)).to_owned();
    let here = |value: &str| Some((named(offset(text, value)), Value { text: value.to_owned(), line }));
    if !behind.is_empty() {
        if let Some(value) = kind.and_then(|kind| shaped(kind, behind, is_labelled)) {
            return here(value);
        }
        // "Total: 120", "Paragraph 7"; but not "Total recall of all".
        let value = up_to_next_label(behind);
        let is_one = is_labelled || (kind.is_none() && (value.contains('@') || has_digit(value)));
        if is_one && (is_labelled || !is_url(kind)) && !value.is_empty() {
            return here(value);
        }
        // "VAT 19%" and "Total due" are labels themselves.
        let goes_on = behind.split_whitespace().count() < BETWEEN && (kind.is_some() || !has_digit(behind));
        if !goes_on {
            return None;
        }
    }
    let value = beside(screen, line, kind, is_labelled)?;
    Some((trimmed(text.get(from..).unwrap_or(text)).to_owned(), value))
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

/// Where `part`, a slice of `text`, begins in it.
fn offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len())
}

/// The value that stands to the right of `line`, or below it.
fn beside<'a>(screen: &'a ScreenText, line: &TextLine, kind: Option<Kind>, is_labelled: bool) -> Option<Value<'a>> {
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
        })
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
    let of_any = |other: &'a TextLine| {
        let is_value =
            is_labelled || other.role == TextRole::Field || has_digit(&other.text) || other.text.contains('@');
        (is_value && !is_url(kind)).then(|| Value { text: other.text.trim().to_owned(), line: other })
    };
    let right = |made: &dyn Fn(&'a TextLine) -> Option<Value<'a>>| {
        let found = others().filter(|other| is_right(&other.region));
        found.filter_map(made).min_by_key(|value| value.line.region.x)
    };
    let below = |made: &dyn Fn(&'a TextLine) -> Option<Value<'a>>| {
        let found = others().filter(|other| is_below(&other.region));
        found.filter_map(made).min_by_key(|value| value.line.region.y)
    };
    right(&of_shape)
        .or_else(|| right(&of_kind))
        .or_else(|| right(&of_any))
        .or_else(|| below(&of_shape))
        .or_else(|| below(&of_any))
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
    fn a_value_ends_where_the_next_label_begins() {
        assert_eq!(up_to_next_label("$58.20 Phone: (555) 010-2233"), "$58.20");
        assert_eq!(up_to_next_label("Ada Lovelace"), "Ada Lovelace");
        assert_eq!(up_to_next_label("note: at 10:30"), "note: at 10:30");
    }
}
