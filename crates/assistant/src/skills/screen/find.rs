//! Where on the screen something stands, and what stands beside it.
//!
//! Owns the search: as written, then abbreviated, then in any order, then nearly; then what else labels call it; then by its
//! shape, where mail addresses and telephone numbers stand without a label. Never shows anything.

use super::say;
use super::shape::{self, Kind};
use super::value::{Value, kind_of, of_label};
use super::words::{find as fit, words};
use jarvis_core::{Region, ScreenText, TextLine, TextRole};

/// What fits less than this is something else.
const LEAST: f32 = 0.45;

/// Something that was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found<'a> {
    /// The line that it is in.
    pub line: &'a TextLine,
    /// What the line calls its value; empty where it stands there without a label, or has none.
    pub label: String,
    /// What the line says of it: its value, where it is a label with one.
    pub value: Option<Value<'a>>,
    /// How many other lines say the same as well.
    pub others: usize,
    /// It is spelled otherwise there.
    pub is_near: bool,
}

impl Found<'_> {
    /// The line, and its value if that stands elsewhere.
    pub fn region(&self) -> Region {
        self.value.as_ref().map_or(self.line.region, |value| self.line.region.union(&value.line.region))
    }

    /// Whether it is one of those things that are said to nobody.
    pub fn is_secret(&self, wanted: &str, screen: &ScreenText) -> bool {
        let names = [wanted, &self.label, &self.line.text];
        let is_kept =
            |value: &Value<'_>| names.iter().any(|name| say::is_secret(name)) || say::is_kept(value.line, screen);
        say::is_kept(self.line, screen) || self.value.as_ref().is_some_and(is_kept)
    }

    /// Whether it was read for sure.
    pub fn is_legible(&self) -> bool {
        say::is_legible(self.line) && self.value.as_ref().is_none_or(|value| say::is_legible(value.line))
    }
}

/// What words at the end of a request say about the kind of what is looked for: not all of it stands on the screen.
const KINDS: [&str; 9] = ["button", "link", "tab", "menu", "field", "box", "checkbox", "entry", "icon"];

/// What else labels call a thing, the most likely first.
#[rustfmt::skip]
const ALSO: [(&str, &[&str]); 28] = [
    ("total", &["grand total", "total due", "amount due", "total amount", "balance due"]),
    ("total due", &["amount due", "balance due", "total"]),
    ("amount due", &["total due", "balance due", "amount payable", "grand total", "total amount", "total"]),
    ("amount", &["amount due", "total amount", "total due", "grand total", "total"]),
    ("sum", &["total", "grand total", "amount due"]),
    ("price", &["unit price", "cost"]),
    ("cost", &["price", "total cost"]),
    ("tax", &["vat", "sales tax", "gst", "mwst"]),
    ("vat", &["tax", "mwst", "gst"]),
    ("due date", &["due", "payment due", "due by", "due on", "payable by", "pay by", "deadline"]),
    ("deadline", &["due date", "due", "closing date", "submit by", "due by"]),
    ("date", &["dated", "issued", "issue date", "created"]),
    ("date of birth", &["birthday", "born", "dob", "birth date"]),
    ("expiry date", &["expires", "expiration date", "valid until", "valid thru", "expiry", "expiration"]),
    ("email", &["e-mail", "contact"]),
    ("email address", &["email", "mail", "contact"]),
    ("phone number", &["phone", "tel", "call", "mobile"]),
    ("phone", &["tel", "call", "mobile"]),
    ("website", &["web", "url", "homepage"]),
    ("invoice number", &["invoice", "invoice id"]),
    ("order number", &["order", "order id", "purchase order", "po"]),
    ("customer number", &["customer id", "customer"]),
    ("account number", &["account", "iban"]),
    ("sender", &["from", "sent by"]),
    ("recipient", &["to", "ship to", "bill to"]),
    ("author", &["by", "written by", "from"]),
    ("status", &["state"]),
    ("address", &["street", "ship to", "bill to"]),
];

/// Looks for `wanted` ("invoice number", "submit button").
pub(super) fn find<'a>(screen: &'a ScreenText, wanted: &str) -> Option<Found<'a>> {
    find_of(screen, wanted, None)
}

