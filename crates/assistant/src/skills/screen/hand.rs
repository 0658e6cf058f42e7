//! Whether a question can only be answered from what is in front of who asks, or from their life.
//!
//! Owns the rules for where no model tells it: a certain thing that is no thing of the world ([`super::world`]) and not made one by what is
//! said of it ("the king in chess", "the tallest building") is one of theirs, and so is what they did ("which seat do I have") and
//! what papers, messages and machines alone have ("which tests failed"). Advice, how things work and what everybody knows is of the
//! world. A model would make such an answer up. Never decides who answers.

use super::aim::QUESTIONS;
use super::nouns::{is_numbered, is_of_papers, is_of_papers_alone};
use super::world::{is_of_world, is_of_world_if_named, is_relation};
use super::{NO, YES};
use crate::router::normalize::is_file_name;

/// How surely a question is about something that is at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hand {
    /// It names a certain thing, and none that everybody knows: "the soup".
    Thing,
    /// It names what only papers, messages, machines and appointments have: "the sender", "my seat".
    Paper,
}

/// What stands before a certain thing. "That" is as often something else.
const CERTAIN: [&str; 10] = ["the", "my", "our", "his", "her", "their", "this", "these", "those", "its"];
/// Of them, what is of who asks.
const OWN: [&str; 2] = ["my", "our"];

/// What a thing's name ends at.
#[rustfmt::skip]
const ENDS: &[&str] = &[
    "is", "are", "was", "were", "am", "be", "been", "do", "does", "did", "has", "have", "had", "will", "would", "can", "could", "should", "may",
    "might", "must", "in", "on", "at", "of", "for", "from", "to", "with", "by", "about", "and", "or", "than", "that", "which", "who", "whose",
    "when", "where", "why", "how", "what", "if", "as", "between", "into", "like", "called", "named", "during", "after", "before", "under", "over",
    "without", "the", "a", "an", "my", "our", "his", "her", "their", "its", "i", "we", "you", "he", "she", "it", "they", "me", "him", "them",
    "now", "today", "tomorrow", "tonight", "yesterday", "yet", "still", "again", "here", "there", "always", "usually", "ever", "not", "just",
    "already", "actually", "really", "this", "these", "those", "most", "least", "more", "so", "too", "very",
];
/// Of them, what ties the thing before it to what comes behind: "the recipe for pancakes" is known to everybody.
const TIES: [&str; 14] =
    ["of", "in", "on", "at", "for", "from", "to", "with", "that", "who", "which", "between", "called", "during"];

/// What things do, behind their name in a question: "when does the meeting start".
#[rustfmt::skip]
const VERBS: &[&str] = &[
    "start", "begin", "end", "leave", "arrive", "close", "open", "say", "want", "need", "cost", "take", "mean", "come", "go", "run", "listen",
    "use", "weigh", "look", "live", "die", "fall", "rise", "set", "happen", "work", "finish", "expire", "fail", "crash", "meet", "pay", "help",
    "grow", "eat", "get", "make", "give", "contain", "include", "break", "shine", "move", "beat", "show", "belong", "last", "serve", "ship",
    "return", "reply", "answer", "write", "taste", "smell", "sound", "feel", "function", "sleep", "held", "made", "sent", "paid", "done", "due",
    "ready", "free", "full", "empty", "on", "off", "up", "down", "out", "over", "successful", "correct", "right", "wrong", "late", "available",
    "sold", "lost", "written", "left", "available", "born", "ask", "know", "see", "uses", "use", "runs", "costs", "takes", "has", "sleeping",
];
/// What ends as what is being done does, and is a thing.
#[rustfmt::skip]
const THINGS_IN_ING: &[&str] = &[
    "building", "meeting", "parking", "wedding", "booking", "heading", "ring", "king", "morning", "evening", "ceiling", "string", "wing",
    "rating", "ranking", "reading", "training", "painting", "thing", "listing", "setting", "recording", "drawing", "hearing", "bed", "seed", "feed",
];

/// What says which one of several a thing is, and makes no name of it.
#[rustfmt::skip]
const PLAIN: &[&str] = &[
    "first", "second", "third", "fourth", "fifth", "sixth", "last", "next", "previous", "new", "old", "front", "back", "spare", "left", "right", "upper", "lower", "top",
    "bottom", "red", "blue", "green", "yellow", "black", "white", "big", "small", "large", "little", "main", "current", "whole", "other",
    "same", "only", "own", "latest", "newest", "oldest", "two", "three", "four", "five",
];

