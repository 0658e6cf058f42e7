use super::*;
use crate::allocation::allocations_in;
use crate::echo::room::Noise;
use crate::echo::{EchoRoom, RoomOptions, speech_like};
use proptest::prelude::*;

/// How alike each frame of `heard` is to what was played up to then.
fn alike(played: &[f32], heard: &[f32]) -> Vec<f32> {
    let mut likeness = Likeness::new();
    let frames = played.chunks_exact(FRAME_SAMPLES).zip(heard.chunks_exact(FRAME_SAMPLES));
    frames
        .map(|(played, heard)| {
            likeness.push(played.try_into().unwrap(), heard.try_into().unwrap());
            likeness.now()
        })
        .collect()
}

fn room(delay_ms: u64, reverberation_ms: u64) -> RoomOptions {
    RoomOptions {
        delay: Duration::from_millis(delay_ms),
        level_db: -15.0,
        reverberation: Duration::from_millis(reverberation_ms),
        drift_ppm: 40.0,
    }
}

/// Of the frames in which `sound` is not quiet.
fn where_it_sounds(alike: &[f32], sound: &[f32]) -> Vec<f32> {
    let loud = sound.chunks_exact(FRAME_SAMPLES).map(|frame| jarvis_core::rms(frame) > 0.1 * jarvis_core::rms(sound));
    let mut values: Vec<f32> = alike.iter().zip(loud).filter(|(_, loud)| *loud).map(|(alike, _)| *alike).collect();
    values.sort_by(f32::total_cmp);
    values
}

#[test]
fn an_echo_is_known_at_any_delay_and_a_voice_is_not() {
    let played = speech_like(5.0, 110.0, 3);
    for delay in [20, 90, 400, 900, 1_700] {
        let echo = EchoRoom::new(room(delay, 150), 7).play(&played);
        let echoes = where_it_sounds(&alike(&played, &echo), &echo);
        assert!(echoes[echoes.len() / 10] > 0.45, "{delay} ms: {echoes:?}");
    }
    let said = whispered(5.0, 11);
    let voice = where_it_sounds(&alike(&played, &said), &said);
    assert!(voice[voice.len() * 95 / 100] < 0.3, "{voice:?}");
}

/// What no voice that is played could be a copy of: computed voices have pulses that are all the same, as no person's are.
fn whispered(seconds: f32, seed: u32) -> Vec<f32> {
    let (mut noise, mut loud) = (Noise(seed), 0.0f32);
    let voice = speech_like(seconds, 190.0, seed);
    voice
        .into_iter()
        .map(|sample| {
            loud += 0.005 * (sample.abs() - loud);
            loud * noise.next()
        })
        .collect()
}

#[test]
fn silence_and_an_echo_of_nothing_are_like_nothing() {
    let said = speech_like(1.0, 190.0, 11);
    let nothing = vec![0.0; said.len()];
    assert!(alike(&nothing, &said).iter().all(|alike| *alike == 0.0));
    assert!(alike(&said, &nothing).iter().all(|alike| *alike == 0.0));
}

#[test]
fn a_comparison_costs_no_memory() {
    let (mut likeness, said) = (Likeness::new(), speech_like(0.2, 190.0, 11));
    let frame = said[..FRAME_SAMPLES].try_into().unwrap();
    likeness.push(frame, frame);
    let allocated = allocations_in(|| {
        likeness.push(frame, frame);
        std::hint::black_box(likeness.now());
    });
    assert_eq!(allocated, 0);
}

/// By the definition, one delay after the other.
fn plain(played: &[f32], sought: &[f32]) -> f32 {
    let power = |samples: &[f32]| samples.iter().map(|sample| f64::from(sample * sample)).sum::<f64>();
    let most = (0..=PLAYED - SOUGHT + EARLY).map(|place| {
        let part = &played[place..PLAYED.min(place + SOUGHT)];
        let product: f64 = part.iter().zip(sought).map(|(a, b)| f64::from(a * b)).sum();
        let under = power(part);
        if under > f64::from(SILENCE) * SOUGHT as f64 { product * product / under } else { 0.0 }
    });
    (most.fold(0.0, f64::max) / power(sought)).sqrt() as f32
}

#[test]
fn transforms_find_what_the_definition_does() {
    let played = speech_like(2.2, 110.0, 3);
    let heard = EchoRoom::new(room(300, 250), 9).play(&played);
    let mut likeness = Likeness::new();
    for (played, heard) in played.chunks_exact(FRAME_SAMPLES).zip(heard.chunks_exact(FRAME_SAMPLES)) {
        likeness.push(played.try_into().unwrap(), heard.try_into().unwrap());
    }
    let (fast, slow) = (likeness.now(), plain(&likeness.before, &likeness.sought));
    assert!((fast - slow).abs() < 1e-3, "{fast} and {slow}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_comes_it_is_a_share(
        played in prop::collection::vec(any::<f32>(), 4 * FRAME_SAMPLES),
        heard in prop::collection::vec(prop_oneof![any::<f32>(), Just(0.0), -1.0f32..1.0], 4 * FRAME_SAMPLES),
    ) {
        for alike in alike(&played, &heard) {
            prop_assert!((0.0..=1.0).contains(&alike), "{}", alike);
        }
    }

    /// However loud the one and the other are.
    #[test]
    fn a_copy_is_all_alike_at_any_level(delay in 0usize..12, gain in -40.0f32..0.0) {
        let played = speech_like(1.5, 130.0, 5);
        let mut heard = vec![0.0; delay * FRAME_SAMPLES];
        heard.extend(played.iter().map(|sample| sample * 10f32.powf(gain / 20.0)));
        let alike = alike(&played, &heard);
        let copied = where_it_sounds(&alike, &heard);
        // The first frame may begin with silence that is not yet known.
        prop_assert!(copied.len() > 20 && copied[copied.len() / 20] > 0.9, "{:?}", copied);
    }
}
