//! `fend` as a calculator: an expression in, a number for the eye and the ear out, in bounded time.

use jarvis_core::{Error, Result};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A sum that takes longer is given up.
const LONGEST: Duration = Duration::from_millis(250);
/// But for those of so few steps, by fend's count, whatever time they take: a busy machine makes no number too large. A
/// square root takes a thousand, a product three.
const EVERYDAY: u32 = 20_000;

/// From here on a number is said with its power of ten.
const LARGE: f64 = 1e15;

/// A number, rounded to what one can take in.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// The number itself.
    value: f64,
    /// The digits, thousands grouped; with `power`, the digits of the mantissa.
    digits: String,
    /// Power of ten, for very large and very small numbers.
    power: Option<i32>,
    /// Percent.
    percent: bool,
    /// Whether digits were left out.
    pub rounded: bool,
}

impl Number {
    /// For the eye.
    pub fn shown(&self) -> String {
        let power = self.power.map_or(String::new(), |power| format!(" × 10^{power}"));
        format!("{}{power}{}", self.digits, if self.percent { " %" } else { "" })
    }

    /// For the ear.
    pub fn spoken(&self) -> String {
        let about = if self.rounded { "about " } else { "" };
        let power = self.power.map_or(String::new(), |power| format!(" times 10 to the power of {power}"));
        format!("{about}{}{power}{}", self.digits, if self.percent { "%" } else { "" })
    }

    /// The same number with two decimals, or three digits if it is below one, and from a billion on in words: enough for
    /// a measure.
    pub fn short(&self) -> Self {
        let size = self.value.abs();
        if self.power.is_some() || self.value == 0.0 {
            return self.clone();
        }
        if let Some((scale, name)) =
            [(1e12, "trillion"), (1e9, "billion")].into_iter().find(|(scale, _)| size >= *scale)
        {
            let (digits, exact) = decimals(self.value / scale, 2);
            return Self { digits: format!("{digits} {name}"), rounded: self.rounded || !exact, ..self.clone() };
        }
        let places = if size >= 1.0 { 2 } else { 2 - size.log10().floor() as i32 };
        let (digits, exact) = decimals(self.value, places as usize);
        Self { digits, rounded: self.rounded || !exact, ..self.clone() }
    }

    /// Whether it is said as "1": then a unit is singular.
    pub fn is_one(&self) -> bool {
        self.digits == "1" && self.power.is_none()
    }
}

/// Gives up what takes long and has taken many steps.
struct Patience {
    until: Instant,
    steps: AtomicU32,
}

impl Patience {
    fn new() -> Self {
        Self { until: Instant::now() + LONGEST, steps: AtomicU32::new(0) }
    }
}

impl fend_core::Interrupt for Patience {
    fn should_interrupt(&self) -> bool {
        self.steps.fetch_add(1, Ordering::Relaxed) >= EVERYDAY && Instant::now() >= self.until
    }
}

/// Evaluates an expression that this crate has written.
///
/// # Errors
/// It takes too long, divides by zero, or has no real value.
pub fn evaluate(expression: &str) -> Result<Number> {
    let cannot = || Error::new("calc.failed", "I can't work that out.", "Try to say it in another way.");
    let mut context = fend_core::Context::new();
    let attribute = fend_core::CustomUnitAttribute::None;
    context.define_custom_unit_v1("calendar_month", "calendar_months", "1/12 calendar_year", &attribute);
    let result = fend_core::evaluate_with_interrupt(expression, &mut context, &Patience::new()).map_err(|message| {
        if message.contains("by zero") {
            Error::new("calc.zero", "Nothing can be divided by zero.", "")
        } else if message.contains("interrupted") {
            Error::new("calc.too_large", "That number is too large for me.", "")
        } else {
            cannot()
        }
    })?;
    parse(result.get_main_result()).ok_or_else(cannot)
}

/// Reads fend's result: "391", "approx. 1.4142135624", "25%", possibly with a unit behind it, which is left out.
fn parse(result: &str) -> Option<Number> {
    let (approximate, text) = match result.strip_prefix("approx. ") {
        Some(text) => (true, text),
        None => (false, result),
    };
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | 'e' | '+'))).unwrap_or(text.len());
    let percent = text[end..].starts_with('%');
    // What follows the number may only be a unit: "2i" and "0 + 2i" are no numbers for the ear.
    let rest = text[end..].trim_start();
    if rest.starts_with(['+', '-']) || rest.split(' ').next() == Some("i") {
        return None;
    }
    let value: f64 = text[..end].trim_end_matches('e').parse().ok()?;
    value.is_finite().then(|| round(value, approximate, percent))
}

fn round(value: f64, approximate: bool, percent: bool) -> Number {
    if value != 0.0 && !(1e-6..LARGE).contains(&value.abs()) {
        let power = value.abs().log10().floor();
        let (mantissa, _) = decimals(value / 10_f64.powf(power), 3);
        // 9.9999 is rounded to ten, which has its own power.
        let (digits, power) = match mantissa.trim_start_matches('-') {
            "10" => (mantissa.replace("10", "1"), power + 1.0),
            _ => (mantissa, power),
        };
        return Number { value, digits, power: Some(power as i32), percent, rounded: true };
    }
    // Four decimals, or four digits that say something if the number is small.
    let places = if value == 0.0 || value.abs() >= 1.0 { 4 } else { 3 - value.abs().log10().floor() as i32 };
    let (digits, exact) = decimals(value, places as usize);
    Number {
        value,
        digits,
        power: None,
        percent,
        rounded: !exact || approximate && digits_are_cut(value, places as usize),
    }
}

/// Whether a result that fend calls approximate is one at this precision: 0.5 is not, 1.41421 is.
fn digits_are_cut(value: f64, places: usize) -> bool {
    let scaled = value * 10_f64.powi(places as i32);
    (scaled - scaled.round()).abs() > 1e-4
}

/// The number with so many decimals at most and its thousands grouped, and whether that is all of it.
fn decimals(value: f64, places: usize) -> (String, bool) {
    let text = format!("{value:.places$}");
    let exact = text.parse::<f64>().is_ok_and(|rounded| (rounded - value).abs() <= value.abs() * 1e-12);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    (group(&format!("{whole}{point}{fraction}")), exact)
}

/// Groups the thousands of every number in `text`: "7500 + 0.12345" becomes "7,500 + 0.12345".
pub fn group(text: &str) -> String {
    let mut grouped = String::with_capacity(text.len() + 6);
    let mut is_fraction = false;
    for (at, c) in text.char_indices() {
        let is_digit = c.is_ascii_digit();
        if is_digit && !is_fraction && grouped.ends_with(|before: char| before.is_ascii_digit()) {
            let left = text[at..].bytes().take_while(u8::is_ascii_digit).count();
            if left.is_multiple_of(3) {
                grouped.push(',');
            }
        }
        is_fraction = c == '.' || is_fraction && is_digit;
        grouped.push(c);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_for_the_ear() {
        for (expression, spoken) in [
            ("1234567 * 1", "1,234,567"),
            ("1/3", "about 0.3333"),
            ("1/4", "0.25"),
            ("2/3000", "about 0.0006667"),
            ("10^20", "about 1 times 10 to the power of 20"),
            ("-1234.5 * 1", "-1,234.5"),
            ("0 * 5", "0"),
            ("12.345678", "about 12.3457"),
        ] {
            assert_eq!(evaluate(expression).unwrap().spoken(), spoken, "{expression}");
        }
    }
}
