//! The real voice where sound is needed; a written-down pronunciation where it isn't.

use super::*;
use crate::testing;
use std::time::{Duration, Instant};

fn voice() -> Piper {
    Piper::with_espeak(&testing::runtime(), &testing::model("piper-en_US-joe-medium")).unwrap()
}

fn speak(piper: &mut Piper, text: &str) -> SpeechAudio {
    piper.synthesize(text, &Cancel::new()).unwrap()
}

#[test]
fn a_sentence_becomes_sound_that_begins_at_once() {
    let mut piper = voice();
    let audio = speak(&mut piper, "The time is half past ten.");
    assert_eq!(audio.sample_rate, 22_050);
    assert!((1.0..3.0).contains(&audio.seconds()), "{} s", audio.seconds());
    let peak = audio.samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    assert!((0.2..=0.96).contains(&peak), "{peak}");
    let first = audio.samples.iter().position(|sample| sample.abs() > 0.005).unwrap();
    assert!(first < 22_050 * 20 / 1000, "the first sound comes after {} ms", first * 1000 / 22_050);
}

#[test]
fn nothing_to_say_is_no_sound() {
    let mut piper = voice();
    for text in ["", "   ", "...", "?!", "🎉", "***", "```\ncode\n```"] {
        assert!(speak(&mut piper, text).samples.is_empty(), "{text:?}");
    }
}

#[test]
fn a_faster_voice_takes_less_time() {
    let mut piper = voice();
    let text = "This sentence is about as long as an answer.";
    let usual = speak(&mut piper, text).seconds();
    piper.set_rate(2.0);
    let fast = speak(&mut piper, text).seconds();
    assert!(fast < usual * 0.75, "{fast} {usual}");
    piper.set_rate(f32::NAN);
    assert!(speak(&mut piper, text).seconds() > fast);
}

#[test]
fn a_cancelled_call_ends_at_once() {
    let mut piper = voice();
    let cancel = Cancel::new();
    cancel.cancel();
    assert!(piper.synthesize("Never heard.", &cancel).unwrap_err().is_cancelled());

    let cancel = Cancel::new();
    let later = cancel.clone();
    let text = "A very long sentence without an end that goes on and on ".repeat(40);
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(150));
        later.cancel();
        Instant::now()
    });
    let error = piper.synthesize(&text, &cancel).unwrap_err();
    let late = canceller.join().unwrap().elapsed();
    assert!(error.is_cancelled(), "{error}");
    println!("ended {late:?} after it was asked to");
    assert!(!speak(&mut piper, "It still speaks.").samples.is_empty());
}

#[test]
fn the_pieces_joined_are_what_the_whole_file_computes() {
    let folder = testing::model("piper-en_US-joe-medium");
    let mut piper = voice();
    // Without chance, so that two runs can be compared.
    (piper.voice.noise_scale, piper.voice.noise_w) = (0.0, 0.0);
    let text = "This sentence is long enough for a few pieces, and each of them has to fit the one before it.";
    let phonemes = piper.phonemes(text).unwrap();
    piper.voice.ids(&phonemes, &mut piper.ids);
    let Encoded::Frames(frames) = piper.encode(&Cancel::new()).unwrap() else { panic!("the voice was not cut") };
    let (mut joined, mut pieces) = (vec![], 0);
    let vocoder = piper.vocoder.as_mut().unwrap();
    vocoder
        .sound(&frames, &Cancel::new(), &mut |piece| {
            joined.extend_from_slice(piece);
            pieces += 1;
        })
        .unwrap();
    assert!(pieces >= 4, "{pieces}");

    let options = SessionOptions { threads: 2, keep_memory: false };
    let mut whole = testing::runtime().session(&folder.join("voice.onnx"), options).unwrap();
    let ids = Tensor::from_array(([1, piper.ids.len()], piper.ids.clone())).unwrap();
    let lengths = Tensor::from_array(([1], vec![piper.ids.len() as i64])).unwrap();
    let scales = Tensor::from_array(([3], vec![0.0_f32, piper.voice.length_scale, 0.0])).unwrap();
    let outputs = whole.run(ort::inputs![&ids, &lengths, &scales]).unwrap();
    let (_, expected) = outputs[0].try_extract_tensor::<f32>().unwrap();
    assert_eq!(joined.len(), expected.len());
    let difference = joined.iter().zip(expected).fold(0.0_f32, |most, (one, other)| most.max((one - other).abs()));
    // What another order of additions makes; a wrong seam is a hundred times as much.
    assert!(difference < 1e-4, "{difference}");
}

