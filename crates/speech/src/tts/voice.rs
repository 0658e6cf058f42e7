//! What `voice.json` says about a Piper voice: its rate, its language, its scales, and the number of each phoneme.
//!
//! Owns the way from phonemes to the numbers that the model takes. The format is Piper's.

use jarvis_core::{Error, Result};
use jarvis_onnx::OnnxError;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// More numbers of phonemes than any voice has, for those that don't say how many.
const MOST_SYMBOLS: i64 = 65_536;
/// Goes between all others.
const PAD: char = '_';
const BEGIN: char = '^';
const END: char = '$';

/// A Piper voice's description.
#[derive(Debug, Clone)]
pub struct Voice {
    /// Samples per second, 8 000 to 48 000.
    pub sample_rate: u32,
    /// espeak-ng's name of the language that the voice speaks.
    pub language: String,
    /// How much the tone varies, usually 0.667.
    pub noise_scale: f32,
    /// How long the sounds are; 1 as the speaker spoke, 2 half as fast.
    pub length_scale: f32,
    /// How much the length of the sounds varies, usually 0.8.
    pub noise_w: f32,
    /// Whether the model wants the number of a speaker.
    pub speakers: u32,
    ids: HashMap<char, Vec<i64>>,
}

#[derive(Deserialize)]
struct File {
    audio: Audio,
    espeak: Language,
    inference: Inference,
    #[serde(default)]
    num_speakers: u32,
    /// How many numbers of phonemes the model knows.
    num_symbols: Option<i64>,
    phoneme_id_map: HashMap<String, Vec<i64>>,
}

#[derive(Deserialize)]
struct Audio {
    sample_rate: u32,
}

#[derive(Deserialize)]
struct Language {
    voice: String,
}

#[derive(Deserialize)]
struct Inference {
    noise_scale: f32,
    length_scale: f32,
    noise_w: f32,
}

impl Voice {
    /// Reads `voice.json` in `folder`.
    ///
    /// # Errors
    /// The file is missing or describes no voice that this program can speak with.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("voice.json");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(OnnxError::ModelMissing(path).into());
            }
            Err(error) => return Err(OnnxError::model(&path, error.to_string()).into()),
        };
        Self::parse(&text).map_err(|reason| Error::from(OnnxError::model(&path, reason)))
    }

    /// What tells this version of the voice in `folder` from any other: changes when one of its files does.
    ///
    /// # Errors
    /// A file is missing.
    pub fn fingerprint(folder: &Path) -> Result<String> {
        let mut hash = Sha256::new();
        for name in ["voice.json", "voice.onnx"] {
            let path = folder.join(name);
            let data = std::fs::metadata(&path).map_err(|_| Error::from(OnnxError::ModelMissing(path)))?;
            let modified =
                data.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
            hash.update(data.len().to_le_bytes());
            hash.update(modified.as_nanos().to_le_bytes());
        }
        Ok(hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect())
    }

    fn parse(text: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if !(8_000..=48_000).contains(&file.audio.sample_rate) {
            return Err(format!("its rate is {} Hz", file.audio.sample_rate));
        }
        // Beyond these no voice speaks, and sounds of a thousand times their length would be computed for hours.
        let Inference { noise_scale, length_scale, noise_w } = file.inference;
        for (name, scale, range) in [
            ("length_scale", length_scale, 0.1..=10.0),
            ("noise_scale", noise_scale, 0.0..=2.0),
            ("noise_w", noise_w, 0.0..=2.0),
        ] {
            if !range.contains(&scale) {
                return Err(format!(
                    "its {name} is {scale}, which has to be from {} to {}",
                    range.start(),
                    range.end()
                ));
            }
        }
        let most = file.num_symbols.unwrap_or(MOST_SYMBOLS);
        if let Some(id) = file.phoneme_id_map.values().flatten().find(|id| !(0..most).contains(*id)) {
            return Err(format!("a phoneme has the number {id}, which has to be from 0 to {}", most - 1));
        }
        // A phoneme is one character; longer ones belong to voices that are not spoken through espeak-ng.
        let mut ids = HashMap::new();
        for (phoneme, numbers) in file.phoneme_id_map {
            let mut symbols = phoneme.chars();
            if let (Some(symbol), None) = (symbols.next(), symbols.next()) {
                ids.insert(symbol, numbers);
            }
        }
        if let Some(missing) = [PAD, BEGIN, END].iter().find(|symbol| !ids.contains_key(symbol)) {
            return Err(format!("it has no number for {missing:?}"));
        }
        Ok(Self {
            sample_rate: file.audio.sample_rate,
            language: file.espeak.voice,
            noise_scale,
            length_scale,
            noise_w,
            speakers: file.num_speakers,
            ids,
        })
    }

    /// Replaces `ids` with the model's numbers for `phonemes`: begin, pad, then each phoneme and a pad, then end.
    /// Phonemes that the voice doesn't know are left out. Returns how many
    /// it knew, punctuation and blanks aside.
    pub fn ids(&self, phonemes: &str, ids: &mut Vec<i64>) -> usize {
        ids.clear();
        ids.extend(&self.ids[&BEGIN]);
        ids.extend(&self.ids[&PAD]);
        let mut sounds = 0;
        let mut add = |symbol: char| {
            let Some(numbers) = self.ids.get(&symbol) else { return };
            ids.extend(numbers);
            ids.extend(&self.ids[&PAD]);
            sounds += usize::from(symbol.is_alphabetic());
        };
        for symbol in phonemes.chars() {
            match decompose(symbol) {
                Some((base, mark)) => {
                    add(base);
                    add(mark);
                }
                None => add(symbol),
            }
        }
        ids.extend(&self.ids[&END]);
        sounds
    }
}

