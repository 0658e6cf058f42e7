//! Pulling through pip.

use super::*;
use crate::{Origin, Stage, State};
use jarvis_core::Cancel;
use std::fs;
use std::time::{Duration, Instant};

#[test]
fn a_pull_brings_verified_files_and_leaves_nothing_else() {
    let world = World::new();
    world.publish_toy();
    let mut notes = Notes::default();
    let pulled = world.store().pull(&catalog(Sources::Registry), &[], &mut notes, &Cancel::new()).unwrap();
    assert_eq!((pulled.len(), pulled[0].state), (1, State::Installed));
    assert!(world.toy_is_whole());
    assert_eq!(world.below("models/.downloads"), Vec::<std::path::PathBuf>::new());
    assert_eq!(world.below("models/.staging"), Vec::<std::path::PathBuf>::new());
    assert_eq!(notes.lines, ["started toy", "finished toy"]);
    assert_eq!(notes.stages, [Stage::Fetching(Origin::Registry), Stage::Verifying, Stage::Installing]);
    assert_eq!(notes.last, (1000, 1000));
}

#[test]
fn a_second_pull_does_nothing() {
    let mut world = World::new();
    world.publish_toy();
    let catalog = catalog(Sources::Registry);
    world.store().pull(&catalog, &[], &mut (), &Cancel::new()).unwrap();
    world.host.pythons.clear();
    let mut notes = Notes::default();
    world.store().pull(&catalog, &[], &mut notes, &Cancel::new()).unwrap();
    assert_eq!(notes.calls, 0);
}

#[test]
fn a_corrupted_wheel_installs_nothing_and_the_next_pull_heals() {
    let world = World::new();
    let mut wrong = weights();
    wrong[1234] ^= 1;
    for (bytes, says) in
        [(wrong, "SHA-256"), (weights()[1..].to_vec(), "299999 bytes"), ([weights(), vec![0]].concat(), "more than")]
    {
        world.publish("toy-model", "1.0", &[("toy_model/w.bin", &bytes), ("toy_model/t.json", TOKENS)]);
        let error = world.store().pull(&catalog(Sources::Registry), &[], &mut (), &Cancel::new()).unwrap_err();
        assert_eq!(error.code, "models.corrupt");
        assert!(error.message.contains(says) && error.message.contains("w.bin"), "{}", error.message);
        assert!(error.hint.contains("run it again"), "{}", error.hint);
        assert_eq!(world.installed(), [""; 0]);
        assert!(world.below("models/.downloads").iter().all(|p| p.is_dir()), "the bad wheel is thrown away");
    }
    world.publish("toy-model", "1.0", &[("toy_model/other.bin", b"x")]);
    let error = world.store().pull(&catalog(Sources::Registry), &[], &mut (), &Cancel::new()).unwrap_err();
    assert_eq!(error.code, "models.corrupt");
    assert!(error.message.contains("toy_model/w.bin"), "{}", error.message);
    world.publish_toy();
    world.store().pull(&catalog(Sources::Registry), &[], &mut (), &Cancel::new()).unwrap();
    assert!(world.toy_is_whole());
}

#[test]
fn a_bad_wheel_of_an_earlier_attempt_is_replaced_without_a_word() {
    let world = World::new();
    world.publish_toy();
    let kept = world.path("models/.downloads/wheels/toy-model-1.0-any.whl");
    fs::create_dir_all(kept.parent().unwrap()).unwrap();
    fs::write(&kept, b"PK\x03\x04 and then the power went").unwrap();
    world.store().pull(&catalog(Sources::Registry), &[], &mut (), &Cancel::new()).unwrap();
    assert!(world.toy_is_whole());
}

