//! What a question about the screen asks for: the value of a label, what the text says of something, or more than that.
//!
//! Owns the reading of questions. Never looks at a screen.

use super::excerpt::COMMON;
use super::shape::Kind;
use super::value::kind_of;
use super::words::words;
use crate::router::normalize::is_file_name;

/// A question. See the module's own words.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    /// What it is asked for.
    pub wants: Wants,
    /// The words that matter, without those that are in every question.
    pub topic: Vec<String>,
    /// What is asked for by its name, to be said with the answer: "total".
    pub name: Option<String>,
    /// All of its words.
    pub said: Vec<String>,
    /// What of something is asked for, by what it is called: "platform" of "which platform does the train leave from".
    pub attribute: Vec<String>,
    /// Whose it is, where that is said so: "rosa" of "what is rosa's room".
    pub owner: Option<String>,
    /// The file that it names, in lower case: "prices.pdf".
    pub file: Option<String>,
}

impl Question {
    /// Whether it has one of these words.
    pub fn says(&self, any: &[&str]) -> bool {
        self.said.iter().any(|word| any.contains(&word.as_str()))
    }

    /// Whether it begins with one of these words.
    pub fn begins(&self, any: &[&str]) -> bool {
        self.said.first().is_some_and(|first| any.contains(&first.as_str()))
    }
}

/// What a question is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wants {
    /// The value of one of these labels, the most likely first; and whether what says it has to have a number.
    Value { labels: Vec<String>, kind: Option<Kind>, is_number: bool },
    /// What the text says of it.
    Sentences,
    /// Where the error is.
    ErrorPlace,
    /// Whether there is something, or it may be: what the text says of it. The thing, where it is asked whether there is one.
    Whether { thing: Option<String> },
    /// What takes understanding: an explanation, a comparison.
    Understanding,
    /// What takes words that do not stand there: a translation.
    OwnWords,
}

/// What "on this ..." may name.
#[rustfmt::skip]
const PLACES: &[&str] = &[
    "screen", "page", "window", "webpage", "website", "site", "document", "form", "dialog", "dialogue", "email", "mail", "message",
    "tab", "article", "invoice", "bill", "receipt", "letter", "display", "desktop", "monitor", "pdf", "slide", "table", "chart",
    "popup", "text", "picture", "image", "screenshot", "photo", "contract", "order", "list",
];
/// Words that say what is asked of a thing, and not which.
#[rustfmt::skip]
const ASKING: &[&str] = &[
    "have", "has", "had", "get", "got", "need", "needs", "want", "must", "something", "anything", "someone", "anyone", "would",
    "big", "long", "old", "tall", "far", "fast", "large", "high", "often", "mention", "mentions", "contain", "contains", "include",
    "includes", "list", "tell", "tells", "if", "whether", "give", "their", "his", "her", "your", "our", "they", "we", "one", "up",
    "hot", "cold", "heavy", "wide", "deep", "gets", "out", "from", "there", "been", "please", "long", "cost", "costs", "come", "comes", "not", "no", "so", "as", "than", "then",
];
/// Beginnings of what takes understanding.
const UNDERSTANDING: [&str; 18] = [
    "explain",
    "why",
    "help",
    "is",
    "are",
    "was",
    "were",
    "does",
    "do",
    "did",
    "can",
    "could",
    "should",
    "will",
    "would",
    "summarize",
    "simplify",
    "compare",
];
const OWN_WORDS: [&str; 3] = ["translate", "rephrase", "rewrite"];
/// What is to be paid is called so.
const PAYABLE: &str = "amount due";

