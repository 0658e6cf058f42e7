//! Sequences of frames as they come from a microphone, then any sequence at all.

use super::*;
use proptest::prelude::*;

/// A stream of numbered frames: the first sample of each is its number in millionths, so that what an utterance holds can
/// be told.
struct Stream {
    endpointer: Endpointer,
    epoch: Instant,
    index: usize,
    /// Pauses and what ended them, with the number of the frame that brought them.
    pauses: Vec<(usize, EndpointEvent)>,
    /// Frames of a pause with a sound in it.
    stirs: Vec<usize>,
}

impl Stream {
    fn new(options: EndpointOptions) -> Self {
        Self {
            endpointer: Endpointer::new(options),
            epoch: Instant::now(),
            index: 0,
            pauses: Vec::new(),
            stirs: Vec::new(),
        }
    }

    /// When frame `index` was over.
    fn time(&self, index: usize) -> Instant {
        self.epoch + AudioFrame::DURATION * (index as u32 + 1)
    }

    fn frame(&mut self, probability: f32, level: f32) -> Option<EndpointEvent> {
        let mut frame = AudioFrame { index: self.index as u64, samples: [level; FRAME_SAMPLES] };
        frame.samples[0] = self.index as f32 * 1e-6;
        let heard = self.time(self.index);
        let event = self.endpointer.process(&frame, probability, heard);
        self.index += 1;
        match event {
            Some(pause @ (EndpointEvent::Pause | EndpointEvent::GoesOn)) => {
                self.pauses.push((self.index - 1, pause));
                None
            }
            Some(EndpointEvent::Stir) => {
                self.stirs.push(self.index - 1);
                None
            }
            event => event,
        }
    }

    /// `count` frames; the events but for pauses with the number of the frame that brought them.
    fn frames(&mut self, count: usize, probability: f32) -> Vec<(usize, EndpointEvent)> {
        let level = if probability >= GO_ON { 0.1 } else { 0.001 };
        (0..count)
            .filter_map(|_| {
                let index = self.index;
                self.frame(probability, level).map(|event| (index, event))
            })
            .collect()
    }
}

/// Numbers of the frames in an utterance.
fn numbers(utterance: &Utterance) -> Vec<usize> {
    utterance.samples.chunks(FRAME_SAMPLES).map(|frame| (frame[0] * 1e6).round() as usize).collect()
}

fn utterance(events: &[(usize, EndpointEvent)]) -> &Utterance {
    match events {
        [.., (_, EndpointEvent::SpeechEnd(utterance) | EndpointEvent::TooLong(utterance))] => utterance,
        other => panic!("no utterance in {other:?}"),
    }
}

#[test]
fn speech_has_its_pre_roll_its_end_and_its_time() {
    let mut stream = Stream::new(EndpointOptions::default());
    stream.frames(50, 0.0);
    stream.endpointer.begin_toggle();
    stream.frames(40, 0.0);
    let start = stream.frames(30, 0.9);
    assert!(matches!(start[..], [(94, EndpointEvent::SpeechStart)]), "{start:?}");
    assert!(stream.endpointer.is_speaking());
    let end = stream.frames(40, 0.1);
    // 700 ms are 22 frames.
    assert_eq!(end[0].0, 119 + 22);
    let utterance = utterance(&end);
    assert_eq!(numbers(utterance), (90 - LEAD..=119 + TRAIL).collect::<Vec<_>>());
    assert_eq!(utterance.speech_ended, stream.time(119));
    assert!(!stream.endpointer.is_active());
}

#[test]
fn the_burst_that_ends_a_word_is_known_though_the_pause_is_told_with_it() {
    // Closed lips, the burst of a "k", silence: in the frame that tells the pause, before it, or not at all.
    for (levels, bursts) in [([0.0005, 0.02], true), ([0.02, 0.0005], true), ([0.0005, 0.0005], false)] {
        let mut stream = Stream::new(EndpointOptions::default());
        stream.endpointer.begin_toggle();
        stream.frames(10, 0.0);
        stream.frames(30, 0.9);
        for level in levels {
            stream.frame(0.1, level);
        }
        assert!(matches!(stream.pauses[..], [(41, EndpointEvent::Pause)]), "{:?}", stream.pauses);
        assert_eq!(stream.endpointer.stirs(), bursts, "{levels:?}");
        stream.frames(5, 0.9);
        assert!(!stream.endpointer.stirs(), "that is over");
    }
}

