//! How good a head is: calls heard, how soon, and what else wakes it.
//!
//! Works on clips that nothing was learned from. Counts as the detector does: threshold 0.5, once for each call.

use super::examples::Clip;
use crate::wake::features::STEP;
use crate::wake::head::Dense;
use crate::wake::trigger::Trigger;
use jarvis_core::SAMPLE_RATE;
use serde::{Deserialize, Serialize};

/// What a near miss that wakes and a false wake an hour cost, in missed calls. A near miss is taken back by recognition
/// most of the time, and said less often than a call.
const NEAR_COST: f32 = 0.4;
const HOURLY_COST: f32 = 0.03;
/// Syllables from which on a phrase needs no warning by itself.
const SURE_SYLLABLES: usize = 4;
/// Shares of calls heard and of near misses woken by, and wakes in an hour of other speech, that one is warned of.
const HEARD: f32 = 0.6;
const WOKEN: f32 = 0.25;
const HOURLY: f32 = 12.0;
const STEP_SECONDS: f32 = STEP as f32 / SAMPLE_RATE as f32;

/// Figures of a head, measured on takes, sentences and espeak-ng speakers that it was not trained on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Calls by synthetic voices.
    pub calls: usize,
    /// Of them, those that were heard.
    pub heard: usize,
    /// Calls by the user: takes that were kept out of training, each in several rooms.
    pub own_calls: usize,
    /// Of them, those that were heard.
    pub own_heard: usize,
    /// Median time from the end of the phrase to its detection, in milliseconds.
    pub delay_ms: f32,
    /// Phrases that sound alike.
    pub near_misses: usize,
    /// Of them, those that woke it.
    pub near_wakes: usize,
    /// Seconds of other speech and noise.
    pub speech_seconds: f32,
    /// How often they woke it.
    pub speech_wakes: usize,
    /// The installed voices have a single speaker, who was learned from, too, at another pitch: the figures are a little
    /// better than they would be with a stranger.
    pub shared_voice: bool,
}

impl Figures {
    /// Share of the synthetic calls that were heard, 0..=1.
    pub fn recall(&self) -> f32 {
        share(self.heard, self.calls)
    }

    /// Share of the near misses that woke it, 0..=1.
    pub fn near_miss_rate(&self) -> f32 {
        share(self.near_wakes, self.near_misses)
    }

    /// False wakes in an hour of other speech.
    pub fn wakes_per_hour(&self) -> f32 {
        self.speech_wakes as f32 * 3600.0 / self.speech_seconds.max(1.0)
    }

    /// What whoever takes this wake word should know first; `syllables` are its phrase's. None where all is well.
    pub fn caution(&self, syllables: usize) -> Option<String> {
        let often = self.near_miss_rate() > WOKEN || self.wakes_per_hour() > HOURLY;
        let measured = format!(
            "of {} phrases that sound alike {} woke it, and other speech would {:.0} times an hour",
            self.near_misses,
            self.near_wakes,
            self.wakes_per_hour()
        );
        if self.recall() < HEARD {
            Some(format!(
                "It is heard in {:.0} of 100 calls only: record more takes, or train with `--thorough 2`.",
                self.recall() * 100.0
            ))
        } else if syllables < SURE_SYLLABLES {
            Some(format!(
                "The phrase is short ({syllables} syllables): {measured}. One of {SURE_SYLLABLES} or more is told from \
                 others more surely."
            ))
        } else if often {
            Some(format!(
                "It is woken by mistake often: {measured}. Train with `--thorough 2`, or take another phrase."
            ))
        } else {
            None
        }
    }
}

fn share(part: usize, of: usize) -> f32 {
    if of == 0 { 0.0 } else { part as f32 / of as f32 }
}

/// What is measured with, as embeddings.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) calls: Vec<Clip>,
    pub(super) own_calls: Vec<Clip>,
    pub(super) near: Vec<Clip>,
    pub(super) speech: Vec<Clip>,
}

