//! What pictures show, which text does not tell.
//!
//! Owns how such a question is worded, with the name of a picture and without, when a look found nothing that could be read, and what is said where no model that
//! sees may be asked. Never offers a picture to one: that is the mind's, which knows whether the user allows it.

use super::hand;
use super::secret::{asked, has_secret};
use super::words::words;
use super::{ASK, PICTURE, READ, Screen, notes};
use crate::router::pattern::Patterns;
use jarvis_core::{IntentMatch, ScreenText, Seen, Slots};

/// What shows something other than text.
macro_rules! shown {
    () => {
        "(picture|image|photo|photograph|pic|drawing|painting|illustration|sketch|chart|graph|diagram|plot|figure|map|cartoon|meme|comic|logo|icon|thumbnail)"
    };
}

/// Who sees.
macro_rules! who_sees {
    () => {
        "(cloud|cloud model|cloud service|remote|remote model|remote server|remote service|server|vision model|online model|other model|other program)"
    };
}

#[rustfmt::skip]
const TEMPLATES: &[((), &str)] = &[
    ((), concat!("(what is|what do you see|what can you see|what is shown|what is there|what is there to see|tell me what is|tell me what you see|who is|who do you see) (in|on) (this|that|the) ", shown!(), " [on my screen|on the screen|on this page|here]")),
    ((), concat!("(describe|explain|interpret|look at) (this|that|the) ", shown!(), " [to me|for me] [on my screen|on the screen|on this page|here]")),
    ((), concat!("(what does|tell me what) (this|that|the) ", shown!(), " (show|shows|depict|depicts|look like|looks like) [me|us] [on my screen|on the screen|on this page|here]")),
    ((), concat!("what is (this|that|the) ", shown!(), " (of|showing|supposed to show)")),
    ((), concat!("what is (this|that) a ", shown!(), " of")),
    ((), concat!("(ask|let) [the] ", who_sees!(), " (what is|about what is|to tell me what is|to describe what is|describe what is) on (my|the|this) (screen|window|page|monitor)")),
    ((), concat!("(ask|let) [the] ", who_sees!(), " (about|to look at|look at|to describe|describe|see|to see) (my|the|this) (screen|window|page|picture|image|photo|chart|diagram)")),
    ((), concat!("(show|send) (my screen|the screen|this screen|this window|this page|this picture|this image|a picture of my screen|a picture of the screen) to [the] ", who_sees!())),
];

/// Who and what pictures show, and no text tells the look of.
#[rustfmt::skip]
const SEEN: &[&str] = &[
    "man", "woman", "men", "women", "girl", "girls", "boy", "boys", "guy", "lady", "kid", "kids", "child", "children", "baby", "couple", "animal",
    "bird", "birds", "dog", "dogs", "cat", "cats", "horse", "breed", "insect", "bug", "fish", "snake", "spider", "butterfly", "flower", "flowers", "plant",
    "tree", "mushroom", "leaf", "fruit", "vegetable", "dish", "building", "landmark", "monument", "statue", "car", "bike", "plane", "ship", "aircraft",
    "logo", "flag", "painting", "dress", "shirt", "hat", "hair", "shoes", "face", "background", "foreground",
];
/// Where such things are.
const IN_PICTURES: [&str; 10] = [
    "picture",
    "image",
    "photo",
    "photograph",
    "painting",
    "drawing",
    "background",
    "foreground",
    "selfie",
    "snapshot",
];

/// How a question names what is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    /// As something that is pointed at, or in a picture: "what animal is that".
    Pointed,
    /// As a certain thing: "what is the woman wearing".
    Named,
}

