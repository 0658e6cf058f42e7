//! What Jarvis says most often in words of its own, so that a voice can have it ready.
//!
//! Owns the list of requests whose answers are the same for everybody; the answers are the skills' own, asked for here
//! and now. Nothing of the user's is in them, and nothing is done.

use crate::clauses::ClauseSplitter;
use crate::router::{Routed, Router};
use crate::skills;
use jarvis_core::{Clock, SkillContext};
use jiff::Zoned;
use jiff::civil::date;
use jiff::tz::TimeZone;
use std::time::{Duration, Instant};

/// The most frequent first: that is the order in which they are made ready.
const REQUESTS: &[&str] = &[
    "hello",
    "thank you",
    "set a timer for 5 minutes",
    "set a timer for 10 minutes",
    "cancel the timer",
    "goodbye",
    "good night",
    "how are you",
    "set a timer for 1 minute",
    "set a timer for 2 minutes",
    "set a timer for 3 minutes",
    "set a timer for 15 minutes",
    "set a timer for 20 minutes",
    "set a timer for 30 minutes",
    "set a timer for 1 hour",
    "set a timer",
    "how long is left on my timer",
    "who are you",
    "what can you do",
    "set an alarm for 7 am",
    "what is the weather",
    "play some music",
    "open the browser",
    "turn the volume up",
    "remind me to call my mother",
];

/// Hours of the day in which greetings differ.
const HOURS: [i8; 3] = [8, 14, 20];

/// A clock that stands still, some time after it began.
struct Still(Zoned, Instant, Duration);

impl Clock for Still {
    fn now(&self) -> Instant {
        self.1 + self.2
    }

    fn local(&self) -> Zoned {
        &self.0 + self.2
    }
}

/// The clauses of all fixed answers, each once, as the voice is given them.
pub fn fixed() -> Vec<String> {
    let mut answers = Vec::new();
    for request in REQUESTS {
        for hour in HOURS {
            answers.extend(answer(request, hour));
        }
    }
    let mut clauses: Vec<String> = Vec::new();
    for answer in answers {
        let mut splitter = ClauseSplitter::new();
        let mut pieces = splitter.push(&answer);
        pieces.extend(splitter.finish());
        for piece in pieces {
            let piece = piece.trim();
            if !clauses.iter().any(|clause| clause == piece) {
                clauses.push(piece.to_owned());
            }
        }
    }
    clauses
}

/// What skills that nobody uses say to `request`, at once and when something of it comes due.
fn answer(request: &str, hour: i8) -> Vec<String> {
    let mut router = Router::new(skills::all());
    let Ok(local) = date(2026, 1, 5).at(hour, 0, 0, 0).to_zoned(TimeZone::UTC) else { return Vec::new() };
    let mut clock = Still(local, Instant::now(), Duration::ZERO);
    let Routed::Skill(matched) = router.route(request) else { return Vec::new() };
    let reply = router.run(&matched, &SkillContext { clock: &clock, last_reply: None, dry_run: false });
    let mut said: Vec<String> = reply.map(|reply| reply.spoken).into_iter().collect();
    // A timer looks at the clock now and then before it is due.
    while let Some(due) = router.next_due() {
        clock.2 = due.saturating_duration_since(clock.1) + Duration::from_secs(1);
        let context = SkillContext { clock: &clock, last_reply: None, dry_run: false };
        if let Some(due) = router.due(&context) {
            said.push(due.spoken);
            break;
        }
    }
    said.retain(|words| !words.is_empty());
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_has_an_answer_of_a_skill() {
        for request in REQUESTS {
            assert!(!answer(request, 8).is_empty(), "{request}");
        }
    }

    #[test]
    fn greetings_goodbyes_timers_and_refusals_are_there_once() {
        let phrases = fixed();
        for words in ["Good morning.", "Good afternoon.", "Good evening.", "You're welcome.", "Goodbye."] {
            assert_eq!(phrases.iter().filter(|phrase| *phrase == words).count(), 1, "{words} in {phrases:?}");
        }
        let has = |words: &str| phrases.iter().any(|phrase| phrase.contains(words));
        assert!(has("Timer set for") && has("timer is") && has("I can't"), "{phrases:?}");
        assert!((20..80).contains(&phrases.len()), "{}", phrases.len());
    }
}
