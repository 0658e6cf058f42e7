//! Where on the screen something stands, and what stands beside it.
//!
//! Owns the search: as written, then abbreviated, then in any order, then nearly; then what else labels call it; then by its
//! shape, where mail addresses and telephone numbers stand without a label. Never shows anything.

use super::say;
use super::shape::{self, Kind};
use super::value::{self, KindFit, Labelled, Value, kind_of, of_label};
use super::words::{find as fit, words};
use jarvis_core::{Region, ScreenText, TextLine, TextRole};

/// What fits less than this is something else.
const LEAST: f32 = 0.45;
/// What fits less than this is only spelled like it.
const NEAR: f32 = 0.7;
/// Of so many days none is that of the page.
const DAYS: usize = 3;
/// Words of a label.
const LABEL: usize = 4;

/// What the end of a name says of its value, behind the name of whose it is.
#[rustfmt::skip]
const OWNED: [(&[&str], &[Kind]); 12] = [
    (&["phone", "number"], &[Kind::Phone]),
    (&["telephone", "number"], &[Kind::Phone]),
    (&["email", "address"], &[Kind::Email]),
    (&["mail", "address"], &[Kind::Email]),
    (&["web", "address"], &[Kind::Url]),
    (&["number"], &[Kind::Phone, Kind::Number]),
    (&["phone"], &[Kind::Phone]),
    (&["email"], &[Kind::Email]),
    (&["mail"], &[Kind::Email]),
    (&["website"], &[Kind::Url]),
    (&["date"], &[Kind::Date]),
    (&["day"], &[Kind::Date]),
];

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
    /// What else may be meant just as well, with its label: the number of another line for the "phone number".
    pub rivals: Vec<(String, Value<'a>)>,
    /// Whether it has what is asked for, and nothing else is called so.
    fit: KindFit,
    /// Words of the label besides those that are asked for.
    rest: usize,
    /// It is spelled otherwise there.
    pub is_near: bool,
}

impl Found<'_> {
    /// The line, and its value if that stands elsewhere.
    pub fn region(&self) -> Region {
        self.value.as_ref().map_or(self.line.region, |value| self.line.region.union(&value.line.region))
    }

    /// Whether it is one of those things that are said to nobody.
    pub fn is_secret(&self, wanted: &str) -> bool {
        let names = [wanted, &self.label, &self.line.text];
        let is_kept = |value: &Value<'_>| names.iter().any(|name| say::is_secret(name)) || say::is_kept(value.line);
        say::is_kept(self.line) || self.value.as_ref().is_some_and(is_kept)
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
const ALSO: [(&str, &[&str]); 29] = [
    ("total", &["grand total", "total due", "amount due", "total amount", "balance due"]),
    ("total due", &["amount due", "balance due", "total"]),
    ("amount due", &["total due", "balance due", "amount payable", "to pay", "left to pay", "you pay", "grand total", "total amount", "total"]),
    ("amount paid", &["total paid", "paid", "payment received", "payments received", "you paid", "payment", "payments"]),
    ("amount", &["amount due", "total amount", "total due", "grand total", "total"]),
    ("sum", &["total", "grand total", "amount due"]),
    ("price", &["unit price", "cost"]),
    ("cost", &["price", "total cost"]),
    ("tax", &["vat", "sales tax", "gst", "mwst"]),
    ("vat", &["tax", "mwst", "gst"]),
    ("due date", &["due", "payment due", "due by", "due on", "payable by", "pay by", "payable until", "deadline"]),
    ("deadline", &["due date", "due", "closing date", "submit by", "due by", "pay by", "payable by"]),
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

/// What a word alone means where labels have one more: the balance is the one that is left.
const RATHER: [(&str, &[&str]); 1] =
    [("balance", &["closing balance", "new balance", "current balance", "available balance", "total balance"])];

/// Words that only say what something is.
const SAYS_WHAT: [&str; 7] = ["server", "address", "name", "setting", "value", "mode", "level"];

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
    let rather = RATHER.iter().filter(|(called, _)| wanted == [*called]).flat_map(|(_, names)| names.iter());
    let is_rather = |found: &Found<'_>| !found.is_near && found.rest == 0 && found.fit >= KindFit::Maybe;
    let mut rather = rather.filter_map(|name| as_named(screen, &words(name), kind));
    let direct = as_named(screen, wanted, kind);
    // What has nothing but that word before its value is called so.
    let is_called_so = |found: &Found<'_>| {
        let is_here = found.value.as_ref().is_some_and(|value| std::ptr::eq(value.line, found.line));
        is_here && is_rather(found) && words(&found.line.text).starts_with(wanted)
    };
    if !direct.as_ref().is_some_and(is_called_so)
        && let Some(found) = rather.find(|found| found.value.is_some() && is_rather(found))
    {
        return Some(found);
    }
    let has_value = |found: &Found<'_>| {
        // "End of the month" is a deadline, and "$10.00" is none.
        let is_other = |value: &Value<'_>| found.fit == KindFit::No && value::is_of_other_kind(kind, &value.text);
        !found.is_near && found.value.as_ref().is_some_and(|value| !is_other(value))
    };
    let direct = direct.map(|found| if has_value(&found) { found } else { Found { value: None, ..found } });
    // A number of unknown kind is an amount only where the label is no more than what was said.
    let is_it = |found: &Found<'_>| has_value(found) && (found.fit == KindFit::Yes || found.rest == 0);
    if direct.as_ref().is_some_and(is_it) || kind.is_none() && direct.as_ref().is_some_and(|found| !found.is_near) {
        return direct;
    }
    let name = wanted.join(" ");
    let also = ALSO.iter().filter(|(called, _)| *called == name).flat_map(|(_, also)| also.iter());
    let is_of_kind = |found: &Found<'_>| has_value(found) && (kind.is_none() || found.fit >= KindFit::Maybe);
    let named: Vec<Found<'a>> =
        also.filter_map(|other| as_named(screen, &words(other), kind)).filter(is_of_kind).collect();
    // Of other names only what has it for sure, or is called just so.
    let of_kind = named.iter().find(|found| kind.is_none() || found.fit == KindFit::Yes);
    let named = of_kind.or_else(|| named.iter().find(|found| found.rest == 0)).cloned();
    named
        .or_else(|| by_owner(screen, wanted))
        .or_else(|| direct.clone().filter(|found| has_value(found) && found.fit == KindFit::Maybe))
        .or_else(|| by_shape(screen, kind?, &name))
        .or(direct)
        .or_else(|| without_last(screen, wanted, kind))
}

