//! Looking, verifying, removing, and sharing the store.

use super::*;
use crate::{Catalog, State, Store};
use jarvis_core::Cancel;
use std::fs::{self, File};
use std::time::{Duration, SystemTime};

/// A world with `toy` installed.
fn installed() -> (World, Store, Catalog) {
    let world = World::new();
    let folder = world.path("elsewhere");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("w"), weights()).unwrap();
    fs::write(folder.join("t"), TOKENS).unwrap();
    let (store, catalog) = (world.store(), catalog(Sources::Registry));
    store.import(&catalog, "toy", &folder, &mut (), &Cancel::new()).unwrap();
    (world, store, catalog)
}

fn state(store: &Store, catalog: &Catalog) -> State {
    store.list(catalog).unwrap()[0].state
}

/// Changes a byte without a trace in size or time, as a failing disk does.
fn rot(world: &World, name: &str) {
    let path = world.path("models/toy").join(name);
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[3] ^= 1;
    fs::write(&path, bytes).unwrap();
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn a_model_that_is_not_there_says_how_to_get_it() {
    let world = World::new();
    assert_eq!(state(&world.store(), &catalog(Sources::Registry)), State::Missing);
    let error = world.store().folder("toy").unwrap_err();
    assert_eq!(error.code, "models.not_installed");
    assert!(!error.hint.contains("jarvis models pull"), "what no catalog has can't be pulled: {}", error.hint);
    let error = world.store().folder("whisper-tiny.en").unwrap_err();
    assert!(error.hint.contains("jarvis models pull whisper-tiny.en"), "{}", error.hint);
    let verified = world.store().verify(&catalog(Sources::Registry), &["toy".into()], &Cancel::new()).unwrap();
    assert_eq!(verified[0].state, State::Missing);
    assert!(world.store().verify(&catalog(Sources::Registry), &[], &Cancel::new()).unwrap().is_empty());
}

#[test]
fn the_list_tells_all_that_a_person_asks() {
    let (world, store, catalog) = installed();
    let listed = store.list(&catalog).unwrap().remove(0);
    let json = serde_json::to_value(&listed).unwrap();
    assert_eq!(json["id"], "toy");
    assert_eq!(json["kind"], "voice");
    assert_eq!(json["installed"], true);
    assert_eq!(json["bytes"], 300_013);
    assert_eq!(json["licence"], "MIT");
    assert_eq!(json["path"], world.path("models/toy").to_str().unwrap());
    assert_eq!(json["state"], "installed");
}

#[test]
fn missing_and_shortened_files_are_seen_without_reading() {
    for damage in ["remove", "shorten", "folder"] {
        let (world, store, catalog) = installed();
        let path = world.path("models/toy/w.bin");
        match damage {
            "shorten" => File::options().write(true).open(&path).unwrap().set_len(5).unwrap(),
            _ => fs::remove_file(&path).unwrap(),
        }
        if damage == "folder" {
            fs::create_dir(&path).unwrap();
        }
        assert_eq!(state(&store, &catalog), State::Damaged, "{damage}");
        let error = store.folder("toy").unwrap_err();
        assert_eq!(error.code, "models.damaged");
        assert!(error.message.contains("w.bin") && error.hint.contains("pull toy"), "{error:?}");
        world.publish_toy();
        store.pull(&catalog, &[], &mut (), &Cancel::new()).unwrap();
        assert!(world.toy_is_whole(), "{damage}");
    }
}

#[test]
fn rot_is_found_by_verify_and_healed_by_the_next_pull() {
    let (world, store, catalog) = installed();
    rot(&world, "t.json");
    assert_eq!(state(&store, &catalog), State::Installed, "nothing shows from outside");
    let verified = store.verify(&catalog, &[], &Cancel::new()).unwrap();
    assert_eq!((verified[0].state, verified[0].problems.clone()), (State::Damaged, vec!["t.json has changed".into()]));
    assert_eq!(state(&store, &catalog), State::Damaged, "and it is remembered");
    assert_eq!(store.folder("toy").unwrap_err().code, "models.damaged");
    world.publish_toy();
    store.pull(&catalog, &[], &mut (), &Cancel::new()).unwrap();
    assert_eq!(store.verify(&catalog, &["toy".into()], &Cancel::new()).unwrap()[0].state, State::Installed);
}

#[test]
fn a_copied_folder_is_read_once_and_trusted_then() {
    let (world, store, catalog) = installed();
    let path = world.path("models/toy/w.bin");
    let later = SystemTime::now() + Duration::from_secs(1000);
    File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
    let before = fs::read(world.path("models/toy/installed.json")).unwrap();
    assert_eq!(state(&store, &catalog), State::Installed);
    assert_ne!(fs::read(world.path("models/toy/installed.json")).unwrap(), before, "the new time is noted");
    fs::write(&path, vec![0; weights().len()]).unwrap();
    assert_eq!(state(&store, &catalog), State::Damaged);
}

#[test]
fn a_manifest_that_makes_no_sense_means_damaged() {
    for text in ["", "{", "[]", "{\"format\":99,\"id\":\"toy\",\"source\":\"\",\"files\":[]}"] {
        let (world, store, catalog) = installed();
        fs::write(world.path("models/toy/installed.json"), text).unwrap();
        assert_eq!(state(&store, &catalog), State::Damaged, "{text}");
        assert!(store.folder("toy").is_err());
    }
    let (world, store, catalog) = installed();
    let path = world.path("models/toy/installed.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"w.bin\"", "\"../../packages\"")).unwrap();
    assert_eq!(state(&store, &catalog), State::Damaged);
}