impl Heard {
    pub(super) fn figures(&self, head: &mut Dense) -> Figures {
        let mut delays = Vec::new();
        let mut heard = |clips: &[Clip], head: &mut Dense| {
            let mut count = 0;
            for clip in clips {
                let Some(end) = clip.end else { continue };
                // Before the phrase is nearly over it can't have been the phrase.
                let wake = wakes(clip, head).into_iter().find(|step| (end - 4.0..end + 8.0).contains(step));
                if let Some(step) = wake {
                    count += 1;
                    delays.push((step - end) * STEP_SECONDS * 1000.0);
                }
            }
            count
        };
        let own_heard = heard(&self.own_calls, head);
        let heard = heard(&self.calls, head);
        delays.sort_by(f32::total_cmp);
        let steps: usize = self.speech.iter().map(Clip::steps).sum();
        Figures {
            calls: self.calls.len(),
            heard,
            own_calls: self.own_calls.len(),
            own_heard,
            delay_ms: delays.get(delays.len() / 2).copied().unwrap_or(0.0),
            near_misses: self.near.len(),
            near_wakes: self.near.iter().filter(|clip| !wakes(clip, head).is_empty()).count(),
            speech_seconds: steps as f32 * STEP_SECONDS,
            speech_wakes: self.speech.iter().map(|clip| wakes(clip, head).len()).sum(),
            shared_voice: false,
        }
    }

    /// The number to add to the log odds so that the threshold lies where few calls are missed and little else wakes it.
    pub(super) fn offset(&self, head: &mut Dense) -> f32 {
        let mut peak = |clip: &Clip, from: f32, to: f32| {
            let steps = (0..clip.steps()).filter(|step| (from..to).contains(&((step + 1) as f32)));
            steps.map(|step| head.sum(clip.window(step))).fold(f32::NEG_INFINITY, f32::max)
        };
        let of_calls = |clips: &[Clip], peak: &mut dyn FnMut(&Clip, f32, f32) -> f32| {
            let sums = clips.iter().filter_map(|clip| clip.end.map(|end| peak(clip, end - 0.5, end + 4.0)));
            sums.collect::<Vec<_>>()
        };
        let mut calls = of_calls(&self.calls, &mut peak);
        let own = of_calls(&self.own_calls, &mut peak);
        // The user's own calls count more than strangers'.
        for _ in 0..3 {
            calls.extend(&own);
        }
        let all = (f32::NEG_INFINITY, f32::INFINITY);
        let near: Vec<f32> = self.near.iter().map(|clip| peak(clip, all.0, all.1)).collect();
        let speech: Vec<f32> = self.speech.iter().map(|clip| peak(clip, all.0, all.1)).collect();
        let above =
            |sums: &[f32], threshold: f32| share(sums.iter().filter(|sum| **sum >= threshold).count(), sums.len());
        let steps: usize = self.speech.iter().map(Clip::steps).sum();
        let clips_per_hour = speech.len() as f32 * 3600.0 / (steps as f32 * STEP_SECONDS).max(1.0);
        let cost = |threshold: f32| {
            let per_hour = above(&speech, threshold) * clips_per_hour;
            (1.0 - above(&calls, threshold)) + NEAR_COST * above(&near, threshold) + HOURLY_COST * per_hour
        };
        let best = (-60..=60).map(|tenth| tenth as f32 / 10.0).min_by(|a, b| cost(*a).total_cmp(&cost(*b)));
        -best.unwrap_or(0.0)
    }
}

/// The ends of the steps at which the head wakes, in steps.
fn wakes(clip: &Clip, head: &mut Dense) -> Vec<f32> {
    let mut trigger = Trigger::new(0.5);
    (0..clip.steps())
        .filter(|step| trigger.step(head.score(clip.window(*step))))
        .map(|step| (step + 1) as f32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_a_risky_wake_word_is_told_with_its_figures() {
        let good = Figures { calls: 100, heard: 90, near_misses: 80, speech_seconds: 1800.0, ..Figures::default() };
        assert_eq!(good.caution(4), None);
        let short = good.caution(3).unwrap();
        assert!(
            short.contains("3 syllables") && short.contains("of 80 phrases") && short.contains("0 times"),
            "{short}"
        );
        let often = Figures { near_wakes: 40, speech_wakes: 9, ..good.clone() }.caution(5).unwrap();
        assert!(often.contains("40 woke it") && often.contains("18 times an hour"), "{often}");
        let deaf = Figures { heard: 30, ..good }.caution(5).unwrap();
        assert!(deaf.contains("30 of 100"), "{deaf}");
    }
}
