//! How likely is it that what was said begins with these words?
//!
//! A small model that hears "hey Jarvis" badly writes "Hey, Travis." and is not sure of it; one that hears "hey Travis"
//! writes the same and is. So the decoder is asked, on the sound that it has already heard, how likely the words would be
//! as the beginning of the text, token by token. Never decides what follows from that.

use super::expected::log_add;
use super::{SttError, Whisper};
use jarvis_core::Cancel;

impl Whisper {
    /// How likely it is that the text begins with `words`, however they are written, against `text`, which the model wrote:
    /// natural logarithm. Both count as beginnings, as many tokens of the one as of the other: a long text, which is never
    /// likely as a whole, is not held for a doubtful one. The decoder has to have heard a window.
    pub(super) fn odds_of(&mut self, words: &str, text: &str, cancel: &Cancel) -> Result<f32, SttError> {
        self.begin()?;
        self.tokens.clear();
        self.forbid();
        let first = self.logits.clone();
        let spellings: Vec<Vec<u32>> = spellings(words).iter().map(|text| self.vocabulary.tokens(text)).collect();
        let most = spellings.iter().map(Vec::len).max().unwrap_or_default();
        let mut written = self.vocabulary.tokens(&format!(" {text}"));
        written.truncate(most);
        let mut of_words = f32::NEG_INFINITY;
        for spelling in &spellings {
            of_words = log_add(of_words, self.beginning(&first, spelling, cancel)?);
        }
        Ok(of_words.min(0.0) - self.beginning(&first, &written, cancel)?)
    }

    /// The natural logarithm of the probability that the text begins with `tokens`; what comes after them does not matter.
    /// `first` are the logits of its first token.
    fn beginning(&mut self, first: &[f32], tokens: &[u32], cancel: &Cancel) -> Result<f32, SttError> {
        self.decoder.rewind(self.prompt);
        self.logits.copy_from_slice(first);
        let mut likelihood = 0.0;
        for (index, token) in tokens.iter().enumerate() {
            likelihood += self.log_probability(*token);
            if index + 1 < tokens.len() {
                self.follow(*token, cancel)?;
            }
        }
        Ok(likelihood)
    }
}

/// The ways in which the model writes words that somebody is called by: "Hey, Jarvis", "hey Jarvis".
fn spellings(words: &str) -> Vec<String> {
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let Some((first, rest)) = words.split_first() else { return Vec::new() };
    let rests = [rest.join(" "), rest.iter().map(|word| capital(word)).collect::<Vec<_>>().join(" ")];
    let mut all: Vec<String> = Vec::new();
    for first in [capital(first), first.clone()] {
        for rest in &rests {
            for comma in [" ", ", "] {
                let text = if rest.is_empty() { format!(" {first}") } else { format!(" {first}{comma}{rest}") };
                if !all.contains(&text) {
                    all.push(text);
                }
            }
        }
    }
    all
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_written_in_several_ways() {
        assert_eq!(
            spellings("hey Jarvis"),
            [
                " Hey jarvis",
                " Hey, jarvis",
                " Hey Jarvis",
                " Hey, Jarvis",
                " hey jarvis",
                " hey, jarvis",
                " hey Jarvis",
                " hey, Jarvis"
            ]
        );
        assert_eq!(spellings("computer"), [" Computer", " computer"]);
        assert!(spellings(" ").is_empty());
    }
}
