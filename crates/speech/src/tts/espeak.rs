//! espeak-ng's pronunciation, through the system's shared library.
//!
//! Owns the few calls of its C interface that turn words into phonemes ([`sound`] those that make sound). The library is
//! GPL-3, which is why it is linked and never copied, and stands behind [`super::Phonemizer`].

mod sound;

pub use sound::{EspeakManner, espeak_sound};

use super::Phonemizer;
use jarvis_core::{Error, Result};
use std::ffi::{CStr, CString, c_char, c_int, c_uchar, c_uint, c_void};
use std::ptr;
use std::sync::Mutex;

/// From `speak_lib.h`.
mod ffi {
    use super::sound::{Callback, UserData};
    use super::{c_char, c_int, c_uchar, c_uint, c_void};

    /// Sound is handed over by the caller's own thread, before the call returns.
    pub const OUTPUT_SYNCHRONOUS: c_int = 2;
    pub const INITIALIZE_DONT_EXIT: c_int = 0x8000;
    pub const CHARS_UTF8: c_int = 1;
    pub const PHONEMES_IPA: c_int = 0x02;
    pub const POSITION_CHARACTER: c_int = 1;
    pub const RATE: c_int = 1;
    pub const PITCH: c_int = 3;

    /// `espeak_EVENT`, as far as it is read.
    #[repr(C)]
    pub struct Event {
        pub kind: c_int,
        pub identifier: c_uint,
        pub text_position: c_int,
        pub length: c_int,
        pub audio_position: c_int,
        pub sample: c_int,
        pub user_data: UserData,
        pub id: [u8; 8],
    }

    /// `espeak_VOICE`: what a voice is wanted to be.
    #[repr(C)]
    pub struct Voice {
        pub name: *const c_char,
        pub languages: *const c_char,
        pub identifier: *const c_char,
        pub gender: c_uchar,
        pub age: c_uchar,
        pub variant: c_uchar,
        pub unused: c_uchar,
        pub score: c_int,
        pub spare: *mut c_void,
    }

    #[link(name = "espeak-ng")]
    unsafe extern "C" {
        pub fn espeak_Initialize(output: c_int, buffer_ms: c_int, data: *const c_char, options: c_int) -> c_int;
        pub fn espeak_SetVoiceByName(name: *const c_char) -> c_int;
        pub fn espeak_SetVoiceByProperties(voice: *mut Voice) -> c_int;
        pub fn espeak_TextToPhonemes(text: *mut *const c_void, text_mode: c_int, phoneme_mode: c_int) -> *const c_char;
        pub fn espeak_SetParameter(parameter: c_int, value: c_int, relative: c_int) -> c_int;
        pub fn espeak_SetSynthCallback(callback: Option<Callback>);
        pub fn espeak_Synth(
            text: *const c_void,
            size: usize,
            position: c_uint,
            position_type: c_int,
            end: c_uint,
            flags: c_uint,
            identifier: *mut c_uint,
            user_data: *mut c_void,
        ) -> c_int;
    }
}

/// The library keeps one voice and one state for the whole process and locks nothing, so that every call goes through
/// here. It holds what the library was told last.
static LIBRARY: Mutex<Library> = Mutex::new(Library { rate: 0, voice: None });

struct Library {
    /// Samples per second; 0 before it is initialized.
    rate: u32,
    voice: Option<CString>,
}

impl Library {
    /// Makes `voice` the present one.
    fn select(&mut self, voice: &CString) -> Result<()> {
        if self.rate == 0 {
            // SAFETY: no other call into the library can run, for LIBRARY is locked; a null path means its own data.
            let rate =
                unsafe { ffi::espeak_Initialize(ffi::OUTPUT_SYNCHRONOUS, 0, ptr::null(), ffi::INITIALIZE_DONT_EXIT) };
            if rate <= 0 {
                return Err(Error::new(
                    "speech.espeak_unavailable",
                    "espeak-ng can't find its data, so nothing can be pronounced.",
                    "Install the package espeak-ng-data (macOS: `brew reinstall espeak-ng`).",
                ));
            }
            self.rate = rate.unsigned_abs();
        }
        if self.voice.as_ref() != Some(voice) {
            // Some languages are known by the name of a voice, others only as a property of one.
            let mut wanted = ffi::Voice {
                name: ptr::null(),
                languages: voice.as_ptr(),
                identifier: ptr::null(),
                gender: 0,
                age: 0,
                variant: 0,
                unused: 0,
                score: 0,
                spare: ptr::null_mut(),
            };
            // SAFETY: the library is initialized and locked; the name ends with a NUL, and it and `wanted` outlive the calls.
            let is_known = unsafe {
                ffi::espeak_SetVoiceByName(voice.as_ptr()) == 0 || ffi::espeak_SetVoiceByProperties(&mut wanted) == 0
            };
            if !is_known {
                self.voice = None;
                let name = voice.to_string_lossy();
                return Err(Error::new(
                    "speech.unknown_language",
                    format!("espeak-ng doesn't know the language {name}."),
                    "Choose another voice with `jarvis config set voice.model ID`.",
                ));
            }
            self.voice = Some(voice.clone());
        }
        Ok(())
    }

