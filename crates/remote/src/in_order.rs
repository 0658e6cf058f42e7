//! One model after the other: when the first fails before anything of an answer was given out, the second answers.
//!
//! Owns that order and nothing else. What was begun is never begun again by another: nobody wants to hear it twice.

use jarvis_core::{
    Cancel, Error, GenerateOptions, Generation, LanguageModel, Message, Pointed, Prompt, Result, SpeechAudio,
    SpeechToText, Synthesis, TextToSpeech, Transcript, Weighed,
};
use std::ops::Range;

/// Whether a failure of the first is one that the second can make good.
fn goes_on(error: &Error, begun: bool, cancel: &Cancel) -> bool {
    let goes_on = !begun && !error.is_cancelled() && !cancel.is_cancelled();
    if goes_on {
        tracing::info!(code = error.code, "another model answers");
    }
    goes_on
}

/// Two language models, either of which may not be there.
pub struct Minds {
    models: [Result<Box<dyn LanguageModel>>; 2],
    answered: usize,
}

impl Minds {
    /// Asks `first`, and `second` if that fails before its first words. One that isn't there is an error that says why.
    ///
    /// # Errors
    /// Neither is there; why the first isn't.
    pub fn new(first: Result<Box<dyn LanguageModel>>, second: Result<Box<dyn LanguageModel>>) -> Result<Self> {
        match (&first, &second) {
            (Err(error), Err(_)) => Err(error.clone()),
            _ => Ok(Self { models: [first, second], answered: 0 }),
        }
    }
}

impl LanguageModel for Minds {
    fn generate(
        &mut self,
        prompt: &Prompt,
        options: &GenerateOptions,
        cancel: &Cancel,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Generation> {
        let mut why = None;
        for (number, model) in self.models.iter_mut().enumerate() {
            let model = match model {
                Ok(model) => model,
                Err(error) => {
                    why.get_or_insert_with(|| error.clone());
                    continue;
                }
            };
            self.answered = number;
            let mut begun = false;
            let made = model.generate(prompt, options, cancel, &mut |text| {
                begun |= !text.trim().is_empty();
                on_text(text);
            });
            match made {
                Err(error) if goes_on(&error, begun, cancel) => {
                    why.get_or_insert(error);
                }
                made => return made,
            }
        }
        Err(why.unwrap_or_else(Error::cancelled))
    }

    fn warm_up(&mut self, beginning: &[Message]) -> Result<()> {
        // The other is there if one can't be made ready.
        let warm = self.models.iter_mut().flatten().map(|model| model.warm_up(beginning));
        warm.reduce(Result::or).unwrap_or(Ok(()))
    }

    fn context_length(&self) -> usize {
        self.models.iter().flatten().map(|model| model.context_length()).min().unwrap_or(0)
    }

    fn parameters(&self) -> Option<u64> {
        // Only one of our own knows, and only that is asked what stays here.
        self.models.iter().flatten().find_map(|model| model.parameters())
    }

    fn end_of_turn(&mut self, said: &str, cancel: &Cancel) -> Result<Option<f32>> {
        // The one that is about to answer: no answer waits for the other one's judgement.
        self.models.iter_mut().flatten().next().map_or(Ok(None), |model| model.end_of_turn(said, cancel))
    }

    fn is_of_user(&mut self, prompt: &[Message], cancel: &Cancel) -> Result<Option<f32>> {
        // Whichever can tell: what is of the user's own need not be sent to find out that it can't be answered.
        for model in self.models.iter_mut().flatten() {
            if let Some(likely) = model.is_of_user(prompt, cancel)? {
                return Ok(Some(likely));
            }
        }
        Ok(None)
    }

    fn sends_first(&self) -> bool {
        self.models.iter().flatten().next().is_some_and(|model| model.sends_first())
    }

    fn point(
        &mut self,
        prompt: &[Message],
        lines: &[Range<usize>],
        question: Range<usize>,
        cancel: &Cancel,
    ) -> Result<Option<Pointed>> {
        // What was seen stays here, so only one of our own is asked; a server tells nothing.
        for model in self.models.iter_mut().flatten() {
            if let Some(pointed) = model.point(prompt, lines, question.clone(), cancel)? {
                return Ok(Some(pointed));
            }
        }
        Ok(None)
    }

    fn answered_from(&self) -> Option<&str> {
        self.models[self.answered].as_ref().ok()?.answered_from()
    }
}

/// Two voices: the second speaks where the first has no sound for a clause.
pub struct Voices {
    first: Box<dyn TextToSpeech>,
    second: Box<dyn TextToSpeech>,
}

impl Voices {
    /// Speaks with `first`, and with `second` what that fails before its first sound, and what stays on this machine.
    pub fn new(first: Box<dyn TextToSpeech>, second: Box<dyn TextToSpeech>) -> Self {
        Self { first, second }
    }
}

impl TextToSpeech for Voices {
    fn sample_rate(&self) -> u32 {
        self.first.sample_rate()
    }

