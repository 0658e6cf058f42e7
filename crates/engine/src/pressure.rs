//! Memory that runs short, as a call. Owns the watch on it: one thread that sleeps in the kernel until tasks of this
//! machine have to wait for memory, and never asks by a timer. Never decides what is let go of.
//!
//! Linux tells by pressure stall information (Documentation/accounting/psi.rst): a threshold is written to
//! `/proc/pressure/memory`, and the file is then ready "with priority" whenever it is passed. Kernels without it, and
//! other systems, tell nothing: then there is no watch, and nothing is ever let go of.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread::JoinHandle;

/// Where Linux tells.
const FILE: &str = "/proc/pressure/memory";
/// Told when, of two seconds, some task waited for memory this many microseconds or more. A window of two seconds, or a
/// multiple of it, needs no privilege. The NUL is part of the format.
const TRIGGER: &[u8] = b"some 200000 2000000\0";

/// The watch. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Pressure {
    /// Its other end is with the thread, which ends when this one is closed.
    end: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Pressure {
    /// Calls `on_pressure`, on a thread of its own, each time that memory runs short: at most once in two seconds. `None` where
    /// the system does not tell.
    pub(crate) fn watch(on_pressure: impl FnMut() + Send + 'static) -> Option<Self> {
        let watched = trigger(Path::new(FILE))
            .and_then(|file| Self::of(OwnedFd::from(file), on_pressure))
            .inspect_err(|error| tracing::debug!(%error, "the system does not tell when memory runs short"));
        watched.ok()
    }

    fn of(told: OwnedFd, mut on_pressure: impl FnMut() + Send + 'static) -> io::Result<Self> {
        let (end, ended) = UnixStream::pair()?;
        let thread = std::thread::Builder::new().name("memory".into()).spawn(move || {
            while wait(&told, &ended) {
                on_pressure();
            }
        })?;
        Ok(Self { end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Pressure {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn trigger(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    file.write_all(TRIGGER)?;
    Ok(file)
}

/// Waits until memory runs short (`true`), or there is nothing more to wait for.
fn wait(told: &OwnedFd, ended: &UnixStream) -> bool {
    let entry = |fd, events| libc::pollfd { fd, events, revents: 0 };
    loop {
        let mut entries = [entry(told.as_raw_fd(), libc::POLLPRI), entry(ended.as_raw_fd(), libc::POLLIN)];
        // SAFETY: two entries, which live through the call, of descriptors that are open.
        let ready = unsafe { libc::poll(entries.as_mut_ptr(), 2, -1) };
        if ready < 0 {
            if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted {
                continue;
            }
            return false;
        }
        // `POLLERR` of the file: it is gone, with the group of processes that it told of.
        return entries[1].revents == 0
            && entries[0].revents & libc::POLLPRI != 0
            && entries[0].revents & libc::POLLERR == 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc::channel;

    /// A descriptor that can be made ready with priority: a connection, by data that is sent out of band.
    fn told() -> (TcpStream, OwnedFd) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (ours, OwnedFd::from(listener.accept().unwrap().0))
    }

    #[test]
    fn a_shortage_is_told_and_the_watch_ends_when_it_is_dropped() {
        let (ours, told) = told();
        let (sender, calls) = channel();
        let read = told.try_clone().unwrap();
        let watch = Pressure::of(told, move || {
            // What was told is taken, or it would be told again and again.
            let mut byte = 0u8;
            // SAFETY: room for the one byte, and a descriptor that is open.
            assert_eq!(unsafe { libc::recv(read.as_raw_fd(), (&raw mut byte).cast(), 1, libc::MSG_OOB) }, 1);
            sender.send(()).unwrap();
        })
        .unwrap();
        // SAFETY: one readable byte, and a descriptor that is open.
        assert_eq!(unsafe { libc::send(ours.as_raw_fd(), c"!".as_ptr().cast(), 1, libc::MSG_OOB) }, 1);
        calls.recv().unwrap();
        drop(watch);
        // What the thread owned is gone with it: it has ended.
        assert!(calls.recv().is_err());
    }

    #[test]
    fn a_system_that_does_not_tell_is_not_watched() {
        assert!(trigger(Path::new("/nowhere/pressure")).is_err());
    }
}
