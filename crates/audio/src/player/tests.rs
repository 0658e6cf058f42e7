//! The player against a speaker whose samples the test takes itself.

use super::supervisor::{Broken, OpenOutput, OutputBackend};
use super::*;
use crate::device::Direction;
use crate::error::AudioError;
use crate::watch::{Target, Tell};
use rodio::mixer::{MixerSource, mixer};
use std::any::Any;
use std::num::NonZero;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

const RATE: u32 = 48_000;

/// A sound system with at most one speaker, whose sound is taken by hand.
#[derive(Default)]
struct Desk {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    missing: bool,
    source: Option<MixerSource>,
    broken: Option<Broken>,
    tell: Option<Tell>,
    opened: usize,
}

impl OutputBackend for Desk {
    fn open(&self, _: &str, broken: Broken) -> Result<OpenOutput, AudioError> {
        let mut state = self.state.lock().unwrap();
        if state.missing {
            return Err(AudioError::NoDevice { direction: Direction::Output });
        }
        let rate = NonZero::new(RATE).unwrap();
        let (input, source) = mixer(NonZero::<u16>::MIN, rate);
        state.source = Some(source);
        state.broken = Some(broken);
        state.opened += 1;
        Ok(OpenOutput {
            id: "desk".into(),
            name: "desk".into(),
            rate,
            latency: Duration::from_millis(20),
            mixer: input,
            stream: Box::new(()),
        })
    }

    fn watch(&self, _: &str, tell: Tell) -> Option<Box<dyn Any + Send>> {
        self.state.lock().unwrap().tell = Some(tell);
        Some(Box::new(()))
    }
}

struct Room {
    desk: Arc<Desk>,
    player: Player,
    events: mpsc::Receiver<PlayerEvent>,
    heard: Vec<PlayerEvent>,
    sound: Vec<f32>,
}

impl Room {
    fn new() -> Self {
        Self::with(Desk::default())
    }

    fn with(desk: Desk) -> Self {
        let desk = Arc::new(desk);
        let (sender, events) = mpsc::channel();
        let backend = Arc::clone(&desk) as Arc<dyn OutputBackend>;
        let player = Player::with_backend(backend, PlayerOptions::default(), sender).unwrap();
        Self { desk, player, events, heard: Vec::new(), sound: Vec::new() }
    }

    /// The device takes 10 ms.
    fn take(&mut self) {
        let mut state = self.desk.state.lock().unwrap();
        for _ in 0..RATE / 100 {
            let sample = state.source.as_mut().map_or(0.0, |source| source.next().unwrap_or(0.0));
            self.sound.push(sample);
        }
    }

    /// Takes sound at about twice the pace of real time until `wanted` comes, a minute at most.
    fn until(&mut self, wanted: impl Fn(&PlayerEvent) -> bool) {
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            self.take();
            thread::sleep(Duration::from_millis(5));
            while let Ok(event) = self.events.try_recv() {
                let done = wanted(&event);
                self.heard.push(event);
                if done {
                    return;
                }
            }
        }
        panic!("waited in vain; heard {:?}", self.heard);
    }

    fn say(&self, turn: u64, seconds: f32) {
        let sample_rate = 22_050;
        let samples = vec![0.5; (seconds * sample_rate as f32) as usize];
        self.player.append(TurnId(turn), SpeechAudio { samples, sample_rate });
    }

    /// How many samples are sound.
    fn loud(&self) -> usize {
        self.sound.iter().filter(|s| s.abs() > 0.25).count()
    }
}

fn seconds(samples: usize) -> f32 {
    samples as f32 / RATE as f32
}

#[test]
fn clauses_of_a_turn_play_without_a_gap() {
    let mut room = Room::new();
    room.player.begin(TurnId(1));
    room.say(1, 0.3);
    room.say(1, 0.2);
    room.player.finish(TurnId(1));
    room.until(|event| matches!(event, PlayerEvent::Finished(_)));
    assert_eq!(room.heard, [PlayerEvent::Started(TurnId(1)), PlayerEvent::Finished(TurnId(1))]);
    let first = room.sound.iter().position(|s| *s > 0.25).unwrap();
    let last = room.sound.iter().rposition(|s| *s > 0.25).unwrap();
    assert!((seconds(last - first) - 0.5).abs() < 0.01, "{} s of sound", seconds(last - first));
    assert!(room.sound[first..=last].iter().all(|s| *s > 0.25), "there is a gap");
}

