//! The voice: how soon it is heard, whether it is ever late again, and what the kept phrases bring. The piper-tts package
//! speaks the same words with the same voice in the same run, where it is installed.

use super::baseline::Baseline;
use super::{Better, Rows, median, ms, p95};
use jarvis_assistant::{ClauseSplitter, phrases};
use jarvis_core::{Cancel, TextToSpeech};
use jarvis_engine::load::{Installed, Parts};
use jarvis_models::Store;
use jarvis_settings::{Paths, Settings};
use serde::Deserialize;
use serde_json::json;
use std::time::Instant;

/// An answer of half a minute, as a language model might give it.
const ANSWER: &str = "A lighthouse, as most people know it, is a tower with a strong light at its top, which shows ships \
    the way at night. The first ones were just fires on hills. Later they were built of stone, because wood burns easily \
    and the sea takes what is not heavy. Around 280 BC one of the largest was built in Alexandria: it was more than 100 \
    meters high, and its light could be seen from 50 km away. Today most of them work by themselves. Nobody lives in them \
    any more, but many are still there, and some can be visited.";

/// What Jarvis says on an ordinary day, in order.
const DAY: &[&str] = &[
    "Good morning.",
    "It's 7:12 AM.",
    "It's Saturday, November 21.",
    "Timer set for five minutes.",
    "Your five minute timer is up.",
    "You're welcome.",
    "It's 7:48 AM.",
    "I can't tell the weather yet.",
    "Timer set for 10 minutes.",
    "12 times 14 is 168.",
    "Your 10 minute timer is up.",
    "It's 9:30 AM.",
    "You're welcome.",
    "Paris is the capital of France.",
    "Five miles are about 8.05 kilometers.",
    "It's 11:58 AM.",
    "Good afternoon.",
    "Timer set for 10 minutes.",
    "There is one timer: four minutes are left.",
    "Your 10 minute timer is up.",
    "You're welcome.",
    "I'm well, thank you. What can I do for you?",
    "It's 3:05 PM.",
    "Water boils at 100 °C at sea level.",
    "20% of 85 is 17.",
    "Timer set for five minutes.",
    "I cancelled the five minute timer.",
    "You're welcome.",
    "It's 6:20 PM.",
    "Good evening.",
    "Timer set for 30 minutes.",
    "Your 30 minute timer is up.",
    "You're welcome.",
    "It's 10:41 PM.",
    "Good night.",
];

/// What piper-tts answers.
#[derive(Deserialize)]
struct Answer {
    first_ms: f64,
    total_ms: f64,
    load_ms: f64,
}

/// When the pieces of something spoken came, and how long they are.
struct Heard {
    /// Milliseconds from the request, and of sound.
    pieces: Vec<(f64, f64)>,
    total_ms: f64,
    kept: bool,
}

impl Heard {
    fn first_ms(&self) -> f64 {
        self.pieces.first().map_or(f64::NAN, |piece| piece.0)
    }

    fn sound_ms(&self) -> f64 {
        self.pieces.iter().map(|piece| piece.1).sum()
    }

    /// Milliseconds in which a listener would hear nothing between the first sound and the last, and the least sound that
    /// was ahead when a piece came.
    fn gaps_and_lead(&self) -> (f64, f64) {
        let (mut played_until, mut gaps, mut lead) = (self.first_ms(), 0.0, f64::INFINITY);
        for (index, (came, sound)) in self.pieces.iter().enumerate() {
            if index > 0 {
                gaps += (came - played_until).max(0.0);
                lead = f64::min(lead, played_until - came);
            }
            played_until = f64::max(played_until, *came) + sound;
        }
        (gaps, lead)
    }
}

/// Speaks `text` as an answer is spoken, clause by clause.
fn speak(voice: &mut dyn TextToSpeech, text: &str) -> anyhow::Result<Heard> {
    let mut splitter = ClauseSplitter::new();
    let mut clauses = splitter.push(text);
    clauses.extend(splitter.finish());
    hear(voice, &clauses)
}

fn hear(voice: &mut dyn TextToSpeech, clauses: &[String]) -> anyhow::Result<Heard> {
    let mut heard = Heard { pieces: vec![], total_ms: 0.0, kept: true };
    let start = Instant::now();
    for clause in clauses {
        let made = voice.stream(clause, &Cancel::new(), &mut |audio| {
            heard.pieces.push((ms(start), f64::from(audio.seconds()) * 1000.0));
        })?;
        heard.kept &= made.kept;
    }
    heard.total_ms = ms(start);
    Ok(heard)
}

