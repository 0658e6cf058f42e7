//! Learns what tells a question about the user's own screen and life from one about the world, for one model:
//! `cargo run --release -p jarvis-llm --example learn_of_user FILE SYSTEM > crates/llm/src/of_user/NAME.txt`, with the standing
//! instructions of the assistant as SYSTEM.

use jarvis_core::{Message, Role};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (file, system) = args.next().zip(args.next()).ok_or("which model file, and which standing instructions?")?;
    let mut model = jarvis_llm::GgufModel::load(file.as_ref(), &jarvis_llm::LoadOptions::default())?;
    print!("{}", model.learn_of_user(&[Message::new(Role::System, system)])?);
    Ok(())
}