#[test]
fn what_a_crash_left_is_swept_away() {
    let world = World::new();
    world.publish_toy();
    for rubbish in [
        "models/.staging/toy/w.bin",
        "models/.staging/removed-toy/w.bin",
        "models/.downloads/pip-toy-model/temporary/x",
        "models/.downloads/wheels/older-0.9-any.whl",
        "models/.downloads/hub-gone/w.bin.part",
    ] {
        let path = world.path(rubbish);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "rubbish").unwrap();
    }
    world.store().pull(&catalog(Sources::Registry), &[], &mut (), &Cancel::new()).unwrap();
    assert!(world.toy_is_whole());
    assert_eq!(world.below("models/.downloads"), Vec::<std::path::PathBuf>::new());
    assert_eq!(world.below("models/.staging"), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_package_that_is_not_there_is_named() {
    let world = World::new();
    let error = world.store().pull(&catalog(Sources::Registry), &[], &mut (), &Cancel::new()).unwrap_err();
    assert_eq!(error.code, "models.refused");
    assert!(error.message.contains("toy-model 1.0"), "{}", error.message);
    assert!(error.hint.contains("jarvis models pull toy --from FILE"), "{}", error.hint);
    assert_eq!(world.installed(), [""; 0]);
}

#[test]
fn what_pip_cannot_do_is_a_sentence_with_a_remedy() {
    for (fake, code, says) in [
        ("no-pip", "models.no_pip", "apt install python3-pip"),
        ("no-network", "models.no_network", "network connection"),
        ("silent", "models.refused", "Try again later"),
        ("anything", "models.refused", "Try again later"),
    ] {
        let world = World::new().with_fake_python(fake);
        let error = world.store().pull(&catalog(Sources::Registry), &[], &mut (), &Cancel::new()).unwrap_err();
        assert_eq!(error.code, code, "{error:?}");
        assert!(error.hint.contains(says), "{error:?}");
        assert_eq!(world.installed(), [""; 0]);
        assert!(world.below("models/.downloads").iter().all(|p| p.is_dir()), "nothing stays");
    }
}

#[test]
fn without_python_the_remedy_names_ways_to_get_one() {
    let mut world = World::new();
    world.host.pythons = vec!["no-such-python".into(), "/nowhere/python".into()];
    let error = world.store().pull(&catalog(Sources::Registry), &[], &mut (), &Cancel::new()).unwrap_err();
    assert_eq!(error.code, "models.no_python");
    assert!(error.message.contains("no-such-python, /nowhere/python"), "{}", error.message);
    assert!(error.hint.contains("JARVIS_PYTHON") && error.hint.contains("--from"), "{}", error.hint);
}

#[test]
fn the_second_python_is_taken_when_the_first_is_not_there() {
    let mut world = World::new();
    world.publish_toy();
    world.host.pythons.insert(0, "no-such-python".into());
    world.store().pull(&catalog(Sources::Registry), &[], &mut (), &Cancel::new()).unwrap();
    assert!(world.toy_is_whole());
}

#[test]
fn cancelling_ends_pip_at_once_and_leaves_nothing() {
    let world = World::new().with_fake_python("slow");
    let cancel = Cancel::new();
    let pid_file = world.path("pid");
    let start = Instant::now();
    std::thread::scope(|scope| {
        let pull = scope.spawn(|| world.store().pull(&catalog(Sources::Registry), &[], &mut (), &cancel));
        while fs::read_to_string(&pid_file).map_or(true, |text| !text.ends_with('\n')) {
            assert!(start.elapsed() < Duration::from_secs(20), "the fake never started");
            std::thread::sleep(Duration::from_millis(5));
        }
        let asked = Instant::now();
        cancel.cancel();
        let error = pull.join().unwrap().unwrap_err();
        assert!(error.is_cancelled() && error.hint.contains("goes on"), "{error:?}");
        println!("ended {:?} after it was asked to", asked.elapsed());
    });
    let pid: i32 = fs::read_to_string(pid_file).unwrap().trim().parse().unwrap();
    // SAFETY: signal 0 only asks whether the process exists.
    assert_ne!(unsafe { libc::kill(pid, 0) }, 0, "pip still runs");
    assert_eq!(world.installed(), [""; 0]);
    assert!(world.below("models/.downloads").iter().all(|p| p.is_dir()));
}

#[test]
fn a_full_disk_is_said_before_anything_is_fetched() {
    let mut world = World::new();
    world.publish_toy();
    world.host.free_space = |_| Ok(64 << 20);
    let mut notes = Notes::default();
    let error = world.store().pull(&catalog(Sources::Registry), &[], &mut notes, &Cancel::new()).unwrap_err();
    assert_eq!(error.code, "models.disk_full");
    assert!(error.message.contains("67.4 MB") && error.hint.contains("JARVIS_DATA_DIR"), "{error:?}");
    assert_eq!((notes.calls, world.installed()), (0, vec![]));
    world.host.free_space = |_| Ok(65 << 20);
    world.store().pull(&catalog(Sources::Registry), &[], &mut (), &Cancel::new()).unwrap();
}

#[test]
fn a_file_in_two_packages_is_joined_and_verified_as_one() {
    let world = World::new();
    let whole = weights();
    let (first, second) = whole.split_at(100_001);
    world.publish("toy-one", "1.0", &[("one/w.1", first)]);
    world.publish("toy-two", "1.0", &[("two/w.2", second)]);
    let text = format!(
        r#"
        [[wheel]]
        package = "toy-one"
        version = "1.0"
        bytes = 10
        [[wheel]]
        package = "toy-two"
        version = "1.0"
        bytes = 20
        [[model]]
        id = "joined"
        kind = "voice"
        title = "Two halves"
        licence = "MIT"
        licence_url = "https://example.org"
        [[model.file]]
        name = "w.bin"
        bytes = {}
        sha256 = "{}"
        wheel = [{{ package = "toy-one", member = "one/w.1" }}, {{ package = "toy-two", member = "two/w.2" }}]
        "#,
        whole.len(),
        sha256(&whole)
    );
    let mut notes = Notes::default();
    let catalog = crate::Catalog::parse(&text).unwrap();
    world.store().pull(&catalog, &["joined".into()], &mut notes, &Cancel::new()).unwrap();
    assert_eq!(fs::read(world.path("models/joined/w.bin")).unwrap(), whole);
    assert_eq!(notes.last, (30, 30));
}