#[test]
fn the_first_piece_comes_long_before_the_last_and_the_pieces_are_the_whole() {
    let mut piper = voice();
    let mut pieces = Vec::new();
    let text = "The sky is blue because the air scatters short waves of light more than long ones. That is all.";
    piper.stream(text, &Cancel::new(), &mut |piece| pieces.push(piece)).unwrap();
    assert!(pieces.len() > 4, "{}", pieces.len());
    assert!(pieces.iter().all(|piece| !piece.samples.is_empty() && piece.sample_rate == 22_050));
    assert!(pieces[0].seconds() < 0.5, "{} s", pieces[0].seconds());
    // Between two pieces the sound goes on: no step that is not in the voice itself.
    for two in pieces.windows(2) {
        let step = (two[1].samples[0] - two[0].samples[two[0].samples.len() - 1]).abs();
        assert!(step < 0.25, "{step}");
    }
}

#[test]
fn what_is_said_varies_and_is_the_same_after_each_start() {
    let text = "How are you today?";
    let twice = || {
        let mut piper = voice();
        (speak(&mut piper, text).samples, speak(&mut piper, text).samples)
    };
    let (first, second) = twice();
    assert!(first != second, "it varies");
    assert!(twice() == (first, second), "the same after a start");
}

#[test]
fn cancelling_between_two_pieces_ends_it() {
    let mut piper = voice();
    let cancel = Cancel::new();
    let mut pieces = 0;
    let text = "This is a sentence that would make a good number of pieces if it were ever spoken to its end.";
    let error = piper.stream(text, &cancel, &mut |_| {
        pieces += 1;
        cancel.cancel();
    });
    assert!(error.unwrap_err().is_cancelled());
    assert_eq!(pieces, 1);
}

#[test]
fn phonemes_keep_the_punctuation_that_the_voice_breathes_by() {
    let mut piper = voice();
    assert_eq!(piper.phonemes("Hello, world.").unwrap(), "həlˈoʊ, wˈɜːld.");
    assert_eq!(piper.phonemes("Is it?").unwrap(), "ɪz ɪt?");
    assert_eq!(piper.phonemes(", .").unwrap(), "");
}

#[test]
fn long_text_is_cut_where_a_speaker_would() {
    assert_eq!(sentences("One. Two? Three"), ["One.", "Two?", "Three"]);
    let clause = "a clause of some length that says nothing at all and then some,";
    let long = [clause; 8].join(" ");
    let parts = sentences(&long);
    assert!(parts.len() > 1 && parts.iter().all(|part| part.len() <= LONGEST && part.ends_with(',')), "{parts:?}");
    assert_eq!(parts.join(" "), long);
    let words = "word ".repeat(200);
    assert!(sentences(&words).iter().all(|part| part.len() <= LONGEST && part.ends_with("word")));
    let unbroken = "ä".repeat(1000);
    let parts = sentences(&unbroken);
    assert_eq!(parts.concat(), unbroken);
    assert!(parts.iter().all(|part| part.len() <= LONGEST));
    assert_eq!(sentences(""), [""; 0]);
}

#[test]
fn a_folder_without_a_voice_says_how_to_get_one() {
    let error = Piper::with_espeak(&testing::runtime(), &testing::model("silero-vad")).err().unwrap();
    assert_eq!(error.code, "onnx.model_missing");
    assert!(error.hint.contains("jarvis models pull"), "{}", error.hint);
}
