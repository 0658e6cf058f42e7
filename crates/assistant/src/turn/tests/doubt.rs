//! Words that are recognized once more.

use super::*;

impl Trace {
    /// What the listener answers to [`Action::HearAgain`], and the words of it 80 ms later.
    fn again(&mut self, turn: TurnId, take: u32, text: &str, ending: Ending) -> &mut Self {
        let utterance = self.utterance(360);
        self.after(0, Input::Lasted(turn, utterance)).after(80, words(turn, take, text.into(), ending))
    }

    fn asks_again(&self) -> usize {
        self.text.matches("-> HearAgain").count()
    }
}

#[test]
fn a_command_whose_end_was_missing_is_done_at_the_second_look() {
    let mut trace = asking();
    trace.pausing(ONE, 1, "What is 43 plus?", Ending::Unfinished).wait(160);
    trace.again(ONE, 2, "What is 43 plus 57?", Ending::Command);
    assert_eq!(trace.turn.state(), AssistantState::Thinking);
    assert!(trace.text.contains("Think(TurnId(1), \"What is 43 plus 57?\")"), "{}", trace.text);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn a_question_whose_end_was_missing_is_thought_about_and_can_still_go_on() {
    let mut trace = asking();
    trace.pausing(ONE, 1, "What do you know about the?", Ending::Unfinished).wait(160);
    trace.again(ONE, 2, "What do you know about the sea?", Ending::Question);
    assert_eq!(trace.turn.state(), AssistantState::Thinking);
    trace.after(50, Input::Clause(ONE, "It is wet.".into())).after(100, Input::WentOn(ONE));
    assert_eq!((trace.turn.state(), trace.turn.id()), (AssistantState::Listening, Some(TWO)));
}

#[test]
fn what_is_unfinished_twice_is_waited_for_and_not_looked_at_a_third_time() {
    let mut trace = asking();
    trace.pausing(ONE, 1, "What is the capital of?", Ending::Unfinished).wait(160);
    trace.again(ONE, 2, "What is the capital of the?", Ending::Unfinished).wait(1000);
    assert_eq!((trace.turn.state(), trace.asks_again()), (AssistantState::Listening, 1));
    // A stale answer of the listener is nothing.
    let utterance = trace.utterance(0);
    trace.after(0, Input::Lasted(ONE, utterance)).after(0, Input::WentOn(ONE)).wait(400);
    trace.pausing(ONE, 3, "What is the capital of the Netherlands?", Ending::Question).wait(60);
    assert_eq!((trace.turn.state(), trace.asks_again()), (AssistantState::Thinking, 1));
    insta::assert_snapshot!(trace.text);
}

#[test]
fn what_seemed_to_need_no_more_is_waited_for_when_it_does() {
    let mut trace = asking();
    trace.pausing(ONE, 1, "Set a timer.", Ending::Open).wait(160);
    trace.again(ONE, 2, "Set a timer for.", Ending::Unfinished).wait(1000);
    assert_eq!(trace.turn.state(), AssistantState::Listening);
    trace.wait(400);
    assert_eq!(trace.turn.state(), AssistantState::Thinking);
}

#[test]
fn a_last_word_that_became_another_is_doubted() {
    let second = |text: &str, ending| {
        let mut trace = asking();
        trace.pausing(ONE, 1, "Could you tell me the", Ending::Unfinished).wait(160);
        trace.again(ONE, 2, text, ending);
        trace
    };
    // A command is too good for an accident, and the set silence decides.
    for text in ["What time is it?", "Could you?"] {
        let mut trace = second(text, Ending::Command);
        trace.wait(340);
        assert_eq!(trace.turn.state(), AssistantState::Listening, "{text}");
        trace.wait(50);
        assert!(trace.text.contains(&format!("Think(TurnId(1), {text:?})")), "{}", trace.text);
    }
    for ending in [Ending::Question, Ending::Open, Ending::Unfinished] {
        let mut trace = second("Could you tell me that?", ending);
        trace.wait(1300);
        assert_eq!(trace.turn.state(), AssistantState::Listening, "{ending:?}");
        trace.wait(300);
        assert!(trace.text.contains("Think(TurnId(1), \"Could you tell me the\")"), "{}", trace.text);
    }
}

#[test]
fn whoever_goes_on_makes_a_second_look_void() {
    for steps in 0..3 {
        let mut trace = asking();
        trace.pausing(ONE, 1, "What is 43 plus?", Ending::Unfinished).wait(150);
        if steps > 0 {
            trace.wait(10);
        }
        if steps > 1 {
            let utterance = trace.utterance(360);
            trace.after(0, Input::Lasted(ONE, utterance));
        }
        trace.after(20, Input::WentOn(ONE));
        let utterance = trace.utterance(0);
        trace.after(0, Input::Lasted(ONE, utterance)).wait(100);
        trace.after(0, words(ONE, 2, "What is 43 plus 50?".into(), Ending::Command)).wait(3000);
        assert_eq!(trace.turn.state(), AssistantState::Listening, "{}", trace.text);
        assert_eq!(trace.text.contains("Drop(TurnId(1), 2)"), steps > 1, "{}", trace.text);
    }
}

#[test]
fn words_that_need_no_second_look_get_none() {
    for (text, ending) in [
        ("What time is it?", Ending::Command),
        ("Why is the sky blue?", Ending::Question),
        // There were none.
        ("", Ending::Open),
    ] {
        let mut trace = asking();
        trace.pausing(ONE, 1, text, ending).wait(600);
        assert_eq!(trace.asks_again(), 0, "{}", trace.text);
    }
    // A pause that was learned of late was recognized late.
    let mut trace = asking();
    let utterance = trace.utterance(400);
    trace.after(0, Input::Paused { turn: ONE, utterance, silence: Duration::from_millis(700) });
    trace.after(100, words(ONE, 1, "What is the capital of?".into(), Ending::Unfinished)).wait(1000);
    assert_eq!((trace.turn.state(), trace.asks_again()), (AssistantState::Listening, 0));
}

#[test]
fn a_second_look_that_fails_or_hangs_or_finds_nothing_leaves_the_first_words() {
    let error = Error::new("stt.failed", "I could not understand that.", "Run `jarvis doctor`.");
    for second in
        [Some(Input::Failed(ONE, Stage::Recognize, error)), Some(words(ONE, 2, String::new(), Ending::Open)), None]
    {
        let mut trace = asking();
        trace.pausing(ONE, 1, "Explain why.", Ending::Unfinished).wait(160);
        let utterance = trace.utterance(360);
        trace.after(0, Input::Lasted(ONE, utterance));
        let hangs = second.is_none();
        if let Some(second) = second {
            trace.after(80, second);
        }
        assert_eq!(trace.turn.state(), AssistantState::Listening);
        trace.wait(1500);
        assert!(trace.text.contains("Think(TurnId(1), \"Explain why.\")"), "{}", trace.text);
        assert!(!trace.text.contains("\"error\""), "{}", trace.text);
        assert_eq!(trace.text.contains("Drop(TurnId(1), 2)"), hangs, "{}", trace.text);
    }
    // A listener that hands nothing over.
    let mut trace = asking();
    trace.pausing(ONE, 1, "Explain why.", Ending::Unfinished).wait(1700);
    assert_eq!((trace.turn.state(), trace.asks_again()), (AssistantState::Thinking, 1));
}

#[test]
fn a_key_that_goes_up_during_a_second_look_waits_for_none() {
    let mut trace = Trace::new(TurnOptions::default());
    trace.after(0, Input::Press).after(300, Input::SpeechStarted(ONE)).wait(1000);
    trace.pausing(ONE, 1, "Tell me about the", Ending::Unfinished).wait(160);
    let utterance = trace.utterance(360);
    trace.after(0, Input::Lasted(ONE, utterance)).after(10, Input::Release);
    assert!(trace.text.contains("Think(TurnId(1), \"Tell me about the\")"), "{}", trace.text);
    // What comes of it is too late.
    trace.after(10, words(ONE, 2, "Tell me about the sea.".into(), Ending::Question));
    assert_eq!(trace.text.matches("-> Think").count(), 1, "{}", trace.text);
}

#[test]
fn the_answers_own_words_are_known_at_the_second_look_too() {
    let mut trace = Trace::new(TurnOptions::default());
    answering(&mut trace);
    trace.after(300, Input::SpokeOver(ONE)).after(5, Input::SpeechStarted(TWO)).wait(300);
    trace.pausing(TWO, 1, "It is", Ending::Unfinished).wait(160);
    trace.again(TWO, 2, "It is noon.", Ending::Question);
    assert_eq!((trace.turn.state(), trace.turn.id()), (AssistantState::Speaking, Some(ONE)), "{}", trace.text);
}
