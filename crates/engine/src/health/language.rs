//! Which language model answers, and whether this machine is quick enough for a better one.

use super::Found;
use crate::language::{bandwidth, language_wanted, recommended_language};
use crate::load::language_model_file;
use jarvis_models::{Bytes, Fit, Store};
use jarvis_settings::{Paths, Settings};

/// Looks for the file of the model that the settings ask for, and says what it is like.
pub(super) fn language(paths: &Paths, settings: &Settings) -> Found {
    if !settings.mind.enabled {
        return Found::ok("The language model is switched off.");
    }
    let store = Store::new(paths.models_dir());
    let wanted = language_wanted(settings, &store);
    let file = match language_model_file(&wanted, &store) {
        Ok(file) => file,
        Err(error) => return error.into(),
    };
    let bytes = match std::fs::metadata(&file) {
        Ok(file) => file.len(),
        Err(error) => {
            return Found::fail(
                format!("{} can't be read: {error}.", file.display()),
                "Choose another with `jarvis config set mind.model auto`.",
            );
        }
    };
    let fit = Fit::of(bytes, bandwidth());
    let mut told = format!("{wanted} answers what no skill knows, at about {} tokens/s.", fit.tokens_per_second);
    if let Some(best) = recommended_language(&store).filter(|best| best.bytes > bytes) {
        let id = &best.id;
        told.push_str(&match best.installed {
            true => format!(" {id} answers better: `jarvis config set mind.model auto`."),
            false => format!(
                " This machine is quick enough for better answers: `jarvis models pull {id}` ({} to download).",
                Bytes(best.bytes)
            ),
        });
    }
    Found::ok(told)
}
