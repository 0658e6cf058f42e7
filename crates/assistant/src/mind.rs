//! From what was said to the answer: routes it, has a skill or the language model answer, and remembers both.
//!
//! Owns the skills, the language model and the conversation; blocking, and meant for one thread. Gives the answer out in
//! pieces as it is made ([`Piece`]): events for observers, clauses for the voice, actions for the host. Never speaks,
//! never shows anything and never decides when to listen.

mod look;
mod picture;
mod pointing;
mod sentences;
mod speech;

use crate::clauses::{Clause, ClauseSplitter};
use crate::conversation::Conversation;
use crate::router::normalize::{Names, Request};
use crate::router::{Kept, Routed, Router, Thread};
use crate::skills::screen::{self, Screen};
use jarvis_core::{
    AssistantEvent, Cancel, Clock, Error, Eyes, GenerateOptions, HostAction, IntentMatch, LanguageModel, Message,
    Prompt, Reply, Result, Risk, Route, ScreenTarget, ScreenText, Seen, Skill, SkillContext, Slots, StopReason,
};
use look::{Glance, InWords};
use serde::Serialize;
use speech::Speech;
use std::sync::Arc;
use std::time::Instant;

/// The intent of everything that no skill serves.
pub const CHAT: &str = "chat";

/// A spoken answer ends after this many sentences: nobody listens to more, and a small model strays.
const MOST_SENTENCES: usize = 2;

/// Sentences of fewer words ("Sure!") don't count towards [`MOST_SENTENCES`].
const SENTENCE_WORDS: usize = 3;

/// A model of so many numbers understands what a page is, can say that there is no answer in it, and tells what there is in
/// its own words without making up much. One of 135 million does none of that, one of 494 million does.
const CAPABLE: u64 = 400_000_000;

/// The code of the error that the model had no words.
const NO_ANSWER: &str = "mind.no_answer";

/// Light: a small model that may not repeat the words of the question answers another one.
pub const REPETITION_PENALTY: f32 = 1.05;

/// A piece of an answer, given out as soon as it is there.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// For observers: [`AssistantEvent::Intent`] first, then [`AssistantEvent::FirstToken`] and
    /// [`AssistantEvent::ReplyText`], and [`AssistantEvent::AnsweredFrom`] if another program's model answered.
    Event(AssistantEvent),
    /// To be spoken, after the clauses before it.
    Clause(Clause),
    /// For the host to do.
    Action(HostAction),
}

/// Where the time of an answer went, in milliseconds from the request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct AnswerTimings {
    /// Deciding who answers.
    pub route: f64,
    /// Until the language model's first piece of text; none if it was not asked.
    pub first_token: Option<f64>,
    /// All of it.
    pub total: f64,
}

/// A whole answer, the result of `jarvis ask`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// What was asked.
    pub text: String,
    /// What was understood.
    pub intent: String,
    /// Its parameters.
    pub slots: Slots,
    /// 0..=1.
    pub confidence: f32,
    /// Who decided.
    pub route: Route,
    /// What was said, as it is shown.
    pub reply: String,
    /// Where the time went.
    pub timings_ms: AnswerTimings,
}

/// What the user chose about answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MindOptions {
    /// The most tokens of an answer of the language model.
    pub max_tokens: usize,
    /// How much its answers vary, 0..=2.
    pub temperature: f32,
    /// How many exchanges it sees.
    pub context_turns: usize,
    /// Decide, but change nothing and generate nothing.
    pub dry_run: bool,
}

impl From<&jarvis_settings::Mind> for MindOptions {
    fn from(settings: &jarvis_settings::Mind) -> Self {
        Self {
            max_tokens: settings.max_tokens as usize,
            temperature: settings.temperature,
            context_turns: settings.context_turns as usize,
            dry_run: false,
        }
    }
}

/// Loads a language model when it is first needed.
pub type Loader = Box<dyn FnOnce() -> Result<Box<dyn LanguageModel>> + Send>;

/// The language model, or why there is none.
enum Model {
    Ready(Box<dyn LanguageModel>),
    Later(Loader),
    Absent(Error),
}