/// What is called so without the last word, which says what it is: the "DNS server" behind "DNS".
fn without_last<'a>(screen: &'a ScreenText, wanted: &[String], kind: Option<Kind>) -> Option<Found<'a>> {
    let is_plain = |(last, rest): &(&String, &[String])| !rest.is_empty() && SAYS_WHAT.contains(&last.as_str());
    let (_, rest) = wanted.split_last().filter(is_plain)?;
    as_named(screen, rest, kind).filter(|found| found.value.is_some() && !found.is_near && found.rest == 0)
}

/// What stands behind the name of whose it is: the "emergency number" behind "Emergency line", the "sales email" behind
/// "Sales".
fn by_owner<'a>(screen: &'a ScreenText, wanted: &[String]) -> Option<Found<'a>> {
    let (owner, kinds) = OWNED.iter().find_map(|(ends, kinds)| {
        let at = wanted.len().checked_sub(ends.len()).filter(|at| *at > 0)?;
        (wanted[at..] == **ends).then_some((&wanted[..at], kinds))
    })?;
    kinds.iter().find_map(|kind| {
        let found = as_named(screen, owner, Some(*kind))?;
        let is_it = found.value.is_some() && !found.is_near && found.fit == KindFit::Yes && found.rest <= 2;
        is_it.then_some(found)
    })
}

/// What stands there by its name.
fn as_named<'a>(screen: &'a ScreenText, wanted: &[String], of: Option<Kind>) -> Option<Found<'a>> {
    let mut wanted = wanted.to_vec();
    // "The button for booking" is a booking button.
    if wanted.len() > 2 && KINDS.contains(&wanted[0].as_str()) && matches!(wanted[1].as_str(), "for" | "to") {
        wanted.remove(1);
        wanted.rotate_left(1);
    }
    let kind = wanted.last().filter(|last| wanted.len() > 1 && KINDS.contains(&last.as_str())).cloned();
    // "Submit button" is "Submit", unless all of it stands there.
    let best = best_of(screen, &wanted, None, of).filter(|best| kind.is_none() || best.fits > 0.9).or_else(|| {
        kind.as_ref()?;
        wanted.pop();
        best_of(screen, &wanted, kind.as_deref(), of)
    })?;
    let Best { fits, line, others, value, rivals, .. } = best;
    let is_pressed = line.role == TextRole::Control || kind.as_deref().is_some_and(|kind| kind != "field");
    let is_near = fits < NEAR;
    Some(match value.filter(|_| !is_pressed) {
        Some(Labelled { label, value, rest, fit }) => {
            Found { line, label, value: Some(value), others, is_near, rivals, fit, rest }
        }
        None => Found {
            line,
            label: String::new(),
            value: None,
            others,
            is_near,
            rivals: Vec::new(),
            fit: KindFit::No,
            rest: 0,
        },
    })
}

