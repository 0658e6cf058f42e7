//! Text to token numbers and back, from nothing but the model file.
//!
//! Owns: building the `tokenizers` pipeline that a file's metadata describes, the bytes that each token stands for, and
//! which tokens end a text. Never reads a template. Formats: `tokenizer.ggml.*` of the GGUF specification; byte-level
//! pieces as GPT-2 writes them, `▁` and `<0x0A>` pieces as SentencePiece does.

mod build;
#[cfg(test)]
mod tests;

use crate::error::{LlmError, Result};
use crate::gguf::{Metadata, Strings};

/// Tokens that a vocabulary may have; the largest known has 262 144.
const MAX_VOCABULARY: usize = 1 << 19;
/// Control tokens that end a message in the model families that are around, whatever else the file calls the end.
const END_TOKENS: [&str; 8] =
    ["<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|endoftext|>", "<|end_of_text|>", "<|end|>", "<end_of_turn>", "</s>"];

/// What a token is, by its number in `tokenizer.ggml.token_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenKind {
    Normal,
    /// Has a meaning for the model and none for the reader.
    Control,
    /// Text that is always one token.
    UserDefined,
    /// A single byte, written `<0x0A>`.
    Byte,
}

/// The tokenizer of one model.
pub(crate) struct Tokenizer {
    inner: tokenizers::Tokenizer,
    /// The bytes of all tokens end to end.
    bytes: Vec<u8>,
    ends: Vec<u32>,
    /// The text of each control token, longest first.
    controls: Vec<String>,
    end_ids: Vec<u32>,
    beginning: Option<u32>,
    beginning_text: String,
    end_text: String,
}

impl Tokenizer {
    /// Builds the tokenizer that `metadata` describes, for a model with `vocabulary` tokens.
    ///
    /// # Errors
    /// The file says too little, contradicts itself, or names a tokenizer that is not supported.
    pub(crate) fn read(metadata: &Metadata, vocabulary: usize) -> Result<Self> {
        let tokens = metadata
            .strings("tokenizer.ggml.tokens")?
            .ok_or_else(|| LlmError::malformed("it has no tokenizer (tokenizer.ggml.tokens)"))?;
        if tokens.len() != vocabulary || vocabulary > MAX_VOCABULARY {
            return Err(LlmError::malformed(format!(
                "its tokenizer has {} tokens and its weights have {vocabulary} (at most {MAX_VOCABULARY})",
                tokens.len()
            )));
        }
        let kinds = kinds(metadata, tokens)?;
        let model = metadata.text("tokenizer.ggml.model")?.unwrap_or_default();
        let sentencepiece = match model {
            "gpt2" => false,
            "llama" => true,
            other => {
                return Err(LlmError::unsupported(format!(
                    "its tokenizer is {other:?}; \"gpt2\" and \"llama\" are supported"
                )));
            }
        };
        let inner = build::pipeline(metadata, tokens, &kinds, sentencepiece)?;

        let mut bytes = Vec::with_capacity(tokens.text.len());
        let mut ends = Vec::with_capacity(vocabulary);
        let unprintable = unprintable_bytes();
        for (token, kind) in tokens.iter().zip(&kinds) {
            match kind {
                TokenKind::Control => {}
                TokenKind::UserDefined => bytes.extend_from_slice(token.as_bytes()),
                TokenKind::Byte => bytes.extend(byte_piece(token)),
                TokenKind::Normal if sentencepiece => bytes.extend_from_slice(token.replace('▁', " ").as_bytes()),
                TokenKind::Normal => token.chars().for_each(|c| byte_level(c, &unprintable, &mut bytes)),
            }
            ends.push(bytes.len() as u32);
        }

        let id = |key: &str| metadata.whole(key, 0..=u64::MAX);
        let in_vocabulary = |id: Option<usize>| id.filter(|id| *id < vocabulary).map(|id| id as u32);
        let end = in_vocabulary(id("tokenizer.ggml.eos_token_id")?);
        let mut end_ids: Vec<u32> = end.into_iter().chain(in_vocabulary(id("tokenizer.ggml.eot_token_id")?)).collect();
        let is_end = |(index, token): (usize, &str)| {
            (kinds[index] == TokenKind::Control && END_TOKENS.contains(&token)).then_some(index as u32)
        };
        end_ids.extend(tokens.iter().enumerate().filter_map(is_end));
        end_ids.sort_unstable();
        end_ids.dedup();

        let bos = in_vocabulary(id("tokenizer.ggml.bos_token_id")?);
        let llama3 = metadata.text("tokenizer.ggml.pre")? == Some("llama-bpe");
        let adds = metadata.boolean("tokenizer.ggml.add_bos_token")?.unwrap_or(sentencepiece || llama3);
        let text_of = |id: Option<u32>| id.and_then(|id| tokens.get(id as usize)).unwrap_or_default().to_owned();
        let mut controls: Vec<String> = tokens
            .iter()
            .zip(&kinds)
            .filter(|(token, kind)| **kind == TokenKind::Control && token.len() > 1)
            .map(|(token, _)| token.to_owned())
            .collect();
        controls.sort_by_key(|token| std::cmp::Reverse(token.len()));
        Ok(Self {
            inner,
            bytes,
            ends,
            controls,
            end_ids,
            beginning: bos.filter(|_| adds),
            beginning_text: text_of(bos),
            end_text: text_of(end),
        })
    }

