//! What the handle changes and the callback follows at once: how loud, how much quieter for a moment, held, silenced.
//!
//! All of it is atomic; [`Gain`] turns it into a level for each sample that never jumps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Length of the fade when sound is cut off or held, in seconds.
const FADE_SECONDS: f32 = 0.008;
/// Time constant of a change of volume, in seconds.
const GLIDE_SECONDS: f32 = 0.01;
/// Closer than this to its target a level is its target, so that full volume is the sound as it came, to the bit.
const ARRIVED: f32 = 1e-4;

/// What the handle changes.
#[derive(Debug)]
pub(crate) struct Controls {
    /// Counts up with each silencing; what was started under an older number fades out.
    generation: AtomicU64,
    /// Bits of the `f32` volume of everything.
    volume: AtomicU32,
    /// Bits of the `f32` by which speech is quieter for now.
    duck: AtomicU32,
    /// Speech is held where it is.
    paused: AtomicBool,
}

impl Controls {
    pub fn new(volume: f32) -> Self {
        let controls = Self {
            generation: AtomicU64::new(0),
            volume: AtomicU32::new(0),
            duck: AtomicU32::new(1.0f32.to_bits()),
            paused: AtomicBool::new(false),
        };
        controls.set_volume(volume);
        controls
    }

    /// Silences everything that plays; returns the number under which the next sound may start, at its full volume.
    pub fn silence(&self) -> u64 {
        let generation = self.generation.fetch_add(1, Ordering::AcqRel) + 1;
        // What fades out does not follow these any more.
        self.set_duck(1.0);
        self.set_paused(false);
        generation
    }

    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub fn set_volume(&self, volume: f32) {
        self.volume.store(share(volume).to_bits(), Ordering::Relaxed);
    }

    pub fn set_duck(&self, gain: f32) {
        self.duck.store(share(gain).to_bits(), Ordering::Relaxed);
    }

    pub fn set_paused(&self, paused: bool) {
        self.paused.store(paused, Ordering::Release);
    }

    pub fn volume(&self) -> f32 {
        f32::from_bits(self.volume.load(Ordering::Relaxed))
    }

    fn duck(&self) -> f32 {
        f32::from_bits(self.duck.load(Ordering::Relaxed))
    }

    /// How loud a sound of this kind is to be.
    fn level(&self, kind: Kind) -> f32 {
        match kind {
            Kind::Speech => self.volume() * self.duck(),
            Kind::Cue => self.volume(),
        }
    }

    fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Acquire)
    }
}

/// A gain that makes nothing louder; what is no number is silence.
fn share(gain: f32) -> f32 {
    if gain.is_finite() { gain.clamp(0.0, 1.0) } else { 0.0 }
}

/// What a gain is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Follows the volume, ducking and holding.
    Speech,
    /// Follows the volume alone.
    Cue,
}

/// What is left of a sound after a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// It goes on.
    Sounding,
    /// It is held and silent: nothing of it may be used up.
    Held,
    /// It was silenced and has faded out.
    Gone,
}

/// The gain of one sound: follows its controls without steps and fades to zero once the sound is silenced.
#[derive(Debug)]
pub(crate) struct Gain {
    controls: Arc<Controls>,
    kind: Kind,
    generation: u64,
    volume: f32,
    glide: f32,
    /// Falls to zero once the sound is silenced.
    fade: f32,
    /// Falls to zero while the sound is held, and rises again.
    hold: f32,
    fade_step: f32,
}

impl Gain {
    pub fn new(controls: Arc<Controls>, kind: Kind, generation: u64, rate: u32) -> Self {
        let rate = rate.max(1) as f32;
        let volume = controls.level(kind);
        let glide = 1.0 - (-1.0 / (GLIDE_SECONDS * rate)).exp();
        Self { controls, kind, generation, volume, glide, fade: 1.0, hold: 1.0, fade_step: 1.0 / (FADE_SECONDS * rate) }
    }

    /// Starts anew for a sound of this generation, as loud as sounds of its kind are now; held ones not at all.
    pub fn restart(&mut self, generation: u64) {
        self.generation = generation;
        let hold = if self.is_held() { 0.0 } else { 1.0 };
        (self.volume, self.fade, self.hold) = (self.controls.level(self.kind), 1.0, hold);
    }

    /// Whether the sound may be used up further.
    pub fn level(&self) -> Level {
        if self.is_silenced() {
            return if self.fade * self.hold <= 0.0 { Level::Gone } else { Level::Sounding };
        }
        if self.is_held() && self.hold <= 0.0 { Level::Held } else { Level::Sounding }
    }

    /// Scales the next samples.
    pub fn apply(&mut self, samples: &mut [f32]) {
        // Once a block: a block lasts a millisecond or two.
        let silenced = self.is_silenced();
        let hold_step = if self.is_held() { -self.fade_step } else { self.fade_step };
        let target = self.controls.level(self.kind);
        for sample in samples {
            if silenced {
                self.fade = (self.fade - self.fade_step).max(0.0);
            } else {
                self.hold = (self.hold + hold_step).clamp(0.0, 1.0);
                self.volume += self.glide * (target - self.volume);
                if (target - self.volume).abs() < ARRIVED {
                    self.volume = target;
                }
            }
            *sample *= self.volume * self.fade * self.hold;
        }
    }

