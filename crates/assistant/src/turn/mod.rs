//! One exchange with the user as a pure state machine: Idle, Listening, Transcribing, Thinking, Speaking.
//!
//! Owns every decision about what comes next in a turn: who may begin it, what interrupts it, when it is given up, and
//! what the observers are told. Never waits, never does anything itself, never reads a clock: the coordinator tells it
//! what happened and when ([`Turn::on`]), does what it wants done ([`Action`]), and comes back at [`Turn::deadline`].
//!
//! Rules, held by property tests:
//! - Every result carries its [`TurnId`]; one of another turn than the present one changes nothing.
//! - After [`Action::GiveUp`] nothing is ever said, thought or recognized for that turn.
//! - Outside Idle there is always a deadline; whatever fails or hangs, the turn ends in Idle with a message.
//! - `Stop` and `Cancel` are obeyed in every state, at once.
//! - Words that are in doubt ([`doubt`]) are recognized twice at most.
//! - An answer that is held ([`holding`]) goes on or is given up, and is silent until then.
//! - A question that went on before its answer was heard ([`hearing`]) is never answered, not even in part.

mod alarms;
mod asked;
mod doubt;
pub mod early;
pub mod hearing;
mod holding;
pub mod overheard;
pub mod patience;
mod words;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod properties_with_listener;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use jarvis_core::{AssistantEvent, AssistantState, Error, TurnId};

use crate::clauses::Clause;
use crate::router::normalize::Names;
use crate::skills::stop::Stop;
use doubt::Look;
use early::{Half, Withheld};
use hearing::Pause;
use holding::{Held, Spoken};

pub use words::{Action, Input, Origin, Stage, Until, Voice};

/// What the user chose about turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnOptions {
    /// The hotkey records while it is held down; otherwise each press begins or ends.
    pub hold_to_talk: bool,
    /// Speech over the answer stops it and is listened to.
    pub speech_interrupts: bool,
    /// The wake word over the answer stops it.
    pub wake_word_interrupts: bool,
    /// The longest utterance.
    pub max_listen: Duration,
    /// How long after an answer to a spoken question the user may go on without the wake word; zero for not at all.
    pub follow_up: Duration,
    /// What Jarvis is called by.
    pub names: Names,
}

impl Default for TurnOptions {
    fn default() -> Self {
        Self {
            hold_to_talk: true,
            speech_interrupts: true,
            wake_word_interrupts: true,
            max_listen: Duration::from_secs(30),
            follow_up: Duration::ZERO,
            names: Names::default(),
        }
    }
}

/// Where the present turn stands.
#[derive(Debug)]
enum Phase {
    Listening {
        /// Ends when told, not at silence.
        held: bool,
        /// Speech was heard.
        speech: bool,
        /// The listener was told to hand over.
        finishing: bool,
        /// The user is silent now.
        pause: Option<Pause>,
        /// Words to show are being recognized.
        glimpse: bool,
    },
    Transcribing {
        /// The recognition that is awaited.
        take: u32,
    },
    Thinking,
    Speaking {
        /// The mind is done.
        answered: bool,
    },
}

impl Phase {
    /// Before the first word.
    fn listening(held: bool) -> Self {
        Self::Listening { held, speech: false, finishing: false, pause: None, glimpse: false }
    }

    fn state(&self) -> AssistantState {
        match self {
            Phase::Listening { .. } => AssistantState::Listening,
            Phase::Transcribing { .. } => AssistantState::Transcribing,
            Phase::Thinking => AssistantState::Thinking,
            Phase::Speaking { .. } => AssistantState::Speaking,
        }
    }
}

/// The turn that is going on.
#[derive(Debug)]
struct Present {
    id: TurnId,
    phase: Phase,
    deadline: Instant,
    /// How the user began to speak; none for what was typed and for what Jarvis says by itself.
    origin: Option<Origin>,
    /// Begun by this wake word, and nothing but that was recognized so far.
    called: Option<Names>,
    /// Jarvis was called and nothing else; what comes next is the question, whatever it is.
    only_called: bool,
    /// How often something was given to be recognized.
    takes: u32,
    /// The words of the pause are in doubt.
    look: Option<Look>,
    /// Until then the user may go on, and it will all have been one utterance; the recording goes on for as long.
    revocable_until: Option<Instant>,
    /// Of the answer, what may not be heard yet.
    withheld: Option<Withheld>,
    /// The question, if the words don't tell that it is all: it may be half of what is meant.
    half: Option<Half>,
    /// Answering changes something that can't be taken back, so it waits until the words can't be.
    acts: bool,
    /// What was said of the question before this turn's recording.
    begun: Option<String>,
    /// The end of the user's speech, or the typed request.
    zero: Option<Instant>,
    /// Milliseconds from `zero` to what was reached, in the order in which it was.
    marks: Vec<(String, f64)>,
    /// Words of this turn are spoken; false once speaking failed.
    aloud: bool,
    /// It is quieter, since somebody may be speaking over it.
    ducked: bool,
    /// When the sound that is there will have been played.
    playing_until: Instant,
    /// What was given to be spoken.
    spoken: Vec<Spoken>,
}

