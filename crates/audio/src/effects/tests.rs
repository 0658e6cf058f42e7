//! What holds for every effect and every preset, and what each one is for.

use super::testing::{decibels, level_at, rms, tone, voice};
use super::*;
use crate::allocation::allocations_in;
use proptest::prelude::*;

const RATE: u32 = 48_000;

type Maker = fn(u32) -> Box<dyn Effect>;

/// Each effect, at its wildest.
const EFFECTS: [(&str, Maker); 9] = [
    ("bass shelf", |rate| Box::new(BassShelf::new(rate, 150.0, 24.0).unwrap())),
    ("band pass", |rate| Box::new(BandPass::new(rate, 300.0, 3_400.0).unwrap())),
    ("modulation", |rate| Box::new(Modulation::new(rate, 60.0, 1.0).unwrap())),
    ("distortion", |rate| Box::new(Distortion::new(rate, 30.0, 1.0).unwrap())),
    ("compressor", |rate| Box::new(Compressor::new(rate, -60.0, 20.0, 24.0).unwrap())),
    ("limiter", |rate| Box::new(Limiter::new(rate, 24.0, -6.0).unwrap())),
    ("reverb", |rate| Box::new(Reverb::new(rate, 10.0, 1.0, 20_000.0, 1.0).unwrap())),
    ("pitch down", |rate| Box::new(PitchShift::new(rate, Pitch::Times(0.5), 0.6).unwrap())),
    ("pitch up", |rate| Box::new(PitchShift::new(rate, Pitch::Times(2.0), 1.0).unwrap())),
];

/// What any sound system or synthesis may come up with, from silence to the worst.
fn anything() -> impl Strategy<Value = Vec<f32>> {
    prop_oneof![
        prop::collection::vec(-1.0f32..=1.0, 1..4_000),
        prop::collection::vec(prop::sample::select(vec![-1.0f32, 1.0]), 1..4_000),
        (1usize..400).prop_map(|half| (0..4_000).map(|n| if n / half % 2 == 0 { 1.0 } else { -1.0 }).collect()),
        (1usize..4_000, -1.0f32..=1.0).prop_map(|(count, level)| vec![level; count]),
        (60.0f32..8_000.0).prop_map(|hertz| tone(RATE, hertz, 1.0, 0.1)),
        (60.0f32..500.0).prop_map(|hertz| voice(RATE, hertz, 0.1)),
        Just(vec![f32::MIN_POSITIVE / 2.0; 2_000]),
        Just(vec![1e-30; 2_000]),
    ]
}

