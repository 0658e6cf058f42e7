//! The model's tokens: which bytes they stand for, which of them are signs to the model, and which are never text.
//!
//! Reads what recognition needs of `tokenizer.json`: tokens to text, and a short phrase to the tokens that the model would
//! write it with. Never knows what a phrase means.

use super::super::SttError;
use super::config::read_bounded;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::Path;

/// The largest `tokenizer.json` that is read; that of Whisper's largest model has 2.7 MB.
const MAX_BYTES: u64 = 32 << 20;

/// The part of `tokenizer.json` that is read.
#[derive(Deserialize)]
struct File {
    added_tokens: Vec<AddedToken>,
    model: Model,
}

#[derive(Deserialize)]
struct AddedToken {
    id: u32,
    content: String,
}

#[derive(Deserialize)]
struct Model {
    vocab: HashMap<String, u32>,
}

/// The tokens of a model.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// The bytes of all text tokens, and where each of them begins.
    bytes: Vec<u8>,
    starts: Vec<u32>,
    /// All text tokens in the order of their bytes, to find one by its bytes.
    sorted: Vec<u32>,
    /// `<|endoftext|>`: the first token that is a sign and no text.
    pub(super) end: u32,
    /// `<|startoftranscript|>`.
    pub(super) start: u32,
    /// `<|transcribe|>`.
    pub(super) transcribe: u32,
    /// `<|notimestamps|>`.
    pub(super) no_timestamps: u32,
    /// `<|nospeech|>`, in older files `<|nocaptions|>`.
    pub(super) no_speech: u32,
    /// ISO codes and tokens of the languages; empty if the model knows English only.
    pub(super) languages: Vec<(String, u32)>,
    /// Text tokens that stand for no speech: brackets, notes, speaker marks.
    pub(super) suppressed: Vec<u32>,
    /// A lone space, which may not be the first token.
    pub(super) space: u32,
    /// The full stop after a word.
    pub(super) full_stop: u32,
}

impl Vocabulary {
    /// Reads `tokenizer.json`, for a model with `size` tokens.
    pub(super) fn read(path: &Path, size: usize) -> Result<Self, SttError> {
        let text = read_bounded(path, MAX_BYTES)?;
        let file: File = serde_json::from_slice(&text).map_err(|error| SttError::damaged(path, error))?;
        Self::new(file, size).map_err(|reason| SttError::damaged(path, reason))
    }

    fn new(file: File, size: usize) -> Result<Self, String> {
        let signs: HashMap<&str, u32> = file.added_tokens.iter().map(|t| (t.content.as_str(), t.id)).collect();
        let sign = |name: &str| match signs.get(name) {
            Some(id) if (*id as usize) < size => Ok(*id),
            Some(id) => Err(format!("the token `{name}` has the number {id}, but the model has {size} tokens")),
            None => Err(format!("there is no token `{name}`")),
        };
        let end = sign("<|endoftext|>")?;

        let mut texts: Vec<Option<Vec<u8>>> = vec![None; end as usize];
        for (token, id) in &file.model.vocab {
            if let Some(slot) = texts.get_mut(*id as usize) {
                let bytes = token.chars().map(byte_of).collect::<Option<Vec<u8>>>();
                *slot =
                    Some(bytes.ok_or_else(|| format!("the token `{token}` has characters that stand for no byte"))?);
            }
        }
        let mut bytes = Vec::new();
        let mut starts = vec![0];
        let mut by_text = HashMap::new();
        for (id, text) in texts.into_iter().enumerate() {
            let text = text.ok_or_else(|| format!("there is no token with the number {id}"))?;
            bytes.extend_from_slice(&text);
            starts.push(bytes.len() as u32);
            by_text.insert(text, id as u32);
        }

        let mut sorted: Vec<u32> = by_text.values().copied().collect();
        let spelled = |token: u32| &bytes[starts[token as usize] as usize..starts[token as usize + 1] as usize];
        sorted.sort_unstable_by_key(|token| spelled(*token));

        // The multilingual models have one token more for each language than the English ones have use for.
        let languages = if size >= 51_865 { languages(&file.added_tokens, size) } else { Vec::new() };
        Ok(Self {
            bytes,
            starts,
            sorted,
            end,
            start: sign("<|startoftranscript|>")?,
            transcribe: sign("<|transcribe|>")?,
            no_timestamps: sign("<|notimestamps|>")?,
            no_speech: sign("<|nospeech|>").or_else(|_| sign("<|nocaptions|>"))?,
            languages,
            suppressed: suppressed(&by_text),
            space: by_text.get(&b" "[..]).copied().ok_or("there is no token for a space")?,
            full_stop: by_text.get(&b"."[..]).copied().ok_or("there is no token for a full stop")?,
        })
    }

