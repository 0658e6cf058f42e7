//! The forward pass against candle's own, and against itself.

use super::output::Output;
use super::*;
use crate::bench::cosine;
use crate::kernels::{Form, LANES, Lane, Pages};
use crate::testing::default_gguf;
use crate::tokenizer::Tokenizer;
use candle_core::quantized::gguf_file;
use candle_core::{Device, Tensor};
use candle_transformers::models::quantized_llama::ModelWeights;

const TEXT: &str = "<|im_start|>system\nYou are a helpful AI assistant.<|im_end|>\n<|im_start|>user\nWhy is the sky blue, \
    and why does it turn red when the sun goes down? Answer in two sentences.<|im_end|>\n<|im_start|>assistant\nThe sky \
    looks blue because the air scatters short waves of light more than long ones. At sunset the light passes through";

fn load(positions: usize, threads: usize, kernel: Kernel) -> Llama {
    let gguf = default_gguf();
    let config = Config::read(&gguf, positions).unwrap();
    Llama::load(&gguf, config, positions, threads, kernel).unwrap()
}

fn tokens() -> Vec<u32> {
    let gguf = default_gguf();
    Tokenizer::read(&gguf.header.metadata, 49152).unwrap().encode(TEXT).unwrap()
}

fn best(logits: &[f32]) -> u32 {
    crate::sampling::likeliest(logits).unwrap().0
}

/// Scores after each prefix whose length is in `ends`, as candle computes them.
fn candle_logits(tokens: &[u32], ends: &[usize]) -> Vec<Vec<f32>> {
    let mut file = std::fs::File::open(crate::testing::default_model()).unwrap();
    let content = gguf_file::Content::read(&mut file).unwrap();
    let mut model = ModelWeights::from_gguf(content, &mut file, &Device::Cpu).unwrap();
    ends.iter()
        .map(|end| {
            let input = Tensor::new(&tokens[..*end], &Device::Cpu).unwrap().unsqueeze(0).unwrap();
            model.forward(&input, 0).unwrap().squeeze(0).unwrap().to_vec1().unwrap()
        })
        .collect()
}

#[test]
fn scores_are_those_of_candle() {
    let tokens = tokens();
    assert!(tokens.len() > 64, "{}", tokens.len());
    let ends = [1, 2, 5, 17, 33, 64, tokens.len()];
    let expected = candle_logits(&tokens, &ends);
    let mut model = load(256, 2, Kernel::detect());
    for (end, expected) in ends.into_iter().zip(expected) {
        model.truncate(0);
        for chunk in tokens[..end].chunks(CHUNK) {
            assert!(model.read(chunk, &Cancel::new()));
        }
        let logits = model.logits();
        let cosine = cosine(logits, &expected);
        eprintln!("{end} tokens: cosine {cosine:.6}, top {} / {}", best(logits), best(&expected));
        // Both round their activations to eight bits, and where one rounds up and the other down they drift apart. Neither
        // is exact: how far each is from that is the next test.
        assert!(cosine > 0.995, "{end} tokens: cosine {cosine}");
        assert_eq!(best(logits), best(&expected), "{end} tokens");
    }
}

/// The same weights as 32-bit floats, so that no activation is rounded.
fn widened(matrix: &Packed, pages: &mut Pages) -> Packed {
    widened_rows(matrix.rows, matrix.cols, |row, floats| matrix.row(row, floats), pages)
}

/// The same of `rows` rows that `write` writes.
fn widened_rows(rows: usize, cols: usize, write: impl Fn(usize, &mut [f32]), pages: &mut Pages) -> Packed {
    let mut wide = Packed::zeros(rows, cols, Form::Single, pages).unwrap();
    let (stride, mut row) = (wide.group_lines(), vec![0.0; cols]);
    for index in 0..rows {
        write(index, &mut row);
        let bytes: Vec<u8> = row.iter().flat_map(|weight| weight.to_le_bytes()).collect();
        let lines = &mut wide.quants[index / LANES * stride..][..stride];
        Lane { lane: index % LANES, form: Form::Single, lines, scales: &mut [] }.floats::<4>(&bytes);
    }
    wide
}