fn through(effect: &mut dyn Effect, samples: &[f32]) -> Vec<f32> {
    let mut out = samples.to_vec();
    // Devices ask for odd numbers of samples.
    out.chunks_mut(37).for_each(|piece| effect.process(piece));
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn whatever_comes_in_numbers_within_bounds_come_out_and_then_silence(
        sound in anything(),
        which in 0..EFFECTS.len(),
        rate in prop::sample::select(vec![8_000u32, 16_000, 44_100, 48_000, 192_000]),
    ) {
        let (name, maker) = EFFECTS[which];
        let mut effect = maker(rate);
        let out = through(&mut *effect, &sound);
        prop_assert_eq!(out.len(), sound.len());
        // 24 dB of gain at most, and what filters and echoes add up to.
        prop_assert!(out.iter().all(|s| s.is_finite() && s.abs() < 64.0), "{name} at {rate}");
        // The longest room there is needs half a minute to be silent to the last bit.
        let seconds = if name == "reverb" { 40 } else { 2 };
        let mut tail = vec![0.0; seconds * rate as usize];
        effect.process(&mut tail);
        let end = &tail[tail.len() - 1_000..];
        prop_assert!(end.iter().all(|s| *s == 0.0), "{name} at {rate} rings for ever: {:?}", &end[..3]);
    }

    #[test]
    fn presets_stay_below_full_scale_and_are_as_long_as_what_is_said(
        sound in anything(),
        preset in prop::sample::select(Preset::ALL.to_vec()),
        amount in 0.0f32..=1.0,
    ) {
        let mut chain = preset.chain(RATE, amount).unwrap();
        let mut out = sound.clone();
        out.chunks_mut(53).for_each(|piece| chain.process(piece));
        prop_assert_eq!(out.len(), sound.len());
        prop_assert!(out.iter().all(|s| s.abs() <= 1.0));
        prop_assert!(chain.latency() as f32 <= 0.020 * RATE as f32);
    }

    #[test]
    fn the_rack_falls_silent_and_never_clicks_whatever_is_chosen_when(
        changes in prop::collection::vec((0usize..20, prop::sample::select(Preset::ALL.to_vec()), 0.0f32..=1.0), 1..12),
    ) {
        let sound = tone(RATE, 200.0, 0.25, 1.0);
        let mut rack = Rack::new(RATE, Box::new(Preset::Normal.chain(RATE, 1.0).unwrap()));
        let mut last = 0.0;
        let mut blocks = sound.chunks(64);
        for (wait, preset, amount) in changes {
            drop(rack.change(Box::new(preset.chain(RATE, amount).unwrap())));
            for block in blocks.by_ref().take(wait) {
                let mut out = block.to_vec();
                drop(rack.process(&mut out, true));
                for sample in out {
                    prop_assert!(sample.is_finite() && (sample - last).abs() < 0.2, "from {last} to {sample}");
                    last = sample;
                }
            }
        }
        let mut after = 0;
        while !rack.is_idle() {
            let mut out = vec![0.0; 64];
            drop(rack.process(&mut out, false));
            after += 64;
            prop_assert!(after < 12 * RATE as usize, "it rings for ever");
        }
    }
}

#[test]
fn silence_gives_silence() {
    for (name, maker) in EFFECTS {
        let mut effect = maker(RATE);
        let out = through(&mut *effect, &[0.0; 10_000]);
        assert!(out.iter().all(|s| *s == 0.0), "{name}");
    }
}

#[test]
fn no_effect_allocates_while_it_runs() {
    for preset in Preset::ALL {
        let mut rack = Rack::new(RATE, Box::new(Preset::Cave.chain(RATE, 1.0).unwrap()));
        let chain = Box::new(preset.chain(RATE, 0.8).unwrap());
        let mut sound = voice(RATE, 110.0, 0.4);
        let mut over = Vec::with_capacity(4);
        let mut chain = Some(chain);
        let allocations = allocations_in(|| {
            for (n, block) in sound.chunks_mut(64).enumerate() {
                if n == 20 {
                    over.extend(chain.take().and_then(|chain| rack.change(chain)));
                }
                over.extend(rack.process(block, true));
            }
            rack.reset();
        });
        assert_eq!(allocations, 0, "{preset:?}");
        assert_eq!(over.len(), 1, "the old chain came back");
    }
}

#[test]
fn a_reset_effect_is_as_new() {
    let sound = voice(RATE, 140.0, 0.2);
    for (name, maker) in EFFECTS {
        let mut effect = maker(RATE);
        let first = through(&mut *effect, &sound);
        effect.reset();
        assert!(through(&mut *effect, &sound) == first, "{name}");
    }
}

