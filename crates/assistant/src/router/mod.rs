//! Decides who answers: a skill whose pattern fits, or the language model.
//!
//! Owns the skills. Every skill is asked, the surest wins, and among equals the one that is listed first. Never runs a
//! skill by itself and never waits: a decision takes well under a millisecond.

pub mod ending;
pub mod normalize;
pub mod pattern;

use crate::router::normalize::{Names, Request};
use jarvis_core::{
    Error, IntentMatch, Reply, Result, Risk, ScreenText, Seen, Sight, Skill, SkillContext, SkillSpec, Slots,
};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Requests of more words than this are for the language model: no skill is asked for so wordily.
const MOST_WORDS: usize = 40;

/// A skill that is less sure than this leaves the request to the language model.
const LEAST_CONFIDENCE: f32 = 0.5;

/// For so long after a skill's answer words may go on from it, and after a look be about what was seen.
const GOES_ON: Duration = Duration::from_secs(120);

/// What skills need kept for the next run, by what their intents begin with (`timer`).
pub type Kept = BTreeMap<String, Vec<Slots>>;

/// Who answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Routed {
    /// A skill, and what it understood.
    Skill(IntentMatch),
    /// The language model.
    Chat,
}

/// The skills and the choice between them.
pub struct Router {
    skills: Vec<Box<dyn Skill>>,
    names: Names,
    thread: Thread,
}

/// What words can go on from: who answered, looked and talked last. Nothing of what was said.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Thread {
    /// The skill that answered last, and when; none if something else was said since.
    last: Option<(usize, Instant)>,
    /// The skill that looked at the screen last, and when, whatever was said since.
    looked: Option<(usize, Instant)>,
    /// When the language model talked last, since the last look.
    talked: Option<Instant>,
}

impl Router {
    /// A router over these skills (usually [`crate::skills::all`]).
    pub fn new(skills: Vec<Box<dyn Skill>>) -> Self {
        Self { skills, names: Names::default(), thread: Thread::default() }
    }

    /// Takes what Jarvis is called by; at first that is its own name alone.
    pub fn set_names(&mut self, names: Names) {
        self.names = names;
    }

    /// Reads what was said, without the name.
    pub fn read(&self, said: &str) -> Request {
        Request::new(said, &self.names)
    }

    /// Decides who answers `said`.
    pub fn route(&self, said: &str) -> Routed {
        self.route_request(&self.read(said))
    }

    /// As [`Self::route`], for a request that was read already.
    pub fn route_request(&self, request: &Request) -> Routed {
        self.route_judged(request, &mut || None)
    }

    /// As [`Self::route_request`], where somebody can tell how likely it is that only the user's own screen, papers and life
    /// answer the request ([`jarvis_core::LanguageModel::is_of_user`]): `of_user`, which is asked only if no skill knows it.
    pub fn route_judged(&self, request: &Request, of_user: &mut dyn FnMut() -> Option<f32>) -> Routed {
        if request.words.is_empty() {
            let found = self.skills.iter().find_map(|skill| skill.recognize(""));
            return found.map_or(Routed::Chat, Routed::Skill);
        }
        if request.words.split(' ').count() > MOST_WORDS {
            return Routed::Chat;
        }
        if let Some(found) = self.thread.last.and_then(|(skill, _)| self.skills[skill].follow_up(&request.words)) {
            return Routed::Skill(found);
        }
        let mut best: Option<IntentMatch> = None;
        for found in self.skills.iter().filter_map(|skill| skill.recognize(&request.words)) {
            let is_better = best.as_ref().is_none_or(|best| found.confidence > best.confidence);
            if found.confidence >= LEAST_CONFIDENCE && is_better {
                best = Some(found);
            }
        }
        // Who looked at the screen a moment ago asks about it without saying so.
        let mut about_seen = || {
            let mut all = self.skills.iter().enumerate();
            all.find_map(|(at, skill)| skill.about_seen(&request.words, self.sight(at), of_user))
        };
        best.or_else(&mut about_seen).map_or(Routed::Chat, Routed::Skill)
    }

    /// How the last look of a skill stands to what is said now.
    fn sight(&self, skill: usize) -> Sight {
        match (self.thread.looked.filter(|(looked, _)| *looked == skill), self.thread.talked) {
            (Some(_), None) => Sight::Last,
            (Some(_), Some(_)) => Sight::Before,
            (None, None) => Sight::Nothing,
            (None, Some(_)) => Sight::Elsewhere,
        }
    }

    /// Has the skill that serves `matched` answer it.
    ///
    /// # Errors
    /// The skill's own, or no skill serves that intent.
    pub fn run(&mut self, matched: &IntentMatch, context: &SkillContext<'_>) -> Result<Reply> {
        let skill = self.serving(matched)?;
        if !context.dry_run && !self.skills[skill].is_aside() {
            self.thread.last = Some((skill, context.clock.now()));
        }
        self.skills[skill].run(matched.intent, &matched.slots, context)
    }

