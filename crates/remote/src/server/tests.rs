//! A server that is dead, slow, broken or hostile costs bounded time and memory, once, and says so in words.

use super::*;
use crate::testing::{Fake, FakeClock, Local, NOBODY, Wire, ask, eventually, hasty, not_here, patient, server};
use crate::{Chat, Minds, Voice};
use jarvis_core::{LanguageModel, TextToSpeech};
use std::sync::atomic::AtomicUsize;

const KEY: &str = "sk-do-not-tell-0123456789";

/// Asks a server that behaves like this, with a model of this machine behind it. The answer has to be the local one, and
/// the second question must not reach the server: its breaker is open.
fn local_answers(limits: Limits, behave: impl Fn(&mut Wire) -> bool + Send + Sync + 'static) -> (String, Fake) {
    let fake = Fake::new(move |_, wire| behave(wire));
    let server = server(&fake.address(), Some(KEY), limits, &FakeClock::new());
    let mut minds =
        Minds::new(Ok(Box::new(Chat::new(server.clone(), "m").with_others())), Ok(Box::new(Local(Ok("From here.")))))
            .unwrap();
    let (pieces, made) = ask(&mut minds);
    made.unwrap();
    assert_eq!(pieces, ["From here."]);
    assert_eq!(minds.answered_from(), None);
    let health = server.health();
    assert_eq!(health.link, Link::Resting, "{health:?}");
    assert_eq!(ask(&mut minds).0, ["From here."]);
    // Not the fake's count: who gives up early may be gone before its thread has read the request.
    assert_eq!(server.health().asked, health.asked, "it is left alone");
    let error = health.last_error.unwrap();
    assert!(error.message.ends_with('.') && !error.hint.is_empty(), "{error:?}");
    assert!(!format!("{error:?} {server:?}").contains(KEY));
    (error.code, fake)
}

fn code(limits: Limits, behave: impl Fn(&mut Wire) -> bool + Send + Sync + 'static) -> String {
    local_answers(limits, behave).0
}

#[test]
fn a_dead_port_is_told_at_once_and_once() {
    let server = server(NOBODY, None, patient(), &FakeClock::new());
    let (_, made) = ask(&mut Chat::new(server.clone(), "m"));
    let error = made.unwrap_err();
    assert_eq!(error.code, "remote.unreachable");
    assert!(error.message.contains("nothing listens there"), "{error:?}");
    assert_eq!(ask(&mut Chat::new(server, "m")).1.unwrap_err().code, "remote.resting");
}

#[test]
fn one_that_takes_the_connection_and_never_answers() {
    assert_eq!(
        code(hasty(), |wire| {
            wire.wait();
            false
        }),
        "remote.slow"
    );
}

#[test]
fn one_that_sends_its_headers_a_byte_at_a_time() {
    assert_eq!(
        code(hasty(), |wire| {
            while wire.raw(b"H") {
                std::thread::sleep(Duration::from_millis(10));
            }
            false
        }),
        "remote.slow"
    );
}

#[test]
fn one_that_sends_its_answer_a_byte_at_a_time() {
    assert_eq!(
        code(hasty(), |wire| {
            wire.begin();
            while wire.chunk(b":") {
                std::thread::sleep(Duration::from_millis(10));
            }
            false
        }),
        "remote.slow"
    );
}

#[test]
fn one_that_goes_on_for_ever_without_a_word() {
    let (code, fake) = local_answers(patient(), |wire| {
        wire.begin();
        while wire.chunk(b": ping\n\n") {}
        false
    });
    assert_eq!(code, "remote.too_much");
    assert!(fake.sent() < 64 << 20);
}

#[test]
fn a_line_without_end() {
    assert_eq!(
        code(patient(), |wire| {
            wire.begin();
            while wire.chunk(&[b'x'; 4096]) {}
            false
        }),
        "remote.too_much"
    );
}

#[test]
fn headers_without_end() {
    let code = code(patient(), |wire| {
        wire.raw(b"HTTP/1.1 200 OK\r\n");
        while wire.raw(b"X-More: and more and more and more and more and more and more and more and more\r\n") {}
        false
    });
    assert!(["remote.garbled", "remote.broke_off"].contains(&code.as_str()), "{code}");
}

