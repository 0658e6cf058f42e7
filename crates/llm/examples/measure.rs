//! Measures model files side by side, in turns: `cargo run --release -p jarvis-llm --example measure FILE.. [--plain]`.

use jarvis_llm::LoadOptions;
use jarvis_llm::bench::{Ours, Runner, speeds};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (flags, files): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let is_plain = flags.iter().any(|flag| flag == "--plain");
    let load = |file: &String| Ours::load(file.as_ref(), &LoadOptions::default(), is_plain);
    let mut models = files.iter().map(load).collect::<Result<Vec<_>, _>>()?;
    let vocabulary = models.first().ok_or("which model file?")?.vocabulary();
    for length in [128, 512, 1024] {
        let mut runners: Vec<&mut dyn Runner> = models.iter_mut().map(|model| model as &mut dyn Runner).collect();
        for (file, speed) in files.iter().zip(speeds(&mut runners, vocabulary, (length, 64), 3)?) {
            println!(
                "{length:>5}: reading {:>6.0}, generating {:>5.0} tokens/s, {file}",
                speed.reading, speed.generating
            );
        }
    }
    Ok(())
}
