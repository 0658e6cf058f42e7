//! Answers in a computed room, with a voice that is known: no model, the same each time.

use super::*;
use jarvis_audio::echo::{EchoRoom, RoomOptions, speech_like};
use jarvis_audio::{PLAYED_SAMPLES, Played};
use jarvis_core::{SAMPLE_RATE, decibels};
use std::sync::mpsc::channel;
use std::time::Duration;

/// A speaker's tap.
struct Handed(Receiver<Played>);

impl Source for Handed {
    fn next(&mut self) -> Option<Played> {
        self.0.try_recv().ok()
    }
}

fn at(samples: usize) -> Duration {
    Duration::from_secs_f64(samples as f64 / f64::from(SAMPLE_RATE))
}

/// Hears `answer` at `level_db` in a room with a little noise, with `said` over it from a sample on. Gives what is left for
/// voice activity, and whether the guard takes each frame for the user, if every loud one is speech.
fn listen(answer: &[f32], level_db: f32, said: (usize, &[f32])) -> (Vec<f32>, Vec<bool>) {
    let start = Instant::now();
    let latency = Duration::from_millis(40);
    let ((taps, tapped), (blocks, handed)) = (channel(), channel());
    taps.send(Box::new(Handed(handed)) as Box<dyn Source>).unwrap();
    let options = RoomOptions {
        delay: Duration::from_millis(65),
        level_db,
        reverberation: Duration::from_millis(150),
        drift_ppm: 0.0,
    };
    let (mut room, mut echo) = (EchoRoom::new(options, 7), Echo::new(tapped));
    echo.begin();
    let mut noise = 1u32;
    let (mut left, mut user) = (Vec::new(), Vec::new());
    for (index, played) in answer.chunks_exact(FRAME_SAMPLES).enumerate() {
        for (number, samples) in played.chunks_exact(PLAYED_SAMPLES).enumerate() {
            let first = index * FRAME_SAMPLES + number * PLAYED_SAMPLES;
            let samples = samples.try_into().unwrap();
            let block =
                Played { first: first as u64, rate: SAMPLE_RATE, heard_at: start + latency + at(first), samples };
            blocks.send(block).unwrap();
        }
        let mut frame = AudioFrame::silence(index as u64);
        frame.samples.copy_from_slice(&room.play(played));
        for (n, sample) in frame.samples.iter_mut().enumerate() {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample += (noise as f32 / u32::MAX as f32 - 0.5) * 4e-4;
            let word = (index * FRAME_SAMPLES + n).checked_sub(said.0).and_then(|n| said.1.get(n));
            *sample = (*sample + word.copied().unwrap_or(0.0)).clamp(-1.0, 1.0);
        }
        let heard = echo.process(&frame, start + at((index + 1) * FRAME_SAMPLES));
        let verdict = echo.judge(if heard.voice.rms() > guard::FLOOR { 0.9 } else { 0.0 });
        left.extend(heard.voice.samples);
        user.push(verdict.sustained);
    }
    (left, user)
}

/// An answer after a second of silence, as it always comes.
fn answer(seconds: f32) -> Vec<f32> {
    let mut answer = vec![0.0; SAMPLE_RATE as usize];
    answer.extend(speech_like(seconds, 110.0, 3));
    answer
}

#[test]
fn an_answer_alone_is_nobody() {
    for level in [-30.0, -20.0, -10.0] {
        let (_, user) = listen(&answer(12.0), level, (0, &[]));
        assert!(!user.contains(&true), "{level} dB");
    }
}

#[test]
fn whoever_speaks_over_it_is_heard_with_loudspeakers_and_with_headphones() {
    let said = speech_like(1.5, 190.0, 11);
    let begin = 4 * SAMPLE_RATE as usize;
    for level in [-20.0, -40.0, -60.0, -100.0] {
        let (left, user) = listen(&answer(6.0), level, (begin, &said));
        let first = user.iter().position(|user| *user).expect("noticed");
        assert!((begin..begin + said.len()).contains(&(first * FRAME_SAMPLES)), "{level} dB: frame {first}");
        let lost = decibels(rms(&said)) - decibels(rms(&left[begin..begin + said.len()]));
        assert!(lost < 10.0, "{level} dB: {lost} dB of the user are lost");
    }
}

#[test]
fn nothing_is_computed_while_nothing_plays() {
    let (_taps, tapped) = channel();
    let mut echo = Echo::new(tapped);
    let said = speech_like(2.0, 190.0, 11);
    for (index, samples) in said.chunks_exact(FRAME_SAMPLES).enumerate() {
        let frame = AudioFrame { index: index as u64, samples: samples.try_into().unwrap() };
        let heard = echo.process(&frame, Instant::now());
        assert_eq!((&heard.sound.samples, &heard.voice.samples, heard.playing), (&frame.samples, &frame.samples, 0.0));
    }
    assert!(echo.path().is_none());
}
