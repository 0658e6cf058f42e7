//! Questions that no page answers, though a word of them stands there: "what is a late fee", behind a bill with one.
//!
//! Owns what asks for the meaning of a word, for a place of the world that a page only lies in, and for something of what everybody
//! knows. It is asked before it counts what stands there, and before a model judges: of such questions the words tell for sure. What a
//! page really says, it says: a sentence that tells what a thing is, a label of that name. Never decides who answers.

use super::aim::{POINTING, is_text_word};
use super::nouns::{DETERMINERS, is_of_papers};
use super::page::{Page, names};
use super::world::is_famous;
use crate::skills::time::places;

/// What a word is called whose meaning is asked for.
const TERMS: [&str; 5] = ["word", "term", "phrase", "expression", "abbreviation"];
/// What is said of things and persons at a place, and not of the place: "how many people work in Vienna".
#[rustfmt::skip]
const DONE_THERE: &[&str] = &[
    "work", "works", "working", "sit", "sits", "study", "play", "leave", "leaves", "go", "goes", "stop", "stops", "arrive", "arrives", "depart", "meet",
    "meets", "fly", "flies", "ship", "ships", "earn", "earns", "stay", "stays", "sell", "open", "close", "teach", "ordered", "held",
];
/// A name of a place has no more words.
const PLACE: usize = 3;

/// Whether `words`, a question in lower case, ask for what `page` can't tell.
pub(super) fn is_beyond(words: &[&str], page: &Page) -> bool {
    if let Some(thing) = defined(words) {
        // "What are opening hours" leaves out an article.
        let is_label = words.starts_with(&["what", "are"]) && thing.iter().all(|word| page.has_written_label(word));
        return !is_label && !page.defines(&names(&thing.join(" ")));
    }
    is_of_kind(words, page)
        || is_of_first(words, page)
        || is_place_itself(words, page)
        || is_of_place(words, page)
        || is_of_known(words, page)
}

/// What is to be defined: "a late fee" of "what is a late fee". Nothing certain, and nothing with a number, is.
fn defined<'a>(words: &'a [&'a str]) -> Option<&'a [&'a str]> {
    let any = |thing: &'a [&'a str]| thing.strip_prefix(&["a"]).or_else(|| thing.strip_prefix(&["an"]));
    let thing: &[&str] = match words {
        ["what" | "who", "is" | "was", rest @ ..] if any(rest).is_some() => any(rest)?,
        // "Tell me what a mooring is".
        ["tell" | "explain", rest @ .., "is"] => {
            any(rest.strip_prefix(&["me"]).unwrap_or(rest).strip_prefix(&["what"])?)?
        }
        ["what", "does" | "do" | "did", rest @ .., "mean"] | ["what", "does" | "do", rest @ .., "stand", "for"] => {
            of_term(any(rest).unwrap_or(rest))
        }
        ["what", "is" | "are", "meant", "by", rest @ ..] => of_term(any(rest).unwrap_or(rest)),
        ["what", "is", "the", "meaning" | "definition", "of", rest @ ..] => of_term(any(rest).unwrap_or(rest)),
        ["define", rest @ ..] => of_term(any(rest).unwrap_or(rest)),
        // Of many nothing certain is said either.
        ["what", "are", rest @ ..] if rest.len() <= PLACE && rest.last().is_some_and(|last| last.ends_with('s')) => {
            rest
        }
        _ => return None,
    };
    let is_certain = |word: &&str| {
        DETERMINERS.contains(word)
            || POINTING.contains(word)
            || matches!(*word, "i" | "we" | "me" | "us" | "you" | "there" | "here" | "they")
            || word.contains(|c: char| c.is_ascii_digit())
    };
    (!thing.is_empty() && !thing.iter().any(is_certain)).then_some(thing)
}

