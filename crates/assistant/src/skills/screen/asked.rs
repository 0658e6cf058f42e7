//! Questions about pages that were made up (`crate::bench`), answered by rules alone.

mod who;

use super::*;
use crate::bench::{self, Page, Question, UNDERSTANDING, Verdict};
use crate::router::normalize::{Names, Request};
use crate::testing::FakeClock;

/// What was answered instead, where it is not what was expected.
fn wrong(page: &Page, asked: &Question) -> Option<String> {
    let clock = FakeClock::new();
    let context = SkillContext { clock: &clock, last_reply: None, dry_run: false };
    let mut skill = Screen::new();
    // As the router hands it over.
    let matched = about(&Request::new(asked.text, &Names::default()).words);
    let seen = skill.seen(matched.intent, &matched.slots, &page.screen, false, &context).unwrap();
    let (said, copied) = match &seen {
        Seen::Reply(reply) => {
            let copied = reply.actions.iter().find_map(|action| match action {
                HostAction::Copy { text } => Some(text.clone()),
                _ => None,
            });
            (reply.spoken.clone(), copied)
        }
        // What rules are not made for they leave to the language model.
        Seen::Ask { .. } if asked.is_open() || page.list == UNDERSTANDING => return None,
        Seen::Ask { prompt, otherwise, .. } if prompt.is_empty() => (otherwise.clone(), None),
        other => (format!("{other:?}").chars().take(10).collect(), None),
    };
    let is_right = asked.judge(&said, copied.as_deref()) == Some(Verdict::Right);
    (!is_right).then(|| format!("{}: {}: {}", page.name, asked.text, copied.unwrap_or(said)))
}

#[test]
fn questions_about_made_up_pages_are_answered_with_what_stands_there() {
    let mut unexpected = Vec::new();
    let pages = bench::pages();
    let mut lists: Vec<&str> = pages.iter().map(|page| page.list).collect();
    lists.dedup();
    for (list, is_tuned) in lists.iter().flat_map(|list| [(*list, true), (*list, false)]) {
        let (mut all, mut right) = (0, 0);
        for page in pages.iter().filter(|page| page.list == list && page.is_tuned == is_tuned) {
            for asked in &page.questions {
                let wrong = wrong(page, asked);
                all += 1;
                right += usize::from(wrong.is_none());
                // Who wants to see what is missed asks for the output of this test.
                if let Some(wrong) = wrong.as_ref().filter(|_| asked.is_missed) {
                    println!("missed: {wrong}");
                }
                if wrong.is_none() && asked.is_missed {
                    println!("answered by now: {}: {}", page.name, asked.text);
                }
                unexpected.extend(wrong.filter(|_| !asked.is_missed));
            }
        }
        println!("{list}, {}: {right} of {all}", if is_tuned { "tuned" } else { "apart" });
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
}
