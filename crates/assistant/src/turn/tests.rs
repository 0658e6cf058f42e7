//! Golden traces: what goes in at which time, and all that comes out.

use std::fmt::Write;

use super::*;
use jarvis_core::{Route, Slots};

/// A turn with a clock of its own, which writes down everything.
struct Trace {
    turn: Turn,
    start: Instant,
    now: Instant,
    text: String,
}

impl Trace {
    fn new(options: TurnOptions) -> Self {
        let start = Instant::now();
        Self { turn: Turn::new(options), start, now: start, text: String::new() }
    }

    /// `input`, `ms` after the one before.
    fn after(&mut self, ms: u64, input: Input) -> &mut Self {
        self.now += Duration::from_millis(ms);
        let at = (self.now - self.start).as_millis();
        writeln!(self.text, "{at:>6} ms  {}", describe_input(&input)).unwrap();
        let mut actions = Vec::new();
        self.turn.on(input, self.now, &mut actions);
        for action in &actions {
            writeln!(self.text, "             -> {}", describe(action)).unwrap();
        }
        self
    }

    fn utterance(&self, silence_ms: u64) -> Utterance {
        Utterance { samples: vec![0.0; 24_000], speech_ended: self.now - Duration::from_millis(silence_ms) }
    }
}

fn describe_input(input: &Input) -> String {
    match input {
        Input::Heard(turn, utterance) => format!("Heard({turn}, {:.1} s)", utterance.seconds()),
        other => format!("{other:?}"),
    }
}

fn describe(action: &Action) -> String {
    match action {
        Action::Emit(turn, event) => {
            let turn = turn.map_or("-".into(), |turn| turn.to_string());
            format!("[{turn}] {}", serde_json::to_string(event).unwrap())
        }
        Action::Transcribe(turn, utterance) => format!("Transcribe({turn}, {:.1} s)", utterance.seconds()),
        other => format!("{other:?}"),
    }
}

fn understood(turn: TurnId, intent: &str) -> Input {
    let route = if intent == "chat" { Route::Model } else { Route::Pattern };
    Input::Understood { turn, intent: intent.into(), slots: Slots::new(), confidence: 1.0, route }
}

const ONE: TurnId = TurnId(1);
const TWO: TurnId = TurnId(2);

/// A question by wake word up to the first sound of its answer.
fn answering(trace: &mut Trace) {
    trace.after(0, Input::Wake { model: "hey_jarvis".into(), score: 0.9 });
    trace.after(300, Input::SpeechStarted(ONE));
    let utterance = trace.utterance(0);
    trace.after(
        1500,
        Input::Heard(ONE, Utterance { speech_ended: trace.now + Duration::from_millis(800), ..utterance }),
    );
    trace
        .after(400, Input::Transcribed(ONE, "What time is it?".into()))
        .after(2, understood(ONE, "time.now"))
        .after(1, Input::Text(ONE, "It is noon.".into()))
        .after(0, Input::Clause(ONE, "It is noon.".into()))
        .after(0, Input::Answered(ONE))
        .after(60, Input::Synthesized(ONE, 1.0))
        .after(5, Input::Started(ONE));
}