/// What stands there without a name, but can be nothing else.
fn by_shape<'a>(screen: &'a ScreenText, kind: Kind, name: &str) -> Option<Found<'a>> {
    let is_known = matches!(kind, Kind::Email | Kind::Phone | Kind::Url | Kind::Iban);
    // Of days only where nothing else is asked for, and a few.
    let is_any_day = kind == Kind::Date && name == "date";
    if !is_known && !is_any_day {
        return None;
    }
    let has_one = |line: &&TextLine| line.role != TextRole::Title && say::is_legible(line);
    let found = screen.lines.iter().filter(has_one).flat_map(|line| {
        let found = shape::find(kind, &line.text).into_iter();
        found.map(move |range| (before(screen, line, range.start), Value { text: line.text[range].to_owned(), line }))
    });
    let mut all: Vec<(String, Value<'_>)> = Vec::new();
    let mut others = 0;
    for one in found {
        match all.iter().any(|(_, known)| known.text == one.1.text) {
            true => others += 1,
            false => all.push(one),
        }
    }
    // A fax answers nobody.
    if kind == Kind::Phone && all.iter().any(|(label, _)| !is_fax(label)) {
        all.retain(|(label, _)| !is_fax(label));
    }
    if all.is_empty() || is_any_day && all.len() > DAYS {
        return None;
    }
    let (label, value) = all.remove(0);
    // Its label tells it from the others; alone it is what was asked for.
    let label = if all.is_empty() { String::new() } else { label };
    let (fit, rest) = (KindFit::Yes, 0);
    Some(Found { line: value.line, label, value: Some(value), others, is_near: false, rivals: all, fit, rest })
}

/// Whether `label` is that of a fax.
pub(super) fn is_fax(label: &str) -> bool {
    words(label).iter().any(|word| matches!(word.as_str(), "fax" | "telefax"))
}

/// What stands as a label before the byte `at` of `line`: in it, or to its left; empty if nothing does.
pub(super) fn before(screen: &ScreenText, line: &TextLine, at: usize) -> String {
    let own = line.text[..at].trim();
    let left = || {
        let found = screen.lines.iter().filter(|other| !std::ptr::eq(*other, line) && other.is_left_of(line));
        found.max_by_key(|other| other.region.x).map_or("", |other| other.text.trim())
    };
    let label = if own.is_empty() { left() } else { own.rsplit(['.', ';', ',']).next().unwrap_or(own).trim() };
    let label = label.trim_end_matches([':', '=', '-', '–', ' ', '(']);
    if label.split_whitespace().count() <= LABEL { label.to_owned() } else { String::new() }
}

struct Best<'a> {
    rank: f32,
    fits: f32,
    line: &'a TextLine,
    value: Option<Labelled<'a>>,
    others: usize,
    rivals: Vec<(String, Value<'a>)>,
}

