//! The part of a turn that listens: pauses, words that are recognized ahead, and when the user is done.
//!
//! Each pause is recognized at once, as if it were the end ([`Action::Transcribe`]), while the listener goes on. What was
//! said tells how long the pause has to last ([`wait`]); when it has, the words are there already. Speech that goes on
//! makes them void, and those that seem to lack something are recognized once more ([`super::doubt`]). A question for the
//! language model is thought about before its pause has lasted as long as the user set, but nothing of the answer is
//! spoken before that, or half of it where the question is whole ([`Withheld`]); only the sound of its beginning is made ([`Action::Ahead`]). As long as nothing was
//! heard of it the end can be revoked: then everything was one utterance. Commands are never revoked, since they act.

use std::time::{Duration, Instant};

use jarvis_core::{AssistantEvent, TurnId, Utterance};

use super::doubt::Look;
use super::early::Withheld;
use super::{Action, Origin, Phase, Present, Turn, Until, patience};
use crate::router::ending::Ending;
use crate::router::normalize::is_only_a_call;

/// From this silence on a command is done. It acts and is never revoked, so it must not be a mere gap within a breath that
/// is taken for its end, as in "seven hundred minus two hundred and six": those last up to a sixth of a second.
pub const SETTLED: Duration = Duration::from_millis(200);
/// From this silence on the language model may begin to think about a question.
pub const EARLY: Duration = Duration::from_millis(230);
/// How much later than the set silence a pause is over: a voice that begins again just then takes this long to be noticed.
pub const NOTICE: Duration = Duration::from_millis(100);
/// Sound that follows the voice within this time is the end of its last word: the burst of a "k" after closed lips.
const TAIL: Duration = Duration::from_millis(200);
/// How long the sound that may be the user going on is listened to before a pause is over, and the most for several.
const STIR: Duration = Duration::from_millis(100);
const STIRS: Duration = Duration::from_millis(300);
/// How long an unfinished sentence is waited for.
pub const UNFINISHED: Duration = Duration::from_millis(1800);
/// How long after a pause was over at the latest an end can still be revoked, while no sound was heard.
const REVOCABLE: Duration = Duration::from_millis(300);

/// How long a pause has to last to be the end, after words with this `ending`, where the user set `silence`.
pub fn wait(ending: Ending, silence: Duration) -> Duration {
    match ending {
        Ending::Command => SETTLED.min(silence),
        Ending::Question => EARLY.min(silence),
        Ending::Open => silence + NOTICE,
        Ending::Unfinished => UNFINISHED.max(silence + NOTICE),
    }
}

/// A pause, which may be the end.
#[derive(Debug)]
pub(super) struct Pause {
    /// The recognition of what was said before it.
    take: u32,
    /// Length of that.
    seconds: f32,
    /// When speech ended.
    pub(super) ended: Instant,
    /// When that was noticed.
    pub(super) noticed: Instant,
    /// As set, and longer in noise.
    silence: Duration,
    /// When the last word was over.
    silent: Instant,
    /// When there was a sound in it after that.
    stirred: Option<Instant>,
    /// What was recognized, once it was.
    pub(super) guess: Option<Guess>,
}

/// Words that are all, if the pause lasts long enough.
#[derive(Debug)]
pub(super) struct Guess {
    pub(super) text: String,
    pub(super) ending: Ending,
    /// When they were known.
    pub(super) at: Instant,
}

impl Pause {
    /// When it has lasted long enough; none until the words are known.
    pub(super) fn over_at(&self) -> Option<Instant> {
        self.guess.as_ref().map(|guess| {
            let over = self.silent + wait(guess.ending, self.silence);
            match guess.ending {
                // What is begun can be revoked.
                Ending::Question => over,
                // Of the others no more is heard; "fifty" may be the beginning of "fifty-seven", and an "s" is no voice.
                Ending::Command | Ending::Open | Ending::Unfinished => put_off(over, self.stirred),
            }
        })
    }
}

/// When a pause is over that would be at `over`, if the last sound in it was at `stirred`.
pub(super) fn put_off(over: Instant, stirred: Option<Instant>) -> Instant {
    stirred.map_or(over, |at| over.max((at + STIR).min(over + STIRS)))
}

/// Until when an end can be revoked whose pause is over at `until`.
pub(super) fn revocable(until: Instant) -> Instant {
    until + STIRS + REVOCABLE
}

impl Turn {
    pub(super) fn paused(
        &mut self,
        turn: TurnId,
        utterance: Utterance,
        silence: Duration,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let over_answer = self.held.is_some();
        let Some(present) = self.current(turn) else { return };
        let Phase::Listening { finishing: false, pause, glimpse, .. } = &mut present.phase else { return };
        *glimpse = false;
        present.look = None;
        present.takes += 1;
        let ended = utterance.speech_ended.min(now);
        *pause = Some(Pause {
            take: present.takes,
            seconds: utterance.seconds(),
            ended,
            silent: ended,
            noticed: now,
            silence,
            stirred: None,
            guess: None,
        });
        actions.push(present.transcribe(utterance, over_answer));
    }