    /// Phonemes of a whole text. The library hands them out clause by clause.
    fn phonemes(&mut self, text: &CStr) -> String {
        let mut rest: *const c_void = text.as_ptr().cast();
        let mut phonemes = String::new();
        while !rest.is_null() {
            // SAFETY: `rest` points into `text` or is null, as the library leaves it; the result is its own buffer, valid
            // until the next call, and copied at once.
            let clause = unsafe {
                let clause = ffi::espeak_TextToPhonemes(&mut rest, ffi::CHARS_UTF8, ffi::PHONEMES_IPA);
                if clause.is_null() { break } else { CStr::from_ptr(clause) }
            };
            push_clause(&mut phonemes, &clause.to_string_lossy());
        }
        phonemes
    }
}

/// Adds a clause, without the notes about its language, such as `(en)`, that espeak-ng puts around foreign words.
fn push_clause(phonemes: &mut String, clause: &str) {
    let mut note = 0_usize;
    if !phonemes.is_empty() && !phonemes.ends_with(' ') {
        phonemes.push(' ');
    }
    for symbol in clause.chars() {
        match symbol {
            '(' => note += 1,
            ')' => note = note.saturating_sub(1),
            _ if note > 0 => {}
            symbol if symbol.is_whitespace() => {
                if !phonemes.is_empty() && !phonemes.ends_with(' ') {
                    phonemes.push(' ');
                }
            }
            symbol => phonemes.push(symbol),
        }
    }
    phonemes.truncate(phonemes.trim_end().len());
}

/// espeak-ng speaking one language.
#[derive(Debug, Clone)]
pub struct Espeak {
    voice: CString,
}

impl Espeak {
    /// A language or voice by espeak-ng's name, such as `en-us`.
    ///
    /// # Errors
    /// espeak-ng isn't fully installed, or doesn't know the name.
    pub fn new(voice: &str) -> Result<Self> {
        let voice = CString::new(voice).map_err(|_| {
            Error::new("speech.unknown_language", "The voice names no language.", "Run `jarvis models verify`.")
        })?;
        LIBRARY.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).select(&voice)?;
        Ok(Self { voice })
    }
}

impl Phonemizer for Espeak {
    fn phonemes(&mut self, clause: &str) -> Result<String> {
        // A NUL would end the text for the library; it has no sound.
        let text = CString::new(clause.replace('\0', " ")).unwrap_or_default();
        let mut library = LIBRARY.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        library.select(&self.voice)?;
        Ok(library.phonemes(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_pronounced_as_the_voices_were_trained() {
        let mut espeak = Espeak::new("en-us").unwrap();
        assert_eq!(espeak.phonemes("Hello").unwrap(), "həlˈoʊ");
        assert_eq!(espeak.phonemes("what time is it").unwrap(), "wˌʌt tˈaɪm ɪz ɪt");
        assert_eq!(espeak.phonemes("").unwrap(), "");
        assert_eq!(espeak.phonemes("a\0b").unwrap(), espeak.phonemes("a b").unwrap());
    }

    #[test]
    fn notes_about_languages_are_left_out() {
        let mut phonemes = String::new();
        push_clause(&mut phonemes, "(fr)bɔ̃ʒuʁ(en)  wˈɜːld ");
        push_clause(&mut phonemes, "\nnˈaʊ");
        assert_eq!(phonemes, "bɔ̃ʒuʁ wˈɜːld nˈaʊ");
    }

    #[test]
    fn languages_do_not_leak_into_each_other() {
        let mut english = Espeak::new("en-us").unwrap();
        let mut german = Espeak::new("de").unwrap();
        let before = english.phonemes("winter").unwrap();
        assert_ne!(german.phonemes("winter").unwrap(), before);
        assert_eq!(english.phonemes("winter").unwrap(), before);
    }

    #[test]
    fn an_unknown_language_is_refused_by_name() {
        let error = Espeak::new("klingon-empire").unwrap_err();
        assert_eq!(error.code, "speech.unknown_language");
        assert!(error.message.contains("klingon-empire"));
    }

    #[test]
    fn threads_may_speak_at_once() {
        let threads: Vec<_> = (0..4)
            .map(|i| {
                std::thread::spawn(move || {
                    let mut espeak = Espeak::new(if i % 2 == 0 { "en-us" } else { "en-gb" }).unwrap();
                    (0..50).map(|_| espeak.phonemes("water").unwrap()).collect::<Vec<_>>()
                })
            })
            .collect();
        for thread in threads {
            let heard = thread.join().unwrap();
            assert!(heard.iter().all(|phonemes| *phonemes == heard[0]), "{heard:?}");
        }
    }
}
