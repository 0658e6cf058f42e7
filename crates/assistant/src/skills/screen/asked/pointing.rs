//! What a language model's pointer is learned from: the questions of the lists, as they are put to it.

use super::super::answer::passages;
use super::super::secret;
use crate::bench::{self, Page, Question};
use serde_json::json;
use std::io::Write as _;

/// Lists that are written for this alone, in the way of the others, with indirect questions: `jarvis bench mind` asks none of them. What
/// an answer has to have hardly ever stands on another line than the one that answers.
const LISTS: [(&str, &str); 4] = [
    ("computers", include_str!("pointing/computers.txt")),
    ("desks", include_str!("pointing/desks.txt")),
    ("letters", include_str!("pointing/letters.txt")),
    ("tables", include_str!("pointing/tables.txt")),
];

/// Questions of other pages that are asked of each, and of none.
const OF_OTHERS: usize = 3;
const OF_NONE: usize = 1;

/// One example: what `asked` is put as on `page`, and what of it has all or some of what the answer has to have; none where the
/// list says of no line what the answer is.
fn example(page: &Page, asked: &str, expected: Option<&Question>) -> Option<serde_json::Value> {
    let masked = secret::masked(&page.screen);
    let (content, passages, question) = passages(asked, &masked);
    let wanted: Vec<String> =
        expected.into_iter().flat_map(Question::parts).filter(|(is, _)| *is).map(|(_, any)| any).collect();
    let has = |said: &str, any: &str| {
        let said = said.to_lowercase();
        any.to_lowercase().split('|').any(|text| {
            said.match_indices(text).any(|(at, text)| {
                let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
                !is_word(said[..at].chars().next_back()) && !is_word(said[at + text.len()..].chars().next())
            })
        })
    };
    let answers: Vec<usize> = (0..passages.len())
        .filter(|at| wanted.iter().any(|any| has(&content[passages[*at].place.clone()], any)))
        .collect();
    let is_there = expected.is_some_and(|asked| asked.expected != "absent");
    if passages.len() < 2 || is_there && answers.is_empty() {
        return None;
    }
    let range = |range: &std::ops::Range<usize>| json!({"start": range.start, "end": range.end});
    let lines: Vec<_> = passages.iter().map(|passage| range(&passage.place)).collect();
    Some(json!({
        "page": format!("{} {}", page.list, page.name), "content": content, "lines": lines, "question": range(&question),
        "answers": answers,
    }))
}

/// Writes them to the file that `JARVIS_WRITE_EXAMPLES` names, and in any case makes them.
#[test]
fn examples_of_pointing() {
    let mut pages = bench::pages();
    pages.extend(LISTS.iter().flat_map(|(name, text)| bench::pages_of(name, text)));
    let is_asked = |asked: &&Question| !asked.is_open() && !asked.expected.starts_with("copies ");
    let all: Vec<&Question> = pages.iter().flat_map(|page| &page.questions).filter(is_asked).collect();
    let none: Vec<&str> =
        bench::unseen().into_iter().filter(|asked| asked.is_of_world()).map(|asked| asked.text).collect();
    let mut examples = Vec::new();
    for (at, page) in pages.iter().enumerate() {
        examples
            .extend(page.questions.iter().filter(is_asked).filter_map(|asked| example(page, asked.text, Some(asked))));
        let others = (1..=OF_OTHERS).map(|step| all[(at * 37 + step * 211) % all.len()].text);
        let others = others.filter(|text| page.questions.iter().all(|asked| asked.text != *text));
        let of_none = (0..OF_NONE).map(|step| none[(at * OF_NONE + step) % none.len()]);
        examples.extend(others.chain(of_none).filter_map(|text| example(page, text, None)));
    }
    let answered =
        examples.iter().filter(|example| example["answers"].as_array().is_some_and(|lines| !lines.is_empty()));
    assert!(answered.count() * 2 > examples.len(), "most are answered");
    if let Some(path) = std::env::var_os("JARVIS_WRITE_EXAMPLES") {
        let mut file = std::fs::File::create(path).unwrap();
        examples.iter().for_each(|example| writeln!(file, "{example}").unwrap());
    }
}