    fn is_silenced(&self) -> bool {
        self.generation != self.controls.generation()
    }

    fn is_held(&self) -> bool {
        self.kind == Kind::Speech && self.controls.is_paused()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BLOCK: usize = 64;

    proptest! {
        #[test]
        fn silencing_ends_within_the_fade_and_without_a_jump(
            rate in 8_000u32..192_000,
            volume in 0.0f32..=1.0,
            before in 0usize..10,
        ) {
            let controls = Arc::new(Controls::new(volume));
            let mut gain = Gain::new(Arc::clone(&controls), Kind::Speech, controls.generation(), rate);
            let mut last = volume;
            for _ in 0..before {
                let mut block = [1.0; BLOCK];
                gain.apply(&mut block);
                prop_assert!(block.iter().all(|sample| (sample - volume).abs() < 1e-3));
                last = block[BLOCK - 1];
            }
            controls.silence();
            let mut tail = 0;
            while gain.level() == Level::Sounding {
                let mut block = [1.0; BLOCK];
                gain.apply(&mut block);
                for sample in block {
                    prop_assert!(sample >= 0.0 && sample <= last + 1e-3);
                    prop_assert!(last - sample < 0.03, "a step of {}", last - sample);
                    last = sample;
                }
                tail += BLOCK;
            }
            prop_assert_eq!(gain.level(), Level::Gone);
            prop_assert!(tail as f32 <= 0.008 * rate as f32 + 2.0 * BLOCK as f32);
            prop_assert!(last < 0.03);
        }

        #[test]
        fn the_gain_stays_within_bounds_and_never_jumps(
            changes in prop::collection::vec((any::<f32>(), any::<f32>(), any::<bool>()), 1..20),
        ) {
            let controls = Arc::new(Controls::new(0.5));
            let mut gain = Gain::new(Arc::clone(&controls), Kind::Speech, 0, 48_000);
            let mut last = 0.5;
            for (volume, duck, paused) in changes {
                controls.set_volume(volume);
                controls.set_duck(duck);
                controls.set_paused(paused);
                let mut samples = [1.0; 4 * BLOCK];
                samples.chunks_mut(BLOCK).for_each(|block| gain.apply(block));
                for sample in samples {
                    prop_assert!((0.0..=1.0).contains(&sample));
                    prop_assert!((sample - last).abs() < 0.01, "from {last} to {sample}");
                    last = sample;
                }
            }
        }
    }

    #[test]
    fn holding_ends_in_silence_that_uses_nothing_up_and_cues_go_on() {
        let controls = Arc::new(Controls::new(1.0));
        let mut speech = Gain::new(Arc::clone(&controls), Kind::Speech, 0, 48_000);
        let mut cue = Gain::new(Arc::clone(&controls), Kind::Cue, 0, 48_000);
        controls.set_paused(true);
        let mut used = 0;
        while speech.level() == Level::Sounding {
            speech.apply(&mut [1.0; BLOCK]);
            used += BLOCK;
        }
        assert_eq!(speech.level(), Level::Held);
        assert!(used as f32 <= 0.010 * 48_000.0, "{used} samples");
        let mut block = [0.25; BLOCK];
        cue.apply(&mut block);
        assert_eq!((cue.level(), block), (Level::Sounding, [0.25; BLOCK]));
        controls.set_paused(false);
        for _ in 0..10 {
            speech.apply(&mut [1.0; BLOCK]);
        }
        let mut block = [0.3; BLOCK];
        speech.apply(&mut block);
        assert_eq!(block, [0.3; BLOCK], "as it came");
    }

    #[test]
    fn what_begins_held_or_quieter_begins_so() {
        let controls = Arc::new(Controls::new(0.5));
        let mut gain = Gain::new(Arc::clone(&controls), Kind::Speech, 0, 48_000);
        controls.set_duck(0.1);
        gain.restart(0);
        let mut block = [1.0; BLOCK];
        gain.apply(&mut block);
        assert!(block.iter().all(|sample| (sample - 0.05).abs() < 1e-4), "{block:?}");
        controls.set_paused(true);
        gain.restart(0);
        assert_eq!(gain.level(), Level::Held);
    }

    #[test]
    fn what_is_held_and_then_silenced_is_gone_at_once() {
        let controls = Arc::new(Controls::new(1.0));
        let mut gain = Gain::new(Arc::clone(&controls), Kind::Speech, 0, 48_000);
        controls.set_paused(true);
        for _ in 0..10 {
            gain.apply(&mut [1.0; BLOCK]);
        }
        controls.silence();
        assert_eq!(gain.level(), Level::Gone);
    }
}
