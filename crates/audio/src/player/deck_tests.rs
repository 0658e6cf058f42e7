//! The deck, block by block, as a device takes them.

use super::*;
use crate::allocation::allocations_in;
use crate::effects::Preset;
use crate::player::cue::Cue;
use crate::player::line::Progress;
use crate::player::tap::Tap;

const RATE: NonZero<u32> = NonZero::new(48_000).unwrap();

struct Stage {
    controls: Arc<Controls>,
    deck: Deck,
    desk: Desk,
}

impl Stage {
    fn new() -> Self {
        Self::waking_up(Duration::ZERO)
    }

    fn waking_up(lead_in: Duration) -> Self {
        let controls = Arc::new(Controls::new(1.0));
        let (deck, desk) = Deck::new(RATE, lead_in, Box::default(), Arc::clone(&controls));
        Self { controls, deck, desk }
    }

    /// Begins a turn of `samples`, with no more to come.
    fn say(&mut self, samples: &[f32]) -> Arc<Progress> {
        let generation = self.controls.silence();
        let (line, mut ring, progress) = Line::new(samples.len(), generation);
        ring.push_entire_slice(samples).unwrap();
        progress.close();
        self.desk.give(Order::Line(Box::new(line)));
        progress
    }

    fn hear(&mut self, samples: usize) -> Vec<f32> {
        self.deck.by_ref().take(samples).collect()
    }
}

/// A line on which each sample is told from the others.
fn ramp(samples: usize) -> Vec<f32> {
    (0..samples).map(|n| 0.1 + 0.5 * n as f32 / samples as f32).collect()
}

#[test]
fn at_full_volume_the_device_gets_the_sound_as_it_is_to_the_bit() {
    let mut stage = Stage::new();
    let said = ramp(1_000);
    let progress = stage.say(&said);
    let heard = stage.hear(1_100);
    assert_eq!(heard[..1_000], said);
    assert!(heard[1_000..].iter().all(|sample| *sample == 0.0));
    assert!(progress.has_ended());
}

#[test]
fn a_device_that_wakes_up_loses_nothing_and_one_that_is_awake_waits_for_nothing() {
    let mut stage = Stage::waking_up(Duration::from_millis(200));
    let progress = stage.say(&ramp(100));
    assert!(stage.hear(9_600).iter().all(|sample| *sample == 0.0));
    assert_eq!(progress.played(), 0);
    assert_eq!(stage.hear(100), ramp(100));
    stage.hear(28);
    stage.say(&ramp(100));
    assert_eq!(stage.hear(100), ramp(100));
}

#[test]
fn a_new_turn_begins_when_the_old_one_has_faded_out() {
    let mut stage = Stage::new();
    let old = stage.say(&vec![0.5; 48_000]);
    stage.hear(640);
    let new = stage.say(&[-0.5; 4_800]);
    let heard = stage.hear(9_600);
    let turn = heard.iter().position(|sample| *sample < 0.0).unwrap();
    assert!(turn <= 480, "the new turn waits {turn} samples");
    assert!(heard[..turn].windows(2).all(|pair| pair[1] <= pair[0] && pair[0] - pair[1] < 0.01));
    assert_eq!(heard[turn..turn + 4_800], [-0.5; 4_800]);
    assert!(old.has_ended() && new.has_ended());
}

#[test]
fn a_turn_that_is_held_loses_nothing_but_the_fades() {
    let mut stage = Stage::new();
    let said = ramp(20_000);
    stage.say(&said);
    let mut heard = stage.hear(4_992);
    stage.controls.set_paused(true);
    let held = stage.hear(48_000);
    let quiet = held.iter().position(|sample| *sample == 0.0).unwrap();
    assert!(quiet <= 480, "silent after {quiet} samples");
    assert!(held[quiet..].iter().all(|sample| *sample == 0.0));
    heard.extend(&held[..quiet.next_multiple_of(PLAYED_SAMPLES)]);
    stage.controls.set_paused(false);
    heard.extend(stage.hear(said.len() - heard.len()));
    let changed = heard.iter().zip(&said).filter(|(heard, said)| heard != said).count();
    assert!(changed <= 900, "{changed} samples differ");
    assert_eq!(heard[6_400..], said[6_400..]);
}

#[test]
fn ducking_glides_and_ends_with_the_turn() {
    let mut stage = Stage::new();
    stage.say(&[0.8; 48_000]);
    stage.controls.set_duck(0.25);
    let heard = stage.hear(9_600);
    assert!(heard.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 0.005));
    assert!((heard[9_599] - 0.2).abs() < 1e-3);
    stage.say(&[0.8; 4_800]);
    let heard = stage.hear(4_800);
    assert_eq!(heard[4_799], 0.8);
}

