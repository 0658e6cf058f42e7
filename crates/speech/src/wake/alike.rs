//! How much two phrases sound alike, by the sounds that they are made of.
//!
//! Never hears sound: works on pronunciations, as a [`Phonemizer`] gives them.

use crate::tts::Phonemizer;
use jarvis_core::Result;

/// The sounds of `text`, without stress, length and blanks.
pub(super) fn sounds(text: &str, phonemizer: &mut dyn Phonemizer) -> Result<Vec<char>> {
    let phonemes = phonemizer.phonemes(text)?;
    Ok(phonemes.chars().filter(|sound| sound.is_alphabetic() && !matches!(sound, 'ː' | 'ˈ' | 'ˌ')).collect())
}

/// How many syllables `text` has, by its vowels.
pub(super) fn syllables(text: &str, phonemizer: &mut dyn Phonemizer) -> Result<usize> {
    let phonemes = phonemizer.phonemes(text)?;
    let mut count = 0;
    let mut before = None;
    for sound in phonemes.chars() {
        // The second half of a diphthong is no syllable of its own; a consonant with the mark for one is.
        let glides = matches!(sound, 'ɪ' | 'ʊ') && before.is_some_and(|before| "aeoɔ".contains(before));
        if (VOWELS.contains(sound) && !glides) || sound == '\u{329}' {
            count += 1;
        }
        before = Some(sound);
    }
    Ok(count)
}

/// How much the part of `heard` that is most like `wanted` sounds like it, 0..=1.
pub(super) fn likeness(wanted: &[char], heard: &[char]) -> f32 {
    if wanted.is_empty() {
        return 1.0;
    }
    // What stands before and after that part costs nothing.
    let mut row = vec![0.0_f32; heard.len() + 1];
    for wanted in wanted {
        let mut diagonal = row[0];
        row[0] += 1.0;
        for (j, heard) in heard.iter().enumerate() {
            let replaced = diagonal + difference(*wanted, *heard);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1.0).min(row[j] + 1.0);
        }
    }
    let least = row.into_iter().fold(f32::INFINITY, f32::min);
    (1.0 - least / wanted.len() as f32).clamp(0.0, 1.0)
}

/// Consonants that are taken for one another: with and without voice, and the sounds of r and of th.
const NEAR: [&str; 9] = ["td", "ʃʒ", "sz", "fv", "pb", "kɡ", "θð", "ɹɚ", "mn"];
const VOWELS: &str = "aeiouyæɐɑɒɔəɚɛɜɝɪᵻʊʌøœ";

/// How different two sounds are, 0..=1.
fn difference(a: char, b: char) -> f32 {
    let is_vowel = |sound: char| VOWELS.contains(sound);
    if a == b {
        0.0
    } else if NEAR.iter().any(|pair| pair.contains(a) && pair.contains(b)) {
        0.3
    } else if is_vowel(a) && is_vowel(b) {
        0.4
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tts::Espeak;
    use proptest::prelude::*;

    #[test]
    fn what_recognition_makes_of_a_name_sounds_like_it_and_other_names_less() {
        let mut espeak = Espeak::new("en-us").unwrap();
        let mut alike = |a: &str, b: &str| {
            let [a, b] = [a, b].map(|text| sounds(text, &mut espeak).unwrap());
            likeness(&a, &b)
        };
        assert_eq!(alike("hey jarvis", "Well, hey Jarvis, what time is it?"), 1.0);
        for mangled in ["Hey, Charvis.", "Hey Jervis!", "Hey Jarvus", "They Jarvis"] {
            assert!(alike("hey jarvis", mangled) > 0.85, "{mangled} {}", alike("hey jarvis", mangled));
        }
        for other in ["Hey Travis", "hey service", "What time is it?", "Hey there", ""] {
            assert!(alike("hey jarvis", other) < 0.8, "{other} {}", alike("hey jarvis", other));
        }
        assert!(alike("hey zorblax", "Hey Zora Blacks") > 0.85);
    }

    #[test]
    fn syllables_are_counted_as_people_count_them() {
        let mut espeak = Espeak::new("en-us").unwrap();
        for (text, count) in [
            ("", 0),
            ("hey", 1),
            ("hey you", 2),
            ("hey jarvis", 3),
            ("alexa", 3),
            ("hey computer", 4),
            ("okay radio", 5),
            ("hey maria", 4),
            ("button", 2),
        ] {
            assert_eq!(syllables(text, &mut espeak).unwrap(), count, "{text}");
        }
    }

    proptest! {
        #[test]
        fn likeness_is_whole_for_what_contains_it(wanted in "[abcdɪs]{0,8}", before in "[abcd]{0,8}", after in "[abcd]{0,8}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(likeness(&chars(&wanted), &chars(&format!("{before}{wanted}{after}"))), 1.0);
            let other = likeness(&chars(&wanted), &chars(&before));
            prop_assert!((0.0..=1.0).contains(&other));
        }
    }
}