impl Present {
    fn since_zero_ms(&self, now: Instant) -> Option<f64> {
        self.zero.map(|zero| now.saturating_duration_since(zero).as_secs_f64() * 1000.0)
    }

    /// Notes that `name` was reached, once.
    fn mark(&mut self, name: &str, now: Instant) {
        if let Some(ms) = self.since_zero_ms(now)
            && !self.marks.iter().any(|(known, _)| known == name)
        {
            self.marks.push((name.to_owned(), ms));
        }
    }
}

/// The state machine. See the module's own words.
#[derive(Debug)]
pub struct Turn {
    options: TurnOptions,
    last: TurnId,
    present: Option<Present>,
    /// The answer that the present turn may be interrupting.
    held: Option<Held>,
    muted: bool,
    ear: Result<(), Error>,
    voice: Voice,
    alarms: VecDeque<String>,
    /// Until then speech begins a turn by itself.
    attentive_until: Option<Instant>,
    /// Knows what is called out to end an answer.
    stop: Stop,
}

impl Turn {
    /// Idle, with an ear and a voice until told otherwise.
    pub fn new(options: TurnOptions) -> Self {
        Self {
            options,
            last: TurnId(0),
            present: None,
            held: None,
            muted: false,
            ear: Ok(()),
            voice: Voice::Words,
            alarms: VecDeque::new(),
            attentive_until: None,
            stop: Stop::new(),
        }
    }

    /// What it is doing.
    pub fn state(&self) -> AssistantState {
        self.present.as_ref().map_or(AssistantState::Idle, |present| present.phase.state())
    }

    /// The turn that is going on.
    pub fn id(&self) -> Option<TurnId> {
        self.present.as_ref().map(|present| present.id)
    }

    /// Whether the microphone is off by the user's wish.
    pub fn is_muted(&self) -> bool {
        self.muted
    }

    /// Takes new choices of the user; a turn that goes on keeps what it began with. Appends to `actions` what has to be
    /// done.
    pub fn set_options(&mut self, options: TurnOptions, actions: &mut Vec<Action>) {
        self.options = options;
        if !self.options.speech_interrupts {
            self.duck(false, actions);
        }
    }

    /// How the user began to speak in the present turn; none for what was typed and for what Jarvis says by itself.
    pub fn origin(&self) -> Option<Origin> {
        self.present.as_ref()?.origin
    }

    /// Takes what happened at `now` and appends to `actions` what has to be done, in order.
    pub fn on(&mut self, input: Input, now: Instant, actions: &mut Vec<Action>) {
        let Some(input) = self.keep(input) else { return };
        match input {
            Input::Press if self.options.hold_to_talk => self.begin_by_key(true, now, actions),
            Input::Press | Input::Toggle => match self.state() {
                AssistantState::Listening => self.finish(now, actions),
                _ => self.begin_by_key(false, now, actions),
            },
            Input::Release => {
                if self.options.hold_to_talk
                    && let Some(Present { phase: Phase::Listening { held: true, .. }, .. }) = self.present
                {
                    self.finish(now, actions);
                }
            }
            Input::Start => self.begin_by_key(false, now, actions),
            Input::Stop => match self.state() {
                AssistantState::Listening if self.held.is_none() => self.finish(now, actions),
                _ => self.be_silent(now, actions),
            },
            Input::Cancel => self.be_silent(now, actions),
            Input::Mute => self.mute(now, actions),
            Input::Unmute => self.unmute(actions),
            Input::Ask(text) => self.ask(text, true, now, actions),
            Input::Write(text) => self.ask(text, false, now, actions),
            Input::Wake { model, score } => self.wake(model, score, now, actions),
            Input::SpokeUp => {
                if self.present.is_none() && self.attentive_until.take().is_some() {
                    // The listener goes on with what it heard, so it is not told to leave off.
                    actions.push(Action::Emit(None, AssistantEvent::Attentive { seconds: 0.0 }));
                    self.listen(Until::Silence, Origin::SpokeOver, now, actions);
                }
            }
            Input::SpokeOver(turn) => {
                if self.options.speech_interrupts && !self.muted && self.speaking(turn).is_some() {
                    self.hold(Origin::SpokeOver, None, now, actions);
                }
            }
            Input::MaySpeakOver(turn, speaks) => {
                let heeded = !speaks || (self.options.speech_interrupts && !self.muted && self.ear.is_ok());
                if heeded && self.speaking(turn).is_some() {
                    self.duck(speaks, actions);
                }
            }
            Input::Due { spoken, shown } => self.due(spoken, shown, now, actions),
            Input::Ear(ear) => {
                self.ear = ear;
                if self.ear.is_err() {
                    // Nobody would say that it was nothing.
                    self.duck(false, actions);
                }
            }
            Input::Voice(voice) => self.voice = voice,
            Input::Tick => self.tick(now, actions),
            Input::Failed(turn, stage, error) => self.failed(turn, stage, error, now, actions),
            result => self.result(result, now, actions),
        }
    }