    /// The text of `tokens`; signs are left out, broken characters replaced.
    pub(super) fn text(&self, tokens: &[u32]) -> String {
        let mut out = Vec::new();
        for token in tokens.iter().map(|token| *token as usize).filter(|token| *token < self.end as usize) {
            out.extend_from_slice(self.spelled(token as u32));
        }
        String::from_utf8_lossy(&out).into_owned()
    }

    /// The tokens that the model writes `text` with: byte pair encoding, in which the pair that was joined first when the
    /// vocabulary was made has the smallest number.
    pub(super) fn tokens(&self, text: &str) -> Vec<u32> {
        let mut out = Vec::new();
        for piece in pieces(text) {
            let bytes = piece.as_bytes();
            // Where the parts of the piece begin, and its end; at first each byte is a part.
            let mut parts: Vec<usize> = (0..=bytes.len()).collect();
            loop {
                let joined = |i: usize| Some((self.token(&bytes[parts[i]..parts[i + 2]])?, i + 1));
                let first = (0..parts.len().saturating_sub(2)).filter_map(joined).min();
                let Some((_, middle)) = first else { break };
                parts.remove(middle);
            }
            out.extend(parts.windows(2).filter_map(|ends| self.token(&bytes[ends[0]..ends[1]])));
        }
        out
    }

    /// The text token that stands for exactly these bytes.
    fn token(&self, bytes: &[u8]) -> Option<u32> {
        self.sorted.binary_search_by_key(&bytes, |token| self.spelled(*token)).ok().map(|at| self.sorted[at])
    }

    /// The bytes of a text token.
    fn spelled(&self, token: u32) -> &[u8] {
        &self.bytes[self.starts[token as usize] as usize..self.starts[token as usize + 1] as usize]
    }
}

/// The pieces that no token reaches across: a word, a number or other signs, each with the space before it, and English's
/// contractions.
fn pieces(text: &str) -> Vec<&str> {
    const CONTRACTIONS: [&str; 7] = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];
    let class = |c: char| [c.is_whitespace(), c.is_alphabetic(), c.is_numeric()];
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match CONTRACTIONS.iter().find(|short| rest.starts_with(**short)) {
            Some(short) => short.len(),
            None => {
                let after = rest[first.len_utf8()..].chars().next().filter(|after| !after.is_whitespace());
                let lead = if first == ' ' { after } else { None };
                let kind = class(lead.unwrap_or(first));
                let skip = usize::from(lead.is_some());
                if kind[0] {
                    first.len_utf8()
                } else {
                    skip + rest[skip..].find(|c| class(c) != kind).unwrap_or(rest.len() - skip)
                }
            }
        };
        let (piece, after) = rest.split_at(length);
        out.push(piece);
        rest = after;
    }
    out
}

/// The byte that a character of a byte-level vocabulary stands for: the printable ones for themselves, the others, in
/// order, for characters from U+0100.
fn byte_of(c: char) -> Option<u8> {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    match u32::from(c) {
        code @ 0..=0xFF => Some(code as u8).filter(|byte| printable(*byte)),
        code => (0..=u8::MAX).filter(|byte| !printable(*byte)).nth(code as usize - 0x100),
    }
}

/// The tokens `<|xx|>` and `<|xxx|>` that name languages.
fn languages(tokens: &[AddedToken], size: usize) -> Vec<(String, u32)> {
    let code = |content: &str| -> Option<String> {
        let code = content.strip_prefix("<|")?.strip_suffix("|>")?;
        let short = (2..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase());
        short.then(|| code.to_owned())
    };
    tokens.iter().filter(|t| (t.id as usize) < size).filter_map(|t| Some((code(&t.content)?, t.id))).collect()
}

