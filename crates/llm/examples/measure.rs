//! Measures a model file: `cargo run --release -p jarvis-llm --example measure FILE [--plain]`.

use jarvis_llm::LoadOptions;
use jarvis_llm::bench::{Ours, speeds};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("which model file?")?;
    let is_plain = std::env::args().any(|arg| arg == "--plain");
    let mut model = Ours::load(file.as_ref(), &LoadOptions::default(), is_plain)?;
    let vocabulary = model.vocabulary();
    for length in [128, 512, 1024] {
        let speed = speeds(&mut [&mut model], vocabulary, (length, 64), 3)?[0];
        println!("{length:>5}: reading {:>6.0}, generating {:>5.0} tokens/s", speed.reading, speed.generating);
    }
    Ok(())
}
