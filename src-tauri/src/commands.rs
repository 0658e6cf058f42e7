//! What the window can ask for. Each command is one line to the part that does it.
//!
//! The table below is the one list of them: Tauri's handler and the window's `commands.ts` are both made from it.

use crate::app::{self, Shell};
use crate::views::{Devices, Overview, SettingValue};
use crate::window;
use jarvis_core::{Capture, Error, EventRecord, Result};
use jarvis_engine::health::Check;
use jarvis_engine::{Command, EngineHandle, PictureOffer, check_question};
use jarvis_models::{Catalog, Listed};
use jarvis_settings::{FieldSpec, Settings};
use tauri::ipc::{Channel, Invoke};
use tauri::{AppHandle, Manager, State, Wry};

/// Makes the handler and, for tests, the signatures as TypeScript.
macro_rules! commands {
    ($( $name:ident($( $parameter:ident: $kind:ty ),*) -> $result:ty; )*) => {
        /// Dispatches the window's calls.
        pub fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
            tauri::generate_handler![follow, $( $name ),*]
        }

        #[cfg(test)]
        fn signatures(types: &ts_rs::Config) -> String {
            use ts_rs::TS;
            let mut text = String::from("export interface Commands {\n");
            $(
                let parameters: Vec<String> =
                    vec![$( format!("{}: {}", stringify!($parameter), <$kind as TS>::name(types)) ),*];
                let parameters = if parameters.is_empty() { "{}".into() } else { format!("{{ {} }}", parameters.join("; ")) };
                let result = <$result as TS>::name(types);
                text += &format!("  {}: {{ parameters: {parameters}; result: {result} }};\n", stringify!($name));
            )*
            text + "}\n"
        }

    };
}

commands! {
    overview() -> Overview;
    get_schema() -> Vec<FieldSpec>;
    get_settings() -> Vec<SettingValue>;
    set_setting(path: String, value: String) -> SettingValue;
    list_devices() -> Devices;
    list_models() -> Vec<Listed>;
    recommended_model() -> Option<Listed>;
    pull_models(ids: Vec<String>) -> ();
    cancel_pull() -> ();
    remove_model(id: String) -> ();
    run_doctor() -> Vec<Check>;
    list_captures() -> Vec<Capture>;
    forget_captures() -> ();
    picture_offer() -> Option<PictureOffer>;
    send_picture(offer: u64) -> ();
    refuse_picture(offer: u64) -> ();
    talk() -> ();
    cancel() -> ();
    ask(text: String) -> ();
    mute(muted: bool) -> ();
    watch_level(on: bool) -> ();
    quit() -> ();
}

/// What happened so far in this run; `events` gets what comes after it.
#[tauri::command]
fn follow(shell: State<'_, Shell>, events: Channel<EventRecord>) -> Vec<EventRecord> {
    shell.history.follow(Box::new(move |record| events.send(record.clone()).is_ok()))
}

#[tauri::command]
async fn overview(app: AppHandle<Wry>) -> Result<Overview> {
    aside(move || Ok(app.state::<Shell>().overview())).await
}

#[tauri::command]
fn get_schema() -> Vec<FieldSpec> {
    Settings::schema()
}

#[tauri::command]
fn get_settings(shell: State<'_, Shell>) -> Vec<SettingValue> {
    let settings = shell.settings();
    Settings::schema().iter().filter_map(|spec| value_of(&settings, spec)).collect()
}

fn value_of(settings: &Settings, spec: &FieldSpec) -> Option<SettingValue> {
    let entry = settings.get(spec.path).ok()?;
    let overridden_by = match entry.origin {
        jarvis_settings::Origin::Environment(name) => Some(name),
        _ => None,
    };
    Some(SettingValue { path: spec.path.into(), value: entry.value, restart: spec.restart, overridden_by })
}

#[tauri::command]
async fn set_setting(app: AppHandle<Wry>, path: String, value: String) -> Result<SettingValue> {
    aside(move || {
        let shell = app.state::<Shell>();
        let change = jarvis_engine::change::save(&shell.paths, &path, &value)?;
        shell.reload(&app);
        let value = shell.settings().get(&path)?.value;
        Ok(SettingValue { path, value, restart: change.restart, overridden_by: change.overridden_by })
    })
    .await
}

#[tauri::command]
async fn list_devices() -> Result<Devices> {
    aside(|| {
        let names = |devices: Vec<jarvis_audio::DeviceInfo>| devices.into_iter().map(|device| device.name).collect();
        Ok(Devices { input: names(jarvis_audio::input_devices()?), output: names(jarvis_audio::output_devices()?) })
    })
    .await
}

#[tauri::command]
async fn list_models(app: AppHandle<Wry>) -> Result<Vec<Listed>> {
    aside(move || app.state::<Shell>().store().list(&Catalog::builtin())).await
}

/// A better language model that this machine is quick enough for, where it is not installed.
#[tauri::command]
async fn recommended_model(app: AppHandle<Wry>) -> Result<Option<Listed>> {
    aside(move || {
        let shell = app.state::<Shell>();
        Ok(jarvis_engine::recommended_language(&shell.settings(), &shell.store()))
    })
    .await
}

