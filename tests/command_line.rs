//! The command line as scripts meet it: exit codes, one JSON object a line, and bad input refused with a remedy.
//!
//! Drives the real binary on the installed models, with settings of its own, so that nothing of the user's is touched.

#[path = "command_line/running.rs"]
mod running;

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Where one test keeps its settings and files; gone when it ends.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jarvis"));
        // Nothing of the caller's own settings, nor of a Jarvis of theirs that runs.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("JARVIS_") && name != "JARVIS_DATA_DIR") {
            command.env_remove(name);
        }
        command.args(arguments).env("JARVIS_CONFIG_DIR", self.path("config")).env("XDG_RUNTIME_DIR", self.0.path());
        command.env("JARVIS_CACHE_DIR", self.path("cache")).env("JARVIS_STATE_DIR", self.path("state"));
        // Nor the models of other programs.
        for name in ["OLLAMA_MODELS", "HF_HUB_CACHE", "LLAMA_CACHE"] {
            command.env(name, self.path("none"));
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary starts")
    }

    /// Runs with `--json` and gives exit code and objects.
    fn json(&self, arguments: &[&str]) -> (i32, Vec<Value>) {
        let output = self.run(&[&["--json"], arguments].concat());
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let objects = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line:?}")))
            .collect();
        (output.status.code().expect("not killed by a signal"), objects)
    }

    /// The error of a command that has to fail with exit code 1: code, message and hint, none of them empty.
    fn refusal(&self, arguments: &[&str]) -> (String, String, String) {
        let (exit, objects) = self.json(arguments);
        assert_eq!(exit, 1, "{arguments:?}: {objects:?}");
        let error = &objects.last().unwrap_or_else(|| panic!("{arguments:?} printed nothing"))["error"];
        let field = |name: &str| {
            let text = error[name].as_str().unwrap_or_default().to_owned();
            assert!(!text.is_empty(), "{arguments:?}: empty {name} in {error}");
            text
        };
        (field("code"), field("message"), field("hint"))
    }

    fn wav(&self, name: &str, channels: u16, rate: u32, seconds: f32) -> String {
        let path = self.path(name);
        let spec = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, spec).expect("a new file");
        for _ in 0..(rate as f32 * seconds) as usize * usize::from(channels) {
            writer.write_sample(0i16).expect("disk space");
        }
        writer.finalize().expect("disk space");
        path.to_str().expect("UTF-8").to_owned()
    }
}

fn text_of(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let home = Home::new();
    assert_eq!(home.run(&["transcribe"]).status.code(), Some(2));
    assert_eq!(home.run(&["no-such-command"]).status.code(), Some(2));
}