/// Reads a question.
pub(super) fn read(question: &str) -> Question {
    // As it is written over columns and fields.
    let lower = question
        .to_lowercase()
        .replace("user name", "username")
        .replace("backed up", "backup")
        .replace("back up", "backup");
    let all: Vec<&str> = lower.split_whitespace().map(|word| word.trim_matches(['?', '!', '.', ','])).collect();
    let asked = without_place(&all);
    let asked: Vec<&str> = match &asked[..] {
        // "What's the cat called".
        ["whats" | "what's", rest @ .., "called" | "named"] | ["what", "is", rest @ .., "called" | "named"]
            if (1..=4).contains(&rest.len()) && !matches!(rest, ["it" | "this" | "that"]) =>
        {
            [&["what", "is"], rest].concat()
        }
        ["whats" | "what's", rest @ ..] => [&["what", "is"], rest].concat(),
        ["until" | "till" | "by" | "since", "when", rest @ ..] => [&["when"], rest].concat(),
        ["when's", rest @ ..] => [&["when", "is"], rest].concat(),
        ["who's", rest @ ..] => [&["who", "is"], rest].concat(),
        ["from" | "on" | "in" | "at" | "to" | "for" | "with" | "by", "which" | "what" | "whom", _, ..] => {
            asked[1..].to_vec()
        }
        _ => asked,
    };
    // "What time do we take off" is no question for a time that is called so.
    let rest = match asked[..] {
        ["what" | "which", "time" | "day" | "date", "do" | "does" | "did" | "will", ..] => &asked[2..],
        _ => &asked[..],
    };
    let topic = topic(&rest.join(" "));
    let (wants, name) = wanted(&asked, &all);
    let (attribute, owner) = (attribute(&asked), owner(&asked));
    let file = asked.iter().find(|word| is_file_name(word)).map(|word| (*word).to_owned());
    Question { wants, topic, name, said: words(&asked.join(" ")), attribute, owner, file }
}

/// Verbs that come behind what is asked for.
#[rustfmt::skip]
const HELPING: [&str; 18] = [
    "is", "are", "was", "were", "do", "does", "did", "has", "have", "had", "can", "could", "will", "would", "should", "must", "am", "may",
];
/// What ties what is asked for to what it is of.
const TIES: [&str; 9] = ["of", "for", "on", "in", "from", "to", "at", "with", "between"];

/// Where `asked` says whose something is.
fn owned(asked: &[&str]) -> Option<usize> {
    let is_owner = |word: &&str| word.ends_with("'s") || word.ends_with("’s") || word.ends_with("s'");
    (1..asked.len().saturating_sub(1)).find(|at| is_owner(&asked[*at]))
}

/// Whose the thing is that is asked for.
fn owner(asked: &[&str]) -> Option<String> {
    let owner = asked[owned(asked)?].trim_end_matches("'s").trim_end_matches("’s").trim_end_matches('\'');
    (!owner.is_empty()).then(|| owner.to_owned())
}

/// What of something `asked` asks for.
fn attribute(asked: &[&str]) -> Vec<String> {
    let of_owner = owned(asked).map(|at| &asked[at + 1..]);
    let named = match asked {
        ["what" | "which", rest @ ..] if rest.first().is_some_and(|first| !HELPING.contains(first)) => {
            let end = rest.iter().position(|word| HELPING.contains(word));
            // "Which train goes to the airport".
            let end = end.or_else(|| rest.get(1).filter(|verb| verb.ends_with('s')).map(|_| 1));
            end.map(|end| &rest[..end]).filter(|words| !matches!(words, ["time" | "day" | "date", ..]))
        }
        ["what" | "who" | "which", "is" | "are" | "was" | "were", "the", rest @ ..] => {
            rest.iter().position(|word| TIES.contains(word)).filter(|at| *at > 0).map(|end| &rest[..end])
        }
        _ => None,
    };
    of_owner.or(named).map_or_else(Vec::new, |words| topic(&words.join(" ")))
}

/// Whether a question of this `topic` is for what there is to press: "which buttons are there", "what can I click".
pub(super) fn is_for_buttons(topic: &[String]) -> bool {
    let is_one =
        |word: &String| matches!(word.as_str(), "buttons" | "button" | "click" | "press" | "options" | "choose");
    (1..=2).contains(&topic.len()) && topic.iter().all(is_one)
}

/// The words of `text` that matter.
pub(super) fn topic(text: &str) -> Vec<String> {
    let matters = |word: &String| !COMMON.contains(&word.as_str()) && !ASKING.contains(&word.as_str());
    words(text).into_iter().filter(matters).collect()
}

/// Without "on this page", "here" and "please".
fn without_place<'a>(all: &[&'a str]) -> Vec<&'a str> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < all.len() {
        // "In the email field" is where it is typed.
        let is_of_form = all.get(at + 3).is_some_and(|next| matches!(*next, "field" | "box" | "address"));
        let place = match all[at..] {
            _ if is_of_form => 0,
            ["on" | "in" | "from" | "at" | "of", "this" | "the" | "my" | "that", place, ..]
                if PLACES.contains(&place) =>
            {
                3
            }
            ["according" | "based", "to" | "on", "this" | "the" | "that", place, ..] if PLACES.contains(&place) => 4,
            _ => 0,
        };
        if place > 0 {
            at += place;
        } else {
            kept.push(all[at]);
            at += 1;
        }
    }
    while kept.last().is_some_and(|last| matches!(*last, "here" | "please" | "now" | "again" | "say" | "says")) {
        kept.pop();
    }
    kept
}

