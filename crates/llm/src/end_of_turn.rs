//! Whether somebody who fell silent is done, from how a language model would go on with the words.
//!
//! Owns the probability that what comes next ends the sentence: a full stop, a question mark, a new line, the end of the
//! text. A model knows that without training for it (the turn detectors of voice frameworks are trained from models of this
//! family for this very probability), and knows it best after a few lines that are questions and requests as people ask them,
//! one a line; those are read once. Never decides how long to wait, and knows nothing of sound.

use jarvis_core::Cancel;

use crate::error::Result;
use crate::llama::Aside;
use crate::model::GgufModel;

/// What the question is a further line of.
const LINES: &str = "Tell me a joke.\nWhat is the capital of Spain?\nHow do plants grow?\nExplain gravity.\n\
    Give me an idea for a birthday present.\nWho wrote Hamlet?\n";
/// Tokens of the lines and a question; longer ones are not judged.
const MOST: usize = 192;
/// What recognition may have put at the end, whatever was said.
const MARKS: [char; 8] = ['.', '?', '!', '…', ',', ';', ':', '-'];

/// What was read of how questions end, beside the conversation.
#[derive(Default)]
pub(crate) struct Endings {
    /// Made when it is first needed, with the tokens that it has.
    aside: Option<(Aside, Vec<u32>)>,
}

impl GgufModel {
    /// Reads what every question is judged after, if the model can.
    ///
    /// # Errors
    /// A graphics processor failed.
    pub(crate) fn learn_endings(&mut self) -> Result<()> {
        if let Ok(ids) = self.tokenizer.encode(LINES)
            && ids.len() < MOST.min(self.llama.capacity())
        {
            self.beside_endings(|model| model.learn(&ids, &Cancel::new()))?;
        }
        Ok(())
    }

    /// See [`jarvis_core::LanguageModel::end_of_turn`].
    pub(crate) fn likely_end(&mut self, said: &str, cancel: &Cancel) -> Result<Option<f32>> {
        let said = said.trim().trim_end_matches(|c: char| c.is_whitespace() || MARKS.contains(&c));
        if said.is_empty() {
            return Ok(None);
        }
        let whole = self.end_after(said, cancel)?;
        // The noise of a room after a broken-off word is heard as an "s": then it has to be the end without that, too.
        match (whole, said.strip_suffix('s').filter(|rest| rest.ends_with(char::is_alphabetic))) {
            (Some(whole), Some(rest)) => Ok(self.end_after(rest, cancel)?.map(|other| whole.min(other))),
            _ => Ok(whole),
        }
    }

    fn end_after(&mut self, said: &str, cancel: &Cancel) -> Result<Option<f32>> {
        // What a line has in common with a longer one ends where it ends, whatever tokens there are.
        let mut ids = self.tokenizer.encode(&format!("{LINES}{said}"))?;
        let longer = self.tokenizer.encode(&format!("{LINES}{said} and"))?;
        let common = ids.iter().zip(&longer).take_while(|(one, other)| one == other).count();
        ids.truncate(common);
        if common == 0 || common > MOST.min(self.llama.capacity()) {
            return Ok(None);
        }
        self.beside_endings(|model| {
            let (_, complete) = model.prefill(&ids, cancel)?;
            let GgufModel { llama, tokenizer, .. } = model;
            let ends = |id| tokenizer.is_end(id) || ends_sentence(tokenizer.bytes(id));
            complete.then(|| Ok(share(llama.logits()?, ends))).transpose()
        })
    }

    /// Does `work` on what was read of how questions end.
    fn beside_endings<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let mut beside = self.endings.aside.take();
        let done = self.beside(&mut beside, MOST, work);
        self.endings.aside = beside;
        done
    }

    /// Does `work` on what is read beside the conversation, which is known afterwards as it was before: on `beside`, made with
    /// room for `most` tokens if there is none.
    pub(crate) fn beside<T>(
        &mut self,
        beside: &mut Option<(Aside, Vec<u32>)>,
        most: usize,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let (mut aside, mut read) = match beside.take() {
            Some(aside) => aside,
            None => (self.llama.aside(most)?, Vec::new()),
        };
        self.llama.swap(&mut aside);
        std::mem::swap(&mut self.read, &mut read);
        let done = work(self);
        std::mem::swap(&mut self.read, &mut read);
        self.llama.swap(&mut aside);
        *beside = Some((aside, read));
        done
    }
}

