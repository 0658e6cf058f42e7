//! A voice that counts what it is asked for, and a folder that is damaged in every way.

use super::shelf::Shelf;
use super::*;
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

/// Says every word as ten samples of its length, in two pieces, and counts how often it was asked.
struct Counting {
    asked: Arc<AtomicUsize>,
}

impl TextToSpeech for Counting {
    fn sample_rate(&self) -> u32 {
        8_000
    }

    fn synthesize(&mut self, text: &str, cancel: &Cancel) -> Result<SpeechAudio> {
        if cancel.is_cancelled() {
            return Err(jarvis_core::Error::cancelled());
        }
        self.asked.fetch_add(1, Ordering::SeqCst);
        let samples = text.split(' ').flat_map(|word| [word.len() as f32 / 100.0; 10]).collect();
        Ok(SpeechAudio { samples, sample_rate: 8_000 })
    }

    fn stream(&mut self, text: &str, cancel: &Cancel, take: &mut dyn FnMut(SpeechAudio)) -> Result<Synthesis> {
        let whole = self.synthesize(text, cancel)?;
        let (one, two) = whole.samples.split_at(3);
        for part in [one, two] {
            take(SpeechAudio { samples: part.to_vec(), sample_rate: 8_000 });
        }
        Ok(Synthesis::default())
    }

    fn warm_up(&mut self) -> Result<()> {
        Ok(())
    }
}

struct World {
    folder: tempfile::TempDir,
    asked: Arc<AtomicUsize>,
}

impl World {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), asked: Arc::default() }
    }

    fn folder(&self) -> PathBuf {
        self.folder.path().join("phrases")
    }

    /// A voice as after a start of the program.
    fn voice(&self, identity: &str, limit_bytes: u64) -> CachedTts {
        let counting = Counting { asked: Arc::clone(&self.asked) };
        let options = CacheOptions { folder: self.folder(), limit_bytes, voice: identity.to_owned() };
        CachedTts::new(Box::new(counting), options)
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder()).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "pcm")).collect();
        files.sort();
        files
    }
}

fn say(voice: &mut CachedTts, text: &str) -> (bool, Vec<f32>) {
    let mut samples = Vec::new();
    let made = voice.stream(text, &Cancel::new(), &mut |piece| samples.extend(piece.samples)).unwrap();
    (made.kept, samples)
}

#[test]
fn what_was_said_is_said_again_from_memory_and_sounds_the_same() {
    let world = World::new();
    let mut voice = world.voice("joe", 0);
    assert!(!voice.keeps("It is **5** o'clock."));
    let (kept, first) = say(&mut voice, "It is **5** o'clock.");
    assert!(!kept && !first.is_empty());
    assert!(voice.keeps("It is five o'clock.") && voice.keeps("...") && !voice.keeps("It is six o'clock."));
    // The same words, written in another way.
    let (kept, again) = say(&mut voice, "It is five o'clock.");
    assert!(kept);
    assert_eq!(world.asked.load(Ordering::SeqCst), 1);
    assert!(first.iter().zip(&again).all(|(one, other)| (one - other).abs() < 1e-4) && first.len() == again.len());
    assert_eq!(say(&mut voice, "...").1, [0.0; 0]);
    assert!(!world.folder().exists(), "nothing is written where nothing is to be kept");
}

#[test]
fn an_answer_lies_on_disk_only_after_it_was_said_often() {
    let world = World::new();
    // How often is known until the program ends, and to nobody but it.
    for _ in 0..5 {
        assert!(!say(&mut world.voice("joe", 1 << 20), "Your meeting is at nine.").0);
        assert!(!world.folder().exists(), "what was said once leaves nothing");
    }
    let mut voice = world.voice("joe", 1 << 20);
    for times in 1..=3 {
        say(&mut voice, "Your meeting is at nine.");
        assert_eq!(world.files().len(), usize::from(times == 3), "time {times}");
    }
    assert!(say(&mut world.voice("joe", 1 << 20), "Your meeting is at nine.").0);
    // Long ones never.
    let long = "a word ".repeat(40);
    for _ in 0..5 {
        say(&mut voice, &long);
    }
    assert_eq!(world.files().len(), 1);
    // Nothing there can be read as words.
    for entry in fs::read_dir(world.folder()).unwrap().flatten() {
        let bytes = fs::read(entry.path()).unwrap();
        assert!(!bytes.windows(7).any(|seven| seven == b"meeting"), "{:?}", entry.path());
    }
}

