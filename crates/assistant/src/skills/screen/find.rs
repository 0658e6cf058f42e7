//! Where on the screen something stands, and what stands beside it.
//!
//! Owns the search: as written, then abbreviated, then in any order, then nearly; and the value of a label: behind it in its
//! line, to its right, below it. Never shows anything.

use super::words::{find as fit, words};
use jarvis_core::{Region, ScreenText, TextLine, TextRole};

/// What fits less than this is something else.
const LEAST: f32 = 0.45;

/// Something that was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found<'a> {
    /// The line that it is in.
    pub line: &'a TextLine,
    /// What the line says of it: its value, where it is a label with one.
    pub value: Option<Value>,
    /// How many other lines say the same as well.
    pub others: usize,
    /// It is spelled otherwise there.
    pub is_near: bool,
}

/// The value of a label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value {
    pub text: String,
    pub region: Region,
}

impl Found<'_> {
    /// The line, and its value if that stands elsewhere.
    pub fn region(&self) -> Region {
        self.value.as_ref().map_or(self.line.region, |value| self.line.region.union(&value.region))
    }
}

/// What words at the end of a request say about the kind of what is looked for: not all of it stands on the screen.
const KINDS: [&str; 9] = ["button", "link", "tab", "menu", "field", "box", "checkbox", "entry", "icon"];

/// Looks for `wanted` ("invoice number", "submit button").
pub(super) fn find<'a>(screen: &'a ScreenText, wanted: &str) -> Option<Found<'a>> {
    let mut wanted = words(wanted);
    let kind = wanted.last().filter(|last| wanted.len() > 1 && KINDS.contains(&last.as_str())).cloned();
    // "Submit button" is "Submit", unless all of it stands there.
    let best = best_of(screen, &wanted, None).filter(|(fit, ..)| kind.is_none() || *fit > 0.9).or_else(|| {
        kind.as_ref()?;
        wanted.pop();
        best_of(screen, &wanted, kind.as_deref())
    })?;
    let (fits, line, place, others) = best;
    let is_pressed = line.role == TextRole::Control || kind.as_deref().is_some_and(|kind| kind != "field");
    let value = if is_pressed { None } else { value(screen, line, place.end) };
    Some(Found { line, value, others, is_near: fits < 0.7 })
}

type Best<'a> = (f32, &'a TextLine, std::ops::Range<usize>, usize);

fn best_of<'a>(screen: &'a ScreenText, wanted: &[String], kind: Option<&str>) -> Option<Best<'a>> {
    let mut best: Option<(f32, Best<'a>)> = None;
    for line in &screen.lines {
        let read = words(&line.text);
        let Some((fits, place)) = fit(wanted, &read) else { continue };
        // Of equals the one that says least else, is pressed if it is to be pressed, and is no title of a window.
        let share = place.len() as f32 / read.len() as f32;
        let role = match line.role {
            TextRole::Control if kind.is_some() => 0.1,
            TextRole::Title => -0.04,
            _ => 0.0,
        };
        let rank = fits + 0.05 * share + role;
        if fits < LEAST {
            continue;
        }
        match &mut best {
            Some((known, (.., others))) if rank <= *known => *others += 1,
            known => {
                let others = known.take().map_or(0, |(_, (.., others))| others + 1);
                *known = Some((rank, (fits, line, place, others)));
            }
        }
    }
    best.map(|(_, best)| best)
}

/// The value of the label that ends with the word before `end` of `line`.
fn value(screen: &ScreenText, line: &TextLine, end: usize) -> Option<Value> {
    let (label, behind) = behind(&line.text, end);
    if !behind.is_empty() {
        // "Total: 120", "Invoice no. 4711"; but not "Total recall of all".
        let is_value = label.ends_with([':', '=', '#']) || has_digit(behind) || behind.contains('@');
        return is_value.then(|| Value { text: behind.to_owned(), region: line.region });
    }
    let is_labelled = label.ends_with([':', '=']);
    let is_value = |other: &&TextLine| {
        !std::ptr::eq(*other, line)
            && !matches!(other.role, TextRole::Control | TextRole::Title | TextRole::Heading)
            && !other.text.trim_end().ends_with(':')
            && (is_labelled || other.role == TextRole::Field || has_digit(&other.text) || other.text.contains('@'))
    };
    let near = line.region.height.max(1) as i32;
    let right = screen.lines.iter().filter(is_value).filter(|other| {
        let both = line.region.bottom().min(other.region.bottom()) - line.region.y.max(other.region.y);
        let gap = other.region.x - line.region.right();
        both * 2 >= other.region.height.min(line.region.height) as i32 && gap >= -near && gap <= 30 * near
    });
    let below = screen.lines.iter().filter(is_value).filter(|other| {
        let gap = other.region.y - line.region.bottom();
        let overlaps = other.region.x < line.region.right() && line.region.x < other.region.right();
        overlaps && gap >= -near / 2 && gap <= 2 * near
    });
    let found = right.min_by_key(|other| other.region.x).or_else(|| below.min_by_key(|other| other.region.y))?;
    Some(Value { text: found.text.clone(), region: found.region })
}

fn has_digit(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
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
    use super::super::testing::{line, screen, sized};
    use super::*;
    use proptest::prelude::*;

    fn invoice() -> ScreenText {
        screen(vec![
            sized("Invoice", 40, 20, 40, TextRole::Heading),
            line("Invoice No.: 2026-0815", 600, 40),
            line("Due date", 40, 120),
            line("24 December 2026", 200, 121),
            line("Total", 600, 500),
            line("1,234.50 €", 780, 500),
            line("Name:", 40, 160),
            line("Ada Lovelace", 40, 184),
            line("Total cost of ownership", 40, 300),
            sized("Submit", 700, 560, 20, TextRole::Control),
            line("Please submit by Friday", 40, 560),
        ])
    }

    fn value(wanted: &str) -> Option<String> {
        find(&invoice(), wanted).and_then(|found| found.value).map(|value| value.text)
    }

    #[test]
    fn a_label_has_its_value_behind_beside_or_below() {
        assert_eq!(value("invoice number").as_deref(), Some("2026-0815"));
        assert_eq!(value("due date").as_deref(), Some("24 December 2026"));
        assert_eq!(value("total").as_deref(), Some("1,234.50 €"));
        assert_eq!(value("name").as_deref(), Some("Ada Lovelace"));
        assert_eq!(value("total cost"), None);
    }

    #[test]
    fn what_is_pressed_is_preferred_where_it_is_asked_for() {
        let screen = invoice();
        let button = find(&screen, "submit button").unwrap();
        assert_eq!((button.line.role, &button.value, button.others), (TextRole::Control, &None, 1));
        assert_eq!(find(&screen, "submit").unwrap().line.text, "Submit");
        assert!(find(&screen, "submitt").unwrap().is_near);
        assert!(find(&screen, "delete").is_none());
        assert!(find(&screen, "").is_none());
    }

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

    proptest! {
        #[test]
        fn any_screen_can_be_searched(
            texts in proptest::collection::vec(("\\PC{0,30}", -500..2000i32, -500..2000i32, 0..40u32), 0..12),
            wanted in "\\PC{0,20}",
        ) {
            let lines = texts.iter().map(|(text, x, y, height)| sized(text, *x, *y, *height, TextRole::Text)).collect();
            let screen = screen(lines);
            if let Some(found) = find(&screen, &wanted) {
                prop_assert!(!found.line.text.is_empty());
                prop_assert!(found.others < screen.lines.len());
            }
        }
    }
}
