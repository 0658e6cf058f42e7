//! Does Jarvis hear itself? A sentence is spoken aloud and listened to, as an answer would be.
//!
//! Owns the measurement and what follows from it: whether whoever speaks over an answer may interrupt it (full duplex), or
//! only the wake word (half duplex). Makes a sound, so it runs only when it is asked for; changes no setting.

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use jarvis_audio::{Captured, PlayerEvent};
use jarvis_core::{AudioFrame, Cancel, Error, Result, TurnId, Vad, decibels};
use jarvis_settings::{BargeIn, Paths, Settings};

use super::{Check, Found};
use crate::echo::Echo;
use crate::io::{AudioIo, Devices, Microphone, preset};
use crate::load::{Installed, Parts};

/// What is said: long enough to be learned from, and to be judged after that.
const SENTENCE: &str = "I am listening to my own voice now, to find out whether you can talk to me while I am talking to \
                        you. Please be quiet for a moment. Thank you, that was all.";
/// The turn that says it.
const TURN: TurnId = TurnId(1);
/// How long microphone and speaker may take to begin.
const OPENING: Duration = Duration::from_secs(5);
/// How long the room is listened to before: half a second.
const ROOM: usize = 16;
/// Frames with sound after which the canceller has learned what it needs: a second.
const LEARNING: usize = 32;
/// Frames after the last sound that may have some of it.
const TAIL: usize = 20;
/// Quieter than this while something plays is a pause between words, root mean square.
const PAUSE: f32 = 0.01;
/// What comes with less than this above the room, in decibels, is not there.
const ABOVE_ROOM: f32 = 3.0;
/// By how many decibels a loud echo has to be lowered for a user to be told from it.
const LOWERED: f32 = 10.0;
/// What is loud, in decibels of full scale.
const LOUD: f32 = -50.0;

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct EchoCheck {
    /// The line of `jarvis doctor`.
    pub check: Check,
    /// What `voice.barge_in` should be; none when nothing was learned.
    pub barge_in: Option<BargeIn>,
}

/// What was heard of the sentence; levels in decibels of full scale.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Measured {
    room: f32,
    played: f32,
    heard: f32,
    /// Of `heard`, after cancelling.
    left: f32,
    delay: Duration,
    /// How often the sentence was taken for a user.
    interruptions: usize,
}

/// Speaks a sentence with the user's voice, volume, speaker and microphone, and says how much of it comes back.
pub fn echo(paths: &Paths) -> EchoCheck {
    let measured = Settings::load(paths).and_then(|settings| {
        if super::is_muted(paths) {
            return Err(Error::new(
                "audio.muted",
                "Jarvis is muted, so the microphone is closed and nothing was played.",
                "Unmute it with `jarvis unmute`, then run `jarvis doctor --echo` again.",
            ));
        }
        measure(&Devices, &Installed::new(paths), &settings)
    });
    let (Found { status, detail, remedy }, barge_in) = match measured {
        Ok(measured) => {
            let (found, barge_in) = judge(&measured);
            (found, Some(barge_in))
        }
        // Nothing is wrong with Jarvis: there is nothing to find out.
        Err(error) => {
            let remedy = if error.hint.is_empty() { "Run `jarvis doctor`.".into() } else { error.hint };
            (Found::warn(format!("{} The echo was not measured.", error.message), remedy), None)
        }
    };
    EchoCheck { check: Check { check: "echo".into(), status, detail, remedy }, barge_in }
}

