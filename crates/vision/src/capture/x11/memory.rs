//! Where the pixels of an X screen stand: memory that the server writes into itself (MIT-SHM), or, where it can't, what it
//! sent.

use super::link::Patient;
use memmap2::MmapMut;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use x11rb::connection::Connection;
use x11rb::protocol::shm::{self, ConnectionExt as _};
use x11rb::rust_connection::RustConnection;

/// Memory that a server shares with us. It has no name, so that it goes when both ends are gone, however they end.
pub(super) struct Segment {
    /// The server's number of it.
    pub(super) id: shm::Seg,
    memory: MmapMut,
}

impl Segment {
    /// `size` bytes at least.
    ///
    /// # Errors
    /// There is no memory, or the server doesn't take it.
    pub(super) fn attach(server: &RustConnection<Patient>, size: usize) -> io::Result<Self> {
        let file = nameless(size)?;
        // SAFETY: nobody else has the file but the server, which gets it below and which writes only into pictures that we
        // wait for; its size is sealed against shrinking.
        let memory = unsafe { MmapMut::map_mut(&file)? };
        let id = server.generate_id().map_err(io::Error::other)?;
        let attached = server.shm_attach_fd(id, std::os::fd::OwnedFd::from(file), false).map_err(io::Error::other)?;
        attached.check().map_err(io::Error::other)?;
        Ok(Self { id, memory })
    }

    /// Gives the server's end back.
    pub(super) fn detach(self, server: &RustConnection<Patient>) {
        // A server that is gone has let go of it already.
        if let Ok(sent) = server.shm_detach(self.id) {
            sent.ignore_error();
        }
    }

    /// How many bytes it has.
    pub(super) fn len(&self) -> usize {
        self.memory.len()
    }

    /// The bytes.
    pub(super) fn bytes(&mut self) -> &mut [u8] {
        &mut self.memory
    }
}

/// A file of `size` bytes in memory alone.
fn nameless(size: usize) -> io::Result<File> {
    // SAFETY: a string with its zero, and flags that the call knows.
    let descriptor =
        unsafe { libc::memfd_create(c"jarvis-screen".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and nobody else's.
    let file = unsafe { File::from_raw_fd(descriptor) };
    file.set_len(size as u64)?;
    // SAFETY: a descriptor that is open, and seals that the call knows.
    let sealed = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, libc::F_SEAL_SHRINK | libc::F_SEAL_GROW) };
    if sealed < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(file)
}