#[test]
fn a_new_catalog_makes_a_model_outdated_and_a_pull_replaces_it() {
    let (world, store, _) = installed();
    let other = b"{\"tokens\":[1]}";
    let text = format!(
        r#"
        [[wheel]]
        package = "toy-model"
        version = "2.0"
        bytes = 1000
        [[model]]
        id = "toy"
        kind = "voice"
        title = "A toy"
        licence = "MIT"
        licence_url = "https://example.org"
        default = true
        [[model.file]]
        name = "t.json"
        bytes = {}
        sha256 = "{}"
        wheel = [{{ package = "toy-model", member = "toy_model/t.json" }}]
        "#,
        other.len(),
        sha256(other)
    );
    let newer = Catalog::parse(&text).unwrap();
    assert_eq!(state(&store, &newer), State::Outdated);
    // Until then the old one goes on working, and a failed pull does not touch it.
    assert!(store.pull(&newer, &[], &mut (), &Cancel::new()).is_err());
    assert!(world.toy_is_whole());
    world.publish("toy-model", "2.0", &[("toy_model/t.json", other)]);
    store.pull(&newer, &[], &mut (), &Cancel::new()).unwrap();
    assert_eq!(state(&store, &newer), State::Installed);
    assert_eq!(fs::read(world.path("models/toy/t.json")).unwrap(), other);
    assert!(!world.path("models/toy/w.bin").exists());
}

#[test]
fn removing_is_whole_and_can_be_repeated() {
    let (world, store, catalog) = installed();
    assert!(store.remove(&catalog, "toy", &Cancel::new()).unwrap());
    assert_eq!(world.installed(), [""; 0]);
    assert!(world.below("models/.staging").is_empty());
    assert!(!store.remove(&catalog, "toy", &Cancel::new()).unwrap());
    assert_eq!(store.remove(&catalog, "toi", &Cancel::new()).unwrap_err().code, "models.unknown");
}

#[test]
fn unknown_names_are_refused_before_anything_happens() {
    let world = World::new();
    let ids = ["toy".to_owned(), "toi".to_owned()];
    let error = world.store().pull(&catalog(Sources::Registry), &ids, &mut (), &Cancel::new()).unwrap_err();
    assert_eq!((error.code.as_str(), error.hint.as_str()), ("models.unknown", "Known models: toy."));
    assert!(!world.path("models").exists());
}

#[test]
fn two_pulls_at_once_do_not_collide() {
    let world = World::new();
    world.publish_toy();
    let results = std::thread::scope(|scope| {
        let pull = || {
            let mut notes = Notes::default();
            let result = world.store().pull(&catalog(Sources::Registry), &[], &mut notes, &Cancel::new());
            (result, notes.lines)
        };
        let both = [scope.spawn(pull), scope.spawn(pull)];
        both.map(|thread| thread.join().unwrap())
    });
    assert!(results.iter().all(|(result, _)| result.as_ref().unwrap()[0].installed));
    let started = results.iter().filter(|(_, lines)| lines.contains(&"started toy".to_owned())).count();
    assert_eq!(started, 1, "{results:?}");
    assert!(world.toy_is_whole());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let world = World::new();
    fs::write(world.path("models"), "a file").unwrap();
    let error = world.store().pull(&catalog(Sources::Registry), &[], &mut (), &Cancel::new()).unwrap_err();
    assert_eq!(error.code, "models.io");
    assert!(error.message.contains("models"), "{}", error.message);
    assert!(world.store().list(&catalog(Sources::Registry)).is_ok());
}

#[test]
fn errors_of_the_disk_have_their_own_remedies() {
    use std::io::{Error, ErrorKind};
    for (kind, code) in [
        (ErrorKind::StorageFull, "models.disk_full"),
        (ErrorKind::QuotaExceeded, "models.disk_full"),
        (ErrorKind::PermissionDenied, "models.not_writable"),
        (ErrorKind::ReadOnlyFilesystem, "models.not_writable"),
        (ErrorKind::Other, "models.io"),
    ] {
        let error = crate::error::ModelError::io("write", std::path::Path::new("/m"), Error::from(kind));
        let error: jarvis_core::Error = error.into();
        assert_eq!(error.code, code);
        assert!(!error.hint.is_empty() && error.message.contains("/m"));
    }
}
