//! The router over all skills, on some three hundred requests with the slips of the ear that recognition brings.

use super::*;
use crate::skills;
use jarvis_core::{Risk, Slots};
use std::time::Instant;

fn intent(router: &Router, said: &str) -> &'static str {
    match router.route(said) {
        Routed::Skill(matched) => matched.intent,
        Routed::Chat => "chat",
    }
}

/// Requests and what they are, one a line: `intent: what was said`. Written by hand, with the beginnings, endings and
/// slips of the ear that recognition brings.
const REQUESTS: &str = include_str!("requests.txt");

fn requests() -> impl Iterator<Item = (&'static str, &'static str)> {
    REQUESTS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(": ").unwrap())
}

#[test]
fn requests_reach_their_skill_and_questions_the_language_model() {
    let router = Router::new(skills::all());
    let wrong: Vec<String> = requests()
        .filter(|(expected, said)| intent(&router, said) != *expected)
        .map(|(expected, said)| format!("{said:?} is {expected}, not {}", intent(&router, said)))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), requests().count(), wrong.join("\n"));
    assert!(requests().count() >= 300);
}

#[test]
fn however_jarvis_is_called_the_request_is_the_same() {
    let router = Router::new(skills::all());
    for (expected, said) in requests() {
        for call in [
            "Hey Jarvis, {}",
            "Hey, Jarvis. {}",
            "jarvis {}",
            "Okay Jarvis, could you please {}",
            "{}, please.",
            "{}, Jarvis?",
        ] {
            // "Could you hello" and "please please" are said by nobody.
            if matches!(expected, "greeting" | "assistant.repeat" | "assistant.stop") && call.contains("please") {
                continue;
            }
            let called = call.replace("{}", said.trim_end_matches(['.', '?', '!']));
            assert_eq!(intent(&router, &called), expected, "{called}");
        }
    }
}

#[test]
fn every_skill_recognizes_its_own_examples() {
    let router = Router::new(skills::all());
    for spec in router.specs() {
        assert!(!spec.description.is_empty());
        for example in spec.examples {
            assert_eq!(intent(&router, example), spec.intent, "{example}");
        }
    }
}

#[test]
fn what_goes_on_for_long_is_no_command_and_a_decision_comes_all_the_same() {
    let router = Router::new(skills::all());
    let long = "what is the square root of the timer in paris ".repeat(1_000);
    assert!(matches!(router.route(&long), Routed::Chat));
    let slowest = requests().map(|(_, said)| {
        let began = Instant::now();
        router.route(said);
        began.elapsed()
    });
    println!("the slowest decision took {:?}", slowest.max().unwrap());
}

#[test]
fn the_surest_skill_wins_and_the_unsure_do_not_count() {
    struct Sure(&'static str, f32);
    impl Skill for Sure {
        fn specs(&self) -> &'static [SkillSpec] {
            &[SkillSpec { intent: "x", description: "", examples: &[], risk: Risk::None }]
        }
        fn recognize(&self, _text: &str) -> Option<IntentMatch> {
            Some(IntentMatch { intent: self.0, slots: Slots::new(), confidence: self.1 })
        }
        fn run(&mut self, _: &str, _: &Slots, _: &SkillContext<'_>) -> Result<Reply> {
            Ok(Reply::default())
        }
    }
    let choose = |skills: &[(&'static str, f32)]| {
        let skills = skills.iter().map(|(name, sure)| Box::new(Sure(name, *sure)) as Box<dyn Skill>).collect();
        intent(&Router::new(skills), "anything")
    };
    assert_eq!(choose(&[("a", 0.6), ("b", 0.9), ("c", 0.9)]), "b");
    assert_eq!(choose(&[("a", 0.4)]), "chat");
    assert_eq!(choose(&[]), "chat");
}
