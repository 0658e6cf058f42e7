//! The bus that applications tell screen readers on: connecting, asking many things at once, and nobody who can hang us.
//!
//! Owns both connections, what is waited for and for how long, and whether the desktop's accessibility was switched on by us.
//! Never interprets an answer.
//!
//! <https://gnome.pages.gitlab.gnome.org/at-spi2-core/devel-docs/>: the session's bus tells the address of another bus
//! (`org.a11y.Bus.GetAddress`), on which every application is a peer.

use async_io::Timer;
use futures_lite::{FutureExt, StreamExt};
use jarvis_core::{Cancel, Error, Result};
use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};
use zbus::zvariant::{DynamicType, OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, Message, MessageStream, connection::Builder, message::Type};

/// Connecting takes a few milliseconds, and some hundred where the service has to be started first.
const CONNECT: Duration = Duration::from_millis(900);
/// What one application gets to answer, while the others are done.
const PATIENCE: Duration = Duration::from_millis(80);
/// What an application gets that did not answer the last time.
const LITTLE_PATIENCE: Duration = Duration::from_millis(15);
/// How long we take to notice that nobody wants the answer any more.
const TICK: Duration = Duration::from_millis(15);
/// Calls on their way at once. The bus holds a place for each.
const IN_FLIGHT: usize = 256;
const SERVICE: &str = "org.a11y.Bus";
const STATUS: &str = "org.a11y.Status";

/// An object of an application.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Node {
    /// The application's name on the bus.
    pub bus: String,
    /// The object's path in it.
    pub path: OwnedObjectPath,
}

impl From<(String, OwnedObjectPath)> for Node {
    fn from((bus, path): (String, OwnedObjectPath)) -> Self {
        Self { bus, path }
    }
}

/// What came of a call.
#[derive(Debug)]
pub enum Answer {
    /// The reply.
    Reply(Message),
    /// The application can't or won't.
    Refused,
    /// It said nothing in time.
    Silent,
}

impl Answer {
    /// The reply's body, if it is one and what was expected.
    pub fn read<T>(&self) -> Option<T>
    where
        T: for<'de> serde::Deserialize<'de> + zbus::zvariant::Type,
    {
        let Self::Reply(message) = self else { return None };
        message.body().deserialize_unchecked().ok()
    }

    /// The value of a property.
    pub fn property<T: TryFrom<OwnedValue>>(&self) -> Option<T> {
        self.read::<OwnedValue>()?.try_into().ok()
    }
}

/// Until when answers are waited for, and who can end it.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// The end of it all.
    pub end: Instant,
    /// Raised when nobody wants the answer any more.
    pub cancel: &'a Cancel,
}

/// The connection to the accessibility bus.
#[derive(Debug)]
pub struct Bus {
    bus: Connection,
    /// Who did not answer the last time.
    silent: HashSet<String>,
    /// The session's bus, where the desktop's accessibility was off before it was switched on here.
    switched_on: Option<Connection>,
}

impl Bus {
    /// Connects by way of the session's bus, or the one at `address`. With `switch_on` the desktop's accessibility is on
    /// until this is dropped.
    pub async fn connect(address: Option<&str>, switch_on: bool) -> Result<Self> {
        let connect = async {
            let session = match address {
                Some(address) => Builder::address(address),
                None => Builder::session(),
            };
            let session = session.map_err(no_session)?.build().await.map_err(no_session)?;
            let told = session.call_method(Some(SERVICE), "/org/a11y/bus", Some(SERVICE), "GetAddress", &()).await;
            let address: String = told.map_err(no_service)?.body().deserialize().map_err(no_service)?;
            let bus = Builder::address(address.as_str()).map_err(no_service)?.build().await.map_err(no_service)?;
            let switched_on = if switch_on && !is_on(&session).await.unwrap_or(true) {
                set(&session, true).await.map_err(no_service)?;
                Some(session)
            } else {
                None
            };
            Ok(Self { bus, silent: HashSet::new(), switched_on })
        };
        let late = async {
            Timer::after(CONNECT).await;
            Err(no_service("it did not answer"))
        };
        connect.or(late).await
    }

