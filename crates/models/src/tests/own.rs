//! Models that were made here, beside those of the catalog.

use super::*;
use crate::{Kind, OwnModel, State};
use jarvis_core::Cancel;
use std::fs;

fn model(id: &str, content: &[u8]) -> OwnModel {
    OwnModel {
        id: id.into(),
        kind: Kind::Wake,
        title: "Wake word \"hey computer\"".into(),
        licence: "your own".into(),
        files: vec![("head.safetensors".into(), content.to_vec()), ("embedding.onnx".into(), vec![7; 100])],
    }
}

#[test]
fn it_is_listed_found_verified_replaced_and_removed() {
    let world = World::new();
    let (store, catalog) = (world.store(), catalog(Sources::Registry));
    let cancel = Cancel::new();
    store.install_own(&catalog, &model("wake-computer", b"one"), &cancel).unwrap();
    let installed = store.install_own(&catalog, &model("wake-computer", b"two"), &cancel).unwrap();
    assert_eq!((installed.state, installed.kind, installed.bytes), (State::Installed, Kind::Wake, 103));
    assert_eq!(store.list(&catalog).unwrap().last(), Some(&installed));
    let folder = store.folder("wake-computer").unwrap();
    assert_eq!(fs::read(folder.join("head.safetensors")).unwrap(), b"two");

    let verified = store.verify(&catalog, &[], &cancel).unwrap();
    assert_eq!(verified.last().unwrap().state, State::Installed);
    fs::write(folder.join("head.safetensors"), b"bad").unwrap();
    let verified = store.verify(&catalog, &["wake-computer".into()], &cancel).unwrap();
    assert_eq!(verified[0].state, State::Damaged);

    assert!(store.remove(&catalog, "wake-computer", &cancel).unwrap());
    assert!(!folder.exists());
    assert_eq!(store.remove(&catalog, "wake-computer", &cancel).unwrap_err().code, "models.unknown");
}

#[test]
fn a_name_of_the_catalog_or_none_at_all_is_refused() {
    let world = World::new();
    let (store, catalog) = (world.store(), catalog(Sources::Registry));
    let code = |id: &str| store.install_own(&catalog, &model(id, b"x"), &Cancel::new()).unwrap_err().code;
    assert_eq!(code("toy"), "models.name_taken");
    for id in ["", "../up", "a b", "-x", ".hidden", "Wake"] {
        assert_eq!(code(id), "models.bad_name", "{id}");
    }
}

#[test]
fn an_interrupted_installation_leaves_what_was_there() {
    let world = World::new();
    let (store, catalog) = (world.store(), catalog(Sources::Registry));
    store.install_own(&catalog, &model("wake-computer", b"one"), &Cancel::new()).unwrap();
    let cancelled = Cancel::new();
    cancelled.cancel();
    assert!(store.install_own(&catalog, &model("wake-computer", b"two"), &cancelled).is_err());
    let folder = store.folder("wake-computer").unwrap();
    assert_eq!(fs::read(folder.join("head.safetensors")).unwrap(), b"one");
}
