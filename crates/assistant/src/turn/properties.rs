//! Whatever happens in whatever order: it ends in Idle, and nothing is done for a turn that was given up.

use std::collections::{HashMap, HashSet};

use super::*;
use crate::router::ending::Ending;
use jarvis_core::{Route, Slots, Utterance};
use proptest::prelude::*;

/// Something that happens, with its turn counted back from the last one, so that stale ones come up often.
#[derive(Debug, Clone)]
pub(super) struct Op {
    pub(super) kind: u8,
    pub(super) turns_ago: u64,
    pub(super) ms: u64,
}

const KINDS: u8 = 52;

pub(super) fn op() -> impl Strategy<Value = Op> {
    (0..KINDS, prop_oneof![6 => Just(0u64), 1 => 1..3u64], prop_oneof![8 => 0..500u64, 1 => 5_000..60_000u64])
        .prop_map(|(kind, turns_ago, ms)| Op { kind, turns_ago, ms })
}

/// The words of a take say which it was.
fn words(take: u32) -> String {
    format!("take {take}")
}

pub(super) fn input(op: &Op, now_turn: &Turn, now: Instant) -> Input {
    let last = now_turn.last;
    let turn = TurnId(last.0.saturating_sub(op.turns_ago));
    let takes = now_turn.present.as_ref().map_or(0, |present| present.takes);
    let take = takes.saturating_sub(u32::from(op.ms.is_multiple_of(5)));
    let ending = [Ending::Command, Ending::Question, Ending::Open, Ending::Unfinished][(op.ms % 4) as usize];
    let utterance = || Utterance { samples: vec![0.0; 160], speech_ended: now - Duration::from_millis(op.ms % 100) };
    let error = || Error::new("test.failed", "It failed.", "");
    match op.kind {
        0 => Input::Press,
        1 => Input::Release,
        2 => Input::Toggle,
        3 => Input::Start,
        4 => Input::Stop,
        5 => Input::Cancel,
        6 => Input::Mute,
        7 => Input::Unmute,
        8 if op.ms.is_multiple_of(2) => Input::Write("why".into()),
        8 => Input::Ask("why".into()),
        9 => Input::Wake { model: "hey_jarvis".into(), score: 0.7 },
        10 => Input::SpokeOver(turn),
        11 => Input::SpeechStarted(turn),
        12 | 13 => Input::Heard(turn, utterance()),
        14 => Input::HeardNothing(turn),
        15 => Input::Partial(turn, "wh".into()),
        16 => {
            let text = if op.ms.is_multiple_of(3) { "Hey Jarvis.".into() } else { words(take) };
            Input::Transcribed { turn, take, text, ending }
        }
        17 => Input::Transcribed { turn, take, text: String::new(), ending },
        18 => {
            Input::Understood { turn, intent: "chat".into(), slots: Slots::new(), confidence: 0.5, route: Route::Model }
        }
        19 => Input::FirstToken(turn),
        20 => Input::Text(turn, "so".into()),
        21 | 22 => Input::Clause(turn, "so.".into()),
        23 => Input::Answered(turn),
        24 => Input::StopAsked(turn),
        25 => Input::Synthesized(turn, 0.4),
        26 => Input::Started(turn),
        27 => Input::Finished(turn),
        28 => Input::Failed(
            turn,
            [Stage::Listen, Stage::Recognize, Stage::Think, Stage::Speak][(op.ms % 4) as usize],
            error(),
        ),
        31..=33 => Input::Paused { turn, utterance: utterance(), silence: Duration::from_millis(700) },
        34 | 35 => Input::WentOn(turn),
        46 => Input::Stirred(turn),
        36 => Input::Spoken(turn, vec![0.0; 160]),
        37 => Input::SpokeUp,
        38..=40 => Input::Transcribed { turn, take, text: words(take), ending },
        41 => Input::MaySpeakOver(turn, op.ms.is_multiple_of(2)),
        42 => Input::SpokeOver(turn),
        43 => Input::Transcribed { turn, take, text: ["mhm", "so.", "so so"][(op.ms % 3) as usize].into(), ending },
        44 => Input::Called(turn, vec![0.0; 160]),
        45 => Input::NotCalled(turn),
        47 => Input::WasCalled(turn),
        48 | 49 => Input::Lasted(turn, utterance()),
        50 => Input::Weighed(turn, if op.ms.is_multiple_of(3) { 0.0 } else { 0.9 }),
        51 => Input::Acts(turn),
        29 => Input::Due { spoken: "tea".into(), shown: "tea".into() },
        _ => match op.ms % 6 {
            0 => Input::Ear(Err(error())),
            1 => Input::Voice(Voice::None),
            2 => Input::Voice(Voice::Tones),
            3 | 4 => Input::Voice(Voice::Words),
            _ => Input::Ear(Ok(())),
        },
    }
}

