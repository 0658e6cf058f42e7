//! Phrases that were said before are not computed again.
//!
//! [`CachedTts`] stands in front of a voice. What was said lately is kept in memory, for as long as the program runs. On
//! disk ([`Shelf`]) there is only what somebody asked to be ready ([`TextToSpeech::prepare`]: the program's own
//! phrases) and short phrases that were said [`OFTEN`] times since the program started: an answer that concerns the user
//! alone is said once or twice, and how often it was is written down nowhere. What is
//! kept is the voice before volume and effects, which are applied while it plays. Of what may not be kept at all
//! ([`TextToSpeech::stream_here`]: what stands on the screen) there is nothing, not even in memory.
//!
//! Never decides what is worth preparing, and never fails: without a folder that can be written, it keeps nothing. Told to
//! keep nothing on disk, it also removes what lies there from before.

mod shelf;
#[cfg(test)]
mod tests;

use super::normalize;
use jarvis_core::{Cancel, Result, SpeechAudio, Synthesis, TextToSpeech};
use sha2::{Digest, Sha256};
use shelf::Shelf;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

/// How often a phrase is said before it is kept on disk.
const OFTEN: u8 = 3;
/// Longer phrases are not counted and not kept on disk unless they are prepared.
const SHORT: usize = 100;
/// Phrases that are counted; the one that was not said for longest goes first.
const COUNTED: usize = 1000;
/// Most sound that is kept of one phrase, in seconds.
const MOST_SECONDS: f32 = 15.0;
/// Most sound that is kept in memory, in samples: about three minutes, 8 MB.
const MOST_SAMPLES: usize = 4_000_000;

/// Where and how much is kept.
#[derive(Debug, Clone)]
pub struct CacheOptions {
    /// The folder on disk; made when it is first needed.
    pub folder: PathBuf,
    /// Most bytes in it; 0 keeps nothing on disk and removes what is there.
    pub limit_bytes: u64,
    /// Everything that the sound depends on beside the words and the rate: the voice and its version, and the speaker.
    pub voice: String,
}

/// A voice that remembers what it said.
pub struct CachedTts {
    voice: Box<dyn TextToSpeech>,
    identity: String,
    rate: f32,
    shelf: Option<Shelf>,
    tally: Tally,
    memory: Memory,
    /// The text that was asked about last, and how it is spoken: what is asked about is spoken next.
    spelt: (String, String),
}

/// The name of a phrase in one voice: a hash, from which the words can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key([u8; 16]);

/// The sound of a phrase, 16 bits a sample.
#[derive(Debug, PartialEq, Eq)]
struct Clip {
    sample_rate: u32,
    samples: Vec<i16>,
}

impl CachedTts {
    /// In front of `voice`, which speaks as fast as it was made.
    pub fn new(voice: Box<dyn TextToSpeech>, options: CacheOptions) -> Self {
        let shelf = Shelf::new(options.folder, options.limit_bytes);
        // The limit may be lower than it was.
        shelf.tidy(SystemTime::now());
        let shelf = (options.limit_bytes > 0).then_some(shelf);
        Self {
            voice,
            identity: options.voice,
            rate: 1.0,
            shelf,
            tally: Tally::default(),
            memory: Memory::default(),
            spelt: Default::default(),
        }
    }

    /// How `text` is spoken.
    fn spell(&mut self, text: &str) -> String {
        if self.spelt.0 != text {
            self.spelt = (text.to_owned(), normalize::speakable(text));
        }
        self.spelt.1.clone()
    }

    fn key(&self, words: &str) -> Key {
        let mut hash = Sha256::new();
        hash.update(self.identity.as_bytes());
        hash.update([0]);
        hash.update(self.rate.to_le_bytes());
        hash.update(words.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&hash.finalize()[..16]);
        Key(key)
    }

    fn find(&mut self, key: Key) -> Option<Arc<Clip>> {
        if let Some(clip) = self.memory.get(key) {
            return Some(clip);
        }
        let clip = Arc::new(self.shelf.as_ref()?.get(key)?);
        self.memory.put(key, Arc::clone(&clip));
        Some(clip)
    }

    /// Computes the sound of `text` and remembers it.
    fn make(&mut self, key: Key, text: &str, cancel: &Cancel, take: &mut dyn FnMut(SpeechAudio)) -> Result<Arc<Clip>> {
        let mut samples = Vec::new();
        let mut sample_rate = self.voice.sample_rate();
        self.voice.stream(text, cancel, &mut |piece| {
            sample_rate = piece.sample_rate;
            samples.extend(piece.samples.iter().map(|sample| to_integer(*sample)));
            take(piece);
        })?;
        let clip = Arc::new(Clip { sample_rate, samples });
        if clip.is_kept() {
            self.memory.put(key, Arc::clone(&clip));
        }
        Ok(clip)
    }

