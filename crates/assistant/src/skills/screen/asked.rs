//! Questions about pages that were made up, with what is to be answered: `asked/`, whose first list says how they are written.

mod who;

use super::testing::{line, screen, sized};
use super::*;
use crate::router::normalize::{Names, Request};
use crate::testing::FakeClock;
use jarvis_core::TextRole;

/// A question and what its answer has to be like.
struct Asked {
    question: &'static str,
    expected: &'static str,
    /// It is not answered rightly so far.
    is_missed: bool,
}

/// A page and what is asked about it.
struct Case {
    /// The list that it is in.
    list: &'static str,
    name: &'static str,
    is_tuned: bool,
    screen: ScreenText,
    asked: Vec<Asked>,
}

/// The lists, each written without a look at how the answers to it are found: the rules were worked on afterwards.
const LISTS: [(&str, &str); 2] =
    [("first", include_str!("asked/first.txt")), ("everyday", include_str!("asked/everyday.txt"))];

fn cases() -> Vec<Case> {
    LISTS.iter().flat_map(|(name, text)| cases_of(name, text)).collect()
}

fn cases_of(list: &'static str, text: &'static str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut row = 0;
    for text in text.lines() {
        if let Some(name) = text.strip_prefix("== ") {
            let (name, half) = name.rsplit_once(' ').unwrap();
            assert!(matches!(half, "tuned" | "apart"), "{text}");
            let screen = ScreenText { is_picture: true, ..screen(vec![]) };
            cases.push(Case { list, name, is_tuned: half == "tuned", screen, asked: vec![] });
            row = 0;
        } else if let Some(case) = cases.last_mut() {
            let is_missed = text.starts_with("?! ");
            let asked = text.strip_prefix("? ").or_else(|| text.strip_prefix("?! "));
            match asked.map(|asked| asked.split_once(" => ").unwrap()) {
                Some((question, expected)) => case.asked.push(Asked { question, expected, is_missed }),
                None => {
                    case.screen.lines.extend(lines(text, row));
                    row += 1;
                }
            }
        }
    }
    for case in &mut cases {
        // As the eyes hand it over: with room around it.
        case.screen.region.height =
            case.screen.lines.iter().map(|line| line.region.bottom()).max().unwrap() as u32 + 40;
    }
    cases
}

/// The lines that stand in row `row` of a page.
pub(super) fn lines(text: &str, row: i32) -> Vec<TextLine> {
    let mut found = Vec::new();
    let mut at = 0;
    for part in text.split("  ") {
        let from = at + (part.len() - part.trim_start().len());
        at += part.len() + 2;
        let part = part.trim();
        let made = |text: &str, role| sized(text, 20 + 10 * from as i32, 20 + 26 * row, 20, role);
        let within = |open, close| part.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        found.push(match part {
            "" => continue,
            _ if part.starts_with("# ") => made(&part[2..], TextRole::Heading),
            _ if part.starts_with("! ") => made(&part[2..], TextRole::Alert),
            _ => match (within("[", "]"), within("<", ">")) {
                (Some(button), _) => made(button, TextRole::Control),
                (_, Some(field)) => made(field, TextRole::Field),
                _ => line(part, 20 + 10 * from as i32, 20 + 26 * row),
            },
        });
    }
    found
}

/// Whether `said` has all that is behind a "+" of `expected`, and nothing that is behind a "-".
fn is_said(expected: &str, said: &str) -> bool {
    let mut parts: Vec<(char, String)> = Vec::new();
    for part in expected.split(' ').filter(|part| !part.is_empty()) {
        match (part.chars().next(), parts.last_mut()) {
            (Some(sign @ ('+' | '-')), _) => parts.push((sign, part[1..].to_owned())),
            (_, Some((_, text))) => *text = format!("{text} {part}"),
            _ => panic!("{expected}"),
        }
    }
    parts.iter().all(|(sign, text)| (*sign == '+') == said.contains(text.as_str()))
}

/// What was answered instead, where it is not what was expected.
fn wrong(case: &Case, asked: &Asked) -> Option<String> {
    let clock = FakeClock::new();
    let context = SkillContext { clock: &clock, last_reply: None, dry_run: false };
    let mut skill = Screen::new();
    // As the router hands it over.
    let matched = about(&Request::new(asked.question, &Names::default()).words);
    let seen = skill.seen(matched.intent, &matched.slots, &case.screen, false, &context).unwrap();
    let (said, copied) = match &seen {
        Seen::Reply(reply) => {
            let copied = reply.actions.iter().find_map(|action| match action {
                HostAction::Copy { text } => Some(text.clone()),
                _ => None,
            });
            (reply.spoken.clone(), copied)
        }
        other => (format!("{other:?}").chars().take(10).collect(), None),
    };
    let is_right = match (asked.expected, asked.expected.strip_prefix("copies ")) {
        ("model", _) => matches!(seen, Seen::Ask { .. }),
        (_, Some(text)) => copied.as_deref() == Some(text.replace("\\n", "\n").as_str()),
        _ => is_said(asked.expected, &said),
    };
    (!is_right).then(|| format!("{}: {}: {}", case.name, asked.question, copied.unwrap_or(said)))
}

#[test]
fn questions_about_made_up_pages_are_answered_with_what_stands_there() {
    let mut unexpected = Vec::new();
    let cases = cases();
    for (list, is_tuned) in LISTS.iter().flat_map(|(list, _)| [(*list, true), (*list, false)]) {
        let (mut all, mut right) = (0, 0);
        for case in cases.iter().filter(|case| case.list == list && case.is_tuned == is_tuned) {
            for asked in &case.asked {
                let wrong = wrong(case, asked);
                all += 1;
                right += usize::from(wrong.is_none());
                // Who wants to see what is missed asks for the output of this test.
                if let Some(wrong) = wrong.as_ref().filter(|_| asked.is_missed) {
                    println!("missed: {wrong}");
                }
                if wrong.is_none() && asked.is_missed {
                    println!("answered by now: {}: {}", case.name, asked.question);
                }
                unexpected.extend(wrong.filter(|_| !asked.is_missed));
            }
        }
        println!("{list}, {}: {right} of {all}", if is_tuned { "tuned" } else { "apart" });
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
}
