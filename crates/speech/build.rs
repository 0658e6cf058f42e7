//! Where the linker finds libespeak-ng. On Linux it lies in the system's own folders; Homebrew has its own.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=ESPEAK_NG_LIB_DIR");
    if let Ok(folder) = std::env::var("ESPEAK_NG_LIB_DIR") {
        println!("cargo::rustc-link-search=native={folder}");
    }
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("macos") {
        for folder in ["/opt/homebrew/lib", "/usr/local/lib"] {
            if Path::new(folder).is_dir() {
                println!("cargo::rustc-link-search=native={folder}");
            }
        }
    }
}