#[test]
fn what_is_out_of_range_is_refused_by_name() {
    let refused = |result: Result<(), AudioError>, effect: &str, name: &str| {
        let error = result.expect_err(name).to_string();
        assert!(error.contains(effect) && error.contains(name), "{error}");
    };
    for bad in [f32::NAN, f32::INFINITY, -1e9, 1e9] {
        refused(BassShelf::new(RATE, bad, 3.0).map(drop), "bass shelf", "hertz");
        refused(BassShelf::new(RATE, 100.0, bad).map(drop), "bass shelf", "gain_db");
        refused(BandPass::new(RATE, bad, 3_000.0).map(drop), "band pass", "low");
        refused(BandPass::new(RATE, 300.0, bad).map(drop), "band pass", "high");
        refused(Modulation::new(RATE, bad, 0.5).map(drop), "modulation", "hertz");
        refused(Modulation::new(RATE, 50.0, bad).map(drop), "modulation", "depth");
        refused(Distortion::new(RATE, bad, 1.0).map(drop), "distortion", "drive");
        refused(Distortion::new(RATE, 2.0, bad).map(drop), "distortion", "mix");
        refused(Compressor::new(RATE, bad, 2.0, 0.0).map(drop), "compressor", "threshold_db");
        refused(Compressor::new(RATE, -20.0, bad, 0.0).map(drop), "compressor", "ratio");
        refused(Compressor::new(RATE, -20.0, 2.0, bad).map(drop), "compressor", "makeup_db");
        refused(Limiter::new(RATE, bad, -1.0).map(drop), "limiter", "gain_db");
        refused(Limiter::new(RATE, 0.0, bad).map(drop), "limiter", "ceiling_db");
        refused(Reverb::new(RATE, bad, 0.5, 4_000.0, 0.5).map(drop), "reverb", "seconds");
        refused(Reverb::new(RATE, 1.0, bad, 4_000.0, 0.5).map(drop), "reverb", "size");
        refused(Reverb::new(RATE, 1.0, 0.5, bad, 0.5).map(drop), "reverb", "damping");
        refused(Reverb::new(RATE, 1.0, 0.5, 4_000.0, bad).map(drop), "reverb", "mix");
        refused(PitchShift::new(RATE, Pitch::Times(bad), 1.0).map(drop), "pitch shift", "ratio");
        refused(PitchShift::new(RATE, Pitch::Flat(bad), 1.0).map(drop), "pitch shift", "hertz");
        refused(PitchShift::new(RATE, Pitch::Times(1.0), bad).map(drop), "pitch shift", "formants");
        refused(Preset::Evil.chain(RATE, bad).map(drop), "effect", "amount");
    }
    refused(Preset::Evil.chain(100, 1.0).map(drop), "pitch shift", "rate");
}

#[test]
fn normal_is_the_voice_to_the_bit_and_so_is_an_amount_of_nothing() {
    let sound = voice(RATE, 120.0, 0.2);
    for mut chain in [Preset::Normal.chain(RATE, 1.0).unwrap(), Preset::Evil.chain(RATE, 0.0).unwrap()] {
        let mut out = sound.clone();
        chain.process(&mut out);
        assert_eq!(out, sound);
        assert_eq!(chain.latency(), 0);
    }
}

#[test]
fn every_preset_is_about_as_loud_as_the_voice() {
    // Syllables, as speech has them: a steady tone would fill a room that never falls silent.
    let syllable = |hertz| [voice(RATE, hertz, 0.18), vec![0.0; 4_000]].concat();
    let speech: Vec<f32> = [110.0, 125.0, 118.0, 104.0, 131.0, 112.0].into_iter().flat_map(syllable).collect();
    for preset in Preset::ALL {
        let mut out = speech.clone();
        preset.chain(RATE, 1.0).unwrap().process(&mut out);
        let change = decibels(rms(&out) / rms(&speech));
        println!("{}: {change:.1} dB", preset.name());
        assert!(change.abs() < 4.0, "{preset:?}: {change} dB");
    }
}

#[test]
fn the_bass_shelf_raises_what_is_below_and_nothing_above() {
    for gain in [-12.0, 6.0, 12.0] {
        for rate in [22_050, 48_000] {
            let at = |hertz| {
                let mut shelf = BassShelf::new(rate, 400.0, gain).unwrap();
                let out = through(&mut shelf, &tone(rate, hertz, 0.1, 1.0));
                decibels(level_at(&out[rate as usize / 2..], rate, hertz) / 0.1)
            };
            assert!((at(100.0) - gain).abs() < 0.5, "{gain} dB: {} at 100 Hz", at(100.0));
            assert!((at(400.0) - gain / 2.0).abs() < 0.5, "{gain} dB: {} at 400 Hz", at(400.0));
            assert!(at(4_000.0).abs() < 0.3, "{gain} dB: {} at 4 kHz", at(4_000.0));
        }
    }
}