fn wanted(asked: &[&str], all: &[&str]) -> (Wants, Option<String>) {
    let value = |labels: Vec<String>, kind, is_number| Wants::Value { labels, kind, is_number };
    let is_about_error = asked.iter().any(|word| matches!(*word, "error" | "exception" | "traceback"));
    if is_about_error && asked.iter().any(|word| matches!(*word, "line" | "where" | "file")) {
        return (Wants::ErrorPlace, None);
    }
    let says = |two: &[&str]| {
        matches!(two[0], "say" | "says" | "said" | "mention" | "mentions" | "tell" | "mentioned")
            && matches!(two[1], "about" | "on" | "of" | "regarding")
    };
    if asked.len() > 2 && asked[..asked.len() - 1].windows(2).any(says) {
        return (Wants::Sentences, None);
    }
    match asked {
        [first, ..] if OWN_WORDS.contains(first) => (Wants::OwnWords, None),
        ["what", "is", "this" | "it" | "that" | "the", ..] if all.last() == Some(&"about") => {
            (Wants::Understanding, None)
        }
        ["what" | "when" | "where", "does" | "do" | "did", .., "mean" | "means"] => (Wants::Understanding, None),
        ["does" | "do" | "is" | "are", .., "mention" | "mentioned", _]
        | ["is" | "are", "there", "anything" | "something", "about" | "on", ..] => (Wants::Sentences, None),
        ["is" | "are" | "was" | "were", "there", rest @ ..] => {
            let rest: Vec<&str> = rest.iter().copied().filter(|word| *word != "any" && *word != "some").collect();
            let thing = match without_article(&rest) {
                [thing @ .., "in" | "on", "it" | "there"] => thing,
                thing => thing,
            };
            let is_thing = (1..=3).contains(&thing.len()) && !topic(&thing.join(" ")).is_empty();
            (Wants::Whether { thing: is_thing.then(|| thing.join(" ")) }, None)
        }
        ["is" | "are" | "was" | "were", .., "included" | "allowed" | "permitted" | "free" | "available"]
        | ["can" | "may", "i" | "we", ..]
        | ["do" | "does", "they" | "we" | "i", ..] => (Wants::Whether { thing: None }, None),
        ["how", "much", rest @ ..] | ["what", "does" | "do" | "did", rest @ .., "cost"] => (price(rest), None),
        [
            "how",
            "many" | "big" | "long" | "old" | "tall" | "far" | "fast" | "large" | "high" | "often" | "heavy" | "hot"
            | "cold" | "wide" | "deep" | "soon",
            ..,
        ] => (value(Vec::new(), None, true), None),
        ["how", ..] => (Wants::Understanding, None),
        [
            "when",
            "is" | "was" | "are" | "were" | "does" | "did" | "do" | "will" | "must" | "should" | "can",
            rest @ ..,
        ] => (value(day(rest), Some(Kind::Date), true), None),
        ["when", ..] => (value(Vec::new(), Some(Kind::Date), true), None),
        [
            "what" | "which",
            "time" | "day" | "date",
            "is" | "was" | "are" | "do" | "does" | "did" | "will",
            rest @ ..,
        ] if !topic(&rest.join(" ")).is_empty() => (value(day(rest), Some(Kind::Date), true), None),
        // "Who wrote Faust" is asked of the world, or of what the text tells.
        ["who", "sent" | "wrote" | "made" | "issued" | "signed"]
        | [
            "who",
            "sent" | "wrote" | "made" | "issued" | "signed",
            "this" | "that" | "it" | "the" | "me" | "us" | "my" | "these" | "last" | "here",
            ..,
        ]
        | ["who", "is" | "was", "this" | "it" | "that", "from" | "by"] => {
            (value(["sender", "author", "from"].map(str::to_owned).to_vec(), None, false), None)
        }
        ["who", "is" | "was", "this" | "it" | "that", "to" | "for"] => {
            (value(["recipient", "to"].map(str::to_owned).to_vec(), None, false), None)
        }
        ["read", "out", "me", rest @ ..]
        | ["read", "me", "out", rest @ ..]
        | ["what" | "which" | "who" | "whose", "is" | "was" | "are" | "were", rest @ ..]
        | ["tell" | "give" | "read" | "show", "me", rest @ ..]
        | ["read", "out", rest @ ..]
        | ["say" | "find" | "locate" | "read", rest @ ..] => {
            let name = without_article(rest);
            if matches!(name, [] | ["it" | "this" | "that" | "these" | "wrong" | "new" | "up"]) {
                return (Wants::Understanding, None);
            }
            let (labels, kind) = labels(name);
            let said = (labels.first().is_some_and(|first| *first == name.join(" ")) && asked[1] != "are")
                .then(|| name.join(" "));
            (value(labels, kind, false), said)
        }
        // "What kind of room is it" is asked of what is called the room's type.
        ["what" | "which", kind @ ("kind" | "type" | "sort"), "of", thing, ..] => {
            let labels =
                [format!("{thing} type"), format!("type of {thing}"), format!("{thing} {kind}"), "type".to_owned()];
            (value(labels.to_vec(), None, false), None)
        }
        // "What version is this", "which port does it use".
        ["what" | "which", thing, "is" | "are" | "was" | "does" | "do" | "did" | "am", ..] => {
            (value(vec![(*thing).to_owned()], kind_of(&[(*thing).to_owned()]), false), None)
        }
        // "What arrival date did I put in".
        ["what" | "which", first, second, "do" | "does" | "did", ..] => {
            let name = [(*first).to_owned(), (*second).to_owned()];
            (value(vec![name.join(" ")], kind_of(&name), false), None)
        }
        ["what" | "which" | "who" | "where" | "whose", ..] => (value(Vec::new(), None, false), None),
        [first, ..] if UNDERSTANDING.contains(first) => (Wants::Understanding, None),
        _ => (Wants::Understanding, None),
    }
}

