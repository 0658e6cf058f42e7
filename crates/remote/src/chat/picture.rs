//! A picture as a part of a question.
//!
//! Owns its form on the wire, a `data:` address (RFC 2397). Never looks into it, and shows no one its bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A picture for a model that sees.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    address: String,
}

impl Picture {
    /// The picture in `bytes`, a file of the media type `kind`: `image/png` or `image/jpeg`.
    pub fn new(kind: &str, bytes: &[u8]) -> Self {
        Self { address: format!("data:{kind};base64,{}", STANDARD.encode(bytes)) }
    }

    /// The bytes that an address of [`Self::address`] holds; none where it is no such address.
    pub fn bytes_of(address: &str) -> Option<Vec<u8>> {
        let (kind, data) = address.strip_prefix("data:")?.split_once(";base64,")?;
        kind.starts_with("image/").then(|| STANDARD.decode(data).ok())?
    }

    /// It, as an address that has it whole; a web view shows it, too.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture").field("characters", &self.address.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Chat;
    use crate::Limits;
    use crate::testing::{Fake, FakeClock, Wire, ask, patient, question, server};
    use image::{ImageFormat, Rgb, RgbImage};
    use jarvis_core::{Cancel, GenerateOptions, LanguageModel as _, StopReason};
    use serde_json::Value;
    use std::io::Cursor;
    use std::time::Duration;

    fn pixels() -> RgbImage {
        RgbImage::from_fn(31, 7, |x, y| Rgb([x as u8, y as u8, 200]))
    }

    fn picture() -> Picture {
        let mut file = Cursor::new(Vec::new());
        pixels().write_to(&mut file, ImageFormat::Png).unwrap();
        Picture::new("image/png", file.get_ref())
    }

    fn seeing(fake: &Fake, limits: Limits) -> Chat {
        Chat::new(server(&fake.address(), None, limits, &FakeClock::new()), "m").with_picture(picture())
    }

    #[test]
    fn the_newest_question_has_the_picture_and_nothing_else_has() {
        let fake = Fake::saying(&["A blue", " field."]);
        let (pieces, made) = ask(&mut seeing(&fake, patient()));
        assert_eq!((pieces.concat(), made.unwrap().text), ("A blue field.".into(), "A blue field.".into()));
        let seen = &fake.seen()[0];
        assert_eq!(seen.line, "POST /v1/chat/completions HTTP/1.1");
        let body: Value = serde_json::from_slice(&seen.body).unwrap();
        assert_eq!(body["messages"][0]["content"], "Be brief.");
        let parts = body["messages"][1]["content"].as_array().unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0], serde_json::json!({ "type": "text", "text": "Who are you?" }));
        assert_eq!(parts[1]["type"], "image_url");
        let address = parts[1]["image_url"]["url"].as_str().unwrap();
        assert!(address.starts_with("data:image/png;base64,"));
        let file = Picture::bytes_of(address).unwrap();
        assert_eq!(image::load_from_memory(&file).unwrap().into_rgb8(), pixels());
    }

    #[test]
    fn a_model_may_look_longer_than_it_may_think() {
        let fake = Fake::new(|_, wire| {
            std::thread::sleep(Duration::from_millis(400));
            wire.begin() && wire.say("Blue.") && wire.done()
        });
        let limits = Limits { first_words: Duration::from_millis(100), ..patient() };
        assert_eq!(ask(&mut seeing(&fake, limits)).1.unwrap().text, "Blue.");
    }

    #[test]
    fn a_model_that_is_blind_answers_without_a_picture_as_before() {
        let fake = Fake::new(|seen, wire| {
            if String::from_utf8_lossy(&seen.body).contains("image_url") {
                return wire.answer("500 Internal Server Error", "", "");
            }
            wire.begin() && wire.say("Yes.") && wire.done()
        });
        let server = server(&fake.address(), None, patient(), &FakeClock::new());
        let mut seeing = Chat::new(server.clone(), "m").with_picture(picture());
        assert_eq!(ask(&mut seeing).1.unwrap_err().code, "remote.failed");
        assert_eq!(ask(&mut seeing).1.unwrap_err().code, "remote.resting", "it is not sent again at once");
        assert_eq!(ask(&mut Chat::new(server, "m")).1.unwrap().text, "Yes.");
    }

    #[test]
    fn it_is_sent_once_whatever_comes_of_it() {
        let busy = |wire: &mut Wire| wire.answer("503 Service Unavailable", "Retry-After: 0\r\n", "");
        let full = |wire: &mut Wire| wire.answer("429 Too Many Requests", "", "");
        let gateway = |wire: &mut Wire| wire.answer("502 Bad Gateway", "", "");
        let breaks_off = |_: &mut Wire| false;
        type Behaviour = fn(&mut Wire) -> bool;
        let cases: [(Behaviour, &str); 4] = [
            (busy, "remote.busy"),
            (full, "remote.busy"),
            (gateway, "remote.failed"),
            (breaks_off, "remote.broke_off"),
        ];
        for (behave, code) in cases {
            let fake = Fake::new(move |_, wire| behave(wire));
            assert_eq!(ask(&mut seeing(&fake, patient())).1.unwrap_err().code, code);
            assert_eq!(fake.seen().len(), 1, "{code}");
            // Words alone are tried again, by the same limits.
            let mut words = Chat::new(server(&fake.address(), None, patient(), &FakeClock::new()), "m");
            assert_eq!(ask(&mut words).1.unwrap_err().code, code);
            assert!(fake.seen().len() > 2, "{code}");
        }
    }

    #[test]
    fn a_server_with_other_words_gets_it_when_it_is_asked_again_in_those() {
        let fake = Fake::new(|seen, wire| {
            let body: Value = serde_json::from_slice(&seen.body).unwrap();
            let wrong = ["max_tokens", "temperature"].into_iter().find(|name| body.get(name).is_some());
            let Some(wrong) = wrong else { return wire.begin() && wire.say("Blue.") && wire.done() };
            let said = format!(r#"{{"error":{{"message":"'{wrong}': use 'max_completion_tokens' instead"}}}}"#);
            wire.answer("400 Bad Request", "Content-Type: application/json\r\n", &said)
        });
        let server = server(&fake.address(), None, patient(), &FakeClock::new());
        let seeing = || Chat::new(server.clone(), "m").with_picture(picture());
        assert_eq!(ask(&mut seeing()).1.unwrap_err().code, "remote.reworded");
        assert_eq!(fake.seen().len(), 1);
        assert_eq!(ask(&mut seeing()).1.unwrap().text, "Blue.", "it is known by then");
        assert_eq!(fake.seen().len(), 2);
    }

    #[test]
    fn a_raised_flag_ends_it_at_once() {
        let fake = Fake::new(|_, wire| {
            wire.wait();
            false
        });
        let cancel = Cancel::new();
        let raised = cancel.clone();
        let mut chat = seeing(&fake, patient());
        std::thread::scope(|scope| {
            let answer =
                scope.spawn(move || chat.generate(&question(), &GenerateOptions::default(), &cancel, &mut |_| {}));
            while fake.seen().is_empty() {
                std::thread::yield_now();
            }
            raised.cancel();
            assert_eq!(answer.join().unwrap().unwrap().stop_reason, StopReason::Cancelled);
        });
    }

    #[test]
    fn no_log_has_its_bytes() {
        let fake = Fake::saying(&[]);
        assert!(!format!("{:?}", seeing(&fake, patient())).contains("base64"));
    }
}
