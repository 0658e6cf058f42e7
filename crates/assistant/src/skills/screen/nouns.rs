//! What people call the things that stand on a screen.
//!
//! Owns which words are names of such things, wherever they are said, which are so only after a look, and places in a text
//! ("the second line", "paragraph 7"). Knows no request and sees no screen.

use crate::numbers;
use crate::router::normalize::is_file_name;

/// What labels, buttons and messages on a screen end with. Without a screen nobody asks Jarvis to find them.
#[rustfmt::skip]
const LABELS: &[&str] = &[
    "number", "total", "subtotal", "button", "link", "price", "amount", "balance", "deadline", "version", "submit", "login",
    "checkbox", "heading", "headline", "id", "iban", "vat", "tax", "reference", "invoice", "address bar", "search box",
    "search bar", "search field", "due date", "order date", "date of birth", "phone number", "email address", "postal code",
    "zip code", "serial number", "tracking number", "error", "error code", "error message", "field", "menu", "tab", "icon",
    "download button", "confirmation code", "tracking code", "order code", "cursor", "checkout", "signature",
    "customer name", "file name", "user name", "username", "ok", "url", "code", "password", "email", "address", "pin",
    "sender", "recipient", "subject line", "web address", "delivery date", "expiry date", "invoice date",
];

/// What Jarvis may be asked for that sounds like them and stands on no screen.
#[rustfmt::skip]
const NOT_LABELS: &[&str] = &[
    "prime", "lucky", "atomic", "random", "phone", "your", "of", "largest", "smallest", "biggest", "square", "even", "odd",
    "natural", "complex", "between", "for", "hidden", "missing", "average", "current", "latest", "newest",
    "best", "cheapest", "nearest", "closest", "lowest", "good", "strong", "safe", "ip", "qr", "promo", "morse", "source", "penal", "dress", "binary", "area", "country", "fermat", "golden",
];

/// What everybody knows the number of.
const WELL_KNOWN: [&str; 1] = ["emergency number"];

/// Words on buttons, which are looked for by that one word.
#[rustfmt::skip]
const BUTTONS: &[&str] = &[
    "submit", "cancel", "save", "ok", "okay", "login", "sign in", "log in", "sign up", "logout", "log out", "settings",
    "next", "continue", "send", "reply", "download", "upload", "print", "checkout", "apply", "total", "subtotal", "unsubscribe",
];

/// No more than the beginning of a name: "find the number", "where is the link".
const BEGINNINGS: [&str; 9] = ["number", "date", "id", "link", "field", "tab", "menu", "icon", "tax"];

/// What documents alone have. Who asks for one of them without having looked means the one in front of them.
#[rustfmt::skip]
const OF_DOCUMENTS: &[&str] = &[
    "invoice number", "order number", "tracking number", "customer number", "reference number", "confirmation number",
    "booking number", "account number", "serial number", "case number", "ticket number", "invoice date", "order date",
    "due date", "iban", "subtotal", "order total", "invoice total", "total amount", "amount due", "total due", "error code",
    "error message", "confirmation code", "verification code", "booking code", "tracking code", "email address", "password",
    "postal code", "zip code", "sender", "subject line", "delivery address", "billing address", "shipping address",
];

/// Words that join what is meant to something else: "the capital of France" is no name of a thing on a screen.
#[rustfmt::skip]
const LINKS: &[&str] = &[
    "of", "for", "from", "to", "in", "on", "with", "and", "or", "that", "which", "who", "whose", "between", "like", "about",
    "how", "why", "what", "when", "where", "out", "is", "are", "was", "were", "if", "than", "by", "at", "do", "does", "me", "you",
];

/// What was said, sung and made up: nobody asks a screen for it.
#[rustfmt::skip]
const TALK: &[&str] = &[
    "answer", "reply", "response", "joke", "story", "poem", "song", "style", "voice", "accent", "recipe", "rhyme", "way",
    "truth", "meaning", "answer to life",
];