    /// Results of the stages, each for the phase that waits for it.
    fn result(&mut self, input: Input, now: Instant, actions: &mut Vec<Action>) {
        match input {
            Input::SpeechStarted(turn) => {
                let limit = self.options.max_listen + patience::LISTEN;
                if let Some(present) = self.current(turn)
                    && let Phase::Listening { speech, finishing, .. } = &mut present.phase
                    && !*speech
                {
                    *speech = true;
                    if !*finishing {
                        present.deadline = now + limit;
                    }
                    actions.push(Action::Emit(Some(turn), AssistantEvent::SpeechStart));
                }
            }
            Input::Called(turn, sound) => {
                if self.is_only_called(turn) {
                    actions.push(Action::Check(turn, sound));
                }
            }
            Input::WasCalled(turn) => {
                if self.current(turn).is_some() {
                    self.let_go(now, actions);
                }
            }
            Input::NotCalled(turn) => {
                if !self.is_only_called(turn) {
                    return;
                }
                match self.held {
                    Some(_) => self.resume(now, actions),
                    None => self.give_up(now, actions),
                }
            }
            Input::Heard(turn, utterance) => self.heard(turn, utterance, now, actions),
            Input::HeardNothing(turn) => {
                if self.listening(turn) {
                    self.end(now, actions);
                }
            }
            Input::Paused { turn, utterance, silence } => self.paused(turn, utterance, silence, now, actions),
            Input::Lasted(turn, utterance) => self.lasted(turn, utterance, actions),
            Input::Stirred(turn) => self.stirred(turn, now),
            Input::WentOn(turn) => self.went_on(turn, now, actions),
            Input::Spoken(turn, samples) => self.spoken(turn, samples, actions),
            Input::Partial(turn, text) => self.partial(turn, text, actions),
            Input::Transcribed { turn, take, text, ending } => {
                self.transcribed((turn, take), text, ending, now, actions);
            }
            Input::Understood { turn, intent, slots, confidence, route } => {
                if let Some(present) = self.thinking(turn) {
                    present.mark("intent", now);
                    present.deadline = present.deadline.max(now + patience::THINK);
                    actions.push(Action::Emit(Some(turn), AssistantEvent::Intent { intent, slots, confidence, route }));
                }
            }
            Input::Weighed(turn, whole) => self.weighed(turn, whole, now, actions),
            Input::Acts(turn) => self.acts(turn, actions),
            Input::FirstToken(turn) => {
                if let Some(present) = self.thinking(turn) {
                    present.mark("first_token", now);
                    present.deadline = present.deadline.max(now + patience::THINK);
                    actions.push(Action::Emit(Some(turn), AssistantEvent::FirstToken));
                }
            }
            Input::Text(turn, text) => {
                if let Some(present) = self.thinking(turn) {
                    present.deadline = present.deadline.max(now + patience::THINK);
                    actions.push(Action::Emit(Some(turn), AssistantEvent::ReplyText { text }));
                }
            }
            Input::Clause(turn, clause) => self.clause(turn, clause, now, actions),
            Input::Answered(turn) => self.answered(turn, now, actions),
            Input::StopAsked(turn) => {
                if self.thinking(turn).is_some() {
                    self.alarms.clear();
                    actions.push(Action::GiveUp(turn));
                    actions.push(Action::Silence);
                    actions.push(Action::SilenceAlarms);
                    self.end(now, actions);
                }
            }
            Input::Synthesized(turn, seconds) => {
                if let Some(present) = self.speaking(turn) {
                    present.synthesized(seconds, now);
                }
            }
            Input::Started(turn) => {
                if let Some(present) = self.speaking(turn)
                    && !present.marks.iter().any(|(name, _)| name == "first_audio")
                {
                    present.mark("first_audio", now);
                    let since_speech_end_ms = present.since_zero_ms(now);
                    actions.push(Action::Emit(Some(turn), AssistantEvent::FirstAudio { since_speech_end_ms }));
                    self.commit(actions);
                }
            }
            Input::Finished(turn) => {
                if let Some(present) = self.speaking(turn) {
                    let may_go_on = present.origin.is_some();
                    actions.push(Action::Emit(Some(turn), AssistantEvent::PlaybackEnd));
                    self.end(now, actions);
                    if may_go_on {
                        self.attend(now, actions);
                    }
                }
            }
            _ => unreachable!("commands are taken by Turn::on"),
        }
    }