/// Whether `text`, which no skill knows, asks for the look of something that is in front of who asks.
pub(super) fn of_looks(text: &str) -> Option<Looks> {
    let words: Vec<&str> = text.split(' ').collect();
    let is_seen = |word: &&str| SEEN.contains(word);
    let points = |word: &&str| matches!(*word, "this" | "that" | "these" | "those" | "it");
    // "In the painting" in front, but not "in the painting The Last Supper".
    let is_in_picture = (0..words.len()).any(|at| match &words[at..] {
        ["in" | "on", "the" | "this" | "that", picture, behind @ ..] => {
            IN_PICTURES.contains(picture) && matches!(behind, [] | ["on", ..])
        }
        _ => false,
    });
    if is_in_picture && matches!(words[0], "what" | "who" | "which" | "how" | "is" | "are" | "where" | "does" | "do") {
        // What is written in it can be read.
        let is_written =
            words.iter().any(|word| matches!(*word, "say" | "says" | "text" | "written" | "word" | "words" | "line"));
        return (!is_written).then_some(Looks::Pointed);
    }
    match &words[..] {
        ["what" | "which", "kind" | "sort" | "type" | "breed" | "species", "of", thing, "is" | "are", what]
            if is_seen(thing) =>
        {
            points(what).then_some(Looks::Pointed)
        }
        ["what" | "which", thing, "is" | "are", what] if is_seen(thing) && points(what) => Some(Looks::Pointed),
        ["what" | "which", "breed", "is", "the" | "that" | "this", _] => Some(Looks::Named),
        [
            "what" | "which",
            "color" | "colour" | "colors" | "colours",
            "is" | "are" | "does" | "do",
            what,
            rest @ ..,
        ] => {
            let is_one =
                |rest: &[&str]| (1..=3).contains(&rest.len()) && hand::at_hand(text) == Some(hand::Hand::Thing);
            if rest.is_empty() { points(what).then_some(Looks::Pointed) } else { is_one(rest).then_some(Looks::Named) }
        }
        ["who", "is" | "are", "the" | "that" | "this" | "these" | "those", thing] => {
            is_seen(thing).then_some(Looks::Named)
        }
        ["what", "is" | "are", "the" | "that" | "this" | "he" | "she", .., "wearing" | "holding" | "doing"]
        | ["what", "do" | "does", "the" | "that" | "this", _, "look", "like"] => {
            let is_person = matches!(words[2], "he" | "she") || words.get(3).is_some_and(is_seen);
            is_person.then_some(Looks::Named)
        }
        _ => None,
    }
}

/// What is said where no model that sees may be asked.
const BLIND: &str = "I read text, and can't see what a picture shows.";

/// Recognizes questions about pictures.
pub(super) struct Pictures(Patterns<()>);

impl Pictures {
    pub(super) fn new() -> Self {
        Self(Patterns::new(TEMPLATES))
    }

    /// The request that `text` is, if it asks what a picture shows.
    pub(super) fn recognize(&self, text: &str) -> Option<IntentMatch> {
        let slots = || Slots::from([("question".to_owned(), text.to_owned())]);
        self.0.find(text, |(), _| Some(IntentMatch { intent: PICTURE, slots: slots(), confidence: 0.9 }))
    }
}

impl Screen {
    /// Answers [`PICTURE`] with what little text there is.
    pub(super) fn sees_none(&mut self, screen: &ScreenText) -> Seen {
        let slots = Slots::from([("what".to_owned(), "summary".to_owned())]);
        match self.read(&slots, screen, false, false) {
            Seen::Reply(mut reply) => {
                reply.spoken = format!("{BLIND} {}", reply.spoken);
                Seen::Reply(reply)
            }
            seen => seen,
        }
    }
}

/// Whether `sentence` of what a model says of a picture may be said after `said`, in answer to `question`.
pub fn may_be_said(question: &str, said: &str, sentence: &str) -> bool {
    // Where a secret is asked for, whatever is answered may be it; and one may stand over two sentences.
    !asks_for_secret(question) && !has_secret(sentence) && !has_secret(&format!("{said} {sentence}"))
}