    /// Asks all of `calls` and returns their answers in the same order; what can't be asked is refused. Many are on their way at
    /// once.
    ///
    /// # Errors
    /// The connection is lost, or the flag was raised.
    pub async fn ask(
        &mut self,
        calls: impl IntoIterator<Item = Option<Message>>,
        limits: Limits<'_>,
    ) -> Result<Vec<Answer>> {
        let calls: Vec<Option<Message>> = calls.into_iter().collect();
        let silent = |call: &Option<Message>| if call.is_some() { Answer::Silent } else { Answer::Refused };
        let mut answers: Vec<Answer> = calls.iter().map(silent).collect();
        let mut pending: HashMap<NonZeroU32, usize> = HashMap::with_capacity(calls.len().min(IN_FLIGHT));
        let mut replies = MessageStream::from(&self.bus);
        let mut heard = Instant::now();
        let mut sent = 0;
        loop {
            if limits.cancel.is_cancelled() {
                return Err(Error::cancelled());
            }
            while sent < calls.len() && pending.len() < IN_FLIGHT {
                if let Some(call) = &calls[sent] {
                    pending.insert(call.primary_header().serial_num(), sent);
                    self.bus.send(call).await.map_err(lost)?;
                }
                sent += 1;
            }
            if pending.is_empty() {
                return Ok(answers);
            }
            let known_silent = !self.silent.is_empty()
                && pending.values().all(|call| asked(&calls[*call]).is_some_and(|name| self.silent.contains(&name)));
            let patience = if known_silent { LITTLE_PATIENCE } else { PATIENCE };
            let end = limits.end.min(heard + patience);
            let now = Instant::now();
            if now >= end {
                break;
            }
            let wait = TICK.min(end - now);
            let tick = async {
                Timer::after(wait).await;
                None
            };
            let Some(next) = async { Some(replies.next().await) }.or(tick).await else { continue };
            let message = next.ok_or_else(|| lost("it was closed"))?.map_err(lost)?;
            let Some(call) = message.header().reply_serial().and_then(|serial| pending.remove(&serial)) else {
                continue;
            };
            heard = Instant::now();
            if !self.silent.is_empty()
                && let Some(name) = asked(&calls[call])
            {
                self.silent.remove(&name);
            }
            answers[call] = match message.message_type() {
                Type::MethodReturn => Answer::Reply(message),
                _ => Answer::Refused,
            };
        }
        self.silent.extend(pending.values().filter_map(|call| asked(&calls[*call])));
        Ok(answers)
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        if let Some(session) = self.switched_on.take() {
            // Whoever switched it on again meanwhile, such as a screen reader that was started, can't be told from us.
            let off = async { set(&session, false).await };
            let late = async {
                Timer::after(CONNECT).await;
                Err(zbus::Error::InputOutput(std::sync::Arc::new(std::io::ErrorKind::TimedOut.into())))
            };
            if let Err(error) = async_io::block_on(off.or(late)) {
                tracing::warn!(%error, "the desktop's accessibility could not be switched off again");
            }
        }
    }
}

/// A call of one of an object's methods; none where the object's name or path breaks the rules of the bus.
pub fn call<B>(node: &Node, interface: &str, member: &str, body: &B) -> Option<Message>
where
    B: serde::Serialize + DynamicType,
{
    let message = Message::method_call(&node.path, member).ok()?.destination(node.bus.as_str()).ok()?;
    message.interface(interface).ok()?.build(body).ok()
}

/// A call for one of an object's properties.
pub fn property(node: &Node, interface: &str, name: &str) -> Option<Message> {
    call(node, "org.freedesktop.DBus.Properties", "Get", &(interface, name))
}

/// A call for the number of the process that `node` lives in.
pub fn process(node: &Node) -> Option<Message> {
    let bus =
        Node { bus: "org.freedesktop.DBus".into(), path: OwnedObjectPath::try_from("/org/freedesktop/DBus").ok()? };
    call(&bus, "org.freedesktop.DBus", "GetConnectionUnixProcessID", &node.bus)
}

/// Whom a call is for.
fn asked(call: &Option<Message>) -> Option<String> {
    call.as_ref()?.header().destination().map(ToString::to_string)
}

async fn is_on(session: &Connection) -> zbus::Result<bool> {
    let arguments = (STATUS, "IsEnabled");
    let reply = session
        .call_method(Some(SERVICE), "/org/a11y/bus", Some("org.freedesktop.DBus.Properties"), "Get", &arguments)
        .await?;
    Ok(bool::try_from(reply.body().deserialize::<OwnedValue>()?)?)
}

async fn set(session: &Connection, on: bool) -> zbus::Result<()> {
    let arguments = (STATUS, "IsEnabled", Value::from(on));
    session
        .call_method(Some(SERVICE), "/org/a11y/bus", Some("org.freedesktop.DBus.Properties"), "Set", &arguments)
        .await
        .map(drop)
}

fn no_session(error: impl std::fmt::Display) -> Error {
    Error::new(
        "vision.no_session_bus",
        format!("The session's message bus can't be reached: {error}."),
        "Start Jarvis from within the desktop session, so that DBUS_SESSION_BUS_ADDRESS is set.",
    )
}

fn no_service(error: impl std::fmt::Display) -> Error {
    Error::new(
        "vision.no_accessibility",
        format!("The desktop's accessibility service can't be reached: {error}."),
        "Install the package at-spi2-core and log in again.",
    )
}

fn lost(error: impl std::fmt::Display) -> Error {
    Error::new(
        "vision.accessibility_lost",
        format!("The connection to the desktop's accessibility service was lost: {error}."),
        "It is opened again at the next look.",
    )
}