#[tauri::command]
async fn pull_models(app: AppHandle<Wry>, ids: Vec<String>) -> Result<()> {
    aside(move || {
        let shell = app.state::<Shell>();
        let outcome = shell.installs.run(&shell.store(), &Catalog::builtin(), &ids, &shell.history);
        // Even a stopped installation may have brought a model that was waited for.
        shell.reload(&app);
        outcome
    })
    .await
}

#[tauri::command]
fn cancel_pull(shell: State<'_, Shell>) {
    shell.installs.cancel();
}

#[tauri::command]
async fn remove_model(app: AppHandle<Wry>, id: String) -> Result<()> {
    aside(move || app.state::<Shell>().store().remove(&Catalog::builtin(), &id, &jarvis_core::Cancel::new()).map(drop))
        .await
}

#[tauri::command]
async fn run_doctor(app: AppHandle<Wry>) -> Result<Vec<Check>> {
    aside(move || Ok(app.state::<Shell>().examine())).await
}

#[tauri::command]
fn list_captures(shell: State<'_, Shell>) -> Result<Vec<Capture>> {
    shell.engine().map(EngineHandle::captures)
}

#[tauri::command]
async fn forget_captures(app: AppHandle<Wry>) -> Result<()> {
    aside(move || app.state::<Shell>().engine().map(EngineHandle::forget_captures)).await
}

#[tauri::command]
async fn picture_offer(app: AppHandle<Wry>) -> Result<Option<PictureOffer>> {
    // Where the engine does not run, which is told anyway, none is offered.
    aside(move || Ok(app.state::<Shell>().engine().ok().and_then(EngineHandle::picture))).await
}

/// The user looked at the picture and clicked Send.
#[tauri::command]
async fn send_picture(app: AppHandle<Wry>, offer: u64) -> Result<()> {
    aside(move || app.state::<Shell>().engine()?.send_picture(offer, true).map(drop)).await
}

#[tauri::command]
fn refuse_picture(shell: State<'_, Shell>, offer: u64) -> Result<()> {
    shell.engine().map(|engine| engine.refuse_picture(offer))
}

#[tauri::command]
fn talk(shell: State<'_, Shell>) -> Result<()> {
    shell.engine().map(|engine| engine.send(Command::Toggle))
}

#[tauri::command]
fn cancel(shell: State<'_, Shell>) -> Result<()> {
    shell.engine().map(|engine| engine.send(Command::Cancel))
}

#[tauri::command]
fn ask(shell: State<'_, Shell>, text: String) -> Result<()> {
    let engine = shell.engine()?;
    check_question(&text)?;
    engine.send(Command::Ask { text });
    Ok(())
}

#[tauri::command]
fn mute(shell: State<'_, Shell>, muted: bool) -> Result<()> {
    shell.engine().map(|engine| engine.send(if muted { Command::Mute } else { Command::Unmute }))
}

#[tauri::command]
fn watch_level(app: AppHandle<Wry>, on: bool) {
    app.state::<Shell>().watch_level(on && window::is_visible(&app));
}

#[tauri::command]
fn quit(app: AppHandle<Wry>) {
    app::quit(&app);
}

/// Runs what may take a while where neither the window nor the desktop waits for it.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tauri::async_runtime::spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(Error::new("shell.broke_off", "This broke off because of a fault in Jarvis.", "Try again."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};
    use ts_rs::TS;

    fn generate(folder: &Path) {
        let types = ts_rs::Config::new().with_large_int("number").with_out_dir(folder);
        // Each brings along the types that it is made of.
        Overview::export_all(&types).unwrap();
        FieldSpec::export_all(&types).unwrap();
        SettingValue::export_all(&types).unwrap();
        Devices::export_all(&types).unwrap();
        Listed::export_all(&types).unwrap();
        Check::export_all(&types).unwrap();
        EventRecord::export_all(&types).unwrap();
        Capture::export_all(&types).unwrap();
        PictureOffer::export_all(&types).unwrap();
        let signatures = signatures(&types);
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .filter(|name| signatures.split(|c: char| !c.is_alphanumeric()).any(|word| word == name))
            .collect();
        names.sort();
        let imports: String =
            names.iter().map(|name| format!("import type {{ {name} }} from \"./{name}\";\n")).collect();
        let note =
            "// This file was generated from the commands! table of src-tauri/src/commands.rs. Do not edit it.\n";
        std::fs::write(folder.join("commands.ts"), format!("{note}{imports}\n{signatures}")).unwrap();
    }

    /// Every file below `folder` by its path from there.
    fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for path in std::fs::read_dir(next).into_iter().flatten().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let text = std::fs::read_to_string(&path).unwrap();
                    found.insert(path.strip_prefix(folder).unwrap().to_owned(), text);
                }
            }
        }
        found
    }

    /// `JARVIS_WRITE_TYPES=1 cargo test -p jarvis-desktop types` brings them up to date.
    #[test]
    fn the_window_s_types_are_current() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/src/generated");
        let fresh = tempfile::tempdir().unwrap();
        generate(fresh.path());
        let fresh = files(fresh.path());
        if std::env::var_os("JARVIS_WRITE_TYPES").is_some() {
            let _ = std::fs::remove_dir_all(&folder);
            for (name, text) in &fresh {
                let file = folder.join(name);
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(file, text).unwrap();
            }
        }
        assert!(
            files(&folder) == fresh,
            "ui/src/generated is out of date: run `JARVIS_WRITE_TYPES=1 cargo test -p jarvis-desktop types`"
        );
    }
}