#[test]
fn the_band_pass_keeps_its_band() {
    let at = |hertz| {
        let mut band = BandPass::new(RATE, 300.0, 3_400.0).unwrap();
        decibels(level_at(&through(&mut band, &tone(RATE, hertz, 0.1, 1.0))[24_000..], RATE, hertz) / 0.1)
    };
    assert!(at(1_000.0).abs() < 0.2);
    assert!((at(300.0) + 3.0).abs() < 0.3 && (at(3_400.0) + 3.0).abs() < 0.3);
    assert!(at(75.0) < -45.0 && at(13_600.0) < -45.0);
}

#[test]
fn distortion_folds_nothing_back() {
    for (hertz, drive) in [(1_000.0, 10.0), (3_100.0, 10.0), (5_100.0, 5.0)] {
        let mut distortion = Distortion::new(RATE, drive, 1.0).unwrap();
        let out = through(&mut distortion, &tone(RATE, hertz, 0.5, 0.6));
        // A whole number of periods, so that only what is no overtone is left between them.
        let piece = &out[4_800..4_800 + 24_000];
        let first = level_at(piece, RATE, hertz);
        let overtones: Vec<f32> = (1..).map(|n| n as f32 * hertz).take_while(|h| *h < 24_000.0).collect();
        let folded = (1..120)
            .map(|n| n as f32 * 200.0 + 100.0 * (hertz % 200.0 == 0.0) as u8 as f32)
            .filter(|h| overtones.iter().all(|overtone| (overtone - h).abs() > 20.0))
            .map(|h| level_at(piece, RATE, h))
            .fold(0.0f32, f32::max);
        // What folds back lies at multiples of what the rate and the tone have in common.
        let mirrored = (1..200)
            .map(|n| {
                let h = (n as f32 * hertz) % RATE as f32;
                h.min(RATE as f32 - h)
            })
            .filter(|h| *h > 50.0 && overtones.iter().all(|overtone| (overtone - h).abs() > 20.0))
            .map(|h| level_at(piece, RATE, h))
            .fold(folded, f32::max);
        let below = decibels(mirrored / first);
        println!("{hertz} Hz, drive {drive}: aliases at {below:.1} dB");
        assert!(below < -50.0, "{hertz} Hz: {below} dB");
        let third = decibels(level_at(piece, RATE, 3.0 * hertz) / first);
        assert!(third > -25.0, "it distorts: {third} dB");
    }
}

#[test]
fn the_limiter_holds_its_ceiling_and_leaves_alone_what_is_below() {
    let ceiling = from_decibels(-6.0);
    let mut limiter = Limiter::new(RATE, 0.0, -6.0).unwrap();
    let mut sound = tone(RATE, 440.0, 0.3, 0.2);
    sound.extend(tone(RATE, 440.0, 1.0, 0.2));
    sound.extend([0.0; 2_000]);
    sound[3_000] = 1.0;
    let late = limiter.latency();
    let out = through(&mut limiter, &sound);
    assert!(out.iter().all(|s| s.abs() <= ceiling));
    assert!(out[late..2_500].iter().zip(&sound).all(|(out, sound)| (out - sound).abs() < 1e-5));
    // The loud tone keeps its shape: no corners.
    let loud = &out[14_400..19_200];
    let clean = level_at(loud, RATE, 440.0);
    assert!(decibels(level_at(loud, RATE, 1_320.0) / clean) < -35.0);
}

#[test]
fn the_compressor_brings_levels_together() {
    let level = |level| {
        let mut compressor = Compressor::new(RATE, -30.0, 4.0, 0.0).unwrap();
        decibels(rms(&through(&mut compressor, &tone(RATE, 500.0, level, 1.0))[24_000..]))
    };
    let quieter = level(0.05);
    let louder = level(0.5);
    assert!((louder - quieter - 5.0).abs() < 1.5, "20 dB become {}", louder - quieter);
}

