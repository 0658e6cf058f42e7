//! Desktop notifications, for timers and alarms. Owns a thread of its own, since a desktop may take its time to answer.
//!
//! Never holds a turn up: where there is no notification service (no D-Bus, a bare server), that is logged once and what
//! was to be shown remains an event.

use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

/// Notifications that wait while the desktop is slow; more are dropped.
const WAITING: usize = 16;

/// The sending end.
#[derive(Debug)]
pub struct Notifier(SyncSender<(String, String)>);

impl Notifier {
    /// Starts the thread.
    pub fn start() -> Self {
        let (sender, receiver) = sync_channel::<(String, String)>(WAITING);
        let spawned = std::thread::Builder::new().name("notify".into()).spawn(move || {
            let mut complained = false;
            for (title, body) in receiver {
                let shown = notify_rust::Notification::new()
                    .appname("Jarvis")
                    .summary(&title)
                    .body(&body)
                    .icon("jarvis")
                    .show();
                if let Err(error) = shown
                    && !std::mem::replace(&mut complained, true)
                {
                    tracing::warn!("Notifications cannot be shown on this desktop: {error}");
                }
            }
        });
        if let Err(error) = spawned {
            tracing::warn!("Notifications cannot be shown: {error}");
        }
        Self(sender)
    }

    /// Shows a notification as soon as the desktop takes it.
    pub fn show(&self, title: String, body: String) {
        if let Err(TrySendError::Full(_)) = self.0.try_send((title, body)) {
            tracing::warn!("The desktop does not take notifications; one was dropped");
        }
    }
}