/// Measures the installed voice. Phrases are kept in a folder of this run alone.
pub(super) fn tts(paths: &Paths, settings: &Settings, runs: usize, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let kept = tempfile::Builder::new().prefix("jarvis-bench-").tempdir()?;
    let parts = Installed::new(paths).with_phrases(kept.path().join("phrases"));
    let loading = Instant::now();
    let mut voice = parts.voice(settings)?;
    let load = ms(loading);
    voice.warm_up()?;

    let folder = Store::new(paths.models_dir()).folder(&settings.voice.model)?;
    let mut theirs = Baseline::start(paths, include_str!("tts.py"), &[folder.as_os_str()])?;
    let mut ask = |text: &str| theirs.as_mut().map(|theirs| theirs.ask::<Answer>(&json!({ "text": text }))).transpose();

    let clock = |run: usize| format!("It's {}:{:02} PM.", run % 12 + 1, (run * 7 + 11) % 60);
    let sentence = |run: usize| {
        format!("The sky is blue because air scatters {} times more of the short waves of light.", run + 2)
    };
    let texts: [(&str, &dyn Fn(usize) -> String); 2] = [("clause", &clock), ("sentence", &sentence)];
    let (mut computed, mut sounded, mut their_load) = (0.0, 0.0, None);
    for (what, text) in texts {
        let (mut first, mut total, mut sound) = (vec![], vec![], vec![]);
        let (mut their_first, mut their_total) = (vec![], vec![]);
        for run in 0..runs {
            let heard = speak(voice.as_mut(), &text(run))?;
            first.push(heard.first_ms());
            total.push(heard.total_ms);
            sound.push(heard.sound_ms());
            if let Some(answer) = ask(&text(run))? {
                their_first.push(answer.first_ms);
                their_total.push(answer.total_ms);
                their_load = Some(answer.load_ms);
            }
        }
        computed += total.iter().sum::<f64>();
        sounded += sound.iter().sum::<f64>();
        let length = median(&mut sound) / 1000.0;
        let theirs = |times: &mut Vec<f64>| (!times.is_empty()).then(|| median(times));
        rows.add(
            ("tts", format!("first sound of a fresh {what} of {length:.1} s")),
            (median(&mut first), "ms", Better::Less),
            (Some(100.0), theirs(&mut their_first)),
        );
        rows.add(("tts", format!("- 95th percentile ({what})")), (p95(&mut first), "ms", Better::Less), (None, None));
        rows.add(
            ("tts", format!("all of the {what}")),
            (median(&mut total), "ms", Better::Less),
            (None, theirs(&mut their_total)),
        );
    }
    rows.add(("tts", "times faster than real time"), (sounded / computed, "x", Better::More), (None, None));

    let heard = speak(voice.as_mut(), ANSWER)?;
    let (gaps, lead) = heard.gaps_and_lead();
    let what = format!("silence within an answer of {:.0} s", heard.sound_ms() / 1000.0);
    rows.add(("tts", what), (gaps, "ms", Better::Less), (Some(0.0), None));
    rows.add(("tts", "- least sound ahead when a piece came"), (lead, "ms", Better::More), (None, None));

    for phrase in phrases::fixed() {
        voice.prepare(&phrase, &Cancel::new())?;
    }
    // After a start, so that they come from the disk.
    let mut voice = parts.voice(settings)?;
    let mut first = Vec::new();
    for phrase in phrases::fixed() {
        let heard = hear(voice.as_mut(), &[phrase])?;
        anyhow::ensure!(heard.kept, "a phrase that was prepared was computed again");
        first.push(heard.first_ms());
    }
    rows.add(("tts", "first sound of a kept phrase"), (p95(&mut first), "ms", Better::Less), (Some(10.0), None));
    let mut hits = 0;
    for answer in DAY {
        hits += usize::from(speak(voice.as_mut(), answer)?.kept);
    }
    let share = hits as f64 / DAY.len() as f64 * 100.0;
    rows.add(("tts", "answers of a day that were kept"), (share, "%", Better::More), (None, None));
    rows.add(("tts", "load the voice"), (load, "ms", Better::Less), (None, their_load));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_counted_once_and_the_lead_is_what_is_left() {
        // 100 ms of sound, then a piece that is 50 ms late, then one that is 30 ms early.
        let pieces = vec![(20.0, 100.0), (170.0, 200.0), (340.0, 10.0)];
        let heard = Heard { pieces, total_ms: 340.0, kept: false };
        assert_eq!(heard.gaps_and_lead(), (50.0, -50.0));
        let heard = Heard { pieces: vec![(20.0, 100.0), (90.0, 50.0)], total_ms: 90.0, kept: false };
        assert_eq!(heard.gaps_and_lead(), (0.0, 30.0));
    }
}
