//! How high the voice is, now: the period of what was said in the last few hundredths of a second.
//!
//! Normalised autocorrelation (McLeod and Wyvill, "A smarter way to find pitch", 2005) of the voice at about 8 kHz, which
//! holds every voice's fundamental and its first overtones, and costs little.

/// Rate that is aimed at.
const RATE: f32 = 8_000.0;
/// Lowest and highest voice, in hertz.
const LOWEST: f32 = 62.0;
const HIGHEST: f32 = 420.0;
/// What is correlated, in samples at the low rate: 22 ms, and as much again for the longest period.
const WINDOW: usize = 176;
const LONGEST: usize = (RATE / LOWEST) as usize + 2;
const SHORTEST: usize = (RATE / HIGHEST) as usize - 1;
const KEPT: usize = WINDOW + LONGEST + 1;
/// How often it is looked, in samples at the low rate: 4 ms.
const HOP: usize = 32;
/// How alike two periods of a voice are at least, 0..=1.
const VOICED: f32 = 0.62;
/// Once voiced, less is enough.
const STILL_VOICED: f32 = 0.45;
/// A peak this close to the best one is preferred for being earlier: the best one may be two periods.
const AS_GOOD: f32 = 0.88;
/// Energy of a window below which nobody speaks.
const FAINT: f32 = 1e-5;

/// Follows the pitch.
#[derive(Debug)]
pub(super) struct PitchTrack {
    /// How many samples make one at the low rate.
    step: usize,
    /// A low pass of two poles before that.
    smooth: f32,
    low: [f32; 2],
    passed: usize,
    /// The last samples at the low rate, twice.
    kept: Box<[f32; 2 * KEPT]>,
    at: usize,
    fresh: usize,
    alike: Box<[f32; LONGEST + 1]>,
    period: Option<f32>,
}

impl PitchTrack {
    pub fn new(rate: f32) -> Self {
        Self {
            step: (rate / RATE).round().max(1.0) as usize,
            smooth: 1.0 - (-std::f32::consts::TAU * 1_200.0 / rate).exp(),
            low: [0.0; 2],
            passed: 0,
            kept: Box::new([0.0; 2 * KEPT]),
            at: 0,
            fresh: 0,
            alike: Box::new([0.0; LONGEST + 1]),
            period: None,
        }
    }

    /// The period of the voice in samples, none where there is no voice.
    pub fn period(&self) -> Option<f32> {
        self.period
    }

    /// Takes the next sample; returns it as smooth as the search for periods wants it.
    pub fn push(&mut self, sample: f32) -> f32 {
        let [one, two] = &mut self.low;
        *one = super::settled(*one + self.smooth * (sample - *one));
        *two = super::settled(*two + self.smooth * (*one - *two));
        let low = *two;
        self.passed += 1;
        if self.passed >= self.step {
            self.passed = 0;
            self.kept[self.at] = low;
            self.kept[self.at + KEPT] = low;
            self.at = (self.at + 1) % KEPT;
            self.fresh += 1;
            if self.fresh >= HOP {
                self.fresh = 0;
                self.look();
            }
        }
        low
    }

    fn look(&mut self) {
        let kept = &self.kept[self.at..self.at + KEPT];
        let now = &kept[KEPT - WINDOW..];
        let energy = |samples: &[f32]| samples.iter().map(|s| s * s).sum::<f32>();
        let here = energy(now);
        if here < FAINT {
            self.period = None;
            return;
        }
        let mut there = energy(&kept[KEPT - WINDOW - SHORTEST + 1..KEPT - SHORTEST + 1]);
        let mut best = 0.0f32;
        for lag in SHORTEST..=LONGEST {
            let begin = KEPT - WINDOW - lag;
            let then = &kept[begin..begin + WINDOW];
            there += then[0] * then[0] - kept[begin + WINDOW] * kept[begin + WINDOW];
            let product: f32 = now.iter().zip(then).map(|(a, b)| a * b).sum();
            self.alike[lag] = 2.0 * product / (here + there.max(0.0));
            best = best.max(self.alike[lag]);
        }
        let needed = if self.period.is_some() { STILL_VOICED } else { VOICED };
        if best < needed {
            self.period = None;
            return;
        }
        let alike = &self.alike;
        let peak = (SHORTEST + 1..LONGEST)
            .find(|&lag| alike[lag] >= AS_GOOD * best && alike[lag] >= alike[lag - 1] && alike[lag] > alike[lag + 1]);
        self.period = peak.map(|lag| {
            // The top of the parabola through the peak and its neighbours.
            let (a, b, c) = (alike[lag - 1], alike[lag], alike[lag + 1]);
            let bend = a - 2.0 * b + c;
            let aside = if bend < 0.0 { (a - c) / (2.0 * bend) } else { 0.0 };
            (lag as f32 + aside.clamp(-0.5, 0.5)) * self.step as f32
        });
    }

    pub fn reset(&mut self) {
        self.low = [0.0; 2];
        self.kept.fill(0.0);
        (self.passed, self.at, self.fresh, self.period) = (0, 0, 0, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::testing::voice;

    #[test]
    fn voices_from_low_to_high_are_followed_within_a_percent() {
        for rate in [22_050, 44_100, 48_000, 96_000] {
            for hertz in [70.0, 95.0, 118.0, 163.0, 210.0, 330.0] {
                let mut track = PitchTrack::new(rate as f32);
                for sample in voice(rate, hertz, 0.3) {
                    track.push(sample);
                }
                let found = rate as f32 / track.period().unwrap_or_else(|| panic!("{hertz} Hz at {rate}"));
                assert!((found / hertz - 1.0).abs() < 0.01, "{hertz} Hz at {rate} is taken for {found}");
            }
        }
    }

    #[test]
    fn silence_and_hiss_have_no_pitch() {
        let mut track = PitchTrack::new(48_000.0);
        let mut seed = 1u32;
        for n in 0..48_000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hiss = (seed >> 8) as f32 / (1 << 24) as f32 - 0.5;
            track.push(if n < 24_000 { 0.3 * hiss } else { 0.0 });
            if n == 23_999 || n == 47_999 {
                assert_eq!(track.period(), None, "at {n}");
            }
        }
    }
}
