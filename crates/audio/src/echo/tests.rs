use super::*;
use jarvis_core::{FRAME_SAMPLES, decibels, rms};
use proptest::prelude::*;
use std::time::Duration;

/// The microphone's sound, and what was made of it.
struct Heard {
    raw: Vec<f32>,
    subtracted: Vec<f32>,
    suppressed: Vec<f32>,
}

/// Plays `far` in a room while `near` speaks.
fn heard(options: RoomOptions, far: &[f32], near: &[f32]) -> Heard {
    let mut room = EchoRoom::new(options, 7);
    let mut canceller = EchoCanceller::new();
    let mut clean = Clean::default();
    let mut heard = Heard { raw: Vec::new(), subtracted: Vec::new(), suppressed: Vec::new() };
    for (n, played) in far.chunks_exact(FRAME_SAMPLES).enumerate() {
        let mut frame: [f32; FRAME_SAMPLES] = room.play(played).try_into().unwrap();
        for (sample, said) in frame.iter_mut().zip(near.iter().skip(n * FRAME_SAMPLES)) {
            *sample = (*sample + said).clamp(-1.0, 1.0);
        }
        canceller.process(played.try_into().unwrap(), &frame, &mut clean);
        heard.raw.extend(frame);
        heard.subtracted.extend(clean.subtracted);
        heard.suppressed.extend(clean.suppressed);
    }
    heard
}

/// In decibels of full scale.
fn loudness(samples: &[f32]) -> f32 {
    decibels(rms(samples))
}

fn room(delay_ms: u64, level_db: f32) -> RoomOptions {
    RoomOptions {
        delay: Duration::from_millis(delay_ms),
        level_db,
        reverberation: Duration::from_millis(150),
        drift_ppm: 0.0,
    }
}

/// By how many decibels the echo was lowered in `seconds`.
fn lowered(raw: &[f32], clean: &[f32], seconds: std::ops::Range<f32>) -> f32 {
    let of = |at: f32| ((at * 16_000.0) as usize).min(raw.len());
    let range = of(seconds.start)..of(seconds.end);
    loudness(&raw[range.clone()]) - loudness(&clean[range])
}

#[test]
fn the_echo_is_gone_after_a_second_whatever_its_delay_and_level() {
    let far = speech_like(6.0, 110.0, 3);
    for level in [-20.0, -10.0, 0.0] {
        for delay in [20, 60, 120, 200, 300] {
            let heard = heard(room(delay, level), &far, &[]);
            let of = |range| lowered(&heard.raw, &heard.suppressed, range);
            println!("{level} dB, {delay} ms: {:.1} dB in the first second, {:.1} later", of(0.0..1.0), of(2.0..6.0));
            assert!(of(0.0..1.0) > 12.0, "{level} dB, {delay} ms: {}", of(0.0..1.0));
            assert!(of(2.0..6.0) > 20.0, "{level} dB, {delay} ms: {}", of(2.0..6.0));
            assert!(lowered(&heard.raw, &heard.subtracted, 2.0..6.0) > 8.0);
        }
    }
}

#[test]
fn who_speaks_over_it_is_heard() {
    let far = speech_like(6.0, 110.0, 3);
    let said = speech_like(1.5, 190.0, 11);
    for level in [-20.0, -10.0] {
        let mut near = vec![0.0; 4 * 16_000];
        near.extend(&said);
        let heard = heard(room(80, level), &far, &near);
        let span = 4 * 16_000..4 * 16_000 + said.len();
        assert!((loudness(&heard.subtracted[span.clone()]) - loudness(&said)).abs() < 2.0);
        assert!(loudness(&heard.suppressed[span]) > loudness(&said) - 10.0);
    }
}

#[test]
fn drifting_clocks_are_survived() {
    let far = speech_like(10.0, 110.0, 3);
    for drift_ppm in [-100.0, 100.0] {
        let heard = heard(RoomOptions { drift_ppm, ..room(80, -10.0) }, &far, &[]);
        let lowered = lowered(&heard.raw, &heard.suppressed, 5.0..10.0);
        assert!(lowered > 15.0, "{drift_ppm} ppm: {lowered}");
    }
}