/// What an answer of the language model changed, as it was before.
struct Before {
    /// What words could go on from.
    thread: Thread,
    /// The last reply, if the answer was remembered.
    last_reply: Option<Option<Clause>>,
}

/// From what was said to the answer. See the module's own words.
pub struct Mind {
    router: Router,
    model: Model,
    /// Looks at the screen; none where there is nothing to look with.
    eyes: Option<Box<dyn Eyes>>,
    conversation: Conversation,
    clock: Arc<dyn Clock>,
    options: MindOptions,
    last_reply: Option<Clause>,
    /// What was before the last answer, while that can be taken back.
    before: Option<Before>,
    answered: u64,
}

impl Mind {
    /// A mind with these skills and no language model yet.
    pub fn new(router: Router, clock: Arc<dyn Clock>, options: MindOptions) -> Self {
        Self {
            router,
            model: Model::Absent(no_model()),
            eyes: None,
            conversation: Conversation::new(options.context_turns),
            clock,
            options,
            last_reply: None,
            before: None,
            answered: 0,
        }
    }

    /// Takes new choices of the user.
    pub fn set_options(&mut self, options: MindOptions) {
        self.conversation.set_length(options.context_turns);
        self.options = options;
    }

    /// Takes what Jarvis is called by: see [`Names::of_wake_model`].
    pub fn set_names(&mut self, names: Names) {
        self.router.set_names(names);
    }

    /// Answers with this model from now on.
    pub fn set_model(&mut self, model: Box<dyn LanguageModel>) {
        self.model = Model::Ready(model);
    }

    /// Loads a model when a question first needs it, or [`Self::warm_up`] is called.
    pub fn load_model_with(&mut self, loader: Loader) {
        self.model = Model::Later(loader);
    }

    /// Has no model from now on, and says `why` to whoever asks something that needs one.
    pub fn set_no_model(&mut self, why: Error) {
        self.model = Model::Absent(why);
    }

    /// Looks at the screen with these from now on.
    pub fn set_eyes(&mut self, eyes: Box<dyn Eyes>) {
        self.eyes = Some(eyes);
    }

    /// Whether the language model is needed to answer `said`, alone or beside a look at the screen.
    pub fn needs_model(&self, said: &str) -> bool {
        match self.router.route(said) {
            Routed::Skill(matched) => matched.intent == screen::ASK,
            Routed::Chat => true,
        }
    }

    /// Whether answering `said` changes something that [`Self::take_back`] doesn't undo: a timer, the clipboard, a setting.
    pub fn acts_on(&self, said: &str) -> bool {
        let request = self.router.read(said);
        match self.router.route_request(&request) {
            Routed::Skill(matched) => self.router.risk(&matched) > Risk::None,
            // The model's judgement may make it something that is copied from the screen.
            Routed::Chat => request.words.starts_with("copy "),
        }
    }

    /// As [`Self::needs_model`], for what [`Self::answer_about`] is asked.
    pub fn needs_model_about(&self, said: &str) -> bool {
        screen::about(&self.router.read(said).words).intent == screen::ASK
    }

    /// Whether a language model is loaded.
    pub fn has_model(&self) -> bool {
        matches!(self.model, Model::Ready(_))
    }

    /// Loads the model if that is still to be done, and has it read what every prompt begins with.
    ///
    /// # Errors
    /// There is no model, or it cannot be loaded.
    pub fn warm_up(&mut self) -> Result<()> {
        loaded(&mut self.model)?.warm_up(&Conversation::beginning())
    }

    /// Every intent that is served without a language model.
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// Answers `said`, giving pieces out as they are made. A raised `cancel` ends it within a token; what was said until
    /// then is remembered and returned.
    ///
    /// # Errors
    /// A sentence for the user: the skill's own, or that there is no language model and how to get one. What was
    /// understood was given out as a piece before.
    pub fn answer(&mut self, said: &str, cancel: &Cancel, on_piece: &mut dyn FnMut(Piece)) -> Result<Answer> {
        let asked = Instant::now();
        self.before = None;
        self.router.forget_old(self.clock.now());
        let request = self.router.read(said);
        let routed = self.route(&request, cancel);
        self.answer_routed(Asked { said, request, at: asked }, routed, None, cancel, on_piece)
    }

