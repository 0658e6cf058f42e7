//! Pulling from the hub.

use super::*;
use jarvis_core::Cancel;
use std::fs;

fn world(hub: &FakeHub) -> World {
    let mut world = World::new();
    world.host.hub = hub.address.clone();
    world.host.pythons = vec!["no-such-python".into()];
    world
}

#[test]
fn the_hub_takes_over_when_there_is_no_python() {
    let hub = FakeHub::with_toy();
    let world = world(&hub);
    let mut notes = Notes::default();
    world.store().pull(&catalog(Sources::Both), &[], &mut notes, &Cancel::new()).unwrap();
    assert!(world.toy_is_whole());
    assert!(notes.lines[1].starts_with("fell back: There is no Python"), "{:?}", notes.lines);
    assert_eq!(notes.last, (300_013, 300_013));
    assert_eq!(hub.requests(), ["w.bin None", "t.json None"]);
    assert!(world.below("models/.downloads").is_empty());
}

#[test]
fn a_broken_connection_is_gone_on_with() {
    let hub = FakeHub::with_toy();
    hub.behave(|m| m.break_after = Some(100_000));
    let world = world(&hub);
    world.store().pull(&catalog(Sources::Hub), &[], &mut (), &Cancel::new()).unwrap();
    assert!(world.toy_is_whole());
    assert_eq!(hub.requests(), ["w.bin None", "w.bin Some(100000)", "w.bin Some(200000)", "t.json None"]);
}

#[test]
fn the_next_pull_goes_on_where_the_last_one_gave_up() {
    let hub = FakeHub::with_toy();
    hub.behave(|m| m.break_after = Some(50_000));
    let world = world(&hub);
    let error = world.store().pull(&catalog(Sources::Hub), &[], &mut (), &Cancel::new()).unwrap_err();
    assert_eq!(error.code, "models.no_network");
    assert_eq!(world.installed(), [""; 0]);
    hub.behave(|m| m.break_after = None);
    let mut notes = Notes::default();
    world.store().pull(&catalog(Sources::Hub), &[], &mut notes, &Cancel::new()).unwrap();
    assert!(world.toy_is_whole());
    assert_eq!(hub.requests()[5..], ["w.bin Some(250000)", "t.json None"]);
}

#[test]
fn a_server_without_ranges_sends_all_of_it_again() {
    let hub = FakeHub::with_toy();
    hub.behave(|m| {
        m.break_after = Some(290_000);
        m.ignore_range = true;
    });
    let world = world(&hub);
    let catalog = catalog(Sources::Hub);
    assert!(world.store().pull(&catalog, &[], &mut (), &Cancel::new()).is_err());
    hub.behave(|m| m.break_after = None);
    world.store().pull(&catalog, &[], &mut (), &Cancel::new()).unwrap();
    assert!(world.toy_is_whole());
}

#[test]
fn a_redirect_keeps_the_place() {
    let hub = FakeHub::with_toy();
    hub.behave(|m| {
        m.redirect = true;
        m.break_after = Some(200_000);
    });
    let world = world(&hub);
    world.store().pull(&catalog(Sources::Hub), &[], &mut (), &Cancel::new()).unwrap();
    assert!(world.toy_is_whole());
    assert_eq!(hub.requests()[2..4], ["w.bin Some(200000)", "w.bin Some(200000)"]);
}

#[test]
fn a_file_that_shrank_does_not_stay_in_the_way() {
    let hub = FakeHub::with_toy();
    let path = "/me/toy/resolve/abc/w.bin";
    hub.behave(|m| drop(m.files.insert(path.into(), weights()[..1000].to_vec())));
    let world = world(&hub);
    let error = world.store().pull(&catalog(Sources::Hub), &[], &mut (), &Cancel::new()).unwrap_err();
    assert_eq!(error.code, "models.corrupt");
    assert!(error.message.contains("less than 300000"), "{}", error.message);
    hub.behave(|m| drop(m.files.insert(path.into(), weights())));
    world.store().pull(&catalog(Sources::Hub), &[], &mut (), &Cancel::new()).unwrap();
    assert!(world.toy_is_whole());
}

