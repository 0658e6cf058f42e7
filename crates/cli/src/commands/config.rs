//! `jarvis config`: reads and changes settings.

use super::control;
use crate::output::Output;
use jarvis_core::Error;
use jarvis_settings::{BadSetting, Change, Entry, FieldSpec, Origin, Paths, Settings};
use serde_json::{Value, json};

/// What can be said to `jarvis config`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// The settings in force and where each comes from: one of them, a section, or all.
    Get {
        /// A setting (`audio.volume`) or a section (`audio`).
        path: Option<String>,
    },
    /// Change a setting, for good.
    Set {
        /// The setting: `audio.volume`.
        path: String,
        /// Its new value.
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Where the settings file is.
    Path,
    /// Every setting: what it does and what it may be.
    Schema,
    /// Back to the default: one setting, a section, or all.
    Reset {
        /// The setting or section; all if none is given.
        path: Option<String>,
    },
}

/// Runs the command.
pub fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    let paths = Paths::discover()?;
    match args.action {
        Action::Get { path } => {
            let (settings, bad) = Settings::load_around_bad(&paths)?;
            warn(&settings);
            let chosen = chosen(&settings, path.as_deref())?;
            let is_asked = |bad: &BadSetting| chosen.iter().any(|entry| bad.hides(entry.path));
            let (mut asked, others): (Vec<&BadSetting>, Vec<&BadSetting>) = bad.iter().partition(|bad| is_asked(bad));
            others.into_iter().for_each(|bad| say(&bad.error));
            for entry in chosen.iter().filter(|entry| !bad.iter().any(|bad| bad.hides(entry.path))) {
                output.result(entry, || in_words(entry));
            }
            if let Some(last) = asked.pop() {
                asked.into_iter().for_each(|bad| say(&bad.error));
                return Err(last.error.clone().into());
            }
        }
        Action::Set { path, value } => {
            let change = jarvis_engine::change::save(&paths, &path, &value)?;
            tell(output, &path, &change);
            take_up(&paths);
        }
        Action::Path => {
            let file = paths.config_file();
            let result = json!({ "path": file, "exists": file.exists() });
            output.result(&result, || file.display().to_string());
        }
        Action::Schema => {
            for spec in Settings::schema() {
                output.result(&spec, || explained(&spec));
            }
        }
        Action::Reset { path } => {
            let changes = Settings::reset(&paths, path.as_deref())?;
            for (path, change) in &changes {
                tell(output, path, change);
            }
            if changes.is_empty() && !output.is_json() {
                output.result(&Value::Null, || "Nothing was set in the file.".into());
            }
            take_up(&paths);
        }
    }
    Ok(())
}

/// One setting, those of a section, or all.
fn chosen(settings: &Settings, path: Option<&str>) -> anyhow::Result<Vec<Entry>> {
    let Some(path) = path else { return Ok(settings.entries()) };
    let in_section: Vec<Entry> = settings
        .entries()
        .into_iter()
        .filter(|entry| entry.path.split_once('.').is_some_and(|(section, _)| section == path))
        .collect();
    Ok(if in_section.is_empty() { vec![settings.get(path)?] } else { in_section })
}

/// What is wrong although nothing failed goes to standard error, for a person to see.
fn warn(settings: &Settings) {
    for warning in settings.warnings() {
        eprintln!("jarvis: {warning}");
    }
}

/// One error among others, for a person to see.
fn say(error: &Error) {
    eprintln!("jarvis: {} {}", error.message, error.hint);
}

/// Has a running Jarvis take a changed file up. What is still not allowed in it is said, by who refuses it or here.
fn take_up(paths: &Paths) {
    if control::reload(paths)
        && let Ok((_, bad)) = Settings::load_around_bad(paths)
    {
        bad.iter().for_each(|bad| say(&bad.error));
    }
}

fn tell(output: &Output, path: &str, change: &Change) {
    let result = json!({
        "path": path, "value": change.value, "restart": change.restart, "overridden_by": change.overridden_by,
        "was_bad": change.was_bad,
    });
    output.result(&result, || {
        let mut words = format!("{path} = {}", change.value);
        if change.was_bad {
            words.push_str("\nWhat stood in the file for it was not allowed.");
        }
        if let Some(name) = &change.overridden_by {
            words.push_str(&format!("\nThe environment variable {name} is set and stays stronger."));
        } else if change.restart {
            words.push_str("\nA running Jarvis takes it up after a restart.");
        }
        words
    });
}

fn in_words(entry: &Entry) -> String {
    match &entry.origin {
        Origin::Default => format!("{} = {}", entry.path, entry.value),
        origin => format!("{} = {}    ({origin})", entry.path, entry.value),
    }
}

fn explained(spec: &FieldSpec) -> String {
    let restart = if spec.restart { " Takes effect after a restart." } else { "" };
    let unused = if spec.unused { "Accepted, not used yet: " } else { "" };
    format!(
        "{}\n    {unused}{}{restart}\n    {}; {} if not set. In the environment: {}.",
        spec.path,
        spec.help,
        capitalized(&spec.allowed()),
        spec.default,
        spec.environment.join(", ")
    )
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
