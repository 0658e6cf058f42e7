//! What ties the words of a question to the words of a page that mean the same.
//!
//! Owns that meaning, in one place: other forms of a word, the names of days and months and how calendars shorten them, how heads
//! of columns shorten theirs, and a small table of what people say and what papers write. Never looks at a page.

use super::grounds::stem;
use super::words::likeness;
use crate::skills::date::day::{MONTHS, WEEKDAYS};

/// What fits less is another word.
const FITS: f32 = 0.8;
/// What is shortened keeps so many letters at least, ...
const SHORT: usize = 4;
/// ... and loses so many.
const CUT: usize = 3;

/// What means the same where something is asked for by it: what people say and what heads, labels and rows write.
#[rustfmt::skip]
const SAME: &[&[&str]] = &[
    // Money.
    &["earn", "paid", "pay", "salary", "wage", "income", "earnings", "gross"],
    &["pay", "paid", "cost", "price", "fare", "charge", "fee", "amount", "rate", "rent", "spend", "spent", "expensive", "cheap", "cheaper", "dear", "worth"],
    &["tax", "taxes", "vat", "gst"],
    &["deposit", "prepayment"],
    // Reaching people.
    &["phone", "telephone", "tel", "extension", "ext", "mobile", "cell", "hotline"],
    &["email", "mail"],
    // Who does what, where and since when.
    &["job", "role", "position", "profession", "occupation", "title", "function"],
    &["boss", "manager", "mgr", "supervisor", "lead", "reports"],
    &["department", "dept", "team", "division"],
    &["office", "room", "desk"],
    &["started", "start", "starts", "begin", "joined", "join", "since", "hired", "began", "moved", "move"],
    &["born", "birthday", "birthdays", "birth", "dob"],
    &["old", "age", "years", "aged"],
    &["flat", "apartment", "unit"],
    &["boy", "girl", "child", "children", "kid", "pupil", "student", "name"],
    &["person", "people", "employee", "employees", "colleague", "member", "staff", "tenant", "guest", "participant", "name", "worker"],
    &["doctor", "dr", "physician"],
    &["pet", "pets", "animal", "animals", "cat", "dog", "rabbit", "hamster"],
    &["cover", "covers", "pays"],
    // Journeys.
    &["leave", "leaves", "depart", "departs", "departure", "departures", "departing", "dep", "go", "goes", "outbound"],
    &["arrive", "arrives", "arrival", "arrivals", "arr", "land", "lands"],
    &["platform", "platf", "track"],
    &["destination", "dest", "towards"],
    &["luggage", "baggage", "bag", "bags", "suitcase"],
    &["late", "delay", "delayed", "remark", "status"],
    // Papers.
    &["due", "deadline", "payable"],
    &["status", "state", "progress"],
    &["quantity", "qty", "count", "pieces", "units"],
    &["number", "no", "nr", "id"],
    &["item", "product", "article", "thing", "description"],
    &["duration", "length", "long", "takes"],
    &["memory", "ram", "mem", "rss"],
    &["processor", "cpu"],
    // Schools, games and medicine.
    &["grade", "mark", "score", "result"],
    &["absent", "absence", "absences", "missing", "missed"],
    &["points", "pts"],
    &["games", "matches", "played", "pl"],
    &["win", "won", "wins", "w"],
    &["lose", "lost", "losses", "l"],
    &["draw", "drew", "drawn", "draws", "d"],
    &["team", "club"],
    &["place", "position", "pos", "rank"],
    &["medicine", "drug", "medication", "pill", "pills", "tablet"],
    &["strength", "strong", "dose"],
    &["weight", "heavy", "weigh", "weighs"],
    &["temperature", "temp", "degrees", "hot", "cold", "warm"],
];

/// Whether both are one word: in another form, nearly spelled so, or the same day or month.
pub(super) fn alike(said: &str, read: &str) -> bool {
    likeness(said, read) >= FITS
        || stem(said) == stem(read) && said.chars().count() > 3
        || same_of(said, read, &WEEKDAYS)
        || same_of(said, read, &MONTHS)
}

/// Whether what is asked for as `said` is called `read` where columns and labels have their names.
pub(super) fn names(said: &str, read: &str) -> bool {
    alike(said, read)
        || shortens(read, said)
        || others(said).any(|other| other == read || stem(other) == stem(read) && read.len() > 3)
}

/// What else pages call what is asked for as `said`.
pub(super) fn others(said: &str) -> impl Iterator<Item = &'static str> + use<'_> {
    let has =
        move |group: &&&[&str]| group.iter().any(|word| *word == said || stem(word) == stem(said) && said.len() > 3);
    SAME.iter().filter(has).flat_map(move |group| group.iter().copied().filter(move |word| *word != said))
}

/// Which day of the week a word names, from 0, whole or shortened: "Tue", "Thurs".
pub(super) fn weekday(word: &str) -> Option<usize> {
    let word = word.trim_end_matches('.').to_lowercase();
    WEEKDAYS.iter().position(|day| is_of(&word, day))
}

/// How calendars shorten the name of a day or a month that is said: "tue" of "tuesday".
pub(super) fn shortened(said: &str) -> Option<&str> {
    let is_name = WEEKDAYS.contains(&said) || MONTHS.contains(&said);
    said.get(..3).filter(|short| is_name && *short != said)
}

/// How calendars shorten the name of a day or a month.
pub(super) fn is_of(word: &str, name: &str) -> bool {
    word == name
        || (3..=5).contains(&word.len()) && name.starts_with(word) && (word.len() == 3 || name.len() > word.len() + 1)
}

/// Whether `read` is `said`, one of `names`, whole or shortened.
fn same_of(said: &str, read: &str, names: &[&str]) -> bool {
    names.iter().any(|name| said == *name && is_of(read, name))
}

/// Whether `short` is `long` without its end, as in the head of a narrow column: "Platf." and "platform".
fn shortens(short: &str, long: &str) -> bool {
    let (letters, all) = (short.chars().count(), long.chars().count());
    letters >= SHORT && all >= letters + CUT && long.starts_with(short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_people_say_is_what_papers_write() {
        for (said, read) in [
            ("phone", "tel"),
            ("extension", "ext"),
            ("earns", "salary"),
            ("monday", "mon"),
            ("december", "dec"),
            ("tuesday", "tues"),
            ("platform", "platf"),
            ("boss", "mgr"),
            ("born", "birthday"),
            ("nurses", "nurse"),
        ] {
            assert!(names(said, read), "{said} {read}");
        }
        for (said, read) in
            [("salary", "name"), ("monday", "money"), ("phone", "photo"), ("may", "march"), ("part", "partner")]
        {
            assert!(!names(said, read), "{said} {read}");
        }
        assert_eq!(
            (weekday("Thu"), weekday("thursday"), weekday("th"), weekday("sunny")),
            (Some(3), Some(3), None, None)
        );
    }

    proptest! {
        #[test]
        fn every_word_is_called_as_it_is(word in "[a-z]{1,12}", other in "\\PC{0,12}") {
            prop_assert!(alike(&word, &word) && names(&word, &word));
            names(&word, &other);
            prop_assert!(others(&word).all(|name| name != word));
        }
    }
}