/// Voices are trained on phonemes in Unicode's decomposed form. espeak-ng composes no more than these.
fn decompose(symbol: char) -> Option<(char, char)> {
    const TILDE: char = '\u{303}';
    const CEDILLA: char = '\u{327}';
    Some(match symbol {
        'ç' => ('c', CEDILLA),
        'ã' => ('a', TILDE),
        'ẽ' => ('e', TILDE),
        'ĩ' => ('i', TILDE),
        'ñ' => ('n', TILDE),
        'õ' => ('o', TILDE),
        'ũ' => ('u', TILDE),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn ids_are_those_of_piper() {
        let voice = Voice::read(&testing::model("piper-en_US-joe-medium")).unwrap();
        assert_eq!((voice.sample_rate, voice.language.as_str()), (22_050, "en-us"));
        let mut ids = Vec::new();
        let sounds = voice.ids("həlˈoʊ, wˈɜːld.", &mut ids);
        // As Piper 1.8 makes them of "Hello, world."
        let pipers = [
            1, 0, 20, 0, 59, 0, 24, 0, 120, 0, 27, 0, 100, 0, 8, 0, 3, 0, 35, 0, 120, 0, 62, 0, 122, 0, 24, 0, 17, 0,
            10, 0, 2,
        ];
        assert_eq!(ids, pipers);
        assert_eq!(sounds, 12);
        assert_eq!(voice.ids("字\u{1f600}", &mut ids), 0);
        assert_eq!(ids, [1, 0, 2]);
    }

    #[test]
    fn composed_phonemes_are_taken_apart() {
        let voice = Voice::read(&testing::model("piper-en_US-joe-medium")).unwrap();
        let (mut composed, mut decomposed) = (Vec::new(), Vec::new());
        voice.ids("ç", &mut composed);
        voice.ids("c\u{327}", &mut decomposed);
        assert_eq!(composed, decomposed);
    }

    #[test]
    fn what_is_no_voice_is_refused_with_the_reason() {
        assert!(Voice::parse("{}").unwrap_err().contains("audio"));
        let text = |rate: u32, length: f32| {
            format!(
                r#"{{"audio":{{"sample_rate":{rate}}},"espeak":{{"voice":"en-us"}},
                "inference":{{"noise_scale":0.6,"length_scale":{length},"noise_w":0.8}},"phoneme_id_map":{{"_":[0],"^":[1],"$":[2]}}}}"#
            )
        };
        assert!(Voice::parse(&text(22_050, 1.0)).is_ok());
        assert!(Voice::parse(&text(1, 1.0)).unwrap_err().contains("1 Hz"));
        for length in [0.0, 1000.0] {
            assert!(Voice::parse(&text(22_050, length)).unwrap_err().contains("length_scale"));
        }
        assert!(Voice::parse(&text(22_050, 1.0).replace("0.6", "3")).unwrap_err().contains("noise_scale"));
        assert!(Voice::parse(&text(22_050, 1.0).replace("[2]", "[-2]")).unwrap_err().contains("-2"));
        let few = text(22_050, 1.0).replacen('{', r#"{"num_symbols":2,"#, 1);
        assert!(Voice::parse(&few).unwrap_err().contains("number 2"));
        assert!(Voice::parse(&text(22_050, 1.0).replace("\"$\":[2]", "\"x\":[2]")).unwrap_err().contains("'$'"));
    }
}
