//! What is written in lines: one by one, or in batches of equal width, they go through the network, on all threads.
//!
//! Owns the sessions and their buffers, the texts of lines that were read before, and the way from probabilities to text
//! (connectionist temporal classification: the likeliest output of each step, repetitions and blanks left out). Never knows
//! where on the screen a line is.

use super::detect::Bounds;
use super::known::Known;
use super::legible;
use super::network::{self, HEIGHT};
use super::strip::{Look, Scaler};
use super::trunk::{Flow, Trunk};
use jarvis_core::{Cancel, Error};
use jarvis_onnx::{OnnxError, Runtime, SessionOptions, run};
use ort::session::Session;
use ort::value::TensorRef;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Columns without ink that are a space, whatever the network says: letters of fixed width are less far apart, with 24 rows
/// for the tallest.
const SPACE: usize = 15;

/// What a batch holds at most, columns: more is not quicker, and cancellation waits for a batch at worst.
const BATCH: usize = 1280;

/// A line, or a part of a long one, that is to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// Which line it is of.
    pub(super) line: usize,
    /// Where it is.
    pub(super) bounds: Bounds,
    /// How it looks.
    pub(super) look: Look,
    /// Columns of its picture.
    pub(super) columns: usize,
}

/// What was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    /// The text; may begin or end with a space.
    pub(super) text: String,
    /// How sure the network is of a character on average, as far as it read the line at all, 0..=1.
    pub(super) confidence: f32,
}

impl Words {
    /// Overwrites the text.
    pub(super) fn wipe(&mut self) {
        let mut bytes = std::mem::take(&mut self.text).into_bytes();
        bytes.fill(0);
        // Else the compiler may see that nobody reads it.
        std::hint::black_box(&bytes);
    }
}

/// A session and what it is fed from.
#[derive(Debug)]
struct Worker {
    session: Session,
    scaler: Scaler,
    /// Pictures of lines; three times each where the session takes them.
    input: Vec<f32>,
    flow: Flow,
    /// What the trunk makes of a picture.
    features: Vec<f32>,
}

/// Reads lines.
#[derive(Debug)]
pub(super) struct Reader {
    workers: Vec<Worker>,
    /// What lines pass before the session takes them; nothing where the session takes pictures.
    trunk: Option<Trunk>,
    characters: Vec<String>,
    known: Known,
    /// What each part looks like.
    numbers: Vec<u64>,
    /// Those that are not known.
    order: Vec<usize>,
    words: Vec<Words>,
}

/// A batch: where it begins in the order, and how many parts it has.
type Batch = (usize, usize);

impl Reader {
    /// Opens the network in `file` for `threads` threads, the trunk apart where that is quicker.
    pub(super) fn load(runtime: &Runtime, file: &Path, threads: usize) -> Result<Self, OnnxError> {
        Self::with(runtime, file, threads, Trunk::cut)
    }

