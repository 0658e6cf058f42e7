//! Questions that the language model takes for whole: answered before the set silence is over.

use super::*;

/// A question and the first clause of its answer, 300 ms after its end; nothing was heard of it.
fn thought_about(whole: f32) -> Trace {
    let mut trace = asking();
    trace.pausing(ONE, 1, "What is the capital of Italy?", Ending::Question).wait(30);
    assert_eq!(trace.turn.state(), AssistantState::Thinking);
    assert!(trace.text.contains("-> Weigh("), "{}", trace.text);
    trace.after(15, Input::Weighed(ONE, whole)).after(55, Input::Clause(ONE, "It is Rome.".into()));
    trace.after(0, Input::Answered(ONE));
    trace
}

/// Its sound, 390 ms after its end.
fn answered_early() -> Trace {
    let mut trace = thought_about(0.95);
    trace.wait(50);
    assert_eq!(trace.turn.state(), AssistantState::Speaking);
    trace.after(35, Input::Synthesized(ONE, 1.0)).after(5, Input::Started(ONE));
    trace
}

/// `text`, said over the answer.
fn says_over(trace: &mut Trace, text: &str, ending: Ending) {
    trace.after(150, Input::SpokeOver(ONE));
    let utterance = trace.utterance(700);
    trace.after(1200, Input::Heard(TWO, utterance)).after(80, words(TWO, 1, text.into(), ending));
}

#[test]
fn a_whole_question_is_answered_at_half_the_set_silence() {
    let mut trace = thought_about(WHOLE);
    assert_eq!(trace.turn.state(), AssistantState::Thinking);
    trace.wait(50);
    assert_eq!(trace.turn.state(), AssistantState::Speaking);
    insta::assert_snapshot!(trace.text);
}

#[test]
fn one_that_may_go_on_waits_for_all_of_it() {
    let mut trace = thought_about(WHOLE - 0.01);
    trace.wait(400);
    assert_eq!(trace.turn.state(), AssistantState::Thinking);
    trace.wait(100);
    assert_eq!(trace.turn.state(), AssistantState::Speaking);
}

#[test]
fn one_that_lacks_something_waits_like_an_unfinished_sentence() {
    let mut trace = thought_about(0.001);
    trace.wait(1400);
    assert_eq!(trace.turn.state(), AssistantState::Thinking);
    trace.after(10, Input::WentOn(ONE));
    assert_eq!((trace.turn.state(), trace.turn.id()), (AssistantState::Listening, Some(TWO)));
    let mut trace = thought_about(0.001);
    trace.wait(1500);
    assert_eq!(trace.turn.state(), AssistantState::Speaking);
}

#[test]
fn who_goes_on_before_the_first_sound_was_never_answered() {
    let mut trace = thought_about(0.95);
    trace.wait(50).after(10, Input::WentOn(ONE));
    assert_eq!((trace.turn.state(), trace.turn.id()), (AssistantState::Listening, Some(TWO)));
    assert!(trace.text.contains("-> Unthink(TurnId(1))"), "{}", trace.text);
}

#[test]
fn who_goes_on_over_an_early_answer_goes_on_with_the_question() {
    let mut trace = answered_early();
    says_over(&mut trace, "In the middle ages?", Ending::Question);
    assert!(
        trace.text.contains("Think(TurnId(2), \"What is the capital of Italy in the middle ages?\")"),
        "{}",
        trace.text
    );
    insta::assert_snapshot!(trace.text);
}

#[test]
fn what_is_a_request_by_itself_is_no_other_half() {
    for (said, ending) in [
        ("Stop.", Ending::Open),
        ("What time is it?", Ending::Command),
        ("Who wrote Hamlet?", Ending::Question),
        ("Hey Jarvis, and in the middle ages?", Ending::Question),
    ] {
        let mut trace = answered_early();
        says_over(&mut trace, said, ending);
        assert!(trace.text.contains(&format!("Think(TurnId(2), {said:?})")), "{}", trace.text);
        assert!(!trace.text.contains("Unthink"), "{}", trace.text);
    }
}

#[test]
fn what_went_on_over_an_answer_and_goes_on_again_is_one_question() {
    let mut trace = answered_early();
    trace.after(150, Input::SpokeOver(ONE)).wait(600);
    trace.pausing(TWO, 1, "In the middle ages?", Ending::Question).wait(30);
    assert!(trace.text.contains("Italy in the middle ages?\")"), "{}", trace.text);
    trace.after(40, Input::WentOn(TWO)).wait(500);
    trace.pausing(TurnId(3), 1, "In the middle ages and today?", Ending::Question).wait(30);
    let whole = "Think(TurnId(3), \"What is the capital of Italy in the middle ages and today?\")";
    assert!(trace.text.contains(whole), "{}", trace.text);
}

#[test]
fn a_sound_over_an_early_answer_that_has_no_words_lets_it_go_on() {
    let mut trace = answered_early();
    says_over(&mut trace, "", Ending::Open);
    assert_eq!((trace.turn.state(), trace.turn.id()), (AssistantState::Speaking, Some(ONE)));
    assert!(!trace.text.contains("revoked"), "{}", trace.text);
}

#[test]
fn where_nobody_could_be_heard_going_on_no_answer_is_early() {
    let options = TurnOptions { speech_interrupts: false, ..TurnOptions::default() };
    let mut trace = Trace::new(options);
    trace.after(0, Input::Start).after(300, Input::SpeechStarted(ONE)).wait(1000);
    trace.pausing(ONE, 1, "What is the capital of Italy?", Ending::Question).wait(30);
    trace.after(15, Input::Weighed(ONE, 0.95)).after(55, Input::Clause(ONE, "It is Rome.".into())).wait(400);
    assert_eq!(trace.turn.state(), AssistantState::Thinking);
    trace.wait(100);
    assert_eq!(trace.turn.state(), AssistantState::Speaking);
}

#[test]
fn a_piece_of_a_sentence_goes_on_with_it_a_moment_longer() {
    for (later, said, joined) in [(400, "In the middle ages?", true), (1000, "In the middle ages?", false)] {
        let mut trace = answered_early();
        trace.wait(later);
        says_over(&mut trace, said, Ending::Question);
        assert_eq!(trace.text.contains("capital of Italy in the middle ages?\")"), joined, "{}", trace.text);
    }
}

#[test]
fn who_takes_it_back_is_not_answered() {
    let mut trace = asking();
    trace.pausing(ONE, 1, "Tell me about the planet Mars. Never mind.", Ending::Question).wait(30);
    assert!(trace.text.contains("Think(TurnId(1), \"Never mind.\")"), "{}", trace.text);
}

#[test]
fn who_speaks_later_asks_something_else() {
    let mut trace = answered_early();
    trace.wait(400);
    says_over(&mut trace, "And in the middle ages?", Ending::Question);
    assert!(trace.text.contains("Think(TurnId(2), \"And in the middle ages?\")"), "{}", trace.text);
}

#[test]
fn a_weight_for_nobody_changes_nothing() {
    let mut trace = answered_early();
    let before = trace.turn.deadline();
    trace.after(1, Input::Weighed(ONE, 0.95)).after(1, Input::Weighed(TWO, 0.9));
    assert_eq!((trace.turn.state(), trace.turn.deadline()), (AssistantState::Speaking, before));
}
