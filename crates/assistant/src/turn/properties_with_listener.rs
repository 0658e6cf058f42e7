//! The turn with a listener that learns late of what it is to do, and is heard late: in the end both mean the same turn.

use super::properties::{Op, input, op, options};
use super::*;
use jarvis_core::Utterance;
use proptest::prelude::*;

/// What the listening thread makes of jobs and of a user's voice, with the turns as it knows them.
#[derive(Debug, Default)]
struct Listener {
    recording: Option<TurnId>,
    /// The answer that may be spoken over.
    speaking: Option<TurnId>,
    attends: bool,
    /// The user spoke, and is silent.
    started: bool,
    pause: bool,
    /// On the way to it, and from it.
    jobs: VecDeque<Action>,
    news: VecDeque<Input>,
}

/// What a user does.
#[derive(Debug, Clone, Copy)]
enum Sound {
    Voice,
    Silence,
    /// For so long, or so long a voice, that the recording ends.
    End,
    None,
}

/// A moment: something happens, the user is heard, and so many messages arrive at either side.
#[derive(Debug, Clone)]
struct Moment {
    op: Op,
    sound: Sound,
    jobs: usize,
    news: usize,
}

fn moment() -> impl Strategy<Value = Moment> {
    let sound = prop_oneof![
        4 => Just(Sound::Voice),
        4 => Just(Sound::Silence),
        1 => Just(Sound::End),
        3 => Just(Sound::None),
    ];
    (op(), sound, 0usize..4, 0usize..4).prop_map(|(op, sound, jobs, news)| Moment { op, sound, jobs, news })
}

/// What comes from others than the listener. Not a call alone: after it the turn listens a second time under the same id,
/// and what is under way of the first recording can't be told from the second's.
fn is_from_elsewhere(input: &Input) -> bool {
    if matches!(input, Input::Transcribed { text, .. } if text == "Hey Jarvis.") {
        return false;
    }
    !matches!(
        input,
        Input::SpokeOver(_)
            | Input::MaySpeakOver(..)
            | Input::SpokeUp
            | Input::SpeechStarted(_)
            | Input::Heard(..)
            | Input::HeardNothing(_)
            | Input::Paused { .. }
            | Input::Lasted(..)
            | Input::Stirred(_)
            | Input::WentOn(_)
            | Input::Spoken(..)
            | Input::Called(..)
            | Input::Failed(_, Stage::Listen, _)
    )
}

impl Listener {
    fn take(&mut self, job: Action, now: Instant) {
        match job {
            Action::Listen { turn, origin, .. } => {
                (self.recording, self.attends) = (Some(turn), false);
                if origin == Origin::SpokeOver && self.started {
                    self.news.push_back(Input::SpeechStarted(turn));
                    self.tell_pause(turn, now);
                } else {
                    self.forget();
                }
            }
            Action::Finish(turn) if self.recording == Some(turn) => self.end(now),
            Action::HearAgain(turn) if self.recording == Some(turn) && self.pause => {
                self.news.push_back(Input::Lasted(turn, utterance(now)));
            }
            Action::Close(turn) | Action::GiveUp(turn) if self.recording == Some(turn) => {
                self.recording = None;
                self.forget();
            }
            Action::Continue { from, to } if self.recording == Some(from) => {
                self.recording = Some(to);
                self.tell_pause(to, now);
            }
            Action::Continue { to, .. } => self.news.push_back(Input::HeardNothing(to)),
            Action::Microphone(false) => {
                self.recording = None;
                self.forget();
            }
            Action::Attend(attends) => {
                self.attends = attends;
                self.watch();
            }
            Action::Emit(turn, AssistantEvent::State { state, .. }) => {
                let speaking = turn.filter(|_| state == AssistantState::Speaking);
                if self.speaking != speaking {
                    self.speaking = speaking;
                    self.watch();
                }
            }
            _ => {}
        }
    }

    fn hear(&mut self, sound: Sound, now: Instant) {
        match (sound, self.recording) {
            (Sound::Voice, Some(turn)) if !self.started => {
                self.started = true;
                self.news.push_back(Input::SpeechStarted(turn));
            }
            (Sound::Voice, recording) => {
                if let (None, Some(answer)) = (recording, self.speaking) {
                    self.started = true;
                    self.news.push_back(Input::SpokeOver(answer));
                } else if recording.is_none() && self.attends && !self.started {
                    self.started = true;
                    self.news.push_back(Input::SpokeUp);
                }
                if std::mem::take(&mut self.pause)
                    && let Some(turn) = recording
                {
                    self.news.push_back(Input::WentOn(turn));
                }
            }
            (Sound::Silence, recording) if self.started && !self.pause => {
                self.pause = true;
                if let Some(turn) = recording {
                    self.tell_pause(turn, now);
                }
            }
            (Sound::End, _) => self.end(now),
            (Sound::Silence | Sound::None, _) => {}
        }
    }

    fn tell_pause(&mut self, turn: TurnId, now: Instant) {
        if self.pause {
            let silence = Duration::from_millis(700);
            self.news.push_back(Input::Paused { turn, utterance: utterance(now), silence });
        }
    }

    fn end(&mut self, now: Instant) {
        if let Some(turn) = self.recording.take() {
            let heard = Input::Heard(turn, utterance(now));
            self.news.push_back(if self.started { heard } else { Input::HeardNothing(turn) });
        }
        self.forget();
    }

    /// Speech is looked for anew, for nobody.
    fn watch(&mut self) {
        if self.recording.is_none() {
            self.forget();
        }
    }

    fn forget(&mut self) {
        (self.started, self.pause) = (false, false);
    }
}

fn utterance(now: Instant) -> Utterance {
    Utterance { samples: vec![0.0; 160], speech_ended: now }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn when_all_was_told_the_listener_records_for_the_turn_that_listens(
        options in options(),
        moments in prop::collection::vec(moment(), 0..80),
    ) {
        let mut turn = Turn::new(options);
        let mut listener = Listener::default();
        let mut now = Instant::now();
        let mut actions = Vec::new();
        for Moment { op, sound, jobs, news } in moments {
            now += Duration::from_millis(op.ms);
            while turn.deadline().is_some_and(|deadline| deadline <= now) {
                turn.on(Input::Tick, now, &mut actions);
            }
            let happens = input(&op, &turn, now);
            if is_from_elsewhere(&happens) {
                turn.on(happens, now, &mut actions);
            }
            listener.jobs.extend(actions.drain(..));
            for job in listener.jobs.drain(..jobs.min(listener.jobs.len())).collect::<Vec<_>>() {
                listener.take(job, now);
            }
            listener.hear(sound, now);
            for heard in listener.news.drain(..news.min(listener.news.len())).collect::<Vec<_>>() {
                turn.on(heard, now, &mut actions);
            }
            listener.jobs.extend(actions.drain(..));
        }
        while !(listener.jobs.is_empty() && listener.news.is_empty()) {
            while let Some(job) = listener.jobs.pop_front() {
                listener.take(job, now);
            }
            while let Some(heard) = listener.news.pop_front() {
                turn.on(heard, now, &mut actions);
            }
            listener.jobs.extend(actions.drain(..));
        }
        if let Some(Present { id, phase: Phase::Listening { finishing, pause, .. }, .. }) = &turn.present {
            prop_assert!(!finishing, "it was told to hand over, and did");
            prop_assert_eq!(listener.recording, Some(*id));
            prop_assert_eq!(listener.pause, pause.is_some());
            prop_assert!(turn.present.as_ref().is_none_or(|present| present.look != Some(Look::Asked)), "it was told");
        }
    }
}