#[test]
fn a_skill_answers_a_question_by_wake_word() {
    let mut trace = Trace::new(TurnOptions::default());
    answering(&mut trace);
    trace.after(1000, Input::Finished(ONE));
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn the_language_model_speaks_clause_by_clause() {
    let mut trace = Trace::new(TurnOptions::default());
    trace
        .after(0, Input::Ask("Why is the sky blue?".into()))
        .after(3, understood(ONE, "chat"))
        .after(200, Input::FirstToken(ONE))
        .after(50, Input::Text(ONE, "Because air scatters".into()))
        .after(10, Input::Text(ONE, " blue light. It does.".into()))
        .after(0, Input::Clause(ONE, "Because air scatters blue light.".into()))
        .after(60, Input::Synthesized(ONE, 2.0))
        .after(5, Input::Started(ONE))
        .after(90, Input::Clause(ONE, "It does.".into()))
        .after(0, Input::Answered(ONE))
        .after(40, Input::Synthesized(ONE, 0.5))
        .after(2400, Input::Finished(ONE));
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn speech_over_the_answer_silences_it_and_is_listened_to() {
    let mut trace = Trace::new(TurnOptions::default());
    answering(&mut trace);
    trace.after(300, Input::SpokeOver(ONE));
    // What was under way for the answer comes too late.
    trace.after(5, Input::Clause(ONE, "And".into())).after(5, Input::Finished(ONE));
    let utterance = trace.utterance(700);
    trace
        .after(900, Input::Heard(TWO, utterance))
        .after(300, Input::Transcribed(TWO, "Stop.".into()))
        .after(1, understood(TWO, "assistant.stop"))
        .after(0, Input::StopAsked(TWO));
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn a_held_key_records_until_it_is_let_go() {
    let mut trace = Trace::new(TurnOptions::default());
    // Keys repeat while they are down.
    trace.after(0, Input::Press).after(500, Input::Press).after(200, Input::SpeechStarted(ONE));
    trace.after(1000, Input::Release);
    let utterance = trace.utterance(100);
    trace.after(10, Input::Heard(ONE, utterance)).after(300, Input::Transcribed(ONE, String::new()));
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn a_failing_recognizer_is_told_aloud() {
    let mut trace = Trace::new(TurnOptions { hold_to_talk: false, ..TurnOptions::default() });
    trace.after(0, Input::Press).after(900, Input::Press);
    let utterance = trace.utterance(0);
    let error = Error::new("stt.failed", "I could not understand that.", "Run `jarvis doctor`.");
    trace
        .after(10, Input::Heard(ONE, utterance))
        .after(50, Input::Failed(ONE, Stage::Recognize, error))
        .after(60, Input::Synthesized(ONE, 1.0))
        .after(5, Input::Started(ONE))
        .after(1000, Input::Finished(ONE));
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn a_mind_that_hangs_is_given_up_and_that_is_said() {
    let mut trace = Trace::new(TurnOptions::default());
    trace.after(0, Input::Ask("Hello?".into())).after(29_999, Input::Tick).after(1, Input::Tick);
    trace.after(10, Input::Clause(ONE, "Too late.".into()));
    trace.after(10, Input::Synthesized(TWO, 1.0)).after(1500, Input::Finished(TWO));
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn an_alarm_waits_for_the_user_and_then_rings() {
    let mut trace = Trace::new(TurnOptions::default());
    trace
        .after(0, Input::Ask("What is two and two?".into()))
        .after(1, Input::Due { spoken: "Your tea timer is done.".into(), shown: "Tea".into() })
        .after(1, Input::Clause(ONE, "Four.".into()))
        .after(0, Input::Answered(ONE))
        .after(500, Input::Finished(ONE))
        .after(100, Input::Started(TWO))
        .after(200, Input::Stop);
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn without_a_speaker_the_answer_is_written() {
    let mut trace = Trace::new(TurnOptions::default());
    trace
        .after(0, Input::Voice(Voice::None))
        .after(0, Input::Ask("What is two and two?".into()))
        .after(1, Input::Text(ONE, "Four.".into()))
        .after(0, Input::Clause(ONE, "Four.".into()))
        .after(0, Input::Answered(ONE));
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn a_speaker_that_fails_leaves_the_answer_in_writing() {
    let mut trace = Trace::new(TurnOptions::default());
    let error = Error::new("audio.no_speaker", "There is no speaker.", "Plug one in.");
    trace
        .after(0, Input::Ask("Why?".into()))
        .after(1, Input::Clause(ONE, "Because.".into()))
        .after(1, Input::Failed(ONE, Stage::Speak, error))
        .after(1, Input::Text(ONE, "More.".into()))
        .after(0, Input::Clause(ONE, "More.".into()))
        .after(0, Input::Answered(ONE));
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn muting_closes_the_microphone_and_the_key_says_why_nothing_happens() {
    let mut trace = Trace::new(TurnOptions::default());
    trace.after(0, Input::Press).after(100, Input::Mute).after(10, Input::Release).after(500, Input::Press);
    trace.after(10, Input::Wake { model: "hey_jarvis".into(), score: 0.9 }).after(10, Input::Unmute);
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn a_key_without_a_microphone_is_answered_aloud() {
    let mut trace = Trace::new(TurnOptions::default());
    let error = Error::new("audio.no_microphone", "There is no microphone.", "Plug one in.");
    trace.after(0, Input::Ear(Err(error))).after(0, Input::Press).after(80, Input::Synthesized(ONE, 1.5));
    trace.after(10, Input::Release).after(1600, Input::Finished(ONE));
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn a_wake_word_that_was_drawn_out_is_no_question() {
    let mut trace = Trace::new(TurnOptions::default());
    trace.after(0, Input::Wake { model: "hey_jarvis".into(), score: 0.9 }).after(200, Input::SpeechStarted(ONE));
    let utterance = trace.utterance(700);
    trace.after(900, Input::Heard(ONE, utterance)).after(200, Input::Transcribed(ONE, "Hey Jarvis.".into()));
    trace.after(400, Input::SpeechStarted(ONE));
    let utterance = trace.utterance(0);
    trace.after(1500, Input::Heard(ONE, utterance)).after(200, Input::Transcribed(ONE, "Hey Jarvis!".into()));
    assert_eq!(trace.turn.state(), AssistantState::Thinking);
    insta::assert_snapshot!(trace.text);
}