fn measure(io: &dyn AudioIo, parts: &dyn Parts, settings: &Settings) -> Result<Measured> {
    let mut microphone = io.microphone(&settings.audio.input_device)?;
    let room = mean((0..ROOM).map(|_| Ok(frame(&mut *microphone)?.rms())).collect::<Result<Vec<_>>>()?);
    let (events, news) = channel();
    let speaker = io.speaker(&settings.audio.output_device, settings.audio.volume, events)?;
    let tap = speaker.tap().ok_or_else(no_speaker)?;
    speaker.set_effect(preset(settings.voice.effect), settings.voice.effect_amount);
    speaker.prepare();
    let sentence = parts.voice(settings)?.synthesize(SENTENCE, &Cancel::new())?;
    let mut activity = parts.activity(settings)?;
    let (taps, tapped) = channel();
    // The other end is here.
    let _ = taps.send(tap);
    let seconds = sentence.seconds();
    speaker.begin(TURN);
    speaker.append(TURN, sentence);
    speaker.finish(TURN);
    let mut listening = Listening::new(Echo::new(tapped));
    listening.hear(&mut *microphone, &mut *activity, &news, OPENING + Duration::from_secs_f32(seconds))?;
    listening.measured(room)
}

/// What is noted while the sentence is spoken: root mean squares of the frames after [`LEARNING`] in which it sounds.
struct Listening {
    echo: Echo,
    sounded: usize,
    played: Vec<f32>,
    heard: Vec<f32>,
    left: Vec<f32>,
    interruptions: usize,
}

impl Listening {
    fn new(echo: Echo) -> Self {
        Self { echo, sounded: 0, played: Vec::new(), heard: Vec::new(), left: Vec::new(), interruptions: 0 }
    }

    /// Listens until a while after the sentence was played.
    fn hear(
        &mut self,
        microphone: &mut dyn Microphone,
        activity: &mut dyn Vad,
        news: &Receiver<PlayerEvent>,
        limit: Duration,
    ) -> Result<()> {
        let end = Instant::now() + limit;
        let (mut finished, mut after, mut spoke) = (false, 0, false);
        self.echo.begin();
        while after < TAIL {
            if Instant::now() > end {
                return Err(no_speaker());
            }
            match news.try_recv() {
                Ok(PlayerEvent::Lost { message }) => return Err(Error::new("audio.no_speaker", message, "")),
                Ok(PlayerEvent::Finished(_)) => finished = true,
                _ => {}
            }
            after += usize::from(finished);
            let frame = frame(microphone)?;
            let heard = self.echo.process(&frame, Instant::now());
            let verdict = self.echo.judge(activity.process(&heard.voice)?);
            let before = std::mem::replace(&mut spoke, verdict.sustained);
            self.interruptions += usize::from(verdict.sustained && !before);
            if heard.playing > PAUSE {
                self.sounded += 1;
                if self.sounded > LEARNING {
                    self.played.push(heard.playing);
                    self.heard.push(frame.rms());
                    self.left.push(heard.voice.rms());
                }
            }
        }
        Ok(())
    }

    fn measured(self, room: f32) -> Result<Measured> {
        if self.played.is_empty() {
            return Err(no_speaker());
        }
        // Even a very good microphone in a very quiet room has noise of its own.
        if room == 0.0 && self.heard.iter().all(|level| *level == 0.0) {
            return Err(Error::new(
                "audio.silent_microphone",
                "The microphone is silent: it sends nothing but zeros.",
                "Switch it on or unmute it in the system's sound settings, then run `jarvis doctor --echo` again.",
            ));
        }
        Ok(Measured {
            room: decibels(room),
            played: decibels(mean(self.played)),
            heard: decibels(mean(self.heard)),
            left: decibels(mean(self.left)),
            delay: self.echo.path().map_or(Duration::ZERO, |path| path.delay),
            interruptions: self.interruptions,
        })
    }
}

/// The next frame of a microphone that works.
fn frame(microphone: &mut dyn Microphone) -> Result<AudioFrame> {
    let end = Instant::now() + OPENING;
    while Instant::now() < end {
        match microphone.next(Duration::from_millis(100)) {
            Captured::Frame(frame) => return Ok(frame),
            Captured::Lost { message } => return Err(Error::new("audio.no_microphone", message, "")),
            Captured::Restored { .. } | Captured::Changed { .. } | Captured::Silent { .. } | Captured::Idle => {}
        }
    }
    Err(Error::new(
        "audio.no_microphone",
        "The microphone sends nothing.",
        "Check it in the system's sound settings, then run `jarvis doctor --echo` again.",
    ))
}