/// What only papers, messages, machines and appointments have, and people that one deals with: the one that is meant is in front of
/// who asks.
#[rustfmt::skip]
const OF_PAPERS: &[&str] = &[
    // Windows, files and programs.
    "button", "buttons", "option", "options", "checkbox", "field", "fields", "menu", "tab", "tabs", "link", "links", "window", "dialog", "popup",
    "page", "line", "lines", "paragraph", "sentence", "section", "heading", "headline", "title", "column", "columns", "row", "rows", "cell", "table",
    "spreadsheet", "list", "item", "items", "entry", "entries", "form", "file", "files", "folder", "folders", "cursor", "cart", "screen", "text",
    "password", "username", "login", "url", "error", "errors", "warning", "warnings", "exception", "log", "logs", "output", "command", "function",
    "variable", "test", "tests", "build", "commit", "commits", "branch", "branches", "process", "processes", "pid", "port", "ports", "server", "bug", "bugs",
    "issue", "ticket", "tickets", "version", "status", "download", "upload", "update", "backup", "disk", "wifi", "code",
    // Letters, messages and appointments.
    "mail", "mails", "email", "emails", "message", "messages", "inbox", "sender", "recipient", "subject", "attachment", "attachments", "letter",
    "signature", "article", "document", "report", "meeting", "meetings", "appointment", "appointments", "deadline", "agenda", "conference", "call",
    "event", "events", "invitation", "notification", "notifications", "homework", "exam", "grade", "grades", "lecture", "seminar", "workshop",
    // Money, orders and journeys.
    "invoice", "bill", "receipt", "contract", "fee", "fees", "charge", "charges", "price", "prices", "total", "subtotal", "balance", "payment",
    "payments", "vat", "discount", "deposit", "refund", "rent", "salary", "account", "order", "orders", "quantity", "delivery", "package", "parcel",
    "shipment", "warranty", "customer", "customers", "client", "product", "products", "flight", "gate", "platform", "seat", "departure", "arrival", "hotel",
    "booking", "reservation", "itinerary", "queue", "ingredients", "recipe", "steps", "address", "phone", "iban", "id",
];

/// Of them, what has the name of a thing behind an "of" and is not known to everybody for it: "the pid of cargo".
const OF_PAPERS_ALONE: [&str; 12] = [
    "pid",
    "iban",
    "status",
    "sender",
    "recipient",
    "attachment",
    "attachments",
    "inbox",
    "quantity",
    "balance",
    "due",
    "subject",
];

/// What stands before a certain thing.
pub(super) const DETERMINERS: [&str; 12] =
    ["the", "my", "this", "that", "these", "those", "its", "our", "your", "his", "her", "their"];

/// Words that take one thing's place.
const PRONOUNS: [&str; 12] =
    ["it", "this", "that", "them", "these", "those", "something", "anything", "everything", "all", "one", "me"];

/// Whether `query` may be a name at all: a few words that are no pronoun.
pub(super) fn is_short(query: &str) -> bool {
    (1..=6).contains(&query.split(' ').count()) && !PRONOUNS.contains(&query)
}

/// Whether `query` is what screens say and nothing else does.
pub(super) fn is_label(query: &str) -> bool {
    let words: Vec<&str> = query.split(' ').collect();
    let ends = |label: &&&str| query == **label || query.ends_with(&format!(" {label}"));
    words.len() <= 4
        && (BUTTONS.contains(&query) || LABELS.iter().any(|label| ends(&label)))
        && (words.len() > 1 || BUTTONS.contains(&query) || !BEGINNINGS.contains(&query))
        && !words.iter().any(|word| NOT_LABELS.contains(word))
        && !WELL_KNOWN.contains(&query)
        || matches!(query, "phone number" | "the phone number")
}

/// Whether `query` is something that documents alone have.
pub(super) fn is_of_documents(query: &str) -> bool {
    OF_DOCUMENTS.contains(&query)
}

/// Whether `word` is something that only papers, messages, machines and appointments have.
pub(super) fn is_of_papers(word: &str) -> bool {
    OF_PAPERS.contains(&word)
}

/// Whether `word` is so whatever it is of.
pub(super) fn is_of_papers_alone(word: &str) -> bool {
    OF_PAPERS_ALONE.contains(&word)
}

/// Whether `query` is the name of a thing and of nothing else: "order number", "blue box", but not "capital of france".
pub(super) fn is_thing(query: &str) -> bool {
    let words: Vec<&str> = query.split(' ').collect();
    words.len() <= 4
        && is_short(query)
        && !words.iter().any(|word| LINKS.contains(word) || NOT_LABELS.contains(word))
        && !words.last().is_some_and(|last| TALK.contains(last))
}

/// Whether `query` is a name that only a text on a screen has: of a file, or of one of its numbered parts.
pub(super) fn is_numbered(query: &str) -> bool {
    let words: Vec<&str> = query.split(' ').collect();
    let is_file = words.len() <= 4 && words.last().is_some_and(|last| is_file_name(last));
    is_file || numbered(query).is_some()
}