/// Sees every action and knows what may not follow.
#[derive(Default)]
struct Watcher {
    given_up: HashSet<TurnId>,
    ended: HashSet<TurnId>,
    last_words: HashSet<TurnId>,
    /// What acts was to begin.
    decided: HashSet<TurnId>,
    muted: bool,
    /// The newest take of each turn, and the ones that were dropped.
    takes: HashMap<TurnId, u32>,
    dropped: HashSet<(TurnId, u32)>,
    /// The take of each turn that was to be heard again, and the ones that this became.
    asked: HashMap<TurnId, u32>,
    again: HashSet<(TurnId, u32)>,
    /// The answer that is held.
    held: Option<TurnId>,
    /// What is spoken is quieter.
    ducked: bool,
}

impl Watcher {
    fn see(&mut self, action: &Action, now: &Turn) {
        match action {
            Action::Duck(quieter) => self.ducked = *quieter,
            // The speaker is as loud as before after each of these.
            Action::Hold(_) | Action::Silence | Action::Emit(_, AssistantEvent::TurnEnd { .. }) => self.ducked = false,
            _ => {}
        }
        let working_for = match action {
            Action::Listen { turn, .. } => {
                assert!(!self.muted, "listens while muted");
                Some(*turn)
            }
            Action::Transcribe { turn, take, .. } => {
                let before = self.takes.insert(*turn, *take);
                if before.is_some() && self.asked.get(turn) == before.as_ref() && is_look(now, *turn, *take) {
                    self.again.insert((*turn, *take));
                }
                Some(*turn)
            }
            Action::HearAgain(turn) => {
                let newest = self.takes.get(turn).copied();
                assert!(newest.is_some_and(|take| !self.again.contains(&(*turn, take))), "heard a third time");
                assert_ne!(self.asked.insert(*turn, newest.unwrap_or(0)), newest, "asked twice for one pause");
                Some(*turn)
            }
            Action::Drop(turn, take) => {
                self.dropped.insert((*turn, *take));
                Some(*turn)
            }
            Action::Think(turn, text) => {
                if let Some(take) = text.strip_prefix("take ").and_then(|take| take.parse().ok()) {
                    let newest = self.takes.get(turn).copied().unwrap_or(0);
                    // When the second look comes too late, the words of the first are good enough.
                    let first = self.again.contains(&(*turn, newest)) && take + 1 == newest;
                    assert!(take == newest || first, "words of an old take");
                    assert!(!self.dropped.contains(&(*turn, take)), "words of a take that was dropped");
                }
                Some(*turn)
            }
            Action::Decided(turn) => {
                assert!(self.decided.insert(*turn), "decided twice");
                assert!(!now.is_revocable(), "decided, and may be revoked");
                Some(*turn)
            }
            Action::Unthink(turn) => {
                assert!(!self.decided.contains(turn), "taken back after it was decided");
                None
            }
            Action::Ahead(id, _) => Some(*id),
            Action::Speak(id, _) => {
                let withheld = now.present.as_ref().is_some_and(|present| present.withheld.is_some());
                assert!(!withheld, "spoken before the pause was long enough");
                Some(*id)
            }
            Action::Continue { from, to } => {
                assert!(!self.given_up.contains(from) && !self.ended.contains(from));
                Some(*to)
            }
            Action::Hold(turn) => {
                assert_eq!(self.held.replace(*turn), None, "two are held");
                Some(*turn)
            }
            Action::Resume(turn) => {
                assert_eq!(self.held.take(), Some(*turn), "goes on and was not held");
                Some(*turn)
            }
            Action::Finish(turn) | Action::Glimpse(turn, _) | Action::Ring(turn) => Some(*turn),
            Action::LastWords(turn) => {
                assert!(self.last_words.insert(*turn), "last words twice for turn {turn}");
                Some(*turn)
            }
            Action::GiveUp(turn) => {
                assert!(self.given_up.insert(*turn), "turn {turn} given up twice");
                self.held.take_if(|held| held == turn);
                None
            }
            Action::Microphone(on) => {
                self.muted = !on;
                None
            }
            Action::Emit(Some(turn), AssistantEvent::TurnEnd { timings_ms }) => {
                assert!(self.ended.insert(*turn), "turn {turn} ended twice");
                assert!(timings_ms.windows(2).all(|pair| pair[0].1 <= pair[1].1), "time runs backward: {timings_ms:?}");
                None
            }
            Action::Emit(Some(turn), event) => {
                assert!(
                    !self.ended.contains(turn) || matches!(event, AssistantEvent::State { .. }),
                    "event after the end of turn {turn}: {event:?}"
                );
                None
            }
            _ => None,
        };
        if let Some(worked) = working_for {
            assert!(
                self.held != Some(worked) || matches!(action, Action::Hold(_)),
                "{action:?} for an answer that is held"
            );
            assert!(!self.given_up.contains(&worked), "{action:?} for a turn that was given up");
            assert!(!self.ended.contains(&worked), "{action:?} for a turn that is over");
            assert!(worked <= now.last, "{action:?} for a turn that has not begun");
        }
    }
}