    /// With the network as `cut` gives it: in two, or whole.
    pub(super) fn with(
        runtime: &Runtime,
        file: &Path,
        threads: usize,
        cut: impl FnOnce(&[u8]) -> Result<Option<(Trunk, Vec<u8>)>, String>,
    ) -> Result<Self, OnnxError> {
        let bytes = std::fs::read(file).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => OnnxError::ModelMissing(file.to_owned()),
            _ => OnnxError::model(file, error.to_string()),
        })?;
        let network = network::prepare(&bytes).map_err(|reason| OnnxError::model(file, reason))?;
        drop(bytes);
        let cut = cut(&network.model).unwrap_or_else(|reason| {
            tracing::warn!(reason, "the recognizer runs whole, which is slower");
            None
        });
        let (trunk, rest) = cut.unzip();
        let model = rest.unwrap_or(network.model);
        let options = SessionOptions { threads: 1, keep_memory: true };
        let worker = || {
            let session = runtime.session_of(&model, file, options)?;
            let (scaler, flow) = (Scaler::default(), Flow::default());
            Ok(Worker { session, scaler, flow, input: vec![], features: vec![] })
        };
        let workers = (0..threads.max(1)).map(|_| worker()).collect::<Result<_, OnnxError>>()?;
        let (characters, known) = (network.characters, Known::default());
        Ok(Self { workers, trunk, characters, known, numbers: vec![], order: vec![], words: vec![] })
    }

    /// Overwrites the pictures of lines and their texts, and gives their memory back.
    pub(super) fn release(&mut self) {
        for worker in &mut self.workers {
            worker.input.fill(0.0);
            worker.input = vec![];
            worker.scaler = Scaler::default();
            worker.features.fill(0.0);
            worker.features = vec![];
            worker.flow.wipe();
            worker.flow = Flow::default();
        }
        self.words.iter_mut().for_each(Words::wipe);
        self.words = vec![];
        self.forget(Duration::ZERO);
    }

    /// Forgets what lines said that were last seen at least `unseen` ago; all of them for zero.
    pub(super) fn forget(&mut self, unseen: Duration) {
        self.known.forget(unseen, Instant::now());
    }

    /// What is written in each of `parts` of `luma`, a picture `width` px wide.
    pub(super) fn read(
        &mut self,
        luma: &[u8],
        width: usize,
        parts: &[Part],
        cancel: &Cancel,
    ) -> Result<&[Words], Error> {
        let now = Instant::now();
        self.words.iter_mut().for_each(Words::wipe);
        self.words.clear();
        self.words.resize_with(parts.len(), Words::default);
        self.order.clear();
        self.numbers.clear();
        for (at, part) in parts.iter().enumerate() {
            let columns = part.bounds.left as usize..part.bounds.right as usize;
            let rows =
                (part.bounds.top as usize..part.bounds.bottom as usize).map(|y| &luma[y * width..][columns.clone()]);
            let number = self.known.number(columns.len(), rows);
            self.numbers.push(number);
            match self.known.get(number, now) {
                Some(words) => self.words[at].clone_from(words),
                None => self.order.push(at),
            }
        }
        // The longest first, so that the threads end at about the same time.
        self.order.sort_unstable_by_key(|&at| (std::cmp::Reverse(parts[at].columns), at));
        // The trunk takes one at a time.
        let most = if self.trunk.is_some() { 0 } else { BATCH };
        let mut batches: Vec<Batch> = vec![];
        for (at, &part) in self.order.iter().enumerate() {
            let columns = parts[part].columns;
            match batches.last_mut() {
                Some((first, count))
                    if parts[self.order[*first]].columns == columns && (*count + 1) * columns <= most =>
                {
                    *count += 1;
                }
                _ => batches.push((at, 1)),
            }
        }
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
        let (order, characters, words) = (&self.order, &self.characters, Mutex::new(&mut self.words));
        let trunk = self.trunk.as_ref();
        let work = |worker: &mut Worker| {
            while let Some(&(first, count)) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                let batch = &order[first..first + count];
                let read = if cancel.is_cancelled() {
                    Err(Error::cancelled())
                } else {
                    let batch = batch.iter().map(|&at| &parts[at]);
                    worker.read((luma, width), batch, (trunk, characters), cancel)
                };
                match read {
                    Ok(read) => {
                        let mut words = words.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                        batch.iter().zip(read).for_each(|(&at, read)| words[at] = read);
                    }
                    Err(error) => {
                        failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(error);
                        next.store(batches.len(), Ordering::Relaxed);
                    }
                }
            }
        };
        match &mut self.workers[..] {
            [worker, others @ ..] if batches.len() > 1 && !others.is_empty() => std::thread::scope(|scope| {
                others.iter_mut().for_each(|other| drop(scope.spawn(|| work(other))));
                work(worker);
            }),
            [worker, ..] => work(worker),
            [] => {}
        }
        if let Some(error) = failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            return Err(error);
        }
        for &at in &self.order {
            self.known.add(self.numbers[at], &self.words[at], now);
        }
        Ok(&self.words)
    }
}

impl Worker {
    fn read<'p>(
        &mut self,
        (luma, width): (&[u8], usize),
        parts: impl ExactSizeIterator<Item = &'p Part>,
        (trunk, characters): (Option<&Trunk>, &[String]),
        cancel: &Cancel,
    ) -> Result<Vec<Words>, Error> {
        let Self { session, scaler, input, flow, features } = self;
        let count = parts.len();
        let planes = if trunk.is_some() { 1 } else { 3 };
        let mut columns = 0;
        for (at, part) in parts.enumerate() {
            columns = part.columns;
            let plane = HEIGHT * columns;
            input.resize(count * planes * plane, 0.0);
            let drawn = &mut input[at * planes * plane..][..planes * plane];
            let (first, others) = drawn.split_at_mut(plane);
            scaler.draw(luma, width, &part.bounds, &part.look, columns, first);
            others.chunks_exact_mut(plane).for_each(|other| other.copy_from_slice(first));
        }
        const WHAT: &str = "Reading text";
        let given = match trunk {
            Some(trunk) => {
                trunk.run(input, flow, features);
                TensorRef::from_array_view(([count, trunk.channels(), 1, columns / 8], &features[..]))
            }
            None => TensorRef::from_array_view(([count, planes, HEIGHT, columns], &input[..])),
        };
        let given = given.map_err(OnnxError::run(WHAT))?;
        run(session, ort::inputs![given], cancel, WHAT, |outputs| {
            let (shape, output) = outputs[0].try_extract_tensor::<f32>()?;
            let steps = shape.get(1).map_or(0, |steps| *steps as usize);
            let line = (steps * characters.len()).max(1);
            let pictures = input.chunks_exact((planes * HEIGHT * columns).max(1));
            let lines = output.chunks_exact(line).zip(pictures);
            Ok(lines.map(|(line, picture)| decode(line, characters, &picture[..HEIGHT * columns])).collect())
        })
    }
}