#[test]
fn the_room_falls_as_long_as_it_was_asked_to() {
    let mut reverb = Reverb::new(RATE, 1.5, 0.6, 20_000.0, 1.0).unwrap();
    let mut sound = vec![0.0; 3 * RATE as usize];
    let mut seed = 7u32;
    for sample in &mut sound[..4_800] {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *sample = (seed >> 8) as f32 / (1 << 23) as f32 - 1.0;
    }
    let out = through(&mut reverb, &sound);
    let at = |seconds: f32| decibels(rms(&out[(seconds * RATE as f32) as usize..][..4_800]));
    let fall = at(0.3) - at(1.3);
    assert!((fall - 40.0).abs() < 5.0, "{fall} dB in a second of a room of 1.5 s");
}

/// The strongest of the frequencies that a voice of about `hertz` could have, by the sum of its first overtones.
fn pitch_of(samples: &[f32], hertz: f32) -> f32 {
    let strength = |h: f32| (1..=6).map(|n| level_at(samples, RATE, n as f32 * h)).sum::<f32>();
    (-40..=40).map(|n| hertz * (1.0 + n as f32 * 0.001)).max_by(|a, b| strength(*a).total_cmp(&strength(*b))).unwrap()
}

#[test]
fn the_pitch_moves_by_the_ratio_and_the_formants_stay() {
    for hertz in [92.0, 118.0, 190.0] {
        for ratio in [0.74, 1.0, 1.3] {
            let mut shift = PitchShift::new(RATE, Pitch::Times(ratio), 1.0).unwrap();
            let sound = voice(RATE, hertz, 1.2);
            let out = through(&mut shift, &sound);
            let (sound, out) = (&sound[9_600..], &out[9_600..]);
            let found = pitch_of(out, hertz * ratio);
            assert!((found / (hertz * ratio) - 1.0).abs() < 0.01, "{hertz} Hz x {ratio} became {found}");
            // As much of the voice about its formant as before, and as little where there was little.
            let share = |samples: &[f32], pitch: f32| {
                let band = |from: f32, to: f32| {
                    let overtones = (1..).map(|n| n as f32 * pitch).skip_while(|h| *h < from).take_while(|h| *h < to);
                    overtones.map(|h| level_at(samples, RATE, h).powi(2)).sum::<f32>()
                };
                band(500.0, 900.0) / band(60.0, 4_000.0)
            };
            let (before, after) = (share(sound, hertz), share(out, found));
            assert!((before - after).abs() < 0.15, "{hertz} Hz x {ratio}: {before} about the formant, then {after}");
            let change = decibels(rms(out) / rms(sound));
            assert!(change.abs() < 2.0, "{hertz} Hz x {ratio}: {change} dB");
        }
    }
}

#[test]
fn a_voice_that_glides_becomes_flat() {
    let mut phase = 0.0f32;
    let glide: Vec<f32> = (0..72_000)
        .map(|n| {
            let hertz = 100.0 + 60.0 * n as f32 / 72_000.0;
            phase = (phase + hertz / RATE as f32).fract();
            let t = phase / hertz;
            0.3 * (-t * 400.0).exp() * (std::f32::consts::TAU * 700.0 * t).sin()
        })
        .collect();
    let mut shift = PitchShift::new(RATE, Pitch::Flat(110.0), 1.0).unwrap();
    let out = through(&mut shift, &glide);
    for from in [12_000, 36_000, 52_000] {
        let found = pitch_of(&out[from..from + 16_000], 110.0);
        assert!((found / 110.0 - 1.0).abs() < 0.01, "{found} Hz at {from}");
    }
}

#[test]
fn what_has_no_pitch_comes_out_as_it_was_and_no_later_than_promised() {
    let mut shift = PitchShift::new(RATE, Pitch::Times(0.74), 1.0).unwrap();
    let mut seed = 3u32;
    let hiss: Vec<f32> = (0..24_000)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            0.2 * ((seed >> 8) as f32 / (1 << 23) as f32 - 1.0)
        })
        .collect();
    let out = through(&mut shift, &hiss);
    let late = shift.latency();
    assert!(out[late + 2_000..].iter().zip(&hiss[2_000..]).all(|(out, sound)| (out - sound).abs() < 1e-5));
}