/// What is told of the past, and of things by their kind.
#[rustfmt::skip]
const OF_HISTORY: &[&str] = &[
    "invented", "invent", "discovered", "discover", "built", "build", "painted", "founded", "composed", "designed", "created", "won", "killed",
    "born", "die", "died", "extinct", "abolished", "conquered", "exist", "existed", "exists", "possible", "dangerous", "healthy", "safe", "true",
    "real", "wrote", "sang", "directed",
];
/// What is said of everything of a kind, whatever it is.
const OF_KINDS: [&str; 8] = ["always", "usually", "generally", "ever", "never", "better", "bigger", "faster"];
/// Who began with something that is known.
const BEGAN: [&str; 6] = ["invented", "discovered", "painted", "founded", "composed", "invent"];

/// What people do that letters, tickets, appointments and bills tell of.
#[rustfmt::skip]
const DEALINGS: &[&str] = &[
    "pay", "paid", "owe", "owed", "spend", "spent", "order", "ordered", "meet", "fly", "land", "depart", "arrive", "park", "sit", "book", "booked",
];
/// What is done with messages.
const CORRESPONDENCE: [&str; 12] = [
    "replied",
    "wrote",
    "sent",
    "called",
    "commented",
    "posted",
    "signed",
    "answered",
    "texted",
    "emailed",
    "messaged",
    "invited",
];
/// What may stand behind who did it.
const BEHIND: [&str; 9] = ["last", "first", "me", "us", "back", "to", "today", "yesterday", "it"];
/// What is said of a thing on a bill or an invitation.
const SAID_OF_THINGS: [&str; 8] =
    ["included", "listed", "mentioned", "attached", "refundable", "due", "overdue", "payable"];

/// When something is that nobody knew beforehand.
const TIMES: [[&str; 2]; 12] = [
    ["this", "morning"],
    ["this", "afternoon"],
    ["this", "evening"],
    ["this", "week"],
    ["this", "weekend"],
    ["this", "month"],
    ["last", "night"],
    ["last", "week"],
    ["next", "week"],
    ["next", "weekend"],
    ["next", "month"],
    ["right", "now"],
];
/// Where people are, of whom it is asked whether they are.
const PRESENT: [&str; 9] = ["home", "work", "school", "here", "back", "awake", "around", "coming", "asleep"];
const MEALS: [&str; 4] = ["breakfast", "lunch", "dinner", "supper"];
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A certain thing that a question names.
struct Phrase<'a> {
    /// What stands before it.
    certain: &'a str,
    /// Its name, without what it does.
    nouns: Vec<&'a str>,
    /// All words behind it.
    behind: &'a [&'a str],
}

/// How likely it has to be that a question is of the user's own, where a model tells it and nothing was seen, ...
pub(super) const LIKELY: f32 = 0.35;
/// ... and where a page was seen last, which most is about then: that something is not there is said, and never made up.
pub(super) const LIKELY_OF_PAGE: f32 = 0.2;
/// The same where the page has half of the words that the question is about, or more.
pub(super) const LIKELY_OF_NAMED: f32 = 0.15;

/// What is less likely to be of the user's own is of the world, unless the page has all of it.
pub(super) const WORLDLY: f32 = 0.1;

/// What is asked of who judges a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likely {
    /// Whether it is about something at hand.
    AtHand,
    /// Whether a model is sure that it is about the world.
    Worldly,
}

/// Whether `text` is about something at hand: what a model tells of it ([`jarvis_core::LanguageModel::is_of_user`]), if one can,
/// and else by its words.
pub(super) fn is_at_hand(text: &str, of_user: &mut dyn FnMut() -> Option<f32>, least: f32) -> bool {
    judged(text, of_user).map_or_else(|| at_hand(text).is_some(), |likely| likely >= least)
}

/// What a model tells of `text`. "Yes" and "thanks a lot" ask for nothing, whatever one makes of them.
pub(super) fn judged(text: &str, of_user: &mut dyn FnMut() -> Option<f32>) -> Option<f32> {
    let mut words = text.split(' ');
    let begins = words.next().is_some_and(|first| QUESTIONS.contains(&first));
    let is_asked = begins || words.count() >= 2 && !YES.contains(&text) && !NO.contains(&text);
    if is_asked { of_user() } else { Some(0.0) }
}

