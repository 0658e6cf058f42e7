//! The pass on candle's processor device against the formulas of the papers, candle's own model and our kernels; on a graphics
//! processor where this program was built for one and there is one.

use super::super::{Llama, Pass, reference};
use super::*;
use crate::bench::cosine;
use crate::gguf::TensorType;
use crate::gguf::testing::{small_family, small_model};
use crate::kernels::Kernel;
use crate::model::{GgufModel, LoadOptions};
use crate::testing::{default_gguf, default_model};
use candle_core::quantized::gguf_file;
use candle_transformers::models::quantized_llama::ModelWeights;
use jarvis_core::{GenerateOptions, LanguageModel, Message, Prompt, Role};
use std::path::Path;

/// Families whose forward passes differ.
const FAMILIES: [&str; 7] = ["llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi3"];

fn load(gguf: &Gguf, positions: usize) -> DeviceLlama {
    DeviceLlama::load(gguf, Config::read(gguf, positions).unwrap(), positions, Device::Cpu).unwrap()
}

fn processor(gguf: &Gguf, positions: usize) -> Llama {
    Llama::load(gguf, Config::read(gguf, positions).unwrap(), positions, 2, Kernel::detect()).unwrap()
}

fn tokens(count: u32) -> Vec<u32> {
    (0..count).map(|i| i * 37 % 261).collect()
}

fn best(logits: &[f32]) -> u32 {
    crate::sampling::likeliest(logits).unwrap().0
}

fn read(model: &mut DeviceLlama, tokens: &[u32]) -> Vec<f32> {
    for chunk in tokens.chunks(model.chunk()) {
        assert!(model.read(chunk, &Cancel::new()).unwrap());
    }
    model.logits().unwrap().to_vec()
}

/// Holds `model`, with all that `expected` has scores of still to be read, against them: a prompt in pieces, token by token,
/// and once more from the middle.
fn assert_scores(model: &mut DeviceLlama, tokens: &[u32], expected: &[Vec<f32>], what: &str) {
    let hold = |model: &mut DeviceLlama, span: std::ops::Range<usize>| {
        let cosine = cosine(&read(model, &tokens[span.clone()]), &expected[span.end - 1]);
        assert!(cosine > 0.999_99, "{what} after {span:?}: {cosine}");
    };
    for span in [0..40, 40..41, 41..100, 100..140] {
        hold(model, span);
    }
    (140..tokens.len()).for_each(|position| hold(model, position..position + 1));
    // What was known is as good as new, and what was cut off is gone.
    model.truncate(70);
    for span in [70..71, 71..90, 90..145] {
        hold(model, span);
    }
}

#[test]
fn every_family_scores_as_the_papers_say() {
    let folder = tempfile::tempdir().unwrap();
    // Longer than every window.
    let tokens = tokens(150);
    for family in FAMILIES {
        let path = folder.path().join(format!("{family}.gguf"));
        small_family(family, TensorType::F32).write(&path);
        let gguf = Gguf::open(&path).unwrap();
        let expected = reference::scores(&path, &tokens);
        assert_scores(&mut load(&gguf, 160), &tokens, &expected, family);
        // And so as our kernels do, by whose side it stands.
        let mut processor = processor(&gguf, 160);
        tokens.chunks(50).for_each(|chunk| assert!(processor.read(chunk, &Cancel::new())));
        let cosine = cosine(processor.logits(), &read(&mut load(&gguf, 160), &tokens));
        assert!(cosine > 0.999_9, "{family}: {cosine}");
    }
}

#[test]
fn windows_are_kept_to_however_a_prompt_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    small_family("gemma2", TensorType::F32).write(&path);
    let gguf = Gguf::open(&path).unwrap();
    let tokens = tokens(400);
    for window in [None, Some(1), Some(100), Some(256)] {
        let config = Config { window, ..Config::read(&gguf, 400).unwrap() };
        let mut processor = Llama::load(&gguf, config.clone(), 400, 2, Kernel::detect()).unwrap();
        tokens.chunks(50).for_each(|chunk| assert!(processor.read(chunk, &Cancel::new())));
        let mut model = DeviceLlama::load(&gguf, config, 400, Device::Cpu).unwrap();
        for size in [400, 150, 7, 1] {
            model.truncate(0);
            let mut scores = Vec::new();
            for chunk in tokens.chunks(size) {
                scores = read(&mut model, chunk);
            }
            let cosine = cosine(&scores, processor.logits());
            assert!(cosine > 0.999_9, "{window:?} by {size}: {cosine}");
        }
    }
}