#[test]
fn of_what_stands_on_the_screen_nothing_is_kept() {
    let world = World::new();
    let mut voice = world.voice("joe", 1 << 20);
    for _ in 0..5 {
        let mut samples = 0;
        let made =
            voice.stream_here("Your balance is 12.", &Cancel::new(), &mut |piece| samples += piece.samples.len());
        assert!(!made.unwrap().kept && samples > 0);
    }
    assert!(world.files().is_empty() && voice.memory.clips.is_empty() && voice.tally.0.is_empty());
    assert!(!say(&mut voice, "Your balance is 12.").0);
}

#[test]
fn what_is_prepared_is_kept_and_prepared_once() {
    let world = World::new();
    let mut voice = world.voice("joe", 1 << 20);
    assert!(voice.prepare("Good morning.", &Cancel::new()).unwrap());
    assert!(!voice.prepare("Good morning.", &Cancel::new()).unwrap());
    assert!(!world.voice("joe", 1 << 20).prepare("Good morning.", &Cancel::new()).unwrap());
    assert!(say(&mut world.voice("joe", 1 << 20), "Good morning.").0);
    // Another voice, speaker or rate is another sound.
    assert!(!say(&mut world.voice("joe, the second", 1 << 20), "Good morning.").0);
    let mut faster = world.voice("joe", 1 << 20);
    faster.set_rate(1.25);
    assert!(!say(&mut faster, "Good morning.").0 && say(&mut faster, "Good morning.").0);
    faster.set_rate(1.0);
    assert!(say(&mut faster, "Good morning.").0);
    // What was just said is only written down.
    say(&mut voice, "Good night.");
    assert!(!voice.prepare("Good night.", &Cancel::new()).unwrap());
    assert_eq!(world.files().len(), 2);
    assert!(!voice.prepare("", &Cancel::new()).unwrap());
    assert!(!world.voice("joe", 0).prepare("Hello.", &Cancel::new()).unwrap());
}

#[test]
fn who_wants_nothing_kept_any_more_has_nothing_left_on_disk() {
    let world = World::new();
    let mut voice = world.voice("joe", 1 << 20);
    voice.prepare("Good morning.", &Cancel::new()).unwrap();
    say(&mut voice, "Your meeting is at nine.");
    fs::write(world.folder().join("of no use"), b"").unwrap();
    assert_eq!(fs::read_dir(world.folder()).unwrap().count(), 2);
    let mut voice = world.voice("joe", 0);
    assert_eq!(fs::read_dir(world.folder()).unwrap().count(), 0);
    say(&mut voice, "Your meeting is at nine.");
    assert_eq!(fs::read_dir(world.folder()).unwrap().count(), 0);
    // A lower limit counts at once too.
    for phrase in ["phrase one", "phrase two"] {
        world.voice("joe", 1 << 20).prepare(phrase, &Cancel::new()).unwrap();
    }
    world.voice("joe", 32 + 40);
    assert_eq!(world.files().len(), 1);
}

#[test]
fn only_its_owner_reads_what_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let mut voice = world.voice("joe", 1 << 20);
    voice.prepare("Good morning.", &Cancel::new()).unwrap();
    say(&mut voice, "Your meeting is at nine.");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&world.folder()), 0o700);
    for entry in fs::read_dir(world.folder()).unwrap().flatten() {
        assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.path());
    }
}

#[test]
fn a_cancelled_phrase_is_not_kept() {
    let world = World::new();
    let mut voice = world.voice("joe", 1 << 20);
    let cancel = Cancel::new();
    cancel.cancel();
    assert!(voice.prepare("Good morning.", &cancel).unwrap_err().is_cancelled());
    assert!(voice.stream("Good morning.", &cancel, &mut |_| {}).unwrap_err().is_cancelled());
    assert!(world.files().is_empty());
    assert!(!say(&mut voice, "Good morning.").0);
}