#[test]
fn a_click_is_nothing() {
    let mut stream = Stream::new(EndpointOptions::default());
    stream.endpointer.begin_toggle();
    stream.frames(10, 0.0);
    assert!(stream.frames(4, 0.9).is_empty());
    let events = stream.frames(200, 0.0);
    assert!(matches!(events[..], [(156, EndpointEvent::NoSpeech)]), "{events:?}");
}

#[test]
fn a_held_key_keeps_what_was_said_just_before_it() {
    let mut stream = Stream::new(EndpointOptions::default());
    stream.frames(50, 0.0);
    stream.frames(4, 0.9);
    stream.endpointer.begin_hold();
    let start = stream.frames(40, 0.9);
    assert!(matches!(start[..], [(_, EndpointEvent::SpeechStart)]));
    // A long pause doesn't end it: the key is down.
    assert!(stream.frames(100, 0.0).is_empty());
    stream.frames(20, 0.9);
    stream.frames(5, 0.0);
    let event = stream.endpointer.release().unwrap();
    let EndpointEvent::SpeechEnd(utterance) = event else { panic!("{event:?}") };
    assert_eq!(numbers(&utterance), (54 - KEY_LEAD..219).collect::<Vec<_>>());
    assert_eq!(utterance.speech_ended, stream.time(213));
}

#[test]
fn a_key_that_goes_up_within_a_word_waits_for_its_end() {
    let mut stream = Stream::new(EndpointOptions::default());
    stream.endpointer.begin_hold();
    stream.frames(20, 0.9);
    assert!(stream.endpointer.release().is_none());
    let end = stream.frames(3, 0.9).len();
    assert_eq!(end, 0);
    let end = stream.frames(10, 0.0);
    assert_eq!(end[0].0, 24);
    assert_eq!(numbers(utterance(&end)), (0..25).collect::<Vec<_>>());
}

#[test]
fn a_key_that_goes_up_while_somebody_talks_on_ends_soon() {
    let mut stream = Stream::new(EndpointOptions::default());
    stream.endpointer.begin_hold();
    stream.frames(20, 0.9);
    assert!(stream.endpointer.release().is_none());
    assert!(stream.endpointer.release().is_none(), "a second release changes nothing");
    let end = stream.frames(100, 0.9);
    assert_eq!(end[0].0, 20 + RELEASE_WAIT as usize - 1);
}

#[test]
fn a_held_key_without_speech_is_nothing() {
    let mut stream = Stream::new(EndpointOptions::default());
    stream.endpointer.begin_hold();
    stream.frames(60, 0.1);
    assert!(matches!(stream.endpointer.release(), Some(EndpointEvent::NoSpeech)));
    assert!(stream.endpointer.release().is_none(), "nothing was begun");
}

#[test]
fn the_wake_words_own_end_is_not_a_request() {
    let mut stream = Stream::new(EndpointOptions::default());
    stream.frames(30, 0.0);
    stream.frames(20, 0.9);
    stream.endpointer.begin_after_wake();
    assert!(stream.frames(5, 0.9).is_empty());
    assert!(stream.frames(30, 0.0).is_empty());
    let start = stream.frames(20, 0.9);
    assert_eq!(start.len(), 1);
    let end = stream.frames(40, 0.0);
    let numbers = numbers(utterance(&end));
    assert_eq!(numbers[0], 85 - LEAD, "nothing of the wake word");
}

#[test]
fn a_wake_word_alone_is_no_speech_after_a_while() {
    let mut stream = Stream::new(EndpointOptions::default());
    stream.frames(30, 0.9);
    stream.endpointer.begin_after_wake();
    stream.frames(3, 0.9);
    let events = stream.frames(200, 0.0);
    assert!(matches!(events[..], [(186, EndpointEvent::NoSpeech)]), "{events:?}");
}

