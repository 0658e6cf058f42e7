//! Builds the `tokenizers` pipeline of a model file.

use super::TokenKind;
use crate::error::{LlmError, Result};
use crate::gguf::{Metadata, Strings};
use std::collections::HashSet;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::{NormalizerWrapper, Prepend, Replace, Sequence as Normalizers};
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;
use tokenizers::{AddedToken, Tokenizer};

/// Merges that a vocabulary may have.
const MAX_MERGES: usize = 1 << 20;

/// How Llama 3 cuts a text into words (published in its `tokenizer.json`).
const LLAMA3_WORDS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// How Qwen 2 does: the same with digits one by one.
const QWEN2_WORDS: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The pipeline for the vocabulary `tokens`.
pub(super) fn pipeline(
    metadata: &Metadata,
    tokens: &Strings,
    kinds: &[TokenKind],
    sentencepiece: bool,
) -> Result<Tokenizer> {
    let vocabulary: Vocab = tokens.iter().zip(0..).map(|(token, id)| (token.to_owned(), id)).collect();
    let mut tokenizer =
        if sentencepiece { pieces(metadata, tokens, vocabulary)? } else { bytes(metadata, vocabulary)? };
    let special = tokens
        .iter()
        .zip(kinds)
        .filter(|(token, kind)| matches!(kind, TokenKind::Control | TokenKind::UserDefined) && !token.is_empty())
        .map(|(token, kind)| AddedToken::from(token, *kind == TokenKind::Control).normalized(false));
    tokenizer.add_tokens(special).map_err(LlmError::engine)?;
    Ok(tokenizer)
}

/// Byte pair encoding over bytes, as GPT-2 does it.
fn bytes(metadata: &Metadata, vocabulary: Vocab) -> Result<Tokenizer> {
    let merges = metadata
        .strings("tokenizer.ggml.merges")?
        .ok_or_else(|| LlmError::malformed("it says nothing about tokenizer.ggml.merges"))?;
    let pairs = merges
        .iter()
        .map(|merge| {
            // A piece may itself be a space only in vocabularies that are not byte-level.
            let (a, b) =
                merge.split_once(' ').ok_or_else(|| LlmError::malformed(format!("its merge {merge:?} is no pair")))?;
            Ok((a.to_owned(), b.to_owned()))
        })
        .collect::<Result<Vec<_>>>()?;
    let words = |pattern: &str| -> Result<PreTokenizerWrapper> {
        let pattern = SplitPattern::Regex(pattern.to_owned());
        Ok(Split::new(pattern, SplitDelimiterBehavior::Isolated, false).map_err(LlmError::engine)?.into())
    };
    let gpt2 = || PreTokenizerWrapper::from(ByteLevel::new(false, false, true));
    let plain = || PreTokenizerWrapper::from(ByteLevel::new(false, false, false));
    let name = metadata.text("tokenizer.ggml.pre")?.unwrap_or("gpt-2");
    let (before, whole_words) = match name {
        "gpt-2" | "gpt2" | "mpt" | "olmo" | "phi-2" | "jais" | "default" => (vec![gpt2()], false),
        "smollm" | "starcoder" | "refact" | "command-r" | "codeshell" => {
            (vec![Digits::new(true).into(), gpt2()], false)
        }
        "llama-bpe" | "llama3" | "llama-v3" => (vec![words(LLAMA3_WORDS)?, plain()], true),
        "qwen2" | "deepseek-r1-qwen" | "megrez" => (vec![words(QWEN2_WORDS)?, plain()], false),
        other => {
            return Err(LlmError::unsupported(format!(
                "its tokenizer cuts words by the rules {other:?}, which are not known here"
            )));
        }
    };
    let model = model(vocabulary, pairs, |builder| builder.ignore_merges(whole_words))?;
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_pre_tokenizer(Some(Sequence::new(before)));
    Ok(tokenizer)
}

/// SentencePiece's byte pair encoding: the merges follow from the pieces and their scores.
fn pieces(metadata: &Metadata, tokens: &Strings, vocabulary: Vocab) -> Result<Tokenizer> {
    let scores = metadata
        .numbers("tokenizer.ggml.scores")?
        .filter(|scores| scores.len() == tokens.len())
        .ok_or_else(|| LlmError::malformed("it has no score for each token (tokenizer.ggml.scores)"))?;
    // Of all ways to put a piece together the one with the best score comes first; among equals, the one whose parts have
    // the lower numbers.
    let mut merges: Vec<(f64, u32, u32, &str, &str)> = Vec::new();
    for (token, score) in tokens.iter().zip(&scores) {
        for (cut, _) in token.char_indices().skip(1) {
            let (a, b) = token.split_at(cut);
            if let (Some(&left), Some(&right)) = (vocabulary.get(a), vocabulary.get(b)) {
                merges.push((*score, left, right, a, b));
            }
            if merges.len() > MAX_MERGES {
                return Err(LlmError::malformed("its pieces can be put together in too many ways"));
            }
        }
    }
    merges.sort_by(|x, y| y.0.total_cmp(&x.0).then((x.1, x.2).cmp(&(y.1, y.2))));
    let mut known = HashSet::new();
    let pairs = merges
        .iter()
        .filter(|merge| known.insert((merge.1, merge.2)))
        .map(|(_, _, _, a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect();
    let unknown = metadata.whole("tokenizer.ggml.unknown_token_id", 0..=u64::MAX)?.and_then(|id| tokens.get(id));
    let unknown = unknown.unwrap_or("<unk>").to_owned();
    let model = model(vocabulary, pairs, |builder| builder.unk_token(unknown).fuse_unk(true).byte_fallback(true))?;
    let mut tokenizer = Tokenizer::new(model);
    let mut steps: Vec<NormalizerWrapper> = Vec::new();
    if metadata.boolean("tokenizer.ggml.add_space_prefix")?.unwrap_or(true) {
        steps.push(Prepend::new("▁".to_owned()).into());
    }
    steps.push(Replace::new(" ", "▁").map_err(LlmError::engine)?.into());
    tokenizer.with_normalizer(Some(Normalizers::new(steps))).map_err(LlmError::engine)?;
    Ok(tokenizer)
}

/// Builds the model after checking what the builder relies on.
fn model(
    vocabulary: Vocab,
    merges: Vec<(String, String)>,
    options: impl FnOnce(tokenizers::models::bpe::BpeBuilder) -> tokenizers::models::bpe::BpeBuilder,
) -> Result<BPE> {
    if merges.len() > MAX_MERGES {
        return Err(LlmError::malformed(format!("it has {} merges, more than {MAX_MERGES}", merges.len())));
    }
    // The builder copies both halves of a merge into a buffer that is as long as the longest token.
    let longest = vocabulary.keys().map(String::len).max().unwrap_or(0);
    if let Some((a, b)) = merges.iter().find(|(a, b)| a.len() + b.len() > longest) {
        return Err(LlmError::malformed(format!("its merge of {a:?} and {b:?} makes no token")));
    }
    options(BPE::builder().vocab_and_merges(vocabulary, merges))
        .build()
        .map_err(|error| LlmError::malformed(format!("its tokenizer contradicts itself: {error}")))
}
