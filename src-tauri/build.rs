//! Tells Tauri where the shell's capabilities lie: the package stands at the repository's root.

fn main() {
    let attributes = tauri_build::Attributes::new().capabilities_path_pattern("./src-tauri/capabilities/*.json");
    tauri_build::try_build(attributes).expect("tauri-build reads tauri.conf.json and the capabilities");
}