#[test]
fn a_request_in_the_same_breath_keeps_every_word() {
    let mut stream = Stream::new(EndpointOptions::default());
    stream.frames(40, 0.9);
    stream.endpointer.begin_after_wake();
    let start = stream.frames(30, 0.9);
    assert!(matches!(start[..], [(47, EndpointEvent::SpeechStart)]), "{start:?}");
    let end = stream.frames(40, 0.0);
    assert_eq!(numbers(utterance(&end)), (40 - WAKE_LEAD..70 + TRAIL).collect::<Vec<_>>());
}

#[test]
fn a_word_right_after_a_short_pause_is_kept() {
    let mut stream = Stream::new(EndpointOptions::default());
    stream.frames(40, 0.9);
    stream.endpointer.begin_after_wake();
    stream.frames(2, 0.9);
    stream.frames(3, 0.1);
    stream.frames(10, 0.9);
    let end = stream.frames(40, 0.0);
    assert_eq!(numbers(utterance(&end)), (42..55 + TRAIL).collect::<Vec<_>>());
}

#[test]
fn speech_without_an_end_is_cut_at_the_limit() {
    let mut stream = Stream::new(EndpointOptions { max_seconds: 2, ..EndpointOptions::default() });
    stream.endpointer.begin_watch();
    let events = stream.frames(200, 0.9);
    let [(_, EndpointEvent::SpeechStart), (at, EndpointEvent::TooLong(utterance))] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(*at, 62);
    assert_eq!(numbers(utterance), (0..63).collect::<Vec<_>>());
}

#[test]
fn a_far_voice_does_not_keep_the_turn_open() {
    let mut stream = Stream::new(EndpointOptions::default());
    stream.frames(60, 0.0);
    stream.endpointer.begin_toggle();
    stream.frames(40, 0.9);
    let ended = (0..60).find_map(|i| stream.frame(0.8, 0.003).map(|event| (i, event)));
    assert!(matches!(ended, Some((_, EndpointEvent::SpeechEnd(_)))));
}

#[test]
fn noise_asks_for_a_longer_pause() {
    let pause = |room: f32| {
        let mut stream = Stream::new(EndpointOptions::default());
        (0..100).for_each(|_| drop(stream.frame(0.0, room)));
        stream.endpointer.begin_toggle();
        (0..30).for_each(|_| drop(stream.frame(0.9, 0.1)));
        (1..100).find(|_| stream.frame(0.0, room).is_some()).unwrap()
    };
    assert_eq!(pause(0.001), 22);
    assert_eq!(pause(0.09), 31);
}

#[test]
fn watching_waits_for_ever_and_gives_up_on_request() {
    let mut stream = Stream::new(EndpointOptions::default());
    stream.endpointer.begin_watch();
    assert!(stream.frames(2000, 0.0).is_empty());
    stream.endpointer.cancel();
    assert!(!stream.endpointer.is_active());
    assert!(stream.frames(100, 0.9).is_empty());
}

#[test]
fn a_pause_is_told_at_once_with_what_was_said_and_so_is_its_end() {
    let mut stream = Stream::new(EndpointOptions::default());
    stream.frames(40, 0.0);
    stream.endpointer.begin_toggle();
    stream.frames(30, 0.9);
    assert!(stream.endpointer.so_far().is_some(), "words can be shown while the user speaks");
    stream.frames(2, 0.0);
    assert!(matches!(stream.pauses[..], [(71, EndpointEvent::Pause)]), "{:?}", stream.pauses);
    let said = stream.endpointer.so_far().unwrap();
    assert_eq!(numbers(&said), (40 - KEY_LEAD..72).collect::<Vec<_>>());
    assert_eq!(said.speech_ended, stream.time(69));
    assert!(stream.endpointer.silence().abs_diff(Duration::from_millis(700)) < Duration::from_micros(1));
    stream.frames(10, 0.0);
    stream.frames(10, 0.9);
    assert!(matches!(stream.pauses[1..], [(82, EndpointEvent::GoesOn)]), "{:?}", stream.pauses);
    stream.frames(10, 0.0);
    assert!(matches!(stream.pauses[2..], [(93, EndpointEvent::Pause)]), "{:?}", stream.pauses);
    assert_eq!(numbers(&stream.endpointer.so_far().unwrap()).len(), KEY_LEAD + 52 + TRAIL);
}

#[test]
fn a_held_key_has_pauses_too() {
    let mut stream = Stream::new(EndpointOptions::default());
    stream.endpointer.begin_hold();
    stream.frames(30, 0.9);
    stream.frames(30, 0.0);
    assert!(matches!(stream.pauses[..], [(31, EndpointEvent::Pause)]), "{:?}", stream.pauses);
}

