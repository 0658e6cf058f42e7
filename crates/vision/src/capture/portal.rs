//! The screen of a Wayland desktop, through its portal: the desktop takes the picture, after asking the user.
//!
//! `org.freedesktop.portal.Screenshot` of xdg-desktop-portal. The desktop keeps the user's consent itself, so that it asks
//! once. It hands the picture over in a file, which is deleted as soon as it is read. Never goes around a refusal.

use super::Picture;
use futures_lite::{FutureExt, StreamExt};
use jarvis_core::{Error, Result, ScreenCapture, ScreenTarget, ScreenWindow, Screenshot};
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, MatchRule, MessageStream, connection, message};

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PLACE: &str = "/org/freedesktop/portal/desktop";
/// How long the session bus may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the portal may take to begin: it is started by the first question.
const STARTING: Duration = Duration::from_secs(5);
/// How long the user has to answer the desktop's question.
const CONSENT: Duration = Duration::from_secs(60);

/// A Wayland desktop. It tells neither windows nor where the pointer is: a picture of one is a picture of all.
pub struct Portal {
    bus: Connection,
    picture: Option<Picture>,
}

impl Portal {
    /// Connects to the session's bus, or to the one at `address`. The user is asked by the first picture, not now.
    ///
    /// # Errors
    /// There is no session bus.
    pub fn connect(address: Option<&str>) -> Result<Self> {
        let build = async {
            match address {
                Some(address) => connection::Builder::address(address)?.build().await,
                None => Connection::session().await,
            }
        };
        let bus = async_io::block_on(within(PATIENCE, build)).map_err(|_| {
            let hint = "Start Jarvis in the desktop session, so that DBUS_SESSION_BUS_ADDRESS is set.";
            Error::new("vision.no_display", "The desktop's session bus does not answer.", hint)
        })?;
        Ok(Self { bus, picture: None })
    }

    /// Whether somebody on the bus takes pictures, or can be started to: who is there and doesn't answer within a second may be
    /// starting, and is asked for longer by the first picture.
    pub fn is_there(&self) -> bool {
        let (properties, version) =
            ("org.freedesktop.DBus.Properties", ("org.freedesktop.portal.Screenshot", "version"));
        let get = self.bus.call_method(Some(PORTAL), PLACE, Some(properties), "Get", &version);
        match async_io::block_on(within(PATIENCE, get)) {
            Ok(_) => true,
            // Of a name that nobody has, the bus says so at once.
            Err(zbus::Error::InputOutput(error)) => error.kind() == std::io::ErrorKind::TimedOut,
            Err(_) => false,
        }
    }

    /// Asks for a picture; gives the file that it is in.
    async fn ask(&self) -> Result<PathBuf> {
        // Before the question, so that no answer comes too early.
        let rule = MatchRule::builder()
            .msg_type(message::Type::Signal)
            .sender(PORTAL)
            .and_then(|rule| rule.interface("org.freedesktop.portal.Request"))
            .and_then(|rule| rule.member("Response"))
            .map_err(failed)?
            .build();
        let mut answers =
            within(PATIENCE, MessageStream::for_match_rule(rule, &self.bus, Some(16))).await.map_err(failed)?;
        let options = HashMap::from([("interactive", Value::from(false)), ("modal", Value::from(false))]);
        let screenshot = Some("org.freedesktop.portal.Screenshot");
        let arguments = ("", options);
        let asked = self.bus.call_method(Some(PORTAL), PLACE, screenshot, "Screenshot", &arguments);
        let request = within(STARTING, asked).await.map_err(failed)?;
        let request: OwnedObjectPath = request.body().deserialize().map_err(failed)?;
        let answer = async {
            while let Some(answer) = answers.next().await {
                let answer = answer?;
                if answer.header().path().is_some_and(|path| path == &*request) {
                    return Ok(answer);
                }
            }
            Err(timed_out())
        };
        let answer = within(CONSENT, answer).await.map_err(|_| {
            let hint = "Ask again, and answer the desktop's question about the screenshot.";
            Error::new("vision.no_permission", "The desktop's question about the screenshot was not answered.", hint)
        })?;
        let (code, results): (u32, HashMap<String, OwnedValue>) = answer.body().deserialize().map_err(failed)?;
        if code != 0 {
            return Err(refused());
        }
        let file = results.get("uri").and_then(|uri| <&str>::try_from(uri).ok()).and_then(path_of);
        file.ok_or_else(|| failed("it gave no picture"))
    }
}

impl ScreenCapture for Portal {
    fn capture(&mut self, target: &ScreenTarget) -> Result<Screenshot<'_>> {
        let file = async_io::block_on(self.ask())?;
        let picture = Picture::open(&file);
        // Nobody else was told of it, and a screen is nobody's to keep.
        if let Err(error) = std::fs::remove_file(&file) {
            tracing::warn!(%error, "The desktop's file with the picture of the screen can't be deleted.");
        }
        self.picture.insert(picture?).capture(target)
    }

    fn windows(&mut self) -> Result<Vec<ScreenWindow>> {
        Ok(Vec::new())
    }

    fn release(&mut self) {
        self.picture = None;
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = zbus::Result<T>>) -> zbus::Result<T> {
    let late = async {
        async_io::Timer::after(limit).await;
        Err(timed_out())
    };
    work.or(late).await
}

fn timed_out() -> zbus::Error {
    zbus::Error::InputOutput(std::sync::Arc::new(std::io::ErrorKind::TimedOut.into()))
}

fn refused() -> Error {
    Error::new(
        "vision.no_permission",
        "The desktop did not allow a picture of the screen.",
        "Allow screenshots for Jarvis in the desktop's settings (GNOME: Apps; KDE: Application Permissions), and ask again.",
    )
}

fn failed(reason: impl std::fmt::Display) -> Error {
    Error::new(
        "vision.no_portal",
        format!("The desktop took no picture of the screen: {reason}."),
        "Install xdg-desktop-portal and the part of it for your desktop, log in again, and ask again.",
    )
}

/// The path in a `file:` address.
fn path_of(uri: &str) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    let path = uri.strip_prefix("file://")?;
    // A host may stand before the path, and can only be this one.
    let mut bytes = path[path.find('/')?..].bytes();
    let mut decoded = Vec::with_capacity(path.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            decoded.push((digit()? * 16 + digit()?) as u8);
        } else {
            decoded.push(byte);
        }
    }
    (!decoded.contains(&0)).then(|| std::ffi::OsString::from_vec(decoded).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_a_path() {
        let path = |uri: &str| path_of(uri).map(|path| path.display().to_string());
        assert_eq!(path("file:///home/a%20b/M%C3%A4rz.png").as_deref(), Some("/home/a b/März.png"));
        assert_eq!(path("file://localhost/x.png").as_deref(), Some("/x.png"));
        for bad in ["http://x/y.png", "file://", "file:///a%2", "file:///a%zz", "file:///%00", ""] {
            assert_eq!(path(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_address_is_a_path_or_none(uri in "(file://)?[/%a-fA-F0-9é]{0,12}") {
            let _ = path_of(&uri);
        }
    }
}
