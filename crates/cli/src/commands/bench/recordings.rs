//! Recordings of people with what they say in them, as `scripts/recordings` lays them into the cache folder:
//! `recordings/LANGUAGE/words.tsv`, a line for each with the file's name, a tab and the words.
//!
//! Never fetches anything, and never changes a recording.

use anyhow::Context as _;
use jarvis_audio::wav;
use jarvis_settings::Paths;
use std::path::Path;

/// The most recordings of a language that are taken: with what they are compared with, a minute and a half.
const MOST: usize = 120;

/// A recording of a person.
pub(super) struct Recording {
    /// 16 kHz mono.
    pub(super) samples: Vec<f32>,
    /// What is said in it.
    pub(super) said: String,
}

/// ISO 639-1 codes of the languages of which there are recordings, English first.
pub(super) fn languages(paths: &Paths) -> Vec<String> {
    let Ok(folders) = std::fs::read_dir(paths.cache_dir().join("recordings")) else { return Vec::new() };
    let with_words = folders.filter_map(Result::ok).filter(|folder| folder.path().join("words.tsv").exists());
    let mut codes: Vec<String> = with_words.filter_map(|folder| folder.file_name().into_string().ok()).collect();
    codes.sort_by_key(|code| (code != "en", code.clone()));
    codes
}

/// The recordings of a language, or evenly chosen ones of them.
///
/// # Errors
/// A file that is named is not there or no sound.
pub(super) fn of(paths: &Paths, language: &str) -> anyhow::Result<Vec<Recording>> {
    let folder = paths.cache_dir().join("recordings").join(language);
    read(&folder).with_context(|| {
        format!("The recordings in {} are not whole. Delete the folder and run `make bench` again", folder.display())
    })
}

fn read(folder: &Path) -> anyhow::Result<Vec<Recording>> {
    let words = std::fs::read_to_string(folder.join("words.tsv"))?;
    let lines: Vec<(&str, &str)> = words.lines().filter_map(|line| line.split_once('\t')).collect();
    let taken = lines.len().min(MOST);
    (0..taken)
        .map(|i| {
            let (file, said) = lines[i * lines.len() / taken];
            Ok(Recording { samples: wav::read(folder.join(file))?, said: said.to_owned() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jarvis_core::SpeechAudio;

    #[test]
    fn recordings_are_found_by_language_and_thinned_evenly() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::under(root.path());
        assert!(languages(&paths).is_empty());
        for (language, count) in [("de", 1), ("en", 2 * MOST + 1), ("az", 0)] {
            let folder = paths.cache_dir().join("recordings").join(language);
            std::fs::create_dir_all(&folder).unwrap();
            let sound = SpeechAudio { samples: vec![0.5; 160], sample_rate: 16_000 };
            wav::write(folder.join("one.wav"), &sound).unwrap();
            let lines: String = (0..count).map(|i| format!("one.wav\tword {i}\n")).collect();
            std::fs::write(folder.join("words.tsv"), lines).unwrap();
        }
        assert_eq!(languages(&paths), ["en", "az", "de"]);
        let english = of(&paths, "en").unwrap();
        assert_eq!((english.len(), english[0].samples.len()), (MOST, 160));
        assert_eq!((english[0].said.as_str(), english[1].said.as_str()), ("word 0", "word 2"));
        assert!(of(&paths, "az").unwrap().is_empty());
        std::fs::remove_file(paths.cache_dir().join("recordings/de/one.wav")).unwrap();
        assert!(of(&paths, "de").is_err());
    }
}
