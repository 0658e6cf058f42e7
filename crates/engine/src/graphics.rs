//! A model on a graphics processor, with the way back: when the graphics processor fails, at once or in the middle of something,
//! the model is loaded on the processor, and what was asked of it is asked there.
//!
//! Owns when that is and that it is done once. A graphics processor that failed a program may fail it for good (CUDA keeps such
//! an error until the process ends), so nothing goes back to it. Never loads anything itself, and never begins again what the
//! user has heard the beginning of.

use std::cell::Cell;
use std::ops::Range;

use jarvis_core::{
    Cancel, Error, GenerateOptions, Generation, LanguageModel, Message, Pointed, Prompt, Result, SpeechToText,
    Transcript, Weighed,
};

use crate::message::{PANICKED, contained};

/// Codes of what is a graphics processor's failure where one computes: a driver that fails may panic, too. Any other error
/// would be one on the processor as well.
const FAILURES: [&str; 4] = ["llm.gpu", "llm.device", "stt.engine", PANICKED];

/// Loads the model on the processor, told why.
type Otherwise<M> = Box<dyn FnOnce(&Error) -> Result<Box<M>> + Send>;

/// A model on a graphics processor, or, since that failed, on the processor.
pub struct OnGraphics<M: ?Sized> {
    /// Why there is none: it did not load on the processor either.
    model: Result<Box<M>>,
    /// None once it was needed.
    otherwise: Option<Otherwise<M>>,
}

impl<M: ?Sized> std::fmt::Debug for OnGraphics<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnGraphics").field("has_failed", &self.otherwise.is_none()).finish_non_exhaustive()
    }
}

impl<M: ?Sized> OnGraphics<M> {
    /// What `load` loads onto a graphics processor. `otherwise` loads it on the processor, now or later, where that fails.
    ///
    /// # Errors
    /// Those of `load` that are not the graphics processor's, and those of `otherwise`.
    pub fn load(
        load: impl FnOnce() -> Result<Box<M>>,
        otherwise: impl FnOnce(&Error) -> Result<Box<M>> + Send + 'static,
    ) -> Result<Self> {
        match contained("The graphics processor", load) {
            Err(error) if is_failure(&error) => Ok(Self { model: Ok(otherwise(&error)?), otherwise: None }),
            loaded => Ok(Self { model: Ok(loaded?), otherwise: Some(Box::new(otherwise)) }),
        }
    }

    /// Has the model do `work`, and where the graphics processor fails, do it once more on the processor, if it `may_repeat` by
    /// then.
    fn ask<T>(&mut self, mut work: impl FnMut(&mut M) -> Result<T>, may_repeat: impl FnOnce() -> bool) -> Result<T> {
        let model = self.model.as_mut().map_err(|error| error.clone())?;
        if self.otherwise.is_none() {
            return work(model);
        }
        match contained("The graphics processor", || work(model)) {
            Err(error) if is_failure(&error) => {
                self.fall_back(&error);
                let model = self.model.as_mut().map_err(|error| error.clone())?;
                if may_repeat() { work(model) } else { Err(error) }
            }
            done => done,
        }
    }

    fn fall_back(&mut self, error: &Error) {
        let Some(otherwise) = self.otherwise.take() else { return };
        // First, so that they need no room side by side; a driver that failed may fail at this, too.
        let failed = std::mem::replace(&mut self.model, Err(error.clone()));
        let _ = contained("The graphics processor", || {
            drop(failed);
            Ok(())
        });
        self.model = otherwise(error);
    }
}

fn is_failure(error: &Error) -> bool {
    FAILURES.contains(&error.code.as_str())
}

impl LanguageModel for OnGraphics<dyn LanguageModel> {
    fn generate(
        &mut self,
        prompt: &Prompt,
        options: &GenerateOptions,
        cancel: &Cancel,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Generation> {
        let begun = Cell::new(false);
        self.ask(
            |model| {
                model.generate(prompt, options, cancel, &mut |text| {
                    begun.set(begun.get() || !text.trim().is_empty());
                    on_text(text);
                })
            },
            || !begun.get(),
        )
    }

    fn warm_up(&mut self, beginning: &[Message]) -> Result<()> {
        self.ask(|model| model.warm_up(beginning), || true)
    }

    fn context_length(&self) -> usize {
        self.model.as_ref().map_or(0, |model| model.context_length())
    }

    fn parameters(&self) -> Option<u64> {
        self.model.as_ref().ok()?.parameters()
    }

    fn end_of_turn(&mut self, said: &str, cancel: &Cancel) -> Result<Option<f32>> {
        self.ask(|model| model.end_of_turn(said, cancel), || true)
    }

    fn point(
        &mut self,
        prompt: &[Message],
        lines: &[Range<usize>],
        question: Range<usize>,
        cancel: &Cancel,
    ) -> Result<Option<Pointed>> {
        self.ask(|model| model.point(prompt, lines, question.clone(), cancel), || true)
    }

    fn is_of_user(&mut self, prompt: &[Message], cancel: &Cancel) -> Result<Option<f32>> {
        self.ask(|model| model.is_of_user(prompt, cancel), || true)
    }
}

impl SpeechToText for OnGraphics<dyn SpeechToText> {
    fn transcribe(&mut self, samples: &[f32], cancel: &Cancel) -> Result<Transcript> {
        self.ask(|model| model.transcribe(samples, cancel), || true)
    }

    fn transcribe_expecting(&mut self, samples: &[f32], expected: &[&str], cancel: &Cancel) -> Result<Transcript> {
        self.ask(|model| model.transcribe_expecting(samples, expected, cancel), || true)
    }