/// The default model with [`widened`] weights.
pub(super) fn load_exact(positions: usize) -> Llama {
    let mut model = load(positions, 2, Kernel::detect());
    let pages = &mut Pages::default();
    for layer in &mut model.weights.layers {
        let linear = [&mut layer.query, &mut layer.key, &mut layer.value, &mut layer.attention_out];
        let linear = linear.map(|linear| &mut linear.weights);
        for matrix in linear.into_iter().chain([&mut layer.gate, &mut layer.up, &mut layer.down]) {
            *matrix = widened(matrix, pages);
        }
    }
    model.weights.embedding = model.weights.embedding.as_ref().map(|matrix| widened(matrix, pages));
    let output = &model.weights.output;
    let (rows, width) = (model.config.vocabulary, model.config.width);
    model.weights.output = Output::Whole(widened_rows(rows, width, |row, floats| output.row(row, floats), pages));
    model.scratch = Scratch::new(&model.config, positions, model.team.threads(), true);
    model
}

#[test]
fn rounding_activations_costs_a_tenth_of_what_it_does_in_candle() {
    let tokens = tokens();
    let after_each = |model: &mut Llama| -> Vec<Vec<f32>> {
        let mut after = |token: &u32| {
            assert!(model.read_closely(*token, &Cancel::new()));
            model.logits().to_vec()
        };
        tokens.iter().map(&mut after).collect()
    };
    let exact = after_each(&mut load_exact(128));
    // How far scores are from those of activations that are not rounded, on average: 1 minus the cosine.
    let distance = |name: &str, scores: &[Vec<f32>]| {
        let each = || scores.iter().zip(&exact);
        let mean = each().map(|(scores, exact)| 1.0 - cosine(scores, exact)).sum::<f64>() / exact.len() as f64;
        let same = each().filter(|(scores, exact)| best(scores) == best(exact)).count();
        eprintln!("{name}: mean cosine {:.6}, {same} of {} tops the same", 1.0 - mean, exact.len());
        (mean, same as f64 / exact.len() as f64)
    };
    let mut file = std::fs::File::open(crate::testing::default_model()).unwrap();
    let content = gguf_file::Content::read(&mut file).unwrap();
    let mut model = ModelWeights::from_gguf(content, &mut file, &Device::Cpu).unwrap();
    let mut step = |(position, token): (usize, &u32)| -> Vec<f32> {
        let input = Tensor::new(&[*token], &Device::Cpu).unwrap().unsqueeze(0).unwrap();
        model.forward(&input, position).unwrap().squeeze(0).unwrap().to_vec1().unwrap()
    };
    let (theirs, _) = distance("candle", &tokens.iter().enumerate().map(&mut step).collect::<Vec<_>>());
    let (ours, same) = distance("ours", &after_each(&mut load(128, 2, Kernel::detect())));
    // Sixteen bits leave next to nothing of it.
    assert!(ours < 1e-4 && same >= 0.98, "{ours}, {same}");
    assert!(ours < 0.1 * theirs, "{ours} and {theirs}");
}

#[test]
fn a_step_s_pieces_are_all_of_it_and_in_pairs() {
    for threads in [1, 2, 3, 8, 256] {
        for groups in (1..200).chain([1536, 6144, 32_000]) {
            for bytes in [groups * 8, groups * 4096, groups << 16] {
                for cut in [Cut::for_one(groups, bytes, threads), Cut::for_several(groups, bytes, threads)] {
                    assert!((1..=Team::MAX_CHUNKS).contains(&cut.pieces()), "{cut:?}");
                    let mut end = 0;
                    for piece in (0..cut.pieces()).map(|index| cut.piece(index)) {
                        // Empty where there are fewer groups than pieces.
                        assert!(piece.start == end && piece.end >= end, "{cut:?}: {piece:?}");
                        assert!(piece.is_empty() || end.is_multiple_of(2), "{cut:?}: {piece:?}");
                        end = piece.end;
                    }
                    assert_eq!(end, groups, "{cut:?}");
                }
            }
        }
    }
}

