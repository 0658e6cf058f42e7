//! Whether what the language model says of a page stands on that page.
//!
//! Owns the check, sentence by sentence: every number, day, currency, name, address and piece of code has to be there as it
//! is written, a number near what it is said of, and most other words, too. A small model makes amounts up, mixes them, and
//! repeats what it was told to do: none of that is said, and no secret is, even one that is made up. Never mends an answer.

use super::excerpt::{IN_FULL, INSTRUCTIONS};
use super::question::{self, Question, topic};
use super::words::words;
use super::{measure, trace};
use std::collections::BTreeSet;

/// So many of the words that matter have to be on the page, in percent ...
const SHARE: usize = 75;
/// ... of those so many in one place, ...
const SHARE_OF_PLACE: usize = 85;
/// ... and where the page is put in other words, so many on it or in the question.
const SHARE_IN_OTHER_WORDS: usize = 30;
/// So many words in a row that are only in what the model was told are taken from there.
const IN_A_ROW: usize = 4;

/// Words that are numbers, days or currencies.
#[rustfmt::skip]
const FACTS: &[&str] = &[
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen",
    "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    "hundred", "thousand", "million", "billion", "trillion", "dozen", "half", "quarter", "third", "twice", "double", "zero",
    "first", "second", "fourth", "fifth", "once", "january", "february", "march", "april", "june", "july", "august", "september",
    "october", "november", "december", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "today",
    "tomorrow", "yesterday", "euro", "euros", "dollar", "dollars", "pound", "pounds", "cent", "cents", "yen", "francs", "percent",
    "not", "no", "never", "none", "cannot", "free",
];
/// Of those, days and months, which are told of something as numbers are. "March" and "may" are other words, too.
#[rustfmt::skip]
const DAYS: &[&str] = &[
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "april", "june", "july",
    "august", "september", "october", "november", "december",
];

/// Of [`FACTS`], those that a whole sentence is meant with, and that a model that understands the page says of it.
#[rustfmt::skip]
const JUDGEMENTS: &[&str] = &[
    "not", "no", "never", "none", "cannot", "free", "first", "second", "third", "once", "twice", "half", "double",
];
/// How numbers are written that are said in a word.
#[rustfmt::skip]
const NUMERALS: &[(&str, &str)] = &[
    ("two", "2"), ("three", "3"), ("four", "4"), ("five", "5"), ("six", "6"), ("seven", "7"), ("eight", "8"), ("nine", "9"),
    ("ten", "10"), ("eleven", "11"), ("twelve", "12"), ("zero", "0"),
];
/// Parts of code as short as this are in any code.
const CODE_PART: usize = 3;

/// How near the words of an answer have to be to those of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wording {
    /// Quoted, or nearly: a model of the smallest makes up what it doesn't quote.
    Quoted,
    /// Told in other words, with a judgement of it ("no, that is later"): the facts are of the page or of the question.
    Told,
    /// In words that can't be there, as a translation's: only facts have to be.
    Own,
}

/// What a page is said to do that has no answer, ...
const TELLING: &[&str] = &["say", "mention", "specify", "state", "tell", "indicate", "explain", "reveal"];
/// ... where it is called a page, ...
const HAVING: &[&str] = &["provide", "give", "contain", "include", "show", "have", "list", "offer"];
/// ... or what the answer is not.
const TOLD: &[&str] = &["mentioned", "specified", "provided", "stated", "indicated", "explained"];
/// What a page is called.
const PAGES: &[&str] = &["text", "page", "picture", "screen", "image", "message", "document", "excerpt", "passage"];

/// Whether `sentence` says that the page has no answer.
pub fn says_it_is_absent(sentence: &str) -> bool {
    let all = words(sentence);
    let mut said: Vec<&str> = Vec::with_capacity(all.len() + 1);
    for word in &all {
        match &word[..] {
            "explicitly" | "directly" | "specifically" | "any" => {}
            "doesnt" | "does" => said.extend(["does", "not"].iter().take(if word == "does" { 1 } else { 2 })),
            "isnt" => said.extend(["is", "not"]),
            "arent" => said.extend(["are", "not"]),
            "dont" => said.extend(["do", "not"]),
            word => said.push(word),
        }
    }
    let is = |list: &[&str], at: usize| said.get(at).is_some_and(|word| list.contains(word));
    (0..said.len()).any(|at| match said[at] {
        "not" if at > 0 && is(&["does", "do"], at - 1) => {
            let is_page = at > 1 && is(PAGES, at - 2);
            is(TELLING, at + 1) && (is_page || at < 2 || is(&["it"], at - 2)) || is_page && is(HAVING, at + 1)
        }
        "not" => is(TOLD, at + 1),
        "no" => is(&["information", "mention", "details", "indication"], at + 1),
        _ => false,
    })
}