/// Whether `text`, words in lower case, is about something at hand, and how surely. `None` for what is of the world, advice, talk,
/// and whatever names nothing certain.
pub(super) fn at_hand(text: &str) -> Option<Hand> {
    let words: Vec<&str> = text.split(' ').collect();
    let is_question = QUESTIONS.contains(&words[0]) && (words[0] != "tell" || words.get(1) == Some(&"me"));
    if !is_question || is_advice(&words) {
        return None;
    }
    let phrases = phrases(&words);
    let life = of_life(&words);
    let mut best = of_dealings(&words).or_else(|| of_papers(&words)).max(life);
    for phrase in &phrases {
        match judge(phrase) {
            Judged::World => return None,
            Judged::Nothing => {}
            Judged::Hand(hand) => best = best.max(Some(hand)),
        }
    }
    let is_own = life.is_some() || phrases.iter().any(|phrase| OWN.contains(&phrase.certain));
    // Of papers it is asked why they fail and who wrote them, too, but who invented them is of the world.
    let is_begun = || words.iter().any(|word| BEGAN.contains(word));
    let is_of_all = |hand: &Hand| if *hand == Hand::Paper { is_begun() } else { is_general(&words) };
    best.filter(|hand| is_own || !is_of_all(hand))
}

/// Whether `text` names a certain thing of the world whose own name `is_there` does not hold for.
pub(super) fn names_the_world(text: &str, is_there: impl Fn(&str) -> bool) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    phrases(&words).iter().flat_map(|phrase| &phrase.nouns).any(|word| is_of_world(word) && !is_there(word))
}

/// Whether it asks what to do, or how anybody does it, or is said to Jarvis.
fn is_advice(words: &[&str]) -> bool {
    let has = |any: &[&str]| words.iter().any(|word| any.contains(word));
    let is_should = words.windows(2).any(|two| matches!(two, ["should" | "shall", "i" | "we" | "one"] | ["how", "to"]));
    let is_how =
        matches!(words, ["how", "do" | "can" | "could" | "would" | "might", "i" | "we" | "people" | "they", ..]);
    let is_what =
        words.windows(3).any(|three| matches!(three, ["do" | "can", "i", "do" | "say" | "wear" | "cook" | "eat"]));
    let is_work =
        matches!(words, ["how", "do" | "does", .., "work" | "function"] | ["how", "do" | "does", .., "work", _, _]);
    let is_any = matches!(words, ["what" | "who", "is" | "are" | "was", "a" | "an", ..]);
    let is_best =
        words.windows(2).any(|two| matches!(two, ["the" | "a", "best" | "worst" | "good" | "healthiest" | "easiest"]));
    let is_begun = matches!(words, ["who", began, ..] if BEGAN.contains(began));
    // "Tell me about the invoice", but not about the Gettysburg Address.
    let is_told = matches!(words, ["tell", "me", "about", _, _, _, ..] | ["tell", "me", .., "joke" | "story"]);
    has(&["you", "your", "yourself", "jarvis"])
        || has(&OF_KINDS)
        || is_begun
        || is_told
        || is_should
        || is_how
        || is_what
        || is_work
        || is_any
        || is_best
}

/// Whether what it asks of a thing is asked of its kind: "why do the leaves fall", "when was the wheel invented".
fn is_general(words: &[&str]) -> bool {
    let is_manner = matches!(
        words,
        ["why", ..] | ["how", "do" | "does" | "did" | "is" | "are" | "was" | "were" | "can" | "could", ..]
    );
    let is_use = matches!(words, ["what", "do" | "does", .., "do" | "eat" | "mean"]);
    let is_cause = matches!(words, ["what", "causes" | "caused" | "makes" | "made", ..]);
    let is_any = matches!(words, ["is" | "are", "there", ..] | ["tell", "me", "about", ..]);
    is_manner || is_use || is_cause || is_any || words.iter().any(|word| OF_HISTORY.contains(word))
}