/// What Whisper's own code never lets the model write: annotation instead of speech. Computed as there, from the symbols.
fn suppressed(by_text: &HashMap<Vec<u8>, u32>) -> Vec<u32> {
    const ALONE: &str = "\" # ( ) * + / : ; < = > @ [ \\ ] ^ _ ` { | } ~ 「 」 『 』 << >> <<< >>> -- --- -( -[ (' (\" (( )) ((( \
                         ))) [[ ]] {{ }} ♪♪ ♪♪♪";
    const NOTES: &str = "♩ ♪ ♫ ♬ ♭ ♮ ♯";
    let mut out = Vec::new();
    // A dash and an apostrophe may stand within a word, and not at its beginning.
    out.extend([" -", " '"].iter().filter_map(|text| by_text.get(text.as_bytes())));
    for symbol in ALONE.split_whitespace() {
        out.extend(by_text.get(symbol.as_bytes()));
        out.extend(by_text.get(format!(" {symbol}").as_bytes()));
    }
    for note in NOTES.split_whitespace() {
        // A note may be more than one token: the first of them, which is the longest beginning that is a token.
        for text in [note.to_owned(), format!(" {note}")] {
            let bytes = text.as_bytes();
            out.extend((1..=bytes.len()).rev().find_map(|length| by_text.get(&bytes[..length])));
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with every byte as a token, and then the signs.
    fn file(signs: &[&str]) -> File {
        let letters: HashMap<String, u32> = (0..=0x143u32)
            .filter_map(char::from_u32)
            .filter_map(|c| byte_of(c).map(|byte| (c.to_string(), u32::from(byte))))
            .collect();
        assert_eq!(letters.len(), 256);
        let added_tokens = signs
            .iter()
            .enumerate()
            .map(|(i, name)| AddedToken { id: 256 + i as u32, content: (*name).into() })
            .collect();
        File { added_tokens, model: Model { vocab: letters } }
    }

    const SIGNS: [&str; 7] = [
        "<|endoftext|>",
        "<|startoftranscript|>",
        "<|en|>",
        "<|translate|>",
        "<|transcribe|>",
        "<|nocaptions|>",
        "<|notimestamps|>",
    ];

    #[test]
    fn every_byte_comes_back() {
        let vocabulary = Vocabulary::new(file(&SIGNS), 300).unwrap();
        let tokens: Vec<u32> = "naïve café ♪ \n".bytes().map(u32::from).collect();
        assert_eq!(vocabulary.text(&tokens), "naïve café ♪ \n");
        assert_eq!(vocabulary.text(&[256, 257, u32::from(b'a'), 4_000_000_000]), "a");
        assert_eq!(vocabulary.text(&[0xC3]), "\u{FFFD}");
        assert!(vocabulary.languages.is_empty());
    }

    #[test]
    fn pieces_are_words_numbers_and_signs() {
        assert_eq!(pieces(" Stop talking, it's 10!"), [" Stop", " talking", ",", " it", "'s", " 10", "!"]);
        assert_eq!(pieces(" "), [" "]);
        assert_eq!(pieces("  ¡olé! "), [" ", " ¡", "olé", "!", " "]);
        assert!(pieces("").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn text_comes_back_from_its_tokens(text in ".{0,40}") {
            assert_eq!(pieces(&text).concat(), text);
            let vocabulary = Vocabulary::new(file(&SIGNS), 300).unwrap();
            assert_eq!(vocabulary.text(&vocabulary.tokens(&text)), text);
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (i, name) in SIGNS.iter().enumerate().filter(|(_, name)| !["<|en|>", "<|translate|>"].contains(name)) {
            let mut signs = SIGNS;
            signs[i] = "<|other|>";
            let error = Vocabulary::new(file(&signs), 300).unwrap_err();
            assert!(error.contains(name) || *name == "<|endoftext|>", "{error}");
        }
        assert!(Vocabulary::new(file(&SIGNS), 258).unwrap_err().contains("258 tokens"));
        let mut holey = file(&SIGNS);
        holey.model.vocab.remove("a");
        assert!(Vocabulary::new(holey, 300).unwrap_err().contains("97"));
        let mut odd = file(&SIGNS);
        odd.model.vocab.insert("中".into(), 97);
        assert!(Vocabulary::new(odd, 300).unwrap_err().contains("中"));
    }
}
