//! `jarvis remote`: tries the servers of other programs, and keeps keys for them in the system's keyring.

use std::io::{BufRead, IsTerminal};
use std::time::Instant;

use super::control;
use crate::output::Output;
use jarvis_core::{Cancel, Error, Result};
use jarvis_engine::remote::{connect, wanted};
use jarvis_remote::{Address, Key, Keyring, SystemKeyring, Worker};
use jarvis_settings::{Paths, RemoteReach, Settings};
use serde_json::json;

/// What can be said to `jarvis remote`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Ask each server that the settings name which models it has (the default).
    Models,
    /// Keep a key in the system's keyring; it is read from standard input, a line.
    SetKey {
        /// For the server at this address and no other; `remote.address` if none is given.
        address: Option<String>,
    },
    /// Remove a key from the system's keyring.
    ForgetKey {
        /// The server's address; `remote.address` if none is given.
        address: Option<String>,
    },
}

/// Runs the command.
///
/// # Errors
/// Other programs may not be asked, one does not answer, or the keyring can't be used.
pub fn run(args: Args, output: &Output) -> Result<()> {
    let paths = Paths::discover()?;
    let settings = Settings::load(&paths)?;
    match args.action.unwrap_or(Action::Models) {
        Action::Models => {
            let listed = models(&settings, output);
            // A keyring that was locked may be open by now: a running Jarvis looks its keys up again.
            control::reload(&paths);
            listed
        }
        Action::SetKey { address } => {
            let place = place(address, &settings)?;
            if place.is_in_the_clear() {
                return Err(jarvis_remote::RemoteError::KeyInTheClear { host: place.host().into() }.into());
            }
            let key = Key::new(&read_key(&place)?, "that was given")?;
            SystemKeyring.set(place.host(), &key)?;
            control::reload(&paths);
            output.result(&json!({ "host": place.host(), "key": true }), || {
                format!("The key for {} is in the system's keyring.", place.host())
            });
            Ok(())
        }
        Action::ForgetKey { address } => {
            let place = place(address, &settings)?;
            let was_there = SystemKeyring.forget(place.host())?;
            control::reload(&paths);
            output.result(&json!({ "host": place.host(), "key": false }), || match was_there {
                true => format!("The key for {} is removed.", place.host()),
                false => format!("There was no key for {}.", place.host()),
            });
            Ok(())
        }
    }
}

/// Which server is meant.
fn place(address: Option<String>, settings: &Settings) -> Result<Address> {
    Ok(Address::parse(&address.unwrap_or_else(|| settings.remote.address.clone()))?)
}

/// A line of standard input: what stands on a command line is seen by everyone who lists processes.
fn read_key(place: &Address) -> Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprintln!("Paste the key for {} and press Enter:", place.host());
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).map_err(|error| {
        Error::new("remote.bad_key", format!("The key can't be read: {error}."), "Pipe it in, or paste it.")
    })?;
    Ok(line)
}

fn models(settings: &Settings, output: &Output) -> Result<()> {
    let remote = &settings.remote;
    let addresses = wanted(remote);
    if remote.allowed == RemoteReach::Off || addresses.is_empty() {
        return Err(Error::new(
            "remote.off",
            "No other program is asked.",
            "Allow it with `jarvis config set remote.allowed this_machine` (or `network`), and set remote.address.",
        ));
    }
    let worker = Worker::start()?;
    let mut failed = None;
    for address in addresses {
        let asked = Instant::now();
        let listed = connect(&worker, remote, address, &SystemKeyring).and_then(|server| {
            let models = server.models(&Cancel::new())?;
            Ok((server, models))
        });
        match listed {
            Ok((server, models)) => {
                let total = asked.elapsed().as_secs_f64() * 1e3;
                let value = json!({ "host": server.host(), "models": models, "timings_ms": { "total": total } });
                output.result(&value, || {
                    let list: Vec<String> = models
                        .iter()
                        .map(|model| format!("  {model}{}", if *model == remote.model { "  (chosen)" } else { "" }))
                        .collect();
                    format!("{} answers after {total:.0} ms and has:\n{}", server.host(), list.join("\n"))
                });
            }
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(()), Err)
}
