//! The few things about folders that have to be right: room, locks, flushing, and replacing a folder in one step.

use crate::error::{Bytes, ModelError, Result};
use jarvis_core::Cancel;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the disk should still have when all is installed.
const RESERVE: u64 = 64 << 20;

/// Bytes that an ordinary user can still write to the disk of `path`, which exists.
///
/// # Errors
/// The system does not tell.
pub fn free_space(path: &Path) -> std::io::Result<u64> {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::CString::new(path.as_os_str().as_bytes())?;
    let mut stat = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: `path` is a NUL-terminated string and `stat` has room for what the call writes.
    if unsafe { libc::statvfs(path.as_ptr(), stat.as_mut_ptr()) } != 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so it filled `stat` in.
    let stat = unsafe { stat.assume_init() };
    // macOS counts blocks in 32 bits.
    #[allow(clippy::unnecessary_cast)]
    Ok((stat.f_bavail as u64).saturating_mul(stat.f_frsize as u64))
}

/// Refuses when `needed` bytes would leave less than a reserve of the `free` ones.
pub(crate) fn check_space(path: &Path, needed: u64, free: u64) -> Result<()> {
    let needed = needed.saturating_add(RESERVE);
    if free < needed {
        return Err(ModelError::NoSpace { needed: Bytes(needed), free: Bytes(free), path: path.to_path_buf() });
    }
    Ok(())
}

/// Creates `path` and what is above it.
pub(crate) fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| ModelError::io("create", path, e))
}

/// Removes the folder or file at `path`, if there is one.
pub(crate) fn remove(path: &Path) -> Result<()> {
    let result = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(e) => Err(e),
    };
    match result {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(ModelError::io("remove", path, e)),
        _ => Ok(()),
    }
}

/// Makes what is in `folder` (flat) and its names survive a power cut.
pub(crate) fn flush(folder: &Path) -> Result<()> {
    let failed = |e| ModelError::io("write", folder, e);
    for entry in fs::read_dir(folder).map_err(failed)? {
        File::open(entry.map_err(failed)?.path()).and_then(|f| f.sync_all()).map_err(failed)?;
    }
    File::open(folder).and_then(|f| f.sync_all()).map_err(failed)
}

/// Puts the folder `new` where `target` is. Whatever happens, `target` is either the old folder, the new one or (when the
/// machine dies between two renames) absent; it is never a mixture. The old folder ends up at `aside`.
pub(crate) fn replace(target: &Path, new: &Path, aside: &Path) -> Result<()> {
    if fs::symlink_metadata(target).is_ok() {
        remove(aside)?;
        fs::rename(target, aside).map_err(|e| ModelError::io("replace", target, e))?;
    }
    if let Err(e) = fs::rename(new, target) {
        // Put the old one back; if that fails too, the error of the first rename is the one that tells something.
        let _ = fs::rename(aside, target);
        return Err(ModelError::io("replace", target, e));
    }
    if let Some(parent) = target.parent() {
        File::open(parent).and_then(|f| f.sync_all()).map_err(|e| ModelError::io("write", parent, e))?;
    }
    Ok(())
}

/// The right to change the store, given up when dropped (or when the process dies).
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock at `path`; calls `waiting` once if it has to.
    pub(crate) fn acquire(path: PathBuf, cancel: &Cancel, waiting: &mut dyn FnMut()) -> Result<Self> {
        let failed = |e| ModelError::io("lock", &path, e);
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::Error(e)) => return Err(failed(e)),
                Err(TryLockError::WouldBlock) => {}
            }
            if !std::mem::replace(&mut told, true) {
                waiting();
            }
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_a_folder_leaves_the_old_one_aside() {
        let dir = tempfile::tempdir().unwrap();
        let [target, new, aside] = ["target", "new", "aside"].map(|n| dir.path().join(n));
        fs::create_dir(&new).unwrap();
        fs::write(new.join("v"), "1").unwrap();
        replace(&target, &new, &aside).unwrap();
        assert_eq!(fs::read_to_string(target.join("v")).unwrap(), "1");
        fs::create_dir(&new).unwrap();
        fs::write(new.join("v"), "2").unwrap();
        replace(&target, &new, &aside).unwrap();
        assert_eq!(fs::read_to_string(target.join("v")).unwrap(), "2");
        assert_eq!(fs::read_to_string(aside.join("v")).unwrap(), "1");
    }

    #[test]
    fn a_failed_replacement_keeps_the_old_folder() {
        let dir = tempfile::tempdir().unwrap();
        let [target, new, aside] = ["target", "new", "aside"].map(|n| dir.path().join(n));
        fs::create_dir(&target).unwrap();
        fs::write(target.join("v"), "1").unwrap();
        assert!(replace(&target, &new, &aside).is_err(), "there is no new folder");
        assert_eq!(fs::read_to_string(target.join("v")).unwrap(), "1");
    }

    #[test]
    fn room_is_checked_with_a_reserve() {
        let path = Path::new("/models");
        assert!(check_space(path, 1_000, RESERVE + 1_000).is_ok());
        let error: jarvis_core::Error = check_space(path, 1_000, RESERVE + 999).unwrap_err().into();
        assert_eq!(error.code, "models.disk_full");
        assert!(error.message.contains("/models") && error.hint.contains("JARVIS_DATA_DIR"), "{error:?}");
        assert!(check_space(path, u64::MAX, u64::MAX - 1).is_err());
        assert!(free_space(&std::env::temp_dir()).unwrap() > 0);
    }

    #[test]
    fn the_second_to_ask_for_the_lock_waits_and_can_give_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let cancel = Cancel::new();
        let first = Lock::acquire(path.clone(), &cancel, &mut || panic!("nobody holds it")).unwrap();
        let mut told = 0;
        let stop = cancel.clone();
        assert!(matches!(
            Lock::acquire(path.clone(), &cancel, &mut || {
                told += 1;
                stop.cancel();
            }),
            Err(ModelError::Cancelled)
        ));
        assert_eq!(told, 1);
        drop(first);
        Lock::acquire(path, &Cancel::new(), &mut || panic!("it was given up")).unwrap();
    }
}
