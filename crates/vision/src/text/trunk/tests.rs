use super::*;
use crate::installed;
use crate::text::network;
use jarvis_core::Cancel;
use jarvis_onnx::{SessionOptions, run};
use ort::value::TensorRef;

/// Strokes on white ground.
fn picture(columns: usize, seed: u32) -> Vec<f32> {
    let mut picture = vec![1.0; HEIGHT * columns];
    let mut state = seed | 1;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as usize % below
    };
    for _ in 0..columns / 6 {
        let (x, y) = (8 + next(columns - 16), 4 + next(HEIGHT - 20));
        let (width, height) = if next(2) == 0 { (2, 4 + next(12)) } else { (3 + next(5), 2) };
        for row in y..y + height {
            picture[row * columns + x..][..width.min(columns - x)].fill(-1.0);
        }
    }
    picture
}

fn steps(model: &[u8], input: &[f32], shape: [usize; 4]) -> Vec<f32> {
    let file = std::path::Path::new("recognition.onnx");
    let mut session =
        installed::runtime().session_of(model, file, SessionOptions { threads: 1, keep_memory: false }).unwrap();
    let input = TensorRef::from_array_view((shape, input)).unwrap();
    run(&mut session, ort::inputs![input], &Cancel::new(), "A test", |outputs| {
        Ok(outputs[0].try_extract_tensor::<f32>()?.1.to_vec())
    })
    .unwrap()
}

/// What the network says of a line with its trunk in 8 bits is what it says without, but for what rounding changes.
#[test]
fn both_ways_through_the_network_say_the_same() {
    let file = std::fs::read(installed::model("pp-ocrv6-small").join("recognition.onnx")).unwrap();
    let model = network::prepare(&file).unwrap().model;
    let halves = file::halve(&model).unwrap();
    for level in [Level::Plain, Level::detect()] {
        let trunk = Trunk::of(level, file::halve(&model).unwrap().trunk).unwrap();
        let (mut flow, mut features) = (Flow::default(), vec![]);
        // The second is longer than the first, the third shorter: nothing of a line is left in the next.
        for (columns, seed) in [(96, 5), (160, 77), (64, 1234)] {
            let picture = picture(columns, seed);
            trunk.run(&picture, &mut flow, &mut features);
            assert_eq!(features.len(), trunk.channels() * columns / 8);
            let rounded = steps(&halves.rest, &features, [1, trunk.channels(), 1, columns / 8]);
            let exact = steps(&model, &picture.repeat(3), [1, 3, HEIGHT, columns]);
            assert_eq!(rounded.len(), exact.len());
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            let cosine = dot(&rounded, &exact) / (dot(&rounded, &rounded) * dot(&exact, &exact)).sqrt();
            println!("{level:?}, {columns} columns: cosine {cosine}");
            assert!(cosine > 0.99, "{level:?}, {columns} columns: {cosine}");
        }
    }
}

#[test]
fn another_network_is_refused() {
    assert!(Trunk::of(Level::Plain, vec![]).is_none());
    let other = Convolution { shape: [1, 1, 1, 1], weights: vec![1.0], bias: vec![0.0] };
    assert!(Trunk::of(Level::Plain, vec![other]).is_none());
}
