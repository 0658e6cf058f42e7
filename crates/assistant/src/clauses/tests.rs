//! Clauses as they are cut: by hand, and for any text that nothing is lost and nothing grows too long.

use super::*;
use proptest::prelude::*;

fn split(text: &str) -> Vec<String> {
    let mut splitter = ClauseSplitter::new();
    let mut clauses = splitter.push(text);
    clauses.extend(splitter.finish());
    clauses.iter().map(|clause| clause.trim().to_owned()).collect()
}

#[test]
fn the_first_clause_is_short_and_the_others_are_sentences() {
    assert_eq!(
        split("Well, the capital of France, as you may know, is Paris. It is large, old and lovely. Go there!"),
        ["Well, the capital of France,", "as you may know, is Paris.", "It is large, old and lovely.", "Go there!"]
    );
    assert_eq!(split("Sure. The sky is blue."), ["Sure.", "The sky is blue."]);
    assert_eq!(split("Yes, it is blue"), ["Yes, it is blue"]);
    assert_eq!(split("Here is the answer: blue."), ["Here is the answer:", "blue."]);
}

#[test]
fn a_long_first_clause_ends_where_a_speaker_would_breathe() {
    assert_eq!(
        split("A lighthouse is a tower with a light that shows ships the way and warns them of rocks. It is high."),
        ["A lighthouse is a tower with a light that shows ships the way", "and warns them of rocks.", "It is high."]
    );
    assert_eq!(
        split("The capital of France is called Paris because a tribe had that name."),
        ["The capital of France is called Paris", "because a tribe had that name."]
    );
    // Only before a preposition of a really long one.
    assert_eq!(
        split("Most of the people who came to the old town lived in small houses near the sea."),
        ["Most of the people who came to the old town lived", "in small houses near the sea."]
    );
    // Short ones, later ones, and what belongs together stay whole.
    for whole in ["Salt and pepper are in it.", "I found the book in the kitchen.", "It takes between 5 and 10 days."] {
        assert_eq!(split(whole), [whole]);
    }
    assert_eq!(split("It takes a crew of five people 20 and more days").len(), 1);
    assert_eq!(split("Yes. This one is long enough that it would be cut but it comes second.").len(), 2);
}

#[test]
fn numbers_abbreviations_and_addresses_stay_whole() {
    for text in [
        "Pi is about 3.14159 and e is 2.71828",
        "There are 1,000,000 of them in there",
        "The train leaves at 10:30 from platform two",
        "Ask Dr. Smith or Mrs. Jones about J. R. R. Tolkien",
        "Use some tools, e.g. a hammer".split_once(", ").unwrap().1,
        "See https://example.org/a.b,c?d=1:2 for more of it",
        "It starts at 5 p.m. on the dot",
        "The U.S. president lives there",
        "Run `cargo build. Then, test it` once",
        "Version 2.0 vs. version 3.0 is a choice",
    ] {
        assert_eq!(split(text), [text], "{text}");
    }
    assert_eq!(split("It closes at 5 p.m. Come early."), ["It closes at 5 p.m.", "Come early."]);
    assert_eq!(split("It was in 1999. Then it ended."), ["It was in 1999.", "Then it ended."]);
    assert_eq!(split("He said \"no.\" Then he left."), ["He said \"no.\"", "Then he left."]);
    assert_eq!(split("Wait... what is it?"), ["Wait...", "what is it?"]);
}

#[test]
fn lists_are_read_line_by_line() {
    assert_eq!(
        split("Three things:\n1. Eggs\n2. Milk. Fresh milk.\n- **Bread**\n\nThat is all"),
        ["Three things:", "1. Eggs", "2. Milk.", "Fresh milk.", "- **Bread**", "That is all"]
    );
}

#[test]
fn code_is_one_clause() {
    let code = "```rust\nfn main() { println!(\"a. b, c\"); }\n```";
    assert_eq!(split(&format!("Here you go:\n{code}\nThat is it.")), ["Here you go:", code, "That is it."]);
    // However long: half of it would be read aloud.
    let code = format!("```\n{}```", "let it = be(\"a. b\"); // No end.\n".repeat(100));
    assert_eq!(split(&format!("Here you go:\n{code}\nThat is it.")), ["Here you go:", &code, "That is it."]);
    let endless = format!("```\n{}", "let it = be;\n".repeat(10_000));
    assert!(split(&endless).iter().all(|clause| clause.len() <= LONGEST_BLOCK));
}

#[test]
fn what_does_not_end_is_cut_between_words() {
    let endless = "and then ".repeat(100);
    let clauses = split(&endless);
    assert!(clauses.len() >= 4);
    assert!(clauses.iter().all(|clause| clause.len() <= LONGEST && clause.ends_with(['n', 'd'])), "{clauses:?}");
    let word = "x".repeat(5000);
    assert!(split(&word).iter().all(|clause| clause.len() <= LONGEST_WORD));
}

#[test]
fn nothing_gives_nothing() {
    assert!(split("").is_empty());
    assert!(split(" \n\n ").is_empty());
}

#[test]
fn a_clause_knows_whether_its_sentence_ended() {
    for ended in ["Yes.", "Really?! ", "He said \"no.\" ", "1. Eggs\n", "`x`."] {
        assert!(ends_sentence(ended), "{ended:?}");
    }
    for open in ["Well, ", "and so ", "Three things:\n", ""] {
        assert!(!ends_sentence(open), "{open:?}");
    }
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[A-Za-z]{1,8}",
        1 => "[0-9]{1,4}([.,:][0-9]{1,3})?",
        1 => Just("Dr.".to_owned()),
        1 => Just("p.m.".to_owned()),
        1 => Just("`".to_owned()),
        1 => Just("```".to_owned()),
        1 => Just("1.".to_owned()),
        1 => Just("größer—是。".to_owned()),
        2 => "[.,;:!?\"')-]",
        4 => Just(" ".to_owned()),
        1 => Just("\n".to_owned()),
    ];
    proptest::collection::vec(piece, 0..200).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn the_clauses_are_the_text(text in text()) {
        let mut splitter = ClauseSplitter::new();
        let mut clauses = splitter.push(&text);
        clauses.extend(splitter.finish());
        let joined = clauses.concat();
        prop_assert_eq!(joined.trim_end(), text.trim_end());
        prop_assert!(clauses.iter().all(|clause| !clause.trim().is_empty()), "{:?}", clauses);
        let longest = |clause: &str| if clause.contains("```") { LONGEST_BLOCK } else { LONGEST_WORD };
        prop_assert!(clauses.iter().all(|clause| clause.chars().count() <= longest(clause)));
    }

    #[test]
    fn how_it_arrives_makes_no_difference(text in text(), size in 1_usize..20) {
        let mut whole = ClauseSplitter::new();
        let mut expected = whole.push(&text);
        expected.extend(whole.finish());
        let mut pieces = ClauseSplitter::new();
        let letters: Vec<char> = text.chars().collect();
        let mut got: Vec<String> =
            letters.chunks(size).flat_map(|piece| pieces.push(&piece.iter().collect::<String>())).collect();
        got.extend(pieces.finish());
        prop_assert_eq!(got, expected);
    }
}