/// "The word marina" is "marina".
fn of_term<'a>(thing: &'a [&'a str]) -> &'a [&'a str] {
    match thing {
        ["the", term, rest @ ..] if TERMS.contains(term) && !rest.is_empty() => rest,
        thing => thing,
    }
}

/// Whether it asks what things of a kind are like, or how anybody makes one: "how tall is a bus", "what does a nurse earn", "how do you
/// write an invoice". What a page calls so in several words, it tells of: "how much is a new boiler", of an offer for one.
fn is_of_kind(words: &[&str], page: &Page) -> bool {
    let is_kind = match words {
        ["how", _, "is" | "are" | "was" | "were", "a" | "an", ..] => true,
        ["what" | "how" | "why" | "when" | "where", "does" | "do" | "did" | "can" | "is" | "are", "a" | "an", ..] => {
            true
        }
        ["how" | "why" | "where", "do" | "can" | "could" | "would", "you" | "people" | "one", rest @ ..] => {
            rest.iter().any(|word| matches!(*word, "a" | "an"))
        }
        _ => false,
    };
    let is_certain =
        |word: &&str| DETERMINERS.contains(word) || POINTING.contains(word) || matches!(*word, "i" | "me" | "here");
    let kind = words.iter().rposition(|word| matches!(*word, "a" | "an")).map_or(words, |at| &words[at + 1..]);
    let names = names(&kind.join(" "));
    let is_told_of = names.len() > 1 && page.has_together(&names);
    is_kind && !is_told_of && !words.iter().any(is_certain)
}

/// Whether it asks who was the first ever: "who wrote the first newsletter".
fn is_of_first(words: &[&str], page: &Page) -> bool {
    let is_first = words.windows(2).any(|two| two == ["the", "first"]) && !page.has_word("first");
    matches!(words, ["who", "was" | "wrote" | "made" | "built" | "invented" | "discovered", ..]) && is_first
}

/// Whether it asks where a place is: "where is Bristol", of a page that only has it as an address.
fn is_place_itself(words: &[&str], page: &Page) -> bool {
    let ["where", "is" | "are", place @ ..] = words else { return false };
    (1..=PLACE).contains(&place.len()) && is_place(place, page)
}

/// Whether `name` is a place of the world, and no label.
fn is_place(name: &[&str], page: &Page) -> bool {
    let is_here = || matches!(name, [one] if page.is_place(one));
    let is_plain = name.iter().all(|word| !DETERMINERS.contains(word) && !POINTING.contains(word));
    is_plain
        && !name.iter().any(|word| page.has_label(word))
        && (places::zone(&name.join(" ")).is_some() && name.iter().all(|word| !is_text_word(word)) || is_here())
}

/// Whether it asks for something of a place of which nothing but the name stands there: "how big is Bristol", "what is the population
/// of Leeds".
fn is_of_place(words: &[&str], page: &Page) -> bool {
    let ["how" | "what", ..] = words else { return false };
    let names = names(&words.join(" "));
    let (there, other): (Vec<&String>, Vec<&String>) = names.iter().partition(|name| page.has_word(name));
    let is_thing = |word: &&String| is_text_word(word) || is_of_papers(word) || DONE_THERE.contains(&word.as_str());
    let is_measure = matches!(words, ["how", how, "is" | "are", ..] if !matches!(*how, "much" | "many"));
    !there.is_empty()
        && there.iter().all(|name| is_place(&[name.as_str()], page))
        && !other.iter().any(is_thing)
        && (!other.is_empty() || is_measure)
        && !words.iter().any(|word| POINTING.contains(word) || matches!(*word, "my" | "our" | "i" | "we" | "there"))
}

/// Whether it asks for something of what everybody knows, which does not stand there: "the address of the White House".
fn is_of_known(words: &[&str], page: &Page) -> bool {
    let known = (0..words.len()).find_map(|at| {
        let name = |length: usize| words.get(at..at + length).filter(|name| is_famous(&name.join(" ")));
        name(PLACE).or_else(|| name(2)).or_else(|| name(1))
    });
    let names: Option<Vec<String>> = known.map(|name| name.iter().map(|word| (*word).to_owned()).collect());
    names.is_some_and(|names| !page.has_together(&names))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{line, screen};
    use super::*;

    #[test]
    fn what_a_page_says_it_says() {
        let page = |texts: &[&str]| {
            let mut page = Page::default();
            page.take(&screen(texts.iter().zip(0..).map(|(text, at)| line(text, 10, 30 * at)).collect()));
            page
        };
        let is_beyond = |said: &str, page: &Page| is_beyond(&said.split(' ').collect::<Vec<_>>(), page);
        let letter = page(&[
            "Late fee: 15 EUR",
            "Opening hours: 9 to 5",
            "The office is in Bristol.",
            "The White House is closed.",
            "Sales: Tom",
        ]);
        for said in
            ["what is a late fee", "what does fee mean", "where is bristol", "how big is bristol", "what are late fees"]
        {
            assert!(is_beyond(said, &letter), "{said}");
        }
        assert!(!is_beyond("what is the address of the white house", &letter));
        assert!(is_beyond("what is the address of the kremlin", &letter));
        for said in [
            "where is the office",
            "where is sales",
            "what is the late fee",
            "what does it mean",
            "what does this fee mean",
        ] {
            assert!(!is_beyond(said, &letter), "{said}");
        }
        let offer = page(&["b) a new boiler, the Calder 24, for 2,390.00 pounds", "Your old boiler is a danger."]);
        assert!(!is_beyond("how much is a new boiler", &offer));
        assert!(is_beyond("how much is a boiler", &offer));
        let glossary = page(&[
            "A late fee is a charge for who pays late.",
            "Mooring: a place for a boat.",
            "Deposit means money.",
        ]);
        for said in ["what is a late fee", "what is a mooring", "what does deposit mean", "define deposit"] {
            assert!(!is_beyond(said, &glossary), "{said}");
        }
        assert!(is_beyond("what is a boat", &glossary));
    }
}