    fn current(&mut self, turn: TurnId) -> Option<&mut Present> {
        self.present.as_mut().filter(|present| present.id == turn)
    }

    fn listening(&mut self, turn: TurnId) -> bool {
        matches!(self.current(turn), Some(Present { phase: Phase::Listening { .. }, .. }))
    }

    /// The present turn while the mind works for it.
    fn thinking(&mut self, turn: TurnId) -> Option<&mut Present> {
        self.current(turn)
            .filter(|present| matches!(present.phase, Phase::Thinking | Phase::Speaking { answered: false }))
    }

    fn speaking(&mut self, turn: TurnId) -> Option<&mut Present> {
        self.current(turn).filter(|present| matches!(present.phase, Phase::Speaking { .. }))
    }

    /// A new turn in `phase`; there must be none.
    fn begin(&mut self, phase: Phase, patience: Duration, zero: Option<Instant>, now: Instant) -> TurnId {
        debug_assert!(self.present.is_none());
        self.last = self.last.next();
        self.present = Some(Present {
            id: self.last,
            phase,
            deadline: now + patience,
            origin: None,
            called: None,
            only_called: false,
            takes: 0,
            look: None,
            revocable_until: None,
            withheld: None,
            half: None,
            acts: false,
            begun: None,
            zero,
            marks: Vec::new(),
            aloud: self.voice == Voice::Words,
            ducked: false,
            playing_until: now,
            spoken: Vec::new(),
        });
        self.last
    }

    fn enter(&mut self, phase: Phase, patience: Duration, now: Instant, actions: &mut Vec<Action>) {
        if let Some(present) = &mut self.present {
            let before = present.phase.state();
            present.phase = phase;
            present.deadline = now + patience;
            if before != present.phase.state() {
                self.tell_state(actions);
            }
        }
    }

    fn tell_state(&self, actions: &mut Vec<Action>) {
        actions.push(Action::Emit(self.id(), AssistantEvent::State { state: self.state(), muted: self.muted }));
    }

    fn begin_by_key(&mut self, held: bool, now: Instant, actions: &mut Vec<Action>) {
        // A key that repeats, or a second way to begin, does not begin again.
        if self.state() != AssistantState::Listening || self.held.is_some() {
            let until = if held { Until::Told } else { Until::Silence };
            self.listen(until, Origin::Key, now, actions);
        }
    }

    fn wake(&mut self, model: String, score: f32, now: Instant, actions: &mut Vec<Action>) {
        let heeded = match self.state() {
            AssistantState::Idle => true,
            AssistantState::Listening => false,
            _ => self.options.wake_word_interrupts,
        };
        if heeded && !self.muted {
            let names = Names::of_wake_model(&model);
            let told = Action::Emit(Some(self.last.next()), AssistantEvent::Wake { model, score });
            if self.state() == AssistantState::Speaking && self.ear.is_ok() {
                // It may have been none: the answer is lost only when the second look says that it was.
                self.hold(Origin::WakeWord, Some(told), now, actions);
            } else {
                self.interrupt(now, actions);
                actions.push(told);
                self.listen(Until::Silence, Origin::WakeWord, now, actions);
            }
            if let Some(present) = &mut self.present {
                present.called = Some(names);
            }
        }
    }