    /// Has the skill that serves `matched`, and wanted a look at the screen, answer from it: [`Skill::seen`].
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn seen(
        &mut self,
        matched: &IntentMatch,
        screen: &ScreenText,
        may_look_on: bool,
        context: &SkillContext<'_>,
    ) -> Result<Seen> {
        let skill = self.serving(matched)?;
        (self.thread.looked, self.thread.talked) = (Some((skill, context.clock.now())), None);
        self.skills[skill].seen(matched.intent, &matched.slots, screen, may_look_on, context)
    }

    /// What answering `matched` may do to the machine; the worst where no skill serves it.
    pub fn risk(&self, matched: &IntentMatch) -> Risk {
        let mut specs = self.skills.iter().flat_map(|skill| skill.specs());
        specs.find(|spec| spec.intent == matched.intent).map_or(Risk::High, |spec| spec.risk)
    }

    /// The skill that serves `matched`.
    fn serving(&self, matched: &IntentMatch) -> Result<usize> {
        let mut served = self.skills.iter().map(|skill| skill.specs().iter().any(|spec| spec.intent == matched.intent));
        let unknown = || Error::new("skill.unknown", format!("No skill serves {}.", matched.intent), "");
        served.position(|serves| serves).ok_or_else(unknown)
    }

    /// Nothing that is said from now on goes on from an answer, or is about a look or a talk, that is older than [`GOES_ON`]
    /// at `now`.
    pub fn forget_old(&mut self, now: Instant) {
        let is_new = |(_, at): &(usize, Instant)| now.saturating_duration_since(*at) <= GOES_ON;
        let thread = &mut self.thread;
        thread.last = thread.last.filter(is_new);
        thread.looked = thread.looked.filter(is_new);
        thread.talked = thread.talked.filter(|at| now.saturating_duration_since(*at) <= GOES_ON);
    }

    /// Forgets what was seen of the screen, what was said, or both: nothing that is said from now on is about it.
    pub fn forget(&mut self, seen: bool, said: bool) {
        self.thread.last = None;
        if said {
            self.thread.talked = None;
        }
        if seen {
            self.thread.looked = None;
        }
        self.skills.iter_mut().for_each(|skill| skill.forget(seen, said));
    }

    /// The language model answers at `now`: nothing that is said from now on goes on from a skill's answer. Gives what words
    /// could go on from before, for [`Self::take_up`].
    pub fn talk(&mut self, now: Instant) -> Thread {
        let before = self.thread;
        (self.thread.last, self.thread.talked) = (None, Some(now));
        before
    }

    /// Words go on from `thread` again: what was answered since was taken back.
    pub fn take_up(&mut self, thread: Thread) {
        self.thread = thread;
    }

    /// Of the last answer, if a skill gave it, only so many words were heard.
    pub fn cut_short(&mut self, heard: usize) {
        if let Some((skill, _)) = self.thread.last {
            self.skills[skill].cut_short(heard);
        }
    }

    /// What came due by itself, of the first skill that has something; ask again until there is nothing.
    pub fn due(&mut self, context: &SkillContext<'_>) -> Option<Reply> {
        self.skills.iter_mut().find_map(|skill| skill.due(context))
    }

    /// When [`Self::due`] wants to be asked next.
    pub fn next_due(&self) -> Option<Instant> {
        self.skills.iter().filter_map(|skill| skill.next_due()).min()
    }

    /// Silences what rings, and says whether anything did.
    pub fn silence(&mut self) -> bool {
        // Each of them, also after one that rang.
        self.skills.iter_mut().filter_map(|skill| skill.silence().then_some(())).count() > 0
    }

    /// What the skills need kept for the next run; those that need nothing are left out.
    pub fn kept(&self) -> Kept {
        let each = self.skills.iter().map(|skill| (family(&**skill).to_owned(), skill.kept()));
        each.filter(|(_, records)| !records.is_empty()).collect()
    }

    /// Gives the skills back what [`Self::kept`] gave in an earlier run. Returns what could not be taken back, and why.
    pub fn restore(&mut self, kept: &Kept, context: &SkillContext<'_>) -> Vec<Error> {
        let restored = self.skills.iter_mut().filter_map(|skill| {
            let records = kept.get(family(&**skill))?;
            skill.restore(records, context).err()
        });
        restored.collect()
    }

    /// Every intent that is served without a language model.
    pub fn specs(&self) -> impl Iterator<Item = &'static SkillSpec> {
        self.skills.iter().flat_map(|skill| skill.specs())
    }
}

/// What a skill's records are kept under: what its intents begin with.
fn family(skill: &dyn Skill) -> &'static str {
    skill.specs().first().map_or("", |spec| spec.intent.split('.').next().unwrap_or_default())
}

#[cfg(test)]
mod tests;