#[test]
fn ten_gigabytes() {
    let (code, fake) = local_answers(patient(), |wire| {
        wire.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10000000000\r\n\r\n");
        while wire.raw(&[b' '; 65536]) {}
        false
    });
    assert_eq!(code, "remote.too_much");
    assert!(fake.sent() < 64 << 20, "what was sent is what the system's buffers hold and little more");
}

#[test]
fn what_is_no_json_no_http_or_no_answer() {
    for behave in [
        (|wire: &mut Wire| wire.json("{\"choices\": [")) as fn(&mut Wire) -> bool,
        |wire| wire.json("{}"),
        |wire| wire.json("[[[[1]]]]"),
        |wire| wire.begin() && wire.data("{oops}"),
        |wire| wire.begin() && wire.data("{\"choices\": 5}"),
        |wire| wire.begin() && wire.data(&"[".repeat(50_000)),
        |wire| wire.answer("200 OK", "Content-Type: text/html\r\n", "<html>Welcome!</html>"),
        |wire| wire.answer("200 OK", "", "words"),
        |wire| {
            wire.raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n");
            false
        },
    ] {
        assert_eq!(code(patient(), behave), "remote.garbled");
    }
}

#[test]
fn one_that_hangs_up() {
    for behave in [
        (|_: &mut Wire| false) as fn(&mut Wire) -> bool,
        |wire| {
            wire.raw(b"HTTP/1.1 200");
            false
        },
        |wire| {
            wire.begin();
            false
        },
        |wire| {
            wire.begin();
            wire.chunk(b"data: {\"choi");
            false
        },
        |wire| wire.begin() && wire.raw(b"0\r\n\r\n"),
    ] {
        assert_eq!(code(patient(), behave), "remote.broke_off");
    }
}

#[test]
fn one_that_hangs_up_in_the_middle_of_its_words_is_not_answered_over() {
    let fake = Fake::new(|_, wire| {
        wire.begin();
        wire.say("The answer");
        false
    });
    let server = server(&fake.address(), None, patient(), &FakeClock::new());
    let chat = Box::new(Chat::new(server.clone(), "m").with_others());
    let mut minds = Minds::new(Ok(chat), Ok(Box::new(Local(Ok("From here."))))).unwrap();
    let (pieces, made) = ask(&mut minds);
    assert_eq!(pieces, ["The answer"]);
    assert_eq!(made.unwrap_err().code, "remote.broke_off");
    assert_eq!(server.health().link, Link::Resting);
}

