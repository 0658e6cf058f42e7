//! Phrases that are said often are made while nothing happens, so that they are there at once.
//!
//! Owns when that is: a while after the last work, one phrase at a time with a breath between two, and given up in the
//! middle when anything begins. What is there already costs a look at a file; once all are, nothing is waited for any
//! more. Clock times are not among them: that would be work every minute for an answer whose first sound takes 50 ms.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jarvis_core::{Cancel, TextToSpeech};

use crate::heavy::Heavy;
use crate::message::contained;

/// How long nothing has to happen before the first phrase.
pub(crate) const QUIET: Duration = Duration::from_secs(3);
/// The pause between two: a third of a core at most.
const BREATH: Duration = Duration::from_millis(400);

/// Whether anything goes on, told by the coordinator and read by the speaking thread.
#[derive(Debug, Default)]
pub(crate) struct Rest(Mutex<Resting>);

#[derive(Debug, Default)]
struct Resting {
    busy: bool,
    /// Goes up when something begins.
    over: Cancel,
}

impl Rest {
    /// Something goes on, or nothing does any more; says whether that is new.
    pub(crate) fn set_busy(&self, busy: bool) -> bool {
        let over = {
            let mut resting = self.resting();
            if resting.busy == busy {
                return false;
            }
            resting.busy = busy;
            std::mem::take(&mut resting.over)
        };
        over.cancel();
        true
    }

    /// The flag that goes up when something begins; none when something goes on.
    fn flag(&self) -> Option<Cancel> {
        let resting = self.resting();
        (!resting.busy).then(|| resting.over.clone())
    }

    fn resting(&self) -> MutexGuard<'_, Resting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is still to be made.
#[derive(Debug, Default)]
pub(crate) struct Rehearsal(VecDeque<String>);

impl Rehearsal {
    /// Of these, in order.
    pub(crate) fn of(phrases: Vec<String>) -> Self {
        Self(phrases.into())
    }

    /// Makes phrases until one had to be computed. Returns after which pause to go on; none when there is nothing more to
    /// do before something else has happened.
    pub(crate) fn go_on(&mut self, voice: &mut dyn TextToSpeech, rest: &Rest, heavy: &Heavy) -> Option<Duration> {
        let over = rest.flag()?;
        while let Some(phrase) = self.0.pop_front() {
            let made = {
                let _right = heavy.take();
                contained("Speech synthesis", || voice.prepare(&phrase, &over))
            };
            match made {
                Ok(true) => return (!self.0.is_empty()).then_some(BREATH),
                Ok(false) => {}
                Err(error) if error.is_cancelled() => {
                    self.0.push_front(phrase);
                    return None;
                }
                // Whoever wants to hear it is told then.
                Err(error) => {
                    tracing::debug!(code = error.code, "a phrase could not be made ahead");
                    self.0.clear();
                }
            }
        }
        None
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jarvis_core::{Error, Result, SpeechAudio};

    /// Has "known" already, is interrupted by "loud", breaks at "bad" and makes all else.
    struct Voice<'a> {
        rest: &'a Rest,
        made: Vec<String>,
    }

    impl TextToSpeech for Voice<'_> {
        fn sample_rate(&self) -> u32 {
            22_050
        }
        fn synthesize(&mut self, _: &str, _: &Cancel) -> Result<SpeechAudio> {
            unreachable!("nothing is to be heard")
        }
        fn prepare(&mut self, text: &str, cancel: &Cancel) -> Result<bool> {
            match text {
                "known" => return Ok(false),
                "loud" => assert!(self.rest.set_busy(true)),
                "bad" => panic!("on purpose"),
                _ => {}
            }
            if cancel.is_cancelled() {
                return Err(Error::cancelled());
            }
            self.made.push(text.to_owned());
            Ok(true)
        }
        fn warm_up(&mut self) -> Result<()> {
            Ok(())
        }
    }

    fn rehearsal(phrases: &[&str]) -> Rehearsal {
        Rehearsal::of(phrases.iter().map(|phrase| (*phrase).to_owned()).collect())
    }

    #[test]
    fn one_phrase_is_made_at_a_time_and_those_that_are_there_cost_nothing() {
        let (rest, heavy) = (Rest::default(), Heavy::default());
        let mut voice = Voice { rest: &rest, made: vec![] };
        let mut work = rehearsal(&["known", "one", "known", "two", "known"]);
        assert_eq!(work.go_on(&mut voice, &rest, &heavy), Some(BREATH));
        assert_eq!(voice.made, ["one"]);
        assert_eq!(work.go_on(&mut voice, &rest, &heavy), Some(BREATH));
        assert_eq!(work.go_on(&mut voice, &rest, &heavy), None);
        assert!(work.is_over() && voice.made == ["one", "two"]);
    }

    #[test]
    fn whatever_begins_comes_first_and_the_phrase_is_made_later() {
        let (rest, heavy) = (Rest::default(), Heavy::default());
        let mut voice = Voice { rest: &rest, made: vec![] };
        let mut work = rehearsal(&["loud", "one"]);
        assert_eq!(work.go_on(&mut voice, &rest, &heavy), None);
        assert!(!work.is_over() && voice.made.is_empty());
        assert_eq!(work.go_on(&mut voice, &rest, &heavy), None, "something goes on");
        assert!(rest.set_busy(false) && !rest.set_busy(false));
        assert!(rest.flag().is_some_and(|flag| !flag.is_cancelled()));
    }

    #[test]
    fn a_voice_that_breaks_is_left_alone() {
        let (rest, heavy) = (Rest::default(), Heavy::default());
        let mut voice = Voice { rest: &rest, made: vec![] };
        let mut work = rehearsal(&["bad", "one"]);
        assert_eq!(work.go_on(&mut voice, &rest, &heavy), None);
        assert!(work.is_over());
    }
}
