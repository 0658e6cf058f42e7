//! Files that are cut off, contradict themselves, or lie about their size: refused by name, in little memory.

use super::testing::{Builder, RawTensor, small_family, small_model};
use super::*;
use crate::{Compute, GgufModel, LoadOptions};
use proptest::prelude::*;

const OPTIONS: LoadOptions = LoadOptions { context_length: 64, threads: 1, compute: Compute::Processor };

fn load(bytes: &[u8]) -> jarvis_core::Result<GgufModel> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, bytes).unwrap();
    GgufModel::load(file.path(), &OPTIONS)
}

/// The reason why a file is refused.
fn refusal(bytes: &[u8]) -> String {
    let error = load(bytes).expect_err("a broken file is refused");
    assert!(["llm.bad_model", "llm.unsupported_model", "llm.bad_template"].contains(&error.code.as_str()), "{error:?}");
    assert!(!error.hint.is_empty());
    error.message
}

fn small() -> Builder {
    small_model(TensorType::Q8_0, 8)
}

#[test]
fn a_sound_file_loads() {
    load(&small().bytes()).unwrap();
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let bytes = small().bytes();
    let header = small().header().len();
    // Every byte of the header, and some of the weights.
    for length in (0..header).chain((header..bytes.len()).step_by(997)) {
        let reason = Header::read(&bytes[..length], length as u64).expect_err("cut off").to_string();
        assert!(reason.contains("it ends") || reason.contains("more than fit"), "{length}: {reason}");
    }
    for length in [0, 3, 4, 8, 20, header / 2, header, bytes.len() - 1] {
        refusal(&bytes[..length]);
    }
}

#[test]
fn other_files_are_refused() {
    assert!(refusal(b"PK\x03\x04 something else entirely").contains("GGUF"));
    assert!(refusal(&[&b"GGUF"[..], &99u32.to_le_bytes(), &[0; 16]].concat()).contains("version 99"));
    let error = GgufModel::load(Path::new("/nonexistent/model.gguf"), &OPTIONS).unwrap_err();
    assert_eq!(error.code, "llm.unreadable_model");
    let folder = tempfile::tempdir().unwrap();
    assert!(GgufModel::load(folder.path(), &OPTIONS).unwrap_err().message.contains("not a file"));
}

#[test]
fn absurd_counts_are_refused_before_memory_is_reserved() {
    let bytes = small().bytes();
    for at in [8, 16] {
        for count in [u64::MAX, 1 << 40, 1 << 20, 70_000] {
            let mut bad = bytes.clone();
            bad[at..at + 8].copy_from_slice(&count.to_le_bytes());
            assert!(refusal(&bad).contains("more than fit"));
        }
    }
    let list = |id: u32, count: u64| [&9u32.to_le_bytes()[..], &id.to_le_bytes(), &count.to_le_bytes()].concat();
    for id in [0, 5, 8, 12] {
        for count in [u64::MAX, 1 << 61, 1 << 33] {
            assert!(refusal(&small().raw("tokenizer.ggml.scores", list(id, count)).bytes()).contains("more than fit"));
        }
    }
    assert!(refusal(&small().raw("x", list(9, 1)).bytes()).contains("unsupported type 9"));
    let long = [&8u32.to_le_bytes()[..], &u64::MAX.to_le_bytes()].concat();
    assert!(refusal(&small().raw("x", long).bytes()).contains("ends inside the value of x"));
}

