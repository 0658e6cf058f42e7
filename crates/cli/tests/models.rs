//! `jarvis models` as a script sees it: JSON lines, exit codes, and a remedy for everything that is wrong.

use serde_json::Value;
use std::path::Path;
use std::process::Command;

struct Ran {
    code: Option<i32>,
    lines: Vec<Value>,
}

/// Runs `jarvis --json models ARGS` with its data in `data`, and without Python.
fn jarvis(data: &Path, args: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_jarvis"))
        .args(["--json", "models"])
        .args(args)
        .env("JARVIS_DATA_DIR", data)
        .env("JARVIS_PYTHON", "/nowhere/python")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect();
    Ran { code: output.status.code(), lines }
}

#[test]
fn the_list_has_what_the_contract_says() {
    let dir = tempfile::tempdir().unwrap();
    let ran = jarvis(dir.path(), &["list"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.lines.len() >= 10);
    for line in &ran.lines {
        for field in ["id", "kind", "licence", "path"] {
            assert!(line[field].as_str().is_some_and(|s| !s.is_empty()), "{field} of {line}");
        }
        assert_eq!(line["installed"], false);
        assert!(line["bytes"].as_u64().unwrap() > 100_000);
        assert!(line["path"].as_str().unwrap().starts_with(dir.path().to_str().unwrap()));
    }
    assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none(), "looking leaves no trace");
}

#[test]
fn what_is_wrong_is_one_json_line_with_a_remedy_and_exit_code_1() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_str().unwrap();
    for (args, code) in [
        (vec!["pull", "whisper-huge"], "models.unknown"),
        (vec!["remove", "whisper-huge"], "models.unknown"),
        (vec!["verify", "whisper-huge"], "models.unknown"),
        (vec!["pull", "silero-vad"], "models.no_python"),
        (vec!["pull", "silero-vad", "--from", "/nowhere"], "models.io"),
        (vec!["pull", "silero-vad", "--from", folder], "models.import"),
        (vec!["pull", "--from", folder], "models.usage"),
    ] {
        let ran = jarvis(dir.path(), &args);
        assert_eq!(ran.code, Some(1), "{args:?}");
        let [line] = ran.lines.as_slice() else { panic!("{args:?}: {:?}", ran.lines) };
        assert_eq!(line["error"]["code"], code, "{line}");
        assert!(line["error"]["message"].as_str().unwrap().ends_with('.'), "{line}");
        assert!(!line["error"]["hint"].as_str().unwrap().is_empty(), "{line}");
    }
    let ran = jarvis(dir.path(), &["verify", "silero-vad"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!((&ran.lines[0]["state"], &ran.lines[1]["error"]["code"]), (&"missing".into(), &"models.damaged".into()));
    assert_eq!(jarvis(dir.path(), &["remove", "silero-vad"]).code, Some(0));
    assert_eq!(jarvis(dir.path(), &["fetch"]).code, Some(2), "wrong usage");
}
