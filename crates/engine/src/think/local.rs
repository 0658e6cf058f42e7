//! The language model of this program, which stays where it is while what stands before or behind it changes.
//!
//! Owns the model, when it computes, and how it comes back after memory was short. The mind has one handle and the thinking
//! thread another, so that other servers can be put beside it without loading it again. Never chooses a model.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jarvis_core::{
    Cancel, Error, GenerateOptions, Generation, LanguageModel, Message as ChatMessage, Pointed, Prompt, Result,
};

use crate::heavy::Heavy;

/// Loads the model again.
type Loader = Box<dyn FnMut() -> Result<Box<dyn LanguageModel>> + Send>;

/// Where the model is.
enum Seat {
    /// There is none, and why.
    Absent(Error),
    Here(Box<dyn LanguageModel>),
    /// It is loaded with the next question that it has to answer.
    Away(Loader),
}

/// A language model that computes only while it holds the right to, and lets synthesis go first between two pieces of text.
/// Clones are the same model.
#[derive(Clone)]
pub(super) struct Local {
    seat: Arc<Mutex<Seat>>,
    heavy: Heavy,
}

impl Local {
    /// No model, for the reason `why`.
    pub(super) fn absent(heavy: Heavy, why: Error) -> Self {
        Self { seat: Arc::new(Mutex::new(Seat::Absent(why))), heavy }
    }

    /// Takes this model, or the reason why there is none, in the place of the one before.
    pub(super) fn set(&self, model: Result<Box<dyn LanguageModel>>) {
        let seat = model.map_or_else(Seat::Absent, Seat::Here);
        // What was there before is dropped after the lock: that may take a moment.
        let _before = std::mem::replace(&mut *self.seat(), seat);
    }

    /// Lets go of the model until it is needed; `load` brings one back, and is called again with the next question where it
    /// fails. Nothing where none is here.
    pub(super) fn let_go(&self, load: impl FnMut() -> Result<Box<dyn LanguageModel>> + Send + 'static) {
        let mut seat = self.seat();
        if let Seat::Here(_) = &*seat {
            let _before = std::mem::replace(&mut *seat, Seat::Away(Box::new(load)));
        }
    }

    /// Whether it is in memory.
    pub(super) fn is_here(&self) -> bool {
        matches!(&*self.seat(), Seat::Here(_))
    }

    /// This handle for who asks it, or why there is nothing to ask.
    pub(super) fn ask(&self) -> Result<Box<dyn LanguageModel>> {
        match &*self.seat() {
            Seat::Absent(why) => Err(why.clone()),
            Seat::Here(_) | Seat::Away(_) => Ok(Box::new(self.clone())),
        }
    }

    /// A model that panicked leaves the lock poisoned; whoever loads the next one takes its place.
    fn seat(&self) -> MutexGuard<'_, Seat> {
        self.seat.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// The model, brought back if it was let go of.
    fn model(&mut self) -> Result<&mut dyn LanguageModel> {
        if let Seat::Away(load) = self {
            *self = Seat::Here(load()?);
        }
        match self {
            Seat::Here(model) => Ok(model.as_mut()),
            Seat::Absent(why) => Err(why.clone()),
            Seat::Away(_) => unreachable!("it was just brought back"),
        }
    }
}