    fn synthesize(&mut self, text: &str, cancel: &Cancel) -> Result<SpeechAudio> {
        match self.first.synthesize(text, cancel) {
            Err(error) if goes_on(&error, false, cancel) => self.second.synthesize(text, cancel),
            made => made,
        }
    }

    fn stream(&mut self, text: &str, cancel: &Cancel, take: &mut dyn FnMut(SpeechAudio)) -> Result<Synthesis> {
        let mut begun = false;
        let made = self.first.stream(text, cancel, &mut |piece| {
            begun = true;
            take(piece);
        });
        match made {
            Err(error) if goes_on(&error, begun, cancel) => self.second.stream(text, cancel, take),
            made => made,
        }
    }

    /// The second alone: the first is the one that sends.
    fn stream_here(&mut self, text: &str, cancel: &Cancel, take: &mut dyn FnMut(SpeechAudio)) -> Result<Synthesis> {
        self.second.stream_here(text, cancel, take)
    }

    /// Only what is on this machine practises: nothing is sent that nobody asked for.
    fn prepare(&mut self, text: &str, cancel: &Cancel) -> Result<bool> {
        self.second.prepare(text, cancel)
    }

    fn set_rate(&mut self, rate: f32) {
        self.first.set_rate(rate);
        self.second.set_rate(rate);
    }

    fn warm_up(&mut self) -> Result<()> {
        let first = self.first.warm_up();
        self.second.warm_up().or(first)
    }
}

/// Two recognizers: the second hears what the first fails at, all that takes weighing, which the first can't do, and what is
/// only to be shown.
pub struct Ears {
    first: Box<dyn SpeechToText>,
    second: Box<dyn SpeechToText>,
}

impl Ears {
    /// Recognizes with `first`, and with `second` where that fails.
    pub fn new(first: Box<dyn SpeechToText>, second: Box<dyn SpeechToText>) -> Self {
        Self { first, second }
    }
}

impl SpeechToText for Ears {
    fn transcribe(&mut self, samples: &[f32], cancel: &Cancel) -> Result<Transcript> {
        match self.first.transcribe(samples, cancel) {
            Err(error) if goes_on(&error, false, cancel) => self.second.transcribe(samples, cancel),
            heard => heard,
        }
    }

    fn transcribe_expecting(&mut self, samples: &[f32], expected: &[&str], cancel: &Cancel) -> Result<Transcript> {
        self.second.transcribe_expecting(samples, expected, cancel)
    }

    fn transcribe_partial(&mut self, samples: &[f32], cancel: &Cancel) -> Result<Transcript> {
        self.second.transcribe_partial(samples, cancel)
    }

    fn transcribe_and_weigh(&mut self, samples: &[f32], words: &str, cancel: &Cancel) -> Result<Weighed> {
        self.second.transcribe_and_weigh(samples, words, cancel)
    }

    fn warm_up(&mut self) -> Result<()> {
        let first = self.first.warm_up();
        self.second.warm_up().or(first)
    }
}

#[cfg(test)]
mod tests;