/// Nobody who reads, and a disk that is full: reasons to fail, not to be aborted.
#[test]
fn a_failure_that_cannot_be_told_is_a_failure_all_the_same() {
    let home = Home::new();
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    let full = || std::fs::File::options().write(true).open("/dev/full");
    for verbose in [&[][..], &["-vv"]] {
        let say = || home.command(&[verbose, &["say", ""]].concat());
        let status = say().stderr(closed.try_clone().unwrap()).status().unwrap();
        assert_eq!(status.code(), Some(1), "{status}");
        if let Ok(full) = full() {
            assert_eq!(say().stderr(full).status().unwrap().code(), Some(1));
        }
    }
    if let Ok(full) = full() {
        let output = home.command(&["config", "get", "audio.volume"]).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let status = home.command(&["config", "get", "audio.volume"]).stdout(closed).status().unwrap();
    assert_eq!(status.code(), Some(0), "a reader that has read enough");
}

#[test]
fn files_that_are_no_recordings_are_refused_by_name() {
    let home = Home::new();
    let missing = home.path("missing.wav");
    let not_wav = home.path("words.wav");
    std::fs::write(&not_wav, "these are words, not sound").unwrap();
    let empty = home.path("empty.wav");
    std::fs::write(&empty, "").unwrap();
    for path in [&missing, &not_wav, &empty] {
        for command in ["transcribe", "wake"] {
            let (_, message, _) = home.refusal(&[command, text_of(path)]);
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(message.contains(name), "{command}: {message:?} does not name {name}");
        }
    }
}

#[test]
fn a_bad_file_does_not_stop_the_good_ones() {
    let home = Home::new();
    let silence = home.wav("silence.wav", 1, 16_000, 1.0);
    let (exit, objects) = home.json(&["transcribe", text_of(&home.path("missing.wav")), &silence]);
    assert_eq!(exit, 1);
    let good = objects.iter().find(|object| object["file"] == silence.as_str()).expect("the good file's result");
    assert_eq!(good["text"], "");
}

#[test]
fn ten_minutes_of_faint_noise_have_no_words() {
    let home = Home::new();
    let path = home.path("noise.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    let mut state = 1u32;
    for _ in 0..600 * 16_000 {
        // The generator of Numerical Recipes; its upper bits are noise enough. At most 1 % of full scale.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        writer.write_sample((((state >> 16) as i32 - 32_768) / 100) as i16).unwrap();
    }
    writer.finalize().unwrap();
    let (exit, objects) = home.json(&["transcribe", text_of(&path)]);
    assert_eq!((exit, objects[0]["text"].as_str()), (0, Some("")), "{objects:?}");
}

#[test]
fn eight_channels_at_96_khz_are_read() {
    let home = Home::new();
    let path = home.wav("surround.wav", 8, 96_000, 1.5);
    for command in ["transcribe", "wake"] {
        let (exit, objects) = home.json(&[command, &path]);
        assert_eq!(exit, 0, "{command}: {objects:?}");
        assert!((objects[0]["seconds"].as_f64().unwrap() - 1.5).abs() < 0.1, "{command}: {objects:?}");
    }
}

#[test]
fn a_question_is_answered_by_a_skill() {
    let home = Home::new();
    let (exit, objects) = home.json(&["ask", "what is 17 times 23"]);
    assert_eq!(exit, 0);
    assert_eq!(objects[0]["intent"], "calc.evaluate");
    assert_eq!(objects[0]["route"], "pattern");
    assert!(objects[0]["reply"].as_str().unwrap().contains("391"), "{objects:?}");
}

#[test]
fn what_is_generated_has_the_form_that_is_asked_for() {
    let home = Home::new();
    let schema = home.path("schema.json");
    let color = r#"{"type": "object", "properties": {"color": {"enum": ["red", "blue"]}, "why": {"type": "string"}}, "required": ["color", "why"]}"#;
    std::fs::write(&schema, color).unwrap();
    let question = ["generate", "--prompt", "Which color is the sky?", "--temperature", "1.5", "--max-tokens", "40"];
    let (exit, objects) = home.json(&[&question[..], &["--json-schema", text_of(&schema)]].concat());
    assert_eq!(exit, 0, "{objects:?}");
    let answer: Value = serde_json::from_str(objects[0]["text"].as_str().unwrap()).unwrap();
    assert!(["red", "blue"].contains(&answer["color"].as_str().unwrap()) && answer["why"].is_string(), "{answer}");
    let (exit, objects) = home.json(&[&question[..], &["--regex", "It is (red|blue)\\."]].concat());
    assert_eq!(exit, 0, "{objects:?}");
    assert!(["It is red.", "It is blue."].contains(&objects[0]["text"].as_str().unwrap()), "{objects:?}");

    std::fs::write(&schema, r#"{"type": "object", "patternProperties": {}}"#).unwrap();
    let (code, message, _) = home.refusal(&[&question[..], &["--json-schema", text_of(&schema)]].concat());
    assert!(code == "llm.bad_constraint" && message.contains("patternProperties"), "{message}");
    let (code, ..) = home.refusal(&[&question[..], &["--json-schema", "no-such-file"]].concat());
    assert_eq!(code, "generate.unreadable_schema");
}

#[test]
fn a_voice_that_is_asked_for_is_kept_without_a_running_jarvis_too() {
    let home = Home::new();
    let effect = || home.json(&["config", "get", "voice.effect"]).1[0]["value"].clone();
    assert_eq!(home.json(&["ask", "--dry-run", "use the robot voice"]).0, 0);
    assert_eq!(effect(), "normal", "a dry run does nothing");
    let (exit, objects) = home.json(&["ask", "use the robot voice"]);
    assert_eq!((exit, &objects[0]["intent"]), (0, &"voice.set".into()));
    assert_eq!(effect(), "robot");
    // Nothing could have woken what does not run.
    assert_eq!(home.refusal(&["ask", "that wasn't me"]).0, "control.not_running");
}

#[test]
fn speech_is_understood_again() {
    let home = Home::new();
    let path = home.path("spoken.wav");
    let (exit, _) = home.json(&["say", "The weather is nice today.", "--out", text_of(&path)]);
    assert_eq!(exit, 0);
    let (exit, objects) = home.json(&["transcribe", text_of(&path)]);
    assert_eq!(exit, 0);
    let heard = objects[0]["text"].as_str().unwrap().to_lowercase();
    assert!(heard.contains("weather is nice today"), "{heard:?}");

    // Through a pipe, where the header can't know the length.
    let piped = home.command(&["say", "The weather is nice today.", "--out", "-"]).output().unwrap();
    assert!(piped.status.success(), "{}", String::from_utf8_lossy(&piped.stderr));
    std::fs::write(&path, piped.stdout).unwrap();
    let (exit, objects) = home.json(&["transcribe", text_of(&path)]);
    assert_eq!(exit, 0, "{objects:?}");
    let heard = objects[0]["text"].as_str().unwrap().to_lowercase();
    assert!(heard.contains("weather is nice today"), "{heard:?}");
    assert_eq!(home.refusal(&["say", "hello", "--out", "-"]).0, "say.two_outputs");
}

#[test]
fn what_is_said_once_leaves_nothing_on_disk_and_is_as_fast_as_asked_for() {
    let home = Home::new();
    let path = home.path("spoken.wav");
    let say = |more: &[&str]| {
        let (exit, objects) = home.json(&[&["say", "Good morning.", "--out", text_of(&path)], more].concat());
        assert_eq!(exit, 0, "{objects:?}");
        (objects[0]["cache"].as_str().unwrap().to_owned(), objects[0]["seconds"].as_f64().unwrap())
    };
    let (_, usual) = say(&[]);
    let (cache, _) = say(&[]);
    assert_eq!(cache, "miss");
    let (cache, fast) = say(&["--rate", "2"]);
    assert!(cache == "miss" && fast < usual * 0.9, "{cache} {fast} {usual}");
    let (_, message, _) = home.refusal(&["say", "Good morning.", "--rate", "9", "--out", text_of(&path)]);
    assert!(message.contains("--rate"), "{message}");
    assert!(!home.path("cache/phrases").exists());
}

#[test]
fn a_text_of_any_length_is_spoken_and_what_is_broken_off_is_a_whole_file() {
    let home = Home::new();
    let path = home.path("long.wav");
    let mut saying = home
        .command(&["--json", "say", "--out", text_of(&path)])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // A text that has not ended yet is spoken already.
    let mut text = saying.stdin.take().unwrap();
    text.write_all(b"The first sentence. The second sentence. The third one ").unwrap();
    let limit = Instant::now() + Duration::from_secs(120);
    while hound::WavReader::open(&path).map_or(0, |file| file.duration()) == 0 {
        assert!(Instant::now() < limit, "nothing was written");
        std::thread::sleep(Duration::from_millis(20));
    }
    // SAFETY: a signal to a child of ours that was not waited for yet.
    assert_eq!(unsafe { libc::kill(saying.id() as i32, libc::SIGINT) }, 0);
    let output = saying.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(error["error"]["message"].as_str().unwrap().contains("holds the first"), "{error}");
    let mut file = hound::WavReader::open(&path).unwrap();
    let (told, there) = (file.duration(), file.samples::<i16>().map(Result::unwrap).count());
    assert_eq!((told as usize, std::fs::metadata(&path).unwrap().len() as usize), (there, 44 + 2 * there));
    drop(text);
}

#[test]
fn any_piper_voice_can_be_added_and_what_is_none_is_refused() {
    let home = Home::new();
    // A store of its own with the runtime of the installed models in it.
    let (_, models) = home.json(&["models", "list"]);
    let folder = |id: &str| PathBuf::from(models.iter().find(|m| m["id"] == id).unwrap()["path"].as_str().unwrap());
    std::fs::create_dir_all(home.path("data/models")).unwrap();
    std::os::unix::fs::symlink(folder("onnxruntime"), home.path("data/models/onnxruntime")).unwrap();
    let voice = folder("piper-en_US-joe-medium");
    for (from, to) in [("voice.onnx", "mine.onnx"), ("voice.json", "mine.onnx.json"), ("voice.json", "half.onnx.json")]
    {
        std::fs::copy(voice.join(from), home.path(to)).expect("run `make models`");
    }
    let whole = std::fs::read(home.path("mine.onnx")).unwrap();
    std::fs::write(home.path("half.onnx"), &whole[..whole.len() / 2]).unwrap();
    let run = |arguments: &[&str]| {
        let output =
            home.command(&[&["--json"], arguments].concat()).env("JARVIS_DATA_DIR", home.path("data")).output();
        let output = output.unwrap();
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    for (id, file) in [("half", "half.onnx"), ("none", "none.onnx"), ("Loud!", "mine.onnx")] {
        let (exit, answer) = run(&["models", "add-voice", id, text_of(&home.path(file))]);
        assert!(exit == Some(1) && answer["error"]["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{answer}");
    }
    assert!(!home.path("data/models/half").exists());
    let (exit, answer) = run(&["models", "add-voice", "mine", text_of(&home.path("mine.onnx"))]);
    assert_eq!((exit, &answer["kind"]), (Some(0), &Value::from("voice")), "{answer}");
    let (exit, answer) = run(&["models", "add-voice", "mine", text_of(&home.path("mine.onnx"))]);
    assert_eq!((exit, &answer["error"]["code"]), (Some(1), &Value::from("models.name_taken")), "{answer}");
    let (exit, _) = run(&["models", "add-voice", "mine", text_of(&home.path("mine.onnx")), "--replace"]);
    assert_eq!(exit, Some(0));
    let endless = std::fs::read_to_string(home.path("mine.onnx.json")).unwrap();
    let endless = endless.replacen("\"length_scale\": 1", "\"length_scale\": 1000", 1);
    std::fs::write(home.path("endless.json"), endless).unwrap();
    let config = home.path("endless.json");
    let (exit, answer) =
        run(&["models", "add-voice", "endless", text_of(&home.path("mine.onnx")), "--config", text_of(&config)]);
    assert!(exit == Some(1) && answer["error"]["message"].as_str().unwrap().contains("length_scale"), "{answer}");
    let spoken = home.path("spoken.wav");
    let (exit, answer) = run(&["say", "It works.", "--voice", "mine", "--out", text_of(&spoken)]);
    assert!(exit == Some(0) && answer["seconds"].as_f64().unwrap() > 0.4, "{answer}");
}

#[test]
fn settings_are_refused_by_name_and_range_and_change_nothing() {
    let home = Home::new();
    let (_, message, _) = home.refusal(&["config", "set", "wake.sensitivity", "7"]);
    assert!(message.contains("wake.sensitivity") && message.contains('1'), "{message:?}");
    let (_, message, _) = home.refusal(&["config", "set", "wake.loudness", "1"]);
    assert!(message.contains("wake.loudness"), "{message:?}");
    for (path, wrong, remedy) in [
        ("hotkey.keys", "Ctrl+Shift+Banana", "Ctrl+Shift+Space"),
        ("recognition.model", "whisper-enormous", "whisper-tiny.en"),
        ("wake.model", "whisper-tiny.en", "wake-hey-jarvis"),
        ("hotkey.keys", "A", "Ctrl+Shift+Space"),
        ("voice.effect", "squirrel", "robot"),
    ] {
        let (_, message, hint) = home.refusal(&["config", "set", path, wrong]);
        assert!(message.contains(path) && message.contains(wrong), "{message:?}");
        assert!(message.contains(remedy) || hint.contains(remedy), "{path}: {message:?} {hint:?}");
    }
    let (exit, objects) = home.json(&["config", "get", "wake.sensitivity"]);
    assert_eq!((exit, objects[0]["value"].as_f64()), (0, Some(0.5)));
}

#[test]
fn a_bad_setting_hides_no_other_and_its_reset_mends_it() {
    let home = Home::new();
    std::fs::create_dir_all(home.path("config")).unwrap();
    let file = home.path("config").join("config.json");
    std::fs::write(&file, r#"{"audio": {"volume": 7, "input_device": "Desk"}, "voice": 5}"#).unwrap();
    let (exit, objects) = home.json(&["config", "get", "audio.input_device"]);
    assert_eq!((exit, objects[0]["value"].as_str()), (0, Some("Desk")), "{objects:?}");
    for (path, code) in [("audio.volume", "config.bad_value"), ("voice.rate", "config.broken_file")] {
        assert_eq!(home.refusal(&["config", "get", path]).0, code);
    }
    let (exit, objects) = home.json(&["config", "get"]);
    let paths: Vec<&str> = objects.iter().filter_map(|object| object["path"].as_str()).collect();
    assert_eq!(exit, 1);
    assert!(paths.contains(&"audio.input_device") && paths.contains(&"mind.model"), "{paths:?}");
    assert!(!paths.contains(&"audio.volume") && !paths.contains(&"voice.rate"), "{paths:?}");
    for path in ["audio.volume", "voice.rate"] {
        let (exit, objects) = home.json(&["config", "reset", path]);
        assert_eq!((exit, objects[0]["was_bad"].as_bool()), (0, Some(true)), "{objects:?}");
    }
    assert_eq!(home.json(&["config", "get"]).0, 0);
    let (_, objects) = home.json(&["config", "reset", "audio"]);
    assert_eq!(objects[0]["was_bad"].as_bool(), Some(false), "{objects:?}");
}

#[test]
fn words_go_in_the_clear_to_nobody_outside() {
    let home = Home::new();
    for address in ["http://8.8.8.8", "http://api.example/v1"] {
        let (code, message, hint) = home.refusal(&["config", "set", "remote.address", address]);
        assert_eq!(code, "remote.in_the_clear");
        assert!(message.contains("remote.address") && hint.contains("https://"), "{message} {hint}");
    }
    assert!(!home.path("config").join("config.json").exists(), "nothing has changed");
}

#[test]
#[cfg(target_os = "linux")]
fn a_keyring_that_can_not_be_used_is_told_with_what_to_do() {
    let home = Home::new();
    let mut command = home.command(&["--json", "remote", "set-key", "http://127.0.0.1:9"]);
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere").stdin(std::process::Stdio::piped());
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"sk-no-key-of-anybody\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["error"]["code"], "remote.keyring");
    assert!(told["error"]["hint"].as_str().unwrap().contains("remote.key_variable"), "{told}");
}

#[test]
fn a_language_that_the_recognition_model_does_not_know_is_refused() {
    let home = Home::new();
    for language in ["de", "xx"] {
        let (code, message, hint) = home.refusal(&["config", "set", "recognition.languages", language]);
        assert_eq!(code, "stt.language");
        assert!(message.contains(language) && hint.contains("whisper-base"), "{message:?} {hint:?}");
    }
    assert_eq!(home.json(&["config", "set", "recognition.languages", "en"]).0, 0);
    let output = home.command(&["--json", "doctor"]).env("JARVIS_RECOGNITION_LANGUAGES", "de").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let checks: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let recognition = checks.iter().find(|check| check["check"] == "recognition").unwrap();
    assert_eq!(recognition["status"], "warn", "{recognition}");
}

#[test]
fn a_model_for_something_else_is_refused_by_what_it_is() {
    let home = Home::new();
    let silence = home.wav("silence.wav", 1, 16_000, 0.5);
    let out = home.path("x.wav");
    for (arguments, said) in [
        (
            &["say", "hello", "--voice", "whisper-tiny.en", "--out", text_of(&out)][..],
            "not a voice, it is a recognition model",
        ),
        (&["wake", "--model", "whisper-tiny.en", &silence], "not a wake model, it is a recognition model"),
        (&["transcribe", "--model", "silero-vad", &silence], "not a recognition model, it is an activity model"),
    ] {
        let (_, message, _) = home.refusal(arguments);
        assert!(message.contains(said), "{arguments:?}: {message:?}");
    }
    for voice in ["", "../../x", ".."] {
        let (code, _, hint) = home.refusal(&["say", "hello", "--voice", voice, "--out", text_of(&out)]);
        assert_eq!(
            (code.as_str(), hint.contains("piper-en_US-joe-medium")),
            ("models.unknown", true),
            "{voice:?}: {hint:?}"
        );
    }
}

/// The library that runs the models writes a device's number there when its telemetry is on, before it looks for its server.
#[test]
fn nothing_is_prepared_to_be_sent() {
    let home = Home::new();
    let sound = home.wav("silence.wav", 1, 16_000, 1.0);
    let caches = home.path("caches");
    let mut command = home.command(&["wake", &sound]);
    // As from a user's shell; the tests' own environment has it off.
    let output = command.env("XDG_CACHE_HOME", &caches).env_remove("ORT_DISABLE_TELEMETRY").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!caches.join("Microsoft").exists(), "telemetry is on");
}

#[test]
fn a_bad_value_from_the_environment_says_where_it_came_from() {
    let home = Home::new();
    let output = home.command(&["--json", "config", "get"]).env("JARVIS_CACHE_SIZE", "many").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    // Behind those that are good.
    let last = String::from_utf8(output.stdout).unwrap().lines().last().unwrap().to_owned();
    let error: Value = serde_json::from_str(&last).unwrap();
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.contains("JARVIS_CACHE_SIZE"), "{message:?}");
}

#[test]
fn unknown_models_voices_and_numbers_out_of_range_are_refused() {
    let home = Home::new();
    let silence = home.wav("silence.wav", 1, 16_000, 0.5);
    for arguments in [
        &["transcribe", "--model", "no-such-model", &silence][..],
        &["say", "hello", "--voice", "no-such-voice", "--out", text_of(&home.path("x.wav"))],
        &["say", "hello", "--effect", "no-such-effect", "--out", text_of(&home.path("x.wav"))],
        &["generate", "--prompt", "hello", "--model", "no-such-model"],
        &["generate", "--prompt", "hello", "--temperature", "9"],
        &["generate", "--prompt", "hello", "--max-tokens", "0"],
        &["models", "pull", "no-such-model"],
        &["models", "remove", "no-such-model"],
        &["ask", "   "],
    ] {
        home.refusal(arguments);
    }
    assert!(!home.path("x.wav").exists(), "a refused request left a file");
}

#[test]
fn a_missing_model_names_the_command_that_installs_it() {
    let home = Home::new();
    let silence = home.wav("silence.wav", 1, 16_000, 0.5);
    let output = home
        .command(&["--json", "transcribe", &silence])
        .env("JARVIS_DATA_DIR", home.path("no-data"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(error["error"]["hint"].as_str().unwrap().contains("jarvis models pull"), "{error}");
}

#[test]
fn the_doctor_fails_when_something_does_and_says_what_mends_it() {
    let home = Home::new();
    let output = home.command(&["--json", "doctor"]).env("JARVIS_DATA_DIR", home.path("no-data")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let models = lines.iter().find(|line| line["check"] == "models").expect("a line on the models");
    assert_eq!(models["status"], "fail");
    assert!(models["remedy"].as_str().is_some_and(|remedy| remedy.contains("jarvis models pull")), "{models}");
    assert_eq!(lines.last().expect("an error")["error"]["code"], "doctor.failed");
}

/// Of Linux alone: no other system tells how much memory is free.
#[cfg(target_os = "linux")]
#[test]
fn a_language_model_that_has_no_room_gives_way_to_one_that_has() {
    use std::io::Write;
    let home = Home::new();
    let path = home.path("huge.gguf");
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(b"GGUF").unwrap();
    // More than any memory; a file that is empty takes no room on the disk.
    file.set_len(1 << 40).unwrap();
    let model = path.to_str().unwrap();
    assert_eq!(home.json(&["config", "set", "mind.model", model]).0, 0);

    let (_, checks) = home.json(&["doctor"]);
    let memory = checks.iter().find(|line| line["check"] == "memory").expect("a line on memory");
    let detail = memory["detail"].as_str().unwrap();
    assert_eq!(memory["status"], "warn");
    assert!(detail.contains(model) && detail.ends_with("smollm2-135m-instruct is used instead."), "{detail}");

    let (exit, answers) = home.json(&["ask", "tell me about the sea"]);
    assert!(exit == 0 && !answers[0]["reply"].as_str().unwrap_or_default().is_empty(), "{answers:?}");
}

#[test]
fn the_control_commands_say_when_nothing_runs() {
    let home = Home::new();
    for command in ["toggle", "start", "stop", "cancel", "mute", "unmute", "status", "quit"] {
        let (_, _, hint) = home.refusal(&[command]);
        assert!(hint.contains("jarvis run"), "{hint:?}");
    }
}
