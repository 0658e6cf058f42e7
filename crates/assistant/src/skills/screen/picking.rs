//! Which value of a page is meant where one is to be copied by what it is: "the phone number", "the amount".
//!
//! Owns how the one that is called so is told from others of its kind, and what each is called where any of them may be meant: then
//! none is copied. Never looks at what is secret; whoever asks has taken that out.

use super::excerpt::COMMON;
use super::find::{self, Found};
use super::shape::{self, Kind};
use super::value::kind_of;
use super::words::words;
use super::{read, say, ties};
use jarvis_core::{ScreenText, TextLine, TextRole};

/// Names of a value have no more words.
const NAME: usize = 4;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Picked {
    /// It, as it is written.
    One(String),
    /// Any of these may be meant: what each is called, empty where nothing tells, and what it is.
    Several(Vec<(String, String)>),
}

/// Kinds of values, and words that say no more of one than that it is of the kind.
#[rustfmt::skip]
const PLAIN: [(Kind, &[&str]); 6] = [
    (Kind::Phone, &["phone", "telephone", "tel", "number", "contact", "call", "t", "p"]),
    (Kind::Email, &["email", "mail", "address", "contact"]),
    (Kind::Url, &["url", "web", "website", "address", "homepage", "webpage", "page", "site"]),
    (Kind::Iban, &["iban", "number", "account"]),
    (Kind::Amount, &["amount", "sum", "money"]),
    (Kind::Date, &["date", "day"]),
];

/// A value of the kind that is asked for.
struct Candidate {
    /// What stands before it in its line.
    label: String,
    /// Whether that is another cell of a row of several.
    is_of_row: bool,
    /// Whether that is a label for sure: with a sign behind it, or a cell of its own.
    is_labelled: bool,
    /// Whose it is: what begins its row, or stands over it.
    owner: String,
    text: String,
}

impl Candidate {
    /// What it is called.
    fn named(&self, plain: &[&str]) -> (String, String) {
        let words = words(&self.label);
        // "Call us on".
        let is_name = words.last().is_some_and(|last| !COMMON.contains(&last.as_str()));
        let is_own =
            !self.is_of_row && is_name && self.label.contains(char::is_alphabetic) && !is_plain(&self.label, plain);
        (if is_own { self.label.clone() } else { self.owner.clone() }, self.text.clone())
    }
}

/// The value of `screen` that is called `wanted`, where that says of what kind it is. `None` where it does not, or there is none.
pub(super) fn pick(screen: &ScreenText, wanted: &str) -> Option<Picked> {
    let said: Vec<String> =
        words(wanted).into_iter().filter(|word| !matches!(word.as_str(), "the" | "my" | "a")).collect();
    let kind = kind_of(&said)?;
    let (_, plain) = PLAIN.iter().find(|(of, _)| *of == kind)?;
    let of: Vec<&String> = said.iter().filter(|word| !plain.contains(&word.as_str())).collect();
    if !of.is_empty() {
        let found = find::find(screen, wanted).filter(|found| !found.is_near && found.value.is_some());
        return match found {
            Some(found) => found.several(),
            None => told(screen, kind, &of),
        };
    }
    let all = candidates(screen, kind);
    let is_so = |one: &&Candidate| is_plain(&one.label, plain) && !one.label.is_empty();
    // What is called so is meant where the others are called otherwise, and not where somebody's number stands in a text.
    let are_labelled = all.iter().all(|one| one.is_labelled || is_so(&one));
    let exact: Vec<&Candidate> = all.iter().filter(|one| are_labelled && is_so(one)).collect();
    match (&exact[..], &all[..]) {
        (_, []) => None,
        ([one], _) => Some(Picked::One(one.text.clone())),
        (_, [one]) => Some(Picked::One(one.text.clone())),
        ([], _) => called(screen, wanted, kind)
            .or_else(|| told(screen, kind, &said.iter().collect::<Vec<_>>()))
            .or_else(|| Some(Picked::Several(all.iter().map(|one| one.named(plain)).collect()))),
        _ => Some(Picked::Several(exact.iter().map(|one| one.named(plain)).collect())),
    }
}

/// What is called `wanted` and is of that kind for sure, or all that are called so as well.
fn called(screen: &ScreenText, wanted: &str, kind: Kind) -> Option<Picked> {
    let found = find::find(screen, wanted).filter(|found| !found.is_near)?;
    if let Some(several) = found.several() {
        return Some(several);
    }
    let value = found.value?;
    // What has no name but its shape is one of many, and what stands under the head of a column is as well.
    let is_named = match std::ptr::eq(found.line, value.line) {
        // A sentence may have others.
        true => found.line.text.contains([':', '=']) || shape::find(kind, &found.line.text).len() == 1,
        false => !heads_many(screen, kind, found.line),
    };
    let is_it = !found.label.is_empty() && is_named && !shape::find(kind, &value.text).is_empty();
    (is_it && matches!(kind, Kind::Amount | Kind::Date)).then_some(Picked::One(value.text))
}