    /// Whether `turn` goes on, was begun by the wake word, and has no words yet.
    fn is_only_called(&mut self, turn: TurnId) -> bool {
        self.current(turn).is_some_and(|present| present.called.is_some())
    }

    fn listen(&mut self, until: Until, origin: Origin, now: Instant, actions: &mut Vec<Action>) {
        self.interrupt(now, actions);
        if self.muted {
            let error =
                Error::new("audio.muted", "The microphone is off.", "Switch it on with “Unmute” or `jarvis unmute`.");
            actions.push(Action::Emit(None, AssistantEvent::Error { error }));
            return;
        }
        if let Err(error) = self.ear.clone() {
            return self.excuse(error, now, actions);
        }
        let held = until == Until::Told;
        let patience = if held { self.options.max_listen + patience::LISTEN } else { patience::FIRST_WORD };
        let turn = self.begin(Phase::listening(held), patience, None, now);
        if let Some(present) = &mut self.present {
            present.origin = Some(origin);
        }
        actions.push(Action::Listen { turn, until, origin });
        self.tell_state(actions);
    }

    fn clause(&mut self, turn: TurnId, clause: Clause, now: Instant, actions: &mut Vec<Action>) {
        let Some(present) = self.thinking(turn) else { return };
        present.deadline = present.deadline.max(now + patience::THINK);
        if !present.aloud {
            return;
        }
        if let Some(withheld) = &mut present.withheld {
            if withheld.keep(clause.clone(), now) {
                actions.push(Action::Ahead(turn, clause));
            }
            return;
        }
        let begins = matches!(present.phase, Phase::Thinking);
        self.say(turn, clause, actions);
        if begins {
            self.enter(Phase::Speaking { answered: false }, patience::THINK.max(patience::SPEAK), now, actions);
        }
    }

    fn answered(&mut self, turn: TurnId, now: Instant, actions: &mut Vec<Action>) {
        let Some(present) = self.thinking(turn) else { return };
        present.mark("answered", now);
        if let Some(withheld) = &mut present.withheld {
            withheld.answered = true;
            return;
        }
        match &mut present.phase {
            Phase::Speaking { answered } if present.aloud => {
                *answered = true;
                present.deadline = present.playing_until.max(now) + patience::SPEAK;
                actions.push(Action::LastWords(turn));
            }
            _ => self.end(now, actions),
        }
    }

    fn failed(&mut self, turn: TurnId, stage: Stage, error: Error, now: Instant, actions: &mut Vec<Action>) {
        let interrupts = self.held.is_some();
        let Some(present) = self.current(turn) else { return };
        if error.is_cancelled() {
            return;
        }
        let expected = matches!(
            (&present.phase, stage),
            (Phase::Listening { .. }, Stage::Listen)
                | (Phase::Transcribing { .. } | Phase::Listening { pause: Some(_), .. }, Stage::Recognize)
                | (Phase::Thinking | Phase::Speaking { answered: false }, Stage::Think)
                | (Phase::Speaking { .. }, Stage::Speak)
        );
        // The first words are still there when a second look at them fails.
        let is_look =
            stage == Stage::Recognize && present.look.take_if(|look| matches!(look, Look::Taken(_))).is_some();
        if !expected || is_look {
            return;
        }
        (present.look, present.withheld, present.revocable_until) = (None, None, None);
        if stage != Stage::Speak {
            actions.push(Action::Close(turn));
        }
        actions.push(Action::Emit(Some(turn), AssistantEvent::Error { error: error.clone() }));
        match (stage, &mut present.phase) {
            (Stage::Speak, Phase::Speaking { answered: false }) => {
                // The answer goes on in writing.
                present.aloud = false;
                actions.push(Action::Silence);
                self.enter(Phase::Thinking, patience::THINK, now, actions);
            }
            (Stage::Speak, _) => {
                actions.push(Action::GiveUp(turn));
                actions.push(Action::Silence);
                self.end(now, actions);
            }
            _ if interrupts => self.resume(now, actions),
            _ if present.aloud => self.say_last(turn, error.message, now, actions),
            _ => self.end(now, actions),
        }
    }

