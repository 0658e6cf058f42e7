//! From the bytes of tokens to pieces of text that can be shown and spoken at once.
//!
//! A token may end inside a character, and a stop string may begin in one token and end in another. So bytes are held
//! back until they are whole characters, and text is held back while it could still become a stop string.

use jarvis_core::{Error, Result};

/// Most stop strings, and most bytes of one.
const MAX_STOPS: usize = 16;
const MAX_STOP_BYTES: usize = 256;

/// Collects the text of one generation.
#[derive(Debug)]
pub(crate) struct TextStream {
    stops: Vec<String>,
    /// The end of a token that is not a whole character yet.
    bytes: Vec<u8>,
    /// Everything that was given out.
    text: String,
    /// Whole characters that may be the beginning of a stop string.
    held: String,
    stopped: bool,
}

/// Refuses stop strings that can't be matched.
pub(crate) fn check(stops: &[String]) -> Result<()> {
    if stops.len() > MAX_STOPS || stops.iter().any(|stop| stop.is_empty() || stop.len() > MAX_STOP_BYTES) {
        return Err(Error::new(
            "llm.bad_option",
            format!(
                "stop has {} texts; at most {MAX_STOPS} are allowed, each of 1 to {MAX_STOP_BYTES} bytes.",
                stops.len()
            ),
            "Give fewer, or shorter and not empty ones.",
        ));
    }
    Ok(())
}

impl TextStream {
    /// An empty text that ends before any of `stops`.
    pub(crate) fn new(stops: &[String]) -> Self {
        Self { stops: stops.to_vec(), bytes: Vec::new(), text: String::new(), held: String::new(), stopped: false }
    }

    /// Takes the bytes of the next token and gives out what is certain. `true` when a stop string came up; what is pushed
    /// after that is ignored.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut dyn FnMut(&str)) -> bool {
        if self.stopped {
            return true;
        }
        self.bytes.extend_from_slice(bytes);
        self.take_whole_characters();
        if let Some(at) = self.stops.iter().filter_map(|stop| self.held.find(stop.as_str())).min() {
            self.held.truncate(at);
            self.bytes.clear();
            self.give(self.held.len(), out);
            self.stopped = true;
            return true;
        }
        self.give(self.held.len() - self.undecided(), out);
        false
    }

    /// Gives out what was held back and returns the whole text. An unfinished character becomes U+FFFD.
    pub(crate) fn finish(mut self, out: &mut dyn FnMut(&str)) -> String {
        if !self.bytes.is_empty() && !self.stopped {
            self.held.push(char::REPLACEMENT_CHARACTER);
        }
        self.give(self.held.len(), out);
        self.text
    }

    /// Moves whole characters from `bytes` to `held`; bytes that can't be part of any become U+FFFD.
    fn take_whole_characters(&mut self) {
        let mut rest = self.bytes.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    self.held.push_str(text);
                    rest = &[];
                    break;
                }
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    self.held.push_str(std::str::from_utf8(good).unwrap_or_default());
                    rest = bad;
                    let Some(length) = error.error_len() else { break };
                    self.held.push(char::REPLACEMENT_CHARACTER);
                    rest = &rest[length..];
                }
            }
        }
        let left = rest.len();
        self.bytes.drain(..self.bytes.len() - left);
    }

    /// Bytes at the end of `held` that may be the beginning of a stop string.
    fn undecided(&self) -> usize {
        let held = self.held.as_bytes();
        let longest =
            |stop: &String| (1..stop.len().min(held.len() + 1)).rev().find(|n| held.ends_with(&stop.as_bytes()[..*n]));
        let mut bytes = self.stops.iter().filter_map(longest).max().unwrap_or(0);
        // A beginning may end inside a character; then the whole character waits.
        while !self.held.is_char_boundary(self.held.len() - bytes) {
            bytes += 1;
        }
        bytes
    }

    fn give(&mut self, bytes: usize, out: &mut dyn FnMut(&str)) {
        if bytes > 0 {
            out(&self.held[..bytes]);
            self.text.push_str(&self.held[..bytes]);
            self.held.drain(..bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(stops: &[&str], tokens: &[&[u8]]) -> (Vec<String>, String, bool) {
        let stops: Vec<String> = stops.iter().map(|s| s.to_string()).collect();
        let mut stream = TextStream::new(&stops);
        let mut pieces = Vec::new();
        let mut stopped = false;
        for token in tokens {
            stopped |= stream.push(token, &mut |piece| pieces.push(piece.to_owned()));
        }
        let text = stream.finish(&mut |piece| pieces.push(piece.to_owned()));
        (pieces, text, stopped)
    }

    #[test]
    fn a_character_split_over_tokens_comes_out_whole() {
        let (pieces, text, _) = run(&[], &[b"caf\xc3", b"\xa9 ", b"\xf0\x9f", b"\x98", b"\x80!"]);
        assert_eq!(pieces, ["caf", "é ", "😀!"]);
        assert_eq!(text, "café 😀!");
    }

    #[test]
    fn bytes_that_are_no_character_are_replaced() {
        assert_eq!(run(&[], &[b"a\xffb", b"\xe2\x82"]).1, "a\u{fffd}b\u{fffd}");
    }

    #[test]
    fn a_stop_string_over_token_borders_ends_the_text_before_it() {
        let (pieces, text, stopped) = run(&["\nUser:"], &[b"Yes.", b"\nUs", b"er", b": and", b" more"]);
        assert!(stopped);
        assert_eq!((text.as_str(), pieces), ("Yes.", vec!["Yes.".to_owned()]));
    }

    #[test]
    fn what_only_began_like_a_stop_string_is_given_out() {
        let (pieces, text, stopped) = run(&["</end>"], &[b"a</e", b"nt>", b"</en"]);
        assert!(!stopped);
        assert_eq!(text, "a</ent></en");
        assert_eq!(pieces.concat(), text);
    }

    #[test]
    fn absurd_stop_strings_are_refused() {
        assert!(check(&["".into()]).is_err());
        assert!(check(&["x".repeat(300)]).is_err());
        assert!(check(&vec!["x".into(); 17]).is_err());
        check(&["x".into(), "\n".into()]).unwrap();
    }

    proptest! {
        /// However the text is cut into tokens, the pieces join to the text up to the first stop string.
        #[test]
        fn cuts_do_not_matter(text in "[ab é😀]{0,40}", stops in prop::collection::vec("[ab é]{1,4}", 0..3), cuts in prop::collection::vec(1usize..6, 1..60)) {
            let expected = stops.iter().filter_map(|s| text.find(s.as_str())).min().map_or(text.as_str(), |at| &text[..at]);
            let mut rest = text.as_bytes();
            let mut tokens = Vec::new();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (token, after) = rest.split_at((*cut).min(rest.len()));
                tokens.push(token);
                rest = after;
            }
            let stops: Vec<&str> = stops.iter().map(String::as_str).collect();
            let (pieces, whole, _) = run(&stops, &tokens);
            // Two stop strings that overlap may be found in another order; the text never goes past the first that was complete.
            prop_assert!(whole == expected || (stops.len() > 1 && whole.starts_with(expected)));
            prop_assert_eq!(pieces.concat(), whole);
        }
    }
}