fn without_article<'a, 'b>(words: &'b [&'a str]) -> &'b [&'a str] {
    match words {
        ["the" | "my" | "your" | "its" | "his" | "her" | "their" | "our" | "a" | "an" | "that" | "this", rest @ ..]
            if !rest.is_empty() =>
        {
            rest
        }
        _ => words,
    }
}

/// The labels that a name of something may have, and the kind of their values: "price of the drill" is a price at "drill".
fn labels(name: &[&str]) -> (Vec<String>, Option<Kind>) {
    let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let Some(of) = name.iter().position(|word| matches!(*word, "of" | "for")).filter(|of| *of > 0) else {
        return (vec![name.join(" ")], kind_of(&own(name)));
    };
    let (head, tail) = (&name[..of], without_article(&name[of + 1..]));
    let kind = kind_of(&own(head));
    let mut labels = vec![name.join(" ")];
    if !tail.is_empty() {
        labels.push(format!("{} {}", tail.join(" "), head.join(" ")));
        if kind.is_some() && !PLACES.contains(&tail[0]) {
            labels.push(tail.join(" "));
        }
        if PLACES.contains(&tail[0]) {
            labels.push(head.join(" "));
        }
    }
    (labels, kind)
}

/// What "how much ..." asks for.
fn price(rest: &[&str]) -> Wants {
    let value = |labels| Wants::Value { labels, kind: Some(Kind::Amount), is_number: true };
    // What was paid is not what is to be paid; where it isn't told, it was all of it.
    let has_paid =
        rest.contains(&"paid") || rest.contains(&"did") && rest.iter().any(|word| ["pay", "spend"].contains(word));
    // "With card".
    if has_paid && let [.., "with" | "by", means] | [.., "with" | "by", "my" | "the", means] = rest {
        return value(vec![(*means).to_owned()]);
    }
    if has_paid && !rest.contains(&"for") {
        return value(["amount paid", PAYABLE, "total"].map(str::to_owned).to_vec());
    }
    let pays = |word: &&str| matches!(*word, "pay" | "owe" | "paid" | "due" | "payable" | "spend" | "charged");
    if rest.iter().any(pays) {
        let of = rest.iter().position(|word| *word == "for");
        let of = of.filter(|at| !rest.get(at + 1).is_some_and(|next| matches!(*next, "me" | "us")));
        let thing = of.map(|at| without_article(&rest[at + 1..]).join(" "));
        let thing =
            thing.filter(|thing| !thing.is_empty() && !matches!(thing.as_str(), "it" | "this" | "that" | "all"));
        return value(thing.map_or_else(|| vec![PAYABLE.to_owned()], |thing| vec![thing]));
    }
    let rest = match rest {
        ["is" | "was" | "are" | "were" | "does" | "did" | "do" | "will" | "for", rest @ ..] => rest,
        _ => rest,
    };
    let mut rest = without_article(rest);
    while let [
        before @ ..,
        "cost" | "costs" | "altogether" | "together" | "total" | "in" | "be" | "to" | "come" | "comes",
    ] = rest
    {
        if before.is_empty() {
            break;
        }
        rest = before;
    }
    match rest {
        [] | ["it" | "this" | "that" | "all" | "everything"] => {
            value([PAYABLE, "fare", "price", "cost"].map(str::to_owned).to_vec())
        }
        _ => value(labels(rest).0),
    }
}