#[test]
fn words_that_stop_coming() {
    let fake = Fake::new(|_, wire| {
        wire.begin();
        wire.say("The answer");
        while wire.chunk(b": ping\n\n") {
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    });
    let limits = Limits { between: Duration::from_millis(150), ..patient() };
    let server = server(&fake.address(), None, limits, &FakeClock::new());
    let (pieces, made) = ask(&mut Chat::new(server, "m"));
    assert_eq!((pieces.concat(), made.unwrap_err().code), ("The answer".into(), "remote.slow".into()));
}

#[test]
fn words_without_end() {
    let fake = Fake::new(|_, wire| {
        wire.begin();
        while wire.say("a") {
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    });
    let limits = Limits { whole: Duration::from_millis(300), ..patient() };
    let server = server(&fake.address(), None, limits, &FakeClock::new());
    let made = ask(&mut Chat::new(server, "m")).1;
    assert!(made.unwrap_err().message.contains("does not end its answer"));
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Arc::new(Fake::saying(&["Stolen."]));
    let to = elsewhere.address();
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let to = to.clone();
        let code =
            code(patient(), move |wire| wire.answer(status, &format!("Location: {to}/chat/completions\r\n"), ""));
        assert_eq!(code, "remote.redirected");
    }
    assert!(elsewhere.seen().is_empty(), "no word went there");
}

#[test]
fn a_refused_key_is_not_repeated_in_the_error() {
    let body = format!(r#"{{"error":{{"message":"Incorrect API key provided: {KEY}."}}}}"#);
    let same = body.clone();
    assert_eq!(code(patient(), move |wire| wire.answer("401 Unauthorized", "", &same)), "remote.unauthorized");
    assert_eq!(code(patient(), move |wire| wire.answer("500 Oh", "", &body)), "remote.failed");
    let in_stream = format!(r#"{{"error":{{"message":"bad key {KEY}"}}}}"#);
    assert_eq!(code(patient(), move |wire| wire.begin() && wire.data(&in_stream)), "remote.failed");
}

#[test]
fn a_busy_server_is_left_alone_for_as_long_as_it_says() {
    let fake = Fake::new(|_, wire| wire.answer("429 Too Many Requests", "Retry-After: 40\r\n", "{}"));
    let clock = FakeClock::new();
    // Longer than the first words may take, so it is not waited for.
    let limits = Limits { first_words: Duration::from_secs(30), ..patient() };
    let server = server(&fake.address(), None, limits, &clock);
    assert_eq!(ask(&mut Chat::new(server.clone(), "m")).1.unwrap_err().code, "remote.busy");
    clock.advance(Duration::from_secs(39));
    assert_eq!(ask(&mut Chat::new(server.clone(), "m")).1.unwrap_err().code, "remote.resting");
    assert_eq!(fake.seen().len(), 1);
    clock.advance(Duration::from_secs(1));
    assert_eq!(ask(&mut Chat::new(server, "m")).1.unwrap_err().code, "remote.busy");
}

#[test]
fn a_server_that_wants_to_be_left_alone_for_ever_is_no_fault_of_ours() {
    for after in [u64::MAX, u64::MAX - 1, 1 << 40] {
        let said = format!("Retry-After: {after}\r\n");
        assert_eq!(code(patient(), move |wire| wire.answer("503 Service Unavailable", &said, "")), "remote.busy");
    }
}

#[test]
fn what_a_server_can_not_do_keeps_it_from_nothing_else() {
    let fake = Fake::new(|seen, wire| match seen.line.contains("chat/completions") {
        true => wire.begin() && wire.say("Yes.") && wire.done(),
        false => wire.answer("404 Not Found", "", ""),
    });
    let server = server(&fake.address(), None, patient(), &FakeClock::new());
    let mut voice = Voice::new(server.clone(), "m", "v");
    assert_eq!(voice.synthesize("Hello.", &Cancel::new()).unwrap_err().code, "remote.refused");
    assert_eq!(voice.synthesize("Hello.", &Cancel::new()).unwrap_err().code, "remote.resting");
    assert_eq!(ask(&mut Chat::new(server, "m")).0, ["Yes."]);
}

#[test]
fn a_server_that_is_not_there_is_not_there_for_anything() {
    let server = server(NOBODY, None, patient(), &FakeClock::new());
    let mut voice = Voice::new(server.clone(), "m", "v");
    assert_eq!(voice.synthesize("Hello.", &Cancel::new()).unwrap_err().code, "remote.unreachable");
    assert_eq!(ask(&mut Chat::new(server, "m")).1.unwrap_err().code, "remote.resting");
}

#[test]
fn another_key_is_tried_at_once() {
    let fake = Fake::new(|seen, wire| match seen.header("authorization") == Some("Bearer right") {
        true => wire.begin() && wire.say("Yes.") && wire.done(),
        false => wire.answer("401 Unauthorized", "", ""),
    });
    let server = server(&fake.address(), Some(KEY), patient(), &FakeClock::new());
    let mut chat = Chat::new(server.clone(), "m");
    assert_eq!(ask(&mut chat).1.unwrap_err().code, "remote.unauthorized");
    server.set_key(Some(Key::new(KEY, "here").unwrap()));
    assert_eq!(ask(&mut chat).1.unwrap_err().code, "remote.resting", "it is the same");
    server.set_key(Some(Key::new("right", "here").unwrap()));
    assert_eq!(ask(&mut chat).0, ["Yes."]);
    server.set_key(None);
    assert_eq!(ask(&mut chat).1.unwrap_err().code, "remote.unauthorized", "a forgotten one is not sent");
    assert!(fake.seen().last().unwrap().header("authorization").is_none());
}

#[test]
fn what_passes_quickly_is_tried_again_within_the_time() {
    let fake = Fake::new(|seen, wire| match seen.connection {
        0 => false,
        1 => {
            wire.answer("503 Service Unavailable", "", "loading");
            false
        }
        _ => wire.begin() && wire.say("Here.") && wire.done(),
    });
    let server = server(&fake.address(), None, patient(), &FakeClock::new());
    assert_eq!(ask(&mut Chat::new(server.clone(), "m")).0, ["Here."]);
    let health = server.health();
    assert_eq!((health.asked, health.answered, health.failed), (3, 1, 0));
}

#[test]
fn after_its_rest_one_question_tries_it_beside_the_local_answer() {
    let is_up = Arc::new(AtomicBool::new(false));
    let up = Arc::clone(&is_up);
    let fake = Fake::new(move |seen, wire| {
        if !up.load(Ordering::SeqCst) {
            return wire.answer("500 Oh", "", "");
        }
        if seen.line.starts_with("GET /v1/models") {
            return wire.json(r#"{"object":"list","data":[{"id":"m"}]}"#);
        }
        wire.begin() && wire.say("From there.") && wire.done()
    });
    let clock = FakeClock::new();
    let server = server(&fake.address(), None, patient(), &clock);
    let chat = Box::new(Chat::new(server.clone(), "m").with_others());
    let mut minds = Minds::new(Ok(chat), Ok(Box::new(Local(Ok("From here."))))).unwrap();
    assert_eq!(ask(&mut minds).0, ["From here."]);

    is_up.store(true, Ordering::SeqCst);
    clock.advance(Duration::from_secs(10));
    assert_eq!(ask(&mut minds).0, ["From here."], "nobody waits for the try");
    eventually(|| server.health().link == Link::Ready);
    assert_eq!(ask(&mut minds).0, ["From there."]);
    assert_eq!(minds.answered_from(), Some(server.host()));
}

#[test]
fn one_that_lists_its_models_and_fails_at_all_else_is_told_to_fail() {
    let is_up = Arc::new(AtomicBool::new(false));
    let up = Arc::clone(&is_up);
    let fake = Fake::new(move |seen, wire| {
        if seen.line.starts_with("GET /v1/models") {
            return wire.json(r#"{"object":"list","data":[{"id":"m"}]}"#);
        }
        if !up.load(Ordering::SeqCst) {
            return wire.answer("500 Oh", "", "");
        }
        wire.begin() && wire.say("From there.") && wire.done()
    });
    let clock = FakeClock::new();
    let server = server(&fake.address(), None, patient(), &clock);
    server.greet();
    eventually(|| server.health().link == Link::Ready);
    assert_eq!(server.health().last_error, None);
    let chat = Box::new(Chat::new(server.clone(), "m").with_others());
    let mut minds = Minds::new(Ok(chat), Ok(Box::new(Local(Ok("From here."))))).unwrap();
    assert_eq!(ask(&mut minds).0, ["From here."]);
    assert_eq!(server.health().link, Link::Resting);
    clock.advance(Duration::from_secs(10));
    assert_eq!(ask(&mut minds).0, ["From here."], "it is tried beside that");
    eventually(|| server.health().link == Link::Ready);
    assert_eq!(server.health().last_error.unwrap().code, "remote.failed", "that it is there is no answer");
    is_up.store(true, Ordering::SeqCst);
    assert_eq!(ask(&mut minds).0, ["From there."]);
    assert_eq!(server.health().last_error, None);
}

#[test]
fn a_key_that_could_not_be_read_is_not_said_to_be_missing() {
    let fake = Fake::new(|seen, wire| match seen.header("authorization") {
        None => wire.answer("401 Unauthorized", "", ""),
        Some(_) => wire.json(r#"{"object":"list","data":[]}"#),
    });
    let unread = Found { key: None, unread: Some("it is locked".into()) };
    let clock = FakeClock::new();
    let worker = Worker::start().unwrap();
    let address = Address::parse(&fake.address()).unwrap();
    let server = Server::new(&worker, address, unread, patient(), Arc::new(clock)).unwrap();
    let error = jarvis_core::Error::from(server.models(&Cancel::new()).unwrap_err());
    assert_eq!(error.code, "remote.key_unread");
    assert!(error.message.contains("it is locked") && error.hint.contains("Unlock"), "{error:?}");
    // It was unlocked, and there is none.
    server.set_key(None);
    assert_eq!(jarvis_core::Error::from(server.models(&Cancel::new()).unwrap_err()).code, "remote.unauthorized");
    server.set_key(Some(Key::new(KEY, "here").unwrap()));
    assert!(server.models(&Cancel::new()).is_ok());
}

#[test]
fn alone_the_question_itself_is_the_try() {
    let fake = Fake::new(|seen, wire| match seen.connection {
        0 => {
            wire.answer("500 Oh", "", "");
            false
        }
        _ => wire.begin() && wire.say("Back.") && wire.done(),
    });
    let clock = FakeClock::new();
    let server = server(&fake.address(), None, patient(), &clock);
    let mut minds = Minds::new(Ok(Box::new(Chat::new(server, "m"))), Err(not_here())).unwrap();
    assert_eq!(ask(&mut minds).1.unwrap_err().code, "remote.failed");
    clock.advance(Duration::from_secs(10));
    assert_eq!(ask(&mut minds).0, ["Back."]);
}

#[test]
fn the_allowance_is_kept_and_is_no_failure_of_the_server() {
    let fake = Fake::saying(&["Yes."]);
    let clock = FakeClock::new();
    let server = server(&fake.address(), None, Limits { per_minute: 2, ..patient() }, &clock);
    let mut chat = Chat::new(server.clone(), "m");
    let codes: Vec<_> = (0..3).map(|_| ask(&mut chat).1.map_or_else(|error| error.code, |_| "ok".into())).collect();
    assert_eq!(codes, ["ok", "ok", "remote.too_often"]);
    assert_eq!(server.health().link, Link::Ready);
    clock.advance(Duration::from_secs(31));
    assert!(ask(&mut chat).1.is_ok());
}

#[test]
fn no_more_than_the_allowed_number_asks_at_the_same_time() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = (Arc::clone(&now), Arc::clone(&most));
    let fake = Fake::new(move |_, wire| {
        counts.1.fetch_max(counts.0.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let went = wire.begin() && wire.say("Yes.");
        std::thread::sleep(Duration::from_millis(5));
        counts.0.fetch_sub(1, Ordering::SeqCst);
        went && wire.done()
    });
    let server = server(&fake.address(), None, Limits { at_once: 2, ..patient() }, &FakeClock::new());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            let server = server.clone();
            scope.spawn(move || ask(&mut Chat::new(server, "m")).1.unwrap());
        }
    });
    assert!(most.load(Ordering::SeqCst) <= 2);
}

#[test]
fn the_models_of_a_server_are_listed() {
    let fake = Fake::saying(&[]);
    let server = server(&fake.address(), Some(KEY), patient(), &FakeClock::new());
    assert_eq!(server.models(&Cancel::new()).unwrap(), ["m"]);
    assert_eq!(fake.seen()[0].line, "GET /v1/models HTTP/1.1");
    assert_eq!(fake.seen()[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));
}

#[test]
fn one_that_lists_no_models_is_greeted_and_asked_all_the_same() {
    let fake = Fake::new(|seen, wire| match seen.line.starts_with("GET") {
        true => wire.answer("404 Not Found", "Content-Type: text/plain\r\n", "404: Not Found"),
        false => wire.begin() && wire.say("Yes.") && wire.done(),
    });
    let server = server(&fake.address(), None, patient(), &FakeClock::new());
    server.greet();
    eventually(|| server.health().link != Link::Untried);
    assert_eq!(server.health().link, Link::Ready);
    assert_eq!(ask(&mut Chat::new(server, "m")).0, ["Yes."]);
}

#[test]
fn tls_is_not_taken_from_just_anybody() {
    let fake = Fake::saying(&["Hello."]);
    let address = fake.address().replace("http://", "https://");
    let server = server(&address, None, hasty(), &FakeClock::new());
    let error = ask(&mut Chat::new(server, "m")).1.unwrap_err();
    assert!(["remote.unreachable", "remote.slow"].contains(&error.code.as_str()), "{error:?}");
    assert!(fake.seen().is_empty());
}

#[test]
fn foreign_words_become_one_harmless_line() {
    assert_eq!(harmless(" a\n\u{1b}[31mb\tc\u{0} ", 100), "a [31mb c");
    assert_eq!(harmless(&"ä".repeat(300), 5), "äääää...");
    assert_eq!(error_words(br#"{"error":{"message":"No."}}"#).as_deref(), Some("No."));
    assert_eq!(error_words(br#"{"error":"No."}"#).as_deref(), Some("No."));
    assert_eq!(error_words(br#"{"object":"error","message":"No."}"#).as_deref(), Some("No."));
    assert_eq!(error_words(b"<html>"), None);
}