/// How likely it is, 0..=1, that one of the tokens that `counts` names comes next, by the scores `logits` of all.
fn share(logits: &[f32], counts: impl Fn(u32) -> bool) -> f32 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut all, mut counted) = (0.0, 0.0);
    for (token, logit) in (0..).zip(logits) {
        let weight = f64::from((logit - most).exp());
        all += weight;
        if counts(token) {
            counted += weight;
        }
    }
    (counted / all) as f32
}

/// Whether a token of these bytes ends a sentence, and begins no other word.
fn ends_sentence(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(b'.' | b'?' | b'!' | b'\n')) && !bytes.iter().any(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LoadOptions;
    use crate::testing::default_model;
    use jarvis_core::{GenerateOptions, LanguageModel, Message, Prompt, Role};
    use proptest::prelude::*;

    fn model() -> GgufModel {
        GgufModel::load(&default_model(), &LoadOptions { context_length: 256, threads: 2, ..LoadOptions::default() })
            .unwrap()
    }

    fn end(model: &mut GgufModel, said: &str) -> f32 {
        model.end_of_turn(said, &Cancel::new()).unwrap().unwrap()
    }

    #[test]
    fn whole_questions_end_and_broken_off_ones_go_on() {
        let mut model = model();
        for (half, rest) in [
            ("What is the capital of", " France"),
            ("Who was the first", " person on the moon"),
            ("Tell me something about the", " sea"),
            ("I am looking for a good", " book about the sea"),
            ("Why do we dream when we", " are asleep"),
        ] {
            let (half_ends, whole_ends) = (end(&mut model, half), end(&mut model, &format!("{half}{rest}?")));
            assert!(half_ends < 0.3 && whole_ends > 0.7, "{half}: {half_ends}, with {rest}: {whole_ends}");
        }
    }

    #[test]
    fn punctuation_says_nothing_and_an_s_that_may_be_noise_not_much() {
        let mut model = model();
        let plain = end(&mut model, "What is a black hole");
        for marked in ["What is a black hole?", "What is a black hole...", " What is a black hole, "] {
            assert_eq!(end(&mut model, marked), plain, "{marked}");
        }
        let broken_off = end(&mut model, "Tell me about the Roman");
        assert!(end(&mut model, "Tell me about the Romans.") <= broken_off, "broken off: {broken_off}");
    }

    #[test]
    fn a_conversation_is_known_after_it_as_before() {
        let question = Prompt::Chat(vec![Message::new(Role::User, "What is the capital of Italy?")]);
        let options = GenerateOptions { max_tokens: 24, ..GenerateOptions::default() };
        let generate =
            |model: &mut GgufModel| model.generate(&question, &options, &Cancel::new(), &mut |_| {}).unwrap();
        let mut model = model();
        let first = generate(&mut model);
        let judged = end(&mut model, "What is a black hole?");
        let second = generate(&mut model);
        assert_eq!((&first.text, second.cached_tokens), (&second.text, second.prompt_tokens - 1));
        assert_eq!(end(&mut model, "What is a black hole?"), judged);
    }

    #[test]
    fn nothing_said_too_much_said_and_no_time_are_no_judgement() {
        let mut model = model();
        let over = Cancel::new();
        over.cancel();
        assert_eq!(model.end_of_turn("What is a black hole?", &over).unwrap(), None);
        for said in ["", "...?", &"and so ".repeat(200)] {
            assert_eq!(model.end_of_turn(said, &Cancel::new()).unwrap(), None, "{said}");
        }
        assert!(end(&mut model, "What is a black hole?") > 0.7);
    }

    proptest! {
        #[test]
        fn shares_are_parts_of_one(logits in proptest::collection::vec(-30f32..30.0, 1..40), every in 1u32..5) {
            let one = share(&logits, |token| token % every == 0);
            let other = share(&logits, |token| token % every != 0);
            prop_assert!((0.0..=1.0).contains(&one) && (one + other - 1.0).abs() < 1e-5);
        }
    }
}