/// `query` as texts write it: "paragraph 7" for "paragraph number seven", "photo.jpg" for "photo dot jpg".
pub(super) fn as_written(query: &str) -> String {
    match numbered(query) {
        Some((unit, number)) => format!("{unit} {number}"),
        None => query.replace(" dot ", "."),
    }
}

/// What texts number.
#[rustfmt::skip]
const NUMBERED: &[&str] = &[
    "paragraph", "section", "chapter", "line", "figure", "table", "step", "item", "row", "column", "page", "exercise", "appendix",
    "footnote", "clause", "question", "slide", "point",
];

/// "Paragraph seven" and "paragraph number 7".
fn numbered(query: &str) -> Option<(&str, u32)> {
    let (unit, number) = query.split_once(' ')?;
    let number = numbers::parse_all(number.strip_prefix("number ").unwrap_or(number))?;
    (NUMBERED.contains(&unit) && number.fract() == 0.0 && (0.0..1e6).contains(&number)).then_some((unit, number as u32))
}

/// A part of a text, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// `line`, `row`, `column`, `paragraph`, `sentence`, `step` or `point`.
    pub unit: &'static str,
    /// Which one, from 1; 0 for the last.
    pub at: u32,
}

impl Part {
    /// Whether a table has such parts.
    pub fn is_of_table(self) -> bool {
        matches!(self.unit, "row" | "column")
    }

    /// Whether it is an item of a list.
    pub fn is_of_list(self) -> bool {
        matches!(self.unit, "step" | "point")
    }
}

/// "The second line", "line 2", "the last paragraph".
pub(super) fn part(said: &str) -> Option<Part> {
    let unit_of = |word: &str| match word {
        "line" => Some("line"),
        "row" | "entry" => Some("row"),
        "column" => Some("column"),
        "paragraph" => Some("paragraph"),
        "sentence" => Some("sentence"),
        "step" => Some("step"),
        "point" | "item" | "task" => Some("point"),
        _ => None,
    };
    if let Some((unit, number)) = numbered(said) {
        return unit_of(unit).filter(|_| number > 0).map(|unit| Part { unit, at: number });
    }
    let words: Vec<&str> = said.split(' ').collect();
    let (last, before) = words.split_last()?;
    let unit = unit_of(last)?;
    if before == ["last"] {
        return Some(Part { unit, at: 0 });
    }
    let (at, taken) = numbers::parse_ordinal(before)?;
    (taken == before.len() && at > 0).then_some(Part { unit, at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts_are_numbered_from_either_side() {
        for (said, expected) in [
            ("second line", Some(("line", 2))),
            ("line 2", Some(("line", 2))),
            ("line number two", Some(("line", 2))),
            ("twenty first paragraph", Some(("paragraph", 21))),
            ("last sentence", Some(("sentence", 0))),
            ("3rd row", Some(("row", 3))),
            ("second column", Some(("column", 2))),
            ("column two", Some(("column", 2))),
            ("second world war", None),
            ("line", None),
            ("line 0", None),
            ("line dance", None),
            ("line 2.5", None),
            ("chapter 2", None),
        ] {
            assert_eq!(part(said).map(|part| (part.unit, part.at)), expected, "{said}");
        }
    }

    #[test]
    fn names_are_told_from_what_is_known_of_the_world() {
        for query in ["photo.jpg", "my holiday photo.jpg", "paragraph seven", "figure 3"] {
            assert!(is_numbered(query), "{query}");
        }
        for query in ["photo", "seven", "paragraph", "chapter of the book", "error 404"] {
            assert!(!is_numbered(query), "{query}");
        }
        assert_eq!(as_written("paragraph number seven"), "paragraph 7");
        assert_eq!(as_written("photo dot jpg"), "photo.jpg");
        for query in ["blue box", "order number", "paragraph 3"] {
            assert!(is_thing(query), "{query}");
        }
        for query in ["capital of france", "out how tall everest is", "it", "largest prime number", "answer"] {
            assert!(!is_thing(query), "{query}");
        }
    }

    proptest! {
        #[test]
        fn any_words_can_be_judged(said in "\\PC{0,40}") {
            part(&said);
            is_label(&said);
            is_numbered(&as_written(&said));
            is_thing(&said);
        }
    }
}
