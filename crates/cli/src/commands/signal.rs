//! Ctrl-C as a wish to stop, for commands that have something to tidy up.

use jarvis_core::Cancel;

/// A flag that Ctrl-C (and a polite kill) raises, so that what is running can tidy up.
///
/// The signals are blocked for the process and waited for by a thread, which needs no handler and no global. A second one
/// ends the program at once.
pub(super) fn cancel() -> Cancel {
    let cancel = Cancel::new();
    let raised = cancel.clone();
    // SAFETY: `set` is initialised by `sigemptyset` before it is used, and all pointers outlive the calls.
    let set = unsafe {
        let mut set = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
        set.assume_init()
    };
    std::thread::spawn(move || {
        let mut signal = 0;
        // SAFETY: `set` is initialised and `signal` is a place to write to.
        unsafe { libc::sigwait(&set, &mut signal) };
        raised.cancel();
        // SAFETY: as above.
        unsafe { libc::sigwait(&set, &mut signal) };
        std::process::exit(128 + signal);
    });
    cancel
}