/// Whether `turn` recognizes something for the second time in `take`.
fn is_look(now: &Turn, turn: TurnId, take: u32) -> bool {
    now.present.as_ref().is_some_and(|present| present.id == turn && present.look == Some(Look::Taken(take)))
}

pub(super) fn options() -> impl Strategy<Value = TurnOptions> {
    (any::<bool>(), any::<bool>(), any::<bool>(), 0u64..2).prop_map(
        |(hold_to_talk, speech_interrupts, wake_word_interrupts, follow_up)| TurnOptions {
            hold_to_talk,
            speech_interrupts,
            wake_word_interrupts,
            follow_up: Duration::from_secs(4 * follow_up),
            ..TurnOptions::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn it_always_returns_to_idle_and_never_works_for_a_turn_that_is_over(
        options in options(),
        ops in prop::collection::vec(op(), 0..120),
    ) {
        let mut turn = Turn::new(options);
        let mut watcher = Watcher::default();
        let mut now = Instant::now();
        let mut actions = Vec::new();
        for op in &ops {
            now += Duration::from_millis(op.ms);
            // The coordinator never sleeps past a deadline.
            while turn.deadline().is_some_and(|deadline| deadline <= now) {
                turn.on(Input::Tick, now, &mut actions);
            }
            let input = input(op, &turn, now);
            turn.on(input, now, &mut actions);
            for action in actions.drain(..) {
                watcher.see(&action, &turn);
            }
            prop_assert_eq!(
                turn.deadline().is_none(),
                turn.state() == AssistantState::Idle && turn.attentive_until.is_none()
            );
            prop_assert_eq!(turn.id().is_none(), turn.state() == AssistantState::Idle);
            prop_assert_eq!(turn.is_muted(), watcher.muted);
            if let Some(Present { phase, look: Some(look), .. }) = &turn.present {
                let waits = matches!(phase, Phase::Listening { pause: Some(pause), .. } if pause.guess.is_some());
                prop_assert!(waits, "a second look at nothing: {look:?} in {phase:?}");
            }
            let can_be_spoken_over = turn.state() == AssistantState::Speaking && !turn.is_muted() && turn.ear.is_ok();
            prop_assert!(!watcher.ducked || can_be_spoken_over, "it stays quiet");
        }
        // Nothing happens any more: time alone brings it home, waiting alarms and all.
        let mut ticks = 0;
        while let Some(deadline) = turn.deadline() {
            now = deadline;
            turn.on(Input::Tick, now, &mut actions);
            ticks += 1;
            prop_assert!(ticks < 6 * (super::alarms::WAITING + 2), "never comes to rest");
        }
        for action in actions.drain(..) {
            watcher.see(&action, &turn);
        }
        prop_assert_eq!(turn.state(), AssistantState::Idle);
        prop_assert_eq!(watcher.ended.len() as u64, turn.last.0, "every turn ends once");
    }

    #[test]
    fn stop_and_cancel_silence_at_once(options in options(), ops in prop::collection::vec(op(), 0..80), cancel: bool) {
        let mut turn = Turn::new(options);
        let mut now = Instant::now();
        let mut actions = Vec::new();
        for op in &ops {
            now += Duration::from_millis(op.ms);
            let input = input(op, &turn, now);
            turn.on(input, now, &mut actions);
        }
        actions.clear();
        let was_listening = turn.state() == AssistantState::Listening;
        turn.on(if cancel { Input::Cancel } else { Input::Stop }, now, &mut actions);
        if cancel || !was_listening {
            prop_assert_eq!(turn.state(), AssistantState::Idle);
            prop_assert!(actions.iter().any(|action| matches!(action, Action::Silence)));
            prop_assert!(actions.iter().any(|action| matches!(action, Action::SilenceAlarms)));
        }
    }

    #[test]
    fn a_stale_result_changes_nothing(ops in prop::collection::vec(op(), 0..60), late in op()) {
        let mut turn = Turn::new(TurnOptions::default());
        let mut now = Instant::now();
        let mut actions = Vec::new();
        for op in &ops {
            now += Duration::from_millis(op.ms);
            let input = input(op, &turn, now);
            turn.on(input, now, &mut actions);
        }
        if [10..=28, 31..=36, 38..=51].iter().any(|kinds| kinds.contains(&late.kind)) {
            actions.clear();
            let before = (turn.state(), turn.id(), turn.deadline());
            let stale = Op { turns_ago: late.turns_ago.max(1), ..late };
            let input = input(&stale, &turn, now);
            // An answer that was held is present again after later turns.
            if input.turn() != turn.id() {
                turn.on(input, now, &mut actions);
                prop_assert!(actions.is_empty(), "{actions:?}");
                prop_assert_eq!(before, (turn.state(), turn.id(), turn.deadline()));
            }
        }
    }
}