#[test]
fn how_a_prompt_is_cut_does_not_matter() {
    let tokens = tokens();
    let mut model = load(128, 2, Kernel::detect());
    let mut by = |size: usize| {
        model.truncate(0);
        tokens.chunks(size).for_each(|chunk| assert!(model.read(chunk, &Cancel::new())));
        model.logits().to_vec()
    };
    let whole = by(64);
    for size in [1, 3, 7, 32] {
        let cosine = cosine(&by(size), &whole);
        assert!(cosine > 0.999_99, "by {size}: {cosine}");
    }
}

#[test]
fn a_cut_back_cache_is_as_good_as_new() {
    let tokens = tokens();
    let mut model = load(128, 1, Kernel::detect());
    model.read(&tokens[..40], &Cancel::new());
    model.read(&[7, 8, 9, 10, 11], &Cancel::new());
    model.truncate(40);
    model.read(&tokens[40..60], &Cancel::new());
    let again = model.logits().to_vec();
    model.truncate(0);
    model.read(&tokens[..40], &Cancel::new());
    model.read(&tokens[40..60], &Cancel::new());
    assert_eq!(again, model.logits());
}

#[test]
fn the_plain_kernel_gives_the_same_scores() {
    let tokens = tokens();
    let scores = |kernel| {
        let mut model = load(64, 2, kernel);
        model.read(&tokens[..20], &Cancel::new());
        model.logits().to_vec()
    };
    let cosine = cosine(&scores(Kernel::Plain), &scores(Kernel::detect()));
    assert!(cosine > 0.999, "{cosine}");
}

#[test]
fn cancelled_reading_reads_nothing() {
    let mut model = load(64, 2, Kernel::detect());
    assert!(model.read(&[1, 2, 3], &Cancel::new()));
    let cancel = Cancel::new();
    cancel.cancel();
    assert!(!model.read(&[4, 5], &cancel));
    assert_eq!(model.len(), 3);
}

#[test]
fn every_type_gives_the_scores_of_candle() {
    use crate::gguf::TensorType::*;
    let folder = tempfile::tempdir().unwrap();
    let tokens: Vec<u32> = (0..40).map(|i| i * 37 % 261).collect();
    for kind in [F32, F16, Bf16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2K, Q3K, Q4K, Q5K, Q6K] {
        let path = folder.path().join(format!("{kind:?}.gguf"));
        crate::gguf::testing::small_model(kind, 64).write(&path);
        let mut file = std::fs::File::open(&path).unwrap();
        let content = gguf_file::Content::read(&mut file).unwrap();
        let mut theirs = ModelWeights::from_gguf(content, &mut file, &Device::Cpu).unwrap();
        let input = Tensor::new(&tokens[..], &Device::Cpu).unwrap().unsqueeze(0).unwrap();
        let expected: Vec<f32> = theirs.forward(&input, 0).unwrap().squeeze(0).unwrap().to_vec1().unwrap();

        let gguf = Gguf::open(&path).unwrap();
        let mut ours = Llama::load(&gguf, Config::read(&gguf, 64).unwrap(), 64, 2, Kernel::detect()).unwrap();
        assert!(ours.read(&tokens, &Cancel::new()));
        let cosine = cosine(ours.logits(), &expected);
        // candle has one scale for 256 activations with the K types, and is less exact there.
        assert!(cosine > 0.997, "{kind:?}: {cosine}");
    }
}

