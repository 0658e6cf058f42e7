//! Speech to the speaker, as it is made.
//!
//! Owns how far the voice may be ahead of what is heard.

use super::{Outcome, Speech};
use jarvis_audio::effects::Preset;
use jarvis_audio::{Player, PlayerEvent, PlayerOptions};
use jarvis_core::{Error, Result, TurnId};
use jarvis_settings::Audio;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How much longer than the sound itself the speaker may take to play it.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most sound that is made ahead of what is heard.
const AHEAD: Duration = Duration::from_secs(30);
/// The only thing that is played here.
const TURN: TurnId = TurnId(1);

/// Plays `speech`, changed by an effect of some strength, and waits for its end.
///
/// # Errors
/// As [`Speech::make`], or there is no speaker or it stops working.
pub(super) fn play(speech: &mut Speech<'_>, (effect, effect_amount): (Preset, f32), audio: &Audio) -> Result<Outcome> {
    let (sender, events) = mpsc::channel();
    let options = PlayerOptions { device: audio.output_device.clone(), volume: audio.volume, effect, effect_amount };
    let player = Player::open(options, sender)?;
    player.prepare();

    let start = Instant::now();
    player.begin(TURN);
    // The player's events come while clauses are still being made; a thread notes when.
    let (tell, told) = mpsc::channel();
    let stopped = tell.clone();
    std::thread::spawn(move || tell.send(watch(&events)));
    let _watch = speech.cancel.watch(move || drop(stopped.send(Err(Error::cancelled()))));

    let (mut begun, mut given) = (None, 0.0);
    let played = speech
        .make(|audio, _| {
            given += f64::from(audio.seconds());
            player.append(TURN, audio);
            let heard = begun.get_or_insert_with(Instant::now).elapsed();
            match Duration::from_secs_f64(given).saturating_sub(heard).checked_sub(AHEAD) {
                Some(ahead) => news(&told, ahead).map(drop),
                None => Ok(()),
            }
        })
        .and_then(|said| {
            player.finish(TURN);
            let limit = Duration::from_secs_f64(said.seconds) + PATIENCE;
            Ok((said, news(&told, limit)?.ok_or_else(stalled)?))
        });
    if played.is_err() {
        player.stop();
    }
    let (said, started) = played?;
    Ok(Outcome { said, first_audio: started - start, total: start.elapsed() })
}

/// What is told within `limit`: the time at which the sound began, once it has ended.
fn news(told: &Receiver<Result<Instant>>, limit: Duration) -> Result<Option<Instant>> {
    match told.recv_timeout(limit) {
        Ok(news) => news.map(Some),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => Err(stalled()),
    }
}

fn stalled() -> Error {
    Error::new(
        "audio.speaker_stalled",
        "The speaker takes the sound, but does not play it.",
        "Choose another one with `jarvis config set audio.output_device NAME`.",
    )
}

/// Waits until everything was played; the time at which it began.
fn watch(events: &Receiver<PlayerEvent>) -> Result<Instant> {
    let mut started = None;
    loop {
        match events.recv() {
            Ok(PlayerEvent::Started(_)) => {
                started.get_or_insert_with(Instant::now);
            }
            Ok(PlayerEvent::Finished(_)) => return Ok(started.unwrap_or_else(Instant::now)),
            Ok(PlayerEvent::Restored { .. }) => {}
            Ok(PlayerEvent::Lost { message }) => {
                let hint = "`jarvis say TEXT --out FILE.wav` needs no speaker; `jarvis doctor` looks for one.";
                return Err(Error::new("audio.no_speaker", message, hint));
            }
            Err(_) => return Err(Error::new("audio.no_speaker", "The player stopped working.", "Try again.")),
        }
    }
}
