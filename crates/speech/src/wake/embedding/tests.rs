//! Against ONNX Runtime on the same file, window by window.

use super::*;
use crate::testing;
use jarvis_onnx::SessionOptions;

fn path() -> std::path::PathBuf {
    testing::model("wake-hey-jarvis").join("embedding.onnx")
}

/// Frames like those of speech: slow changes, -2 to 4.
fn frame(index: usize, bands: &mut [f32]) {
    for (band, value) in bands.iter_mut().enumerate() {
        let (time, band) = (index as f32, band as f32);
        *value = 1.0 + (time * 0.31 + band * 0.2).sin() * 2.0 + (time * 1.7 - band * 0.9).cos();
    }
}

#[test]
fn every_embedding_is_the_one_of_its_whole_window() {
    let mut session = testing::runtime().session(&path(), SessionOptions::STREAMING).unwrap();
    let mut window = jarvis_onnx::input::<f32>(&[1, WINDOW, BANDS, 1], "A test").unwrap();
    let mut network = Embedder::load(&path()).unwrap();
    let mut frames = vec![[1.0_f32; BANDS]; WINDOW];
    for step in 0..30 {
        let streamed = network.step(|i, to| frame(step * FRAMES + i, to)).to_vec();
        for i in 0..FRAMES {
            let mut next = [0.0; BANDS];
            frame(step * FRAMES + i, &mut next);
            frames.push(next);
        }
        let last = &frames[frames.len() - WINDOW..];
        window.extract_tensor_mut().1.copy_from_slice(last.as_flattened());
        let outputs = session.run(ort::inputs![&window]).unwrap();
        let (_, whole) = outputs[0].try_extract_tensor::<f32>().unwrap();
        assert_eq!(whole.len(), EMBEDDING);
        for (streamed, whole) in streamed.iter().zip(whole) {
            assert!((streamed - whole).abs() < 2e-3, "step {step}: {streamed} in place of {whole}");
        }
    }
}

#[test]
fn a_reset_forgets() {
    let mut network = Embedder::load(&path()).unwrap();
    let first = network.step(frame).to_vec();
    for _ in 0..12 {
        network.step(|_, bands| bands.fill(-3.0));
    }
    network.reset();
    assert_eq!(network.step(frame), first);
}

#[test]
fn another_network_is_refused_with_the_reason() {
    let folder = testing::model("wake-hey-jarvis");
    let error = Embedder::load(&folder.join("head.onnx")).err().unwrap().to_string();
    assert!(error.contains("can't be used") && error.contains("Flatten"), "{error}");
    assert!(Embedder::parse(b"").is_err());
}
