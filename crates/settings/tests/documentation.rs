//! What the documentation says about settings is true: every example loads, and every setting is explained.

use jarvis_settings::{Document, FieldSpec, Kind, Settings};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The blocks of a page that are marked as this language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect()
}

#[test]
fn every_example_of_a_settings_file_loads() {
    let mut examples = 0;
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "md") {
            continue;
        }
        for example in blocks(&read(&path), "json settings") {
            let document = Document::from_text(Path::new("config.json"), example).unwrap();
            let settings = Settings::from_layers(&document, []).unwrap_or_else(|error| panic!("{error}\n{example}"));
            assert!(settings.warnings().is_empty(), "{:?}\n{example}", settings.warnings());
            examples += 1;
        }
    }
    assert!(examples >= 3);
}

/// One row of the table in `docs/configuration.md`.
fn row(spec: &FieldSpec) -> String {
    let values = match &spec.kind {
        Kind::Switch => "`true`, `false`".to_owned(),
        Kind::Integer { min, max, unit } => format!("{min} to {max} {unit}"),
        Kind::Number { min, max, unit } => format!("{min} to {max} {unit}"),
        Kind::Choice { options } => {
            options.iter().map(|option| format!("`{}`", option.value)).collect::<Vec<_>>().join(", ")
        }
        Kind::InputDevice | Kind::OutputDevice => "a device's name, or empty".into(),
        Kind::Model { of } => format!("a {of} model's id"),
        Kind::Languages => "codes of languages".into(),
        Kind::Names => "names separated by commas, or empty".into(),
        Kind::Hotkey => "keys joined by `+`".into(),
        Kind::Text => "text".into(),
        Kind::Address => "an address, or empty".into(),
        Kind::Variable => "a variable's name, or empty".into(),
    };
    let restart = if spec.restart { " After a restart." } else { "" };
    let unused = if spec.unused { "Accepted, not used yet: " } else { "" };
    format!("| `{}` | {} | `{}` | {unused}{}{restart} |", spec.path, values.trim_end(), spec.default, spec.help)
}

#[test]
fn every_setting_is_explained_as_it_is() {
    let page = read(&root().join("docs/configuration.md"));
    let missing: Vec<String> = Settings::schema().iter().map(row).filter(|row| !page.contains(row)).collect();
    assert!(missing.is_empty(), "docs/configuration.md lacks these rows:\n{}", missing.join("\n"));
    for spec in Settings::schema() {
        for name in spec.environment.iter().rev().skip(1) {
            assert!(page.contains(&format!("`{name}`")), "docs/configuration.md does not name {name}");
        }
    }
}
