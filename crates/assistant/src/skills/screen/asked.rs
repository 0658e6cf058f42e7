//! Questions about pages that were made up (`crate::bench`), answered by rules alone.

mod pointing;
mod who;

use super::*;
use crate::bench::{self, Page, Question, UNDERSTANDING, Verdict};
use crate::router::normalize::{Names, Request};
use crate::testing::FakeClock;

/// How a question was answered.
enum Came {
    Right,
    /// Said not to be there, though it is.
    Unanswered(String),
    /// Left to the language model, which somebody wrote down an answer for.
    Left(String),
    Wrong(String),
}

/// What came of `asked` on `page`.
fn came(page: &Page, asked: &Question) -> Came {
    let clock = FakeClock::new();
    let context = SkillContext { clock: &clock, last_reply: None, dry_run: false };
    let mut skill = Screen::new();
    // As the router hands it over.
    let matched = about(&Request::new(asked.text, &Names::default()).words);
    let seen = skill.seen(matched.intent, &matched.slots, &page.screen, false, &context).unwrap();
    let (said, copied) = match &seen {
        Seen::Reply(reply) | Seen::Ask { quoted: Some(reply), .. } => {
            let copied = reply.actions.iter().find_map(|action| match action {
                HostAction::Copy { text } => Some(text.clone()),
                _ => None,
            });
            (reply.spoken.clone(), copied)
        }
        // What rules are not made for they leave to the language model.
        Seen::Ask { .. } if asked.is_open() || page.list == UNDERSTANDING => return Came::Right,
        Seen::Ask { prompt, otherwise, .. } if prompt.is_empty() => (otherwise.clone(), None),
        Seen::Ask { .. } | Seen::Look(_) => {
            return Came::Left(format!("{}: {}: left to the model", page.name, asked.text));
        }
    };
    let told = || format!("{}: {}: {}", page.name, asked.text, copied.as_deref().unwrap_or(&said));
    match asked.judge(&said, copied.as_deref()) {
        Some(Verdict::Right) => Came::Right,
        Some(Verdict::Unanswered) => Came::Unanswered(told()),
        _ => Came::Wrong(told()),
    }
}

#[test]
fn questions_about_made_up_pages_are_answered_with_what_stands_there() {
    let mut unexpected = Vec::new();
    let pages = bench::pages();
    let mut lists: Vec<&str> = pages.iter().map(|page| page.list).collect();
    lists.dedup();
    for (list, is_tuned) in lists.iter().flat_map(|list| [(*list, true), (*list, false)]) {
        let [mut right, mut unanswered, mut left, mut wrong] = [0; 4];
        for page in pages.iter().filter(|page| page.list == list && page.is_tuned == is_tuned) {
            for asked in &page.questions {
                let (count, told) = match came(page, asked) {
                    Came::Right => (&mut right, None),
                    Came::Unanswered(told) => (&mut unanswered, Some(told)),
                    Came::Left(told) => (&mut left, Some(told)),
                    Came::Wrong(told) => (&mut wrong, Some(told)),
                };
                *count += 1;
                // Who wants to see what is missed asks for the output of this test.
                match told {
                    Some(told) if asked.is_missed => println!("missed: {told}"),
                    Some(told) => unexpected.push(told),
                    None if asked.is_missed => println!("answered by now: {}: {}", page.name, asked.text),
                    None => {}
                }
            }
        }
        let all = right + unanswered + left + wrong;
        let half = if is_tuned { "tuned" } else { "apart" };
        println!("{list}, {half}: {right} of {all}; {unanswered} not seen, {left} left to the model, {wrong} wrong");
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
}