/// Candle's own model of the file at `path`, after `tokens`.
fn candle_logits(path: &Path, tokens: &[u32]) -> Vec<f32> {
    let mut file = std::fs::File::open(path).unwrap();
    let content = gguf_file::Content::read(&mut file).unwrap();
    let mut model = ModelWeights::from_gguf(content, &mut file, &Device::Cpu).unwrap();
    let input = Tensor::new(tokens, &Device::Cpu).unwrap().unsqueeze(0).unwrap();
    model.forward(&input, 0).unwrap().squeeze(0).unwrap().to_vec1().unwrap()
}

#[test]
fn every_type_gives_the_scores_of_candle() {
    use TensorType::*;
    let folder = tempfile::tempdir().unwrap();
    let tokens = tokens(40);
    for kind in [F32, F16, Bf16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2K, Q3K, Q4K, Q5K, Q6K] {
        let path = folder.path().join(format!("{kind:?}.gguf"));
        small_model(kind, 64).write(&path);
        let mut model = load(&Gguf::open(&path).unwrap(), 64);
        let cosine = cosine(&read(&mut model, &tokens), &candle_logits(&path, &tokens));
        assert!(cosine > 0.999, "{kind:?}: {cosine}");
    }
}

/// The installed model on `device`, with its weights as floats.
fn load_exact(device: Device) -> DeviceLlama {
    let gguf = default_gguf();
    let config = Config::read(&gguf, 256).unwrap();
    let mut model = DeviceLlama::load(&gguf, config, 256, device).unwrap();
    model.weights.widen();
    model
}

/// As it is loaded, activations rounded as candle rounds them on a processor: of several tokens and of single ones.
#[test]
fn every_type_scores_as_our_kernels_in_rows_of_any_length() {
    use TensorType::*;
    let folder = tempfile::tempdir().unwrap();
    let tokens = tokens(60);
    // Rows of 288 are whole blocks of 32, and none of 64.
    let small = [F32, F16, Bf16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0].map(|kind| (kind, 72));
    for (kind, head_width) in small.into_iter().chain([Q2K, Q3K, Q4K, Q5K, Q6K].map(|kind| (kind, 64))) {
        let path = folder.path().join(format!("{kind:?}.gguf"));
        small_model(kind, head_width).write(&path);
        let gguf = Gguf::open(&path).unwrap();
        let (mut model, mut processor) = (load(&gguf, 64), processor(&gguf, 64));
        for span in [0..40, 40..41, 41..59, 59..60] {
            assert!(processor.read(&tokens[span.clone()], &Cancel::new()));
            let cosine = cosine(processor.logits(), &read(&mut model, &tokens[span.clone()]));
            assert!(cosine > 0.99, "{kind:?} after {span:?}: {cosine}");
        }
    }
}

#[test]
fn what_is_rotated_may_be_less_than_a_head() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    let builder = small_family("phi3", TensorType::F32).u32("phi3.rope.dimension_count", 8);
    builder.divisors("rope_factors_short.weight", 4).divisors("rope_factors_long.weight", 4).write(&path);
    let tokens = tokens(150);
    let mut model = load(&Gguf::open(&path).unwrap(), 160);
    assert_scores(&mut model, &tokens, &reference::scores(&path, &tokens), "phi3, 8 of 16");
}

#[test]
fn scores_that_are_not_numbers_are_the_devices_failure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    small_model(TensorType::F32, 64).write(&path);
    let mut model = load(&Gguf::open(&path).unwrap(), 64);
    read(&mut model, &[1, 2, 3]);
    model.weights.norm = (&model.weights.norm * f64::NAN).unwrap();
    assert!(matches!(model.logits(), Err(LlmError::Device(_))));
    // And so it is told from a file that is broken.
    assert_eq!(jarvis_core::Error::from(model.logits().unwrap_err()).code, "llm.device");
}

