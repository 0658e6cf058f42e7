//! Taking a picture of the screen: ours beside `xcap`, in turns, of the same monitor.

use super::super::{Better, Rows, median, ms};
use jarvis_core::ScreenTarget;
use jarvis_vision::capture;
use std::time::Instant;

/// The most that a picture may take.
const MOST_MS: f64 = 10.0;
/// Pictures a run; the first of all makes the memory.
const PICTURES: usize = 10;

/// Measures a picture of the monitor under the pointer. Without a screen there is no row; without `xcap` in this build no
/// baseline.
pub(super) fn capture(runs: usize, rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let mut ours = match capture::open() {
        Ok(ours) => ours,
        Err(error) => {
            eprintln!("jarvis: no picture of the screen is measured. {} {}", error.message, error.hint);
            return Ok(());
        }
    };
    let mut theirs = capture::through_xcap().ok();
    let target = ScreenTarget::PointerMonitor;
    let region = ours.capture(&target)?.region;
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    for _ in 0..runs * PICTURES {
        let start = Instant::now();
        ours.capture(&target)?;
        our_times.push(ms(start));
        if let Some(capture) = &mut theirs {
            let start = Instant::now();
            match capture.capture(&target) {
                Ok(_) => their_times.push(ms(start)),
                Err(_) => theirs = None,
            }
        }
    }
    let baseline = (!their_times.is_empty()).then(|| median(&mut their_times));
    let name = format!("capture {}x{}, baseline xcap", region.width, region.height);
    rows.add(("vision", name), (median(&mut our_times), "ms", Better::Less), (Some(MOST_MS), baseline));
    Ok(())
}