#[test]
fn a_turn_may_be_empty_or_late() {
    let mut room = Room::new();
    room.player.begin(TurnId(1));
    room.player.finish(TurnId(1));
    room.until(|event| *event == PlayerEvent::Finished(TurnId(1)));
    room.player.begin(TurnId(2));
    room.say(2, 0.1);
    room.until(|event| *event == PlayerEvent::Started(TurnId(2)));
    for _ in 0..30 {
        room.take();
        thread::sleep(Duration::from_millis(5));
    }
    room.say(2, 0.1);
    room.player.finish(TurnId(2));
    room.until(|event| *event == PlayerEvent::Finished(TurnId(2)));
    assert!((seconds(room.loud()) - 0.2).abs() < 0.01, "{} s of sound", seconds(room.loud()));
}

#[test]
fn stopping_is_silent_at_once_and_stale_clauses_are_dropped() {
    let mut room = Room::new();
    room.player.begin(TurnId(1));
    room.say(1, 5.0);
    room.until(|event| *event == PlayerEvent::Started(TurnId(1)));
    room.sound.clear();
    room.player.stop();
    room.say(1, 1.0);
    room.player.finish(TurnId(1));
    for _ in 0..40 {
        room.take();
        thread::sleep(Duration::from_millis(5));
    }
    assert!(seconds(room.loud()) <= 0.01, "{} s after the stop", seconds(room.loud()));
    // The next turn is heard whole.
    room.player.begin(TurnId(2));
    room.say(2, 0.2);
    room.player.finish(TurnId(2));
    room.until(|event| *event == PlayerEvent::Finished(TurnId(2)));
    assert!(!room.heard.contains(&PlayerEvent::Finished(TurnId(1))), "{:?}", room.heard);
    assert!((seconds(room.loud()) - 0.2).abs() < 0.02, "{} s of the second turn", seconds(room.loud()));
}

#[test]
fn a_new_turn_silences_the_old_one() {
    let mut room = Room::new();
    room.player.begin(TurnId(1));
    room.say(1, 5.0);
    room.until(|event| *event == PlayerEvent::Started(TurnId(1)));
    room.sound.clear();
    room.player.begin(TurnId(2));
    room.player.finish(TurnId(2));
    room.until(|event| *event == PlayerEvent::Finished(TurnId(2)));
    assert!(seconds(room.loud()) <= 0.01, "{} s of the old turn", seconds(room.loud()));
}

#[test]
fn a_speaker_lost_in_the_middle_comes_back_and_the_turn_ends() {
    let mut room = Room::new();
    room.player.begin(TurnId(1));
    room.say(1, 1.5);
    room.player.finish(TurnId(1));
    room.until(|event| *event == PlayerEvent::Started(TurnId(1)));
    let broken = {
        let mut state = room.desk.state.lock().unwrap();
        state.source = None;
        state.broken.take().unwrap()
    };
    broken("unplugged".into());
    room.until(|event| *event == PlayerEvent::Finished(TurnId(1)));
    let kinds: Vec<bool> = room.heard.iter().map(|e| matches!(e, PlayerEvent::Lost { .. })).collect();
    assert_eq!(kinds, [false, true, false, false], "{:?}", room.heard);
    assert!(matches!(room.heard[2], PlayerEvent::Restored { .. }), "{:?}", room.heard);
    assert_eq!(room.desk.state.lock().unwrap().opened, 2);
    assert!(seconds(room.loud()) > 1.0, "most of it is heard: {} s", seconds(room.loud()));
}

