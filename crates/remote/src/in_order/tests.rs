use super::*;
use crate::testing::{Local, ask, not_here};

fn boxed(model: impl LanguageModel + 'static) -> Result<Box<dyn LanguageModel>> {
    Ok(Box::new(model))
}

fn fails() -> Error {
    Error::new("remote.slow", "Too slow.", "Wait.")
}

#[test]
fn the_first_that_answers_answers() {
    for (first, second, words) in [
        (boxed(Local(Ok("one"))), boxed(Local(Ok("two"))), "one"),
        (boxed(Local(Err(fails()))), boxed(Local(Ok("two"))), "two"),
        (Err(not_here()), boxed(Local(Ok("two"))), "two"),
        (boxed(Local(Ok("one"))), Err(not_here()), "one"),
    ] {
        assert_eq!(ask(&mut Minds::new(first, second).unwrap()).0, [words]);
    }
}

#[test]
fn when_none_answers_the_first_one_s_reason_is_told() {
    let mut minds = Minds::new(boxed(Local(Err(fails()))), Err(not_here())).unwrap();
    assert_eq!(ask(&mut minds).1.unwrap_err(), fails());
    assert_eq!(Minds::new(Err(not_here()), Err(fails())).err().unwrap(), not_here());
}

/// Says nothing, and how likely a question is whole.
struct Judge(Option<f32>);

impl LanguageModel for Judge {
    fn generate(&mut self, _: &Prompt, _: &GenerateOptions, _: &Cancel, _: &mut dyn FnMut(&str)) -> Result<Generation> {
        Err(fails())
    }
    fn warm_up(&mut self, _: &[Message]) -> Result<()> {
        Ok(())
    }
    fn context_length(&self) -> usize {
        8
    }
    fn end_of_turn(&mut self, _: &str, _: &Cancel) -> Result<Option<f32>> {
        Ok(self.0)
    }
}

#[test]
fn whoever_is_about_to_answer_judges_the_question() {
    let judged = |first, second| Minds::new(first, second).unwrap().end_of_turn("why", &Cancel::new()).unwrap();
    assert_eq!(judged(boxed(Judge(Some(0.9))), boxed(Judge(Some(0.1)))), Some(0.9));
    assert_eq!(judged(Err(not_here()), boxed(Judge(Some(0.1)))), Some(0.1));
    assert_eq!(judged(boxed(Judge(None)), boxed(Judge(Some(0.1)))), None, "an answer from afar doesn't wait for it");
}

/// Another program's.
struct Sends;

impl LanguageModel for Sends {
    fn generate(&mut self, _: &Prompt, _: &GenerateOptions, _: &Cancel, _: &mut dyn FnMut(&str)) -> Result<Generation> {
        Err(fails())
    }
    fn warm_up(&mut self, _: &[Message]) -> Result<()> {
        Ok(())
    }
    fn context_length(&self) -> usize {
        8
    }
    fn sends_first(&self) -> bool {
        true
    }
}

#[test]
fn what_is_sent_before_anything_here_has_a_try_is_known() {
    let sends = |first, second| Minds::new(first, second).unwrap().sends_first();
    assert!(sends(boxed(Sends), boxed(Judge(None))));
    assert!(sends(Err(not_here()), boxed(Sends)));
    assert!(!sends(boxed(Judge(None)), boxed(Sends)));
    assert!(!sends(Err(not_here()), boxed(Judge(None))));
}