#[test]
fn packed_rows_are_the_file_s_rows() {
    use crate::gguf::TensorType::*;
    // How far a weight may be off, as a part of the largest: rounding of scales, or requantization to eight bits.
    for (kind, tolerance) in [
        (Q4_0, 0.0),
        (Q4_1, 0.0),
        (Q5_0, 0.0),
        (Q5_1, 0.0),
        (Q8_0, 0.0),
        (F16, 0.0),
        (Bf16, 0.0),
        (F32, 0.0),
        (Q4K, 2e-3),
        (Q5K, 2e-3),
        (Q6K, 2e-3),
        (Q3K, 5e-3),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        crate::gguf::testing::small_model(kind, 64).write(&path);
        let gguf = Gguf::open(&path).unwrap();
        let config = Config::read(&gguf, 64).unwrap();
        let weights = Weights::load(&gguf, &config, &mut Team::new(2).unwrap()).unwrap();
        let mut file = std::fs::File::open(&path).unwrap();
        let content = gguf_file::Content::read(&mut file).unwrap();
        let tensor = content.tensor(&mut file, "blk.1.ffn_down.weight", &Device::Cpu).unwrap();
        let expected: Vec<Vec<f32>> = tensor.dequantize(&Device::Cpu).unwrap().to_vec2().unwrap();
        let mut row = vec![0.0; config.feed_forward];
        for (index, expected) in expected.iter().enumerate() {
            weights.layers[1].down.row(index, &mut row);
            let largest = expected.iter().fold(0f32, |a, b| a.max(b.abs()));
            for (found, expected) in row.iter().zip(expected) {
                assert!((found - expected).abs() <= tolerance * largest + 1e-7, "{kind:?}: {found} and {expected}");
            }
        }
    }
}

/// Families whose forward passes differ.
const FAMILIES: [&str; 7] = ["llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi3"];

#[test]
fn every_family_scores_as_the_papers_say() {
    let folder = tempfile::tempdir().unwrap();
    // More than a window, and more than the parts that a single token's positions are cut into.
    let tokens: Vec<u32> = (0..150).map(|i| i * 37 % 261).collect();
    for family in FAMILIES {
        let path = folder.path().join(format!("{family}.gguf"));
        crate::gguf::testing::small_family(family, crate::gguf::TensorType::F32).write(&path);
        let expected = reference::scores(&path, &tokens);
        let gguf = Gguf::open(&path).unwrap();
        for kernel in [Kernel::Plain, Kernel::detect()] {
            let config = Config::read(&gguf, 160).unwrap();
            let mut model = Llama::load(&gguf, config, 160, 2, kernel).unwrap();
            // As a prompt, and then token by token.
            for (read, last) in [(0..40, 39), (40..100, 99), (100..140, 139)] {
                assert!(model.read(&tokens[read], &Cancel::new()));
                let cosine = cosine(model.logits(), &expected[last]);
                assert!(cosine > 0.999_99, "{family} {kernel:?} after {last}: {cosine}");
            }
            for position in 140..150 {
                assert!(model.read(&tokens[position..=position], &Cancel::new()));
                let cosine = cosine(model.logits(), &expected[position]);
                assert!(cosine > 0.999_99, "{family} {kernel:?} at {position}: {cosine}");
            }
        }
    }
}

#[test]
fn tiles_of_attention_see_what_single_tokens_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    crate::gguf::testing::small_family("gemma2", crate::gguf::TensorType::F32).write(&path);
    let gguf = Gguf::open(&path).unwrap();
    // More than three runs of positions; windows that end inside of the first, and some that span two.
    let tokens: Vec<u32> = (0..400).map(|i| i * 37 % 261).collect();
    for (window, kernel) in [None, Some(100), Some(200), Some(256)]
        .into_iter()
        .flat_map(|window| [Kernel::Plain, Kernel::detect()].map(|kernel| (window, kernel)))
    {
        let load = || {
            let mut config = Config::read(&gguf, 400).unwrap();
            (config.window, config.context) = (window, 400);
            Llama::load(&gguf, config, 400, 2, kernel).unwrap()
        };
        let (mut single, mut several) = (load(), load());
        for chunk in tokens.chunks(CHUNK) {
            assert!(several.read(chunk, &Cancel::new()));
            assert!(chunk.iter().all(|token| single.read(&[*token], &Cancel::new())));
            let cosine = cosine(several.logits(), single.logits());
            assert!(cosine > 0.999_99, "{window:?} {kernel:?} after {}: {cosine}", single.len());
        }
    }
}

