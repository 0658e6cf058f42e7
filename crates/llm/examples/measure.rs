//! Measures a model file beside candle: `cargo run --release -p jarvis-llm --example measure FILE [--ours] [--plain]`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("which model file?")?;
    let flag = |name: &str| std::env::args().any(|arg| arg == name);
    let options = jarvis_llm::BenchOptions { baseline: !flag("--ours"), plain: flag("--plain"), ..Default::default() };
    for row in jarvis_llm::bench(file.as_ref(), &options)? {
        let ratio = row.baseline.map_or(String::new(), |b| format!("  candle {b:.1}  x{:.2}", row.value / b));
        println!("{:<20} {:>8.1} {}{ratio}", row.metric, row.value, row.unit);
    }
    Ok(())
}
