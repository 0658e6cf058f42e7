//! The servers of other programs: whether each that may be asked answers and has what is wanted of it.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use jarvis_core::{Cancel, Error};
use jarvis_remote::{Address, Keyring, Worker};
use jarvis_settings::{Remote, RemoteReach};

use super::Found;
use crate::remote::{asks_for_answers, connect, lacks_model, no_model, picture_model, shows_to, wanted};

/// How long all of them have: less than a check, so that what is told is which one is slow.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Asks every server that the settings name for the names of its models, all at the same time. Nothing else is sent, and
/// nothing at all unless the user allowed it.
pub(super) fn check(settings: &Remote, keyring: &Arc<dyn Keyring>) -> Found {
    if settings.allowed == RemoteReach::Off {
        return Found::ok("No other program is asked; `remote.allowed` is off.");
    }
    let addresses = wanted(settings);
    if addresses.is_empty() {
        return Found::ok("Other programs may be asked, and none is wanted.");
    }
    let settings = Arc::new(Remote { first_words_seconds: 2, ..settings.clone() });
    let deadline = Instant::now() + PATIENCE;
    let asked: Vec<_> = addresses
        .into_iter()
        .map(|address| {
            let (sender, answer) = channel();
            let (settings, keyring, to) = (Arc::clone(&settings), Arc::clone(keyring), address.to_owned());
            // One that can't be begun gives no answer.
            let _ = std::thread::Builder::new().name("check-server".into()).spawn(move || {
                let _ = sender.send(try_server(&settings, &to, &*keyring));
            });
            (address, answer)
        })
        .collect();
    let (mut answers, mut wrong) = (Vec::new(), Vec::new());
    for (address, answer) in asked {
        match answer.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Ok(words)) => answers.push(words),
            Ok(Err(error)) => wrong.push(error),
            Err(_) => wrong.push(slow(address)),
        }
    }
    // The own models stand in.
    match wrong.first() {
        Some(first) => {
            let all: Vec<&str> = wrong.iter().map(|error| error.message.as_str()).collect();
            Found::warn(all.join(" "), first.hint.clone())
        }
        None => Found::ok(answers.join(" ")),
    }
}

fn slow(address: &str) -> Error {
    let host = Address::parse(address).map_or_else(|_| address.to_owned(), |place| place.host().to_owned());
    Error::new(
        "remote.slow",
        format!("{host} gives no answer within {PATIENCE:?}."),
        "Try it with `jarvis remote`; a keyring that is locked keeps it waiting, too.",
    )
}

fn try_server(settings: &Remote, address: &str, keyring: &dyn Keyring) -> Result<String, Error> {
    let server = connect(&Worker::start()?, settings, address, keyring)?;
    let models = server.models(&Cancel::new())?;
    let host = server.host();
    if lacks_model(settings, address) {
        return Err(no_model(host));
    }
    if address == settings.address {
        let shows = shows_to(settings)?.is_some();
        // Only those that are asked.
        let of_answers = (asks_for_answers(settings), "model", settings.model.as_str());
        let name = if settings.picture_model.is_empty() { "model" } else { "picture_model" };
        let of_pictures = (shows, name, picture_model(settings));
        for (_, setting, model) in [of_answers, of_pictures].into_iter().filter(|(is_asked, ..)| *is_asked) {
            if !model.is_empty() && !models.is_empty() && !models.iter().any(|listed| listed == model) {
                return Err(Error::new(
                    "remote.no_model",
                    format!("{host} answers, and lists no model called {model}."),
                    format!(
                        "`jarvis remote` lists those that it has; set one with `jarvis config set remote.{setting} NAME`."
                    ),
                ));
            }
        }
    }
    Ok(format!("{host} answers."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::CheckStatus;
    use crate::remote::tests::Drawer;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// A server that lists one model, as often as it is asked. Ends with the test's process.
    fn listing(model: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    match stream.read(&mut byte) {
                        Ok(1) => head.push(byte[0]),
                        _ => break,
                    }
                }
                let body = format!(r#"{{"object":"list","data":[{{"id":"{model}"}}]}}"#);
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
                );
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        address
    }

    #[test]
    fn only_models_that_are_asked_have_to_be_there() {
        let address = listing("sees");
        let keyring = Drawer::default();
        let lacking = |set: &[(&str, &str)]| {
            let mut settings = jarvis_settings::Settings::default();
            let all = [("remote.allowed", "this_machine"), ("remote.address", address.as_str())];
            for (path, value) in all.iter().chain(set) {
                settings.set(path, value).unwrap();
            }
            try_server(&settings.remote, &address, &keyring).err().map(|error| error.hint)
        };
        let (off, gone, sees) = (("remote.mind", "off"), ("remote.model", "gone"), ("remote.picture_model", "sees"));
        let pictures = ("remote.pictures", "true");
        assert_eq!(lacking(&[off, gone, pictures, sees]), None, "nobody asks that one");
        assert_eq!(lacking(&[off, gone]), None);
        for asked in [&[gone, pictures, sees][..], &[off, gone, pictures], &[gone]] {
            assert!(lacking(asked).unwrap().contains(" remote.model NAME"), "{asked:?}");
        }
        let hint = lacking(&[off, pictures, ("remote.picture_model", "gone")]).unwrap();
        assert!(hint.contains(" remote.picture_model NAME"), "{hint}");
    }

    #[test]
    fn servers_that_do_not_answer_are_named_and_nothing_fails() {
        // Takes connections, since the system does that, and never says a word.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = silent.local_addr().unwrap().to_string();
        let mut settings = jarvis_settings::Settings::default();
        for (path, value) in [
            ("remote.allowed", "this_machine"),
            ("remote.address", &format!("http://{host}")),
            ("remote.model", "m"),
            ("remote.voice", "on"),
            ("remote.voice_address", "http://127.0.0.1:1"),
        ] {
            settings.set(path, value).unwrap();
        }
        let keyring: Arc<dyn Keyring> = Arc::new(Drawer::default());
        let found = check(&settings.remote, &keyring);
        assert_eq!(found.status, CheckStatus::Warn);
        assert!(found.detail.contains(&host) && found.detail.contains("127.0.0.1:1"), "{}", found.detail);
        assert!(found.detail.ends_with('.') && !found.remedy.is_empty());
    }
}
