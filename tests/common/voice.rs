//! Speech for the microphone, and words from a recording.

use super::Desktop;
use jarvis_audio::wav;
use serde_json::Value;

/// Who speaks to Jarvis.
#[derive(Debug, Clone, Copy)]
pub enum Voice {
    /// Jarvis's own voice.
    Piper,
    /// A synthetic voice of another kind.
    Espeak,
}

impl Voice {
    /// `text` as 16 kHz samples, -1..=1.
    pub fn speak(self, desktop: &Desktop, text: &str) -> Vec<f32> {
        let name: String = text.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
        let path = desktop.folder().join(format!("{self:?}-{name}.wav"));
        if !path.exists() {
            let file = path.to_str().expect("an ordinary name");
            let mut command = match self {
                Self::Piper => desktop.jarvis(&["say", text, "--out", file]),
                Self::Espeak => {
                    let mut command = desktop.command("espeak-ng");
                    command.args(["-v", "en-us", "-s", "150", "-w", file, text]);
                    command
                }
            };
            let output = command.output().expect("the voice starts");
            assert!(output.status.success(), "{self:?} cannot speak: {}", String::from_utf8_lossy(&output.stderr));
        }
        wav::read(&path).expect("the voice wrote a WAV file")
    }
}

/// The words in a recording, in lower case, as `jarvis transcribe` understands them.
pub fn transcribe(desktop: &Desktop, samples: &[f32]) -> String {
    let path = desktop.folder().join("recording.wav");
    let mut writer = wav::Writer::create(&path, 16_000).expect("the desktop's folder takes files");
    writer.write(samples).and_then(|()| writer.finish()).expect("the recording is written");
    let output = desktop
        .jarvis(&["--json", "transcribe", path.to_str().expect("an ordinary name")])
        .output()
        .expect("jarvis starts");
    assert!(output.status.success(), "jarvis transcribe: {}", String::from_utf8_lossy(&output.stdout));
    let result: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    result["text"].as_str().expect("a text").to_lowercase()
}
