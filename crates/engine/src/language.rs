//! Which language model answers where the settings leave that to Jarvis: `mind.model` is `auto`.
//!
//! Owns the order of those that are installed, best first. Never loads one, and never looks whether there is memory for it:
//! that is [`crate::place`]'s.

use crate::place::{Placement, free_memory};
use jarvis_models::{Catalog, Fit, Kind, Listed, Store, memory_bandwidth, recommended};
use jarvis_settings::{AUTO_MODEL, Settings};
use std::sync::OnceLock;

/// A model that makes fewer tokens a second is not taken unasked while there is a quicker one. Speech takes about five, so
/// this leaves room for an estimate that was made while the machine had other work.
const QUICK: f64 = 10.0;

/// The name or the path of the language model that `settings` ask for first, whether there is memory for it or not: of
/// those that are installed, or what `jarvis models pull` installs by itself.
pub fn language_wanted(settings: &Settings, store: &Store) -> String {
    if settings.mind.model != AUTO_MODEL {
        return settings.mind.model.clone();
    }
    let catalog = Catalog::builtin();
    let mut installed = store.list(&catalog).unwrap_or_default();
    installed.retain(|model| model.installed);
    let best = best_first(&installed).first().map(|model| model.id.clone());
    let default = || catalog.defaults().find(|model| model.kind == Kind::Language).map(|model| model.id.clone());
    best.or_else(default).unwrap_or_default()
}

/// The language model of the catalog that would answer better here than the one that does, if Jarvis would take it by itself:
/// its answers begin soon, and it has room beside everything else.
pub fn recommended_language(settings: &Settings, store: &Store) -> Option<Listed> {
    if !settings.mind.enabled || settings.mind.model != AUTO_MODEL {
        return None;
    }
    let models = store.list(&Catalog::builtin()).unwrap_or_default();
    let present = language_wanted(settings, store);
    let present = models.iter().find(|model| model.id == present && model.installed).map_or(0, |model| model.bytes);
    let free = free_memory().unwrap_or(u64::MAX).saturating_sub(Placement::now(settings, store, None, &[]).needed());
    let best = recommended(&models, bandwidth(), free).filter(|best| !best.installed && best.bytes > present);
    best.cloned()
}

/// The language models among `installed`, best first: the biggest that is quick in this machine's memory; those that are
/// slow come last, the least slow first.
pub(crate) fn best_first(installed: &[Listed]) -> Vec<&Listed> {
    let models: Vec<&Listed> = installed.iter().filter(|model| model.kind == Kind::Language).collect();
    // To measure takes a twentieth of a second, in which nothing is to be chosen.
    if models.len() < 2 { models } else { sorted(models, bandwidth()) }
}

fn sorted(mut models: Vec<&Listed>, bandwidth: f64) -> Vec<&Listed> {
    models.sort_by_key(|model| {
        let is_slow = Fit::of(model.bytes, bandwidth).tokens_per_second < QUICK;
        (is_slow, if is_slow { model.bytes } else { u64::MAX - model.bytes })
    });
    models
}

/// Bytes that this machine's memory gives in a second. Measured once: the machine stays the same.
pub(crate) fn bandwidth() -> f64 {
    static BANDWIDTH: OnceLock<f64> = OnceLock::new();
    *BANDWIDTH.get_or_init(|| memory_bandwidth(free_memory().unwrap_or(u64::MAX)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use jarvis_models::State;
    use proptest::prelude::*;

    pub(crate) fn listed(id: &str, bytes: u64) -> Listed {
        Listed {
            id: id.into(),
            kind: Kind::Language,
            installed: true,
            state: State::Installed,
            bytes,
            licence: String::new(),
            licence_url: String::new(),
            licence_note: None,
            path: "".into(),
            default: false,
            title: String::new(),
        }
    }

    #[test]
    fn the_biggest_that_is_quick_comes_first() {
        let all = [listed("small", 100_000_000), listed("big", 1_000_000_000), listed("huge", 8_000_000_000)];
        let order = |bandwidth| -> Vec<&str> {
            sorted(all.iter().collect(), bandwidth).into_iter().map(|model| model.id.as_str()).collect()
        };
        assert_eq!(order(40e9), ["big", "small", "huge"]);
        assert_eq!(order(10e9), ["small", "big", "huge"], "seven tokens a second");
        assert_eq!(order(400e9), ["huge", "big", "small"]);
        assert_eq!(order(0.1e9), ["small", "big", "huge"], "none is quick");
    }

    #[test]
    fn nothing_installed_means_what_is_installed_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::load_with(&jarvis_settings::Paths::under(folder.path()), []).unwrap();
        assert_eq!(settings.mind.model, AUTO_MODEL);
        let store = Store::new(folder.path().join("models"));
        assert_eq!(language_wanted(&settings, &store), "smollm2-135m-instruct");
    }

    proptest! {
        #[test]
        fn whatever_memory_gives_all_stay_and_the_quick_come_first(
            sizes in prop::collection::vec(1_u64..1 << 36, 0..6), bandwidth in 0.0_f64..1e12,
        ) {
            let all: Vec<Listed> = sizes.iter().map(|bytes| listed("a model", *bytes)).collect();
            let order: Vec<u64> = sorted(all.iter().collect(), bandwidth).iter().map(|model| model.bytes).collect();
            let (mut left, mut right) = (sizes.clone(), order.clone());
            left.sort_unstable();
            right.sort_unstable();
            prop_assert_eq!(left, right);
            let slow = |bytes: &u64| Fit::of(*bytes, bandwidth).tokens_per_second < QUICK;
            let quick = order.iter().take_while(|bytes| !slow(bytes)).count();
            prop_assert!(order[..quick].is_sorted_by(|a, b| a >= b), "{:?}", order);
            prop_assert!(order[quick..].iter().all(slow) && order[quick..].is_sorted(), "{:?}", order);
        }
    }
}