/// Says a word and fails, or is cancelled.
struct Breaks(&'static str, fn() -> Error);

impl LanguageModel for Breaks {
    fn generate(
        &mut self,
        _: &Prompt,
        _: &GenerateOptions,
        _: &Cancel,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Generation> {
        on_text(self.0);
        Err(self.1())
    }
    fn warm_up(&mut self, _: &[Message]) -> Result<()> {
        Ok(())
    }
    fn context_length(&self) -> usize {
        8
    }
    fn parameters(&self) -> Option<u64> {
        Some(9)
    }
}

#[test]
fn what_was_begun_is_not_begun_again() {
    let mut minds = Minds::new(boxed(Breaks("Half", fails)), boxed(Local(Ok("two")))).unwrap();
    let (pieces, made) = ask(&mut minds);
    assert_eq!((pieces, made.unwrap_err()), (vec!["Half".to_owned()], fails()));
    let mut minds = Minds::new(boxed(Breaks("\n", fails)), boxed(Local(Ok("two")))).unwrap();
    assert_eq!(ask(&mut minds).0.concat(), "\ntwo", "blank is no beginning");
    let mut minds = Minds::new(boxed(Breaks("", Error::cancelled)), boxed(Local(Ok("two")))).unwrap();
    assert!(ask(&mut minds).1.unwrap_err().is_cancelled());
    assert_eq!(minds.context_length(), 8);
    assert_eq!(minds.parameters(), Some(9), "of the one that knows");
}

/// Speaks with one sample of this value, or fails, before it or after.
struct Tone(f32, Option<bool>);

impl TextToSpeech for Tone {
    fn sample_rate(&self) -> u32 {
        16_000
    }
    fn synthesize(&mut self, text: &str, cancel: &Cancel) -> Result<SpeechAudio> {
        let mut all = SpeechAudio { samples: Vec::new(), sample_rate: 16_000 };
        self.stream(text, cancel, &mut |piece| all.samples.extend(piece.samples))?;
        Ok(all)
    }
    fn stream(&mut self, _: &str, _: &Cancel, take: &mut dyn FnMut(SpeechAudio)) -> Result<Synthesis> {
        if self.1 != Some(false) {
            take(SpeechAudio { samples: vec![self.0], sample_rate: 16_000 });
        }
        if self.1.is_some() { Err(fails()) } else { Ok(Synthesis::default()) }
    }
    fn prepare(&mut self, _: &str, _: &Cancel) -> Result<bool> {
        assert!(self.0 > 1.0, "the first one must not practise");
        Ok(true)
    }
    fn warm_up(&mut self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn a_voice_that_fails_before_its_first_sound_is_stood_in_for() {
    for (fails, heard, ok) in [(None, vec![1.0], true), (Some(false), vec![2.0], true), (Some(true), vec![1.0], false)]
    {
        let mut voices = Voices::new(Box::new(Tone(1.0, fails)), Box::new(Tone(2.0, None)));
        let mut samples = Vec::new();
        let made = voices.stream("Hi.", &Cancel::new(), &mut |piece| samples.extend(piece.samples));
        assert_eq!((samples, made.is_ok()), (heard, ok));
        assert!(voices.prepare("Hi.", &Cancel::new()).unwrap());
    }
}

#[test]
fn what_stays_here_is_spoken_by_the_second_voice_or_by_none() {
    for second in [None, Some(false)] {
        let mut voices = Voices::new(Box::new(Tone(1.0, None)), Box::new(Tone(2.0, second)));
        let mut samples = Vec::new();
        let made =
            voices.stream_here("Your balance is 12.", &Cancel::new(), &mut |piece| samples.extend(piece.samples));
        assert_eq!((samples, made.is_ok()), (if second.is_none() { vec![2.0] } else { vec![] }, second.is_none()));
    }
}

/// Hears these words, or nothing at all.
struct Ear(Option<&'static str>);

impl SpeechToText for Ear {
    fn transcribe(&mut self, _: &[f32], _: &Cancel) -> Result<Transcript> {
        let text = self.0.ok_or_else(fails)?.to_owned();
        Ok(Transcript { text, ..Transcript::default() })
    }
    fn warm_up(&mut self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn an_ear_that_fails_is_stood_in_for_and_weighing_stays_here() {
    let hear = |first| Ears::new(Box::new(Ear(first)), Box::new(Ear(Some("here")))).transcribe(&[], &Cancel::new());
    assert_eq!(hear(Some("there")).unwrap().text, "there");
    assert_eq!(hear(None).unwrap().text, "here");
    let mut ears = Ears::new(Box::new(Ear(Some("there"))), Box::new(Ear(Some("here"))));
    assert_eq!(ears.transcribe_expecting(&[], &["stop"], &Cancel::new()).unwrap().text, "here");
    assert_eq!(ears.transcribe_partial(&[], &Cancel::new()).unwrap().text, "here", "words to show come from here");
}
