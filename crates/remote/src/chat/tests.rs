use super::*;
use crate::testing::{Fake, FakeClock, ask, eventually, patient, question, server};
use std::collections::BTreeSet;

fn chat(fake: &Fake, key: Option<&str>) -> Chat {
    Chat::new(server(&fake.address(), key, patient(), &FakeClock::new()), "m")
}

#[test]
fn an_answer_comes_in_pieces_and_with_its_counts() {
    let fake = Fake::saying(&["Hello", ", ", "wörld."]);
    let mut chat = chat(&fake, Some("sk-123"));
    let (pieces, made) = ask(&mut chat);
    let made = made.unwrap();
    assert_eq!(pieces, ["Hello", ", ", "wörld."]);
    assert_eq!(made.text, "Hello, wörld.");
    assert_eq!((made.prompt_tokens, made.cached_tokens, made.generated_tokens), (19, 4, 3));
    assert_eq!(made.stop_reason, StopReason::EndOfText);
    assert_eq!(chat.answered_from(), Some(chat.server.host()));

    let seen = &fake.seen()[0];
    assert_eq!(seen.line, "POST /v1/chat/completions HTTP/1.1");
    assert_eq!(seen.header("authorization"), Some("Bearer sk-123"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    let body: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(body["messages"][1]["content"], "Who are you?");
}

#[test]
fn the_next_question_takes_the_same_connection() {
    let fake = Fake::saying(&["Yes."]);
    let mut chat = chat(&fake, None);
    for _ in 0..10 {
        ask(&mut chat).1.unwrap();
    }
    // A connection comes back a moment after its answer; a question that is quicker than that has another one made.
    let connections: BTreeSet<usize> = fake.seen().iter().map(|seen| seen.connection).collect();
    assert!(connections.len() < 10, "{connections:?}");
    assert!(fake.seen()[0].header("authorization").is_none(), "there is no key");
}

#[test]
fn what_no_other_program_may_see_is_sent_to_none() {
    let fake = Fake::saying(&["I saw it."]);
    let prompt = Prompt::Chat(vec![Message::new(jarvis_core::Role::User, "what does it say?")]);
    let options = GenerateOptions { stays_here: true, ..GenerateOptions::default() };
    let made = chat(&fake, None).generate(&prompt, &options, &Cancel::new(), &mut |_| {});
    assert_eq!(made.unwrap_err().code, "remote.stays_here");
    assert!(fake.seen().is_empty());
}

#[test]
fn a_server_that_makes_no_pieces_is_understood_too() {
    let fake = Fake::new(|_, wire| {
        wire.json(r#"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"All at once."},"finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#)
    });
    let (pieces, made) = ask(&mut chat(&fake, None));
    assert_eq!((pieces.concat(), made.unwrap().stop_reason), ("All at once.".into(), StopReason::Length));
}

#[test]
fn an_answer_that_said_that_it_is_whole_is_whole() {
    let fake = Fake::new(|_, wire| {
        wire.begin();
        // In one piece, so that however slow this machine is nothing comes late but the end, which never comes.
        wire.chunk(
            br#"data: {"choices":[{"index":0,"delta":{"content":"All of it."},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

"#,
        );
        wire.wait();
        false
    });
    let limits = crate::Limits { between: Duration::from_millis(150), ..patient() };
    let mut chat = Chat::new(server(&fake.address(), None, limits, &FakeClock::new()), "m");
    assert_eq!(ask(&mut chat).1.unwrap().text, "All of it.");
    assert_eq!(chat.server.health().link, crate::Link::Ready);
}

#[test]
fn thoughts_and_control_characters_are_no_words() {
    let fake = Fake::new(|_, wire| {
        wire.begin()
            && wire.data(r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning":"Hmm."}}]}"#)
            && wire.chunk(b": keep-alive\n\n")
            && wire.say("A\u{1b}[2Jb\u{7}\nc")
            && wire.done()
    });
    let (pieces, _) = ask(&mut chat(&fake, None));
    assert_eq!(pieces, ["A[2Jb\nc"]);
}

#[test]
fn an_answer_longer_than_asked_for_is_ended() {
    let fake = Fake::new(|_, wire| {
        wire.begin();
        while wire.say("and so on ") {}
        false
    });
    let mut chat = chat(&fake, None);
    let options = GenerateOptions { max_tokens: 8, ..GenerateOptions::default() };
    let made = chat.generate(&question(), &options, &Cancel::new(), &mut |_| {}).unwrap();
    assert_eq!(made.stop_reason, StopReason::Length);
    assert!(made.text.len() <= 8 * TOKEN_BYTES + 10);
}

#[test]
fn who_has_heard_enough_ends_it_and_keeps_what_came() {
    let fake = Fake::new(|_, wire| {
        wire.begin();
        wire.say("One. ");
        wire.wait();
        false
    });
    let mut chat = chat(&fake, None);
    let cancel = Cancel::new();
    let made = chat.generate(&question(), &GenerateOptions::default(), &cancel, &mut |_| cancel.cancel()).unwrap();
    assert_eq!((made.text.as_str(), made.stop_reason), ("One. ", StopReason::Cancelled));
    assert_eq!(chat.server.health().answered, 1);
    assert_eq!(chat.server.health().link, crate::Link::Ready);
}

#[test]
fn a_question_that_is_not_wanted_any_more_ends_while_nothing_comes() {
    let fake = Fake::new(|_, wire| {
        wire.wait();
        false
    });
    let mut chat = chat(&fake, None);
    let cancel = Cancel::new();
    let raised = cancel.clone();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            eventually(|| !fake.seen().is_empty());
            raised.cancel();
        });
        let made = chat.generate(&question(), &GenerateOptions::default(), &cancel, &mut |_| {}).unwrap();
        assert_eq!((made.text.as_str(), made.stop_reason), ("", StopReason::Cancelled));
    });
    assert_eq!(chat.server.health().link, crate::Link::Untried, "that says nothing about the server");
}

#[test]
fn a_server_with_other_words_for_the_limit_is_asked_in_those() {
    let fake = Fake::new(|seen, wire| {
        let body: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
        let refuse = |wire: &mut crate::testing::Wire, said: &str| {
            let body = format!(r#"{{"error":{{"message":"{said}","type":"invalid_request_error"}}}}"#);
            wire.answer("400 Bad Request", "Content-Type: application/json\r\n", &body)
        };
        if body.get("max_tokens").is_some() {
            return refuse(wire, "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.");
        }
        if body.get("temperature").is_some() {
            return refuse(wire, "Unsupported value: 'temperature' does not support 0 with this model.");
        }
        wire.begin() && wire.say("Fine.") && wire.done()
    });
    let mut chat = chat(&fake, None);
    assert_eq!(ask(&mut chat).0, ["Fine."]);
    assert_eq!(fake.seen().len(), 3);
    assert_eq!(ask(&mut chat).0, ["Fine."]);
    assert_eq!(fake.seen().len(), 4, "it is remembered");
}

#[test]
fn raw_text_is_not_sent() {
    let fake = Fake::saying(&["No."]);
    let raw = Prompt::Raw("Once upon".into());
    let made = chat(&fake, None).generate(&raw, &GenerateOptions::default(), &Cancel::new(), &mut |_| {});
    assert_eq!(made.unwrap_err().code, "remote.raw_prompt");
    assert!(fake.seen().is_empty());
}