#[test]
fn a_damaged_file_is_made_again_without_a_word() {
    let damages: [&dyn Fn(&Path); 5] = [
        &|path| fs::write(path, b"").unwrap(),
        &|path| fs::write(path, b"JRVSAY01 and nonsense that goes on for a while").unwrap(),
        &|path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
        },
        &|path| {
            let mut bytes = fs::read(path).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(path, bytes).unwrap();
        },
        &|path| {
            let mut bytes = fs::read(path).unwrap();
            bytes[8] ^= 1;
            fs::write(path, bytes).unwrap();
        },
    ];
    for damage in damages {
        let world = World::new();
        world.voice("joe", 1 << 20).prepare("Good morning.", &Cancel::new()).unwrap();
        damage(&world.files()[0]);
        let mut voice = world.voice("joe", 1 << 20);
        let (kept, samples) = say(&mut voice, "Good morning.");
        assert!(!kept && samples.len() == 20);
        voice.prepare("Good morning.", &Cancel::new()).unwrap();
        assert!(say(&mut world.voice("joe", 1 << 20), "Good morning.").0, "it was not made again");
    }
    // A folder that is a file.
    let world = World::new();
    fs::write(world.folder(), b"").unwrap();
    let mut voice = world.voice("joe", 1 << 20);
    assert!(voice.prepare("Hello.", &Cancel::new()).unwrap());
    assert!(say(&mut voice, "Hello.").0, "memory still serves");
}

#[test]
fn the_folder_is_bounded_and_the_least_recently_used_goes() {
    let world = World::new();
    // Each has 32 bytes of header and 20 a word.
    let mut voice = world.voice("joe", 3 * (32 + 40));
    for (age, text) in [(40, "phrase one"), (30, "phrase two"), (20, "phrase three")] {
        voice.prepare(text, &Cancel::new()).unwrap();
        let newest = world.files().into_iter().max_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
        let file = fs::File::options().write(true).open(newest.unwrap()).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
    }
    assert_eq!(world.files().len(), 3);
    // Used: now the second is the oldest.
    assert!(say(&mut world.voice("joe", 1 << 20), "phrase one").0);
    voice.prepare("phrase four", &Cancel::new()).unwrap();
    assert_eq!(world.files().len(), 3);
    let kept = |text: &str| say(&mut world.voice("joe", 1 << 20), text).0;
    assert!(kept("phrase one") && !kept("phrase two") && kept("phrase three") && kept("phrase four"));
    // What nobody used for long goes in any case, and what a crash left behind.
    fs::write(world.folder().join("x.7.new"), b"half").unwrap();
    Shelf::new(world.folder(), 1 << 20).tidy(SystemTime::now() + Duration::from_secs(31 * 24 * 3600));
    assert!(world.files().is_empty() && !world.folder().join("x.7.new").exists());
}

#[test]
fn memory_is_bounded() {
    let mut tally = Tally::default();
    for number in 0..2 * COUNTED as u128 {
        assert_eq!(tally.add(Key(number.to_le_bytes())), 1);
        tally.add(Key([255; 16]));
    }
    assert_eq!((tally.0.len(), tally.add(Key([255; 16]))), (COUNTED, u8::MAX));
    let mut memory = Memory::default();
    for number in 0..100_u8 {
        let clip = Clip { sample_rate: 8_000, samples: vec![0; MOST_SAMPLES / 10] };
        memory.put(Key([number; 16]), Arc::new(clip));
        memory.get(Key([0; 16]));
    }
    assert!(memory.samples <= MOST_SAMPLES && memory.clips.len() == 10);
    assert!(memory.get(Key([0; 16])).is_some(), "it was used all the time");
    assert!(memory.get(Key([50; 16])).is_none());
}

proptest! {
    #[test]
    fn any_file_is_a_phrase_or_nothing(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let world = World::new();
        fs::create_dir_all(world.folder()).unwrap();
        let voice = world.voice("joe", 1 << 20);
        let key = voice.key("hello");
        let name: String = key.0.iter().map(|byte| format!("{byte:02x}")).collect();
        fs::write(world.folder().join(format!("{name}.pcm")), &bytes).unwrap();
        prop_assert!(Shelf::new(world.folder(), 1 << 20).get(key).is_none());
        prop_assert!(world.files().is_empty());
    }
}
