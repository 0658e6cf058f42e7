//! Questions about pages that were made up, with what is to be answered: what `jarvis bench mind` measures with, and the tests
//! of the screen's rules hold.
//!
//! Owns the lists (`skills/screen/asked/`, whose first says how they are written) and the judgement of answers, by words alone,
//! so that the same answer always has the same one. Never asks anything and never looks at how an answer was found.

use crate::router::Routed;
use crate::skills::screen;
use jarvis_core::{Region, ScreenText, TextLine, TextRole};

/// The lists, by their names, each written without a look at how the answers to it are found: what answers was worked on afterwards.
pub const LISTS: [(&str, &str); 5] = [
    ("first", include_str!("skills/screen/asked/first.txt")),
    ("everyday", include_str!("skills/screen/asked/everyday.txt")),
    (UNDERSTANDING, include_str!("skills/screen/asked/understanding.txt")),
    ("otherwise", include_str!("skills/screen/asked/otherwise.txt")),
    ("windows", include_str!("skills/screen/asked/windows.txt")),
];

/// The list of questions that rules are not made for.
pub const UNDERSTANDING: &str = "understanding";

/// Pixels that a letter is wide and a line is high, and from one line to the next.
const LETTER: i32 = 10;
const HEIGHT: u32 = 20;
const PITCH: i32 = 26;
/// Where the first line begins.
const MARGIN: i32 = 20;

/// A page and what is asked about it.
#[derive(Debug, Clone)]
pub struct Page {
    /// The list that it is in.
    pub list: &'static str,
    /// What it is called there.
    pub name: &'static str,
    /// What answers was worked on with it; the others were kept apart.
    pub is_tuned: bool,
    /// Its text, as a picture's.
    pub screen: ScreenText,
    /// What is asked about it.
    pub questions: Vec<Question>,
}

/// A question about a page and what its answer has to be like.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// In the words of who asks.
    pub text: &'static str,
    pub(crate) expected: &'static str,
    /// The rules alone don't answer it rightly so far.
    pub is_missed: bool,
}

/// What is asked where nothing was seen, and who is to answer.
#[derive(Debug, Clone, Copy)]
pub struct Unseen {
    /// The part of the list that it is in: what rules were worked on with, and what not.
    pub part: &'static str,
    /// In the words of who asks.
    pub text: &'static str,
    pub(crate) expected: &'static str,
    /// The rules alone decide wrongly so far.
    pub is_missed: bool,
}

/// The list of them.
pub fn unseen() -> Vec<Unseen> {
    let mut part = "";
    let rows = include_str!("skills/screen/asked/unseen.txt").lines().filter(|row| !row.starts_with('#'));
    rows.filter_map(|row| {
        if let Some(name) = row.strip_prefix("== ") {
            part = name;
            return None;
        }
        let (expected, text) = row.split_once(": ")?;
        let is_missed = expected.starts_with('!');
        Some(Unseen { part, text, expected: expected.trim_start_matches('!'), is_missed })
    })
    .collect()
}

impl Unseen {
    /// Whether the language model is to answer it, from what it knows.
    pub fn is_of_world(&self) -> bool {
        self.expected == "chat"
    }

    /// Whether who answers by `routed` is who is to.
    pub fn is_right(&self, routed: &Routed) -> bool {
        self.expected.split('/').any(|expected| expected == came(routed))
    }
}

/// What was decided, in the words of the list.
pub(crate) fn came(routed: &Routed) -> &'static str {
    match routed {
        Routed::Chat => "chat",
        Routed::Skill(matched) if matched.intent == screen::OFFER => "offer",
        Routed::Skill(matched) if matched.intent == screen::PICTURE => "picture",
        Routed::Skill(matched) if matched.intent.starts_with("screen.") => "look",
        Routed::Skill(_) => "skill",
    }
}

/// What an answer is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It has what was asked for; or what was asked for is not on the page, and nothing was made up.
    Right,
    /// It says that there is no answer, though there is one.
    Unanswered,
    /// It has something else.
    Wrong,
}

impl Question {
    /// Whether it is for the language model, and nobody wrote down what the answer is.
    pub fn is_open(&self) -> bool {
        self.expected == "model"
    }

    /// What the words `said` and the text `copied` are worth as an answer; none where nobody wrote down what it is.
    pub fn judge(&self, said: &str, copied: Option<&str>) -> Option<Verdict> {
        let verdict = |is_right| if is_right { Verdict::Right } else { Verdict::Wrong };
        if self.is_open() {
            return None;
        }
        if let Some(text) = self.expected.strip_prefix("copies ") {
            return Some(verdict(copied == Some(text.replace("\\n", "\n").as_str())));
        }
        let is_unanswered = screen::has_no_answer(said);
        if self.expected == "absent" {
            return Some(verdict(is_unanswered));
        }
        // "I don't see it" may be what is expected.
        match self.has_expected(said) {
            true if !screen::is_nearest(said) => Some(Verdict::Right),
            _ if is_unanswered => Some(Verdict::Unanswered),
            is_right => Some(verdict(is_right)),
        }
    }

    fn has_expected(&self, said: &str) -> bool {
        let lower = said.to_lowercase();
        let parts = self.parts();
        let holds = |(is_wanted, any): &(bool, String)| match is_wanted {
            true => any.split('|').any(|text| lower.contains(&text.to_lowercase())),
            false => !any.split('|').any(|text| said.contains(text)),
        };
        !parts.is_empty() && parts.iter().all(holds)
    }

