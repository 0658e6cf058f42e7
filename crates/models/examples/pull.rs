//! Installs models into a folder: `cargo run --release -p jarvis-models --example pull -- DIR [ID..]`.
use jarvis_models::{Catalog, Model, Progress, Stage, Store};

struct Lines;

impl Progress for Lines {
    fn started(&mut self, model: &Model) {
        println!("{} ({})", model.id, model.licence);
    }
    fn stage(&mut self, _: &str, stage: Stage) {
        println!("  {stage:?}");
    }
    fn advanced(&mut self, _: &str, _: u64, _: u64) {}
    fn fell_back(&mut self, _: &str, why: &str) {
        println!("  {why}");
    }
    fn finished(&mut self, _: &str) {}
}

fn main() -> jarvis_core::Result<()> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().expect("usage: pull DIR [ID..]");
    let ids: Vec<String> = args.collect();
    let start = std::time::Instant::now();
    let all = Store::new(folder).pull(&Catalog::builtin(), &ids, &mut Lines, &jarvis_core::Cancel::new())?;
    for model in all {
        println!("{} {:?} {} {}", model.id, model.state, model.bytes, model.path.display());
    }
    println!("{:?}", start.elapsed());
    Ok(())
}