/// Whether `intent`, with `slots`, is about what stands on the screen, and nothing there can be read, though it is there to be
/// seen: neither left out, nor blank. Never of a secret: nobody tells that one.
pub fn is_unread(intent: &str, slots: &Slots, screen: &ScreenText) -> bool {
    let of_all = |what: &String| matches!(what.as_str(), "summary" | "gist" | "all" | "error");
    let asks = intent == ASK || (intent == READ && slots.get("what").is_some_and(of_all));
    let is_of_secret = slots.get("question").is_some_and(|question| asks_for_secret(question));
    asks && !is_of_secret
        && !screen.lines.iter().any(|line| line.is_legible() && !line.text.trim().is_empty())
        && notes(screen).all(|note| note.ends_with(ScreenText::ILLEGIBLE))
}

fn asks_for_secret(question: &str) -> bool {
    asked(&words(question).join(" ")).is_some()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{line, screen};
    use super::*;
    use crate::Router;
    use crate::router::Routed;
    use crate::skills;
    use jarvis_core::Skill as _;

    #[test]
    fn what_asks_for_what_is_seen_is_told_from_what_asks_for_text() {
        let router = Router::new(skills::all());
        let intent = |said: &str| match router.route(said) {
            Routed::Skill(matched) => matched.intent,
            Routed::Chat => "chat",
        };
        for said in [
            "What's in this picture?",
            "Describe this image.",
            "describe the photo",
            "What does the diagram show?",
            "what does this chart show me",
            "Hey Jarvis, what is in the image on my screen?",
            "What is this a picture of?",
            "Ask the cloud what's on my screen.",
            "ask the remote model about my screen",
            "show my screen to the vision model",
            "Who is in this photo?",
        ] {
            assert_eq!(intent(said), PICTURE, "{said}");
        }
        for said in [
            "what is a picture",
            "draw a picture",
            "describe a chart",
            "what does this chart say",
            "what is on my screen",
            "what does the page show",
            "explain the image of a function",
            "take a picture",
            "what is the picture of dorian gray",
            "send this to the cloud",
        ] {
            assert_ne!(intent(said), PICTURE, "{said}");
        }
    }

    #[test]
    fn a_screen_is_unread_where_something_is_there_that_is_no_text() {
        let what = |what: &str| Slots::from([("what".to_owned(), what.to_owned())]);
        let unread = |screen: &ScreenText| is_unread(READ, &what("summary"), screen);
        let empty = screen(vec![]);
        assert!(unread(&empty) && is_unread(ASK, &Slots::new(), &empty));
        assert!(!is_unread(READ, &what("changes"), &empty) && !is_unread(super::super::FIND, &Slots::new(), &empty));
        assert!(!unread(&screen(vec![line("Save", 0, 0)])));
        let mut noise = screen(vec![line("lI|", 0, 0)]);
        noise.lines[0].confidence = 0.1;
        noise.notes = vec![format!("4 {}", ScreenText::ILLEGIBLE), ScreenText::UNCHANGED.into()];
        assert!(unread(&noise));
        noise.notes.push("The picture is blank.".into());
        assert!(!unread(&noise), "there is nothing to be shown");
    }

    #[test]
    fn nothing_goes_on_from_what_was_read_before_a_picture() {
        let mut skill = Screen::new();
        let clock = crate::testing::FakeClock::new();
        let context = jarvis_core::SkillContext { clock: &clock, last_reply: None, dry_run: false };
        let slots = Slots::from([("what".to_owned(), "summary".to_owned())]);
        let page = screen(vec![line("Sales of March", 0, 0)]);
        skill.seen(READ, &slots, &page, true, &context).unwrap();
        assert!(skill.follow_up("copy it").is_some());
        skill.run(PICTURE, &Slots::new(), &context).unwrap();
        assert!(skill.follow_up("copy it").is_none());
    }

    #[test]
    fn whoever_sees_no_picture_says_so_and_tells_the_text() {
        let mut skill = Screen::new();
        let Seen::Reply(reply) = skill.sees_none(&screen(vec![line("Sales of March", 0, 0)])) else { panic!() };
        assert_eq!(reply.spoken, format!("{BLIND} It says: Sales of March."));
        let Seen::Reply(reply) = skill.sees_none(&screen(vec![])) else { panic!() };
        assert_eq!(reply.spoken, format!("{BLIND} I see no text there."));
    }
}
