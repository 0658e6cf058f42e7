use super::*;
use crate::testing::{Fake, FakeClock, patient, server};

fn voice(fake: &Fake) -> Voice {
    Voice::new(server(&fake.address(), None, patient(), &FakeClock::new()), "tts-1", "alloy")
}

fn raw(samples: usize) -> Vec<u8> {
    (0..samples).flat_map(|i| i16::try_from(i % 1000).unwrap().to_le_bytes()).collect()
}

fn sound(wire: &mut crate::testing::Wire, kind: &str, pieces: &[&[u8]]) -> bool {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n");
    wire.raw(head.as_bytes()) && pieces.iter().all(|piece| wire.chunk(piece)) && wire.raw(b"0\r\n\r\n")
}

#[test]
fn sound_comes_in_pieces_and_none_is_lost() {
    let fake = Fake::new(|_, wire| {
        let all = raw(24_000);
        sound(wire, "audio/pcm", &[&all[..11], &all[11..9_001], &all[9_001..]])
    });
    let mut voice = voice(&fake);
    voice.set_rate(1.5);
    let (mut pieces, mut all) = (0, Vec::new());
    voice
        .stream("Good morning.", &Cancel::new(), &mut |piece| {
            assert_eq!(piece.sample_rate, 24_000);
            pieces += 1;
            all.extend(piece.samples);
        })
        .unwrap();
    assert!(pieces >= 2);
    assert_eq!(all.len(), 24_000);
    assert_eq!(all[999], 999.0 / 32768.0);
    let seen = &fake.seen()[0];
    assert_eq!(seen.line, "POST /v1/audio/speech HTTP/1.1");
    let body: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({"model": "tts-1", "input": "Good morning.", "voice": "alloy", "response_format": "pcm", "speed": 1.5})
    );
}

#[test]
fn a_file_where_raw_sound_was_asked_for_is_played_too() {
    let fake = Fake::new(|_, wire| sound(wire, "audio/wav", &[&crate::sound::wav(&[0.25; 1600])]));
    let audio = voice(&fake).synthesize("Hi.", &Cancel::new()).unwrap();
    assert_eq!((audio.sample_rate, audio.samples.len()), (16_000, 1600));
}

#[test]
fn what_is_no_sound_is_an_error() {
    for (kind, body) in [
        ("application/json", &b"{\"error\":\"no\"}"[..]),
        ("text/html", b"<html>"),
        ("audio/mpeg", b"ID3\x04aaaaaaaaaaaaaaaaaaa"),
        ("audio/pcm", b""),
    ] {
        let fake = Fake::new(move |_, wire| {
            let pieces: Vec<&[u8]> = [body].into_iter().filter(|body| !body.is_empty()).collect();
            sound(wire, kind, &pieces)
        });
        let error = voice(&fake).synthesize("Hi.", &Cancel::new()).unwrap_err();
        assert_eq!(error.code, "remote.garbled", "{kind}");
    }
}

#[test]
fn sound_without_end_is_bounded() {
    let fake = Fake::new(|_, wire| {
        wire.raw(b"HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\n\r\n");
        while wire.raw(&[1; 65536]) {}
        false
    });
    let error = voice(&fake).stream("Hi.", &Cancel::new(), &mut |_| {}).unwrap_err();
    assert_eq!(error.code, "remote.too_much");
}

#[test]
fn nothing_to_say_is_not_sent() {
    let fake = Fake::saying(&[]);
    assert!(voice(&fake).synthesize(" ... ", &Cancel::new()).unwrap().samples.is_empty());
    assert!(fake.seen().is_empty());
}

#[test]
fn what_stays_here_is_not_sent() {
    let fake = Fake::saying(&[]);
    let error = voice(&fake).stream_here("Your balance is 12.", &Cancel::new(), &mut |_| {}).unwrap_err();
    assert_eq!(error.code, "remote.stays_here");
    assert!(fake.seen().is_empty());
}