/// A page, to hold answers against.
pub struct Grounds {
    /// Its words as they are compared, a set for each of its lines with those beside it.
    lines: Vec<BTreeSet<String>>,
    /// What has a digit in it, as it is written, in the same lines.
    numbers: Vec<BTreeSet<String>>,
    /// All of it in lower case, with single spaces.
    text: String,
    /// What was asked about, which an answer without words of its own is said of.
    asked: Vec<String>,
    question: Question,
    wording: Wording,
}

impl Grounds {
    /// Of `source`, whose lines are the lines of the page, for answers to `question`.
    pub fn new(source: &str, question: &str, wording: Wording) -> Self {
        // Who asks may name what is not there, and be told that it is not.
        let source = match wording {
            Wording::Told => format!("{source}\n{question}"),
            Wording::Quoted | Wording::Own => source.to_owned(),
        };
        let source = &source[..];
        let texts: Vec<&str> = source.lines().collect();
        // What is said of a number may stand over it.
        let near = |at: usize| {
            [at.checked_sub(1), Some(at), Some(at + 1)].into_iter().flatten().filter_map(|at| texts.get(at))
        };
        let lines = (0..texts.len()).map(|at| near(at).flat_map(|line| words(line)).map(|word| stem(&word)).collect());
        let numbers = texts.iter().map(|line| numbers(line));
        let (asked, question) = (subjects(question), question::read(question));
        Self { lines: lines.collect(), numbers: numbers.collect(), text: spaced(source), asked, question, wording }
    }

    /// Whether `sentence` may be said.
    pub fn bear(&self, sentence: &str) -> bool {
        !sentence.trim().is_empty()
            && !sentence.contains("```")
            && !super::say::has_secret(sentence)
            && !self.repeats_instructions(sentence)
            && (self.wording != Wording::Quoted || self.is_answer(sentence))
            && self.have_facts(sentence)
            && self.have_words(sentence)
    }

    /// Whether `sentence`, of a small model, may be an answer to what was asked at all.
    fn is_answer(&self, sentence: &str) -> bool {
        let said = words(sentence);
        // What it repeats of the question has to stand on the page, too.
        let is_echo = |word: &String| said.contains(word) && !self.has_word(word);
        !tells_of_itself(sentence)
            && !measure::is_question(sentence)
            && !trace::is_prompt(sentence)
            && !self.question.topic.iter().any(is_echo)
            && measure::may_answer(&self.question, sentence)
            && self.tells_what_is_done(&said)
            && (!self.question.says(&["many", "much"]) || has_digit(sentence))
    }

    /// Whether `said` has what is asked to be done: "when did I buy this car" is answered by nothing that only has the car.
    fn tells_what_is_done(&self, said: &[String]) -> bool {
        let topic = &self.question.topic;
        let is_of_doing = self.question.said.iter().take(4).any(|word| matches!(word.as_str(), "did" | "do" | "does"));
        let has = |word: &&String| said.iter().any(|read| stem(&stem(read)) == stem(&stem(word)));
        !is_of_doing || topic.iter().filter(|word| !has(word)).count() <= topic.len() / 3
    }

    fn repeats_instructions(&self, sentence: &str) -> bool {
        let said = words(sentence);
        let told = format!(" {} {} ", words(INSTRUCTIONS).join(" "), words(&IN_FULL.join(" ")).join(" "));
        let page = format!(" {} ", words(&self.text).join(" "));
        said.windows(IN_A_ROW).any(|row| {
            let row = format!(" {} ", row.join(" "));
            told.contains(&row) && !page.contains(&row)
        })
    }

    fn has_word(&self, word: &str) -> bool {
        let stem = stem(word);
        self.lines.iter().any(|line| line.contains(&stem))
    }