    pub(super) fn stirred(&mut self, turn: TurnId, now: Instant) {
        let Some(present) = self.current(turn) else { return };
        if let Phase::Listening { pause: Some(pause), .. } = &mut present.phase {
            if now <= pause.ended + TAIL {
                pause.silent = now;
            } else {
                pause.stirred = Some(now);
            }
        }
        if let Some(withheld) = &mut present.withheld {
            withheld.stir(now);
        }
    }

    pub(super) fn went_on(&mut self, turn: TurnId, now: Instant, actions: &mut Vec<Action>) {
        let Some(present) = self.current(turn) else { return };
        match &mut present.phase {
            Phase::Listening { pause, .. } => {
                if let Some(pause) = pause.take() {
                    actions.push(Action::Drop(turn, pause.take));
                    self.look_away(actions);
                }
            }
            Phase::Thinking | Phase::Speaking { .. } if present.revocable_until.is_some() => self.revoke(now, actions),
            _ => {}
        }
    }

    /// Words to show while the user speaks are wanted only when nothing else is being recognized.
    pub(super) fn spoken(&mut self, turn: TurnId, samples: Vec<f32>, actions: &mut Vec<Action>) {
        if let Some(present) = self.current(turn)
            && let Phase::Listening { finishing: false, pause: None, glimpse, .. } = &mut present.phase
            && !std::mem::replace(glimpse, true)
        {
            actions.push(Action::Glimpse(turn, samples));
        }
    }

    pub(super) fn partial(&mut self, turn: TurnId, text: String, actions: &mut Vec<Action>) {
        if let Some(present) = self.current(turn)
            && let Phase::Listening { pause: None, glimpse, .. } = &mut present.phase
        {
            *glimpse = false;
            if !text.is_empty() {
                actions.push(Action::Emit(Some(turn), AssistantEvent::Partial { text }));
            }
        }
    }

    pub(super) fn transcribed(
        &mut self,
        (turn, take): (TurnId, u32),
        text: String,
        ending: Ending,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let no_interruption = self.is_no_interruption(&text);
        let Some(present) = self.current(turn) else { return };
        if present.look == Some(Look::Taken(take)) {
            return self.seen_again(text, ending, now, actions);
        }
        match &mut present.phase {
            Phase::Transcribing { take: awaited } if *awaited == take => {
                present.mark("transcript", now);
                self.take_words(text, ending, now, actions);
            }
            Phase::Listening { pause: Some(pause), .. } if pause.take == take && pause.guess.is_none() => {
                if no_interruption {
                    // The answer waits no longer than it takes to know.
                    return self.resume(now, actions);
                }
                pause.guess = Some(Guess { text: text.clone(), ending, at: now });
                present.look = pause.look();
                if self.pause_over_at().is_some_and(|over| over <= now) {
                    self.conclude(false, now, actions);
                } else if !text.is_empty() && ending != Ending::Command {
                    // A command is about to be told as a whole.
                    actions.push(Action::Emit(Some(turn), AssistantEvent::Partial { text }));
                }
            }
            _ => {}
        }
    }

    /// When the present pause has lasted long enough to be the end; none while that can't be told, or a key says so.
    pub(super) fn pause_over_at(&self) -> Option<Instant> {
        match &self.present.as_ref()?.phase {
            Phase::Listening { held: false, finishing: false, pause: Some(pause), .. } => pause.over_at(),
            _ => None,
        }
    }

    /// The listener is to hand over what was said: a key says that it is all.
    pub(super) fn finish(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let Some(present) = &mut self.present else { return };
        let Phase::Listening { finishing, pause, .. } = &mut present.phase else { return };
        if pause.is_some() {
            // The user said it all before the key told so.
            self.conclude(true, now, actions);
        } else if !*finishing {
            *finishing = true;
            present.deadline = now + patience::LISTEN;
            actions.push(Action::Finish(present.id));
        }
    }

    /// The listener ended the recording.
    pub(super) fn heard(&mut self, turn: TurnId, utterance: Utterance, now: Instant, actions: &mut Vec<Action>) {
        let over_answer = self.held.is_some();
        let Some(present) = self.current(turn) else { return };
        match &present.phase {
            Phase::Listening { pause: Some(_), .. } => self.conclude(true, now, actions),
            Phase::Listening { .. } => {
                present.takes += 1;
                present.zero = Some(utterance.speech_ended.min(now));
                present.mark("speech_end", now);
                let (take, seconds) = (present.takes, utterance.seconds());
                actions.push(Action::Emit(Some(turn), AssistantEvent::SpeechEnd { seconds }));
                actions.push(present.transcribe(utterance, over_answer));
                self.enter(Phase::Transcribing { take }, patience::TRANSCRIBE, now, actions);
            }
            _ => {}
        }
    }