impl LanguageModel for Local {
    fn generate(
        &mut self,
        prompt: &Prompt,
        options: &GenerateOptions,
        cancel: &Cancel,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Generation> {
        let mut seat = self.seat();
        let model = seat.model()?;
        let heavy = &self.heavy;
        let mut right = Some(heavy.take());
        model.generate(prompt, options, cancel, &mut |text| {
            right = None;
            on_text(text);
            right = Some(heavy.take());
        })
    }

    /// Without the right: at the start everything loads side by side.
    fn warm_up(&mut self, beginning: &[ChatMessage]) -> Result<()> {
        self.seat().model()?.warm_up(beginning)
    }

    /// None of one that was let go of: to bring it back would take longer than the pause that is judged.
    fn end_of_turn(&mut self, said: &str, cancel: &Cancel) -> Result<Option<f32>> {
        let Seat::Here(model) = &mut *self.seat() else { return Ok(None) };
        let _right = self.heavy.take();
        model.end_of_turn(said, cancel)
    }

    /// One that was let go of is brought back: no skill knows the question, so that the model would be asked it anyway.
    fn is_of_user(&mut self, prompt: &[ChatMessage], cancel: &Cancel) -> Result<Option<f32>> {
        let mut seat = self.seat();
        let model = seat.model()?;
        let _right = self.heavy.take();
        model.is_of_user(prompt, cancel)
    }

    fn point(
        &mut self,
        prompt: &[ChatMessage],
        lines: &[Range<usize>],
        question: Range<usize>,
        cancel: &Cancel,
    ) -> Result<Option<Pointed>> {
        // None of one that was let go of: what the words alone lead to is not worth the loading.
        let Seat::Here(model) = &mut *self.seat() else { return Ok(None) };
        let _right = self.heavy.take();
        model.point(prompt, lines, question, cancel)
    }

    fn context_length(&self) -> usize {
        self.seat().model().map_or(0, |model| model.context_length())
    }

    fn parameters(&self) -> Option<u64> {
        self.seat().model().ok()?.parameters()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jarvis_core::{GenerationTimings, StopReason};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Says a word; counts how many of its kind there are.
    struct Model(&'static str, Arc<AtomicUsize>);

    impl Model {
        fn boxed(word: &'static str, alive: &Arc<AtomicUsize>) -> Box<dyn LanguageModel> {
            alive.fetch_add(1, Ordering::Relaxed);
            Box::new(Self(word, Arc::clone(alive)))
        }
    }

    impl Drop for Model {
        fn drop(&mut self) {
            self.1.fetch_sub(1, Ordering::Relaxed);
        }
    }

    impl LanguageModel for Model {
        fn generate(
            &mut self,
            _: &Prompt,
            _: &GenerateOptions,
            _: &Cancel,
            on_text: &mut dyn FnMut(&str),
        ) -> Result<Generation> {
            on_text(self.0);
            Ok(Generation {
                text: self.0.into(),
                prompt_tokens: 1,
                cached_tokens: 0,
                generated_tokens: 1,
                dropped_messages: 0,
                stop_reason: StopReason::EndOfText,
                timings_ms: GenerationTimings::default(),
            })
        }
        fn warm_up(&mut self, _: &[ChatMessage]) -> Result<()> {
            Ok(())
        }
        fn context_length(&self) -> usize {
            64
        }
        fn parameters(&self) -> Option<u64> {
            Some(135_000_000)
        }
        fn end_of_turn(&mut self, _: &str, _: &Cancel) -> Result<Option<f32>> {
            Ok(Some(0.5))
        }
    }

    fn none() -> Error {
        Error::new("test.none", "There is none.", "")
    }

    fn ask(model: &mut dyn LanguageModel) -> Result<String> {
        let mut said = String::new();
        let options = GenerateOptions::default();
        model.generate(&Prompt::Raw("What?".into()), &options, &Cancel::new(), &mut |text| said += text)?;
        Ok(said)
    }

    #[test]
    fn handles_that_were_given_out_ask_the_model_that_is_there_now_and_keep_none_alive() {
        let alive = Arc::new(AtomicUsize::new(0));
        let local = Local::absent(Heavy::default(), none());
        assert_eq!(local.ask().err(), Some(none()));
        local.set(Ok(Model::boxed("one", &alive)));
        let (mut first, mut second) = (local.ask().unwrap(), local.ask().unwrap());
        assert_eq!((ask(&mut *first).unwrap(), ask(&mut *second).unwrap()), ("one".into(), "one".into()));
        local.set(Ok(Model::boxed("two", &alive)));
        assert_eq!((ask(&mut *first).unwrap(), alive.load(Ordering::Relaxed)), ("two".into(), 1));
        local.set(Err(none()));
        assert_eq!((ask(&mut *second).err(), alive.load(Ordering::Relaxed)), (Some(none()), 0));
    }

    #[test]
    fn one_that_was_let_go_of_comes_back_with_the_next_question_and_is_tried_again_where_that_fails() {
        let alive = Arc::new(AtomicUsize::new(0));
        let local = Local::absent(Heavy::default(), none());
        local.let_go(|| unreachable!("there was none"));
        assert_eq!(local.ask().err(), Some(none()));
        local.set(Ok(Model::boxed("before", &alive)));
        let (mut tries, here) = (0, Arc::clone(&alive));
        local.let_go(move || {
            tries += 1;
            if tries == 1 { Err(none()) } else { Ok(Model::boxed("again", &here)) }
        });
        assert_eq!((local.is_here(), alive.load(Ordering::Relaxed)), (false, 0));
        let mut model = local.ask().expect("it can be asked");
        assert_eq!(model.end_of_turn("why", &Cancel::new()).unwrap(), None, "that brings none back");
        assert_eq!(ask(&mut *model).err(), Some(none()));
        assert_eq!(ask(&mut *model).unwrap(), "again");
        assert_eq!(model.end_of_turn("why", &Cancel::new()).unwrap(), Some(0.5));
        assert!(local.is_here());
    }

    #[test]
    fn what_is_asked_of_it_is_known_of_one_that_was_let_go_of() {
        let alive = Arc::new(AtomicUsize::new(0));
        let local = Local::absent(Heavy::default(), none());
        local.set(Ok(Model::boxed("one", &alive)));
        let here = Arc::clone(&alive);
        local.let_go(move || Ok(Model::boxed("again", &here)));
        let model = local.ask().unwrap();
        assert_eq!((model.parameters(), model.context_length()), (Some(135_000_000), 64));
    }

    #[test]
    fn the_right_to_compute_is_free_while_a_piece_of_text_is_given_out() {
        let heavy = Heavy::default();
        let local = Local::absent(heavy.clone(), none());
        local.set(Ok(Model::boxed("word", &Arc::default())));
        let mut pieces = 0;
        let options = GenerateOptions::default();
        local
            .ask()
            .unwrap()
            .generate(&Prompt::Raw("What?".into()), &options, &Cancel::new(), &mut |_| {
                // Would wait for ever if the model held it.
                drop(heavy.take());
                pieces += 1;
            })
            .unwrap();
        assert_eq!(pieces, 1);
    }
}
