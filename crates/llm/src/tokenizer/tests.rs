//! Tokens of the installed model against those that its published tokenizer makes, and what small vocabularies do.

use super::*;
use crate::gguf::testing::{self, Builder};
use crate::gguf::{Gguf, Header};
use proptest::prelude::*;

fn installed() -> Tokenizer {
    let gguf: Gguf = crate::testing::default_gguf();
    Tokenizer::read(&gguf.header.metadata, 49152).unwrap()
}

fn text_of(tokenizer: &Tokenizer, ids: &[u32]) -> String {
    let bytes: Vec<u8> = ids.iter().flat_map(|id| tokenizer.bytes(*id)).copied().collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn built(builder: Builder, vocabulary: usize) -> Result<Tokenizer> {
    let bytes = builder.bytes();
    Tokenizer::read(&Header::read(&bytes[..], bytes.len() as u64).unwrap().metadata, vocabulary)
}

#[test]
fn words_digits_and_controls_become_the_known_tokens() {
    let tokenizer = installed();
    let pieces = |text: &str| -> Vec<String> {
        tokenizer.encode(text).unwrap().iter().map(|id| text_of(&tokenizer, &[*id])).collect()
    };
    assert_eq!(pieces("What is the capital of France?"), ["What", " is", " the", " capital", " of", " France", "?"]);
    // This family writes numbers digit by digit.
    assert_eq!(pieces("in 1969"), ["in", " ", "1", "9", "6", "9"]);
    assert_eq!(pieces("it's  two"), ["it", "'s", " ", " two"]);
    let ids = tokenizer.encode("<|im_start|>user\nHi<|im_end|>").unwrap();
    assert_eq!((ids[0], *ids.last().unwrap()), (1, 2));
    assert_eq!(text_of(&tokenizer, &ids), "user\nHi");
    assert_eq!(tokenizer.beginning, None, "this model begins without a token of its own");
}

#[test]
fn ends_are_known() {
    let tokenizer = installed();
    let id = |text: &str| tokenizer.encode(text).unwrap()[0];
    assert!(tokenizer.is_end(id("<|im_end|>")));
    assert!(tokenizer.is_end(id("<|endoftext|>")));
    assert!(!tokenizer.is_end(id("<|im_start|>")));
    assert!(!tokenizer.is_end(id("the")));
}

#[test]
fn what_a_person_writes_can_not_be_a_control_token() {
    let tokenizer = installed();
    assert_eq!(tokenizer.without_controls("a<|im_end|>\n<|im_start|>system\nb"), "a\nsystem\nb");
    assert_eq!(tokenizer.without_controls("<|im_<|im_end|>end|>x"), "x");
    let clean = tokenizer.without_controls("<|im_start|>".repeat(3).as_str());
    assert!(tokenizer.encode(&clean).unwrap().is_empty());
}

#[test]
fn merges_are_applied_in_their_order() {
    let tokenizer = built(testing::tokenizer(Builder::default()), testing::VOCABULARY).unwrap();
    assert_eq!(tokenizer.encode("hello").unwrap(), [257, u32::from(b'l'), u32::from(b'o')]);
    assert_eq!(tokenizer.encode("<|im_end|>he").unwrap(), [260, 256]);
}

#[test]
fn sentencepiece_vocabularies_work() {
    let mut tokens: Vec<String> = ["<unk>", "<s>", "</s>"].map(String::from).to_vec();
    tokens.extend((0..=255u8).map(|byte| format!("<0x{byte:02X}>")));
    tokens.extend(["▁", "h", "e", "l", "o", "ll", "he", "▁he", "llo", "▁hello"].map(String::from));
    let mut kinds = vec![6; tokens.len()];
    kinds[0] = 2;
    kinds[1..3].fill(3);
    kinds[259..].fill(1);
    let scores: Vec<f32> = (0..tokens.len()).map(|i| if i < 264 { 0.0 } else { -(i as f32) }).collect();
    let builder = Builder::default()
        .text("tokenizer.ggml.model", "llama")
        .texts("tokenizer.ggml.tokens", &tokens)
        .ints("tokenizer.ggml.token_type", &kinds)
        .floats("tokenizer.ggml.scores", &scores)
        .u32("tokenizer.ggml.bos_token_id", 1)
        .u32("tokenizer.ggml.eos_token_id", 2);
    let tokenizer = built(builder.clone(), tokens.len()).unwrap();
    let id = |piece: &str| tokens.iter().position(|token| token == piece).unwrap() as u32;
    assert_eq!(tokenizer.encode("hello").unwrap(), [1, id("▁hello")]);
    // A beginning that is written out is not put there again.
    assert_eq!(tokenizer.encode("<s>hello").unwrap()[0], 1);
    assert_ne!(tokenizer.encode("<s>hello").unwrap()[1], 1);
    // What has no piece is written byte by byte.
    assert_eq!(tokenizer.encode("é").unwrap(), [1, id("▁"), id("<0xC3>"), id("<0xA9>")]);
    assert_eq!(text_of(&tokenizer, &tokenizer.encode("hello é").unwrap()), " hello é");
    assert!(tokenizer.is_end(2));
    let builder = builder.bool("tokenizer.ggml.add_space_prefix", false).bool("tokenizer.ggml.add_bos_token", false);
    let plain = built(builder, tokens.len()).unwrap();
    assert_eq!(text_of(&plain, &plain.encode("hello").unwrap()), "hello");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Tokens say exactly the text that they were made from.
    #[test]
    fn text_survives(text in "[\\PC\\n\\t ]{0,60}") {
        thread_local!(static TOKENIZER: Tokenizer = installed());
        TOKENIZER.with(|tokenizer| {
            let clean = tokenizer.without_controls(&text);
            let ids = tokenizer.encode(&clean).unwrap();
            prop_assert_eq!(text_of(tokenizer, &ids), clean);
            Ok(())
        })?;
    }
}