    /// What an answer has to have (`true`) and may not have, with "|" between what is as good.
    pub(crate) fn parts(&self) -> Vec<(bool, String)> {
        let expected = format!(" {}", self.expected);
        let mut parts: Vec<(bool, String)> = Vec::new();
        for part in expected.split(' ').filter(|part| !part.is_empty()) {
            match (part.strip_prefix('+'), part.strip_prefix('-'), parts.last_mut()) {
                (Some(text), ..) => parts.push((true, text.to_owned())),
                (_, Some(text), _) => parts.push((false, text.to_owned())),
                (_, _, Some((_, text))) => *text = format!("{text} {part}"),
                _ => {}
            }
        }
        parts
    }
}

/// All pages, list by list.
pub fn pages() -> Vec<Page> {
    LISTS.iter().flat_map(|(name, text)| pages_of(name, text)).collect()
}

/// The pages of the list `text`.
pub(crate) fn pages_of(list: &'static str, text: &'static str) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    let mut row = 0;
    for text in text.lines() {
        if let Some((name, half)) = text.strip_prefix("== ").and_then(|name| name.rsplit_once(' ')) {
            let screen = ScreenText { is_picture: true, region: Region::new(0, 0, 900, 600), ..ScreenText::default() };
            pages.push(Page { list, name, is_tuned: half == "tuned", screen, questions: vec![] });
            row = 0;
        } else if let Some(page) = pages.last_mut() {
            let missed = text.strip_prefix("?! ");
            let asked = text.strip_prefix("? ").or(missed).and_then(|asked| asked.split_once(" => "));
            match asked {
                Some((text, expected)) => {
                    page.questions.push(Question { text, expected, is_missed: missed.is_some() });
                }
                None => {
                    page.screen.lines.extend(lines(text, row));
                    row += 1;
                }
            }
        }
    }
    for page in &mut pages {
        // As the eyes hand it over: with room around it.
        let bottom = page.screen.lines.iter().map(|line| line.region.bottom()).max().unwrap_or(0);
        page.screen.region.height = bottom.max(0) as u32 + 40;
    }
    pages
}

/// The lines that stand in row `row` of a page, from how it is written in a list.
pub fn lines(text: &str, row: i32) -> Vec<TextLine> {
    let mut found = Vec::new();
    let mut at = 0;
    for part in text.split("  ") {
        let from = at + (part.len() - part.trim_start().len());
        at += part.len() + 2;
        let part = part.trim();
        let within = |open, close| part.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        let (text, role) = match (part.strip_prefix("# "), part.strip_prefix("! "), within("[", "]"), within("<", ">"))
        {
            (Some(headline), ..) => (headline, TextRole::Heading),
            (_, Some(alert), ..) => (alert, TextRole::Alert),
            (_, _, Some(button), _) => (button, TextRole::Control),
            (.., Some(field)) => (field, TextRole::Field),
            _ => (part, TextRole::Text),
        };
        if text.is_empty() {
            continue;
        }
        let width = text.chars().count() as u32 * LETTER as u32;
        let region = Region::new(MARGIN + LETTER * from as i32, MARGIN + PITCH * row, width, HEIGHT);
        found.push(TextLine { text: text.into(), region, confidence: 1.0, role });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(expected: &'static str) -> Question {
        Question { text: "what is it", expected, is_missed: false }
    }

    #[test]
    fn every_line_of_a_list_that_looks_like_a_question_is_one() {
        for (name, text) in LISTS {
            let asked = text.lines().filter(|line| line.starts_with("? ") || line.starts_with("?! ")).count();
            let pages = pages_of(name, text);
            let read: usize = pages.iter().map(|page| page.questions.len()).sum();
            assert_eq!(read, asked, "{name}");
            assert_eq!(pages.len(), text.lines().filter(|line| line.starts_with("== ")).count(), "{name}");
            let halves = text.lines().filter(|line| line.ends_with(" tuned") || line.ends_with(" apart"));
            assert_eq!(halves.filter(|line| line.starts_with("== ")).count(), pages.len(), "{name}");
            for question in pages.iter().flat_map(|page| &page.questions) {
                let form = question.expected;
                let is_known =
                    matches!(form, "model" | "absent") || form.starts_with(['+', '-']) || form.starts_with("copies ");
                assert!(is_known, "{name}: {} => {form}", question.text);
            }
        }
    }

    #[test]
    fn an_answer_is_judged_by_its_words() {
        let judge = |expected, said| question(expected).judge(said, None);
        assert_eq!(judge("+Ada -Love", "It says ada, love."), Some(Verdict::Right));
        assert_eq!(judge("+Ada -Love", "Ada Lovelace."), Some(Verdict::Wrong));
        assert_eq!(judge("+two words|2 words", "These are 2 words."), Some(Verdict::Right));
        assert_eq!(judge("+two words|2 words", "These are words."), Some(Verdict::Wrong));
        assert_eq!(judge("+Ada", "I don't see an answer to that in that picture."), Some(Verdict::Unanswered));
        assert_eq!(
            judge("+Ada", "I have no answer that I am sure of. The picture says: Ada."),
            Some(Verdict::Unanswered)
        );
        assert_eq!(judge("absent", "I don't see an answer to that in that picture."), Some(Verdict::Right));
        assert_eq!(judge("absent", "It is Ada."), Some(Verdict::Wrong));
        assert_eq!(judge("model", "Anything."), None);
        assert_eq!(question("copies a\\nb").judge("Copied.", Some("a\nb")), Some(Verdict::Right));
        assert_eq!(question("copies a\\nb").judge("a\nb", None), Some(Verdict::Wrong));
    }
}