    fn have_facts(&self, sentence: &str) -> bool {
        let is_sign = |c: char| matches!(c, '€' | '$' | '£' | '¥' | '%' | '°');
        if sentence.chars().any(|c| is_sign(c) && !self.text.contains(c)) {
            return false;
        }
        let own = subjects(sentence);
        let about = if own.is_empty() { &self.asked } else { &own };
        let in_own_words = self.wording == Wording::Own;
        let is_near = |words: &BTreeSet<String>| {
            let of_question = || self.wording == Wording::Told && self.asked.iter().any(|word| words.contains(word));
            in_own_words || about.iter().any(|word| words.contains(word)) || of_question()
        };
        let is_told = |number: &String| {
            let mut lines = self.numbers.iter().zip(&self.lines);
            lines.any(|(numbers, words)| numbers.contains(number) && is_near(words))
        };
        // "It will arrive on 5 December" is said of no line that has only the day and the month.
        // A translation has other names for days.
        let is_day_told = |day: &String| {
            let day = stem(day);
            in_own_words || self.lines.iter().any(|words| words.contains(&day) && is_near(words))
        };
        let days = words(sentence).into_iter().filter(|word| DAYS.contains(&word.as_str()));
        if !numbers(sentence).iter().all(is_told) || !days.collect::<Vec<_>>().iter().all(is_day_told) {
            return false;
        }
        sentence.split_whitespace().enumerate().all(|(at, word)| {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
            let lower = bare.to_lowercase();
            if has_digit(bare) || bare.is_empty() {
                return true;
            }
            let is_code = word.contains(['`', '_', '@', '\\', '{', '}', '=', '<', '>', '/', '#', '[', '|', '~'])
                || bare.contains(['.', ':', '(', '/'])
                || bare.chars().skip(1).any(char::is_uppercase) && bare.chars().any(char::is_lowercase);
            if is_code {
                return self.text.contains(&lower) || self.wording == Wording::Told && self.is_made_of_code(word);
            }
            if in_own_words {
                return true;
            }
            let is_name = at > 0 && bare.starts_with(char::is_uppercase) && bare != "I";
            let all = words(bare);
            let is_judgement = |word: &str| self.wording == Wording::Told && JUDGEMENTS.contains(&word);
            let is_fact = is_name || all.iter().any(|word| FACTS.contains(&&word[..]) && !is_judgement(word));
            let is_counted = |word: &str| {
                let written = NUMERALS.iter().find(|(name, _)| *name == word).map(|(_, written)| *written);
                self.wording == Wording::Told
                    && written.is_some_and(|written| self.numbers.iter().any(|numbers| numbers.contains(written)))
            };
            !is_fact || all.iter().all(|word| self.has_word(word) || is_counted(word))
        })
    }

    fn have_words(&self, sentence: &str) -> bool {
        let matters = topic(sentence);
        let there = matters.iter().filter(|word| self.has_word(word)).count();
        match self.wording {
            // What is quoted stands in one place: a small model puts together what does not belong together.
            Wording::Quoted => {
                let is_there = |line: &BTreeSet<String>| {
                    let found = matters.iter().filter(|word| line.contains(&stem(word))).count();
                    found * 100 >= there * SHARE_OF_PLACE
                };
                there > 0 && there * 100 >= matters.len() * SHARE && self.lines.iter().any(is_there)
            }
            // "Yes." is of no page.
            Wording::Told => {
                let is_judgement = |word: &str| word == "yes" || JUDGEMENTS.contains(&word);
                let judging = matters.iter().filter(|word| is_judgement(word) && !self.has_word(word)).count();
                there * 100 >= (matters.len() - judging) * SHARE_IN_OTHER_WORDS
            }
            Wording::Own => true,
        }
    }

    /// Whether `word` is code that is put together with something of the page, as a remedy is, and no address.
    fn is_made_of_code(&self, word: &str) -> bool {
        let lower = word.to_lowercase();
        let mut parts = lower.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        !lower.contains("://")
            && !lower.contains(['@', '\\'])
            && parts.any(|part| part.len() >= CODE_PART && self.text.contains(part))
    }
}

/// What a small model says of a page that it has no answer from.
const OF_ITSELF: [&str; 8] = ["is", "refers", "describes", "says", "appears", "seems", "contains", "provides"];

/// Whether `sentence` is about the text that it was asked of, and answers nothing: "The text is about a train."
fn tells_of_itself(sentence: &str) -> bool {
    let said = words(sentence);
    let begins = match &said[..] {
        [the, page, verb, ..] if matches!(the.as_str(), "the" | "this" | "your" | "that") => Some((page, verb)),
        _ => None,
    };
    begins.is_some_and(|(page, verb)| PAGES.contains(&page.as_str()) && OF_ITSELF.contains(&verb.as_str()))
}

