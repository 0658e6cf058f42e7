//! Language models that other programs have downloaded: found where they lie, never copied, changed or removed.
//!
//! Knows the layouts of Ollama's store (manifests that name blobs), of the Hugging Face cache (snapshots of links into
//! blobs) and of llama.cpp's cache (plain files). Reads folders and small manifests alone, within limits: what lies there
//! was made by others.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The most models that are told of.
const MOST: usize = 200;
/// The most entries of a folder that are looked at.
const MOST_ENTRIES: usize = 1000;
/// Bytes that a manifest may have.
const MANIFEST: u64 = 1 << 20;
/// The layer of a manifest that is the model.
const MODEL_LAYER: &str = "application/vnd.ollama.image.model";
/// How a GGUF file begins.
const MAGIC: &[u8; 4] = b"GGUF";

/// A model file of another program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Found {
    /// Whose it is: `Ollama`, `Hugging Face`, `llama.cpp`.
    pub owner: &'static str,
    /// What its owner calls it: `llama3.2:latest`, `org/name/file.gguf`.
    pub name: String,
    /// The GGUF file, to be set as `mind.model`.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// The model files of other programs that `environment` leads to (`HOME`, and each program's own variables), by owner and
/// name. Folders that aren't there or can't be read have none.
pub fn found_models(environment: impl Fn(&str) -> Option<PathBuf>) -> Vec<Found> {
    let set = |name: &str| environment(name).filter(|path| path.is_absolute());
    let home = set("HOME");
    let at_home = |below: &str| home.as_ref().map(|home| home.join(below));
    let cache = || set("XDG_CACHE_HOME").or_else(|| at_home(".cache"));
    let mut found = Vec::new();
    match set("OLLAMA_MODELS") {
        Some(folder) => ollama(&folder, &mut found),
        None => {
            // The service of a Linux installation has a home of its own.
            for folder in at_home(".ollama/models").into_iter().chain(["/usr/share/ollama/.ollama/models".into()]) {
                ollama(&folder, &mut found);
            }
        }
    }
    let hub = set("HF_HUB_CACHE")
        .or_else(|| set("HF_HOME").map(|folder| folder.join("hub")))
        .or_else(|| cache().map(|folder| folder.join("huggingface/hub")));
    if let Some(hub) = hub {
        hugging_face(&hub, &mut found);
    }
    let mac = || cfg!(target_os = "macos").then(|| at_home("Library/Caches/llama.cpp")).flatten();
    if let Some(folder) = set("LLAMA_CACHE").or_else(mac).or_else(|| cache().map(|folder| folder.join("llama.cpp"))) {
        for (name, path) in entries(&folder) {
            add(&mut found, "llama.cpp", name, path);
        }
    }
    found.sort();
    found.dedup();
    found.truncate(MOST);
    found
}

/// Whether `path` is a GGUF file, by how it begins.
pub fn is_gguf(path: &Path) -> bool {
    let mut magic = [0; 4];
    path.is_file() && fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut magic).is_ok()) && magic == *MAGIC
}

#[derive(Deserialize)]
struct Manifest {
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    media_type: String,
    digest: String,
}

/// `manifests/HOST/NAMESPACE/NAME/TAG`, each a JSON file that names `blobs/sha256-HASH`.
fn ollama(folder: &Path, found: &mut Vec<Found>) {
    for (host, path) in entries(&folder.join("manifests")) {
        for (namespace, path) in entries(&path) {
            for (name, path) in entries(&path) {
                for (tag, path) in entries(&path) {
                    let Some(blob) = blob(&path) else { continue };
                    // As Ollama itself shows them.
                    let whole = match (host.as_str(), namespace.as_str()) {
                        ("registry.ollama.ai", "library") => format!("{name}:{tag}"),
                        ("registry.ollama.ai", namespace) => format!("{namespace}/{name}:{tag}"),
                        (host, namespace) => format!("{host}/{namespace}/{name}:{tag}"),
                    };
                    add_any(found, "Ollama", whole, folder.join("blobs").join(blob));
                }
            }
        }
    }
}

/// The name of the model's file that a manifest names.
fn blob(manifest: &Path) -> Option<String> {
    let mut text = String::new();
    fs::File::open(manifest).ok()?.take(MANIFEST).read_to_string(&mut text).ok()?;
    let manifest: Manifest = serde_json::from_str(&text).ok()?;
    let layer = manifest.layers.into_iter().find(|layer| layer.media_type == MODEL_LAYER)?;
    let hash = layer.digest.strip_prefix("sha256:")?;
    // It becomes part of a path.
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| format!("sha256-{hash}"))
}

