//! The servers of other programs: whether each that may be asked answers and has what is wanted of it.

use jarvis_core::{Cancel, Error};
use jarvis_remote::Worker;
use jarvis_settings::{Remote, RemoteReach};

use super::Found;
use crate::remote::{connect, wanted};

/// Asks every server that the settings name for the names of its models. Nothing else is sent, and nothing at all unless
/// the user allowed it.
pub(super) fn check(settings: &Remote) -> Found {
    if settings.allowed == RemoteReach::Off {
        return Found::ok("No other program is asked; `remote.allowed` is off.");
    }
    let addresses = wanted(settings);
    if addresses.is_empty() {
        return Found::ok("Other programs may be asked, and none is wanted.");
    }
    let settings = Remote { first_words_seconds: 1, ..settings.clone() };
    let mut found = Vec::new();
    for address in addresses {
        match try_server(&settings, address) {
            Ok(words) => found.push(words),
            // The own models stand in.
            Err(error) => return Found::warn(error.message, error.hint),
        }
    }
    Found::ok(found.join(" "))
}

fn try_server(settings: &Remote, address: &str) -> Result<String, Error> {
    let server = connect(&Worker::start()?, settings, address)?;
    // It has its own limits, which are shorter than a check's.
    let models = server.models(&Cancel::new())?;
    let host = server.host();
    if address == settings.address
        && !settings.model.is_empty()
        && !models.is_empty()
        && !models.contains(&settings.model)
    {
        return Err(Error::new(
            "remote.no_model",
            format!("{host} answers, and lists no model called {}.", settings.model),
            "`jarvis remote` lists those that it has; set one with `jarvis config set remote.model NAME`.",
        ));
    }
    Ok(format!("{host} answers."))
}
