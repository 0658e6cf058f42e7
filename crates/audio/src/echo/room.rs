//! A room that is computed: what a microphone hears of what a speaker plays. For tests and measurements.
//!
//! Never part of the path of sound.

use std::time::Duration;

use jarvis_core::SAMPLE_RATE;

/// Samples for which clocks may drift apart: 10 ms each way, so no echo is earlier than that.
const REACH: usize = 320;

/// How the walls throw the sound back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RoomOptions {
    /// From the sample that is played to its first return: buffers of the sound server and a few metres of air.
    pub delay: Duration,
    /// Level of the return against what was played, in decibels.
    pub level_db: f32,
    /// How long reverberation takes to fall by 60 dB.
    pub reverberation: Duration,
    /// By how many millionths the microphone's clock is faster than the speaker's.
    pub drift_ppm: f64,
}

/// The way from a speaker to a microphone, at 16 kHz.
#[derive(Debug, Clone)]
pub struct EchoRoom {
    /// The answer to one sample, the last of it first.
    response: Vec<f32>,
    /// What was played, the newest last, for at least as long as it echoes.
    played: Vec<f32>,
    drift: f64,
    /// By how many samples the microphone's clock is ahead.
    ahead: f64,
}

impl EchoRoom {
    /// A room whose walls depend on `seed` alone.
    pub fn new(options: RoomOptions, seed: u32) -> Self {
        let rate = SAMPLE_RATE as f32;
        // What a clock may be behind is in the delay already.
        let delay = ((options.delay.as_secs_f32() * rate) as usize).saturating_sub(REACH / 2);
        let tail = (options.reverberation.as_secs_f32() * rate) as usize;
        let mut noise = Noise(seed | 1);
        // The direct sound, then reflections that grow denser and die away.
        let mut response = vec![0.0f32; delay];
        response.push(1.0);
        let decay = -6.9 / tail.max(1) as f32;
        response.extend((1..tail).map(|n| {
            let dense = n as f32 / tail as f32 > 0.1 || noise.next() > 0.6;
            if dense { 0.12 * noise.next() * (decay * n as f32).exp() } else { 0.0 }
        }));
        let power: f32 = response.iter().map(|tap| tap * tap).sum();
        let gain = 10f32.powf(options.level_db / 20.0) / power.sqrt();
        response.iter_mut().for_each(|tap| *tap *= gain);
        response.reverse();
        let played = vec![0.0; response.len() + REACH];
        Self { response, played, drift: options.drift_ppm * 1e-6, ahead: 0.0 }
    }

    /// Plays `samples` and gives the echo that is heard in the meantime, as many samples.
    pub fn play(&mut self, samples: &[f32]) -> Vec<f32> {
        let before = self.played.len();
        self.played.extend_from_slice(samples);
        let echo = (0..samples.len()).map(|n| self.heard(before + n)).collect();
        let kept = self.response.len() + REACH;
        self.played.drain(..self.played.len() - kept);
        echo
    }

    fn heard(&mut self, at: usize) -> f32 {
        self.ahead = (self.ahead + self.drift).clamp(-(REACH as f64) / 2.0, REACH as f64 / 2.0);
        // Without drift one product; with it one on either side of the place between two samples.
        let whole = self.ahead.floor();
        let fraction = (self.ahead - whole) as f32;
        let end = (at as i64 - REACH as i64 / 2 - whole as i64) as usize;
        let one = product(&self.response, &self.played[end + 1 - self.response.len()..=end]);
        if fraction == 0.0 {
            return one;
        }
        let other = product(&self.response, &self.played[end - self.response.len()..end]);
        (1.0 - fraction) * one + fraction * other
    }
}

/// In eight sums, so that it is a vector's work.
fn product(one: &[f32], other: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (one, other) = (one.chunks_exact(8), other.chunks_exact(8));
    let rest: f32 = one.remainder().iter().zip(other.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in one.zip(other) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// White noise, -1..=1, the same each time.
#[derive(Debug, Clone)]
pub(crate) struct Noise(pub u32);

impl Noise {
    pub(crate) fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// Something that a canceller takes for speech: syllables with a pitch, formants and hisses, the same each time.
pub fn speech_like(seconds: f32, pitch: f32, seed: u32) -> Vec<f32> {
    let rate = SAMPLE_RATE as f32;
    let mut noise = Noise(seed | 1);
    let mut out = Vec::with_capacity((seconds * rate) as usize);
    let (mut phase, mut formants) = (0.0f32, [[0.0f32; 2]; 2]);
    while out.len() < (seconds * rate) as usize {
        // A syllable of 0.12 to 0.3 s with formants of its own.
        let length = (rate * (0.21 + 0.09 * noise.next())) as usize;
        let hertz = [500.0 + 250.0 * noise.next(), 1600.0 + 700.0 * noise.next()];
        let tone = pitch * (1.0 + 0.15 * noise.next());
        let (voiced, loud) = (noise.next() > -0.6, 0.55 + 0.4 * noise.next());
        for n in 0..length {
            phase += tone / rate;
            let pulse = if phase >= 1.0 {
                phase -= 1.0;
                1.0
            } else {
                0.0
            };
            let source = if voiced { pulse + 0.02 * noise.next() } else { 0.12 * noise.next() };
            let mut sample = 0.0;
            for (state, hertz) in formants.iter_mut().zip(hertz) {
                let (radius, angle) = (0.97f32, std::f32::consts::TAU * hertz / rate);
                let next = source + 2.0 * radius * angle.cos() * state[0] - radius * radius * state[1];
                *state = [next, state[0]];
                sample += next;
            }
            let envelope = (std::f32::consts::PI * n as f32 / length as f32).sin();
            out.push(0.06 * loud * envelope * sample);
        }
    }
    out.truncate((seconds * rate) as usize);
    let peak = out.iter().fold(1e-6f32, |peak, sample| peak.max(sample.abs()));
    out.iter_mut().for_each(|sample| *sample *= 0.5 / peak);
    out
}
