//! The CPU's decoder against candle's operations on the same weights, and what it takes from memory.

use super::super::{Compute, Options, Whisper, config, weights};
use super::*;
use crate::testing::{model, recording};
use jarvis_core::TranscriptTimings;

/// "He might even have been made amiable himself." with its signs.
const TOKENS: [u32; 12] = [50257, 50362, 679, 1244, 772, 423, 587, 925, 716, 3481, 2241, 13];

fn heard() -> (Whisper, Tensor, Context) {
    let options = Options { compute: Compute::Processor, ..Options::default() };
    let mut whisper = Whisper::load(&model("whisper-tiny.en"), &options).unwrap();
    let samples = recording("sense-and-sensibility-0930");
    let context = Context::of(samples.len(), whisper.config.max_source_positions);
    whisper.listen(&samples, &context, &mut TranscriptTimings::default(), &Cancel::new()).unwrap();
    let encoded = whisper.encoder.forward(&whisper.mel, &context, &Cancel::new()).unwrap();
    (whisper, encoded, context)
}

#[test]
fn both_decoders_say_the_same() {
    let (mut whisper, encoded, context) = heard();
    let folder = model("whisper-tiny.en");
    let file = weights::Weights::open(&folder.join("model.safetensors")).unwrap();
    let config = config::read(&folder.join("config.json")).unwrap();
    let mut reference = device::Decoder::load(&file, &config, &Device::Cpu).unwrap();
    reference.listen(&encoded, &context, &Cancel::new()).unwrap();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // The first tokens at once, the others one by one.
    for piece in [&TOKENS[..2], &TOKENS[2..3], &TOKENS[3..4], &TOKENS[4..]] {
        let rows: Vec<u32> = (0..piece.len() as u32).collect();
        whisper.decoder.step(piece).unwrap();
        whisper.decoder.logits(&rows, &mut ours).unwrap();
        reference.step(piece).unwrap();
        reference.logits(&rows, &mut theirs).unwrap();
        assert_eq!(ours.len(), piece.len() * config.vocab_size);
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.chunks_exact(config.vocab_size).zip(theirs.chunks_exact(config.vocab_size)) {
            // Weights of 8 bits are rounded; logits reach from about -10 to 20.
            let apart = |(a, b): (&f32, &f32)| f64::from(a - b).powi(2);
            let error = (ours.iter().zip(theirs).map(apart).sum::<f64>() / ours.len() as f64).sqrt();
            assert!(error < 0.25, "logits are {error} apart");
        }
    }
}

#[test]
fn a_step_allocates_nothing() {
    let (mut whisper, ..) = heard();
    let mut logits = Vec::new();
    // All of it on one thread, since allocations are counted by thread.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let allocations = pool.install(|| {
        let mut all = || {
            whisper.decoder.rewind(0);
            whisper.decoder.step(&TOKENS[..2]).unwrap();
            for token in &TOKENS[2..] {
                whisper.decoder.logits(&[0], &mut logits).unwrap();
                whisper.decoder.step(&[*token]).unwrap();
            }
        };
        all();
        crate::allocation::allocations_in(all)
    });
    assert_eq!(allocations, 0);
}

#[test]
fn a_decoder_is_refused_more_than_it_can_take() {
    let (mut whisper, ..) = heard();
    let most = whisper.config.max_target_positions;
    whisper.decoder.step(&vec![679; most]).unwrap();
    assert!(whisper.decoder.step(&[679]).is_err());
    whisper.decoder.rewind(most - 1);
    whisper.decoder.step(&[679]).unwrap();
}
