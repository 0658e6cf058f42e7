//! The icon in the tray or menu bar: one picture a state, and the menu. Shows what it is told, decides nothing.

use crate::{app, display, window};
use jarvis_core::AssistantState;
use jarvis_engine::Command;
use std::sync::Mutex;
use tauri::image::Image;
use tauri::menu::{CheckMenuItem, Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Wry, include_image};

/// What the icon shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Idle,
    Listening,
    Thinking,
    Speaking,
    Muted,
    Error,
    Looking,
}

impl Mark {
    /// That the screen is looked at is never hidden by anything. A turn in progress says more than what is around it; then
    /// trouble, then the muted microphone.
    pub fn of(state: AssistantState, muted: bool, trouble: bool, looking: bool) -> Self {
        match state {
            _ if looking => Self::Looking,
            AssistantState::Listening => Self::Listening,
            AssistantState::Transcribing | AssistantState::Thinking => Self::Thinking,
            AssistantState::Speaking => Self::Speaking,
            AssistantState::Idle if trouble => Self::Error,
            AssistantState::Idle if muted => Self::Muted,
            AssistantState::Idle => Self::Idle,
        }
    }

    /// On macOS in black alone, for the menu bar to tint; elsewhere in colours that hold on light and dark bars.
    fn picture(self) -> Image<'static> {
        #[cfg(target_os = "macos")]
        return match self {
            Self::Idle => include_image!("icons/tray/idle-template.png"),
            Self::Listening => include_image!("icons/tray/listening-template.png"),
            Self::Thinking => include_image!("icons/tray/thinking-template.png"),
            Self::Speaking => include_image!("icons/tray/speaking-template.png"),
            Self::Muted => include_image!("icons/tray/muted-template.png"),
            Self::Error => include_image!("icons/tray/error-template.png"),
            Self::Looking => include_image!("icons/tray/looking-template.png"),
        };
        #[cfg(not(target_os = "macos"))]
        match self {
            Self::Idle => include_image!("icons/tray/idle.png"),
            Self::Listening => include_image!("icons/tray/listening.png"),
            Self::Thinking => include_image!("icons/tray/thinking.png"),
            Self::Speaking => include_image!("icons/tray/speaking.png"),
            Self::Muted => include_image!("icons/tray/muted.png"),
            Self::Error => include_image!("icons/tray/error.png"),
            Self::Looking => include_image!("icons/tray/looking.png"),
        }
    }

    fn tooltip(self) -> &'static str {
        match self {
            Self::Idle => "Jarvis",
            Self::Listening => "Jarvis is listening",
            Self::Thinking => "Jarvis is thinking",
            Self::Speaking => "Jarvis is speaking",
            Self::Muted => "Jarvis: the microphone is muted",
            Self::Error => "Jarvis needs your attention",
            Self::Looking => "Jarvis is looking at the screen",
        }
    }
}

/// The icon and what of its menu changes.
pub struct Tray {
    icon: TrayIcon<Wry>,
    talk: MenuItem<Wry>,
    mute: CheckMenuItem<Wry>,
    shown: Mutex<Option<(Mark, bool)>>,
}

impl Tray {
    /// Puts the icon up. `None` where the system cannot have one.
    pub fn new(app: &AppHandle<Wry>, pictures: &std::path::Path) -> tauri::Result<Option<Self>> {
        if !display::has_indicator_library() {
            return Ok(None);
        }
        let talk = MenuItem::with_id(app, "talk", "Talk", true, None::<&str>)?;
        let mute = CheckMenuItem::with_id(app, "mute", "Mute", true, false, None::<&str>)?;
        let open = MenuItem::with_id(app, "open", "Open Jarvis", true, None::<&str>)?;
        let quit = MenuItem::with_id(app, "quit", "Quit", true, None::<&str>)?;
        let line = PredefinedMenuItem::separator(app)?;
        let menu = Menu::with_items(app, &[&talk, &mute, &line, &open, &quit])?;
        let icon = TrayIconBuilder::with_id("jarvis")
            .icon(Mark::Idle.picture())
            .icon_as_template(cfg!(target_os = "macos"))
            .tooltip(Mark::Idle.tooltip())
            .temp_dir_path(pictures)
            .menu(&menu)
            .on_menu_event(|app, event| match event.id().as_ref() {
                "talk" => app::send(app, Command::Toggle),
                "mute" => app::toggle_mute(app),
                "open" => window::open(app),
                "quit" => app::quit(app),
                _ => {}
            })
            .build(app)?;
        Ok(Some(Self { icon, talk, mute, shown: Mutex::new(None) }))
    }

    /// Shows a state. Changes nothing that is shown already.
    pub fn show(&self, mark: Mark, muted: bool) {
        let mut shown = self.shown.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *shown == Some((mark, muted)) {
            return;
        }
        let talking = matches!(mark, Mark::Listening);
        let changed = self
            .icon
            .set_icon_with_as_template(Some(mark.picture()), cfg!(target_os = "macos"))
            .and_then(|()| self.icon.set_tooltip(Some(mark.tooltip())))
            .and_then(|()| self.talk.set_text(if talking { "Done talking" } else { "Talk" }))
            .and_then(|()| self.mute.set_checked(muted));
        match changed {
            Ok(()) => *shown = Some((mark, muted)),
            Err(error) => tracing::warn!(%error, ?mark, "the tray icon could not be changed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_hides_trouble_and_trouble_hides_mute() {
        use AssistantState::*;
        assert_eq!(Mark::of(Listening, true, true, false), Mark::Listening);
        assert_eq!(Mark::of(Transcribing, false, false, false), Mark::Thinking);
        assert_eq!(Mark::of(Speaking, false, true, false), Mark::Speaking);
        assert_eq!(Mark::of(Idle, true, true, false), Mark::Error);
        assert_eq!(Mark::of(Idle, true, false, false), Mark::Muted);
        assert_eq!(Mark::of(Idle, false, false, false), Mark::Idle);
    }

    #[test]
    fn nothing_hides_that_the_screen_is_looked_at() {
        use AssistantState::*;
        for state in [Idle, Listening, Transcribing, Thinking, Speaking] {
            for (muted, trouble) in [(false, false), (true, false), (false, true), (true, true)] {
                assert_eq!(Mark::of(state, muted, trouble, true), Mark::Looking);
            }
        }
    }

    #[test]
    fn every_mark_has_a_picture_of_the_bar_s_size() {
        use Mark::*;
        for mark in [Idle, Listening, Thinking, Speaking, Muted, Error, Looking] {
            let picture = mark.picture();
            assert_eq!((picture.width(), picture.height()), (44, 44), "{mark:?}");
        }
    }
}
