//! Learns where one model looks for the answer to a question about a page:
//! `cargo run --release -p jarvis-llm --example learn_pointer FILE SYSTEM EXAMPLES > crates/llm/src/pointer/NAME.txt`, with the
//! standing instructions of the assistant as SYSTEM, and as EXAMPLES what
//! `JARVIS_WRITE_EXAMPLES=EXAMPLES cargo test --release --workspace --lib examples_of_pointing` writes.

use jarvis_core::{Message, Role};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, system, examples] = &args[..] else { return Err("FILE SYSTEM EXAMPLES".into()) };
    let mut model = jarvis_llm::GgufModel::load(file.as_ref(), &jarvis_llm::LoadOptions::default())?;
    let beginning = [Message::new(Role::System, system.as_str())];
    let (pointer, right, answered) = model.learn_pointer(&beginning, &std::fs::read_to_string(examples)?)?;
    print!("{pointer}");
    eprintln!(
        "on pages that it was not learned from, {right} of {answered} questions that have an answer are pointed at it"
    );
    Ok(())
}