    /// Decides who answers `request`, with the judgement of the language model where that can tell. What would be sent to another
    /// program has to pass the rules as well: a question of the user's own that is sent by mistake can't be taken back, and one that
    /// is asked back by mistake is asked again.
    fn route(&mut self, request: &Request, cancel: &Cancel) -> Routed {
        let Self { router, model, options, .. } = self;
        if ready(model).is_some_and(|model| model.sends_first()) {
            let by_rules = router.route_request(request);
            if by_rules != Routed::Chat {
                return by_rules;
            }
        }
        let mut judged = None;
        let mut judge = || {
            // What is only decided upon is not worth the loading of a model.
            let model = if options.dry_run { ready(model) } else { loaded(model).ok() }?;
            // A model that fails is told of by the answer that it fails to give.
            model.is_of_user(&Conversation::alone(&request.text), cancel).ok().flatten()
        };
        router.route_judged(request, &mut || *judged.get_or_insert_with(&mut judge))
    }

    /// As [`Self::answer`], for a question that is about what is on the screen whether its words say so or not, at
    /// `target`. Gives what was seen, too. Whoever asks is not the one who talks with Jarvis: nothing of it is remembered,
    /// and "repeat that" and "go on" are still about what they were about before.
    ///
    /// # Errors
    /// As [`Self::answer`], or it can't be looked.
    pub fn answer_about(
        &mut self,
        said: &str,
        target: &ScreenTarget,
        cancel: &Cancel,
        on_piece: &mut dyn FnMut(Piece),
    ) -> Result<(Answer, ScreenText)> {
        let asked = Instant::now();
        let request = self.router.read(said);
        let routed = Routed::Skill(screen::about(&request.words));
        let mut glance = Glance { target: target.clone(), seen: None, skill: Screen::new() };
        let question = Asked { said, request, at: asked };
        let last_reply = self.last_reply.clone();
        let answer = self.answer_routed(question, routed, Some(&mut glance), cancel, on_piece);
        self.last_reply = last_reply;
        let answer = answer?;
        let seen = glance.seen.ok_or_else(|| Error::new("eyes.unused", "There was nothing to look at.", ""))?;
        Ok((answer, seen))
    }

    /// Answers what was decided upon.
    fn answer_routed(
        &mut self,
        Asked { said, request, at: asked }: Asked<'_>,
        routed: Routed,
        glance: Option<&mut Glance>,
        cancel: &Cancel,
        on_piece: &mut dyn FnMut(Piece),
    ) -> Result<Answer> {
        let (matched, mut route) = match routed {
            // What is seen is for the language model.
            Routed::Skill(matched) if matched.intent == screen::ASK => (matched, Route::Model),
            Routed::Skill(matched) => (matched, Route::Pattern),
            Routed::Chat => (IntentMatch { intent: CHAT, slots: Slots::new(), confidence: 1.0 }, Route::Model),
        };
        let mut timings = AnswerTimings { route: milliseconds(asked), ..AnswerTimings::default() };
        on_piece(Piece::Event(AssistantEvent::Intent {
            intent: matched.intent.to_owned(),
            slots: matched.slots.clone(),
            confidence: matched.confidence,
            route,
        }));
        let is_chat = matched.intent == CHAT;
        let mut note = |piece| {
            match piece {
                Piece::Event(AssistantEvent::FirstToken) => timings.first_token = Some(milliseconds(asked)),
                Piece::Event(AssistantEvent::AnsweredFrom { .. }) => route = Route::Remote,
                _ => {}
            }
            on_piece(piece);
        };
        let reply = match is_chat {
            false => self.run_skill(&matched, &request, glance, cancel, &mut note)?,
            true if self.options.dry_run => String::new(),
            true => self.chat(&request, cancel, &mut note)?,
        };
        timings.total = milliseconds(asked);
        Ok(Answer {
            text: said.to_owned(),
            intent: matched.intent.to_owned(),
            slots: matched.slots,
            confidence: matched.confidence,
            route,
            reply,
            timings_ms: timings,
        })
    }

