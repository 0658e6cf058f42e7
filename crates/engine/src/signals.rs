//! SIGINT and SIGTERM as a message on a channel. Owns the handler and its pipe; SIGUSR1 stays free for WebKitGTK.
//!
//! The handler does the one thing that is safe in it, writing a byte to a socket; a thread waits at the other end.

use std::io::Read;
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicI32, Ordering};

use jarvis_core::{Error, Result};

/// The write end for the handler; -1 before the first call.
static WAKE: AtomicI32 = AtomicI32::new(-1);

extern "C" fn handle(_signal: libc::c_int) {
    let byte = 1u8;
    // SAFETY: `write` is async-signal-safe; the descriptor lives as long as the process; one readable byte is given. The
    // thread that is interrupted may be about to look at its error number, so that is put back.
    unsafe {
        let error_number = error_number();
        let before = *error_number;
        libc::write(WAKE.load(Ordering::Relaxed), (&raw const byte).cast(), 1);
        *error_number = before;
    }
}

/// Where this thread's `errno` is.
fn error_number() -> *mut libc::c_int {
    // SAFETY: takes nothing, cannot fail, and is async-signal-safe.
    #[cfg(target_os = "macos")]
    unsafe {
        libc::__error()
    }
    // SAFETY: as above.
    #[cfg(not(target_os = "macos"))]
    unsafe {
        libc::__errno_location()
    }
}

/// Calls `on_first` at the first SIGINT or SIGTERM, on a thread of its own. A second one ends the process the usual way.
///
/// # Errors
/// The system has no descriptor or thread left, or this was called before.
pub fn on_termination(on_first: impl FnOnce() + Send + 'static) -> Result<()> {
    let fails = |error: std::io::Error| {
        Error::new("internal.signals", format!("Signals cannot be handled: {error}."), "Quit with `jarvis quit`.")
    };
    let (mut receiver, sender) = UnixStream::pair().map_err(fails)?;
    sender.set_nonblocking(true).map_err(fails)?;
    let sender = sender.into_raw_fd();
    if WAKE.compare_exchange(-1, sender, Ordering::Relaxed, Ordering::Relaxed).is_err() {
        return Err(Error::new("internal.signals", "Signals are handled already.", ""));
    }
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            let mut byte = [0u8];
            if receiver.read_exact(&mut byte).is_ok() {
                for signal in [libc::SIGINT, libc::SIGTERM] {
                    set(signal, libc::SIG_DFL);
                }
                on_first();
            }
        })
        .map_err(fails)?;
    for signal in [libc::SIGINT, libc::SIGTERM] {
        set(signal, handle as *const () as libc::sighandler_t);
    }
    Ok(())
}

fn set(signal: libc::c_int, handler: libc::sighandler_t) {
    // SAFETY: an all-zero `sigaction` is a valid one with an empty mask; `handler` is SIG_DFL or a handler that only
    // writes to a descriptor.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(signal, &raw const action, std::ptr::null_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handler_leaves_the_error_number_as_it_was() {
        // No descriptor is set, so the write fails.
        // SAFETY: the place is this thread's own and always there.
        let after = unsafe {
            *error_number() = 42;
            handle(libc::SIGINT);
            *error_number()
        };
        assert_eq!(after, 42);
    }
}