#[test]
fn the_installed_model_scores_as_on_the_processor() {
    let gguf = default_gguf();
    let text =
        "<|im_start|>user\nWhy is the sky blue?<|im_end|>\n<|im_start|>assistant\nThe sky looks blue because the air";
    let tokens = crate::tokenizer::Tokenizer::read(&gguf.header.metadata, 49152).unwrap().encode(text).unwrap();
    let (prompt, rest) = tokens.split_at(tokens.len() - 6);
    let mut processor = super::super::tests::load_exact(64);
    let mut model = load_exact(Device::Cpu);
    let mut hold = |tokens: &[u32]| {
        assert!(processor.read(tokens, &Cancel::new()));
        let scores = read(&mut model, tokens);
        let (best_here, cosine) = (best(processor.logits()), cosine(processor.logits(), &scores));
        assert!(cosine > 0.999_9, "{} tokens: {cosine}", model.len());
        assert_eq!(best_here, best(&scores), "{} tokens", model.len());
    };
    hold(prompt);
    rest.iter().for_each(|token| hold(&[*token]));
    // As they are, what is left is which way eight bits round.
    let rounded = cosine(&read(&mut load(&gguf, 64), prompt), &candle_logits(&default_model(), prompt));
    assert!(rounded > 0.99, "{rounded}");
}

#[test]
fn what_is_read_aside_leaves_the_rest_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    small_family("qwen3", TensorType::Q8_0).write(&path);
    let tokens = tokens(60);
    let mut model = load(&Gguf::open(&path).unwrap(), 64);
    let whole = read(&mut model, &tokens);
    model.truncate(30);
    let mut aside = model.aside(20).unwrap();
    model.swap(&mut aside);
    assert_eq!((model.len(), model.capacity()), (0, 20));
    read(&mut model, &tokens[40..]);
    model.swap(&mut aside);
    assert_eq!((model.len(), model.capacity()), (30, 64));
    assert!(cosine(&read(&mut model, &tokens[30..]), &whole) > 0.999_99);
}

#[test]
fn cancelled_reading_reads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    small_model(TensorType::Q4_0, 64).write(&path);
    let mut model = load(&Gguf::open(&path).unwrap(), 64);
    read(&mut model, &[1, 2, 3]);
    let (cancel, known) = (Cancel::new(), read(&mut model, &[4]));
    cancel.cancel();
    assert!(!model.read(&[5, 6], &cancel).unwrap() && model.len() == 4);
    assert_eq!(model.logits().unwrap(), known);
}

#[test]
fn memory_follows_what_is_kept_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    let of = |kind, positions| {
        small_model(kind, 64).write(&path);
        let gguf = Gguf::open(&path).unwrap();
        let config = Config::read(&gguf, positions).unwrap();
        let model = load(&gguf, positions);
        (memory(&gguf, &config, positions) as usize, model.weight_bytes(), model.chunk())
    };
    // What is not weights in sixteen bits: keys and values of 128 numbers in two layers, scores of four heads, what passes.
    let beside = |positions, chunk| 4 * (2 * 2 * 128 * positions + 4 * chunk * 4 * positions + chunk * 20 * 256);
    let (half, held, chunk) = of(TensorType::F16, 64);
    let norms = 5 * 256 * 4;
    assert_eq!(half, held + norms + 512 * 256 * 4 + beside(64, chunk), "halves are widened");
    let (longer, _, longer_chunk) = of(TensorType::F16, 256);
    assert_eq!(longer - half, beside(256, longer_chunk) - beside(64, chunk));
    let (four, held, chunk) = of(TensorType::Q4_0, 64);
    assert_eq!(four, held + norms + 512 * 256 * 4 + beside(64, chunk));
}

#[test]
fn chunks_shrink_where_the_context_is_long() {
    let contexts = [(4, 8), (32, 64), (32, 2048), (32, 16_384), (128, 131_072)];
    assert_eq!(contexts.map(|(heads, positions)| chunk_of(heads, positions)), [8, 64, 512, 64, LEAST_AT_ONCE]);
}

/// The installed model with its weights as floats, whole but for what it computes on.
fn whole_model(device: Device) -> GgufModel {
    let options = LoadOptions { context_length: 256, threads: 2, ..LoadOptions::default() };
    let mut model = GgufModel::load(&default_model(), &options).unwrap();
    model.llama = Pass::Device(Box::new(load_exact(device)));
    model
}