    /// Speaks `text` as the last words of the present turn.
    fn say_last(&mut self, turn: TurnId, text: String, now: Instant, actions: &mut Vec<Action>) {
        self.say(turn, text.into(), actions);
        actions.push(Action::LastWords(turn));
        let playing = self.present.as_ref().map_or(Duration::ZERO, |p| p.playing_until.saturating_duration_since(now));
        self.enter(Phase::Speaking { answered: true }, playing + patience::SPEAK, now, actions);
    }

    /// A turn of its own that tells of `error`.
    fn excuse(&mut self, error: Error, now: Instant, actions: &mut Vec<Action>) {
        let message = error.message.clone();
        if self.voice == Voice::Words {
            let turn = self.begin(Phase::Thinking, patience::SPEAK, None, now);
            actions.push(Action::Emit(Some(turn), AssistantEvent::Error { error }));
            self.say_last(turn, message, now, actions);
        } else {
            actions.push(Action::Emit(None, AssistantEvent::Error { error }));
        }
    }

    fn mute(&mut self, now: Instant, actions: &mut Vec<Action>) {
        if self.muted {
            return;
        }
        self.muted = true;
        self.be_inattentive(actions);
        actions.push(Action::Microphone(false));
        self.duck(false, actions);
        if self.held.is_some() {
            self.resume(now, actions);
        } else if self.state() == AssistantState::Listening {
            self.give_up(now, actions);
        } else {
            // Nobody can be heard going on.
            self.commit(actions);
            self.tell_state(actions);
        }
    }

    fn unmute(&mut self, actions: &mut Vec<Action>) {
        if self.muted {
            self.muted = false;
            actions.push(Action::Microphone(true));
            self.tell_state(actions);
        }
    }

    /// The present turn, if any, makes way for the next one.
    fn interrupt(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let over_the_answer = self.state() == AssistantState::Speaking;
        self.be_inattentive(actions);
        self.abandon(over_the_answer, now, actions);
    }

    /// The answer to a spoken question was heard: for a while the user may go on without the wake word.
    fn attend(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let seconds = self.options.follow_up;
        if self.present.is_none() && !self.muted && !seconds.is_zero() && self.ear.is_ok() {
            self.attentive_until = Some(now + seconds);
            actions.push(Action::Attend(true));
            actions.push(Action::Emit(None, AssistantEvent::Attentive { seconds: seconds.as_secs_f32() }));
        }
    }

    fn be_inattentive(&mut self, actions: &mut Vec<Action>) {
        if self.attentive_until.take().is_some() {
            actions.push(Action::Attend(false));
            actions.push(Action::Emit(None, AssistantEvent::Attentive { seconds: 0.0 }));
        }
    }

    /// Stops whatever makes a sound or works, in any state.
    fn be_silent(&mut self, now: Instant, actions: &mut Vec<Action>) {
        self.be_inattentive(actions);
        self.alarms.clear();
        if self.present.is_some() {
            self.give_up(now, actions);
        } else {
            actions.push(Action::Silence);
        }
        actions.push(Action::SilenceAlarms);
    }

    fn give_up(&mut self, now: Instant, actions: &mut Vec<Action>) {
        self.abandon(false, now, actions);
        self.tell_state(actions);
        self.next_alarm(now, actions);
    }

    /// Cancels the present turn without saying so in a state: another turn or [`Self::give_up`] follows.
    fn abandon(&mut self, barge_in: bool, now: Instant, actions: &mut Vec<Action>) {
        self.let_go(now, actions);
        let Some(mut present) = self.present.take() else { return };
        // Sound first: whoever interrupts hears the difference.
        actions.push(Action::GiveUp(present.id));
        actions.push(Action::Silence);
        actions.extend(present.cut_short(now));
        if barge_in {
            actions.push(Action::Emit(Some(present.id), AssistantEvent::BargeIn));
        }
        actions.push(Action::Emit(Some(present.id), AssistantEvent::Cancelled));
        present.mark("end", now);
        let timings_ms = present.marks;
        actions.push(Action::Emit(Some(present.id), AssistantEvent::TurnEnd { timings_ms }));
    }

    /// The present turn came to its end.
    fn end(&mut self, now: Instant, actions: &mut Vec<Action>) {
        if self.held.is_some() {
            return self.resume(now, actions);
        }
        self.commit(actions);
        let Some(mut present) = self.present.take() else { return };
        present.mark("end", now);
        let timings_ms = present.marks;
        actions.push(Action::Emit(Some(present.id), AssistantEvent::TurnEnd { timings_ms }));
        self.tell_state(actions);
        self.next_alarm(now, actions);
    }
}
