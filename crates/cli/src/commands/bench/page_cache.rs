//! Takes a file out of the system's memory, so that what is measured next reads it from the disk.
//!
//! What the disk itself, or a virtual one's host, keeps is beyond this.

use std::fs::File;
use std::io;
use std::path::Path;

/// Takes `file` out of the page cache, and says which part of it is there still (0.0..=1.0); `None` where there is no way
/// to do it or to know.
///
/// # Errors
/// The file can't be opened or written to the disk, or the system refused.
#[cfg(target_os = "linux")]
pub(super) fn forget(file: &Path) -> io::Result<Option<f64>> {
    use std::os::fd::AsRawFd;

    let file = File::open(file)?;
    // What is not yet on the disk can't be taken out.
    file.sync_all()?;
    let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    // SAFETY: the descriptor is open, and no memory is handed over.
    let refused = unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED) };
    if refused != 0 {
        return Err(io::Error::from_raw_os_error(refused));
    }
    // SAFETY: asks for a number and has no conditions.
    let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).map_err(io::Error::other)?;
    let mut pages = vec![0u8; length.div_ceil(page)];
    // SAFETY: a new map of the file for reading, which nothing reads: asking which of its pages are in memory brings none in.
    // There is a byte for each of its pages.
    unsafe {
        let map = libc::mmap(std::ptr::null_mut(), length, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0);
        if map == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let outcome = libc::mincore(map, length, pages.as_mut_ptr());
        let error = io::Error::last_os_error();
        libc::munmap(map, length);
        if outcome != 0 {
            return Err(error);
        }
    }
    let there = pages.iter().filter(|page| **page & 1 == 1).count();
    Ok(Some(there as f64 / pages.len().max(1) as f64))
}

/// There is no such call.
#[cfg(not(target_os = "linux"))]
pub(super) fn forget(file: &Path) -> io::Result<Option<f64>> {
    File::open(file).map(|_| None)
}
