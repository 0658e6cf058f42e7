//! What the turn is told ([`Input`]) and what it wants done ([`Action`]). Plain values; nothing here decides anything.

use std::time::Duration;

use jarvis_core::{AssistantEvent, Error, Route, Slots, TurnId, Utterance};

use crate::clauses::Clause;
use crate::router::ending::Ending;

/// A part of the program that works for a turn, for saying which one failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Microphone, voice activity, end of turn.
    Listen,
    /// Speech recognition.
    Recognize,
    /// Router, skills, language model.
    Think,
    /// Synthesis and playback.
    Speak,
}

/// How Jarvis can make itself heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// It speaks.
    Words,
    /// It has a speaker and no voice: alarms ring, answers are shown.
    Tones,
    /// It is silent.
    None,
}

/// Something that the coordinator learned.
#[derive(Debug, Clone)]
pub enum Input {
    /// The hotkey went down.
    Press,
    /// The hotkey went up.
    Release,
    /// Begin to listen, or end listening and answer.
    Toggle,
    /// Begin to listen.
    Start,
    /// End listening and answer; in any other state, be silent.
    Stop,
    /// Give the turn up and be silent.
    Cancel,
    /// Microphone off.
    Mute,
    /// Microphone on.
    Unmute,
    /// A question that was typed.
    Ask(String),
    /// A question that was typed, by someone who wants it answered in writing.
    Write(String),
    /// A wake word was heard.
    Wake {
        /// Which.
        model: String,
        /// How sure, 0..=1.
        score: f32,
    },
    /// The sound that the wake word of this turn was heard in, for a second look at it; 16 kHz mono.
    Called(TurnId, Vec<f32>),
    /// What woke Jarvis for this turn was the wake word, as far as a second look tells.
    WasCalled(TurnId),
    /// What woke Jarvis for this turn was not the wake word.
    NotCalled(TurnId),
    /// Speech was heard while Jarvis is attentive ([`Action::Attend`]).
    SpokeUp,
    /// A first sign of speech was heard while the answer of this turn is spoken, or it came to nothing.
    MaySpeakOver(TurnId, bool),
    /// Sustained speech was heard while the answer of this turn is spoken.
    SpokeOver(TurnId),
    /// The user began to speak.
    SpeechStarted(TurnId),
    /// The user fell silent, maybe for a moment only.
    Paused {
        /// Of which turn.
        turn: TurnId,
        /// What was said so far.
        utterance: Utterance,
        /// How long the user has to be silent to be done when the words don't tell: as set, and longer in noise.
        silence: Duration,
    },
    /// As [`Action::HearAgain`] asks: what was said before the pause that there is, and what followed it.
    Lasted(TurnId, Utterance),
    /// There is a sound in the pause that may be the user going on, or nothing.
    Stirred(TurnId),
    /// The user speaks again after [`Self::Paused`].
    WentOn(TurnId),
    /// The user speaks; this is all of it so far, 16 kHz mono.
    Spoken(TurnId, Vec<f32>),
    /// The listener ended the recording; this is what was said.
    Heard(TurnId, Utterance),
    /// Listening ended without speech.
    HeardNothing(TurnId),
    /// Words so far; empty when there were none yet.
    Partial(TurnId, String),
    /// What was recognized.
    Transcribed {
        /// Of which turn.
        turn: TurnId,
        /// Which [`Action::Transcribe`] of the turn this answers.
        take: u32,
        /// The words, empty when there were none.
        text: String,
        /// Whether they can be all.
        ending: Ending,
    },
    /// What was understood.
    Understood {
        /// Of which turn.
        turn: TurnId,
        /// Name of the intent.
        intent: String,
        /// Its parameters.
        slots: Slots,
        /// 0..=1.
        confidence: f32,
        /// Who decided.
        route: Route,
    },
    /// How likely the words of this turn are all of the question, 0..=1: answers [`Action::Weigh`].
    Weighed(TurnId, f32),
    /// Answering this turn's words changes something that can't be taken back: answered once they are decided
    /// ([`Action::Decided`]).
    Acts(TurnId),
    /// The language model's first piece of text is there.
    FirstToken(TurnId),
    /// A piece of the answer to show.
    Text(TurnId, String),
    /// A piece of the answer to speak, a clause or a sentence.
    Clause(TurnId, Clause),
    /// The answer is whole: no more text or clauses.
    Answered(TurnId),
    /// The request was to stop.
    StopAsked(TurnId),
    /// A clause became this many seconds of sound.
    Synthesized(TurnId, f32),
    /// The first sound went to the speaker.
    Started(TurnId),
    /// The last sound was played.
    Finished(TurnId),
    /// A stage gave up on this turn.
    Failed(TurnId, Stage, Error),
    /// A timer or alarm is due.
    Due {
        /// What is said.
        spoken: String,
        /// What is shown.
        shown: String,
    },
    /// Whether the microphone can be listened to, with the reason why not.
    Ear(Result<(), Error>),
    /// What can be spoken with.
    Voice(Voice),
    /// The time of [`super::Turn::deadline`] came.
    Tick,
}

