use super::*;
use crate::testing::{Fake, FakeClock, patient, server};

fn ears(fake: &Fake, language: Option<&str>) -> Transcription {
    let server = server(&fake.address(), None, patient(), &FakeClock::new());
    Transcription::new(server, "whisper-1", language.map(str::to_owned))
}

#[test]
fn sound_goes_as_a_form_and_words_come_back() {
    let fake =
        Fake::new(|_, wire| wire.json(r#"{"text":" What time\nis it? ","usage":{"type":"duration","seconds":1}}"#));
    let heard = ears(&fake, Some("en")).transcribe(&[0.5; 16_000], &Cancel::new()).unwrap();
    assert_eq!(heard.text, "What time is it?");
    assert_eq!((heard.seconds, heard.language.as_deref()), (1.0, Some("en")));

    let seen = &fake.seen()[0];
    assert_eq!(seen.line, "POST /v1/audio/transcriptions HTTP/1.1");
    let kind = seen.header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let text = String::from_utf8_lossy(&seen.body);
    for part in ["name=\"model\"\r\n\r\nwhisper-1\r\n", "name=\"language\"\r\n\r\nen\r\n", "filename=\"speech.wav\""] {
        assert!(text.contains(part), "{part}");
    }
    assert!(text.starts_with(&format!("--{boundary}\r\n")) && text.ends_with(&format!("\r\n--{boundary}--\r\n")));
    let at = seen.body.windows(4).position(|four| four == b"RIFF").unwrap();
    assert_eq!(seen.body[at..].len(), 44 + 32_000 + format!("\r\n--{boundary}--\r\n").len());
}

#[test]
fn what_is_no_transcript_is_an_error_and_a_click_is_not_sent() {
    let fake = Fake::new(|_, wire| wire.json(r#"{"words":[]}"#));
    let mut ears = ears(&fake, None);
    assert_eq!(ears.transcribe(&[0.5; 100], &Cancel::new()).unwrap().text, "");
    assert!(fake.seen().is_empty());
    assert_eq!(ears.transcribe(&[0.5; 16_000], &Cancel::new()).unwrap_err().code, "remote.garbled");
}

#[test]
fn what_may_not_be_meant_for_jarvis_stays_here() {
    let fake = Fake::new(|_, wire| wire.json(r#"{"text":"Hey Jarvis."}"#));
    let mut ears = ears(&fake, None);
    assert_eq!(ears.transcribe_partial(&[0.5; 16_000], &Cancel::new()).unwrap().text, "");
    let weighed = ears.transcribe_and_weigh(&[0.5; 16_000], "hey jarvis", &Cancel::new());
    assert_eq!(weighed.unwrap_err().code, "remote.not_weighed");
    assert!(fake.seen().is_empty());
}
