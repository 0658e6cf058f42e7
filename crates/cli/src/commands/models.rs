//! `jarvis models`: list, install, verify and remove models.

use super::{control, signal, voice};
use crate::output::Output;
use indicatif::{ProgressBar, ProgressStyle};
use jarvis_core::Error;
use jarvis_models::{
    Bytes, Catalog, Fit, Found, Kind, Listed, Model, Origin, Progress, Stage, State, Store, found_models,
    memory_bandwidth,
};
use jarvis_settings::{Kind as SettingKind, Paths, Settings};
use serde_json::{Value, json};
use std::path::PathBuf;

/// What can be said to `jarvis models`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// What can be installed, and what is.
    List,
    /// Install models: those named, or all that a turn needs.
    Pull {
        /// Names, as `list` shows them.
        ids: Vec<String>,
        /// Take the files from here (a .whl, a file, or a folder) and not from the network.
        #[arg(long, value_name = "FILE|DIR")]
        from: Option<PathBuf>,
    },
    /// Install a Piper voice of your own, from its two files.
    AddVoice(voice::Args),
    /// Compare every byte of installed models with what was installed.
    Verify {
        /// Names; all that are installed if none is given.
        ids: Vec<String>,
    },
    /// Remove a model from this machine.
    Remove {
        /// Its name.
        id: String,
    },
}

/// Runs the command.
pub fn run(args: Args, output: &Output) -> anyhow::Result<()> {
    let paths = Paths::discover()?;
    let store = Store::new(paths.models_dir());
    let catalog = Catalog::builtin();
    match args.action {
        Action::List => list(&paths, &store, &catalog, output),
        Action::Pull { ids, from } => {
            let news = pull(&store, &catalog, &ids, from, output)?;
            if news {
                control::reload(&paths);
            }
            Ok(())
        }
        Action::AddVoice(args) => {
            voice::add(&args, &paths, &store, &catalog, output)?;
            control::reload(&paths);
            Ok(())
        }
        Action::Verify { ids } => verify(&store, &catalog, &ids, output),
        Action::Remove { id } => {
            let mut listed = store.find(&catalog, &id)?;
            let removed = store.remove(&catalog, &id, &signal::cancel())?;
            (listed.installed, listed.state) = (false, State::Missing);
            output.result(&listed, || match removed {
                true => format!("{id} is removed."),
                false => format!("{id} was not installed."),
            });
            warn_of_settings(&paths, &catalog, &id);
            Ok(())
        }
    }
}

/// Tells which settings name a model that is not there any more, and what to do.
fn warn_of_settings(paths: &Paths, catalog: &Catalog, id: &str) {
    let Ok(settings) = Settings::load(paths) else { return };
    let models = Settings::schema().into_iter().filter(|spec| matches!(spec.kind, SettingKind::Model { .. }));
    for spec in models {
        if settings.get(spec.path).is_ok_and(|entry| entry.value == *id) {
            eprintln!("jarvis: The setting {} names it still.", spec.path);
            match catalog.models().iter().find(|model| model.id == id) {
                Some(model) if model.default => eprintln!("        Install it again with `jarvis models pull {id}`."),
                _ => eprintln!("        Go back to the default with `jarvis config reset {}`.", spec.path),
            }
        }
    }
}

fn list(paths: &Paths, store: &Store, catalog: &Catalog, output: &Output) -> anyhow::Result<()> {
    let models = store.list(catalog)?;
    let width = models.iter().map(|m| m.id.len()).max().unwrap_or(0);
    let free = jarvis_engine::free_memory().unwrap_or(u64::MAX);
    let bandwidth = memory_bandwidth(free);
    let costs = |fit: &Fit| {
        let (needed, short) = (Bytes(fit.memory_bytes), fit.memory_bytes > free);
        let short = if short { ", more than is free" } else { "" };
        let (speed, begins) = (fit.tokens_per_second, fit.first_words_seconds);
        format!("needs {needed} of memory{short}, about {speed} tokens/s here, begins to answer after {begins} s")
    };
    let recommended =
        Settings::load(paths).ok().and_then(|settings| jarvis_engine::recommended_language(&settings, store));
    for model in &models {
        let fit = (model.kind == Kind::Language).then(|| Fit::of(model.bytes, bandwidth));
        let mut value = merge(serde_json::to_value(model)?, fit.map_or(Ok(json!({})), serde_json::to_value)?);
        if model.kind == Kind::Language {
            value["recommended"] = recommended.as_ref().is_some_and(|best| best.id == model.id).into();
        }
        output.result(&value, || {
            let state = match model.state {
                State::Missing if model.default => "missing",
                State::Missing => "optional",
                State::Installed => "installed",
                State::Outdated => "outdated",
                State::Damaged => "damaged",
            };
            let size = Bytes(model.bytes).to_string();
            let costs = fit.as_ref().map_or_else(String::new, |fit| format!(" ({})", costs(fit)));
            format!(
                "{:width$}  {:<11}  {state:<9}  {size:>8}  {:<15}  {}{costs}",
                model.id, model.kind, model.licence, model.title
            )
        });
    }
    if let Some(best) = recommended.filter(|_| !output.is_json()) {
        output.result(&Value::Null, || {
            let (id, bytes) = (&best.id, Bytes(best.bytes));
            format!(
                "\nThis machine is quick enough for better answers: `jarvis models pull {id}` ({bytes} to download)."
            )
        });
    }
    let found = found_models(|name| std::env::var_os(name).map(PathBuf::from));
    if !found.is_empty() && !output.is_json() {
        output.result(&Value::Null, || {
            "\nOther programs' language models; use one with `jarvis config set mind.model PATH`:".into()
        });
    }
    for Found { owner, name, path, bytes } in &found {
        let fit = Fit::of(*bytes, bandwidth);
        let about = json!({
            "id": name, "kind": Kind::Language, "installed": true, "bytes": bytes, "licence": "", "path": path,
            "owner": owner,
        });
        output.result(&merge(about, serde_json::to_value(fit)?), || {
            format!("{owner}: {name}  {}  ({})\n    {}", Bytes(*bytes), costs(&fit), path.display())
        });
    }
    Ok(())
}

