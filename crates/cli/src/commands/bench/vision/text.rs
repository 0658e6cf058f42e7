//! Reading the screen: how long a page of text takes, and how much of it is read rightly. RapidOCR with the same recognizer
//! reads the same pictures in the same run, where it is installed.
//!
//! The pages are drawn with fonts of the system, so what stands on them is known to the letter.

use super::super::baseline::Baseline;
use super::super::{Better, Rows, ms};
use jarvis_core::{Cancel, Pixels, Region, TextRecognizer};
use jarvis_engine::load::Parts;
use jarvis_settings::{Paths, Settings};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::time::Instant;

/// Words read as they are written, spaces and punctuation included, of a hundred.
const RECALL: f64 = 95.0;

/// A page to be drawn.
#[derive(Debug, Clone, Copy, Serialize)]
struct Page {
    part: &'static str,
    family: &'static str,
    /// Of the letters, px.
    size: u32,
    theme: &'static str,
    width: u32,
    height: u32,
    columns: u32,
    /// Whether code, labels and records stand between the paragraphs.
    mixed: bool,
}

/// What is drawn: what nothing was tuned on.
const PAGES: [Page; 9] = [
    page("sans", 12, "light", (1920, 1080, 2)),
    page("sans", 13, "dark", (1280, 800, 2)),
    page("mono", 12, "dark", (1280, 800, 1)),
    page("serif", 14, "light", (1280, 800, 2)),
    page("mono", 15, "light", (1280, 800, 1)),
    page("serif", 18, "dark", (1280, 800, 1)),
    page("sans", 20, "light", (1280, 800, 1)),
    page("sans", 24, "dark", (1280, 800, 1)),
    page("serif", 32, "light", (1280, 800, 1)),
];

const fn page(family: &'static str, size: u32, theme: &'static str, (width, height, columns): (u32, u32, u32)) -> Page {
    Page { part: "held", family, size, theme, width, height, columns, mixed: true }
}

/// A page with a picture for a file, as it is asked for.
#[derive(Serialize)]
struct Request<'a> {
    path: &'a std::path::Path,
    #[serde(flatten)]
    page: Page,
}

#[derive(Deserialize)]
struct Answer {
    /// The lines on the page.
    said: Vec<String>,
    /// What RapidOCR read, and how long it took.
    read: Option<Vec<String>>,
    ms: Option<f64>,
}

/// Measures the reading of pages.
pub(super) fn text(parts: &dyn Parts, paths: &Paths, settings: &Settings, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut ours = parts.screen_reader(settings)?;
    rows.add(("text", "load"), (ms(began), "ms", Better::Less), (None, None));

    let script = concat!(include_str!("pages.py"), include_str!("text.py"));
    let arguments = [OsStr::new(include_str!("pages.txt")), OsStr::new("2")];
    let theirs = Baseline::start(paths, script, &arguments).unwrap_or_else(|error| {
        eprintln!("jarvis: no pages to read, and nothing to compare with: {error}");
        None
    });
    let Some(mut theirs) = theirs else { return Ok(()) };
    if !theirs.program().is_empty() {
        eprintln!("jarvis: the baseline of reading is {}, two threads, on the same weights.", theirs.program());
    }
    let picture = tempfile::Builder::new().prefix("jarvis-bench-").suffix(".bgrx").tempfile()?;
    // Of each first call all kinds of things are slower.
    let first = Page { width: 400, height: 300, ..PAGES[1] };
    theirs.ask::<Answer>(&Request { path: picture.path(), page: first })?;
    read(&mut *ours, &std::fs::read(picture.path())?, &first)?;

    let (mut recalls, mut others) = (vec![], vec![]);
    for page in &PAGES {
        let answer: Answer = theirs.ask(&Request { path: picture.path(), page: *page })?;
        let data = std::fs::read(picture.path())?;
        let (lines, took) = read(&mut *ours, &data, page)?;
        let label = format!("{} {} px, {}, {} lines", page.family, page.size, page.theme, answer.said.len());
        rows.add(("text", label.clone()), (took, "ms", Better::Less), (None, answer.ms));
        let recall = recall(&answer.said, &lines);
        let other = answer.read.map(|read| self::recall(&answer.said, &read));
        rows.add(("text", format!("{label}: words")), (recall, "%", Better::More), (Some(RECALL), other));
        recalls.push(recall);
        others.extend(other);
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let worst = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
    let them = |of: fn(&[f64]) -> f64| Some(of(&others)).filter(|_| !others.is_empty());
    let (mean_of_theirs, worst_of_theirs) = (them(mean), them(worst));
    rows.add(("text", "words, mean of the pages"), (mean(&recalls), "%", Better::More), (Some(RECALL), mean_of_theirs));
    rows.add(("text", "words, worst page"), (worst(&recalls), "%", Better::More), (Some(RECALL), worst_of_theirs));
    Ok(())
}

/// The lines of a picture, and how long they took, ms.
fn read(reader: &mut dyn TextRecognizer, data: &[u8], page: &Page) -> anyhow::Result<(Vec<String>, f64)> {
    let pixels = Pixels { data, stride: 4 * page.width as usize, width: page.width, height: page.height };
    let (mut lines, began) = (vec![], Instant::now());
    reader.recognize(pixels, &[Region::new(0, 0, page.width, page.height)], &Cancel::new(), &mut lines)?;
    let took = ms(began);
    Ok((lines.into_iter().map(|line| line.text).collect(), took))
}

/// How many of a hundred words of `said` are in `read`, each as often as it is there.
fn recall(said: &[String], read: &[String]) -> f64 {
    let mut there: HashMap<&str, usize> = HashMap::new();
    for word in read.iter().flat_map(|line| line.split_whitespace()) {
        *there.entry(word).or_default() += 1;
    }
    let (mut right, mut all) = (0u32, 0u32);
    for word in said.iter().flat_map(|line| line.split_whitespace()) {
        all += 1;
        if let Some(count) = there.get_mut(word).filter(|count| **count > 0) {
            *count -= 1;
            right += 1;
        }
    }
    100.0 * f64::from(right) / f64::from(all.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_counts_as_often_as_it_is_there() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(recall(&lines("to be or\nnot to be"), &lines("to be or not tobe")), 100.0 * 4.0 / 6.0);
        assert_eq!(recall(&lines("a b"), &lines("b\na")), 100.0);
        assert_eq!(recall(&[], &[]), 0.0);
    }
}