    /// How likely `said` is all of a question, 0..=1, if the language model would answer it, is loaded and can tell. Nothing of
    /// it is remembered.
    ///
    /// # Errors
    /// The model's own.
    pub fn end_of_turn(&mut self, said: &str, cancel: &Cancel) -> Result<Option<f32>> {
        let request = self.router.read(said);
        let (Routed::Chat, Model::Ready(model)) = (self.router.route_request(&request), &mut self.model) else {
            return Ok(None);
        };
        model.end_of_turn(&request.text, cancel)
    }

    /// Forgets the last question and its answer, if the language model answered it: it was not all that was asked.
    pub fn take_back(&mut self) {
        let Some(Before { thread, last_reply }) = self.before.take() else { return };
        self.router.take_up(thread);
        if let Some(last_reply) = last_reply {
            self.conversation.pop();
            self.last_reply = last_reply;
        }
    }

    /// Of the last answer only so many words were heard.
    pub fn cut_short(&mut self, heard: usize) {
        self.router.cut_short(heard);
    }

    /// What came due by itself, such as an alarm; ask again until there is nothing.
    pub fn due(&mut self) -> Option<Reply> {
        let context = SkillContext { clock: &*self.clock, last_reply: words(&self.last_reply), dry_run: false };
        self.router.due(&context)
    }

    /// Forgets what was seen of the screen, what was said, or both, and the last answer with either. Timers go on.
    fn forget(&mut self, seen: bool, said: bool) {
        self.router.forget(seen, said);
        if said {
            self.conversation.clear();
        }
        (self.last_reply, self.before) = (None, None);
    }

    /// When [`Self::due`] wants to be asked next.
    pub fn next_due(&self) -> Option<Instant> {
        self.router.next_due()
    }

    /// What the skills need kept for the next run.
    pub fn kept(&self) -> Kept {
        self.router.kept()
    }

    /// Gives the skills back what was kept in the last run, before anything is asked. Returns what they could not take.
    pub fn restore(&mut self, kept: &Kept) -> Vec<Error> {
        let context = SkillContext { clock: &*self.clock, last_reply: None, dry_run: false };
        self.router.restore(kept, &context)
    }

    /// Silences alarms that ring, and says whether any did.
    pub fn silence(&mut self) -> bool {
        self.router.silence()
    }