impl Found<'_> {
    /// It and all that may be meant as well, if something may.
    fn several(&self) -> Option<Picked> {
        let first = (self.label.clone(), self.value.as_ref()?.text.clone());
        let others = self.rivals.iter().map(|(label, value)| (label.clone(), value.text.clone()));
        (!self.rivals.is_empty()).then(|| Picked::Several(std::iter::once(first).chain(others).collect()))
    }
}

/// `wanted` with whose it is first: "dirk olsen phone number" for "phone number of dirk olsen". As it is where it says no kind of value.
pub(super) fn owner_first(wanted: &str) -> String {
    let said = words(wanted);
    let Some((_, plain)) = PLAIN.iter().find(|(of, _)| kind_of(&said) == Some(*of)) else { return wanted.to_owned() };
    match wanted.split_once(" of ") {
        Some((kind, owner)) if is_plain(kind.trim_start_matches("the "), plain) => {
            format!("{} {}", owner.trim_start_matches("the "), kind.trim_start_matches("the "))
        }
        _ => wanted.to_owned(),
    }
}

/// Whose value `wanted` asks for: "anna berg" of "anna berg phone number". `None` where it names no kind of value, or nobody.
pub(super) fn owner_in(wanted: &str) -> Option<String> {
    let said = words(&owner_first(&wanted.replace("'s ", " ").replace("’s ", " ")));
    let (_, plain) = PLAIN.iter().find(|(of, _)| kind_of(&said) == Some(*of))?;
    let rest = said.iter().rposition(|word| !plain.contains(&word.as_str()))? + 1;
    (rest < said.len()).then(|| said[..rest].join(" "))
}

/// Whether values of `kind` stand under `line`, one under the other.
fn heads_many(screen: &ScreenText, kind: Kind, line: &TextLine) -> bool {
    let is_under = |other: &&TextLine| {
        let (over, under) = (&line.region, &other.region);
        under.y >= over.bottom() && under.x < over.right() && over.x < under.right()
    };
    screen.lines.iter().filter(is_under).filter(|other| !shape::find(kind, &other.text).is_empty()).count() > 1
}

/// The value in the sentences that say all of `said`: "42.50 EUR" of "the amount that you paid for the boat is 42.50 EUR".
fn told(screen: &ScreenText, kind: Kind, said: &[&String]) -> Option<Picked> {
    let said: Vec<&&String> = said.iter().filter(|word| !COMMON.contains(&word.as_str())).collect();
    let body: Vec<&TextLine> = read::body(screen).into_iter().filter(|line| !say::is_kept(line)).collect();
    let mut found: Vec<String> = Vec::new();
    for run in read::runs(&body) {
        let text = body[run].iter().map(|line| line.text.trim()).collect::<Vec<_>>().join(" ");
        for sentence in read::sentences(&text) {
            let read = words(&sentence);
            let is_it = !said.is_empty() && said.iter().all(|word| read.iter().any(|read| ties::alike(word, read)));
            let values = shape::find(kind, &sentence).into_iter().map(|place| sentence[place].to_owned());
            found.extend(values.filter(|_| is_it));
        }
    }
    found.dedup();
    match &found[..] {
        [] => None,
        [one] => Some(Picked::One(one.clone())),
        all => Some(Picked::Several(all.iter().map(|text| (String::new(), text.clone())).collect())),
    }
}

/// The values of `kind` on `screen`, each once. A fax answers nobody, unless there is nothing else.
fn candidates(screen: &ScreenText, kind: Kind) -> Vec<Candidate> {
    let mut all: Vec<Candidate> = Vec::new();
    let is_text = |line: &&TextLine| line.role != TextRole::Title && say::is_legible(line) && !say::is_kept(line);
    for line in screen.lines.iter().filter(is_text) {
        for place in shape::find(kind, &line.text) {
            let text = &line.text[place.clone()];
            let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            if !all.iter().any(|known| letters(&known.text) == letters(text)) {
                let label = match find::before(screen, line, place.start) {
                    // "Rosa Lind, 0117 496 0099".
                    empty if empty.is_empty() => named_before(&line.text[..place.start]).to_owned(),
                    label => label,
                };
                let before = screen.lines.iter().filter(|other| other.is_left_of(line)).count();
                let is_of_row = before > 1 && line.text[..place.start].trim().is_empty();
                let own = line.text[..place.start].trim();
                let is_labelled = own.is_empty() && !label.is_empty() || own.ends_with([':', '=', '#']);
                let owner = owner(screen, line);
                all.push(Candidate { label, is_of_row, is_labelled, owner, text: text.to_owned() });
            }
        }
    }
    let is_fax = |one: &Candidate| find::is_fax(&one.label);
    if kind == Kind::Phone && all.iter().any(|one| !is_fax(one)) {
        all.retain(|one| !is_fax(one));
    }
    all
}

