//! The capture against a sound system that does what a test tells it.

use super::feed::{Feed, Listener};
use super::supervisor::{InputBackend, OpenInput};
use super::*;
use crate::device::Direction;
use crate::error::AudioError;
use crate::watch::{Target, Tell};
use std::any::Any;
use std::sync::Mutex;

const RATE: u32 = 48_000;

/// A sound system with at most one microphone.
#[derive(Default)]
struct Desk {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The microphone that is plugged in.
    plugged: Option<Target>,
    /// Who wants to know of that, and with which name.
    watches: Vec<(String, Tell)>,
    /// What runs now.
    feed: Option<Feed>,
    broken: Option<mpsc::Sender<String>>,
    opened: usize,
    /// Opening blocks for this long.
    hangs: Duration,
    asleep: Duration,
}

impl State {
    fn target(&self, wanted: &str) -> Result<Target, AudioError> {
        let direction = Direction::Input;
        let target = self.plugged.clone().ok_or(AudioError::NoDevice { direction })?;
        if target.id.contains(wanted) {
            return Ok(target);
        }
        Err(AudioError::UnknownDevice { direction, name: wanted.into(), available: vec![target.id] })
    }
}

impl Desk {
    fn with(microphone: &str) -> Arc<Self> {
        let desk = Arc::new(Self::default());
        desk.plug(Some(microphone));
        desk
    }

    fn plug(&self, microphone: Option<&str>) {
        self.offer(microphone.map(|id| Target { id: id.into(), ..Target::default() }));
    }

    /// Puts a microphone in place of the one before, and tells of it as a sound server does.
    fn offer(&self, target: Option<Target>) {
        let mut state = self.state.lock().unwrap();
        state.plugged = target;
        state.feed = None;
        let mut watches = std::mem::take(&mut state.watches);
        for (wanted, tell) in &mut watches {
            tell(state.target(wanted));
        }
        state.watches = watches;
    }

    /// The microphone goes silent without a word from anyone.
    fn stall(&self) {
        self.state.lock().unwrap().feed = None;
    }

    fn opened(&self) -> usize {
        self.state.lock().unwrap().opened
    }

    /// Plays 20 ms of `level` into the open microphone, if there is one.
    fn speak(&self, level: f32) {
        if let Some(feed) = &mut self.state.lock().unwrap().feed {
            feed.feed(&vec![level; 2 * RATE as usize / 50]);
        }
    }
}

impl InputBackend for Desk {
    fn open(
        &self,
        wanted: &str,
        listener: Arc<Listener>,
        broken: mpsc::Sender<String>,
    ) -> Result<OpenInput, AudioError> {
        let hangs = self.state.lock().unwrap().hangs;
        thread::sleep(hangs);
        let mut state = self.state.lock().unwrap();
        let target = state.target(wanted)?;
        let (feed, ring, pulse) = Feed::new(RATE, 2, listener);
        state.feed = Some(feed);
        state.broken = Some(broken);
        state.opened += 1;
        Ok(OpenInput { name: target.id.clone(), target, rate: RATE, ring, pulse, stream: Box::new(()) })
    }

    fn watch(&self, wanted: &str, mut tell: Tell) -> Box<dyn Any + Send> {
        let mut state = self.state.lock().unwrap();
        tell(state.target(wanted));
        state.watches.push((wanted.to_owned(), tell));
        Box::new(())
    }

    fn asleep(&self) -> Duration {
        self.state.lock().unwrap().asleep
    }
}

fn capture(desk: &Arc<Desk>) -> Capture {
    Capture::with_backend(Arc::clone(desk) as Arc<dyn InputBackend>, String::new()).unwrap()
}

/// Speaks and listens until `wanted` accepts something, a minute at most; returns all that was said.
fn until(desk: &Desk, capture: &mut Capture, level: f32, wanted: impl Fn(&Captured) -> bool) -> Vec<Captured> {
    let end = Instant::now() + Duration::from_secs(60);
    let mut heard = Vec::new();
    while Instant::now() < end {
        desk.speak(level);
        match capture.next(Duration::from_millis(20)) {
            Captured::Idle => {}
            captured => {
                let done = wanted(&captured);
                heard.push(captured);
                if done {
                    return heard;
                }
            }
        }
    }
    panic!("waited a minute in vain; heard {} things", heard.len());
}

fn is_frame(captured: &Captured) -> bool {
    matches!(captured, Captured::Frame(_))
}

fn is_lost(captured: &Captured) -> bool {
    matches!(captured, Captured::Lost { .. })
}

fn is_changed(captured: &Captured) -> bool {
    matches!(captured, Captured::Changed { .. })
}

