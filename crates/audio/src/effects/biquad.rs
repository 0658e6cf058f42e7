//! A filter of the second order, in Robert Bristow-Johnson's forms (the "Audio EQ Cookbook"), as transposed direct form II.
//!
//! In double precision: at 100 Hz of 48 kHz the poles are so near the unit circle that single precision is heard as noise.

use std::f64::consts::TAU;

/// Coefficients, with `a0` divided out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
    state: [f64; 2],
}

impl Biquad {
    fn new(b: [f64; 3], a: [f64; 3]) -> Self {
        Self { b: b.map(|b| b / a[0]), a: [a[1] / a[0], a[2] / a[0]], state: [0.0; 2] }
    }

    /// More or less of everything below `hertz`, by `decibels`; shelf slope 1, half of the gain at `hertz`.
    pub fn low_shelf(rate: f32, hertz: f32, decibels: f32) -> Self {
        let a = 10.0f64.powf(f64::from(decibels) / 40.0);
        let (sin, cos) = angle(rate, hertz).sin_cos();
        let alpha = 2.0 * a.sqrt() * sin / 2.0 * std::f64::consts::SQRT_2;
        let (up, down) = (a + 1.0, a - 1.0);
        Self::new(
            [a * (up - down * cos + alpha), 2.0 * a * (down - up * cos), a * (up - down * cos - alpha)],
            [up + down * cos + alpha, -2.0 * (down + up * cos), up + down * cos - alpha],
        )
    }

    /// Less of everything above `hertz`.
    pub fn low_pass(rate: f32, hertz: f32, q: f32) -> Self {
        let (sin, cos) = angle(rate, hertz).sin_cos();
        let alpha = sin / (2.0 * f64::from(q));
        let b = (1.0 - cos) / 2.0;
        Self::new([b, 2.0 * b, b], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
    }

    /// Less of everything below `hertz`.
    pub fn high_pass(rate: f32, hertz: f32, q: f32) -> Self {
        let (sin, cos) = angle(rate, hertz).sin_cos();
        let alpha = sin / (2.0 * f64::from(q));
        let b = f64::midpoint(1.0, cos);
        Self::new([b, -2.0 * b, b], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
    }

    pub fn process(&mut self, samples: &mut [f32]) {
        let ([b0, b1, b2], [a1, a2], [mut s1, mut s2]) = (self.b, self.a, self.state);
        for sample in samples {
            let x = f64::from(*sample);
            let y = b0 * x + s1;
            s1 = b1 * x - a1 * y + s2;
            s2 = b2 * x - a2 * y;
            *sample = y as f32;
        }
        // Died away: exactly nothing, before it becomes slow to compute with.
        let settled = |s: f64| if s.abs() < 1e-18 { 0.0 } else { s };
        self.state = [settled(s1), settled(s2)];
    }

    pub fn reset(&mut self) {
        self.state = [0.0; 2];
    }
}

/// Radians a sample, kept below the highest that a filter can have.
fn angle(rate: f32, hertz: f32) -> f64 {
    TAU * f64::from(hertz.min(0.45 * rate)) / f64::from(rate)
}