    fn transcribe_partial(&mut self, samples: &[f32], cancel: &Cancel) -> Result<Transcript> {
        self.ask(|model| model.transcribe_partial(samples, cancel), || true)
    }

    fn transcribe_and_weigh(&mut self, samples: &[f32], words: &str, cancel: &Cancel) -> Result<Weighed> {
        self.ask(|model| model.transcribe_and_weigh(samples, words, cancel), || true)
    }

    fn warm_up(&mut self) -> Result<()> {
        self.ask(|model| model.warm_up(), || true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jarvis_core::{GenerationTimings, StopReason};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Says a word, after it failed so often with an error of this code; counts how many of its kind there are.
    struct Model(Option<&'static str>, usize, Arc<AtomicUsize>);

    impl Drop for Model {
        fn drop(&mut self) {
            self.2.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn fake(fails: Option<&'static str>, says_before: usize, alive: &Arc<AtomicUsize>) -> Box<dyn LanguageModel> {
        alive.fetch_add(1, Ordering::Relaxed);
        Box::new(Model(fails, says_before, Arc::clone(alive)))
    }

    impl LanguageModel for Model {
        fn generate(
            &mut self,
            _: &Prompt,
            _: &GenerateOptions,
            _: &Cancel,
            on_text: &mut dyn FnMut(&str),
        ) -> Result<Generation> {
            (0..self.1).for_each(|_| on_text("there "));
            match self.0 {
                Some("panic") => panic!("the driver is gone"),
                Some(code) => return Err(Error::new(code, "It failed.", "")),
                None => on_text("here"),
            }
            Ok(Generation {
                text: "here".into(),
                prompt_tokens: 1,
                cached_tokens: 0,
                generated_tokens: 1,
                dropped_messages: 0,
                stop_reason: StopReason::EndOfText,
                timings_ms: GenerationTimings::default(),
            })
        }
        fn warm_up(&mut self, _: &[Message]) -> Result<()> {
            self.0.map_or(Ok(()), |code| Err(Error::new(code, "It failed.", "")))
        }
        fn context_length(&self) -> usize {
            64
        }
        fn parameters(&self) -> Option<u64> {
            Some(self.1 as u64)
        }
    }

    fn on_graphics(fails: &'static str, says_before: usize) -> (OnGraphics<dyn LanguageModel>, Arc<AtomicUsize>) {
        let alive = Arc::new(AtomicUsize::new(0));
        let here = Arc::clone(&alive);
        let otherwise = move |_: &Error| {
            assert_eq!(here.load(Ordering::Relaxed), 0, "they need no room side by side");
            Ok(fake(None, 0, &here))
        };
        (OnGraphics::load(|| Ok(fake(Some(fails), says_before, &alive)), otherwise).unwrap(), alive)
    }

    fn ask(model: &mut OnGraphics<dyn LanguageModel>) -> (Result<Generation>, String) {
        let mut said = String::new();
        let options = GenerateOptions::default();
        let made = model.generate(&Prompt::Raw("Where?".into()), &options, &Cancel::new(), &mut |text| said += text);
        (made, said)
    }

    #[test]
    fn what_got_no_word_is_asked_again_on_the_processor() {
        for fails in ["llm.device", "panic"] {
            let (mut model, alive) = on_graphics(fails, 0);
            for _ in 0..2 {
                let (made, said) = ask(&mut model);
                assert_eq!((made.unwrap().text.as_str(), said.as_str()), ("here", "here"), "{fails}");
            }
            assert_eq!(alive.load(Ordering::Relaxed), 1);
        }
    }

    #[test]
    fn how_big_the_model_is_is_known_wherever_it_computes() {
        let (mut model, _) = on_graphics("llm.device", 3);
        assert_eq!((model.parameters(), model.context_length()), (Some(3), 64));
        model.warm_up(&[]).unwrap();
        assert_eq!(model.parameters(), Some(0), "that of the one on the processor");
    }

    #[test]
    fn what_was_begun_is_not_begun_again_and_the_next_is_answered() {
        let (mut model, _) = on_graphics("llm.device", 2);
        let (made, said) = ask(&mut model);
        assert_eq!((made.unwrap_err().code.as_str(), said.as_str()), ("llm.device", "there there "));
        assert_eq!(ask(&mut model).1, "here");
    }

    #[test]
    fn errors_that_are_not_its_own_stay_what_they_are() {
        let (mut model, _) = on_graphics("llm.prompt_too_long", 0);
        for _ in 0..2 {
            assert_eq!(ask(&mut model).0.unwrap_err().code, "llm.prompt_too_long");
        }
        let refused = |code: &'static str| {
            let alive = Arc::new(AtomicUsize::new(0));
            let load = || Err(Error::new(code, "It failed.", ""));
            OnGraphics::load(load, move |_| Ok(fake(None, 0, &alive))).map(|mut model| ask(&mut model).1)
        };
        assert_eq!(refused("llm.gpu").unwrap(), "here");
        assert_eq!(refused("llm.bad_model").unwrap_err().code, "llm.bad_model");
    }

    #[test]
    fn warming_up_falls_back_and_a_processor_without_room_is_told() {
        let (mut model, _) = on_graphics("llm.device", 0);
        model.warm_up(&[]).unwrap();
        assert_eq!(ask(&mut model).1, "here");

        let alive = Arc::new(AtomicUsize::new(0));
        let no_room = |_: &Error| Err(Error::new("models.memory", "There is no room.", ""));
        let mut model = OnGraphics::load(|| Ok(fake(Some("llm.device"), 0, &alive)), no_room).unwrap();
        for _ in 0..2 {
            assert_eq!(ask(&mut model).0.unwrap_err().code, "models.memory");
        }
    }
}