fn is_restored(captured: &Captured) -> bool {
    matches!(captured, Captured::Restored { .. })
}

#[test]
fn sound_arrives_as_frames_in_order() {
    let desk = Desk::with("desk");
    let mut capture = capture(&desk);
    let heard = until(&desk, &mut capture, 0.5, |c| matches!(c, Captured::Frame(f) if f.index == 9));
    assert!(heard.iter().all(is_frame), "{heard:?}");
    let Some(Captured::Frame(last)) = heard.last() else { panic!() };
    assert!((last.rms() - 0.5).abs() < 0.01, "rms {}", last.rms());
    assert_eq!(capture.device(), Some("desk"));
}

#[test]
fn a_microphone_that_stops_is_lost_once_and_restored_once() {
    let desk = Desk::with("desk");
    let mut capture = capture(&desk);
    until(&desk, &mut capture, 0.5, is_frame);
    desk.stall();
    desk.state.lock().unwrap().plugged = None;
    let start = Instant::now();
    let heard = until(&desk, &mut capture, 0.5, is_lost);
    println!("noticed after {:?}", start.elapsed());
    let Some(Captured::Lost { message }) = heard.last() else { panic!() };
    assert!(message.contains("microphone"), "{message}");
    // Nothing more is said while it is away.
    assert_eq!(capture.next(Duration::from_millis(700)), Captured::Idle);
    desk.plug(Some("other"));
    let start = Instant::now();
    let heard = until(&desk, &mut capture, 0.5, is_frame);
    println!("back after {:?}", start.elapsed());
    assert_eq!(heard.iter().filter(|c| is_restored(c)).count(), 1, "{heard:?}");
    assert_eq!(heard.iter().filter(|c| is_lost(c)).count(), 0, "{heard:?}");
    let Some(Captured::Frame(frame)) = heard.last() else { panic!() };
    assert!(frame.index > 1, "the gap shows in the index");
}

#[test]
fn a_microphone_that_goes_is_lost_at_once_and_its_return_is_told_with_its_first_sound() {
    let desk = Desk::with("desk");
    let mut capture = capture(&desk);
    until(&desk, &mut capture, 0.5, is_frame);
    desk.plug(None);
    let heard = until(&desk, &mut capture, 0.5, is_lost);
    assert!(heard.iter().all(|c| is_frame(c) || is_lost(c)), "{heard:?}");
    desk.plug(Some("desk"));
    // Open, and nothing comes: that is no microphone yet.
    let end = Instant::now() + Duration::from_secs(1);
    while Instant::now() < end {
        assert_eq!(capture.next(Duration::from_millis(50)), Captured::Idle);
    }
    let heard = until(&desk, &mut capture, 0.5, is_frame);
    assert!(matches!(&heard[..], [Captured::Restored { .. }, Captured::Frame(_)]), "{heard:?}");
}

#[test]
fn another_default_is_followed_and_told() {
    let desk = Desk::with("desk");
    let mut capture = capture(&desk);
    until(&desk, &mut capture, 0.5, is_frame);
    desk.plug(Some("headset"));
    let heard = until(&desk, &mut capture, 0.5, is_changed);
    assert!(!heard.iter().any(is_lost), "{heard:?}");
    let Some(Captured::Changed { device, message }) = heard.last() else { panic!() };
    assert_eq!((device.as_str(), message.as_str()), ("headset", "I listen with “headset” now."));
    assert_eq!(desk.opened(), 2);
}

#[test]
fn what_there_is_to_say_about_a_choice_is_said_once() {
    let desk = Arc::new(Desk::default());
    let target = Target { id: "built-in".into(), remark: Some("Not the headset.".into()), ..Target::default() };
    desk.offer(Some(target.clone()));
    let mut capture = capture(&desk);
    let heard = until(&desk, &mut capture, 0.5, is_frame);
    let said = Captured::Changed { device: "built-in".into(), message: "Not the headset.".into() };
    assert_eq!(heard.iter().filter(|c| **c == said).count(), 1, "{heard:?}");
    // The server tells of a volume that was changed.
    let state = &mut *desk.state.lock().unwrap();
    state.watches.iter_mut().for_each(|(_, tell)| tell(Ok(target.clone())));
    let rest =
        std::iter::from_fn(|| Some(capture.next(Duration::from_millis(200))).filter(|next| *next != Captured::Idle));
    assert!(rest.take(100).all(|next| is_frame(&next)));
}