#[test]
fn speech_ends_where_the_sound_does_and_not_where_the_model_notices() {
    let mut stream = Stream::new(EndpointOptions::default());
    (0..60).for_each(|_| drop(stream.frame(0.0, 0.004)));
    stream.endpointer.begin_toggle();
    (0..30).for_each(|_| drop(stream.frame(0.95, 0.1)));
    // The model goes on for three frames more.
    (0..3).for_each(|_| drop(stream.frame(0.8, 0.004)));
    assert!(matches!(stream.pauses[..], [(91, EndpointEvent::Pause)]), "{:?}", stream.pauses);
    assert_eq!(stream.endpointer.so_far().unwrap().speech_ended, stream.time(89));
}

#[test]
fn a_single_weak_frame_does_not_end_a_pause() {
    let mut stream = Stream::new(EndpointOptions::default());
    stream.frames(40, 0.0);
    stream.endpointer.begin_toggle();
    stream.frames(30, 0.9);
    stream.frames(3, 0.0);
    stream.frames(1, 0.4);
    stream.frames(3, 0.0);
    assert_eq!(stream.pauses.len(), 1);
    stream.frames(1, 0.4);
    assert_eq!(stream.pauses.len(), 2, "breath that goes on is a voice");
}

/// What can happen to an endpointer.
#[test]
fn a_word_that_begins_softly_is_told_before_it_is_known_for_one() {
    let mut stream = Stream::new(EndpointOptions::default());
    stream.endpointer.begin_toggle();
    stream.frames(30, 0.0);
    stream.frames(30, 0.9);
    stream.frames(10, 0.0);
    assert_eq!((stream.pauses.len(), stream.stirs.len()), (1, 0), "silence is no sound");
    // The level rises first, then the model sees a weak voice, then it is sure.
    for (probability, level) in [(0.1, 0.03), (0.4, 0.05), (0.9, 0.1)] {
        assert!(stream.frame(probability, level).is_none());
    }
    assert_eq!(stream.stirs, [70, 71]);
    assert!(matches!(stream.pauses[1..], [(72, EndpointEvent::GoesOn)]), "{:?}", stream.pauses);
}

#[derive(Debug, Clone)]
enum Op {
    Frames(Vec<(f32, f32)>),
    Hold,
    Toggle,
    Wake,
    Watch,
    Release,
    Cancel,
    Options(EndpointOptions),
}

fn op() -> impl Strategy<Value = Op> {
    let probability = prop_oneof![4 => 0f32..1.0, 1 => Just(0.95f32), 1 => Just(0.0f32), 1 => Just(f32::NAN)];
    let level = prop_oneof![4 => 0f32..1.0, 1 => Just(0.0f32), 1 => Just(f32::NAN)];
    let run = (prop::collection::vec((probability, level), 1..6), 1usize..30)
        .prop_map(|(frames, times)| Op::Frames(frames.iter().copied().cycle().take(frames.len() * times).collect()));
    let options = (any::<u32>(), 1u32..4, any::<u32>()).prop_map(|(silence_ms, max_seconds, no_speech_ms)| {
        Op::Options(EndpointOptions { silence_ms, longest_pause_ms: silence_ms, max_seconds, no_speech_ms })
    });
    prop_oneof![
        8 => run,
        1 => Just(Op::Hold),
        1 => Just(Op::Toggle),
        1 => Just(Op::Wake),
        1 => Just(Op::Watch),
        1 => Just(Op::Release),
        1 => Just(Op::Cancel),
        1 => options,
    ]
}