impl Input {
    /// The turn that this is a result for; none for what comes from a user or for nobody.
    pub fn turn(&self) -> Option<TurnId> {
        match self {
            Self::Called(turn, _)
            | Self::WasCalled(turn)
            | Self::NotCalled(turn)
            | Self::SpokeOver(turn)
            | Self::MaySpeakOver(turn, _)
            | Self::SpeechStarted(turn)
            | Self::Paused { turn, .. }
            | Self::Lasted(turn, _)
            | Self::Stirred(turn)
            | Self::WentOn(turn)
            | Self::Spoken(turn, _)
            | Self::Heard(turn, _)
            | Self::HeardNothing(turn)
            | Self::Partial(turn, _)
            | Self::Transcribed { turn, .. }
            | Self::Understood { turn, .. }
            | Self::Weighed(turn, _)
            | Self::Acts(turn)
            | Self::FirstToken(turn)
            | Self::Text(turn, _)
            | Self::Clause(turn, _)
            | Self::Answered(turn)
            | Self::StopAsked(turn)
            | Self::Synthesized(turn, _)
            | Self::Started(turn)
            | Self::Finished(turn)
            | Self::Failed(turn, ..) => Some(*turn),
            Self::Press
            | Self::Release
            | Self::Toggle
            | Self::Start
            | Self::Stop
            | Self::Cancel
            | Self::Mute
            | Self::Unmute
            | Self::Ask(_)
            | Self::Write(_)
            | Self::Wake { .. }
            | Self::SpokeUp
            | Self::Due { .. }
            | Self::Ear(_)
            | Self::Voice(_)
            | Self::Tick => None,
        }
    }
}

/// When the recording of an utterance ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// At the end of speech.
    Silence,
    /// When told ([`Action::Finish`]).
    Told,
}

/// What began the recording, which decides how much sound from before counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A key or a command: what was said while the key went down counts.
    Key,
    /// The wake word: what follows it counts.
    WakeWord,
    /// Speech over the answer, or into the quiet after it: that speech counts from its beginning.
    SpokeOver,
}

/// Something that the coordinator has to do, in order.
#[derive(Debug, Clone)]
pub enum Action {
    /// Tell the observers.
    Emit(Option<TurnId>, AssistantEvent),
    /// Record the user for this turn.
    Listen {
        /// The turn.
        turn: TurnId,
        /// When it ends.
        until: Until,
        /// What began it.
        origin: Origin,
    },
    /// End the recording and hand over what was said.
    Finish(TurnId),
    /// The recording is not needed any more: the turn has its words.
    Close(TurnId),
    /// The recording of a turn goes on for another one, with all that was said so far.
    Continue {
        /// Whose it was.
        from: TurnId,
        /// Whose it is now.
        to: TurnId,
    },
    /// Raise the turn's cancel flag: whatever works for it stops, and a recording for it is thrown away.
    GiveUp(TurnId),
    /// Turn this into words, whatever else is being recognized.
    Transcribe {
        /// For which turn.
        turn: TurnId,
        /// Handed back with the words, so that old ones are known.
        take: u32,
        /// What was said.
        utterance: Utterance,
        /// It was said over an answer, so "stop" is likely.
        over_answer: bool,
    },
    /// Hand over again what was said before the pause that there is, now that it has lasted for a while
    /// ([`Input::Lasted`]); nothing when there is none any more. The recording goes on.
    HearAgain(TurnId),
    /// Is this sound the wake word? Say which ([`Input::WasCalled`], [`Input::NotCalled`]).
    Check(TurnId, Vec<f32>),
    /// The words of this take are not wanted any more.
    Drop(TurnId, u32),
    /// Turn this into words to show, if there is time for it.
    Glimpse(TurnId, Vec<f32>),
    /// How likely is this, which is about to be answered, all of the question? Say it ([`Input::Weighed`]) if it can be told.
    Weigh(TurnId, String),
    /// Answer this.
    Think(TurnId, String),
    /// The words of this turn are all: what waited for that ([`Input::Acts`]) is to be answered.
    Decided(TurnId),
    /// Forget the question and the answer of this turn: it was not all that was asked.
    Unthink(TurnId),
    /// The answer of this turn, from the screen, was silenced after so many of its words were heard: "go on" goes on there.
    CutShort(TurnId, usize),
    /// Ring once before the words.
    Ring(TurnId),
    /// Make the sound of this: it will be the first that is spoken for the turn, if anything is.
    Ahead(TurnId, Clause),
    /// Speak this after what was given before.
    Speak(TurnId, Clause),
    /// Nothing more will be given to speak for this turn.
    LastWords(TurnId),
    /// The speaker holds this turn's sound where it is, at once.
    Hold(TurnId),
    /// It goes on from there, and is the present turn again.
    Resume(TurnId),
    /// What is spoken is quieter from now on, or as loud as before.
    Duck(bool),
    /// No more sound from the speaker, at once.
    Silence,
    /// Timers and alarms that ring are done.
    SilenceAlarms,
    /// Open or close the microphone.
    Microphone(bool),
    /// Look for speech that nobody was called for, or no more.
    Attend(bool),
}