#[test]
fn an_echo_that_comes_later_all_of_a_sudden_is_found_again() {
    let far = speech_like(12.0, 110.0, 3);
    let (mut early, mut late) = (EchoRoom::new(room(60, -10.0), 7), EchoRoom::new(room(180, -10.0), 7));
    let (mut canceller, mut clean) = (EchoCanceller::new(), Clean::default());
    let (mut raw, mut left) = (Vec::new(), Vec::new());
    for (n, played) in far.chunks_exact(FRAME_SAMPLES).enumerate() {
        let (one, other) = (early.play(played), late.play(played));
        let frame: [f32; FRAME_SAMPLES] = if n < 125 { one } else { other }.try_into().unwrap();
        canceller.process(played.try_into().unwrap(), &frame, &mut clean);
        raw.extend(frame);
        left.extend(clean.suppressed);
    }
    let lowered = lowered(&raw, &left, 7.0..12.0);
    assert!(lowered > 15.0, "{lowered}");
    let path = canceller.path();
    assert!(path.delay.as_millis().abs_diff(180) < 40, "{path:?}");
}

#[test]
fn a_lost_reference_leaves_the_user_as_they_are() {
    let said = speech_like(3.0, 190.0, 11);
    let mut canceller = EchoCanceller::new();
    let (mut clean, mut out) = (Clean::default(), Vec::new());
    for frame in said.chunks_exact(FRAME_SAMPLES) {
        canceller.process(&[0.0; FRAME_SAMPLES], frame.try_into().unwrap(), &mut clean);
        out.extend(clean.suppressed);
    }
    assert!((loudness(&out) - loudness(&said)).abs() < 3.0, "{} of {}", loudness(&out), loudness(&said));
}

#[test]
fn silence_stays_silence_whatever_is_played() {
    let far = speech_like(3.0, 110.0, 3);
    for reference in [vec![0.0; far.len()], far] {
        let (mut canceller, mut clean) = (EchoCanceller::new(), Clean::default());
        for played in reference.chunks_exact(FRAME_SAMPLES) {
            canceller.process(played.try_into().unwrap(), &[0.0; FRAME_SAMPLES], &mut clean);
            let loudest = loudness(&clean.subtracted).max(loudness(&clean.suppressed));
            // What is suppressed is filled with noise as soft as that of a quiet room.
            assert!(loudest < -55.0, "{loudest} dB out of nothing");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn any_room_s_echo_becomes_quieter(
        delay_ms in 20u64..350, level_db in -25.0f32..0.0, drift_ppm in -60.0f64..60.0, seed in any::<u32>(),
    ) {
        let far = speech_like(5.0, 120.0, seed);
        let heard = heard(RoomOptions { drift_ppm, ..room(delay_ms, level_db) }, &far, &[]);
        let lowered = lowered(&heard.raw, &heard.suppressed, 2.5..5.0);
        prop_assert!(lowered > 10.0, "{} dB", lowered);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn whatever_it_is_given_it_gives_numbers(
        frames in prop::collection::vec((any::<f32>(), any::<f32>(), any::<u16>()), 1..60),
    ) {
        let (mut canceller, mut clean) = (EchoCanceller::new(), Clean::default());
        for (played, heard, place) in frames {
            let mut reference = [0.25; FRAME_SAMPLES];
            let mut frame = [-0.25; FRAME_SAMPLES];
            reference[usize::from(place) % FRAME_SAMPLES] = played;
            frame[usize::from(place / 7) % FRAME_SAMPLES] = heard;
            canceller.process(&reference, &frame, &mut clean);
            let all = clean.subtracted.iter().chain(&clean.suppressed);
            prop_assert!(all.into_iter().all(|sample| sample.is_finite() && sample.abs() <= 1.0));
        }
    }
}
