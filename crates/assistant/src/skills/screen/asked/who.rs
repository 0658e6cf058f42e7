//! Who answers what is asked without a look, and after one, and with what: `unseen.txt` and `page.txt`.
//!
//! The whole way of a question, through the router with every skill, as the user has it.

use super::super::testing::screen;
use crate::bench::{Question, Verdict, came, lines, unseen};
use crate::router::{Routed, Router};
use crate::skills;
use crate::testing::FakeClock;
use jarvis_core::{Clock as _, HostAction, Reply, ScreenText, Seen, SkillContext};

/// What stands for an answer that is left to the language model.
const MODEL: &str = "the model";

/// A user at a screen.
struct Talk {
    router: Router,
    clock: FakeClock,
    last_reply: Option<String>,
}

/// What came of something that was said.
enum Came {
    Chat,
    /// The intent of a skill, what it said, and what it copied.
    Skill(&'static str, String, Option<String>),
}

impl Talk {
    fn new() -> Self {
        Self { router: Router::new(skills::all()), clock: FakeClock::new(), last_reply: None }
    }

    fn say(&mut self, said: &str, page: &ScreenText) -> Came {
        let Routed::Skill(matched) = self.router.route(said) else {
            self.router.talk(self.clock.now());
            return Came::Chat;
        };
        let context = SkillContext { clock: &self.clock, last_reply: self.last_reply.as_deref(), dry_run: false };
        let mut reply = self.router.run(&matched, &context).unwrap();
        if reply.look.is_some() {
            reply = match self.router.seen(&matched, page, false, &context).unwrap() {
                Seen::Reply(reply) => reply,
                Seen::Ask { quoted: Some(reply), .. } => reply,
                Seen::Ask { prompt, otherwise, .. } if prompt.is_empty() => Reply::say(otherwise),
                Seen::Ask { .. } => return Came::Skill(matched.intent, MODEL.into(), None),
                Seen::Look(_) => panic!("{said}: looks on where it may not"),
            };
        }
        let copied = reply.actions.iter().find_map(|action| match action {
            HostAction::Copy { text } => Some(text.clone()),
            _ => None,
        });
        self.last_reply = Some(reply.spoken.clone());
        Came::Skill(matched.intent, reply.spoken, copied)
    }
}

/// How many are right of how many, and a sentence for each that is otherwise than its mark says.
#[derive(Default)]
struct Tally {
    all: usize,
    right: usize,
    unexpected: Vec<String>,
}

impl Tally {
    fn count(&mut self, said: &str, wrong: Option<String>, is_missed: bool) {
        self.all += 1;
        self.right += usize::from(wrong.is_none());
        match wrong {
            Some(wrong) if is_missed => println!("missed: {wrong}"),
            Some(wrong) => self.unexpected.push(wrong),
            None if is_missed => self.unexpected.push(format!("{said}: is right by now")),
            None => {}
        }
    }
}

#[test]
fn what_only_the_users_world_tells_is_not_made_up() {
    let mut unexpected = Vec::new();
    let mut tallies: Vec<(&str, Tally)> = Vec::new();
    for asked in unseen() {
        if tallies.last().is_none_or(|(part, _)| *part != asked.part) {
            tallies.push((asked.part, Tally::default()));
        }
        let routed = Talk::new().router.route(asked.text);
        let wrong =
            (!asked.is_right(&routed)).then(|| format!("{}: {}, not {}", asked.text, came(&routed), asked.expected));
        if let Some((_, tally)) = tallies.last_mut() {
            tally.count(asked.text, wrong, asked.is_missed);
        }
    }
    for (part, tally) in tallies {
        println!("unseen, {part}: {} of {}", tally.right, tally.all);
        unexpected.extend(tally.unexpected);
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
}

/// Whether `said` is what was expected of an answer that tells something.
fn is_said(expected: &'static str, said: &str) -> bool {
    let question = Question { text: "", expected, is_missed: false };
    question.judge(said, None) == Some(Verdict::Right)
}

/// Whether `came` is what was expected.
fn is_as(came: &Came, expected: &'static str) -> bool {
    let (intent, said, copied) = match came {
        Came::Chat => return expected == "chat",
        Came::Skill(intent, said, copied) => (*intent, said.as_str(), copied.as_deref()),
    };
    let is_of_screen = intent.starts_with("screen.");
    match expected {
        "chat" => false,
        "skill" => !is_of_screen,
        "none" => is_of_screen && said.starts_with("I don't see"),
        "model" => is_of_screen && said == MODEL,
        _ => match expected.strip_prefix("copies ") {
            Some(text) => copied == Some(text),
            None => is_of_screen && said != MODEL && is_said(expected, said),
        },
    }
}

#[test]
fn after_a_look_the_page_comes_first() {
    let (mut unexpected, mut page, mut name, mut row) = (Vec::new(), screen(vec![]), "", 0);
    let mut tallies = [Tally::default(), Tally::default()];
    let mut talk: Option<Talk> = None;
    for text in include_str!("page.txt").lines() {
        if let Some(next) = text.strip_prefix("== ") {
            (page, name, row, talk) = (screen(vec![]), next, 0, None);
            continue;
        }
        let is_missed = text.starts_with("?! ");
        let Some(asked) = text.strip_prefix("? ").or_else(|| text.strip_prefix("?! ")) else {
            page.lines.extend(lines(text, row));
            row += 1;
            continue;
        };
        page.region.height = page.lines.iter().map(|line| line.region.bottom()).max().unwrap() as u32 + 40;
        let talk = talk.get_or_insert_with(|| {
            let mut talk = Talk::new();
            talk.say("what is on my screen", &page);
            talk
        });
        let (said, expected) = asked.split_once(" => ").unwrap();
        let came = talk.say(said, &page);
        let is_right = expected.split('|').any(|expected| is_as(&came, expected));
        let wrong = (!is_right).then(|| match came {
            Came::Chat => format!("{name}: {said}: chat, not {expected}"),
            Came::Skill(intent, said_back, copied) => {
                format!("{name}: {said}: {intent} {}, not {expected}", copied.unwrap_or(said_back))
            }
        });
        tallies[usize::from(name.ends_with(" apart"))].count(said, wrong, is_missed);
    }
    for (half, tally) in ["tuned", "apart"].iter().zip(tallies) {
        println!("page, {half}: {} of {}", tally.right, tally.all);
        unexpected.extend(tally.unexpected);
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
}
