//! What may not be seen.
//!
//! Owns how an application or a private window is told from others. Never looks: it gets the list of windows.

use jarvis_core::{Region, ScreenWindow};

/// What browsers write in the titles of private windows, in the languages that they are used in most, without case.
const PRIVATE: &[&str] = &[
    "private browsing",
    "(private)",
    "incognito",
    "inprivate",
    "tor browser",
    "inkognito",
    "privater modus",
    "privates fenster",
    "navigation privée",
    "incógnito",
    "navegación privada",
    "navegação privada",
    "navegação privativa",
    "navigazione anonima",
    "navigazione in incognito",
    "privénavigatie",
    "tryb prywatny",
    "przeglądanie prywatne",
    "приватный просмотр",
    "инкогнито",
    "プライベートブラウジング",
    "シークレット モード",
    "隐私浏览",
    "无痕",
    "隱私瀏覽",
    "無痕",
];

/// What a window's frame adds above it and around it, logical px: its title may stand there.
const FRAME_ABOVE: f32 = 48.0;
const FRAME_AROUND: f32 = 10.0;

/// What may not be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Each as its words.
    applications: Vec<Vec<String>>,
    private_windows: bool,
}

impl Rules {
    /// Excludes the windows of `applications`, by name, and with `private_windows` those of browsers whose title says that
    /// they are private. A name stands for each application that has its words in a row in its own: `KeePassXC` for
    /// `org.keepassxc.KeePassXC`, `1Password` for `1Password 7`; case and a version behind a word don't matter.
    pub fn new<N: AsRef<str>>(applications: impl IntoIterator<Item = N>, private_windows: bool) -> Self {
        let applications = applications.into_iter().map(|name| words(name.as_ref())).filter(|words| !words.is_empty());
        Self { applications: applications.collect(), private_windows }
    }

    /// Whether everything may be seen.
    pub fn is_empty(&self) -> bool {
        self.applications.is_empty() && !self.private_windows
    }

    /// Whether a window may not be seen.
    pub fn exclude(&self, window: &ScreenWindow) -> bool {
        self.exclude_named(&window.application, &window.title)
    }

    /// Whether a window of `application` with `title` may not be seen.
    pub fn exclude_named(&self, application: &str, title: &str) -> bool {
        let name = words(application);
        if self.applications.iter().any(|rule| name.windows(rule.len()).any(|part| part == rule)) {
            return true;
        }
        let title = title.to_lowercase();
        self.private_windows && PRIVATE.iter().any(|words| title.contains(words))
    }

    /// Where excluded windows are in `picture`, with their frames. `windows` come the topmost first; `shown` is the window
    /// that the picture is of, or that has the keyboard.
    ///
    /// A window below is masked where another one lies over it too, since nobody knows what is transparent; only under
    /// the window that is asked about it is not: else nothing could be read in front of an excluded one.
    pub(super) fn masks(
        &self,
        windows: &[ScreenWindow],
        shown: Option<&ScreenWindow>,
        picture: &Region,
        scale: f32,
    ) -> Vec<Region> {
        let mut masks = Vec::new();
        let mut over: Option<Region> = None;
        let unlisted = shown.filter(|shown| !windows.iter().any(|window| window.id == shown.id));
        for window in windows.iter().chain(unlisted) {
            if self.exclude(window) {
                let part = framed(&window.region, scale).intersection(picture);
                match over {
                    Some(over) => without(&part, &over, &mut masks),
                    None => masks.push(part),
                }
            } else if shown.is_some_and(|shown| shown.id == window.id) {
                over = Some(window.region);
            }
        }
        masks.retain(|mask| !mask.is_empty());
        masks
    }
}

/// A window with its frame.
fn framed(region: &Region, scale: f32) -> Region {
    let scale = if scale.is_finite() { scale.clamp(1.0, 8.0) } else { 1.0 };
    let (above, around) = ((FRAME_ABOVE * scale) as u32, (FRAME_AROUND * scale) as u32);
    Region::new(
        region.x.saturating_sub_unsigned(around),
        region.y.saturating_sub_unsigned(above),
        region.width.saturating_add(2 * around),
        region.height.saturating_add(above + around),
    )
}

