//! Keys: where they are found and how they are kept from being seen.
//!
//! Owns the order: the environment variable that the settings name, else the system's keyring under the server's host, so
//! that no key is ever sent to a host that it was not given for. Never writes one anywhere but into the keyring.

use crate::{Address, RemoteError};
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Under which name keys lie in the keyring, each for its host.
const SERVICE: &str = "jarvis";

/// A keyring that is locked asks its user; nobody may be there.
const KEYRING_PATIENCE: Duration = Duration::from_secs(2);

/// The most characters of a key.
const LONGEST: usize = 4096;

/// A key to a server. Printing it shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Arc<str>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(hidden)")
    }
}

impl Key {
    /// Takes a key, without space around it; `from` tells in an error where it came from.
    ///
    /// # Errors
    /// It is empty or no single word.
    pub fn new(text: &str, from: &str) -> Result<Self, RemoteError> {
        let text = text.trim();
        if text.is_empty() || text.len() > LONGEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(RemoteError::BadKey { from: from.to_owned() });
        }
        Ok(Self(text.into()))
    }

    /// As it is sent.
    pub(crate) fn header(&self) -> Option<reqwest::header::HeaderValue> {
        let mut value = reqwest::header::HeaderValue::from_str(&format!("Bearer {}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// `text` without this key in it.
    pub(crate) fn hide_in(&self, text: &str) -> String {
        text.replace(&*self.0, "[key]")
    }
}

/// Where keys are kept between runs.
pub trait Keyring: fmt::Debug + Send + Sync {
    /// The key for `host`, if there is one.
    ///
    /// # Errors
    /// There is no keyring, or it is locked.
    fn get(&self, host: &str) -> Result<Option<String>, RemoteError>;
    /// Keeps a key for `host`.
    ///
    /// # Errors
    /// As [`Self::get`].
    fn set(&self, host: &str, key: &Key) -> Result<(), RemoteError>;
    /// Forgets the key for `host`, and says whether there was one.
    ///
    /// # Errors
    /// As [`Self::get`].
    fn forget(&self, host: &str) -> Result<bool, RemoteError>;
}

/// The keyring of the desktop: Secret Service, or the Keychain of macOS.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemKeyring;

impl Keyring for SystemKeyring {
    fn get(&self, host: &str) -> Result<Option<String>, RemoteError> {
        with_entry(host, |entry| match entry.get_password() {
            Ok(key) => Ok(Some(key)),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        })
    }

    fn set(&self, host: &str, key: &Key) -> Result<(), RemoteError> {
        let key = key.clone();
        with_entry(host, move |entry| entry.set_password(&key.0))
    }

    fn forget(&self, host: &str) -> Result<bool, RemoteError> {
        with_entry(host, |entry| match entry.delete_credential() {
            Ok(()) => Ok(true),
            Err(keyring::Error::NoEntry) => Ok(false),
            Err(error) => Err(error),
        })
    }
}

/// Works on the entry for `host`, on a thread of its own, since a keyring that waits for its user does not come back.
fn with_entry<T: Send + 'static>(
    host: &str,
    work: impl FnOnce(keyring::Entry) -> keyring::Result<T> + Send + 'static,
) -> Result<T, RemoteError> {
    let failed = |detail: String| RemoteError::Keyring { detail };
    let (sender, result) = channel();
    let host = host.to_owned();
    std::thread::Builder::new()
        .name("keyring".into())
        .spawn(move || {
            let _ = sender.send(keyring::Entry::new(SERVICE, &host).and_then(work));
        })
        .map_err(|error| failed(error.to_string()))?;
    match result.recv_timeout(KEYRING_PATIENCE) {
        Ok(Ok(value)) => Ok(value),
        // What the keyring says may quote what it holds.
        Ok(Err(keyring::Error::NoStorageAccess(_))) => Err(failed("it is locked".into())),
        Ok(Err(_)) => Err(failed("there is none, or it does not answer".into())),
        Err(RecvTimeoutError::Timeout) => Err(failed("it waits for you to unlock it".into())),
        Err(RecvTimeoutError::Disconnected) => Err(failed("it broke off".into())),
    }
}

/// What is known of a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The key; many servers on the same machine need none.
    pub key: Option<Key>,
    /// Why the keyring could not be asked ("it is locked"), so that there may be a key all the same.
    pub unread: Option<String>,
}

impl From<Option<Key>> for Found {
    fn from(key: Option<Key>) -> Self {
        Self { key, unread: None }
    }
}

