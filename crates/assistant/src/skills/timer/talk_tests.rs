//! Timers as one talks about them: what is asked back is listened to, and nothing about them reaches the language model.

use crate::testing::Talk;
use std::time::Duration;

#[test]
fn what_is_asked_back_is_listened_to() {
    let mut talk = Talk::new();
    for (said, answer) in [
        ("set a timer", "For how long? Say, for example, set a timer for ten minutes."),
        ("five minutes", "Timer set for 5 minutes."),
        ("make it 20 minutes", "The timer is set for 20 minutes now."),
        ("no, 15 minutes", "The timer is set for 15 minutes now."),
        ("No, set a timer for ten minutes instead.", "The timer is set for 10 minutes now."),
        ("set a timer for 15 minutes instead", "The timer is set for 15 minutes now."),
        ("add five minutes", "The timer has 20 minutes left now."),
        ("two minutes less", "The timer has 18 minutes left now."),
        ("and another one for 3 minutes", "Timer set for 3 minutes."),
        ("cancel that", "I cancelled the 3 minute timer."),
        ("set an egg timer", "For how long? Say, for example, set a timer for ten minutes."),
        ("four minutes", "Egg timer set for 4 minutes."),
        ("cancel the timer", "Which one: the egg timer or the 18 minute timer?"),
        ("the egg one", "I cancelled the egg timer."),
        ("set a timer for 10", "10 what: seconds, minutes or hours?"),
        ("seconds", "Timer set for 10 seconds."),
        ("timer 5", "5 what: seconds, minutes or hours?"),
        ("7 minutes", "Timer set for 7 minutes."),
        ("cancel the timer", "Which one: the 10 second timer or the 7 minute timer or the 18 minute timer?"),
        ("all of them", "I cancelled 3 timers."),
        ("make it 20 minutes", "Do you want a timer for 20 minutes?"),
        ("yes please", "Timer set for 20 minutes."),
        ("five minutes", "Do you want a timer for 5 minutes?"),
        ("set a timer for an hour", "Timer set for 1 hour."),
        ("yes", "chat"),
        ("half an hour", "Do you want a timer for 30 minutes?"),
        ("what time is it", "It's 3:07 PM."),
        ("yes", "chat"),
    ] {
        assert_eq!(talk.say(said), answer, "{said}");
    }
}

#[test]
fn an_answer_that_comes_late_goes_on_from_nothing() {
    let mut talk = Talk::new();
    talk.say("set a timer for one hour");
    talk.clock.advance(Duration::from_secs(600));
    assert_eq!(talk.say("no, 15 minutes"), "Do you want a timer for 15 minutes?");
}

#[test]
fn an_ordinal_is_a_place_in_the_order_in_which_they_ring() {
    let mut talk = Talk::new();
    for said in ["set a timer for 10 minutes", "set a timer for 1 second", "set a pasta timer for 5 minutes"] {
        talk.say(said);
    }
    for (said, answer) in [
        ("how long is left on the second timer", "Your pasta timer has 5 minutes left."),
        ("cancel the second timer", "I cancelled the pasta timer, the second to ring."),
        ("cancel the third timer", "There are only 2 timers."),
        ("cancel the first timer", "I cancelled the 1 second timer, the first to ring."),
        ("cancel the second timer", "There is only one timer."),
        ("cancel the last timer", "I cancelled the 10 minute timer."),
        ("cancel the first timer", "There are no timers."),
    ] {
        assert_eq!(talk.say(said), answer, "{said}");
    }
}

#[test]
fn a_timer_gets_more_and_less_time() {
    let mut talk = Talk::new();
    talk.say("set a pasta timer for ten minutes");
    talk.clock.advance(Duration::from_secs(90));
    for (said, answer) in [
        ("add five minutes to the timer", "The pasta timer has 13 minutes and 30 seconds left now."),
        ("take a minute off the pasta timer", "The pasta timer has 12 minutes and 30 seconds left now."),
        ("make the timer two minutes longer", "The pasta timer has 14 minutes and 30 seconds left now."),
        ("take an hour off the timer", "The pasta timer has only 14 minutes and 30 seconds left."),
        ("change the timer to 3 minutes", "The pasta timer is set for 3 minutes now."),
        ("add a minute to the tea timer", "There is no tea timer."),
        ("add ten days to the timer", "I can set timers from one second to seven days."),
    ] {
        assert_eq!(talk.say(said), answer, "{said}");
    }
    talk.say("set a timer for one hour");
    assert_eq!(talk.say("add a minute to the timer"), "Which one: the pasta timer or the 1 hour timer?");
    assert_eq!(talk.say("the pasta timer"), "The pasta timer has 4 minutes left now.");
}

#[test]
fn nothing_that_is_asked_of_a_timer_reaches_the_language_model() {
    let length = "I didn't get for how long. Say, for example, set a timer for ten minutes.";
    let several = "One timer at a time, please. Say, for example, set a timer for ten minutes.";
    for (said, answer) in [
        ("timer 5", "5 what: seconds, minutes or hours?"),
        ("set another one for 3 minutes", "Timer set for 3 minutes."),
        ("set a timer for banana minutes", length),
        ("set a timer for five apples", length),
        ("set a timer for 1h30m", "Timer set for 1 hour and 30 minutes."),
        ("set two timers for five and ten minutes", several),
        ("set a timer for 5 minutes and tell me the time", several),
        ("could you maybe set a timer for like ten minutes", "Timer set for 10 minutes."),
        ("set an egg timer", "For how long? Say, for example, set a timer for ten minutes."),
        ("set a timer for 5 pm", "I can't set alarms yet, but I can set a timer."),
    ] {
        assert_eq!(Talk::new().say(said), answer, "{said}");
    }
    let refused = Talk::new().say("pause the timer");
    assert!(refused.starts_with("I can't"), "{refused}");
    for said in
        ["how do egg timers work", "what is a timer", "who invented the timer", "a day", "an hourglass", "two weeks"]
    {
        assert_eq!(Talk::new().say(said), "chat", "{said}");
    }
}