#[test]
fn after_a_suspend_the_microphone_is_opened_anew() {
    let desk = Desk::with("desk");
    let mut capture = capture(&desk);
    until(&desk, &mut capture, 0.5, is_frame);
    desk.state.lock().unwrap().asleep = Duration::from_secs(3600);
    let start = Instant::now();
    let heard = until(&desk, &mut capture, 0.5, is_changed);
    println!("back after {:?}", start.elapsed());
    assert!(matches!(heard.last(), Some(Captured::Changed { message, .. }) if message.contains("slept")), "{heard:?}");
    assert_eq!(desk.opened(), 2);
}

#[test]
fn a_microphone_that_takes_its_time_to_send_is_waited_for() {
    let desk = Desk::with("headset");
    let mut capture = capture(&desk);
    let end = Instant::now() + Duration::from_millis(1500);
    while Instant::now() < end {
        assert_eq!(capture.next(Duration::from_millis(50)), Captured::Idle);
    }
    until(&desk, &mut capture, 0.5, is_frame);
    assert_eq!(desk.opened(), 1);
}

#[test]
fn a_stream_that_breaks_is_opened_again_at_once() {
    let desk = Desk::with("desk");
    let mut capture = capture(&desk);
    until(&desk, &mut capture, 0.5, is_frame);
    let broken = desk.state.lock().unwrap().broken.take().unwrap();
    broken.send("the server is gone".into()).unwrap();
    let start = Instant::now();
    let heard = until(&desk, &mut capture, 0.5, is_restored);
    println!("back after {:?}", start.elapsed());
    assert!(heard.iter().any(|c| matches!(c, Captured::Lost { message } if message.contains("the server is gone"))));
    assert_eq!(desk.opened(), 2);
}

#[test]
fn a_machine_without_a_microphone_says_so_and_waits_for_one() {
    let desk = Arc::new(Desk::default());
    let mut capture = capture(&desk);
    let heard = until(&desk, &mut capture, 0.5, is_lost);
    let Some(Captured::Lost { message }) = heard.last() else { panic!() };
    assert!(message.starts_with("There is no microphone.") && message.contains("Plug in"), "{message}");
    desk.plug(Some("new"));
    until(&desk, &mut capture, 0.5, is_frame);
}

#[test]
fn a_named_microphone_that_is_plugged_in_after_the_start_is_used() {
    let desk = Desk::with("built-in");
    let mut capture = Capture::with_backend(Arc::clone(&desk) as Arc<dyn InputBackend>, "headset".into()).unwrap();
    let heard = until(&desk, &mut capture, 0.5, is_lost);
    let Some(Captured::Lost { message }) = heard.last() else { panic!() };
    assert!(message.contains("“headset”") && message.contains("“built-in”"), "{message}");
    desk.plug(Some("headset"));
    until(&desk, &mut capture, 0.5, is_frame);
    assert_eq!(capture.device(), Some("headset"));
}

#[test]
fn a_name_that_no_device_has_is_no_reason_not_to_start() {
    assert!(Capture::open(CaptureOptions { device: "a microphone of the future".into() }).is_ok());
}

#[test]
fn a_sound_system_that_hangs_holds_up_nobody() {
    let desk = Desk::with("desk");
    desk.state.lock().unwrap().hangs = Duration::from_secs(60);
    let start = Instant::now();
    let mut capture = capture(&desk);
    assert_eq!(capture.next(Duration::from_millis(50)), Captured::Idle);
    until(&desk, &mut capture, 0.5, is_lost);
    drop(capture);
    println!("took {:?}", start.elapsed());
}

#[test]
fn exact_silence_is_reported_once() {
    let desk = Desk::with("desk");
    let mut capture = capture(&desk);
    until(&desk, &mut capture, 0.0, is_frame);
    let mut reports = 0;
    // As fast as the test can: six and a half seconds of zeros, and then as many again.
    for _ in 0..650 {
        desk.speak(0.0);
        while let captured @ (Captured::Frame(_) | Captured::Silent { .. }) = capture.next(Duration::ZERO) {
            reports += usize::from(matches!(captured, Captured::Silent { .. }));
        }
    }
    assert_eq!(reports, 1);
}

#[test]
fn a_listener_that_is_away_too_long_sees_a_gap() {
    let desk = Desk::with("desk");
    let mut capture = capture(&desk);
    until(&desk, &mut capture, 0.5, is_frame);
    // Four seconds into a ring of two.
    for _ in 0..200 {
        desk.speak(0.5);
    }
    let (mut frames, mut last) = (0, 0);
    while let Captured::Frame(frame) = capture.next(Duration::ZERO) {
        frames += 1;
        last = frame.index;
    }
    assert!((55..=66).contains(&frames), "{frames} frames of a ring of two seconds");
    assert!(last > frames + 55, "the last index is {last}");
}
