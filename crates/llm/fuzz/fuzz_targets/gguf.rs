//! A model file of any bytes: it is refused in a sentence, or it loads and answers. Never a panic, never more than the
//! 256 MB and the second that a bad file may cost (the limits are the fuzzer's: see README.md).
#![no_main]

use jarvis_core::{Cancel, GenerateOptions, LanguageModel, Message, Prompt, Role};
use jarvis_llm::{GgufModel, LoadOptions};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::PathBuf;
use std::sync::LazyLock;

static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(jarvis_llm::seeds);

// What has no header yet begins as a sound file, so that the first fault is found behind a thousand checks and not at the
// first. Then the header is changed, and now and then anything.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if size < 64 {
        let sound = &SEEDS[seed as usize % SEEDS.len()];
        if sound.len() <= max_size {
            data[..sound.len()].copy_from_slice(sound);
            return sound.len();
        }
    }
    if seed % 8 != 0 && size > HEADER {
        // Bytes are changed in place: what is behind the header stays where its offsets say.
        fuzzer_mutate(&mut data[..HEADER], HEADER, HEADER);
        return size;
    }
    fuzzer_mutate(data, size, max_size)
});

/// Bytes in which the seeds have their header, about.
const HEADER: usize = 8 << 10;

fuzz_target!(|bytes: &[u8]| {
    // SAFETY: the name is a C string; the descriptor is ours alone from here.
    let mut file = unsafe { File::from_raw_fd(libc::memfd_create(c"model".as_ptr(), 0)) };
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    match GgufModel::load(&path, &LoadOptions { context_length: 64, threads: 1, ..LoadOptions::default() }) {
        Err(error) => assert!(!error.message.is_empty() && !error.hint.is_empty()),
        Ok(mut model) => {
            let options = GenerateOptions { max_tokens: 2, ..GenerateOptions::default() };
            let prompt = Prompt::Chat(vec![Message::new(Role::User, "hi")]);
            // A file can be sound and still hold a template that fails.
            let _ = model.generate(&prompt, &options, &Cancel::new(), &mut |_| {});
        }
    }
});
