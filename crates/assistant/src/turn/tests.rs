//! Golden traces: what goes in at which time, and all that comes out.

mod acts;
mod doubt;
mod whole;

use std::fmt::Write;

use super::early::WHOLE;
use super::*;
use crate::router::ending::Ending;
use jarvis_core::{Route, Slots, Utterance};

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
        Input::Paused { turn, utterance, silence } => {
            format!("Paused({turn}, {:.1} s, {} ms)", utterance.seconds(), silence.as_millis())
        }
        Input::Lasted(turn, utterance) => format!("Lasted({turn}, {:.1} s)", utterance.seconds()),
        Input::Spoken(turn, samples) => format!("Spoken({turn}, {} samples)", samples.len()),
        other => format!("{other:?}"),
    }
}

fn describe(action: &Action) -> String {
    match action {
        Action::Emit(turn, event) => {
            let turn = turn.map_or("-".into(), |turn| turn.to_string());
            format!("[{turn}] {}", serde_json::to_string(event).unwrap())
        }
        Action::Transcribe { turn, take, utterance, over_answer } => {
            let over = if *over_answer { ", over an answer" } else { "" };
            format!("Transcribe({turn}, take {take}, {:.1} s{over})", utterance.seconds())
        }
        Action::Glimpse(turn, samples) => format!("Glimpse({turn}, {} samples)", samples.len()),
        other => format!("{other:?}"),
    }
}

