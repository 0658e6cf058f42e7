//! What is about timers and no template knows: asked back or refused here, for a language model would say "Timer set".
//!
//! Questions about timers in general ("how do egg timers work") are the language model's.

/// Words that begin a question or a text that is to be written, and no request to do something with a timer.
#[rustfmt::skip]
const QUESTIONS: &[&str] = &[
    "are", "define", "describe", "did", "do", "does", "explain", "had", "has", "have", "how", "is", "recommend", "repeat",
    "say", "should", "sing", "spell", "suggest", "tell", "translate", "was", "were", "what", "when", "where", "which", "who",
    "whose", "why", "write",
];

/// Beginnings of questions that are about one's own timer, if it is "the timer".
const OF_ONES_OWN: &[&str] =
    &["how long", "how much", "how many", "when", "is the", "are the", "did the", "has the", "do i"];

/// What else has timers.
#[rustfmt::skip]
const ELSEWHERE: &[&str] = &[
    "arduino", "bomb", "chess", "chip", "code", "function", "game", "interrupt", "javascript", "kernel", "linux", "movie",
    "android", "app", "final", "html", "java", "oven", "phone", "play", "poem", "program", "python", "react", "recipe", "rust", "script",
    "song", "story", "swift", "synonym", "word", "work", "works",
];

/// Beginnings of a wish for a new timer.
const SETTING: &[&str] = &[
    "set", "start", "create", "make", "begin", "put", "give", "i", "let", "a", "an", "another", "new", "timer", "run",
];

/// Longer texts only happen to have a timer in them.
const MOST_WORDS: usize = 16;

/// What is not clear about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unclear {
    /// More than one thing was asked for.
    Several,
    /// For how long a timer is to run.
    Length,
    /// All of it.
    Everything,
}

impl Unclear {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Several, "several"), (Self::Length, "length"), (Self::Everything, "everything")];

    /// Its name in a slot.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(known, _)| *known == self).map_or("everything", |(_, name)| name)
    }

    /// What is called so in a slot.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.iter().find(|(_, known)| *known == name).map_or(Self::Everything, |(unclear, _)| *unclear)
    }

    /// What is said to it.
    pub fn answer(self) -> &'static str {
        match self {
            Self::Several => "One timer at a time, please. Say, for example, set a timer for ten minutes.",
            Self::Length => "I didn't get for how long. Say, for example, set a timer for ten minutes.",
            Self::Everything => "I can't do that with a timer. I can set, change, check and cancel timers.",
        }
    }
}

/// What is not clear in `text`, if it asks for something with timers.
pub fn about(text: &str) -> Option<Unclear> {
    let words: Vec<&str> = text.split(' ').collect();
    let timer = words.iter().position(|word| matches!(*word, "timer" | "timers" | "countdown" | "stopwatch"))?;
    if words.len() > MOST_WORDS || words.iter().any(|word| ELSEWHERE.contains(word)) {
        return None;
    }
    let is_mine = timer > 0
        && (words[timer - 1] == "my"
            || words[timer - 1] == "the" && OF_ONES_OWN.iter().any(|beginning| text.starts_with(beginning)));
    if QUESTIONS.contains(&words[0]) && !is_mine {
        return None;
    }
    let is_setting = SETTING.contains(&words[0]) && words[timer] != "stopwatch";
    let is_several = words[timer..].contains(&"and") || words[timer] == "timers";
    Some(match (is_setting, is_several) {
        (true, true) => Unclear::Several,
        (true, false) => Unclear::Length,
        (false, _) => Unclear::Everything,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_of_a_timer_is_told_from_questions_about_timers() {
        for (text, unclear) in [
            ("set a timer for banana minutes", Some(Unclear::Length)),
            ("set two timers for five and ten minutes", Some(Unclear::Several)),
            ("set a timer for 5 minutes and tell me the time", Some(Unclear::Several)),
            ("timer please now", Some(Unclear::Length)),
            ("start a stopwatch", Some(Unclear::Everything)),
            ("paint my timer red", Some(Unclear::Everything)),
            ("when does my timer like to ring", Some(Unclear::Everything)),
            ("how do egg timers work", None),
            ("what is a timer", None),
            ("who invented the timer", None),
            ("tell me about timers", None),
            ("write a poem about a timer", None),
            ("set up a timer interrupt on an arduino", None),
            ("play the final countdown", None),
            ("give me a synonym for countdown", None),
            ("make a pomodoro timer in rust", None),
            ("what time is it", None),
            ("", None),
        ] {
            assert_eq!(about(text), unclear, "{text}");
        }
    }
}