/// The text of a line from the probabilities of `characters` at each step, and its picture, a plane of [`HEIGHT`] rows.
fn decode(steps: &[f32], characters: &[String], picture: &[f32]) -> Words {
    let (mut text, mut last, mut sum, mut count) = (String::new(), 0, 0.0, 0u32);
    let (columns, each) = (picture.len() / HEIGHT, steps.len() / characters.len());
    let (mut before, mut read) = (0, vec![]);
    for (at, step) in steps.chunks_exact(characters.len()).enumerate() {
        let best = likeliest(step);
        if best != last && best != 0 {
            let character = &characters[best];
            if !text.is_empty() && !text.ends_with(' ') && character != " " {
                let between = before * columns / each..((at + 1) * columns / each).min(columns);
                if gap(picture, columns, between) >= SPACE {
                    text.push(' ');
                }
            }
            text.push_str(character);
            sum += step[best];
            count += 1;
        }
        if best != 0 {
            before = at;
            if characters[best] != " " {
                read.push(at);
            }
        }
        last = best;
    }
    let sure = if count == 0 { 0.0 } else { (sum / count as f32).clamp(0.0, 1.0) };
    Words { text, confidence: sure * legible::share_read(picture, columns / each.max(1), &read) }
}

/// How many columns of `between` stand side by side without ink.
fn gap(picture: &[f32], columns: usize, between: std::ops::Range<usize>) -> usize {
    let (mut longest, mut here) = (0, 0);
    for column in between {
        let is_blank = picture[column..].iter().step_by(columns).all(|value| *value > 0.5);
        here = if is_blank { here + 1 } else { 0 };
        longest = longest.max(here);
    }
    longest
}

/// Where the largest is; the first of several.
fn likeliest(step: &[f32]) -> usize {
    let (mut best, mut most) = (0, f32::NEG_INFINITY);
    for (at, &value) in step.iter().enumerate() {
        if value > most {
            (best, most) = (at, value);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_and_blanks_are_left_out() {
        let characters: Vec<String> = ["", "a", "b", " "].map(str::to_owned).to_vec();
        let step = |at: usize| (0..4).map(move |of| if of == at { 0.7 } else { 0.1 });
        let steps: Vec<f32> = [0, 1, 1, 0, 1, 3, 2, 2, 0].into_iter().flat_map(step).collect();
        let ink = vec![-1.0; HEIGHT * 72];
        let words = decode(&steps, &characters, &ink);
        assert_eq!(words.text, "aa b");
        assert!((words.confidence - 0.7).abs() < 1e-6);
        assert_eq!(decode(&[], &characters, &[]).text, "");
        // What is no number is no character.
        assert_eq!(decode(&[f32::NAN; 8], &characters, &ink[..16 * HEIGHT]).text, "");
    }

    #[test]
    fn a_wide_gap_is_a_space() {
        let characters: Vec<String> = ["", "a", "b", " "].map(str::to_owned).to_vec();
        // Letters at columns 0..8, with so many blank columns behind the first; the second is as near.
        let read = |first: usize, blank: usize| {
            let end = (8 + blank).next_multiple_of(8);
            let steps: Vec<f32> = (0..end / 8 + 1)
                .flat_map(|step| {
                    (0..4).map(move |of| {
                        let wanted = if step == 0 {
                            first
                        } else if step == end / 8 {
                            1
                        } else {
                            0
                        };
                        if of == wanted { 0.9 } else { 0.0 }
                    })
                })
                .collect();
            let picture: Vec<f32> = (0..HEIGHT * (end + 8))
                .map(|at| if (8..8 + blank).contains(&(at % (end + 8))) { 1.0 } else { -1.0 })
                .collect();
            decode(&steps, &characters, &picture).text
        };
        assert_eq!(read(1, 10), "aa");
        assert_eq!(read(1, 16), "a a");
        assert_eq!(read(2, 10), "ba");
    }
}
