//! espeak-ng's own voices: many speakers, none of them beautiful, in no time.
//!
//! Owns the calls that make sound. Wake words are trained with them; answers are never spoken so.

use super::{LIBRARY, ffi};
use jarvis_core::{Error, Result, SpeechAudio};
use std::ffi::{CString, c_int, c_short, c_void};

/// How a text is spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EspeakManner {
    /// A language, and perhaps one of the library's variants: `en-us`, `en-gb+f3`.
    pub voice: String,
    /// 0..=100, 50 is the voice's own.
    pub pitch: u8,
    /// Words a minute, 80..=450; 175 is usual.
    pub speed: u16,
}

/// Speaks `text`, words of at most a few sentences.
///
/// # Errors
/// espeak-ng isn't fully installed, doesn't know the voice, or failed.
pub fn espeak_sound(text: &str, manner: &EspeakManner) -> Result<SpeechAudio> {
    let failed = || Error::new("speech.espeak_failed", "espeak-ng made no sound.", "Reinstall espeak-ng.");
    let voice = CString::new(manner.voice.as_str()).map_err(|_| failed())?;
    let text = CString::new(text.replace('\0', " ")).map_err(|_| failed())?;
    let mut sound: Vec<i16> = Vec::new();
    let mut library = LIBRARY.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    library.select(&voice)?;
    // SAFETY: the library is initialized and locked. It calls back only until `espeak_Synth` returns, with the pointer to
    // `sound`, which lives longer and which nothing else touches meanwhile; the text ends with a NUL within the length
    // that is given.
    let status = unsafe {
        ffi::espeak_SetParameter(ffi::RATE, c_int::from(manner.speed.clamp(80, 450)), 0);
        ffi::espeak_SetParameter(ffi::PITCH, c_int::from(manner.pitch.min(100)), 0);
        ffi::espeak_SetSynthCallback(Some(take));
        let bytes = text.as_bytes_with_nul();
        ffi::espeak_Synth(
            bytes.as_ptr().cast(),
            bytes.len(),
            0,
            ffi::POSITION_CHARACTER,
            0,
            ffi::CHARS_UTF8 as u32,
            std::ptr::null_mut(),
            (&raw mut sound).cast(),
        )
    };
    // Its callback and its voice stay; the next one to ask for phonemes selects its own.
    if status != 0 || sound.is_empty() {
        return Err(failed());
    }
    let samples = sound.iter().map(|sample| f32::from(*sample) / 32768.0).collect();
    Ok(SpeechAudio { samples, sample_rate: library.rate })
}

/// Takes a piece of sound. Zero goes on, 1 would stop.
unsafe extern "C" fn take(samples: *mut c_short, count: c_int, events: *mut ffi::Event) -> c_int {
    let count = usize::try_from(count).unwrap_or(0);
    if samples.is_null() || count == 0 || events.is_null() {
        return 0;
    }
    // SAFETY: the library hands over `count` samples and a list of at least one event, each of which carries the pointer
    // that `espeak_Synth` was given: to a `Vec` that is there until that returns.
    unsafe {
        let sound = (*events).user_data.cast::<Vec<i16>>();
        if let Some(sound) = sound.as_mut() {
            sound.extend_from_slice(std::slice::from_raw_parts(samples, count));
        }
    }
    0
}

/// The callback's type in `speak_lib.h`.
pub(super) type Callback = unsafe extern "C" fn(*mut c_short, c_int, *mut ffi::Event) -> c_int;
/// What the callback carries through.
pub(super) type UserData = *mut c_void;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tts::{Espeak, Phonemizer};

    fn said(voice: &str, pitch: u8, speed: u16) -> SpeechAudio {
        espeak_sound("hey jarvis", &EspeakManner { voice: voice.into(), pitch, speed }).unwrap()
    }

    #[test]
    fn speakers_and_their_manners_differ() {
        let usual = said("en-us", 50, 175);
        assert_eq!(usual.sample_rate, 22_050);
        assert!((0.4..2.0).contains(&usual.seconds()), "{}", usual.seconds());
        assert!(said("en-us+f3", 50, 175).samples != usual.samples);
        assert!(said("en-us", 50, 350).seconds() < usual.seconds());
        // The breath in it is noise, and another one each time; how long it takes is the same but for a few samples.
        assert!(said("en-us", 50, 175).samples.len().abs_diff(usual.samples.len()) < 100);
    }

    #[test]
    fn pronunciations_are_not_changed_by_it() {
        let mut espeak = Espeak::new("en-us").unwrap();
        let before = espeak.phonemes("water").unwrap();
        said("en-gb+m3", 20, 300);
        assert_eq!(espeak.phonemes("water").unwrap(), before);
    }

    #[test]
    fn an_unknown_voice_is_refused() {
        let manner = EspeakManner { voice: "klingon-empire".into(), pitch: 50, speed: 175 };
        assert_eq!(espeak_sound("hello", &manner).unwrap_err().code, "speech.unknown_language");
    }
}
