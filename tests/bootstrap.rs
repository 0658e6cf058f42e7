//! `scripts/bootstrap` on a machine that lacks something: it names what it installs, installs that alone, and goes on.
//!
//! Runs the real script with a stand-in for the package manager, so that nothing is installed.
#![cfg(target_os = "linux")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

/// A package database that knows `installed` alone, and a package manager that writes down what it is asked.
fn machine(folder: &Path, installed: &str) {
    let tool = |name: &str, body: &str| {
        let path = folder.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    // As the real one: what is known is printed, and an unknown package makes it fail.
    tool("dpkg-query", &format!("for p in {installed}; do echo \"ii $p\"; done; exit 1"));
    tool("apt-get", &format!("echo \"$@\" >> {}/asked", folder.display()));
    tool("sudo", "exec \"$@\"");
}

fn bootstrap(folder: &Path, profile: &str) -> Output {
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/bootstrap"))
        .arg(profile)
        .env("PATH", path)
        .output()
        .expect("the script starts")
}

#[test]
fn it_installs_what_is_missing_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    machine(folder.path(), "build-essential python3");
    let output = bootstrap(folder.path(), "headless");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Installing system packages") && said.contains("libespeak-ng-dev"), "{said}");
    let asked = std::fs::read_to_string(folder.path().join("asked")).expect("the package manager was asked");
    assert!(asked.contains(" libasound2-dev ") && !asked.contains("build-essential"), "{asked}");
    assert!(!asked.contains("webkit"), "a board without a screen needs no web view: {asked}");
}

#[test]
fn an_unknown_profile_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let output = bootstrap(folder.path(), "everything");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("everything"));
}
