//! Plays cues and a tone in two clauses, to try devices out: `cargo run -p jarvis-audio --example play -- [SECONDS] [DEVICE]`.

use jarvis_audio::{Cue, Player, PlayerOptions, output_devices};
use jarvis_core::{SpeechAudio, TurnId};
use std::sync::mpsc;
use std::time::{Duration, Instant};

fn main() -> jarvis_core::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let seconds: f32 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(3.0);
    let device = arguments.next().unwrap_or_default();
    for device in output_devices()? {
        println!("{}{} ({})", if device.is_default { "* " } else { "  " }, device.name, device.id);
    }
    let start = Instant::now();
    let (events, inbox) = mpsc::channel();
    let player = Player::open(PlayerOptions { device, volume: 0.8, ..PlayerOptions::default() }, events)?;
    player.play_cue(Cue::Alarm);
    let turn = TurnId(1);
    player.begin(turn);
    for hertz in [330.0f32, 440.0] {
        let sample_rate = 22_050;
        let samples = (0..(seconds / 2.0 * sample_rate as f32) as usize)
            .map(|n| 0.3 * (std::f32::consts::TAU * hertz * n as f32 / sample_rate as f32).sin())
            .collect();
        player.append(turn, SpeechAudio { samples, sample_rate });
    }
    player.finish(turn);
    while let Ok(event) = inbox.recv_timeout(Duration::from_secs_f32(seconds + 5.0)) {
        println!("{:8.3} {event:?}", start.elapsed().as_secs_f32());
    }
    Ok(())
}