/// Whether anything was installed that was not there before.
fn pull(
    store: &Store,
    catalog: &Catalog,
    ids: &[String],
    from: Option<PathBuf>,
    output: &Output,
) -> anyhow::Result<bool> {
    let mut progress = Shown::new(output);
    let installed = match (from, ids) {
        (None, ids) => store.pull(catalog, ids, &mut progress, &signal::cancel())?,
        (Some(from), [id]) => vec![store.import(catalog, id, &from, &mut progress, &signal::cancel())?],
        (Some(_), _) => {
            return Err(Error::new(
                "models.usage",
                "`--from` brings one model.",
                "Name it: `jarvis models pull ID --from FILE`.",
            )
            .into());
        }
    };
    let news = !progress.installed.is_empty();
    for model in &installed {
        output.result(model, || {
            let what = if progress.installed.contains(&model.id) { "installed" } else { "already there" };
            format!("{}: {what} ({}), licence {}", model.id, Bytes(model.bytes), licence(model))
        });
    }
    if news && output.is_interactive() {
        eprintln!("All is there: {}", store.models_dir().display());
    }
    Ok(news)
}

fn verify(store: &Store, catalog: &Catalog, ids: &[String], output: &Output) -> anyhow::Result<()> {
    let results = store.verify(catalog, ids, &signal::cancel())?;
    let mut bad = Vec::new();
    for result in &results {
        let listed = serde_json::to_value(store.find(catalog, &result.id)?)?;
        let mut value = merge(listed, json!({ "state": result.state, "problems": result.problems }));
        let ok = result.state == State::Installed;
        value["installed"] = ok.into();
        output.result(&value, || match ok {
            true => format!("{}: good", result.id),
            false => format!("{}: {}", result.id, result.problems.join(", ")),
        });
        if !ok {
            bad.push(result.id.as_str());
        }
    }
    if results.is_empty() && !output.is_json() {
        output.result(&Value::Null, || "No models are installed. `jarvis models pull` installs them.".into());
    }
    if bad.is_empty() {
        return Ok(());
    }
    let ids = bad.join(" ");
    Err(Error::new(
        "models.damaged",
        format!("Not as they should be: {}.", bad.join(", ")),
        format!("Install them again with `jarvis models pull {ids}`."),
    )
    .into())
}

fn merge(mut object: Value, more: Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

fn licence(model: &Listed) -> String {
    match &model.licence_note {
        Some(note) => format!("{} ({}). {note}", model.licence, model.licence_url),
        None => format!("{} ({})", model.licence, model.licence_url),
    }
}

/// Progress for people: a bar on a terminal, lines elsewhere; nothing for scripts.
struct Shown {
    bar: Option<ProgressBar>,
    lines: bool,
    installed: Vec<String>,
}

impl Shown {
    fn new(output: &Output) -> Self {
        let bar = output.is_interactive().then(|| {
            let bar = ProgressBar::new(0);
            bar.set_style(
                ProgressStyle::with_template(
                    "{prefix:24} {bar:30} {decimal_bytes:>9} of {decimal_total_bytes:9} {msg}",
                )
                .expect("the template is fixed")
                .progress_chars("━╸ "),
            );
            bar
        });
        Self { lines: bar.is_none() && !output.is_json(), bar, installed: Vec::new() }
    }

    fn say(&self, words: &str) {
        if let Some(bar) = &self.bar {
            bar.println(words);
        } else if self.lines {
            eprintln!("{words}");
        }
    }
}

impl Progress for Shown {
    fn waiting(&mut self) {
        self.say("Another installation is running; waiting for it.");
    }

    fn started(&mut self, model: &Model) {
        self.say(&format!("{}: {}", model.id, model.title));
        let note = model.licence_note.as_deref().unwrap_or_default();
        self.say(&format!("  licence {} <{}> {note}", model.licence, model.licence_url));
        if let Some(bar) = &self.bar {
            bar.set_prefix(model.id.clone());
            bar.set_message("");
            bar.set_length(model.bytes());
            bar.reset();
        }
    }

    fn stage(&mut self, _: &str, stage: Stage) {
        let words = match stage {
            Stage::Fetching(Origin::Registry) => "downloading from the package registry",
            Stage::Fetching(Origin::Hub) => "downloading from the model hub",
            Stage::Fetching(Origin::Local) => "copying",
            Stage::Verifying => "verifying",
            Stage::Converting => "converting",
            Stage::Installing => "installing",
        };
        match &self.bar {
            Some(bar) => bar.set_message(words),
            None => self.say(&format!("  {words}")),
        }
    }

    fn advanced(&mut self, _: &str, done: u64, total: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
        }
    }

    fn fell_back(&mut self, id: &str, why: &str) {
        self.say(&format!("  {id}: {why}"));
    }

    fn finished(&mut self, id: &str) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.installed.push(id.to_owned());
    }
}