#[test]
fn the_qwens_score_as_in_candle() {
    use candle_transformers::models::{quantized_qwen2, quantized_qwen3};
    let folder = tempfile::tempdir().unwrap();
    let tokens: Vec<u32> = (0..60).map(|i| i * 37 % 261).collect();
    let input = Tensor::new(&tokens[..], &Device::Cpu).unwrap().unsqueeze(0).unwrap();
    for family in ["qwen2", "qwen3"] {
        let path = folder.path().join(format!("{family}.gguf"));
        // Candle's know nothing of YaRN.
        let sound = crate::gguf::testing::small_family(family, crate::gguf::TensorType::F32);
        sound
            .without(&format!("{family}.rope.scaling.type"))
            .without(&format!("{family}.rope.scaling.factor"))
            .write(&path);
        let mut file = std::fs::File::open(&path).unwrap();
        let content = gguf_file::Content::read(&mut file).unwrap();
        let cpu = &Device::Cpu;
        let scores = match family {
            "qwen2" => quantized_qwen2::ModelWeights::from_gguf(content, &mut file, cpu).unwrap().forward(&input, 0),
            _ => quantized_qwen3::ModelWeights::from_gguf(content, &mut file, cpu).unwrap().forward(&input, 0),
        };
        let expected: Vec<f32> = scores.unwrap().flatten_all().unwrap().to_vec1().unwrap();
        let gguf = Gguf::open(&path).unwrap();
        let mut model = Llama::load(&gguf, Config::read(&gguf, 64).unwrap(), 64, 2, Kernel::detect()).unwrap();
        assert!(model.read(&tokens, &Cancel::new()));
        let cosine = cosine(model.logits(), &expected);
        assert!(cosine > 0.999_9, "{family}: {cosine}");
    }
}

#[test]
fn where_tokens_look_is_noted_whole_while_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    crate::gguf::testing::small_family("llama", crate::gguf::TensorType::F32).write(&path);
    let gguf = Gguf::open(&path).unwrap();
    let config = Config::read(&gguf, 64).unwrap();
    let (layers, heads) = (config.layers, config.heads);
    let mut model = Llama::load(&gguf, config, 64, 2, Kernel::detect()).unwrap();
    let tokens: Vec<u32> = (0..40).map(|i| i * 37 % 261).collect();
    // The question's tokens see themselves: all that they look at is in one of the lines.
    let lines = vec![0..10, 10..30, 30..40];
    model.pointing = Some(Pointing::new(vec![(0..heads).collect(); layers], lines, [30..35, 35..40]));
    assert!(model.read(&tokens[..39], &Cancel::new()) && model.read_closely(tokens[39], &Cancel::new()));
    let shares = model.pointing.take().unwrap().shares();
    assert_eq!(shares.len(), layers * heads * 2 * 3);
    for of_head in shares.chunks_exact(3) {
        let all: f32 = of_head.iter().sum();
        assert!((all - 1.0).abs() < 1e-3 && of_head.iter().all(|share| *share > 0.0), "{of_head:?}");
    }
    let before = model.logits().to_vec();
    model.truncate(0);
    assert!(model.read(&tokens[..39], &Cancel::new()) && model.read_closely(tokens[39], &Cancel::new()));
    assert_eq!(before, model.logits(), "to be looked at changes nothing");
}

