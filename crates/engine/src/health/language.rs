//! Which language model answers, and whether this machine is quick enough for a better one.

use super::Found;
use crate::language::{bandwidth, language_wanted, recommended_language};
use crate::load::language_model_file;
use crate::place::Placement;
use jarvis_models::{Bytes, Fit, Kind, Store};
use jarvis_settings::{Paths, Settings};

/// Looks for the file of the model that the settings ask for, and says what it is like.
pub(super) fn language(paths: &Paths, settings: &Settings) -> Found {
    if !settings.mind.enabled {
        return Found::ok("The language model is switched off.");
    }
    let store = Store::new(paths.models_dir());
    let placement = Placement::now(settings, &store, None, &[]);
    let wanted = match placement.of(Kind::Language) {
        Ok(Some(way)) => way.model.clone(),
        // What there is no room for is told of memory.
        Ok(None) | Err(_) => language_wanted(settings, &store),
    };
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
    if let Some(best) = recommended_language(settings, &store) {
        let (id, bytes) = (&best.id, Bytes(best.bytes));
        told.push_str(&format!(
            " This machine is quick enough for better answers: `jarvis models pull {id}` ({bytes} to download)."
        ));
    }
    Found::ok(told)
}