    /// Counts that a phrase was said, and keeps one that is said often.
    fn count(&mut self, key: Key, words: &str, clip: &Clip) {
        let Some(shelf) = &self.shelf else { return };
        if words.chars().count() > SHORT || !clip.is_kept() {
            return;
        }
        if self.tally.add(key) == OFTEN {
            shelf.put(key, clip);
        }
    }
}

impl TextToSpeech for CachedTts {
    fn sample_rate(&self) -> u32 {
        self.voice.sample_rate()
    }

    fn synthesize(&mut self, text: &str, cancel: &Cancel) -> Result<SpeechAudio> {
        let mut whole = SpeechAudio { samples: Vec::new(), sample_rate: self.voice.sample_rate() };
        self.stream(text, cancel, &mut |piece| whole.samples.extend(piece.samples))?;
        Ok(whole)
    }

    fn stream(&mut self, text: &str, cancel: &Cancel, take: &mut dyn FnMut(SpeechAudio)) -> Result<Synthesis> {
        let words = self.spell(text);
        if words.is_empty() {
            return Ok(Synthesis::default());
        }
        let key = self.key(&words);
        if let Some(clip) = self.find(key) {
            take(clip.audio());
            self.count(key, &words, &clip);
            return Ok(Synthesis { kept: true });
        }
        let clip = self.make(key, text, cancel, take)?;
        self.count(key, &words, &clip);
        Ok(Synthesis::default())
    }

    /// Neither looked for nor kept, in memory or on disk, and not counted.
    fn stream_here(&mut self, text: &str, cancel: &Cancel, take: &mut dyn FnMut(SpeechAudio)) -> Result<Synthesis> {
        self.voice.stream_here(text, cancel, take)
    }

    fn prepare(&mut self, text: &str, cancel: &Cancel) -> Result<bool> {
        let words = self.spell(text);
        let Some(shelf) = self.shelf.as_ref().filter(|_| !words.is_empty()) else { return Ok(false) };
        let key = self.key(&words);
        if shelf.has(key) {
            return Ok(false);
        }
        let (clip, made) = match self.memory.get(key) {
            Some(clip) => (clip, false),
            None => (self.make(key, text, cancel, &mut |_| {})?, true),
        };
        if let Some(shelf) = self.shelf.as_ref().filter(|_| clip.is_kept()) {
            shelf.put(key, &clip);
        }
        Ok(made)
    }

    fn keeps(&mut self, text: &str) -> bool {
        let words = self.spell(text);
        words.is_empty() || self.find(self.key(&words)).is_some()
    }

    fn set_rate(&mut self, rate: f32) {
        self.rate = rate;
        self.voice.set_rate(rate);
    }

    fn warm_up(&mut self) -> Result<()> {
        self.voice.warm_up()
    }
}

impl Clip {
    fn is_kept(&self) -> bool {
        !self.samples.is_empty() && self.samples.len() as f32 <= MOST_SECONDS * self.sample_rate as f32
    }

    fn audio(&self) -> SpeechAudio {
        let samples = self.samples.iter().map(|sample| f32::from(*sample) / f32::from(i16::MAX)).collect();
        SpeechAudio { samples, sample_rate: self.sample_rate }
    }
}

fn to_integer(sample: f32) -> i16 {
    // What is no number becomes silence.
    (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16
}

/// How often phrases were said, the one that was said last at the end. In memory alone: on disk, who guesses a phrase
/// could check that it was said.
#[derive(Debug, Default)]
struct Tally(VecDeque<(Key, u8)>);

impl Tally {
    /// Counts once more; returns how often it was said by now, 255 at most.
    fn add(&mut self, key: Key) -> u8 {
        let place = self.0.iter().position(|(other, _)| *other == key);
        let before = place.and_then(|place| self.0.remove(place)).map_or(0, |(_, times)| times);
        let times = before.saturating_add(1);
        self.0.push_back((key, times));
        if self.0.len() > COUNTED {
            self.0.pop_front();
        }
        times
    }
}

/// What was said lately, the latest last.
#[derive(Debug, Default)]
struct Memory {
    clips: VecDeque<(Key, Arc<Clip>)>,
    samples: usize,
}

impl Memory {
    fn get(&mut self, key: Key) -> Option<Arc<Clip>> {
        let place = self.clips.iter().position(|(other, _)| *other == key)?;
        let found = self.clips.remove(place)?;
        let clip = Arc::clone(&found.1);
        self.clips.push_back(found);
        Some(clip)
    }

    fn put(&mut self, key: Key, clip: Arc<Clip>) {
        self.samples += clip.samples.len();
        self.clips.push_back((key, clip));
        while self.samples > MOST_SAMPLES {
            let Some((_, oldest)) = self.clips.pop_front() else { return };
            self.samples -= oldest.samples.len();
        }
    }
}