#[test]
fn wrong_metadata_is_refused_by_name() {
    let cases = [
        (small().without("general.architecture"), "general.architecture"),
        (small().text("general.architecture", "mamba"), "mamba"),
        (small().u32("general.architecture", 3), "general.architecture is a whole number"),
        (small().without("llama.block_count"), "llama.block_count"),
        (small().u32("llama.block_count", 3), "blk.2.attn_q.weight"),
        (small().u32("llama.block_count", u32::MAX), "llama.block_count is 4294967295"),
        (small().u32("llama.embedding_length", 64), "token_embd.weight is 32 wide"),
        (small().u32("llama.embedding_length", 0), "llama.embedding_length is 0"),
        (small().u32("llama.attention.head_count", 0), "head_count is 0"),
        (small().u32("llama.attention.head_count", 4096), "head_count is 4096"),
        (small().u32("llama.attention.head_count_kv", 4096), "head_count_kv is 4096"),
        (small().u32("llama.attention.head_count", 3), "no multiple of its 3 heads"),
        (small().u32("llama.attention.head_count_kv", 3), "can't share 3"),
        (small().u32("llama.attention.key_length", 16), "blk.0.attn_q.weight is 32 x 32, not 64 x 32"),
        (small().u32("llama.rope.dimension_count", 7), "7 of a head's 8"),
        (small().u32("llama.rope.dimension_count", 64), "64 of a head's 8"),
        (small().u32("llama.feed_forward_length", 48), "feed-forward width 48"),
        (small().u32("llama.expert_count", 8), "experts"),
        (small().f32("llama.rope.freq_base", f32::NAN), "rope.freq_base"),
        // A 64-bit float that is too large for 32 bits.
        (
            small().raw("llama.rope.freq_base", [&12u32.to_le_bytes()[..], &1e300f64.to_le_bytes()].concat()),
            "rope.freq_base",
        ),
        (small().f32("llama.rope.freq_base", 0.0), "rope.freq_base is 0"),
        (small().text("llama.rope.scaling.type", "dynamic"), "dynamic"),
        (small().text("llama.rope.scaling.type", "yarn"), "rope.scaling.original_context_length"),
        (small().f32("llama.attention.layer_norm_rms_epsilon", -1.0), "epsilon is -1"),
        (small().without("llama.context_length"), "llama.context_length"),
        (small().u32("general.alignment", 0), "general.alignment is 0"),
        (small().without("blk.1.ffn_down.weight"), "blk.1.ffn_down.weight"),
        (small().without("output_norm.weight"), "output_norm.weight"),
        (small().norm("blk.0.ffn_up.bias", 64), "has a bias"),
        (small().norm("blk.0.attn_q.bias", 64), "blk.0.attn_q.bias is 1 x 64, not 1 x 32"),
        (small().norm("output_norm.weight", 64), "output_norm.weight is 1 x 64"),
        (small().without("tokenizer.ggml.tokens"), "no tokenizer"),
        (small().without("tokenizer.ggml.merges"), "tokenizer.ggml.merges"),
        (small().text("tokenizer.ggml.model", "bert"), "bert"),
        (small().text("tokenizer.ggml.pre", "viking"), "viking"),
        (small().texts("tokenizer.ggml.tokens", &["a", "b"]), "2 tokens and its weights have 261"),
        (small().ints("tokenizer.ggml.token_type", &[1, 1]), "2 token types"),
        (small().texts("tokenizer.ggml.merges", &["nospace"]), "no pair"),
        (small().texts("tokenizer.ggml.merges", &["a zz"]), "contradicts itself"),
        (small().texts("tokenizer.ggml.merges", &["<|endoftext|> <|endoftext|>"]), "makes no token"),
        (small().text("tokenizer.ggml.model", "llama"), "score"),
        (small().text("tokenizer.chat_template", "{% for %}"), "chat template fails"),
        (small().u32("tokenizer.chat_template", 1), "tokenizer.chat_template is a whole number"),
    ];
    for (builder, name) in cases {
        let reason = refusal(&builder.bytes());
        assert!(reason.contains(name), "{name}: {reason}");
    }
}