/// The line that `wanted` names best. What is asked for by its kind comes first, surely before perhaps; then the label with
/// the fewest words besides those that were said; then the words as they were said. So what is called exactly so always
/// wins among what has such a value, and a line that has none of the words changes nothing.
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
        let labelled = value.as_ref().map_or(0.0, |value| {
            let is_first = if place.start == 0 { 0.06 } else { 0.0 };
            let of_kind = match (of, value.fit) {
                (None, _) | (_, KindFit::No) => 0.0,
                (_, KindFit::Maybe) => 1.0,
                (_, KindFit::Yes) => 2.0,
            };
            // One word more weighs less than the kind, and more than how well the words fit.
            let rest = 0.16 * value.rest.min(5) as f32;
            0.02 + is_first + of_kind + if of.is_some() { -rest } else { -0.1 * rest }
        });
        let unread = if say::is_legible(line) { 0.0 } else { -0.1 };
        let near = if fits < NEAR { -4.0 } else { 0.0 };
        let rank = fits + 0.05 * share + role + labelled + unread + near;
        let rivals_with = |known: &Best<'a>| {
            let (Some(one), Some(other)) = (&known.value, &value) else { return false };
            let is_as_good = one.fit == KindFit::Yes && other.fit == KindFit::Yes && (known.fits - fits).abs() < 0.01;
            of.is_some() && is_as_good && one.rest == other.rest && one.rest > 0 && one.value.text != other.value.text
        };
        match &mut best {
            Some(known) if rank <= known.rank => {
                known.others += 1;
                if rivals_with(known)
                    && let Some(value) = value
                {
                    known.rivals.push((value.label, value.value));
                }
            }
            known => {
                let mut rivals = Vec::new();
                let mut others = 0;
                if let Some(known) = known.take() {
                    others = known.others + 1;
                    if rivals_with(&known) {
                        rivals.extend(known.value.map(|value| (value.label, value.value)));
                        rivals.extend(known.rivals);
                    }
                }
                *known = Some(Best { rank, fits, line, value, others, rivals });
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

    #[test]
    fn what_may_be_meant_just_as_well_is_there_with_its_label() {
        let bill = screen(vec![
            line("Customer service: 1-800-555-0142", 10, 10),
            line("Emergency line: 1-800-555-0199", 10, 40),
            line("Fax: 1-800-555-0111", 10, 70),
        ]);
        let found = find(&bill, "phone number").unwrap();
        assert_eq!((found.label.as_str(), found.value.unwrap().text.as_str()), ("Customer service", "1-800-555-0142"));
        let rivals: Vec<(&str, &str)> =
            found.rivals.iter().map(|(label, value)| (label.as_str(), value.text.as_str())).collect();
        assert_eq!(rivals, [("Emergency line", "1-800-555-0199")]);
        assert_eq!(find(&bill, "emergency number").unwrap().value.unwrap().text, "1-800-555-0199");
        assert_eq!(find(&bill, "fax number").unwrap().value.unwrap().text, "1-800-555-0111");
    }

    #[test]
    fn the_kind_of_the_value_comes_before_the_closeness_of_the_label() {
        let bill = screen(vec![line("Total kWh: 412", 10, 10), line("Total amount due: $88.32", 10, 40)]);
        let value = |wanted: &str| find(&bill, wanted).and_then(|found| found.value).map(|value| value.text);
        assert_eq!(value("total").as_deref(), Some("$88.32"));
        assert_eq!(value("total kwh").as_deref(), Some("412"));
    }

    proptest! {
        /// What is called exactly as it was said has the answer, whatever else has a longer name, in any order.
        #[test]
        fn the_label_that_is_no_more_than_the_words_wins(
            names in proptest::collection::vec("(net|gross|old|new|due|kwh|used)", 1..6),
            at in 0..6usize,
            wanted in "(total|balance|fee|rent)",
        ) {
            let mut texts: Vec<String> = names.iter().enumerate()
                .map(|(at, name)| if at % 2 == 0 { format!("{wanted} {name}: $1{at}.00") } else { format!("{name} {wanted}: $1{at}.00") })
                .collect();
            texts.insert(at.min(texts.len()), format!("{wanted}: $77.00"));
            let page = screen(texts.iter().enumerate().map(|(at, text)| line(text, 10, 30 * at as i32)).collect());
            let found = find(&page, &wanted).unwrap();
            prop_assert!(found.rivals.is_empty());
            prop_assert_eq!(found.value.unwrap().text, "$77.00");
        }

        /// A line that has nothing of what was said changes nothing.
        #[test]
        fn an_unrelated_line_changes_no_answer(
            other in "(Weather|Garden|Kite|Signature): [a-z]{1,8}( [0-9]{1,3})?",
            wanted in "(total|due date|late fee|phone number|email|kwh used|invoice number)",
            is_first in any::<bool>(),
        ) {
            let texts = [
                "Total kWh used: 412", "Total due: $88.32", "Due date: 5 December 2026", "Late fee: $10.00",
                "Phone: 1-800-555-0142", "Billing: help@power.example", "Invoice no. 4711",
            ];
            let page = |from: i32| texts.iter().enumerate().map(move |(at, text)| line(text, 10, from + 30 * at as i32));
            let plain = screen(page(200).collect());
            let at = if is_first { 100 } else { 200 + 30 * (texts.len() as i32 + 3) };
            let more = screen(page(200).chain([line(&other, 10, at)]).collect());
            let of = |screen: &ScreenText| find(screen, &wanted).map(|found| (found.label, found.value.map(|value| value.text)));
            prop_assert!(of(&plain).is_some_and(|(_, value)| value.is_some()));
            prop_assert_eq!(of(&plain), of(&more));
        }

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
