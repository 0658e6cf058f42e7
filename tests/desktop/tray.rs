//! A tray (StatusNotifierWatcher) that shows nothing and remembers what registered.

use crate::common::{Desktop, wait_for};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use zbus::blocking::{Connection, Proxy, connection};

#[derive(Default)]
struct Watcher(Arc<Mutex<Option<(String, String)>>>);

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    /// Programs send a bus name or the path of an object of theirs.
    fn register_status_notifier_item(&self, service: &str, #[zbus(header)] header: zbus::message::Header<'_>) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let item = match service.starts_with('/') {
            true => (sender, service.to_owned()),
            false => (service.to_owned(), "/StatusNotifierItem".to_owned()),
        };
        *self.0.lock().unwrap() = Some(item);
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(name, path)| format!("{name}{path}")).collect()
    }
}

/// The tray of a desktop.
pub struct Tray {
    bus: Connection,
    item: Arc<Mutex<Option<(String, String)>>>,
}

impl Tray {
    /// Puts a tray on the desktop.
    pub fn of(desktop: &Desktop) -> Self {
        let item = Arc::default();
        let address = desktop.variable("DBUS_SESSION_BUS_ADDRESS").expect("the desktop has a session bus");
        let bus = connection::Builder::address(address)
            .and_then(|bus| bus.name("org.kde.StatusNotifierWatcher"))
            .and_then(|bus| bus.serve_at("/StatusNotifierWatcher", Watcher(Arc::clone(&item))))
            .and_then(connection::Builder::build)
            .expect("the session bus takes a tray");
        Self { bus, item }
    }

    /// The bytes of the picture that it shows now.
    pub fn picture(&self) -> Vec<u8> {
        let (name, path) =
            wait_for("an icon in the tray", Duration::from_secs(60), || self.item.lock().unwrap().clone());
        let proxy = Proxy::new(&self.bus, name, path, "org.kde.StatusNotifierItem").expect("the icon is an object");
        // Read anew each time: the icon tells of changes, but not in the way of properties.
        let picture = proxy.get_property::<String>("IconName");
        picture.ok().and_then(|path| std::fs::read(path).ok()).unwrap_or_default()
    }
}
