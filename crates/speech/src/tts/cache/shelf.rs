//! The folder of phrases: a file a phrase.
//!
//! Owns the format, the bound and the expiry. A file is whole or not there: it is written beside its place and moved,
//! and has a checksum; one that is damaged is removed and made again. Several programs may use one folder. Nothing here
//! is an error for anybody: what can't be kept is computed again.
//!
//! A phrase: `JRVSAY01`, samples a second (u32), how many (u32), the first 16 bytes of the SHA-256 of all that follows
//! the mark but for itself, then the samples (i16); little-endian. The time of its file is when it was last used.

use super::{Clip, Key};
use crate::private;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

const MARK: &[u8; 8] = b"JRVSAY01";
const HEADER: usize = 8 + 4 + 4 + 16;
/// No phrase is longer; a file that says so is damaged.
const MOST_BYTES: u64 = 2 * 48_000 * 60;
/// What was not used for this long is removed.
const EXPIRY: Duration = Duration::from_secs(30 * 24 * 3600);

/// The folder.
#[derive(Debug)]
pub struct Shelf {
    folder: PathBuf,
    limit: u64,
}

impl Shelf {
    /// Nothing is read or made yet.
    pub fn new(folder: PathBuf, limit: u64) -> Self {
        Self { folder, limit }
    }

    fn path(&self, key: Key) -> PathBuf {
        self.folder.join(format!("{}.pcm", hex(&key.0)))
    }

    /// Whether there is a file, without reading it; it counts as used.
    pub fn has(&self, key: Key) -> bool {
        let found = File::options().write(true).open(self.path(key));
        found.is_ok_and(|file| file.metadata().is_ok_and(|data| data.len() > HEADER as u64) && touch(&file))
    }

    /// A phrase, if it is there and whole.
    pub fn get(&self, key: Key) -> Option<Clip> {
        let path = self.path(key);
        let file = File::options().read(true).write(true).open(&path).ok()?;
        let mut bytes = Vec::new();
        let read = (&file).take(MOST_BYTES).read_to_end(&mut bytes);
        let clip = read.ok().and_then(|_| decode(&bytes));
        if clip.is_none() {
            tracing::info!("a kept phrase was damaged and is made again");
            let _ = fs::remove_file(&path);
            return None;
        }
        touch(&file);
        clip
    }

    /// Keeps a phrase, and lets go of what was not used for longest.
    pub fn put(&self, key: Key, clip: &Clip) {
        let bytes = encode(clip);
        if bytes.len() as u64 > self.limit {
            return;
        }
        if let Err(error) = private::write(&self.path(key), &bytes) {
            tracing::debug!(%error, "a phrase could not be kept");
        }
        self.tidy(SystemTime::now());
    }

    /// Removes what is too old or too much, what a crash left half written, and what is no phrase.
    pub fn tidy(&self, now: SystemTime) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut phrases = Vec::new();
        for entry in entries.flatten() {
            let (path, Ok(data)) = (entry.path(), entry.metadata()) else { continue };
            let used = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let age = now.duration_since(used).unwrap_or_default();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("pcm") if age <= EXPIRY => phrases.push((used, data.len(), path)),
                // Another program is writing it.
                Some("new") if age <= Duration::from_secs(60) => {}
                _ => drop(fs::remove_file(&path)),
            }
        }
        phrases.sort();
        let mut total: u64 = phrases.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, path) in phrases {
            if total <= self.limit {
                return;
            }
            if fs::remove_file(&path).is_ok() {
                total -= bytes;
            }
        }
    }
}

fn touch(file: &File) -> bool {
    file.set_modified(SystemTime::now()).is_ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn encode(clip: &Clip) -> Vec<u8> {
    let mut samples = Vec::with_capacity(clip.samples.len() * 2);
    clip.samples.iter().for_each(|sample| samples.extend_from_slice(&sample.to_le_bytes()));
    let (rate, count) = (clip.sample_rate.to_le_bytes(), (clip.samples.len() as u32).to_le_bytes());
    let mut bytes = Vec::with_capacity(HEADER + samples.len());
    bytes.extend_from_slice(MARK);
    bytes.extend_from_slice(&rate);
    bytes.extend_from_slice(&count);
    bytes.extend_from_slice(&checksum(&rate, &count, &samples));
    bytes.extend_from_slice(&samples);
    bytes
}

/// `None` when it is damaged in any way.
fn decode(bytes: &[u8]) -> Option<Clip> {
    let (header, samples) = bytes.split_at_checked(HEADER)?;
    let number = |at: usize| header[at..at + 4].try_into().ok().map(u32::from_le_bytes);
    let (rate, count) = (number(8)?, number(12)?);
    let is_whole = &header[..8] == MARK
        && (8_000..=48_000).contains(&rate)
        && samples.len() == count as usize * 2
        && header[16..32] == checksum(&header[8..12], &header[12..16], samples);
    let samples = samples.as_chunks::<2>().0.iter().map(|two| i16::from_le_bytes(*two)).collect();
    is_whole.then_some(Clip { sample_rate: rate, samples })
}

fn checksum(rate: &[u8], count: &[u8], samples: &[u8]) -> [u8; 16] {
    let hash = Sha256::new().chain_update(rate).chain_update(count).chain_update(samples).finalize();
    let mut first = [0; 16];
    first.copy_from_slice(&hash[..16]);
    first
}