#[test]
fn leaders_are_all_whose_scores_are_within_reach() {
    let tokens = tokens();
    let (mut model, mut other) = (load(128, 2, Kernel::detect()), load(128, 1, Kernel::Plain));
    assert!(matches!(model.weights.output, Output::Halved(_)), "the default model's output has eight bits");
    for (position, token) in tokens.iter().take(96).enumerate() {
        assert!(model.read_closely(*token, &Cancel::new()));
        let scores = model.logits().to_vec();
        let penalized = &tokens[..=position];
        for choice in [
            Choice { reach: 0.0, penalized: &[], penalty: 1.0 },
            Choice { reach: 2.0, penalized: &[], penalty: 1.0 },
            Choice { reach: 1.0, penalized, penalty: 1.5 },
            // The best is one of them.
            Choice { reach: 0.5, penalized: &[best(&scores)], penalty: 2.0 },
        ] {
            let chosen = |token: u32| match choice.penalized.contains(&token) {
                true => choice.penalize(scores[token as usize]),
                false => scores[token as usize],
            };
            let highest = (0..scores.len() as u32).map(chosen).fold(f32::MIN, f32::max);
            let expected: Vec<u32> =
                (0..scores.len() as u32).filter(|token| chosen(*token) >= highest - choice.reach).collect();
            let leaders = model.leaders(&choice).unwrap().expect("no more than are looked for");
            assert!(leaders.len() < scores.len() / 8);
            assert!(leaders.iter().all(|(score, token)| *score == scores[*token as usize]), "the very scores");
            for token in expected {
                assert!(leaders.iter().any(|(_, leader)| *leader == token), "{position}: {token} of {choice:?}");
            }
        }
    }
    // On one thread and in plain Rust.
    assert!(other.read(&tokens[..8], &Cancel::new()));
    let scores = other.logits().to_vec();
    let leaders = other.leaders(&Choice { reach: 0.0, penalized: &[], penalty: 1.0 }).unwrap().unwrap();
    assert_eq!(crate::sampling::likeliest_of(leaders), crate::sampling::likeliest(&scores));
    assert!(leaders.iter().all(|(score, token)| *score == scores[*token as usize]));
}

#[test]
fn leaders_are_not_looked_for_where_all_may_matter() {
    let mut model = load(16, 1, Kernel::detect());
    assert!(model.read(&[1, 2, 3], &Cancel::new()));
    assert!(model.leaders(&Choice { reach: 10.0, penalized: &[], penalty: 1.0 }).unwrap().is_none());
    // A state that tells nothing makes all scores the same.
    model.scratch.last.fill(0.0);
    let choice = Choice { reach: 0.0, penalized: &[], penalty: 1.0 };
    let many = model.leaders(&choice).unwrap().unwrap().len();
    assert_eq!(many, model.config.vocabulary);
    for _ in 0..20 {
        let _ = model.leaders(&choice).unwrap();
    }
    assert!(model.leaders(&choice).unwrap().is_none(), "looked for in vain again and again");
}

#[test]
fn leaders_of_a_small_model_are_right_with_any_threads_and_kernels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    crate::gguf::testing::small_model(crate::gguf::TensorType::Q8_0, 64).write(&path);
    let gguf = Gguf::open(&path).unwrap();
    let on_each = kernels::tests::kernels().into_iter().map(|kernel| (2, kernel));
    let on_some = [1, 3, 4, 64].map(|threads| (threads, Kernel::detect()));
    for (threads, kernel) in on_each.chain(on_some) {
        let config = Config::read(&gguf, 64).unwrap();
        let mut model = Llama::load(&gguf, config, 64, threads, kernel).unwrap();
        assert!(matches!(model.weights.output, Output::Halved(_)));
        assert!(!model.config.vocabulary.is_multiple_of(LANES), "the last group of rows is not whole");
        for round in 0..30 {
            assert!(model.read_closely(3 + round, &Cancel::new()));
            match round {
                // Values that stand out a little, far, and so far that no error can be told.
                5..10 => model.scratch.last[round as usize] *= 40.0,
                10..15 => model.scratch.last[round as usize] = 1e9,
                15..18 => model.scratch.last.fill(f32::MAX),
                _ => {}
            }
            let scores = model.logits().to_vec();
            let highest = best(&scores);
            for reach in [0.0, 0.1, 3.0] {
                model.truncate(model.len());
                let choice = Choice { reach, penalized: &[], penalty: 1.0 };
                let Some(leaders) = model.leaders(&choice).unwrap() else {
                    assert!((15..18).contains(&round), "{round}");
                    continue;
                };
                assert!(leaders.iter().all(|(score, token)| *score == scores[*token as usize]));
                let wanted = scores.iter().zip(0..).filter(|(score, _)| **score >= scores[highest as usize] - reach);
                for (_, token) in wanted {
                    assert!(
                        leaders.iter().any(|(_, leader)| *leader == token),
                        "{threads} {kernel:?} {round}: {token}"
                    );
                }
            }
            assert_eq!(model.logits(), scores, "leaders change nothing");
        }
    }
}
