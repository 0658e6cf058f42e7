//! One model at a time. A baseline is what else runs the same file here, measured in the same run, or there is none.

use super::{Better, Rows, median, ms};
use jarvis_core::{AudioFrame, Cancel, FRAME_SAMPLES, GenerateOptions, Message, Prompt, Role};
use jarvis_engine::load::Parts;
use jarvis_models::Store;
use jarvis_settings::{Paths, Settings};
use std::time::Instant;

/// Wake word and voice activity over a minute of quiet noise, as they run all day.
pub(super) fn wake(parts: &dyn Parts, settings: &Settings, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let mut wake = parts.wake_word(settings)?;
    let mut activity = parts.activity(settings)?;
    let frames = 60 * 1000 / 32;
    let mut state = 1u32;
    let (mut of_wake, mut of_activity) = (0.0, 0.0);
    for index in 0..frames {
        let mut frame = AudioFrame::silence(index);
        for sample in &mut frame.samples[..FRAME_SAMPLES] {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample = (state as f32 / u32::MAX as f32 - 0.5) * 0.002;
        }
        let start = Instant::now();
        wake.process(&frame)?;
        of_wake += ms(start);
        let start = Instant::now();
        activity.process(&frame)?;
        of_activity += ms(start);
    }
    let share = |total: f64| total / (frames as f64 * 32.0) * 100.0;
    rows.add(("wake", "wake word, share of a core"), (share(of_wake), "%", Better::Less), (None, None));
    rows.add(("wake", "voice activity, share of a core"), (share(of_activity), "%", Better::Less), (None, None));
    rows.add(("wake", "both, share of a core"), (share(of_wake + of_activity), "%", Better::Less), (Some(3.0), None));
    Ok(())
}

/// Synthesis of a first clause and of a sentence.
pub(super) fn tts(parts: &dyn Parts, settings: &Settings, runs: usize, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let mut voice = parts.voice(settings)?;
    voice.warm_up()?;
    for (what, text, target) in [
        ("first clause", "It is ten past four.", Some(100.0)),
        ("sentence", "The sky is blue because the air scatters short waves of light more than long ones.", None),
    ] {
        let (mut took, mut seconds) = (vec![], 0.0);
        for _ in 0..runs {
            let start = Instant::now();
            let audio = voice.synthesize(text, &Cancel::new())?;
            took.push(ms(start));
            seconds = audio.seconds();
        }
        rows.add(
            ("tts", format!("{what} ({seconds:.1} s of sound)")),
            (median(&mut took), "ms", Better::Less),
            (target, None),
        );
    }
    Ok(())
}

/// A question to the language model, with what it keeps between turns and without.
pub(super) fn llm(
    parts: &dyn Parts,
    settings: &Settings,
    paths: &Paths,
    runs: usize,
    rows: &mut Rows<'_>,
) -> anyhow::Result<()> {
    let mut model = parts.language_model(settings)?;
    let system = Message::new(Role::System, jarvis_assistant::conversation::SYSTEM_PROMPT);
    model.warm_up(std::slice::from_ref(&system))?;
    let options = GenerateOptions { max_tokens: 1, temperature: 0.0, ..GenerateOptions::default() };
    let mut first = vec![];
    for run in 0..runs {
        let question = format!("Give me {} reasons to learn how to sail.", run + 2);
        let prompt = Prompt::Chat(vec![system.clone(), Message::new(Role::User, question)]);
        first.push(model.generate(&prompt, &options, &Cancel::new(), &mut |_| {})?.timings_ms.first_token);
    }
    rows.add(("llm", "first token of a short question"), (median(&mut first), "ms", Better::Less), (Some(300.0), None));
    drop(model);

    let file = Store::new(paths.models_dir()).folder(&settings.mind.model)?.join("model.gguf");
    let options = jarvis_llm::BenchOptions { rounds: runs.clamp(1, 3), ..Default::default() };
    for row in jarvis_llm::bench(&file, &options)? {
        let better = if row.unit == "tokens/s" { Better::More } else { Better::Less };
        rows.add(("llm", row.metric), (row.value, row.unit, better), (row.target, row.baseline));
    }
    Ok(())
}
