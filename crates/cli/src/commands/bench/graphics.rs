//! The language model on a graphics processor, beside our own kernels on the processor in the same run. No rows where there
//! is none.

use super::llm::options;
use super::{Better, Rows};
use jarvis_llm::bench::{self, Ours};
use jarvis_llm::{Compute, LoadOptions};
use std::path::Path;

/// Tokens of the prompt and, after it, of the answer.
const SIZES: (usize, usize) = (512, 32);

/// Rows of each of `files`, with its name; of the first also whether it scores `tokens` as on the processor.
pub(super) fn rows(files: &[(&Path, &str)], tokens: &[u32], rounds: usize, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    for (index, (file, weights)) in files.iter().enumerate() {
        let options = options(SIZES.0 + SIZES.1);
        let there = Ours::load(file, &LoadOptions { compute: Compute::Graphics, ..options.clone() }, false);
        let mut there = match there {
            Err(error) if error.code == "llm.gpu" => {
                eprintln!("jarvis: no rows of a graphics processor. {}", error.message);
                return Ok(());
            }
            there => there?,
        };
        let mut here = Ours::load(file, &options, false)?;
        let vocabulary = here.vocabulary();
        let speeds = bench::speeds(&mut [&mut there, &mut here], vocabulary, SIZES, rounds)?;
        let (device, length) = (there.computes_with(), SIZES.0);
        let first = |speed: f64| length as f64 / speed * 1e3;
        let mut add = |what: &str, value: f64, unit, better, baseline| {
            rows.add(("llm", format!("{weights} on {device}: {what}")), (value, unit, better), (None, baseline));
        };
        add(
            &format!("reading a prompt of {length}"),
            speeds[0].reading,
            "tok/s",
            Better::More,
            Some(speeds[1].reading),
        );
        add(
            &format!("first token after {length}"),
            first(speeds[0].reading),
            "ms",
            Better::Less,
            Some(first(speeds[1].reading)),
        );
        add(
            &format!("generating after {length}"),
            speeds[0].generating,
            "tok/s",
            Better::More,
            Some(speeds[1].generating),
        );
        if index == 0 {
            let found = bench::agreement(&mut there, &mut here, tokens)?;
            add("same best token as the processor", found.same_top * 100.0, "%", Better::More, None);
        }
    }
    Ok(())
}