fn no_speaker() -> Error {
    Error::new(
        "audio.no_speaker",
        "The speaker plays nothing.",
        "Check it in the system's sound settings, then run `jarvis doctor --echo` again.",
    )
}

/// Root of the mean of squares.
fn mean(levels: Vec<f32>) -> f32 {
    (levels.iter().map(|level| level * level).sum::<f32>() / levels.len().max(1) as f32).sqrt()
}

/// What it means, and what is best.
fn judge(measured: &Measured) -> (Found, BargeIn) {
    let Measured { room, played, heard, left, delay, interruptions } = *measured;
    if heard < room + ABOVE_ROOM {
        let detail = "The microphone hears nothing of what the speaker plays, as with headphones. Full duplex: whoever \
                      speaks over an answer interrupts it.";
        return (Found::ok(detail), BargeIn::Speech);
    }
    let (weaker, lowered) = (played - heard, heard - left);
    let echo = format!(
        "The microphone hears the speaker {} ms later and {weaker:.0} dB weaker than it is played; cancelling lowers that \
         by another {lowered:.0} dB.",
        delay.as_millis()
    );
    if interruptions == 0 && (lowered >= LOWERED || heard < LOUD) {
        return (
            Found::ok(format!("{echo} Full duplex: whoever speaks over an answer interrupts it.")),
            BargeIn::Speech,
        );
    }
    let why = match interruptions {
        0 => "Nobody could be told from it".to_owned(),
        1 => "The test sentence interrupted itself once".to_owned(),
        times => format!("The test sentence interrupted itself {times} times"),
    };
    let found = Found::warn(
        format!("{echo} {why}. Half duplex: only the wake word or a key interrupts an answer."),
        "Turn the speaker down, move it away from the microphone or use headphones, then run `jarvis doctor --echo` again.",
    );
    (found, BargeIn::WakeWord)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::CheckStatus;

    const ROOM: Measured = Measured {
        room: -70.0,
        played: -20.0,
        heard: -40.0,
        left: -65.0,
        delay: Duration::from_millis(72),
        interruptions: 0,
    };

    #[test]
    fn a_cancelled_echo_lets_anyone_interrupt() {
        let (found, barge_in) = judge(&ROOM);
        assert_eq!((found.status, barge_in), (CheckStatus::Ok, BargeIn::Speech));
        assert!(found.detail.contains("72 ms later and 20 dB weaker") && found.detail.contains("another 25 dB"));
    }

    #[test]
    fn an_answer_that_interrupts_itself_is_left_to_the_wake_word() {
        for measured in [Measured { interruptions: 2, ..ROOM }, Measured { left: -43.0, ..ROOM }] {
            let (found, barge_in) = judge(&measured);
            assert_eq!((found.status, barge_in), (CheckStatus::Warn, BargeIn::WakeWord), "{measured:?}");
            assert!(found.remedy.contains("headphones"));
        }
    }

    #[test]
    fn a_microphone_that_sends_zeros_tells_nothing_of_the_echo() {
        let listening = |heard| {
            let mut listening = Listening::new(Echo::new(channel().1));
            (listening.played, listening.heard, listening.left) = (vec![0.1; 3], vec![heard; 3], vec![heard; 3]);
            listening
        };
        let error = listening(0.0).measured(0.0).unwrap_err();
        assert_eq!(error.code, "audio.silent_microphone");
        assert!(listening(0.0).measured(1e-4).is_ok() && listening(1e-4).measured(0.0).is_ok());
    }

    #[test]
    fn headphones_have_no_echo() {
        let (found, barge_in) = judge(&Measured { heard: -69.0, left: -69.0, ..ROOM });
        assert_eq!((found.status, barge_in), (CheckStatus::Ok, BargeIn::Speech));
        assert!(found.detail.contains("headphones"));
    }
}
