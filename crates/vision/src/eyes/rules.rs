//! What may not be seen.
//!
//! Owns how an application or a private window is told from others. Never looks: it gets the list of windows.

use jarvis_core::ScreenWindow;

/// What browsers write in the titles of private windows, in the languages that they are used in most, without case. Chrome,
/// Chromium and Brave write it only in the title that they tell screen readers, not in the one that the desktop lists.
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

    /// Whether all that `others` exclude is excluded here too.
    pub(super) fn cover(&self, others: &Self) -> bool {
        others.applications.iter().all(|rule| self.applications.contains(rule))
            && (self.private_windows || !others.private_windows)
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
            // As the desktop lists them.
            "Mail — Mozilla Firefox Private Browsing",
            "Mozilla Firefox Private Browsing",
            "Start — Navigation privée de Mozilla Firefox",
            "News - [InPrivate] - Microsoft Edge",
            "About Tor — Tor Browser",
            // As only the accessibility tree tells them.
            "New Tab - Google Chrome (Incognito)",
            "Neuer Tab – Google Chrome (Inkognito)",
            "Shop - Brave (Private)",
        ];
        let (with, without) = (Rules::new([""; 0], true), Rules::new([""; 0], false));
        for title in private {
            assert!(with.exclude_named("browser", title) && !without.exclude_named("browser", title), "{title}");
        }
        for title in ["Private companies — Mozilla Firefox", "New Tab - Google Chrome", "Shop - Brave"] {
            assert!(!with.exclude_named("browser", title), "{title}");
        }
    }

    #[test]
    fn rules_cover_those_that_exclude_no_more() {
        let rules = |names: &[&str], private| Rules::new(names, private);
        assert!(rules(&["b", "a"], true).cover(&rules(&["A"], false)));
        assert!(rules(&[], true).cover(&rules(&[], true)));
        assert!(!rules(&["a"], true).cover(&rules(&["a", "b"], true)));
        assert!(!rules(&["a"], false).cover(&rules(&["a"], true)));
    }
}