proptest! {
    /// Whatever happens: no panic, an utterance is a run of frames without a hole that ends no later than the newest, is
    /// never longer than allowed, its end was heard, and SpeechStart comes before it and only once.
    #[test]
    fn utterances_are_whole(ops in prop::collection::vec(op(), 0..40)) {
        let mut stream = Stream::new(EndpointOptions { max_seconds: 2, ..EndpointOptions::default() });
        let mut started = false;
        let mut longest = 63;
        for op in ops {
            let mut events = Vec::new();
            match op {
                Op::Frames(frames) => {
                    for (probability, level) in frames {
                        events.extend(stream.frame(probability, level));
                    }
                }
                Op::Hold => { stream.endpointer.begin_hold(); started = false; }
                Op::Toggle => { stream.endpointer.begin_toggle(); started = false; }
                Op::Wake => { stream.endpointer.begin_after_wake(); started = false; }
                Op::Watch => { stream.endpointer.begin_watch(); started = false; }
                Op::Release => events.extend(stream.endpointer.release()),
                Op::Cancel => stream.endpointer.cancel(),
                Op::Options(options) => {
                    stream.endpointer.set_options(options);
                    longest = longest.max(stream.endpointer.max_frames);
                }
            }
            for event in events {
                match event {
                    EndpointEvent::SpeechStart => {
                        prop_assert!(!started);
                        started = true;
                    }
                    EndpointEvent::SpeechEnd(utterance) | EndpointEvent::TooLong(utterance) => {
                        prop_assert!(started);
                        let numbers = numbers(&utterance);
                        prop_assert!(!numbers.is_empty() && numbers.len() <= longest + LEAD + ONSET_WINDOW);
                        prop_assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{:?}", numbers);
                        prop_assert!(*numbers.last().unwrap() < stream.index);
                        prop_assert!(utterance.speech_ended <= stream.time(stream.index - 1));
                        prop_assert!(utterance.speech_ended > stream.epoch);
                        started = false;
                    }
                    EndpointEvent::NoSpeech => started = false,
                    EndpointEvent::Pause | EndpointEvent::Stir | EndpointEvent::GoesOn => {}
                }
            }
        }
    }

    /// Whatever the frames are like, a request ends within its limits.
    #[test]
    fn a_request_always_ends(frames in prop::collection::vec((0f32..1.0, 0f32..1.0), 1..20), wake in any::<bool>()) {
        let options = EndpointOptions { max_seconds: 3, no_speech_ms: 1000, ..EndpointOptions::default() };
        let mut stream = Stream::new(options);
        if wake { stream.endpointer.begin_after_wake() } else { stream.endpointer.begin_toggle() }
        let limit = (4500 / FRAME_MS) as usize + 3 * ONSET_WINDOW;
        for (probability, level) in frames.into_iter().cycle().take(limit) {
            stream.frame(probability, level);
        }
        prop_assert!(!stream.endpointer.is_active());
    }

    /// The half second before the first word is there, however the word begins.
    #[test]
    fn the_pre_roll_is_whole(silence in 30usize..60, onset in prop::collection::vec(0f32..1.0, 0..8)) {
        let mut stream = Stream::new(EndpointOptions::default());
        stream.endpointer.begin_watch();
        stream.frames(silence, 0.0);
        let first = onset.iter().position(|p| *p >= BEGIN).map_or(silence + onset.len(), |i| silence + i);
        let mut events = Vec::new();
        for probability in onset {
            let index = stream.index;
            events.extend(stream.frame(probability, 0.1).map(|event| (index, event)));
        }
        events.extend(stream.frames(20, 0.9));
        events.extend(stream.frames(60, 0.0));
        let numbers = numbers(utterance(&events));
        // An onset too thin to be speech yet may lie further back than the window.
        prop_assert!(numbers[0] <= first + ONSET_WINDOW - LEAD, "{} {}", numbers[0], first);
        prop_assert!(numbers.len() >= LEAD + 20);
    }
}

#[test]
fn nothing_from_before_a_reset_is_in_an_utterance() {
    let mut endpointer = Endpointer::new(EndpointOptions::default());
    let now = Instant::now();
    let frame = |index, level| AudioFrame { index, samples: [level; FRAME_SAMPLES] };
    for index in 0..40 {
        endpointer.process(&frame(index, 0.9), 0.0, now);
    }
    endpointer.reset();
    endpointer.begin_hold();
    for index in 40..60 {
        endpointer.process(&frame(index, 0.2), 0.9, now);
    }
    for index in 60..64 {
        endpointer.process(&frame(index, 0.0), 0.0, now);
    }
    let Some(EndpointEvent::SpeechEnd(utterance)) = endpointer.release() else { panic!("no utterance") };
    assert!(utterance.samples.iter().all(|sample| *sample < 0.5));
}