    /// The present pause is the end; `for_good`: the user can't be going on, since a key or the listener said so.
    pub(super) fn conclude(&mut self, for_good: bool, now: Instant, actions: &mut Vec<Action>) {
        self.look_away(actions);
        let Some(present) = &mut self.present else { return };
        let Phase::Listening { pause, .. } = &mut present.phase else { return };
        let Some(Pause { take, seconds, ended, noticed, silent, silence, stirred, guess }) = pause.take() else {
            return;
        };
        let turn = present.id;
        present.zero = Some(ended);
        present.mark("pause", noticed);
        if let Some(guess) = &guess {
            present.mark("transcript", guess.at);
        }
        present.mark("speech_end", now);
        actions.push(Action::Emit(Some(turn), AssistantEvent::SpeechEnd { seconds }));
        match guess {
            Some(Guess { text, ending, .. }) => {
                let until = silent + silence + NOTICE;
                if ending == Ending::Question && !for_good && now < until {
                    present.revocable_until = Some(revocable(until));
                    let withheld = Withheld::new(silent, silence, NOTICE, stirred);
                    present.withheld = present.aloud.then_some(withheld);
                } else {
                    actions.push(Action::Close(turn));
                }
                self.take_words(text, ending, now, actions);
            }
            None => {
                // They are being recognized.
                actions.push(Action::Close(turn));
                self.enter(Phase::Transcribing { take }, patience::TRANSCRIBE, now, actions);
            }
        }
    }

    /// These are the user's words.
    fn take_words(&mut self, text: String, ending: Ending, now: Instant, actions: &mut Vec<Action>) {
        let Some(present) = &mut self.present else { return };
        let turn = present.id;
        let names = present.called.take().or_else(|| present.origin.map(|_| self.options.names.clone()));
        if !present.only_called && names.is_some_and(|names| is_only_a_call(&text, &names)) {
            // A wake word that was drawn out, or called into an answer, is no question; the question is still to come,
            // unless the microphone went off meanwhile.
            if self.muted {
                return self.end(now, actions);
            }
            self.let_go(now, actions);
            let Some(present) = &mut self.present else { return };
            present.only_called = true;
            present.marks.clear();
            present.zero = None;
            present.revocable_until = None;
            present.withheld = None;
            actions.push(Action::Listen { turn, until: Until::Silence, origin: Origin::Key });
            return self.enter(Phase::listening(false), patience::FIRST_WORD, now, actions);
        }
        if self.is_no_interruption(&text) {
            return self.resume(now, actions);
        }
        let text = match self.taken_back(&text) {
            Some(last) => last.to_owned(),
            None => self.with_its_beginning(text, ending, now, actions),
        };
        actions.push(Action::Emit(Some(turn), AssistantEvent::Transcript { text: text.clone() }));
        if text.is_empty() {
            return self.end(now, actions);
        }
        self.let_go(now, actions);
        if let Some(present) = &mut self.present
            && let Some(withheld) = &mut present.withheld
        {
            present.half = Some(withheld.answers(&text));
            actions.push(Action::Weigh(turn, text.clone()));
        }
        actions.push(Action::Think(turn, text));
        self.enter(Phase::Thinking, patience::THINK, now, actions);
    }

    /// The user goes on after all: the present turn makes way for one that has all that was said.
    fn revoke(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let Some(old) = self.present.take() else { return };
        let to = self.begin(Phase::listening(false), self.options.max_listen + patience::LISTEN, None, now);
        actions.push(Action::Continue { from: old.id, to });
        actions.push(Action::GiveUp(old.id));
        actions.push(Action::Silence);
        actions.push(Action::Unthink(old.id));
        actions.push(Action::Emit(Some(old.id), AssistantEvent::Revoked));
        actions.push(Action::Emit(Some(old.id), AssistantEvent::TurnEnd { timings_ms: old.marks }));
        if let Some(present) = &mut self.present {
            present.origin = old.origin;
            present.begun = old.begun;
            present.phase =
                Phase::Listening { held: false, speech: true, finishing: false, pause: None, glimpse: false };
        }
        actions.push(Action::Emit(Some(to), AssistantEvent::SpeechStart));
        self.tell_state(actions);
    }

    /// The end can't be revoked any more.
    pub(super) fn commit(&mut self, actions: &mut Vec<Action>) {
        if let Some(present) = &mut self.present
            && present.revocable_until.take().is_some()
        {
            actions.push(Action::Close(present.id));
            if present.acts {
                actions.push(Action::Decided(present.id));
            }
        }
    }

    /// Whether the words of the present turn may turn out to be the beginning of more.
    pub fn is_revocable(&self) -> bool {
        self.present.as_ref().is_some_and(|present| present.revocable_until.is_some())
    }
}

impl Present {
    /// Has the newest take recognized.
    pub(super) fn transcribe(&self, utterance: Utterance, over_answer: bool) -> Action {
        Action::Transcribe { turn: self.id, take: self.takes, utterance, over_answer }
    }
}
