//! `jarvis config`: reads and changes settings.

use super::control;
use crate::output::Output;
use jarvis_settings::{Change, Entry, FieldSpec, Origin, Paths, Settings};
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
            let settings = Settings::load(&paths)?;
            warn(&settings);
            for entry in chosen(&settings, path.as_deref())? {
                output.result(&entry, || in_words(&entry));
            }
        }
        Action::Set { path, value } => {
            let change = jarvis_engine::change::save(&paths, &path, &value)?;
            control::reload(&paths);
            tell(output, &path, &change);
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
            control::reload(&paths);
            for (path, change) in &changes {
                tell(output, path, change);
            }
            if changes.is_empty() && !output.is_json() {
                output.result(&Value::Null, || "Nothing was set in the file.".into());
            }
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

fn tell(output: &Output, path: &str, change: &Change) {
    let result = json!({
        "path": path, "value": change.value, "restart": change.restart, "overridden_by": change.overridden_by,
    });
    output.result(&result, || {
        let mut words = format!("{path} = {}", change.value);
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