/// The labels of the day that "when is ..." asks for.
fn day(rest: &[&str]) -> Vec<String> {
    let rest = without_article(rest);
    let due = ["due", "payable", "pay", "paid"];
    if rest.iter().any(|word| due.contains(word)) {
        let thing: Vec<&str> = rest.iter().copied().filter(|word| !due.contains(word)).collect();
        let thing = topic(&thing.join(" ")).join(" ");
        let mut labels = vec!["due date".to_owned()];
        if !thing.is_empty() && !PLACES.contains(&thing.as_str()) {
            labels.insert(0, format!("{thing} due"));
        }
        return labels;
    }
    if rest.iter().any(|word| matches!(*word, "expire" | "expires" | "expiring" | "expired")) {
        return vec!["expiry date".to_owned()];
    }
    // "In" and "out" matter here.
    let check = rest.windows(2).position(|two| two[0] == "check" && matches!(two[1], "in" | "out"));
    if let Some(at) = check.filter(|at| at + 2 == rest.len()) {
        return vec![rest[at..].join(" ")];
    }
    let thing = topic(&rest.join(" "));
    if thing.is_empty() { vec!["date".to_owned()] } else { vec![thing.join(" "), format!("{} date", thing.join(" "))] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    #[rustfmt::skip]
    fn questions_for_values_name_their_labels() {
        for (question, first, kind) in [
            ("what is the total on this page", "total", Some(Kind::Amount)),
            ("what's the invoice date", "invoice date", Some(Kind::Date)),
            ("how much do i have to pay", "amount due", Some(Kind::Amount)),
            ("how much did i pay", "amount paid", Some(Kind::Amount)),
            ("how much is it", "amount due", Some(Kind::Amount)),
            ("how much was the coffee", "coffee", Some(Kind::Amount)),
            ("how much does the hammer drill cost", "hammer drill", Some(Kind::Amount)),
            ("when is it due", "due date", Some(Kind::Date)),
            ("when was the last backup", "last backup", Some(Kind::Date)),
            ("who is the customer", "customer", None),
            ("who sent this", "sender", None),
            ("who wrote the letter", "sender", None),
            ("what version is this", "version", Some(Kind::Number)),
            ("tell me the iban", "iban", Some(Kind::Iban)),
            ("what is the email address here", "email address", Some(Kind::Email)),
        ] {
            let Wants::Value { labels, kind: found, .. } = read(question).wants else { panic!("{question}") };
            assert_eq!((labels[0].as_str(), found), (first, kind), "{question}");
        }
        let Wants::Value { labels, .. } = read("what is the price of the hammer drill").wants else { panic!() };
        assert!(labels.contains(&"hammer drill".to_owned()), "{labels:?}");
    }

    #[test]
    fn other_questions_are_known() {
        for (question, wants) in [
            ("what does this page say about refunds", Wants::Sentences),
            ("does this page mention refunds", Wants::Sentences),
            ("what line is the error on", Wants::ErrorPlace),
            ("explain this error", Wants::Understanding),
            ("what is this page about", Wants::Understanding),
            ("is the deadline on this page before friday", Wants::Understanding),
            ("what does that error mean", Wants::Understanding),
            ("translate this page", Wants::OwnWords),
        ] {
            assert_eq!(read(question).wants, wants, "{question}");
        }
        assert_eq!(read("how many days do i have to return something").topic, ["days", "return"]);
        assert_eq!(read("what does this page say about refunds").topic, ["refunds"]);
    }

    proptest! {
        #[test]
        fn any_question_is_read(question in "\\PC{0,60}|(what|how|much|when|is|the|of|for|on|this|page|due|pay|who|from| ){0,12}") {
            read(&question);
        }
    }
}