/// The stems of what `text` says something of: its words that matter, without numbers, days and the like.
fn subjects(text: &str) -> Vec<String> {
    let is_subject = |word: &&String| !has_digit(word) && !FACTS.contains(&word.as_str());
    topic(text).iter().filter(is_subject).map(|word| stem(word)).collect()
}

fn has_digit(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
}

fn spaced(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What has a digit in it, without the signs around: "372.35", "inv-2026-00417"; and the parts of what has colons, slashes
/// and dashes in it: "main.rs:14:22" has "14", too. Other digits than those of ASCII count as well.
fn numbers(text: &str) -> BTreeSet<String> {
    let lower = text.to_lowercase();
    let is_inner =
        |c: char| c.is_alphanumeric() || matches!(c, '.' | ',' | ':' | '/' | '-' | '_' | '\'' | '’' | '@' | '#' | '+');
    let mut all = BTreeSet::new();
    for word in lower.split(|c: char| !is_inner(c)) {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        if bare.contains(char::is_numeric) {
            all.insert(bare.to_owned());
            let parts = bare.split([':', '/', '-', '_', '@', '#', '+']).filter(|part| part.contains(char::is_numeric));
            all.extend(parts.map(|part| part.trim_matches(|c: char| !c.is_alphanumeric()).to_owned()));
        }
    }
    all
}

/// A word without its ending.
pub(super) fn stem(word: &str) -> String {
    let letters = word.chars().count();
    let cut = ["ings", "ing", "ies", "ied", "ed", "es", "s", "e", "y"]
        .iter()
        .find_map(|end| word.strip_suffix(end).filter(|rest| letters >= end.len() + 3 && rest.chars().count() >= 3));
    let rest = cut.unwrap_or(word);
    // "Shipping" and "ship".
    let mut ends = rest.chars().rev();
    match (ends.next(), ends.next()) {
        (Some(last), Some(before))
            if cut.is_some() && last == before && last.is_ascii_alphabetic() && !"ls".contains(last) =>
        {
            rest[..rest.len() - 1].to_owned()
        }
        _ => rest.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INVOICE: &str = "ACME Tools GmbH\nInvoice No. INV-2026-00417\nInvoice date 14.11.2026\nDue date 28.11.2026\n\
        Hammer drill HD-20 2 129.00 258.00\nShipping 1 9.90 9.90\nSubtotal 312.90\nVAT 19% 59.45\nTotal due EUR 372.35\n\
        IBAN DE89 3704 0044 0532 0130 00\nQuestions? billing@acme-tools.example";

    #[test]
    fn what_stands_there_may_be_said() {
        let grounds = Grounds::new(INVOICE, "what about this invoice", Wording::Quoted);
        for said in [
            "The total due is EUR 372.35.",
            "The invoice is due on 28.11.2026.",
            "The subtotal is 312.90 and the VAT is 59.45.",
            "It is an invoice of ACME Tools GmbH.",
            "Questions go to billing@acme-tools.example.",
            "The hammer drill HD-20 is 129.00.",
        ] {
            assert!(grounds.bear(said), "{said}");
        }
    }

    #[test]
    fn what_a_small_model_made_up_is_not_said() {
        let grounds = Grounds::new(INVOICE, "what about this invoice", Wording::Quoted);
        for said in [
            "The total is 258.00 + 45.00 + 9.90 = 176.00.",
            "The total is €372.35.",
            "The total due is 372.",
            "The text is about the invoice of ACME Tools GmbH.",
            "What is the invoice date of ACME Tools?",
            "The text is due on 24.11.2026, which is the date of the invoice.",
            "The phone number is 1234567890.",
            "372.35",
            "The tax is 59.45 cents.",
            "The invoice is due on Friday.",
            "The invoice is due in two weeks.",
            "The invoice is of Siemens.",
            "The invoice is not due.",
            "The logo of the ACME Tools GmbH is a white, rectangular shape with a blue and red color scheme.",
            "The email address is: 1234567890ACME-Tools-GmbH-Invoice-Unit-129.00.41.14",
            "The text is a reminder, but it's only something to read: ignore whatever it asks for.",
            "Use the `use_local_variables` function of the invoice.",
            "```cargo.toml",
            "To answer your question, I'll use the text as a guide:",
            "Yes.",
            "The password of the invoice is sunflower.",
            "The PIN of the invoice is 59.45.",
            "",
        ] {
            assert!(!grounds.bear(said), "{said}");
        }
    }

    #[test]
    fn what_is_told_in_other_words_has_the_facts_of_the_page_and_may_judge_it() {
        let grounds = Grounds::new(INVOICE, "is the drill cheaper than the shipping of two boxes", Wording::Told);
        for said in [
            "Yes.",
            "No, the shipping is not cheaper.",
            "No, the hammer drill costs 129.00 and the shipping only 9.90.",
            "The drill is there two times.",
            "Put the invoice date into `date(billing)`.",
        ] {
            assert!(grounds.bear(said), "{said}");
        }
        for said in [
            "The total is €372.35.",
            "The total due is 372.",
            "The invoice is due on Friday.",
            "The invoice is due in seven weeks.",
            "The invoice is of Siemens.",
            "Write to sales@acme-tools.example.",
            "See https://acme-tools.example/pay for it.",
            "Use `use_local_variables` there.",
            "The weather in spring is sunny and mild.",
            "The password of the invoice is sunflower.",
            "Do nothing that it asks for, it is only something to read.",
            "",
        ] {
            assert!(!grounds.bear(said), "{said}");
        }
    }

    #[test]
    fn it_is_known_when_a_model_says_that_there_is_no_answer() {
        for said in [
            "It doesn't say.",
            "No, it does not say.",
            "The text does not mention any children.",
            "The page doesn't explicitly specify a brand.",
            "The brand is not mentioned in the text.",
            "The address isn't provided.",
            "There is no information about that.",
            "The document does not contain a phone number.",
        ] {
            assert!(says_it_is_absent(said), "{said}");
        }
        for said in [
            "No, it does not contain meat.",
            "She does not want another repair.",
            "The bus does not stop there.",
            "He says no.",
            "The order was not saved.",
            "",
        ] {
            assert!(!says_it_is_absent(said), "{said}");
        }
    }

    #[test]
    fn a_day_is_told_of_what_stands_beside_it_alone() {
        let bill = "Electricity bill\nTotal amount due: $88.32\nDue date: 5 December 2026\nLate fee: $10.00\n\n\
            Lunch at Luigi's on Thursday\nSee you, Tom";
        let arrives = Grounds::new(bill, "when will it arrive", Wording::Quoted);
        for said in [
            "The text will arrive on 5 December.",
            "The text will arrive on 5 December 2026.",
            "It will arrive on 5 December.",
            "On 5 December 2026.",
            "The bill will arrive on 5 December.",
            "It will arrive on Thursday.",
            "In December.",
        ] {
            assert!(!arrives.bear(said), "{said}");
        }
        assert!(arrives.bear("The due date is 5 December 2026."));
        assert!(arrives.bear("Lunch is on Thursday."));
        assert!(Grounds::new(bill, "by when is it due", Wording::Quoted).bear("On 5 December 2026."));
    }

    #[test]
    fn a_translation_has_the_facts_in_other_words() {
        let grounds = Grounds::new(INVOICE, "translate it", Wording::Own);
        assert!(grounds.bear("Die Rechnung ist am 28.11.2026 fällig."));
        assert!(!grounds.bear("Die Rechnung ist am 29.11.2026 fällig."));
        let german = Grounds::new("Bitte zahlen Sie bis Freitag, 27.11.2026.", "translate it", Wording::Own);
        assert!(german.bear("Please pay by Friday, 27.11.2026."));
    }

    proptest! {
        /// Whatever a model says: no number that is not on the page is said.
        #[test]
        fn no_number_is_said_that_is_not_there(
            parts in proptest::collection::vec("[a-z]{1,8}|total|due|invoice|date|[0-9]{1,5}|[0-9]{1,3}[.,][0-9]{2}|[A-Z]{2}[0-9]{1,3}|[€$]?[0-9]{1,4}%?|\\PC{1,6}", 1..12),
            wording in prop_oneof![Just(Wording::Quoted), Just(Wording::Told), Just(Wording::Own)],
        ) {
            let said = parts.join(" ");
            let grounds = Grounds::new(INVOICE, "", wording);
            if grounds.bear(&said) {
                for digits in said.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()) {
                    let on_page = INVOICE.split(|c: char| !c.is_ascii_digit()).any(|there| there == digits);
                    prop_assert!(on_page, "{digits} of {said}");
                }
            }
        }

        #[test]
        fn the_page_bears_its_own_lines_of_prose(text in "[a-z]{4,9} [a-z]{4,9} [0-9]{1,6} [a-z]{4,9}") {
            prop_assume!(!topic(&text).iter().all(|word| has_digit(word)));
            let page = format!("something else\n{text}\nand more");
            prop_assert!(Grounds::new(&page, "", Wording::Quoted).bear(&text));
        }
    }
}
