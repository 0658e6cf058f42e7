//! What the tests of this crate share: a clock that stands still, and a language model that says what it is told to.

use crate::router::{Routed, Router};
use crate::skills;
use jarvis_core::{
    Cancel, Clock, Error, Eyes, GenerateOptions, Generation, GenerationTimings, LanguageModel, Look, Message, Pointed,
    Prompt, Result, ScreenText, SkillContext, StopReason,
};
use jiff::Zoned;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A clock that moves when it is told to. It begins on Saturday, 21 November 2026, 15:07 in Berlin.
pub struct FakeClock(Mutex<(Instant, Zoned)>);

impl FakeClock {
    pub fn new() -> Self {
        Self::at("2026-11-21T15:07:00+01:00[Europe/Berlin]")
    }

    pub fn at(local: &str) -> Self {
        Self(Mutex::new((Instant::now(), local.parse().unwrap())))
    }

    /// Time passes.
    pub fn advance(&self, by: Duration) {
        let mut inside = self.0.lock().unwrap();
        *inside = (inside.0 + by, &inside.1 + by);
    }

    /// The user or the network sets the wall clock back.
    pub fn set_back(&self, by: Duration) {
        let mut inside = self.0.lock().unwrap();
        inside.1 = &inside.1 - by;
    }

    /// The machine sleeps: wall time passes, monotonic time does not.
    pub fn sleep(&self, by: Duration) {
        let mut inside = self.0.lock().unwrap();
        inside.1 = &inside.1 + by;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Instant {
        self.0.lock().unwrap().0
    }

    fn local(&self) -> Zoned {
        self.0.lock().unwrap().1.clone()
    }
}

/// A conversation with all skills, by a clock of its own.
pub struct Talk {
    router: Router,
    pub clock: FakeClock,
}

impl Talk {
    pub fn new() -> Self {
        Self::at("2026-11-21T15:07:00+01:00[Europe/Berlin]")
    }

    pub fn at(local: &str) -> Self {
        Self { router: Router::new(skills::all()), clock: FakeClock::at(local) }
    }

    /// What a skill says to `said`, or why it can't; "chat" where the language model would be asked.
    pub fn say(&mut self, said: &str) -> String {
        self.router.forget_old(self.clock.now());
        let Routed::Skill(matched) = self.router.route(said) else {
            self.router.talk(self.clock.now());
            return "chat".into();
        };
        let context = SkillContext { clock: &self.clock, last_reply: None, dry_run: false };
        self.router.run(&matched, &context).map_or_else(|error| error.message, |reply| reply.spoken)
    }
}

/// Eyes that see prepared screens, and note where they were to look.
#[derive(Clone, Default)]
pub struct Sightings {
    screens: Arc<Mutex<VecDeque<Result<ScreenText>>>>,
    pub looked: Arc<Mutex<Vec<Look>>>,
    /// To whom a picture may be shown; none where that is switched off.
    pub host: Arc<Mutex<Option<Result<String>>>>,
    /// What pictures were offered of, and for which question.
    pub offered: Arc<Mutex<Vec<(Look, String)>>>,
}

impl Sightings {
    pub fn will_see(&self, screen: Result<ScreenText>) {
        self.screens.lock().unwrap().push_back(screen);
    }
}

impl Eyes for Sightings {
    fn look(&mut self, look: &Look, _cancel: &Cancel) -> Result<ScreenText> {
        self.looked.lock().unwrap().push(look.clone());
        self.screens.lock().unwrap().pop_front().expect("a screen was prepared")
    }

    fn shows_to(&self) -> Result<Option<String>> {
        self.host.lock().unwrap().clone().transpose()
    }

    fn offer(&mut self, look: &Look, question: &str, _cancel: &Cancel) -> Result<()> {
        self.offered.lock().unwrap().push((look.clone(), question.to_owned()));
        Ok(())
    }
}

/// A language model that gives out prepared texts, a word at a time, and notes what it was asked.
#[derive(Clone, Default)]
pub struct Parrot {
    texts: Arc<Mutex<VecDeque<(String, StopReason)>>>,
    pub asked: Arc<Mutex<Vec<Vec<Message>>>>,
    /// Whether each of them had to stay on this machine.
    pub stayed: Arc<Mutex<Vec<bool>>>,
    /// Of how many numbers it says that it is made.
    pub parameters: Arc<Mutex<Option<u64>>>,
    /// How likely it says that a question is of the user's own.
    pub of_user: Arc<Mutex<Option<f32>>>,
    /// Where it says that it looks for an answer.
    pub points: Arc<Mutex<Option<Pointed>>>,
    /// How often it was asked that.
    pub judged: Arc<AtomicUsize>,
    /// It says that it is another program's.
    pub sends: Arc<AtomicBool>,
}

impl Parrot {
    pub fn will_say(&self, text: &str, stop_reason: StopReason) {
        self.texts.lock().unwrap().push_back((text.to_owned(), stop_reason));
    }
}

impl LanguageModel for Parrot {
    fn generate(
        &mut self,
        prompt: &Prompt,
        options: &GenerateOptions,
        cancel: &Cancel,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Generation> {
        if let Prompt::Chat(messages) = prompt {
            self.asked.lock().unwrap().push(messages.clone());
            self.stayed.lock().unwrap().push(options.stays_here);
        }
        let next = self.texts.lock().unwrap().pop_front();
        let (whole, mut stop_reason) = next.ok_or_else(|| Error::new("llm.failed", "The model failed.", ""))?;
        let mut text = String::new();
        for piece in whole.split_inclusive(' ') {
            if cancel.is_cancelled() {
                stop_reason = StopReason::Cancelled;
                break;
            }
            text.push_str(piece);
            on_text(piece);
        }
        Ok(Generation {
            text,
            prompt_tokens: 0,
            cached_tokens: 0,
            generated_tokens: 0,
            dropped_messages: 0,
            stop_reason,
            timings_ms: GenerationTimings::default(),
        })
    }

    fn warm_up(&mut self, _beginning: &[Message]) -> Result<()> {
        Ok(())
    }

    fn context_length(&self) -> usize {
        2048
    }

    fn parameters(&self) -> Option<u64> {
        *self.parameters.lock().unwrap()
    }

    fn is_of_user(&mut self, prompt: &[Message], _cancel: &Cancel) -> Result<Option<f32>> {
        assert_eq!(prompt.len(), 2, "a question by itself: {prompt:?}");
        self.judged.fetch_add(1, Ordering::Relaxed);
        Ok(*self.of_user.lock().unwrap())
    }

    fn point(
        &mut self,
        prompt: &[Message],
        lines: &[Range<usize>],
        question: Range<usize>,
        _cancel: &Cancel,
    ) -> Result<Option<Pointed>> {
        let content = &prompt.last().unwrap().content;
        assert!(lines.iter().all(|line| content.get(line.clone()).is_some()), "{lines:?} of {content}");
        assert!(content.ends_with(&content[question]));
        Ok(*self.points.lock().unwrap())
    }

    fn sends_first(&self) -> bool {
        self.sends.load(Ordering::Relaxed)
    }
}