#[test]
fn without_a_speaker_turns_still_end_and_it_is_said_once() {
    let desk = Desk::default();
    desk.state.lock().unwrap().missing = true;
    let mut room = Room::with(desk);
    for turn in 1..=2 {
        room.player.begin(TurnId(turn));
        room.say(turn, 0.5);
        room.player.finish(TurnId(turn));
        room.until(|event| *event == PlayerEvent::Finished(TurnId(turn)));
    }
    let lost = room.heard.iter().filter(|e| matches!(e, PlayerEvent::Lost { .. })).count();
    assert_eq!(lost, 1, "{:?}", room.heard);
    let Some(PlayerEvent::Lost { message }) = room.heard.first() else { panic!("{:?}", room.heard) };
    assert!(message.starts_with("There is no speaker.") && message.contains("Plug in"), "{message}");
    // And one that is plugged in is used.
    room.desk.state.lock().unwrap().missing = false;
    room.until(|event| matches!(event, PlayerEvent::Restored { .. }));
    room.player.begin(TurnId(3));
    room.say(3, 0.2);
    room.player.finish(TurnId(3));
    room.until(|event| *event == PlayerEvent::Finished(TurnId(3)));
    assert!((seconds(room.loud()) - 0.2).abs() < 0.02);
}

#[test]
fn volume_and_cues_are_heard() {
    let mut room = Room::new();
    room.player.set_volume(0.1);
    room.player.play_cue(Cue::Alarm);
    room.player.begin(TurnId(1));
    room.say(1, 0.3);
    room.player.finish(TurnId(1));
    room.until(|event| *event == PlayerEvent::Finished(TurnId(1)));
    assert_eq!(room.loud(), 0, "0.5 at a tenth of the volume is not loud");
    assert!(room.sound.iter().any(|s| *s > 0.04));
}

#[test]
fn a_choice_that_means_another_speaker_moves_the_turn_there() {
    let mut room = Room::new();
    room.player.begin(TurnId(1));
    room.say(1, 1.0);
    room.player.finish(TurnId(1));
    room.until(|event| *event == PlayerEvent::Started(TurnId(1)));
    let mut tell = room.desk.state.lock().unwrap().tell.take().unwrap();
    tell(Ok(Target { id: "desk".into(), ..Target::default() }));
    tell(Ok(Target { id: "headset".into(), ..Target::default() }));
    room.until(|event| *event == PlayerEvent::Finished(TurnId(1)));
    assert_eq!(room.desk.state.lock().unwrap().opened, 2);
    assert!(!room.heard.iter().any(|event| matches!(event, PlayerEvent::Lost { .. })), "{:?}", room.heard);
}

#[test]
fn a_turn_that_is_paused_for_long_is_neither_lost_nor_over() {
    let mut room = Room::new();
    room.player.begin(TurnId(1));
    room.say(1, 0.6);
    room.player.finish(TurnId(1));
    room.until(|event| *event == PlayerEvent::Started(TurnId(1)));
    room.player.pause();
    for _ in 0..600 {
        room.take();
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(room.events.try_iter().collect::<Vec<_>>(), []);
    assert!(seconds(room.loud()) < 0.5);
    room.player.resume();
    room.until(|event| *event == PlayerEvent::Finished(TurnId(1)));
    assert!((seconds(room.loud()) - 0.6).abs() < 0.02, "{} s of sound", seconds(room.loud()));
    assert_eq!(room.desk.state.lock().unwrap().opened, 1);
}

#[test]
fn the_tap_follows_the_player_from_stream_to_stream() {
    let mut room = Room::new();
    let mut tap = room.player.tap();
    let mut tapped = Vec::new();
    room.player.begin(TurnId(1));
    room.say(1, 0.3);
    room.player.finish(TurnId(1));
    room.until(|event| *event == PlayerEvent::Finished(TurnId(1)));
    tapped.extend(std::iter::from_fn(|| tap.read()).flat_map(|block| block.samples));
    let broken = room.desk.state.lock().unwrap().broken.take().unwrap();
    broken("unplugged".into());
    room.player.begin(TurnId(2));
    room.say(2, 0.3);
    room.player.finish(TurnId(2));
    room.until(|event| *event == PlayerEvent::Finished(TurnId(2)));
    tapped.extend(std::iter::from_fn(|| tap.read()).flat_map(|block| block.samples));
    let loud: Vec<f32> = tapped.into_iter().filter(|sample| sample.abs() > 0.25).collect();
    let heard: Vec<f32> = room.sound.iter().copied().filter(|sample| sample.abs() > 0.25).collect();
    assert_eq!(loud, heard);
    assert!((seconds(loud.len()) - 0.6).abs() < 0.02);
}