fn words(turn: TurnId, take: u32, text: String, ending: Ending) -> Input {
    Input::Transcribed { turn, take, text, ending }
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
        .after(400, words(ONE, 1, "What time is it?".into(), Ending::Command))
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
        .after(300, words(TWO, 1, "Stop.".into(), Ending::Command))
        .after(1, understood(TWO, "assistant.stop"))
        .after(0, Input::StopAsked(TWO));
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn how_much_of_what_is_read_from_the_screen_was_heard_is_told_before_what_comes_next() {
    let reading = |said: &str, stays_here| {
        let clause = |text: &str| Input::Clause(ONE, Clause { text: text.into(), stays_here });
        let mut trace = Trace::new(TurnOptions::default());
        trace
            .after(0, Input::Ask("Read this.".into()))
            .after(3, understood(ONE, "screen.read"))
            .after(0, clause("One two three."))
            .after(0, clause("Four five."))
            .after(0, clause("Six."))
            .after(0, Input::Answered(ONE))
            .after(60, Input::Synthesized(ONE, 1.0))
            .after(5, Input::Started(ONE))
            .after(10, Input::Synthesized(ONE, 1.0))
            .after(10, Input::Synthesized(ONE, 1.0))
            // In the second one.
            .after(1500, Input::SpokeOver(ONE));
        let utterance = trace.utterance(100);
        trace.after(900, Input::Heard(TWO, utterance)).after(300, words(TWO, 1, said.into(), Ending::Command));
        trace.text
    };
    let text = reading("Stop.", true);
    let (cut, next) = (text.find("CutShort(TurnId(1), 3)"), text.find("Think(TurnId(2)"));
    assert!(cut.is_some() && cut < next, "{text}");
    assert!(!reading("", true).contains("CutShort"), "it goes on by itself");
    assert!(!reading("Stop.", false).contains("CutShort"), "it is over");

    // By a key it is the same, and what was heard to its end was not cut.
    for (ms, cut) in [(1500, true), (3500, false)] {
        let mut trace = Trace::new(TurnOptions::default());
        let clause = Clause { text: "One two three.".into(), stays_here: true };
        trace
            .after(0, Input::Ask("Read this.".into()))
            .after(3, understood(ONE, "screen.read"))
            .after(0, Input::Clause(ONE, clause))
            .after(0, Input::Answered(ONE))
            .after(60, Input::Synthesized(ONE, 3.0))
            .after(5, Input::Started(ONE))
            .after(ms, Input::Stop);
        assert_eq!(trace.text.contains("CutShort(TurnId(1), 0)"), cut, "{}", trace.text);
    }
}

#[test]
fn after_a_cough_the_answer_goes_on_with_all_that_was_made_meanwhile() {
    let mut trace = Trace::new(TurnOptions::default());
    answering(&mut trace);
    trace.after(250, Input::MaySpeakOver(ONE, true)).after(50, Input::SpokeOver(ONE));
    trace.after(5, Input::SpeechStarted(TWO)).after(5, Input::Clause(ONE, "And".into()));
    let utterance = trace.utterance(100);
    trace
        .after(300, Input::Paused { turn: TWO, utterance, silence: Duration::from_millis(700) })
        .after(150, words(TWO, 1, String::new(), Ending::Open));
    assert_eq!((trace.turn.state(), trace.turn.id()), (AssistantState::Speaking, Some(ONE)));
    trace.after(900, Input::Finished(ONE));
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    insta::assert_snapshot!(trace.text);
}

/// The answer's state after `heard` was said, or seemed to be said, over "It is noon.", which had been heard `ms` before.
fn after_hearing(heard: &str, ms: u64) -> AssistantState {
    let mut trace = Trace::new(TurnOptions::default());
    answering(&mut trace);
    trace.after(ms, Input::SpokeOver(ONE)).after(5, Input::SpeechStarted(TWO));
    let utterance = trace.utterance(100);
    trace.after(300, Input::Heard(TWO, utterance)).after(150, words(TWO, 1, heard.into(), Ending::Open));
    trace.turn.state()
}

#[test]
fn its_own_words_and_murmurs_do_not_end_an_answer_and_all_others_do() {
    for heard in ["", "It is noon.", "is noon", "Noon!", "Mhm."] {
        assert_eq!(after_hearing(heard, 300), AssistantState::Speaking, "{heard}");
    }
    for heard in ["Stop.", "No.", "What time is it?", "It is late.", "Why?"] {
        assert_eq!(after_hearing(heard, 300), AssistantState::Thinking, "{heard}");
    }
    // Long ago it may be the user who says them.
    assert_eq!(after_hearing("It is noon.", 9_000), AssistantState::Thinking);
}

#[test]
fn whatever_befalls_an_interruption_the_answer_goes_on_or_is_given_up() {
    let over = || {
        let mut trace = Trace::new(TurnOptions::default());
        answering(&mut trace);
        trace.after(300, Input::SpokeOver(ONE));
        trace
    };
    let error = || Error::new("test.failed", "It failed.", "");
    let goes_on: [Input; 4] =
        [Input::HeardNothing(TWO), Input::Failed(TWO, Stage::Listen, error()), Input::Mute, Input::Tick];
    for input in goes_on {
        let mut trace = over();
        trace.after(patience::HELD.as_millis() as u64, input);
        assert_eq!((trace.turn.state(), trace.turn.id()), (AssistantState::Speaking, Some(ONE)), "{}", trace.text);
    }
    for (input, state) in [
        (Input::Stop, AssistantState::Idle),
        (Input::Cancel, AssistantState::Idle),
        (Input::Press, AssistantState::Listening),
        (Input::Ask("why".into()), AssistantState::Thinking),
    ] {
        let mut trace = over();
        trace.after(200, input);
        assert_eq!(trace.turn.state(), state, "{}", trace.text);
        assert!(trace.text.contains("GiveUp(TurnId(1))"), "{}", trace.text);
    }
}

#[test]
fn a_held_key_records_until_it_is_let_go() {
    let mut trace = Trace::new(TurnOptions::default());
    // Keys repeat while they are down.
    trace.after(0, Input::Press).after(500, Input::Press).after(200, Input::SpeechStarted(ONE));
    trace.after(1000, Input::Release);
    let utterance = trace.utterance(100);
    trace.after(10, Input::Heard(ONE, utterance)).after(300, words(ONE, 1, String::new(), Ending::Command));
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
    trace.after(900, Input::Heard(ONE, utterance)).after(200, words(ONE, 1, "Hey Jarvis.".into(), Ending::Command));
    trace.after(400, Input::SpeechStarted(ONE));
    let utterance = trace.utterance(0);
    trace.after(1500, Input::Heard(ONE, utterance)).after(200, words(ONE, 2, "Hey Jarvis!".into(), Ending::Command));
    assert_eq!(trace.turn.state(), AssistantState::Thinking);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn a_call_that_is_known_for_one_only_after_muting_is_not_listened_after() {
    let mut trace = Trace::new(TurnOptions::default());
    trace.after(0, Input::Wake { model: "hey_jarvis".into(), score: 0.9 }).after(200, Input::SpeechStarted(ONE));
    let utterance = trace.utterance(700);
    trace.after(900, Input::Heard(ONE, utterance)).after(50, Input::Mute);
    trace.after(150, words(ONE, 1, "Hey Jarvis.".into(), Ending::Command));
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    assert!(!trace.text.split("Mute").nth(1).unwrap().contains("Listen"), "{}", trace.text);
}

impl Trace {
    /// A question up to a pause in it, noticed 80 ms after it began, whose words are known 120 ms later.
    fn pausing(&mut self, turn: TurnId, take: u32, text: &str, ending: Ending) -> &mut Self {
        let utterance = self.utterance(0);
        self.after(
            80,
            Input::Paused {
                turn,
                utterance: Utterance { speech_ended: self.now, ..utterance },
                silence: Duration::from_millis(700),
            },
        );
        self.after(120, words(turn, take, text.into(), ending))
    }

    /// Lets time pass, as the coordinator does: it comes back at each deadline.
    fn wait(&mut self, ms: u64) -> &mut Self {
        let until = self.now + Duration::from_millis(ms);
        while let Some(deadline) = self.turn.deadline().filter(|deadline| *deadline <= until) {
            self.after(deadline.saturating_duration_since(self.now).as_millis() as u64, Input::Tick);
        }
        self.now = until;
        self
    }
}

fn asking() -> Trace {
    let mut trace = Trace::new(TurnOptions::default());
    trace.after(0, Input::Start).after(300, Input::SpeechStarted(ONE)).wait(1000);
    trace
}

#[test]
fn a_command_ends_as_soon_as_it_is_recognized() {
    let mut trace = asking();
    trace.pausing(ONE, 1, "What time is it?", Ending::Command);
    assert_eq!(trace.turn.state(), AssistantState::Thinking);
    trace.after(2, understood(ONE, "time.now")).after(1, Input::Clause(ONE, "It is noon.".into()));
    trace.after(0, Input::Answered(ONE)).after(80, Input::Started(ONE)).after(900, Input::Finished(ONE));
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn a_question_is_thought_about_early_and_answered_when_the_pause_was_long_enough() {
    let mut trace = asking();
    trace.pausing(ONE, 1, "Why is the sky blue?", Ending::Question).wait(100);
    assert_eq!(trace.turn.state(), AssistantState::Thinking);
    trace.after(100, Input::Text(ONE, "It scatters.".into())).after(0, Input::Clause(ONE, "It scatters.".into()));
    trace.after(5, Input::Answered(ONE)).wait(400);
    assert_eq!(trace.turn.state(), AssistantState::Speaking);
    trace.after(50, Input::Started(ONE)).after(900, Input::Finished(ONE));
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn a_question_that_goes_on_was_one_question_all_along() {
    let mut trace = asking();
    trace.pausing(ONE, 1, "Tell me about the Roman.", Ending::Question).wait(100);
    trace.after(100, Input::Clause(ONE, "The Romans were".into())).after(200, Input::WentOn(ONE));
    assert_eq!((trace.turn.state(), trace.turn.id()), (AssistantState::Listening, Some(TWO)));
    // What was under way comes too late.
    trace.after(10, Input::Clause(ONE, "people.".into())).after(0, Input::Answered(ONE)).wait(800);
    trace.pausing(TWO, 1, "Tell me about the Roman empire.", Ending::Question).wait(600);
    trace.after(0, Input::Clause(TWO, "It fell.".into())).after(0, Input::Answered(TWO));
    trace.after(90, Input::Started(TWO)).after(900, Input::Finished(TWO));
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn a_sound_in_the_pause_is_listened_to_before_the_answer_is_heard_and_not_for_ever() {
    let mut trace = asking();
    trace.pausing(ONE, 1, "Who wrote the book?", Ending::Question).wait(100);
    trace.after(100, Input::Clause(ONE, "Somebody".into())).wait(380);
    // 780 ms after the end of speech, and the answer was to be heard at 800.
    trace.after(0, Input::Stirred(ONE)).wait(70);
    assert_eq!(trace.turn.state(), AssistantState::Thinking);
    trace.after(0, Input::WentOn(ONE));
    assert_eq!((trace.turn.state(), trace.turn.id()), (AssistantState::Listening, Some(TWO)));

    trace.pausing(TWO, 1, "Who wrote the book about the whale?", Ending::Question).wait(100);
    trace.after(100, Input::Clause(TWO, "Melville.".into())).wait(380);
    for _ in 0..10 {
        trace.after(0, Input::Stirred(TWO)).wait(32);
    }
    // A noise that goes on is no voice.
    assert_eq!(trace.turn.state(), AssistantState::Speaking);
}

#[test]
fn a_command_is_not_whole_while_there_is_a_sound() {
    let mut trace = asking();
    let utterance = trace.utterance(60);
    trace.after(0, Input::Paused { turn: ONE, utterance, silence: Duration::from_millis(700) });
    trace.after(60, Input::Stirred(ONE)).after(30, Input::Stirred(ONE));
    trace.after(10, words(ONE, 1, "What is 87 plus 50?".into(), Ending::Command)).wait(20);
    assert_eq!(trace.turn.state(), AssistantState::Listening);
    trace.after(0, Input::WentOn(ONE)).wait(400);
    trace.pausing(ONE, 2, "What is 87 plus 57?", Ending::Command);
    assert_eq!(trace.turn.state(), AssistantState::Thinking);
}

#[test]
fn an_unfinished_sentence_is_waited_for() {
    let mut trace = asking();
    trace.pausing(ONE, 1, "What is the capital of?", Ending::Unfinished).wait(1500);
    assert_eq!(trace.turn.state(), AssistantState::Listening);
    trace.after(0, Input::WentOn(ONE)).wait(500);
    trace.pausing(ONE, 2, "What is the capital of France?", Ending::Question).wait(60);
    assert_eq!(trace.turn.state(), AssistantState::Thinking);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn a_key_that_goes_up_in_a_pause_ends_it_with_the_words_that_are_there() {
    let mut trace = Trace::new(TurnOptions::default());
    trace.after(0, Input::Press).after(300, Input::SpeechStarted(ONE)).wait(1000);
    trace.pausing(ONE, 1, "What is the capital of?", Ending::Unfinished).wait(5000);
    assert_eq!(trace.turn.state(), AssistantState::Listening);
    trace.after(0, Input::Release);
    assert_eq!(trace.turn.state(), AssistantState::Thinking);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn words_that_come_after_the_key_went_up_are_waited_for() {
    let mut trace = Trace::new(TurnOptions::default());
    trace.after(0, Input::Press).after(300, Input::SpeechStarted(ONE)).wait(1000);
    let utterance = trace.utterance(80);
    trace.after(0, Input::Paused { turn: ONE, utterance, silence: Duration::from_millis(700) });
    trace.after(50, Input::Release);
    assert_eq!(trace.turn.state(), AssistantState::Transcribing);
    trace.after(60, words(ONE, 1, "What time is it?".into(), Ending::Command));
    assert_eq!(trace.turn.state(), AssistantState::Thinking);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn words_are_shown_while_the_user_speaks_and_one_look_at_a_time() {
    let mut trace = asking();
    trace.after(0, Input::Spoken(ONE, vec![0.0; 16_000])).after(100, Input::Spoken(ONE, vec![0.0; 17_600]));
    trace.after(50, Input::Partial(ONE, "Tell me".into())).after(700, Input::Spoken(ONE, vec![0.0; 28_800]));
    // A pause comes first; words that were recognized before it are old.
    trace
        .pausing(ONE, 1, "Tell me about the", Ending::Unfinished)
        .after(0, Input::Partial(ONE, "Tell me abound".into()));
    insta::assert_snapshot!(trace.text);
}

#[test]
fn after_an_answer_the_user_may_go_on_without_the_wake_word() {
    let mut trace = Trace::new(TurnOptions { follow_up: Duration::from_secs(4), ..TurnOptions::default() });
    answering(&mut trace);
    trace.after(1000, Input::Finished(ONE)).after(1500, Input::SpokeUp);
    assert_eq!((trace.turn.state(), trace.turn.id()), (AssistantState::Listening, Some(TWO)));
    trace.after(0, Input::SpeechStarted(TWO)).wait(500);
    // It was nothing: that is no failure, and nobody is told.
    trace.after(0, Input::HeardNothing(TWO)).wait(5000).after(0, Input::SpokeUp);
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn a_wake_word_that_was_none_ends_the_turn_silently_until_there_are_words() {
    let mut trace = Trace::new(TurnOptions::default());
    trace.after(0, Input::Wake { model: "hey_jarvis".into(), score: 0.9 }).after(100, Input::Called(ONE, Vec::new()));
    assert!(trace.text.contains("Check(TurnId(1)"), "{}", trace.text);
    trace.after(100, Input::NotCalled(ONE));
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    assert!(trace.text.contains("cancelled") && !trace.text.contains("Speak("), "{}", trace.text);

    // What was begun by a key, and what has words already, is not taken back.
    trace.after(0, Input::Start).after(100, Input::NotCalled(TWO));
    assert_eq!(trace.turn.state(), AssistantState::Listening);
    let mut trace = Trace::new(TurnOptions::default());
    answering(&mut trace);
    trace.after(0, Input::NotCalled(ONE));
    assert_eq!(trace.turn.state(), AssistantState::Speaking);
}

#[test]
fn an_answer_goes_on_after_what_only_sounded_like_the_wake_word() {
    let mut trace = Trace::new(TurnOptions::default());
    answering(&mut trace);
    trace
        .after(250, Input::Wake { model: "hey_jarvis".into(), score: 0.6 })
        .after(100, Input::Called(TWO, Vec::new()))
        .after(40, Input::Finished(TWO))
        .after(160, Input::NotCalled(TWO));
    assert_eq!((trace.turn.state(), trace.turn.id()), (AssistantState::Speaking, Some(ONE)));
    trace.after(900, Input::Finished(ONE));
    assert_eq!(trace.turn.state(), AssistantState::Idle);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn a_call_into_an_answer_ends_it_and_waits_for_the_question() {
    let mut trace = Trace::new(TurnOptions::default());
    answering(&mut trace);
    trace
        .after(250, Input::Wake { model: "hey_jarvis".into(), score: 0.9 })
        .after(100, Input::Called(TWO, Vec::new()))
        .after(200, Input::WasCalled(TWO));
    assert_eq!((trace.turn.state(), trace.turn.id()), (AssistantState::Listening, Some(TWO)));
    // Said again, or late, it changes nothing.
    trace.after(50, Input::WasCalled(TWO)).after(0, Input::WasCalled(ONE)).after(0, Input::NotCalled(ONE));
    trace.after(300, Input::SpeechStarted(TWO));
    assert_eq!(trace.turn.id(), Some(TWO));
    insta::assert_snapshot!(trace.text);
}

#[test]
fn an_answer_that_grew_quieter_is_loud_again_when_nobody_can_speak_over_it_any_more() {
    let quieter = || {
        let mut trace = Trace::new(TurnOptions::default());
        answering(&mut trace);
        trace.after(250, Input::MaySpeakOver(ONE, true));
        assert!(trace.text.ends_with("-> Duck(true)\n"), "{}", trace.text);
        trace
    };
    let no_ear = Input::Ear(Err(Error::new("audio.no_microphone", "There is no microphone.", "Plug one in.")));
    for input in [Input::MaySpeakOver(ONE, false), Input::Mute, no_ear] {
        let mut trace = quieter();
        trace.after(50, input.clone());
        assert!(trace.text.contains("-> Duck(false)"), "{input:?}");
        assert_eq!(trace.turn.state(), AssistantState::Speaking);
    }
    let mut trace = quieter();
    let mut actions = Vec::new();
    trace.turn.set_options(TurnOptions { speech_interrupts: false, ..TurnOptions::default() }, &mut actions);
    assert!(matches!(actions[..], [Action::Duck(false)]), "{actions:?}");
}

#[test]
fn a_key_that_ends_a_question_ends_it_for_good() {
    let mut trace = Trace::new(TurnOptions { hold_to_talk: false, ..TurnOptions::default() });
    trace.after(0, Input::Press).after(300, Input::SpeechStarted(ONE)).wait(1000);
    trace.pausing(ONE, 1, "Why is the sky blue?", Ending::Question).after(0, Input::Press);
    assert_eq!(trace.turn.state(), AssistantState::Thinking);
    assert!(trace.text.contains("-> Close(TurnId(1))"), "{}", trace.text);
    // The answer waits for no pause.
    trace.after(50, Input::Clause(ONE, "It scatters.".into()));
    assert_eq!(trace.turn.state(), AssistantState::Speaking);
}

#[test]
fn after_muting_nobody_goes_on() {
    let mut trace = asking();
    trace.pausing(ONE, 1, "Tell me about the Roman.", Ending::Question).wait(100).after(10, Input::Mute);
    // On its way when the microphone went off.
    trace.after(0, Input::WentOn(ONE));
    assert_eq!((trace.turn.state(), trace.turn.id()), (AssistantState::Thinking, Some(ONE)));
}

#[test]
fn a_call_over_the_answer_ends_it_and_is_no_question() {
    let mut trace = Trace::new(TurnOptions::default());
    answering(&mut trace);
    trace.after(300, Input::SpokeOver(ONE)).after(5, Input::SpeechStarted(TWO));
    let utterance = trace.utterance(100);
    trace.after(300, Input::Heard(TWO, utterance)).after(150, words(TWO, 1, "Hey Jarvis.".into(), Ending::Command));
    assert_eq!((trace.turn.state(), trace.turn.id()), (AssistantState::Listening, Some(TWO)));
    assert!(trace.text.contains("GiveUp(TurnId(1))") && !trace.text.contains("Think(TurnId(2)"), "{}", trace.text);
    trace.after(500, Input::SpeechStarted(TWO)).wait(900);
    trace.pausing(TWO, 2, "What time is it?", Ending::Command);
    assert!(trace.text.contains("Think(TurnId(2), \"What time is it?\")"), "{}", trace.text);
}

#[test]
fn a_request_to_be_silent_is_heeded_though_the_answer_has_the_word() {
    let mut trace = Trace::new(TurnOptions::default());
    trace.after(0, Input::Ask("Did he stop?".into())).after(10, Input::Clause(ONE, "He didn't stop.".into()));
    trace.after(0, Input::Answered(ONE)).after(60, Input::Synthesized(ONE, 2.0)).after(5, Input::Started(ONE));
    trace.after(300, Input::SpokeOver(ONE)).after(5, Input::SpeechStarted(TWO));
    let utterance = trace.utterance(100);
    trace.after(300, Input::Heard(TWO, utterance)).after(150, words(TWO, 1, "Stop.".into(), Ending::Command));
    assert_eq!((trace.turn.state(), trace.turn.id()), (AssistantState::Thinking, Some(TWO)));
}