/// The same as it is loaded onto a device, activations rounded where that rounds them.
fn packed_model(device: Device) -> GgufModel {
    let options = LoadOptions { context_length: 256, threads: 2, ..LoadOptions::default() };
    let mut model = GgufModel::load(&default_model(), &options).unwrap();
    let gguf = default_gguf();
    let config = Config::read(&gguf, 256).unwrap();
    model.llama = Pass::on_device(&gguf, config, 256, device).unwrap();
    model
}

/// `knows`: what it answers is right, and so is what it takes for whole.
fn assert_converses(model: &mut GgufModel, knows: bool) {
    let options = GenerateOptions { max_tokens: 32, repetition_penalty: 1.0, ..GenerateOptions::default() };
    let system = Message::new(Role::System, "You are a helpful assistant.");
    let ask = |model: &mut GgufModel| {
        let prompt = Prompt::Chat(vec![system.clone(), Message::new(Role::User, "What is the capital of France?")]);
        model.generate(&prompt, &options, &Cancel::new(), &mut |_| {}).unwrap()
    };
    model.warm_up(std::slice::from_ref(&system)).unwrap();
    let first = ask(model);
    assert!(first.generated_tokens > 5 && first.cached_tokens > 10, "{first:?}");
    assert!(first.text.contains("Paris") || !knows, "{first:?}");
    let mut end = |said: &str| model.end_of_turn(said, &Cancel::new()).unwrap().unwrap();
    let (half, whole) = (end("What is the capital of"), end("What is the capital of France?"));
    assert!(half < 0.3 && whole > 0.7 || !knows, "{half}, {whole}");
    let second = ask(model);
    assert_eq!((&second.text, second.cached_tokens), (&first.text, second.prompt_tokens - 1));
}

#[test]
fn a_conversation_goes_on_as_on_the_processor() {
    assert_converses(&mut whole_model(Device::Cpu), true);
    // With all activations rounded to eight bits so small a model answers anything.
    assert_converses(&mut packed_model(Device::Cpu), false);
}

/// On a graphics processor all of the above that can go wrong there.
#[test]
#[cfg(any(feature = "cuda", feature = "metal"))]
fn a_graphics_processor_scores_as_the_processor() {
    let device = match graphics() {
        Ok(device) => device,
        Err(error) => return eprintln!("skipped: {error}"),
    };
    let folder = tempfile::tempdir().unwrap();
    let tokens = tokens(150);
    for family in FAMILIES {
        let path = folder.path().join(format!("{family}.gguf"));
        small_family(family, TensorType::F32).write(&path);
        let gguf = Gguf::open(&path).unwrap();
        let config = Config::read(&gguf, 160).unwrap();
        let mut model = DeviceLlama::load(&gguf, config, 160, device.clone()).unwrap();
        assert_scores(&mut model, &tokens, &reference::scores(&path, &tokens), family);
    }
    for kind in [TensorType::Q4_0, TensorType::Q4_1, TensorType::Q8_0, TensorType::Q4K, TensorType::Q6K] {
        let path = folder.path().join(format!("{kind:?}.gguf"));
        small_model(kind, 64).write(&path);
        let gguf = Gguf::open(&path).unwrap();
        let config = Config::read(&gguf, 64).unwrap();
        let mut model = DeviceLlama::load(&gguf, config, 64, device.clone()).unwrap();
        let mut processor = processor(&gguf, 64);
        // Several tokens and single ones are multiplied by kernels of their own.
        for span in [0..40, 40..41, 41..60] {
            assert!(processor.read(&tokens[span.clone()], &Cancel::new()));
            let cosine = cosine(processor.logits(), &read(&mut model, &tokens[span.clone()]));
            assert!(cosine > 0.99, "{kind:?} after {span:?}: {cosine}");
        }
    }
    assert_converses(&mut whole_model(device.clone()), true);
    // There they are not rounded.
    assert_converses(&mut packed_model(device), true);
}

#[test]
#[cfg(not(any(feature = "cuda", feature = "metal")))]
fn a_program_without_one_says_so() {
    let options = LoadOptions { compute: crate::model::Compute::Graphics, ..LoadOptions::default() };
    let error = GgufModel::load(&default_model(), &options).unwrap_err();
    assert_eq!(error.code, "llm.gpu");
    assert!(error.message.contains("without one"), "{}", error.message);
}
