//! What acts, for words that may be the beginning of more.

use super::*;

/// What is to be copied, and may be half of what is meant: the mind waits, 300 ms after the end.
fn about_to_copy() -> Trace {
    let mut trace = asking();
    trace.pausing(ONE, 1, "Copy refunds.", Ending::Question).wait(30);
    assert!(trace.turn.is_revocable());
    trace.after(5, Input::Acts(ONE));
    assert!(!trace.text.contains("Decided"), "{}", trace.text);
    trace
}

#[test]
fn it_begins_when_the_set_silence_is_over() {
    let mut trace = about_to_copy();
    trace.wait(480);
    assert!(!trace.text.contains("Decided"), "{}", trace.text);
    trace.wait(100);
    assert!(trace.text.ends_with("-> Close(TurnId(1))\n             -> Decided(TurnId(1))\n"), "{}", trace.text);
    trace.after(9, Input::WentOn(ONE)).after(9, Input::Clause(ONE, "Copied.".into()));
    assert_eq!((trace.turn.state(), trace.turn.id()), (AssistantState::Speaking, Some(ONE)));
}

#[test]
fn who_goes_on_has_nothing_done() {
    let mut trace = about_to_copy();
    trace.after(200, Input::WentOn(ONE)).wait(2000);
    assert!(trace.text.contains("-> Unthink(TurnId(1))") && !trace.text.contains("Decided"), "{}", trace.text);
}

#[test]
fn with_the_microphone_off_nobody_goes_on() {
    let mut trace = about_to_copy();
    trace.after(5, Input::Mute);
    assert!(trace.text.contains("-> Decided(TurnId(1))"), "{}", trace.text);
}

#[test]
fn words_that_were_decided_meanwhile_are_not_waited_for() {
    let mut trace = Trace::new(TurnOptions::default());
    trace.after(0, Input::Ask("copy refunds".into())).after(5, Input::Acts(ONE));
    assert!(trace.text.ends_with("-> Decided(TurnId(1))\n"), "{}", trace.text);
}