/// The key for `address`: of the environment variable called `variable`, or, where that is empty, of the keyring.
///
/// # Errors
/// The variable is not set, what was found is no key, or it may not be sent there.
pub fn key_for(
    address: &Address,
    variable: &str,
    environment: impl Fn(&str) -> Option<String>,
    keyring: &dyn Keyring,
) -> Result<Found, RemoteError> {
    let mut unread = None;
    let key = if variable.is_empty() {
        match keyring.get(address.host()) {
            Ok(Some(key)) => Some(Key::new(&key, "in the keyring")?),
            Ok(None) => None,
            Err(error) => {
                tracing::debug!(%error, "no key is taken from the keyring");
                unread = Some(if let RemoteError::Keyring { detail } = error { detail } else { error.to_string() });
                None
            }
        }
    } else {
        let text = environment(variable).filter(|text| !text.trim().is_empty());
        let text = text.ok_or_else(|| RemoteError::NoKey { variable: variable.to_owned() })?;
        Some(Key::new(&text, &format!("in {variable}"))?)
    };
    if key.is_some() && address.is_in_the_clear() {
        return Err(RemoteError::KeyInTheClear { host: address.host().to_owned() });
    }
    Ok(Found { key, unread })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    const SECRET: &str = "sk-very-secret-0123456789";

    #[derive(Debug, Default)]
    struct Drawer(Mutex<BTreeMap<String, String>>);

    impl Keyring for Drawer {
        fn get(&self, host: &str) -> Result<Option<String>, RemoteError> {
            Ok(self.0.lock().unwrap().get(host).cloned())
        }
        fn set(&self, host: &str, key: &Key) -> Result<(), RemoteError> {
            self.0.lock().unwrap().insert(host.to_owned(), key.0.to_string());
            Ok(())
        }
        fn forget(&self, host: &str) -> Result<bool, RemoteError> {
            Ok(self.0.lock().unwrap().remove(host).is_some())
        }
    }

    #[derive(Debug)]
    struct Locked;

    impl Keyring for Locked {
        fn get(&self, _: &str) -> Result<Option<String>, RemoteError> {
            Err(RemoteError::Keyring { detail: "it is locked".into() })
        }
        fn set(&self, _: &str, _: &Key) -> Result<(), RemoteError> {
            unreachable!()
        }
        fn forget(&self, _: &str) -> Result<bool, RemoteError> {
            unreachable!()
        }
    }

    fn nothing(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn a_key_is_never_shown() {
        let key = Key::new(&format!(" {SECRET}\n"), "here").unwrap();
        assert!(!format!("{key:?} {:?} {:?}", Some(&key), key.header()).contains(SECRET));
        assert_eq!(key.hide_in(&format!("Wrong key {SECRET}!")), "Wrong key [key]!");
        for bad in ["", "  ", "two words", "umläut", "line\nbreak-secret"] {
            let error = Key::new(bad, "in MY_KEY").unwrap_err();
            assert!(error.to_string().contains("MY_KEY") && !error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_key_goes_only_to_the_host_that_it_was_given_for() {
        let drawer = Drawer::default();
        drawer.set("api.openai.com", &Key::new(SECRET, "here").unwrap()).unwrap();
        let of = |address: &str| key_for(&Address::parse(address).unwrap(), "", nothing, &drawer).unwrap().key;
        assert!(of("https://api.openai.com/v1").is_some());
        assert!(of("https://api.openai.com.example/v1").is_none());
        assert!(of("http://127.0.0.1:11434").is_none());
        assert!(drawer.forget("api.openai.com").unwrap());
        assert!(of("https://api.openai.com/v1").is_none());
    }

    #[test]
    fn the_named_variable_comes_before_the_keyring_and_has_to_be_there() {
        let address = Address::parse("https://h.example").unwrap();
        let environment = |name: &str| (name == "MY_KEY").then(|| SECRET.to_owned());
        assert!(key_for(&address, "MY_KEY", environment, &Locked).unwrap().key.is_some());
        let error = key_for(&address, "OTHER", environment, &Drawer::default()).unwrap_err();
        assert_eq!(error, RemoteError::NoKey { variable: "OTHER".into() });
        let locked = key_for(&address, "", environment, &Locked).unwrap();
        assert_eq!(locked, Found { key: None, unread: Some("it is locked".into()) }, "no key for now");
        assert!(key_for(&address, "", environment, &Drawer::default()).unwrap().unread.is_none());
    }

    #[test]
    fn a_key_is_not_sent_in_the_clear_but_to_this_machine() {
        let environment = |_: &str| Some(SECRET.to_owned());
        let of = |address: &str| key_for(&Address::parse(address).unwrap(), "K", environment, &Locked);
        assert!(matches!(of("http://192.168.1.5:8000"), Err(RemoteError::KeyInTheClear { .. })));
        assert!(of("http://127.0.0.1:8000").unwrap().key.is_some());
    }
}