#[test]
fn the_tap_gives_exactly_what_the_device_gets() {
    let mut stage = Stage::new();
    let (feed, reader) = tap::Feed::new(RATE.get(), Duration::from_millis(40));
    let (rings, mut tap) = Tap::new();
    assert!(rings.hand(reader));
    stage.desk.give(Order::Tap(Box::new(feed)));
    stage.controls.set_volume(0.3);
    stage.say(&ramp(3_000));
    let generation = stage.controls.generation();
    let cue = CueSource::new(Cue::Alarm, RATE, Arc::clone(&stage.controls), generation);
    stage.desk.give(Order::Cue(Box::new(cue)));
    let heard = stage.hear(6_400);
    let tapped: Vec<f32> = std::iter::from_fn(|| tap.read()).flat_map(|block| block.samples).collect();
    assert_eq!(heard, tapped);
    assert!(heard.iter().any(|sample| *sample != 0.0));
}

#[test]
fn the_callback_neither_allocates_nor_frees() {
    let mut stage = Stage::new();
    let (feed, reader) = tap::Feed::new(RATE.get(), Duration::from_millis(40));
    stage.desk.give(Order::Tap(Box::new(feed)));
    let generation = stage.controls.generation();
    for _ in 0..CUES + 2 {
        let cue = CueSource::new(Cue::Alarm, RATE, Arc::clone(&stage.controls), generation);
        stage.desk.give(Order::Cue(Box::new(cue)));
    }
    let take = |stage: &mut Stage, samples| {
        let allocations = allocations_in(|| (0..samples).for_each(|_| _ = std::hint::black_box(stage.deck.next())));
        assert_eq!(allocations, 0);
    };
    for round in 0..40 {
        let preset = Preset::ALL[round % Preset::ALL.len()];
        stage.desk.give(Order::Effects(Box::new(preset.chain(RATE.get(), 1.0).unwrap())));
        stage.say(&ramp(10_000));
        take(&mut stage, 5_000);
        stage.controls.set_paused(true);
        take(&mut stage, 5_000);
    }
    drop(reader);
    stage.controls.silence();
    take(&mut stage, 200_000);
    stage.desk.clear();
    assert!(stage.deck.line.is_none() && stage.deck.tap.is_none() && stage.deck.cues.iter().all(Option::is_none));
}

#[test]
fn effects_hold_no_first_syllable_back_and_ring_on_after_the_last() {
    for preset in [Preset::Evil, Preset::Robot, Preset::Radio, Preset::Cave] {
        let mut stage = Stage::new();
        stage.desk.give(Order::Effects(Box::new(preset.chain(RATE.get(), 1.0).unwrap())));
        let said = crate::effects::testing::voice(RATE.get(), 115.0, 0.5);
        let progress = stage.say(&said);
        let heard = stage.hear(96_000);
        let begin = heard.iter().position(|sample| sample.abs() > 0.02).unwrap();
        assert!(begin < 960, "{preset:?} begins after {begin} samples");
        assert!(progress.has_ended());
        let last = heard.iter().rposition(|sample| *sample != 0.0).unwrap();
        assert!(last + 960 > said.len(), "{preset:?} ends at {last}");
        assert!(preset != Preset::Cave || last > said.len() + 48_000, "the cave falls silent at {last}");
    }
}

#[test]
fn what_rings_on_is_silenced_with_everything_else() {
    let mut stage = Stage::new();
    stage.desk.give(Order::Effects(Box::new(Preset::Cave.chain(RATE.get(), 1.0).unwrap())));
    stage.say(&crate::effects::testing::voice(RATE.get(), 115.0, 0.5));
    assert!(stage.hear(28_032)[27_000..].iter().any(|sample| sample.abs() > 1e-3), "it rings");
    stage.controls.silence();
    let heard = stage.hear(4_800);
    let last = heard.iter().rposition(|sample| *sample != 0.0).unwrap();
    assert!(last <= 512, "silent after {last} samples");
    assert!(heard.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 0.05));
    // The next turn is another room's.
    stage.say(&[0.0; 4_800]);
    assert!(stage.hear(9_600).iter().all(|sample| *sample == 0.0));
}

#[test]
fn effects_change_in_the_middle_of_a_word_without_a_click() {
    let mut stage = Stage::new();
    let said = crate::effects::testing::tone(RATE.get(), 150.0, 0.3, 2.0);
    stage.say(&said);
    let mut last = 0.0;
    for preset in [Preset::Cave, Preset::Normal, Preset::Robot, Preset::Evil, Preset::Normal, Preset::Radio] {
        stage.desk.give(Order::Effects(Box::new(preset.chain(RATE.get(), 1.0).unwrap())));
        for sample in stage.hear(9_600) {
            assert!((sample - last).abs() < 0.1, "{preset:?}: from {last} to {sample}");
            last = sample;
        }
    }
}
