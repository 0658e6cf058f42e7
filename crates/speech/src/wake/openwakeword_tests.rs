//! Against the reference implementation, and against sounds that are no wake word.

use super::*;
use crate::testing;
use crate::wake::head::Layer;

/// Printed by `scripts/wake-reference.py` for the recording that [`heard`] plays.
const REFERENCE: [f32; 61] = [
    0.000000, 0.000000, 0.000000, 0.000000, 0.000000, 0.000002, 0.000003, 0.000006, 0.000011, 0.000020, 0.000041,
    0.000056, 0.000032, 0.000044, 0.000031, 0.000015, 0.000007, 0.000005, 0.000005, 0.000005, 0.000005, 0.000005,
    0.000005, 0.000005, 0.000005, 0.000003, 0.000002, 0.000002, 0.000002, 0.000002, 0.000002, 0.000137, 0.104730,
    0.970736, 0.994951, 0.997390, 0.998323, 0.998503, 0.997769, 0.992282, 0.879163, 0.005459, 0.000005, 0.000001,
    0.000002, 0.000003, 0.000004, 0.000004, 0.000002, 0.000002, 0.000003, 0.000003, 0.000003, 0.000003, 0.000002,
    0.000002, 0.000002, 0.000004, 0.000005, 0.000004, 0.000003,
];

fn detector() -> OpenWakeWord {
    OpenWakeWord::load(&testing::runtime(), &testing::model("wake-hey-jarvis")).unwrap()
}

/// 2 s of silence, the recording, 1 s of silence, as the reference heard them.
fn heard() -> Vec<f32> {
    let mut sound = vec![0.0; 32_000];
    sound.extend(testing::recording("hey-jarvis-what-time-is-it"));
    sound.extend([0.0; 16_000]);
    sound
}

fn detections(detector: &mut OpenWakeWord, sound: &[f32]) -> Vec<WakeDetection> {
    testing::frames(sound).filter_map(|frame| detector.process(&frame).unwrap()).collect()
}

#[test]
fn scores_are_those_of_the_reference() {
    let mut detector = detector();
    let scores: Vec<f32> =
        testing::frames(&heard()).filter_map(|frame| detector.score(&frame).unwrap()).map(|(score, _)| score).collect();
    assert!(scores.len() >= 60, "{}", scores.len());
    for (step, (ours, reference)) in scores.iter().zip(REFERENCE).enumerate() {
        assert!((ours - reference).abs() < 0.002, "step {step}: {ours} in place of {reference}");
    }
}

#[test]
fn the_word_is_heard_once_and_where_it_is() {
    let mut detector = detector();
    let found = detections(&mut detector, &heard());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].model, "hey_jarvis");
    // "Jarvis" is over about 0.8 s into the recording.
    let seconds = found[0].at_sample as f32 / 16_000.0 - 2.0;
    assert!((0.5..1.2).contains(&seconds), "{seconds}");
}

/// The free head, which the program has in itself.
const OTHER: &[u8] = include_bytes!("../../../../models/wake-hey-jarvis-free/head.safetensors");

#[test]
fn two_heads_hear_it_once_and_no_later_than_one() {
    let (mut alone, mut both) = (detector(), detector());
    both.join(OTHER).unwrap();
    let (one, two) = (detections(&mut alone, &heard()), detections(&mut both, &heard()));
    assert!(two.len() == 1 && two[0].at_sample <= one[0].at_sample, "{one:?} {two:?}");
    both.reset();
    assert_eq!(detections(&mut both, &heard()), two);
    assert!(alone.join(b"no head").is_err());
}

#[test]
fn neither_head_has_the_last_word() {
    let together = |first: f32, second: f32| {
        let layer =
            |inputs: usize| Layer { weights: vec![0.0; inputs], bias: vec![0.0], gain: vec![0.0], shift: vec![0.0] };
        let head = Dense::new([layer(INPUTS), layer(1)], vec![0.0], second);
        Second { head, lately: [UNHEARD; TOGETHER] }.together(first, &[0.0; INPUTS])
    };
    assert!(together(0.5, 0.0) < 0.5 && together(0.5, 3.0) > 0.5 && together(0.95, 0.0) > 0.5);
    assert!(together(0.99, -7.0) < 0.5 && together(0.0, 7.0) < 0.5, "what one believes the other can prevent");
    assert!(together(0.999, -1e9) > 0.5, "a stranger's voice, which only the first one knows, is heard");
    for first in [0.0, 0.3, 1.0, f32::NAN] {
        for second in [-1e9, 0.3, 1e9, f32::NAN] {
            assert!((0.0..=1.0).contains(&together(first, second)), "{first} {second}");
        }
    }
}

#[test]
fn a_reset_forgets_the_sound_and_counts_anew() {
    let mut detector = detector();
    let first = detections(&mut detector, &heard());
    for frame in testing::frames(&testing::noise(0.3, 8_000)) {
        detector.process(&frame).unwrap();
    }
    detector.reset();
    assert_eq!(detections(&mut detector, &heard()), first);
}

#[test]
fn silence_and_noise_wake_nobody() {
    let mut detector = detector();
    detector.set_sensitivity(1.0);
    assert_eq!(detections(&mut detector, &vec![0.0; 160_000]), []);
    assert_eq!(detections(&mut detector, &testing::noise(0.3, 160_000)), []);
    detector.join(OTHER).unwrap();
    detector.reset();
    assert_eq!(detections(&mut detector, &vec![0.0; 160_000]), []);
    assert_eq!(detections(&mut detector, &testing::noise(0.3, 160_000)), []);
}

#[test]
fn a_folder_of_another_model_is_refused_by_name() {
    let folder = testing::model("silero-vad");
    let error = OpenWakeWord::load(&testing::runtime(), &folder).err().unwrap();
    assert_eq!(error.code, "onnx.model_missing");
    assert!(error.message.contains("melspectrogram.onnx"), "{}", error.message);
}

/// The same sound as the loudspeaker of a television plays it again: at another moment, a little quieter, in other noise.
#[test]
fn a_mistake_does_not_wake_it_again_and_other_calls_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut detector = detector();
    detector.remember_mistakes(&folder.path().join("mistakes.bin"));
    let again = |offset: usize, gain: f32| {
        let mut sound = testing::noise(0.0003, 32_000 + offset);
        sound.extend(testing::recording("hey-jarvis-what-time-is-it").iter().map(|sample| sample * gain));
        sound.extend(testing::noise(0.0003, 16_000));
        sound
    };
    assert_eq!(detections(&mut detector, &again(0, 1.0)).len(), 1);
    assert!(detector.mistaken(0).unwrap() && !detector.mistaken(0).unwrap());
    for (offset, gain) in [(0, 1.0), (300, 0.8), (700, 1.0), (1_000, 0.6)] {
        detector.reset();
        let found = detections(&mut detector, &again(offset, gain));
        assert_eq!(found, [], "offset {offset}, gain {gain}");
    }
}
