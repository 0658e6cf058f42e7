//! What the desktop around us offers: a screen, a place for tray icons, global hotkeys. Only asks, never changes it.

use jarvis_core::{Error, Result};

/// Makes sure that there is a screen, before anything is built on it.
///
/// # Errors
/// There is none; the hint tells how Jarvis runs without.
pub fn open() -> Result<()> {
    #[cfg(target_os = "linux")]
    if gtk::init().is_err() {
        return Err(Error::new(
            "shell.no_display",
            "There is no display to show Jarvis on.",
            "Run `jarvis run` to have it without a window, or start this from a desktop session.",
        ));
    }
    Ok(())
}

/// Why no tray icon can be seen, if none can.
pub fn tray_problem() -> Option<Error> {
    let problem = |message: &str, hint: &str| Some(Error::new("shell.no_tray", message, hint));
    #[cfg(target_os = "linux")]
    {
        const QUIT: &str = "Start Jarvis again to open this window, and press Ctrl+Q in it to quit.";
        if !has_indicator_library() {
            return problem(
                "The tray icon needs a library that is not installed.",
                &format!("Install libayatana-appindicator3 for it. {QUIT}"),
            );
        }
        match has_tray_host() {
            None => return problem("There is no session bus (D-Bus), so there can be no tray icon.", QUIT),
            Some(false) => {
                return problem(
                    "This desktop shows no tray icons.",
                    &format!("On GNOME the AppIndicator extension adds them. {QUIT}"),
                );
            }
            Some(true) => {}
        }
    }
    None
}

/// Why global hotkeys cannot work here, whichever keys are chosen.
pub fn hotkey_problem() -> Option<Error> {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let wayland = is_set("WAYLAND_DISPLAY") || std::env::var("XDG_SESSION_TYPE").is_ok_and(|kind| kind == "wayland");
    (cfg!(target_os = "linux") && wayland).then(|| {
        Error::new(
            "shell.wayland_hotkey",
            "On Wayland only the desktop itself can give out global hotkeys.",
            "Bind the command `jarvis toggle` to a key in your desktop's keyboard settings.",
        )
    })
}

/// Whether the tray's library is there: the tray would end the process if it were not.
#[cfg(target_os = "linux")]
pub fn has_indicator_library() -> bool {
    ["libayatana-appindicator3.so.1", "libappindicator3.so.1"].iter().any(|name| {
        let name = std::ffi::CString::new(*name).unwrap_or_default();
        // SAFETY: the name is a C string; opening this library runs no code of ours, and the handle is kept open for the
        // tray, which opens it again.
        !unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_LAZY) }.is_null()
    })
}

/// See the Linux one: other systems bring their tray with them.
#[cfg(not(target_os = "linux"))]
pub fn has_indicator_library() -> bool {
    true
}

/// Whether something shows tray icons (StatusNotifierItem); `None` without a session bus.
#[cfg(target_os = "linux")]
fn has_tray_host() -> Option<bool> {
    use gtk::gio::{BusType, Cancellable, DBusCallFlags, bus_get_sync};
    use gtk::glib::ToVariant;
    const LIMIT_MS: i32 = 1000;
    let bus = bus_get_sync(BusType::Session, Cancellable::NONE).ok()?;
    let ask = |name: &str, path: &str, interface: &str, method: &str, parameters| {
        bus.call_sync(
            Some(name),
            path,
            interface,
            method,
            Some(&parameters),
            None,
            DBusCallFlags::NO_AUTO_START,
            LIMIT_MS,
            Cancellable::NONE,
        )
        .ok()
    };
    let watcher = "org.kde.StatusNotifierWatcher";
    let parameters = (watcher, "IsStatusNotifierHostRegistered").to_variant();
    let answer = ask(watcher, "/StatusNotifierWatcher", "org.freedesktop.DBus.Properties", "Get", parameters);
    Some(answer.and_then(|value| value.child_value(0).as_variant()?.get::<bool>()).unwrap_or(false))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_missing_is_told_with_a_way_on() {
        for problem in [super::tray_problem(), super::hotkey_problem()].into_iter().flatten() {
            assert!(problem.message.ends_with('.') && problem.hint.ends_with('.'), "{problem:?}");
        }
    }
}