/// The few words that `text` ends with, before a comma.
fn named_before(text: &str) -> &str {
    let own = text.trim().trim_end_matches([',', ' ']);
    let name = own.rsplit(['.', ';', ',']).next().unwrap_or(own).trim();
    if name.split_whitespace().count() <= NAME { name } else { "" }
}

/// What begins the row of `line`, or stands over it alone: a name of a few words.
fn owner(screen: &ScreenText, line: &TextLine) -> String {
    let is_name = |other: &&TextLine| {
        let text = other.text.trim();
        (1..=NAME).contains(&text.split_whitespace().count())
            && text.contains(char::is_alphabetic)
            && !text.contains(|c: char| c.is_ascii_digit() || matches!(c, ':' | '@' | '=' | '?'))
            && !text.ends_with(['.', ',', '!'])
            && !say::is_kept(other)
    };
    let row = screen.lines.iter().filter(|other| other.is_left_of(line)).filter(is_name);
    let above = || {
        let is_over = |other: &&TextLine| {
            let (over, under) = (&other.region, &line.region);
            over.bottom() <= under.y && over.x < under.right() && under.x < over.right()
        };
        screen.lines.iter().filter(is_over).filter(is_name).max_by_key(|other| other.region.y)
    };
    let found = row.min_by_key(|other| other.region.x).or_else(above);
    found.map_or_else(String::new, |name| name.text.trim().to_owned())
}

/// Whether `label` says no more than of what kind its value is.
fn is_plain(label: &str, plain: &[&str]) -> bool {
    words(label).iter().all(|word| plain.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    fn page(text: &str) -> ScreenText {
        testing::screen(text.lines().zip(0..).flat_map(|(text, row)| crate::bench::lines(text, row)).collect())
    }

    /// What is picked of `text`: it, what the several are called, or "-".
    fn of(text: &str, wanted: &str) -> String {
        match pick(&page(text), wanted) {
            None => "-".to_owned(),
            Some(Picked::One(text)) => text,
            Some(Picked::Several(all)) => {
                let named = |(name, text): &(String, String)| if name.is_empty() { text.clone() } else { name.clone() };
                format!("? {}", all.iter().map(named).collect::<Vec<_>>().join(", "))
            }
        }
    }

    #[test]
    fn of_several_values_of_a_kind_none_is_picked_unless_one_is_called_so() {
        let bill = "Customer service: 1-800-555-0142\nEmergency line: 1-800-555-0199\nFax: 1-800-555-0111";
        let people = "Name            Room   Phone\nAnna Berg       12     0151 2345 6781\nDirk Olsen      13     0151 2345 6784";
        let cards = "Anna Berg\nPhone: 0151 2345 6781\n\nDirk Olsen\nPhone: 0151 2345 6784";
        let plain = "Phone: 0151 2345 6781\nMobile: 0151 2345 6784\nFax: 0151 2345 6785";
        let prose = "Call us on 0151 2345 6781 or on 0151 2345 6784 in the evening.";
        let mails = "Billing: help@power.example\nSales: sales@power.example";
        for (text, wanted, picked) in [
            (bill, "phone number", "? Customer service, Emergency line"),
            (people, "phone number", "? Anna Berg, Dirk Olsen"),
            (cards, "phone number", "? Anna Berg, Dirk Olsen"),
            (plain, "phone number", "0151 2345 6781"),
            (prose, "phone number", "? 0151 2345 6781, 0151 2345 6784"),
            (mails, "email address", "? Billing, Sales"),
            ("Write to help@power.example, or ask help@power.example.", "email", "help@power.example"),
            ("Fax: 0151 2345 6785", "phone number", "0151 2345 6785"),
            (
                "Tel 0151 2345 6781\nDear Anna,\nCall Rosa Lind, 0151 2345 6784.",
                "phone number",
                "? 0151 2345 6781, Call Rosa Lind",
            ),
            (bill, "address", "-"),
            (bill, "email", "-"),
        ] {
            assert_eq!(of(text, wanted), picked, "{wanted}: {text}");
        }
    }

    #[test]
    fn an_amount_is_picked_out_of_its_sentence() {
        let letter = "Dear Ms Berg,\nthe amount that you still owe us for the repair of\nthe boat is 42.50 EUR. Please pay soon.";
        let two = "The amount for the boat is 42.50 EUR, and the amount for the sail 12.00 EUR.";
        for (text, wanted, picked) in [
            (letter, "amount", "42.50 EUR"),
            ("We thank you for 42.50 EUR.", "amount", "42.50 EUR"),
            (two, "amount", "? 42.50 EUR, 12.00 EUR"),
            ("Amount due: $88.32\nLate fee: $10.00", "amount", "$88.32"),
            ("Amount: 12.00 EUR\nTip: 2.00 EUR", "amount", "12.00 EUR"),
            ("Bread 2.40 EUR\nMilk 1.10 EUR", "amount", "? Bread, Milk"),
            ("The rent of the flat in the old town of Leeds is 950.00 EUR.", "rent", "950.00 EUR"),
        ] {
            assert_eq!(of(text, wanted), picked, "{wanted}: {text}");
        }
    }
}