    fn run_skill(
        &mut self,
        matched: &IntentMatch,
        request: &Request,
        mut glance: Option<&mut Glance>,
        cancel: &Cancel,
        on_piece: &mut dyn FnMut(Piece),
    ) -> Result<String> {
        let dry_run = self.options.dry_run;
        let context = SkillContext { clock: &*self.clock, last_reply: words(&self.last_reply), dry_run };
        let reply = match &mut glance {
            Some(glance) => glance.skill.run(matched.intent, &matched.slots, &context)?,
            None => self.router.run(matched, &context)?,
        };
        let Some(target) = reply.look.clone() else { return Ok(self.give(reply, Some(request), on_piece)) };
        if dry_run {
            return Ok(String::new());
        }
        match self.look_and_see(matched, request, target, glance, cancel)? {
            // What stood on the screen is no part of the conversation: that may be sent to a model of another program.
            Seen::Reply(reply) => Ok(self.give(reply, None, on_piece)),
            Seen::Ask {
                prompt,
                in_full,
                passages,
                quoted,
                question,
                grounds,
                in_own_words,
                otherwise,
                absent,
                after,
            } => {
                // A model that was let go of is brought back where it has to answer, and for nothing else.
                let mut is_capable = match loaded(&mut self.model) {
                    _ if quoted.is_some() => false,
                    Ok(model) => model.parameters().is_some_and(|count| count >= CAPABLE),
                    Err(_) if prompt.is_empty() => false,
                    Err(error) => return Err(error),
                };
                let is_quotable = !in_own_words && !screen::is_to_explain(&request.text);
                // Yes or no is for a model that can tell.
                let is_told = is_quotable && (quoted.is_some() || !is_capable || !screen::is_to_judge(&request.text));
                let pointed = if is_told { self.point(&in_full, &passages, question, cancel) } else { None };
                if cancel.is_cancelled() {
                    return Ok(String::new());
                }
                if quoted.is_some() && pointed.is_some() {
                    is_capable = loaded(&mut self.model)?.parameters().is_some_and(|count| count >= CAPABLE);
                }
                let asked = pointing::OnPage { passages: &passages, is_capable };
                let reply = match (pointed, quoted) {
                    (Some(pointed), Some(quoted)) => Some(asked.checked(pointed, quoted)),
                    (None, quoted) => quoted,
                    (Some(pointed), None) => asked.reply(pointed, &absent),
                };
                if let Some(mut reply) = reply {
                    if !after.is_empty() {
                        reply.spoken = format!("{} {after}", reply.spoken);
                    }
                    return Ok(self.give(reply, None, on_piece));
                }
                let (prompt, wording) = match (in_own_words, is_capable) {
                    (true, false) => (prompt, screen::Wording::Own),
                    (true, true) => (in_full, screen::Wording::Own),
                    (false, false) => (prompt, screen::Wording::Quoted),
                    (false, true) => (in_full, screen::Wording::Told),
                };
                let grounds = screen::Grounds::new(&grounds, &request.text, wording);
                let sentences = screen::sentences_for(&request.text);
                let answering = InWords { grounds, prompt, otherwise, absent, is_capable, sentences };
                let mut reply = self.answer_on(answering, cancel, on_piece)?;
                if !after.is_empty() && !cancel.is_cancelled() {
                    on_piece(Piece::Event(AssistantEvent::ReplyText { text: format!(" {after}") }));
                    on_piece(Piece::Clause(Clause { text: after.clone(), stays_here: true }));
                    reply = format!("{reply} {after}");
                }
                if !reply.is_empty() {
                    self.last_reply = Some(Clause { text: reply.clone(), stays_here: true });
                }
                Ok(reply)
            }
            Seen::Look(_) => Err(Error::new("skill.looks_on", "I looked, and didn't find it.", "")),
        }
    }

    /// Gives out a skill's reply: what it does first, then its words. Remembered as the answer to `request`, if given; else
    /// it is from the screen: it can only be repeated, and stays here.
    fn give(&mut self, reply: Reply, request: Option<&Request>, on_piece: &mut dyn FnMut(Piece)) -> String {
        let dry_run = self.options.dry_run;
        let shown = reply.shown.clone().unwrap_or_else(|| reply.spoken.clone());
        let mut forgets = false;
        if !dry_run {
            if reply.actions.contains(&HostAction::Stop) {
                self.router.silence();
            }
            for action in reply.actions {
                if let HostAction::Forget { seen, said } = action {
                    self.forget(seen, said);
                    forgets = true;
                }
                on_piece(Piece::Action(action));
            }
        }
        if !shown.is_empty() {
            on_piece(Piece::Event(AssistantEvent::ReplyText { text: shown.clone() }));
        }
        let repeats = self.last_reply.as_ref().is_some_and(|last| last.stays_here && last.text == reply.spoken);
        let stays_here = request.is_none() || repeats;
        let mut splitter = ClauseSplitter::new();
        let mut clauses = splitter.push(&reply.spoken);
        clauses.extend(splitter.finish());
        for clause in clauses {
            on_piece(Piece::Clause(Clause { text: clause.trim().to_owned(), stays_here }));
        }
        if !reply.spoken.is_empty() && !dry_run {
            match request.filter(|_| !forgets) {
                Some(request) => drop(self.remember(&request.text, reply.spoken)),
                None => self.last_reply = Some(Clause { text: reply.spoken, stays_here }),
            }
        }
        shown
    }

    fn chat(&mut self, request: &Request, cancel: &Cancel, on_piece: &mut dyn FnMut(Piece)) -> Result<String> {
        let thread = self.router.talk(self.clock.now());
        // Also of an answer that fails: it may be taken back before it is made.
        self.before = Some(Before { thread, last_reply: None });
        let messages = self.conversation.messages_for(&request.text, self.clock.now());
        let manner = Manner { stays_here: false, temperature: self.options.temperature, sentences: MOST_SENTENCES };
        let reply = self.generate(messages, manner, cancel, on_piece)?;
        if !reply.is_empty() {
            let last_reply = self.last_reply.clone();
            if self.remember(&request.text, reply.clone()) {
                self.before = Some(Before { thread, last_reply: Some(last_reply) });
            }
        }
        Ok(reply)
    }

