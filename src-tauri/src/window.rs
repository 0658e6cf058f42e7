//! The window: made when it is asked for, gone when it is closed. An idle assistant has no web view in memory.

use crate::app::Shell;
use tauri::{AppHandle, Manager, UserAttentionType, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent, Wry};

/// Its label, in the capabilities too.
pub const LABEL: &str = "main";

/// Shows the window, making it first if need be.
pub fn open(app: &AppHandle<Wry>) {
    let shown = match app.get_webview_window(LABEL) {
        Some(window) => window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus()),
        None => make(app, true),
    };
    if let Err(error) = shown {
        tracing::warn!(%error, "the window could not be opened");
    }
}

/// Sees to it that the user finds the window, without taking the keyboard from whatever has it: who types goes on.
pub fn open_aside(app: &AppHandle<Wry>) {
    let shown = match app.get_webview_window(LABEL) {
        // Desktops raise no window without giving it the keyboard; they mark it.
        Some(window) => window.request_user_attention(Some(UserAttentionType::Informational)),
        None => make(app, false),
    };
    if let Err(error) = shown {
        tracing::warn!(%error, "the window could not be opened");
    }
}

fn make(app: &AppHandle<Wry>, focused: bool) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("index.html".into()))
        .title("Jarvis")
        .inner_size(960.0, 640.0)
        .min_inner_size(640.0, 440.0)
        .center()
        .focused(focused)
        .build()?;
    let app = app.clone();
    window.on_window_event(move |event| {
        if matches!(event, WindowEvent::Destroyed)
            && let Some(shell) = app.try_state::<Shell>()
        {
            shell.history.unfollow();
            shell.watch_level(false);
        }
    });
    Ok(())
}

/// Whether someone can see the window.
pub fn is_visible(app: &AppHandle<Wry>) -> bool {
    let seen = |window: WebviewWindow<Wry>| Ok::<_, tauri::Error>(window.is_visible()? && !window.is_minimized()?);
    app.get_webview_window(LABEL).is_some_and(|window| seen(window).unwrap_or(false))
}
