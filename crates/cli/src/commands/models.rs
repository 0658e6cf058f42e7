//! `jarvis models`: list, install, verify and remove models.

use super::control;
use crate::output::Output;
use indicatif::{ProgressBar, ProgressStyle};
use jarvis_core::{Cancel, Error};
use jarvis_models::{Bytes, Catalog, Listed, Model, Origin, Progress, Stage, State, Store};
use jarvis_settings::Paths;
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
        Action::List => list(&store, &catalog, output),
        Action::Pull { ids, from } => {
            let news = pull(&store, &catalog, &ids, from, output)?;
            if news {
                control::reload(&paths);
            }
            Ok(())
        }
        Action::Verify { ids } => verify(&store, &catalog, &ids, output),
        Action::Remove { id } => {
            let removed = store.remove(&catalog, &id, &cancel_on_signal())?;
            let listed = store.look(catalog.model(&id)?)?;
            output.result(&listed, || match removed {
                true => format!("{id} is removed."),
                false => format!("{id} was not installed."),
            });
            Ok(())
        }
    }
}

fn list(store: &Store, catalog: &Catalog, output: &Output) -> anyhow::Result<()> {
    let models = store.list(catalog)?;
    let width = models.iter().map(|m| m.id.len()).max().unwrap_or(0);
    for model in &models {
        output.result(model, || {
            let state = match model.state {
                State::Missing if model.default => "missing",
                State::Missing => "optional",
                State::Installed => "installed",
                State::Outdated => "outdated",
                State::Damaged => "damaged",
            };
            let size = Bytes(model.bytes).to_string();
            format!(
                "{:width$}  {:<11}  {state:<9}  {size:>8}  {:<15}  {}",
                model.id, model.kind, model.licence, model.title
            )
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
        (None, ids) => store.pull(catalog, ids, &mut progress, &cancel_on_signal())?,
        (Some(from), [id]) => vec![store.import(catalog, id, &from, &mut progress, &cancel_on_signal())?],
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
    let results = store.verify(catalog, ids, &cancel_on_signal())?;
    let mut bad = Vec::new();
    for result in &results {
        let listed = serde_json::to_value(store.look(catalog.model(&result.id)?)?)?;
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

/// A flag that Ctrl-C (and a polite kill) raises, so that what is running can tidy up.
///
/// The signals are blocked for the process and waited for by a thread, which needs no handler and no global. A second one
/// ends the program at once.
fn cancel_on_signal() -> Cancel {
    let cancel = Cancel::new();
    let raised = cancel.clone();
    // SAFETY: `set` is initialised by `sigemptyset` before it is used, and all pointers outlive the calls.
    let set = unsafe {
        let mut set = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
        set.assume_init()
    };
    std::thread::spawn(move || {
        let mut signal = 0;
        // SAFETY: `set` is initialised and `signal` is a place to write to.
        unsafe { libc::sigwait(&set, &mut signal) };
        raised.cancel();
        // SAFETY: as above.
        unsafe { libc::sigwait(&set, &mut signal) };
        std::process::exit(128 + signal);
    });
    cancel
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