    /// The tokens of `text`. Control tokens that are written out in it become those tokens; the token that begins every
    /// text of this model, if there is one, is put before it unless it is there already.
    ///
    /// # Errors
    /// The pipeline failed, which no text is known to cause.
    pub(crate) fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self.inner.encode_fast(text, false).map_err(LlmError::engine)?;
        let ids = encoding.get_ids();
        let missing = self.beginning.filter(|bos| ids.first() != Some(bos));
        Ok(missing.into_iter().chain(ids.iter().copied()).collect())
    }

    /// The same, and for each token the byte of `text` that it begins at.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub(crate) fn encode_with_starts(&self, text: &str) -> Result<(Vec<u32>, Vec<usize>)> {
        let encoding = self.inner.encode(text, false).map_err(LlmError::engine)?;
        let ids = encoding.get_ids();
        let missing = self.beginning.filter(|bos| ids.first() != Some(bos));
        let starts = missing.map(|_| 0).into_iter().chain(encoding.get_offsets().iter().map(|(start, _)| *start));
        Ok((missing.into_iter().chain(ids.iter().copied()).collect(), starts.collect()))
    }

    /// The bytes that a token adds to a text; none for control tokens.
    pub(crate) fn bytes(&self, token: u32) -> &[u8] {
        let index = token as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.bytes[start..self.ends[index] as usize]
    }

    /// Whether the model says with this token that it is done.
    pub(crate) fn is_end(&self, token: u32) -> bool {
        self.end_ids.binary_search(&token).is_ok()
    }

    /// The tokens with which the model says that it is done, in order.
    pub(crate) fn end_ids(&self) -> &[u32] {
        &self.end_ids
    }

    /// Tokens in the vocabulary.
    pub(crate) fn vocabulary(&self) -> usize {
        self.ends.len()
    }

    /// What a chat template calls `bos_token`.
    pub(crate) fn beginning_text(&self) -> &str {
        &self.beginning_text
    }

    /// What a chat template calls `eos_token`.
    pub(crate) fn end_text(&self) -> &str {
        &self.end_text
    }

    /// `text` without anything that would become a control token, so that what a person says can't pass for the end of
    /// their message and the beginning of another's.
    pub(crate) fn without_controls(&self, text: &str) -> String {
        let mut text = text.to_owned();
        // Taking one out may put another together.
        loop {
            let before = text.len();
            for control in &self.controls {
                if text.contains(control.as_str()) {
                    text = text.replace(control.as_str(), "");
                }
            }
            if text.len() == before {
                return text;
            }
        }
    }
}

fn kinds(metadata: &Metadata, tokens: &Strings) -> Result<Vec<TokenKind>> {
    let Some(numbers) = metadata.numbers("tokenizer.ggml.token_type")? else {
        return Ok(vec![TokenKind::Normal; tokens.len()]);
    };
    if numbers.len() != tokens.len() {
        return Err(LlmError::malformed(format!("it has {} tokens and {} token types", tokens.len(), numbers.len())));
    }
    Ok(numbers
        .iter()
        .map(|number| match *number as i64 {
            // Unknown, control and unused tokens are no text.
            2 | 3 | 5 => TokenKind::Control,
            4 => TokenKind::UserDefined,
            6 => TokenKind::Byte,
            _ => TokenKind::Normal,
        })
        .collect())
}

/// The byte that a piece like `<0x0A>` stands for.
fn byte_piece(token: &str) -> Option<u8> {
    u8::from_str_radix(token.strip_prefix("<0x")?.strip_suffix('>')?, 16).ok()
}

/// The bytes that byte-level pieces don't write as themselves, in order: the first stands as U+0100, and so on.
fn unprintable_bytes() -> Vec<u8> {
    (0..=255u8).filter(|byte| !matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff)).collect()
}

/// Appends what one character of a byte-level piece stands for.
fn byte_level(c: char, unprintable: &[u8], bytes: &mut Vec<u8>) {
    let code = c as u32;
    match unprintable.get(code.wrapping_sub(0x100) as usize) {
        Some(byte) => bytes.push(*byte),
        None if code < 0x100 => bytes.push(code as u8),
        // Not a byte-level character: a piece that was added as it is.
        None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}