/// Appends the parts of `region` that are not in `cut`.
fn without(region: &Region, cut: &Region, parts: &mut Vec<Region>) {
    let cut = region.intersection(cut);
    if cut.is_empty() {
        parts.push(*region);
        return;
    }
    let between = |from: i32, to: i32| to.abs_diff(from);
    parts.extend([
        Region::new(region.x, region.y, region.width, between(region.y, cut.y)),
        Region::new(region.x, cut.bottom(), region.width, between(cut.bottom(), region.bottom())),
        Region::new(region.x, cut.y, between(region.x, cut.x), cut.height),
        Region::new(cut.right(), cut.y, between(cut.right(), region.right()), cut.height),
    ]);
}

/// The words of a name, in lower case, without version numbers at their end.
fn words(name: &str) -> Vec<String> {
    name.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .map(|word| match word.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "" => word,
            bare => bare,
        })
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn applications_are_known_by_their_words() {
        let rules = Rules::new(["1Password", "KeePassXC", "Keychain Access", " ", "KWalletManager"], false);
        for name in ["1Password", "1password 7", "org.keepassxc.KeePassXC", "keychain-access", "kwalletmanager5"] {
            assert!(rules.exclude_named(name, ""), "{name}");
        }
        for name in ["", "Password", "Access", "Keychain", "firefox", "KeePass"] {
            assert!(!rules.exclude_named(name, "KeePassXC"), "{name}");
        }
        assert!(!rules.is_empty() && Rules::default().is_empty());
    }

    #[test]
    fn private_windows_are_known_by_their_titles() {
        let private = [
            "Mail — Mozilla Firefox Private Browsing",
            "New Tab - Google Chrome (Incognito)",
            "News - [InPrivate] - Microsoft Edge",
            "Neuer Tab – Google Chrome (Inkognito)",
            "Start — Mozilla Firefox (Navigation privée)",
            "Shop - Brave (Private)",
            "About Tor - Tor Browser",
        ];
        let (with, without) = (Rules::new([""; 0], true), Rules::new([""; 0], false));
        for title in private {
            assert!(with.exclude_named("browser", title) && !without.exclude_named("browser", title), "{title}");
        }
        assert!(!with.exclude_named("Firefox", "Private companies — Mozilla Firefox"));
    }

    fn region() -> impl Strategy<Value = Region> {
        (-60..200i32, -60..200i32, 0..150u32, 0..150u32).prop_map(|(x, y, width, height)| Region {
            x,
            y,
            width,
            height,
        })
    }

    proptest! {
        #[test]
        fn masks_hold_every_pixel_of_an_excluded_window_that_the_asked_one_does_not_cover(
            places in prop::collection::vec((region(), any::<bool>()), 0..6),
            focused in 0..6usize, x in -20..160i32, y in -20..160i32,
        ) {
            let rules = Rules::new(["Vault"], true);
            let picture = Region::new(-20, -20, 180, 180);
            let windows: Vec<_> = places.iter().enumerate().map(|(id, &(region, excluded))| ScreenWindow {
                id: id as u64,
                application: if excluded { "vault" } else { "editor" }.into(),
                region,
                focused: id == focused,
                ..ScreenWindow::default()
            }).collect();
            let shown = windows.get(focused);
            let masks = rules.masks(&windows, shown, &picture, 1.0);
            let masked = masks.iter().any(|mask| mask.contains(x, y));
            let open = shown.filter(|shown| !rules.exclude(shown));
            let hidden = windows.iter().any(|window| {
                let covered = open.is_some_and(|open| open.id < window.id && open.region.contains(x, y));
                rules.exclude(window) && window.region.contains(x, y) && !covered
            });
            prop_assert!(!hidden || masked);
            let near = windows.iter().any(|window| rules.exclude(window) && framed(&window.region, 1.0).contains(x, y));
            prop_assert!(!masked || near);
            prop_assert!(masks.iter().all(|mask| mask.intersection(&picture) == *mask));
        }
    }
}