/// The certain things that are named.
fn phrases<'a>(words: &'a [&'a str]) -> Vec<Phrase<'a>> {
    let mut found = Vec::new();
    for at in (0..words.len()).filter(|at| CERTAIN.contains(&words[*at])) {
        let rest = &words[at + 1..];
        let to = rest.iter().position(|word| ENDS.contains(word)).unwrap_or(rest.len());
        let name = &rest[..to];
        let is_done = |word: &str| {
            VERBS.contains(&word)
                || (word.ends_with("ing") || word.ends_with("ed")) && word.len() > 4 && !THINGS_IN_ING.contains(&word)
        };
        let verb = (1..name.len()).find(|at| is_done(name[*at])).unwrap_or(name.len());
        // "When does the patient sneeze": what follows the name is what it does, whatever that is.
        let is_helped = at > 0 && matches!(words[at - 1], "do" | "does" | "did" | "will");
        let verb = if is_helped && verb == name.len() && verb > 1 { verb - 1 } else { verb };
        let nouns: Vec<&str> = name[..verb].iter().map(|word| word.strip_suffix("'s").unwrap_or(word)).collect();
        if !nouns.is_empty() {
            found.push(Phrase { certain: words[at], nouns, behind: &rest[verb..] });
        }
    }
    found
}

/// What a certain thing is.
enum Judged {
    World,
    /// Neither: whatever else is named decides.
    Nothing,
    Hand(Hand),
}

fn judge(phrase: &Phrase<'_>) -> Judged {
    let Phrase { certain, nouns, behind } = phrase;
    let is_superlative = |word: &&str| word.len() > 5 && word.ends_with("est") && !PLAIN.contains(word);
    let is_paper = nouns.iter().any(|word| is_of_papers(word)) || is_numbered(&nouns.join(" "));
    if nouns.iter().any(|word| is_of_world(word)) {
        return Judged::World;
    }
    // What it is tied to decides what it is: "the name of the hotel", "the capital of France".
    let tied = behind.first().filter(|word| TIES.contains(word));
    let is_to_a_thing = behind.get(1).is_some_and(|word| CERTAIN.contains(word));
    let head = nouns.last().copied().unwrap_or_default();
    if tied.is_some() {
        if is_to_a_thing {
            return if is_paper { Judged::Hand(Hand::Paper) } else { Judged::Nothing };
        }
        // "My flight to London", "the tracking number for order 5", but not "the recipe for pancakes".
        let is_dated = behind.get(1).is_some_and(|word| DAYS.contains(word));
        let is_theirs = OWN.contains(certain) || is_numbered(&nouns.join(" ")) || is_of_papers_alone(head) || is_dated;
        return match is_paper && (is_theirs || behind.len() == 1) {
            true => Judged::Hand(Hand::Paper),
            _ if OWN.contains(certain) => Judged::Nothing,
            // "Is the soup on", "the man who".
            _ if behind.len() == 1 => Judged::Hand(Hand::Thing),
            _ => Judged::World,
        };
    }
    if is_paper {
        return Judged::Hand(Hand::Paper);
    }
    let naming: Vec<&&str> = nouns.iter().filter(|word| !PLAIN.contains(*word) || **word == head).collect();
    if nouns.iter().any(is_superlative) {
        return Judged::World;
    }
    if is_relation(head) || PLAIN.contains(&head) {
        return Judged::Nothing;
    }
    if OWN.contains(certain) {
        return if nouns.len() > 3 { Judged::Nothing } else { Judged::Hand(Hand::Thing) };
    }
    let is_known = naming.len() > 1 && (is_of_world_if_named(head) || !nouns.iter().any(|word| word.contains('\'')));
    if is_known { Judged::World } else { Judged::Hand(Hand::Thing) }
}

/// What who asks did or has, that papers tell: "how much did I spend", "which seat do I have".
fn of_dealings(words: &[&str]) -> Option<Hand> {
    let who = words.iter().position(|word| matches!(*word, "i" | "we")).filter(|who| *who > 0)?;
    let is_fact = matches!(words[who - 1], "did" | "do" | "have" | "am" | "are" | "was" | "were" | "must" | "had");
    let verb = words[who + 1..].iter().find(|word| !matches!(**word, "have" | "need" | "to" | "still"));
    let is_paper = words[..who].iter().any(|word| is_of_papers(word));
    let is_dealing = verb.is_some_and(|verb| DEALINGS.contains(verb)) && words.len() <= 9;
    let is_wh = !matches!(words[0], "do" | "did" | "am" | "are" | "can" | "was" | "were" | "have" | "why");
    (is_fact && is_wh && (is_paper || is_dealing)).then_some(Hand::Paper)
}

/// What only the day and the people of who asks tell: "did I lock the door", "is Peter at home", "who is coming tonight".
fn of_life(words: &[&str]) -> Option<Hand> {
    let has = |any: &[&str]| words.iter().any(|word| any.contains(word));
    let has_two = |two: &[[&str; 2]]| words.windows(2).any(|words| two.iter().any(|two| words == two));
    // What one can, needs and does in a case is advice; why one does is told of everybody.
    let is_for_all =
        has(&["can", "could", "may", "might", "need", "if", "why"]) || words[0] == "how" && !has(&["many"]);
    let is_telling = matches!(words, ["tell" | "give" | "show" | "help", ..]);
    let is_me = has(&["i", "me", "mine"]) && !is_telling && !is_for_all && !has(&["not"])
        || matches!(words, ["how", "much" | "long" | "old" | "tall", "do" | "did" | "am" | "was" | "have", "i", ..]);
    let is_us = matches!(
        words,
        ["when" | "where", "do" | "are" | "will" | "did", "we", _] | ["when" | "where", "are", "we", _, _]
    );
    let is_when = (has(&["today", "tonight", "tomorrow", "yesterday"]) || has_two(&TIMES))
        && !words.iter().any(|word| is_of_world(word))
        && !has(&["about", "wrote", "sang", "directed"]);
    let is_there = match words {
        ["is" | "are", _, place] | ["is" | "are", _, _, place] => {
            PRESENT.contains(place) && !has(&["a", "an", "it", "there"])
        }
        ["who", "is" | "was", "coming" | "here" | "there", ..] | ["how", "many", _, "are", "coming", ..] => true,
        _ => false,
    };
    let is_meal = matches!(words, ["what", "is", "for", meal] | ["when" | "where", "is", meal] if MEALS.contains(meal));
    let is_on_a_day = matches!(words, ["what", "is" | "happens", "on", day] if DAYS.contains(day));
    (is_me || is_us || is_when && !is_for_all || is_there || is_meal || is_on_a_day).then_some(Hand::Thing)
}

/// What names no certain thing, and asks for what papers, messages and machines alone have: "which tests failed".
fn of_papers(words: &[&str]) -> Option<Hand> {
    let is_paper = |word: &&str| is_of_papers(word);
    let is_compared = words.contains(&"than");
    let is_it = match words {
        _ if is_compared => false,
        ["which", "one" | "ones", rest @ ..] => (1..=3).contains(&rest.len()),
        ["which", rest @ ..] => {
            let to = rest.iter().position(|word| ENDS.contains(word)).unwrap_or(rest.len());
            let is_tied = rest.windows(2).any(|two| matches!(two[0], "of" | "in") && !CERTAIN.contains(&two[1]));
            rest[..to.clamp(1.min(rest.len()), 2.min(rest.len()))].iter().any(is_paper) && !is_tied
        }
        ["how", "many", name @ .., "are", "there"] => name.iter().any(is_paper) && name.len() <= 3,
        ["is" | "are" | "was" | "were", "there", rest @ ..] => {
            rest.len() <= 4 && rest.last().is_some_and(is_paper) && !rest.iter().any(|word| TIES.contains(word))
        }
        ["is" | "are" | "was" | "were", name @ .., said] => {
            (1..=3).contains(&name.len())
                && SAID_OF_THINGS.contains(said)
                && !name.iter().any(|word| ENDS.contains(word))
        }
        ["who", did, behind @ ..] => {
            CORRESPONDENCE.contains(did)
                && (1..=2).contains(&behind.len())
                && behind.iter().all(|word| BEHIND.contains(word))
        }
        _ => false,
    };
    let is_numbered_part = || {
        let is_asked = matches!(words[0], "what" | "which" | "when" | "how" | "where" | "who" | "whose");
        is_asked
            && words
                .windows(3)
                .any(|three| matches!(three[0], "in" | "on" | "of") && is_numbered(&three[1..].join(" ")))
    };
    let is_file = || {
        matches!(
            words,
            ["when" | "where" | "which" | "who", ..]
                | ["how", "big" | "large" | "old" | "long" | "many", ..]
                | ["what", "is", "in", ..]
        ) && words.iter().any(|word| is_file_name(word))
    };
    (is_it || is_numbered_part() || is_file()).then_some(Hand::Paper)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_certain_thing_is_at_hand_unless_everybody_knows_it() {
        for text in [
            "when does the meeting start",
            "what is the name of the hotel",
            "is the soup ready",
            "which seat do i have",
            "did i lock the door",
            "what do i have on monday",
            "who called me this morning",
            "how old is my daughter",
            "is peter at home",
            "who is coming to dinner",
            "who won the match last night",
            "what is for dinner",
            "when do we leave",
        ] {
            assert!(at_hand(text).is_some(), "{text}");
        }
        for text in [
            "what is the capital of france",
            "what is the name of the sun",
            "when was the wheel invented",
            "who is the king in chess",
            "what is a meeting",
            "how do i write an invoice",
            "tell me a joke",
            "why do we dream",
            "what can i do against hiccups",
            "what do i need to make pancakes",
            "how do we see colors",
            "what is the recipe for pancakes",
        ] {
            assert_eq!(at_hand(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_words_are_judged(text in "\\PC{0,60}|((what|which|how|is|who|when|the|my|of|in|there|sun|file|soup|did|i|pay|one) ){0,10}") {
            at_hand(&text);
        }
    }
}