#[test]
fn wrong_tensors_are_refused_by_name() {
    let with = |change: &dyn Fn(&mut RawTensor)| {
        let mut builder = small();
        change(builder.tensors.iter_mut().find(|tensor| tensor.0 == "blk.0.attn_k.weight").unwrap());
        refusal(&builder.bytes())
    };
    assert!(with(&|t| t.2 = 19).contains("blk.0.attn_k.weight has the type 19"));
    assert!(with(&|t| t.1 = vec![33, 16]).contains("rows of 33"));
    assert!(with(&|t| t.1 = vec![0, 16]).contains("dimension of 0"));
    assert!(with(&|t| t.1 = vec![u64::MAX, u64::MAX]).contains("dimension of 18446744073709551615"));
    assert!(with(&|t| t.1 = vec![1 << 31, 1 << 31]).contains("blk.0.attn_k.weight"));
    assert!(with(&|t| t.1 = vec![]).contains("0 dimensions"));
    assert!(with(&|t| t.1 = vec![1; 9]).contains("9 dimensions"));
    assert!(with(&|t| t.1 = vec![16, 32]).contains("rows of 16"));
    assert!(with(&|t| t.1 = vec![32, 8]).contains("blk.0.attn_k.weight is 8 x 32, not 16 x 32"));
    assert!(with(&|t| t.0 = "blk.0.attn_q.weight".into()).contains("two tensors"));
    let twice = {
        let mut builder = small();
        builder.entries.push(builder.entries[0].clone());
        refusal(&builder.bytes())
    };
    assert!(twice.contains("twice"), "{twice}");
}

/// Every family's file with each number of its metadata and of its tensors' shapes replaced by bad ones in turn.
#[test]
fn every_number_of_every_family_s_header_is_checked() {
    for family in ["llama", "qwen2", "qwen3", "gemma2", "gemma3", "phi3"] {
        let sound = small_family(family, TensorType::Q8_0);
        load(&sound.bytes()).unwrap_or_else(|error| panic!("{family}: {error:?}"));
        for index in 0..sound.entries.len() {
            let (key, value) = &sound.entries[index];
            // A number, by its type; texts and lists have tests of their own.
            if ![4u32, 6].contains(&u32::from_le_bytes([value[0], value[1], value[2], value[3]])) {
                continue;
            }
            for bad in [u32::MAX, 0, 1, 1 << 31, f32::NAN.to_bits(), f32::INFINITY.to_bits(), (-1f32).to_bits()] {
                let mut builder = sound.clone();
                let kind = value[..4].to_vec();
                builder.entries[index].1 = [kind, bad.to_le_bytes().to_vec()].concat();
                if let Err(error) = load(&builder.bytes()) {
                    assert!(!error.message.is_empty() && !error.hint.is_empty(), "{family} {key}");
                }
            }
        }
        // Of the two lists of divisors only the one for this length is read.
        let read = (0..sound.tensors.len()).filter(|index| sound.tensors[*index].0 != "rope_factors_long.weight");
        for index in read {
            for change in [(0, 32), (0, 1 << 40), (1, 1), (1, u64::MAX)] {
                let mut builder = sound.clone();
                let dimensions = &mut builder.tensors[index].1;
                let Some(dimension) = dimensions.get_mut(change.0) else { continue };
                if std::mem::replace(dimension, change.1) != change.1 {
                    refusal(&builder.bytes());
                }
            }
            let mut builder = sound.clone();
            let name = builder.tensors.remove(index).0;
            // Some may be missing: divisors of angles, biases, an output of its own.
            let may_miss = ["rope_", ".bias", "output.weight"].iter().any(|part| name.contains(part));
            if !may_miss || name.contains("attn_output") {
                assert!(refusal(&builder.bytes()).contains(&name), "{family} {name}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whatever is wrong with a file, loading it ends with a model or a refusal: no panic, no runaway.
    #[test]
    fn damaged_files_never_panic(family in 0usize..9, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12), cut in prop::option::of(any::<prop::sample::Index>())) {
        let families = ["llama", "qwen2", "qwen3", "gemma2", "gemma3", "phi3"];
        let builder = if family < families.len() { small_family(families[family], TensorType::Q8_0) } else { small() };
        let header = builder.header().len();
        let mut bytes = builder.bytes();
        for (at, value) in changes {
            bytes[at.index(header)] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = load(&bytes);
    }
}