/// `models--ORG--NAME/snapshots/REVISION/FILE`.
fn hugging_face(hub: &Path, found: &mut Vec<Found>) {
    for (folder, path) in entries(hub) {
        let Some(repo) = folder.strip_prefix("models--") else { continue };
        let repo = repo.replacen("--", "/", 1);
        for (_, revision) in entries(&path.join("snapshots")) {
            for (name, path) in entries(&revision) {
                add(found, "Hugging Face", format!("{repo}/{name}"), path);
            }
        }
    }
}

fn add(found: &mut Vec<Found>, owner: &'static str, name: String, path: PathBuf) {
    if path.extension() == Some(OsStr::new("gguf")) {
        add_any(found, owner, name, path);
    }
}

fn add_any(found: &mut Vec<Found>, owner: &'static str, name: String, path: PathBuf) {
    let is_new = !found.iter().any(|other| other.path == path && other.name == name);
    if is_new && found.len() < MOST && is_gguf(&path) {
        let bytes = fs::metadata(&path).map_or(0, |meta| meta.len());
        found.push(Found { name, owner, path, bytes });
    }
}

/// Name and path of what lies in a folder, in order of the names; none where that can't be read.
fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let named = entries.flatten().take(MOST_ENTRIES).filter_map(|entry| {
        let name = entry.file_name().into_string().ok().filter(|name| !name.starts_with('.'))?;
        (!name.chars().any(char::is_control)).then(|| (name, entry.path()))
    });
    let mut entries: Vec<_> = named.collect();
    entries.sort();
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, path: &str, content: &[u8]) -> PathBuf {
        let file = root.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, content).unwrap();
        file
    }

    fn found_below(root: &Path) -> Vec<(&'static str, String)> {
        let found = found_models(|name| match name {
            "HOME" => Some(root.to_owned()),
            // The machine's own service is none of the test's.
            "OLLAMA_MODELS" => Some(root.join(".ollama/models")),
            _ => None,
        });
        found.into_iter().map(|found| (found.owner, found.name)).collect()
    }

    #[test]
    fn models_are_found_where_their_programs_keep_them() {
        let root = tempfile::tempdir().unwrap();
        let hash = "ab".repeat(32);
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",
                "config":{{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"sha256:00","size":1}},
                "layers":[{{"mediaType":"application/vnd.ollama.image.license","digest":"sha256:11","size":1}},
                          {{"mediaType":"{MODEL_LAYER}","digest":"sha256:{hash}","size":8}}]}}"#
        );
        let manifests = ".ollama/models/manifests/registry.ollama.ai";
        put(root.path(), &format!("{manifests}/library/llama3.2/latest"), manifest.as_bytes());
        put(root.path(), &format!("{manifests}/someone/tuned/q4"), manifest.as_bytes());
        put(
            root.path(),
            &format!("{manifests}/library/gone/latest"),
            manifest.replace(&hash, &"cd".repeat(32)).as_bytes(),
        );
        put(root.path(), &format!("{manifests}/library/bad/latest"), b"{");
        put(root.path(), &format!("{manifests}/library/evil/latest"), manifest.replace(&hash, "../../../x").as_bytes());
        put(root.path(), &format!(".ollama/models/blobs/sha256-{hash}"), b"GGUF1234");
        let blob = put(root.path(), ".cache/huggingface/hub/models--org--a--b/blobs/77", b"GGUF12345");
        let snapshot = root.path().join(".cache/huggingface/hub/models--org--a--b/snapshots/r1");
        fs::create_dir_all(&snapshot).unwrap();
        std::os::unix::fs::symlink(blob, snapshot.join("model-q4.gguf")).unwrap();
        put(root.path(), ".cache/huggingface/hub/models--org--a--b/snapshots/r1/config.json", b"{}");
        put(root.path(), ".cache/llama.cpp/x.gguf", b"GGUF");
        put(root.path(), ".cache/llama.cpp/not.gguf", b"<html>");
        assert_eq!(
            found_below(root.path()),
            [
                ("Hugging Face", "org/a--b/model-q4.gguf".to_owned()),
                ("Ollama", "llama3.2:latest".to_owned()),
                ("Ollama", "someone/tuned:q4".to_owned()),
                ("llama.cpp", "x.gguf".to_owned()),
            ]
        );
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        let root = tempfile::tempdir().unwrap();
        assert!(found_below(root.path()).is_empty());
        assert!(found_models(|_| None).len() <= MOST);
        assert!(found_models(|_| Some("relative".into())).iter().all(|found| found.owner == "Ollama"));
    }
}