    /// Has the language model answer.
    fn generate(
        &mut self,
        messages: Vec<Message>,
        Manner { stays_here, temperature, sentences }: Manner,
        cancel: &Cancel,
        on_piece: &mut dyn FnMut(Piece),
    ) -> Result<String> {
        let model = loaded(&mut self.model)?;
        let options = GenerateOptions {
            max_tokens: self.options.max_tokens,
            temperature,
            repetition_penalty: REPETITION_PENALTY,
            seed: self.answered,
            stays_here,
            ..GenerateOptions::default()
        };
        let enough = cancel.child();
        let mut speech = Speech::new(stays_here, sentences);
        let mut first = true;
        let made = model.generate(&Prompt::Chat(messages), &options, &enough, &mut |text| {
            if std::mem::take(&mut first) {
                on_piece(Piece::Event(AssistantEvent::FirstToken));
            }
            if speech.push(text, on_piece) {
                enough.cancel();
            }
        });
        if !first && let Some(host) = model.answered_from() {
            on_piece(Piece::Event(AssistantEvent::AnsweredFrom { host: host.to_owned() }));
        }
        let made = made?;
        if !cancel.is_cancelled() {
            speech.finish(made.stop_reason == StopReason::Length, on_piece);
        }
        let reply = speech.said.trim().to_owned();
        if reply.is_empty() && !cancel.is_cancelled() {
            return Err(Error::new(NO_ANSWER, "I have no answer to that.", "Try to ask it in another way."));
        }
        Ok(reply)
    }

    /// Remembers an exchange, and says whether it was news: an answer that was asked for once more is none.
    fn remember(&mut self, user: &str, reply: String) -> bool {
        let news = words(&self.last_reply) != Some(&reply);
        if news {
            self.conversation.push(user, &reply, self.clock.now());
            self.last_reply = Some(reply.into());
        }
        self.answered += 1;
        news
    }
}

/// What was said last, as skills get to know it.
fn words(last_reply: &Option<Clause>) -> Option<&str> {
    last_reply.as_ref().map(|last| last.text.as_str())
}

/// The model, loaded if it was to be loaded later. A load that failed is not tried again until a model is set.
fn loaded(model: &mut Model) -> Result<&mut dyn LanguageModel> {
    if let Model::Later(_) = model {
        // While it loads there is none; should the loader panic, that is what remains.
        if let Model::Later(load) = std::mem::replace(model, Model::Absent(no_model())) {
            *model = match load() {
                Ok(ready) => Model::Ready(ready),
                Err(error) => Model::Absent(error),
            };
        }
    }
    match model {
        Model::Ready(ready) => Ok(&mut **ready),
        Model::Absent(why) => Err(why.clone()),
        Model::Later(_) => Err(no_model()),
    }
}

/// The model, if it is loaded.
fn ready(model: &mut Model) -> Option<&mut dyn LanguageModel> {
    match model {
        Model::Ready(ready) => Some(&mut **ready),
        Model::Later(_) | Model::Absent(_) => None,
    }
}

/// How an answer is made.
#[derive(Debug, Clone, Copy)]
struct Manner {
    /// By no model of another program, and spoken by no voice of one.
    stays_here: bool,
    /// How much it varies.
    temperature: f32,
    /// It ends after so many.
    sentences: usize,
}

/// A question on its way to its answer.
struct Asked<'a> {
    said: &'a str,
    request: Request,
    at: Instant,
}

fn no_model() -> Error {
    Error::new(
        "mind.no_model",
        "I need a language model to answer that, and none is installed.",
        "Install one with `jarvis models pull`.",
    )
}

/// To the microsecond.
fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_micros() as f64 / 1000.0
}

#[cfg(test)]
mod tests;