/// As [`find`], for something that has a value of `kind` whatever its words say.
pub(super) fn find_of<'a>(screen: &'a ScreenText, wanted: &str, kind: Option<Kind>) -> Option<Found<'a>> {
    let all = words(wanted);
    let articles = all.iter().take_while(|word| matches!(word.as_str(), "the" | "a" | "an" | "my")).count();
    let wanted = if articles < all.len() { &all[articles..] } else { &all[..] };
    let kind = kind.or_else(|| kind_of(wanted));
    let direct = as_named(screen, wanted, kind);
    let is_it = |found: &Found<'_>| found.value.is_some() && !found.is_near;
    if direct.as_ref().is_some_and(is_it) || kind.is_none() && direct.as_ref().is_some_and(|found| !found.is_near) {
        return direct;
    }
    let name = wanted.join(" ");
    let also = ALSO.iter().filter(|(called, _)| *called == name).flat_map(|(_, also)| also.iter());
    let named = also.filter_map(|other| as_named(screen, &words(other), kind)).find(is_it);
    named.or_else(|| by_shape(screen, kind?)).or(direct)
}

/// What stands there by its name.
fn as_named<'a>(screen: &'a ScreenText, wanted: &[String], of: Option<Kind>) -> Option<Found<'a>> {
    let mut wanted = wanted.to_vec();
    let kind = wanted.last().filter(|last| wanted.len() > 1 && KINDS.contains(&last.as_str())).cloned();
    // "Submit button" is "Submit", unless all of it stands there.
    let best = best_of(screen, &wanted, None, of).filter(|best| kind.is_none() || best.fits > 0.9).or_else(|| {
        kind.as_ref()?;
        wanted.pop();
        best_of(screen, &wanted, kind.as_deref(), of)
    })?;
    let Best { fits, line, others, value, .. } = best;
    let is_pressed = line.role == TextRole::Control || kind.as_deref().is_some_and(|kind| kind != "field");
    let (label, value) =
        value.filter(|_| !is_pressed).map_or((String::new(), None), |(label, value)| (label, Some(value)));
    Some(Found { line, label, value, others, is_near: fits < 0.7 })
}

/// What stands there without a name, but can be nothing else.
fn by_shape(screen: &ScreenText, kind: Kind) -> Option<Found<'_>> {
    if !matches!(kind, Kind::Email | Kind::Phone | Kind::Url | Kind::Iban) {
        return None;
    }
    let has_one = |line: &&TextLine| line.role != TextRole::Title && say::is_legible(line);
    let mut lines = screen.lines.iter().filter(has_one).flat_map(|line| {
        let found = shape::find(kind, &line.text).into_iter();
        found.map(move |range| Value { text: line.text[range].to_owned(), line })
    });
    let value = lines.next()?;
    let others = lines.filter(|other| other.text != value.text).count();
    Some(Found { line: value.line, label: String::new(), value: Some(value), others, is_near: false })
}

struct Best<'a> {
    rank: f32,
    fits: f32,
    line: &'a TextLine,
    value: Option<(String, Value<'a>)>,
    others: usize,
}

fn best_of<'a>(screen: &'a ScreenText, wanted: &[String], kind: Option<&str>, of: Option<Kind>) -> Option<Best<'a>> {
    let mut best: Option<Best<'a>> = None;
    for line in &screen.lines {
        let read = words(&line.text);
        let Some((fits, place)) = fit(wanted, &read) else { continue };
        if fits < LEAST {
            continue;
        }
        let value = of_label(screen, line, &place, of);
        // Of equals the one that says least else, has a value, is pressed if it is to be pressed, and is no title of a window.
        let share = place.len() as f32 / read.len() as f32;
        let role = match line.role {
            TextRole::Control if kind.is_some() => 0.1,
            TextRole::Title => -0.04,
            _ => 0.0,
        };
        let is_label = value.is_some() && place.start == 0;
        let labelled = if is_label { 0.06 } else { 0.0 } + if value.is_some() { 0.02 } else { 0.0 };
        let unread = if say::is_legible(line) { 0.0 } else { -0.1 };
        let rank = fits + 0.05 * share + role + labelled + unread;
        match &mut best {
            Some(known) if rank <= known.rank => known.others += 1,
            known => {
                let others = known.take().map_or(0, |known| known.others + 1);
                *known = Some(Best { rank, fits, line, value, others });
            }
        }
    }
    best
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
