//! The time by a clock that stands still, and what is asked about it.

use crate::testing::Talk;

#[test]
fn the_time_here_and_elsewhere() {
    for (said, answer) in [
        ("what time is it", "It's 3:07 PM."),
        ("what time is it in tokyo", "In Tokyo, it's 11:07 PM."),
        ("what is the time in new york right now", "In New York, it's 9:07 AM."),
        ("what time is it in the uk", "In the UK, it's 2:07 PM."),
        ("what time is it in sydney", "In Sydney, it's 1:07 AM tomorrow."),
        ("what time is it in los angeles california", "In Los Angeles California, it's 6:07 AM."),
        ("what time is it in London and Tokyo", "In London, it's 2:07 PM, and in Tokyo, 11:07 PM."),
        ("what time will it be in 3 hours", "In 3 hours, it will be 6:07 PM."),
        ("what time will it be in ten hours", "In 10 hours, it will be 1:07 AM tomorrow."),
        ("what time was it 10 minutes ago", "10 minutes ago, it was 2:57 PM."),
        ("how long until midnight", "8 hours and 53 minutes until midnight."),
        ("how long until 5 pm", "1 hour and 53 minutes until 5:00 PM."),
        ("how long is it until half past four", "1 hour and 23 minutes until 4:30 PM."),
        ("what is the time difference between London and Tokyo", "London is 9 hours behind Tokyo."),
        ("what's the time difference to New York", "New York is 6 hours behind you."),
        ("time difference between Paris and Berlin", "Paris and Berlin have the same time."),
        ("how many hours ahead is India", "India is 4 hours and 30 minutes ahead of you."),
        ("is it morning", "No, it's 3:07 PM."),
        ("is it afternoon yet", "Yes, it's 3:07 PM."),
        ("is it am or pm", "It's 3:07 PM."),
        ("is it past 5 pm", "It's 3:07 PM."),
        ("what time is it in Atlantis", "I can't work that out yet."),
        ("what time will it be when I wake up", "I can't work that out yet."),
        ("how long until my birthday", "I can't work that out yet."),
        ("how many hours until monday at 5 pm", "I can't work that out yet."),
    ] {
        assert_eq!(Talk::new().say(said), answer, "{said}");
    }
    let midnight = "2026-11-21T00:00:00+01:00[Europe/Berlin]";
    assert_eq!(Talk::at(midnight).say("tell me the time"), "It's 12:00 AM.");
    let late = "2026-11-21T22:19:00+01:00[Europe/Berlin]";
    assert_eq!(Talk::at(late).say("is it morning"), "No, it's 10:19 PM.");
    let early = "2026-11-21T05:00:00+01:00[Europe/Berlin]";
    assert_eq!(Talk::at(early).say("what time is it in hawaii"), "In Hawaii, it's 6:00 PM yesterday.");
}

#[test]
fn the_next_place_is_asked_for_in_few_words() {
    let mut talk = Talk::at("2026-11-21T23:19:00+01:00[Europe/Berlin]");
    for (said, answer) in [
        ("What time is it in Tokyo?", "In Tokyo, it's 7:19 AM tomorrow."),
        ("and in New York?", "In New York, it's 5:19 PM."),
        ("What about London?", "In London, it's 10:19 PM."),
        ("Paris and Tokyo?", "In Paris, it's 11:19 PM, and in Tokyo, 7:19 AM tomorrow."),
        ("what about love", "chat"),
        ("and in New York?", "chat"),
        ("what is the date", "Today is Saturday, November 21st, 2026."),
        ("and in Tokyo?", "In Tokyo, it's Sunday, November 22nd."),
    ] {
        assert_eq!(talk.say(said), answer, "{said}");
    }
}

#[test]
fn the_hour_that_a_night_lacks_is_counted() {
    let mut talk = Talk::at("2026-03-29T00:30:00+01:00[Europe/Berlin]");
    assert_eq!(talk.say("how long until 6 am"), "4 hours and 30 minutes until 6:00 AM.");
    assert_eq!(talk.say("what time will it be in 2 hours"), "In 2 hours, it will be 3:30 AM.");
}

#[test]
fn questions_about_other_times_are_for_the_language_model() {
    for said in [
        "what time is it in the movie inception",
        "what is the time complexity of quicksort",
        "what time is dinner",
        "how long until the sun dies",
        "how long before bread goes stale",
        "what is a time zone",
        "is it a morning star",
        "how many soldiers died before the war ended",
    ] {
        assert_eq!(Talk::new().say(said), "chat", "{said}");
    }
}
