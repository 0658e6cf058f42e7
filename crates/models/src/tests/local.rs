//! Installing from the user's own files.

use super::*;
use jarvis_core::{Cancel, Error};
use std::fs;
use std::path::Path;

fn import(world: &World, from: &Path) -> Result<(), Error> {
    let store = world.store();
    store.import(&catalog(Sources::Both), "toy", from, &mut (), &Cancel::new()).map(|listed| assert!(listed.installed))
}

#[test]
fn files_are_known_by_their_bytes_wherever_they_lie() {
    let world = World::new();
    let deep = world.path("elsewhere/blobs/x");
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("0a1b"), weights()).unwrap();
    // Same size, other bytes: passed over.
    fs::write(world.path("elsewhere/w.bin"), vec![1; weights().len()]).unwrap();
    fs::write(world.path("elsewhere/tokens of mine.json"), TOKENS).unwrap();
    import(&world, &world.path("elsewhere")).unwrap();
    assert!(world.toy_is_whole());
    assert_eq!(fs::read(deep.join("0a1b")).unwrap(), weights(), "the user's file stays");
}

#[test]
fn a_wheel_will_do_alone_or_in_a_folder() {
    for alone in [true, false] {
        let world = World::new();
        let path = world.publish_toy();
        import(&world, if alone { &path } else { path.parent().unwrap() }).unwrap();
        assert!(world.toy_is_whole());
        assert!(path.exists());
    }
}

#[test]
fn what_is_missing_is_named() {
    let world = World::new();
    let folder = world.path("elsewhere");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("w.bin"), weights()).unwrap();
    let error = import(&world, &folder).unwrap_err();
    assert_eq!(error.code, "models.import");
    assert!(error.message.contains("t.json (13 bytes)") && !error.message.contains("w.bin"), "{}", error.message);
    assert!(error.hint.contains(".whl"), "{}", error.hint);
    assert_eq!(world.installed(), [""; 0]);
    let error = import(&world, &world.path("nowhere")).unwrap_err();
    assert_eq!(error.code, "models.io");
    assert!(error.message.contains("nowhere"), "{}", error.message);
    assert_eq!(world.installed(), [""; 0]);
}

#[test]
fn a_wheel_with_other_bytes_or_none_is_refused() {
    let world = World::new();
    let path = world.publish("toy-model", "1.0", &[("toy_model/w.bin", b"short"), ("toy_model/t.json", TOKENS)]);
    let error = import(&world, &path).unwrap_err();
    assert_eq!(error.code, "models.corrupt");
    fs::write(&path, b"not a zip").unwrap();
    let error = import(&world, &path).unwrap_err();
    assert_eq!(error.code, "models.import");
    assert_eq!(world.installed(), [""; 0]);
    assert!(path.exists(), "the user's file stays, bad as it is");
}
