//! Prints what the microphone does, to try devices out: `cargo run -p jarvis-audio --example listen -- [SECONDS] [DEVICE]`.

use jarvis_audio::{Capture, CaptureOptions, Captured, input_devices};
use std::time::{Duration, Instant};

fn main() -> jarvis_core::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(10);
    let device = arguments.next().unwrap_or_default();
    let start = Instant::now();
    for device in input_devices()? {
        println!("{}{} ({})", if device.is_default { "* " } else { "  " }, device.name, device.id);
    }
    let opening = Instant::now();
    let mut capture = Capture::open(CaptureOptions { device })?;
    let (mut frames, mut next, mut loudest) = (0, 0, 0.0f32);
    let mut reported = Instant::now();
    while start.elapsed() < Duration::from_secs(seconds) {
        match capture.next(Duration::from_millis(200)) {
            Captured::Frame(frame) => {
                if frame.index != next {
                    println!("{:8.3} gap of {} frames", start.elapsed().as_secs_f32(), frame.index - next);
                }
                next = frame.index + 1;
                if frame.index == 0 {
                    println!("the first 32 ms came {:.3} s after opening", opening.elapsed().as_secs_f32());
                }
                frames += 1;
                loudest = loudest.max(frame.rms());
            }
            Captured::Idle => {}
            other => println!("{:8.3} {other:?}", start.elapsed().as_secs_f32()),
        }
        if reported.elapsed() >= Duration::from_secs(1) {
            let device = capture.device().unwrap_or("nothing");
            println!("{:8.3} {frames} frames from {device}, rms {loudest:.4}", start.elapsed().as_secs_f32());
            (frames, loudest, reported) = (0, 0.0, Instant::now());
        }
    }
    Ok(())
}