#[test]
fn other_bytes_are_thrown_away() {
    let hub = FakeHub::with_toy();
    let world = world(&hub);
    let path = "/me/toy/resolve/abc/w.bin";
    let mut wrong = weights();
    wrong[7] ^= 0x80;
    for (bytes, says) in [(wrong, "SHA-256"), ([weights(), weights()].concat(), "more than")] {
        hub.behave(|m| drop(m.files.insert(path.into(), bytes)));
        let error = world.store().pull(&catalog(Sources::Hub), &[], &mut (), &Cancel::new()).unwrap_err();
        assert_eq!(error.code, "models.corrupt");
        assert!(error.message.contains(says), "{}", error.message);
        assert!(world.below("models/.downloads").iter().all(|p| p.is_dir()), "no part stays");
    }
    hub.behave(|m| drop(m.files.insert(path.into(), weights())));
    world.store().pull(&catalog(Sources::Hub), &[], &mut (), &Cancel::new()).unwrap();
    assert!(world.toy_is_whole());
}

#[test]
fn a_rotten_part_does_not_stay_in_the_way() {
    let hub = FakeHub::with_toy();
    let world = world(&hub);
    let part = world.path("models/.downloads/hub-toy/w.bin.part");
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    // Too long for the file: dropped at once. Of other bytes: found at the end, dropped, and right the next time.
    fs::write(&part, vec![0; 400_000]).unwrap();
    world.store().pull(&catalog(Sources::Hub), &[], &mut (), &Cancel::new()).unwrap();
    fs::remove_dir_all(world.path("models/toy")).unwrap();
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    fs::write(&part, vec![0; 1_000]).unwrap();
    let error = world.store().pull(&catalog(Sources::Hub), &[], &mut (), &Cancel::new()).unwrap_err();
    assert_eq!(error.code, "models.corrupt");
    world.store().pull(&catalog(Sources::Hub), &[], &mut (), &Cancel::new()).unwrap();
    assert!(world.toy_is_whole());
}

#[test]
fn when_every_source_fails_each_says_why() {
    let hub = FakeHub::with_toy();
    hub.behave(|m| m.files.clear());
    let world = world(&hub);
    let error = world.store().pull(&catalog(Sources::Both), &[], &mut (), &Cancel::new()).unwrap_err();
    assert_eq!(error.code, "models.no_python");
    assert!(error.message.contains("no Python") && error.message.contains("404"), "{}", error.message);
    drop(hub);
    let mut world = World::new().with_fake_python("no-network");
    world.host.hub = "http://127.0.0.1:9".into();
    let error = world.store().pull(&catalog(Sources::Both), &[], &mut (), &Cancel::new()).unwrap_err();
    assert_eq!(error.code, "models.no_network");
    assert!(error.message.contains("The model hub cannot be reached"), "{}", error.message);
}

/// Whatever moment somebody presses Ctrl-C at, the model is whole or absent, and the next pull heals.
#[test]
fn an_interruption_at_any_moment_leaves_a_model_whole_or_absent() {
    let hub = FakeHub::with_toy();
    let mut at = 0;
    loop {
        let world = world(&hub);
        let cancel = Cancel::new();
        let mut notes = Notes { stop_at: Some((at, cancel.clone())), ..Notes::default() };
        let result = world.store().pull(&catalog(Sources::Hub), &[], &mut notes, &cancel);
        match &result {
            Ok(_) => assert!(world.toy_is_whole()),
            Err(error) => {
                assert!(error.is_cancelled(), "{error:?}");
                assert_eq!(world.installed(), [""; 0], "at call {at}");
            }
        }
        world.store().pull(&catalog(Sources::Hub), &[], &mut (), &Cancel::new()).unwrap();
        assert!(world.toy_is_whole());
        assert!(world.below("models/.staging").is_empty());
        if notes.calls <= at {
            break;
        }
        at += 1;
    }
    assert!(at > 5, "only {at} moments were tried");
}
