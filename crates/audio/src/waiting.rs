//! Counts what a piece of code asks of the operating system, for tests of code that must not wait.
//!
//! Whoever waits for a lock, sleeps, reads, writes or gets memory from the system makes a system call. [`calls_in`] has the
//! kernel catch (`seccomp`) every one of a thread but those that can't wait: waking another thread and asking for the time.
//! Never part of the program.

use std::mem::size_of;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;

/// Caught calls of the one thread that is watched at a time.
static CAUGHT: AtomicUsize = AtomicUsize::new(0);
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Runs `work` on a thread of its own and says how many system calls it made that may wait.
pub(crate) fn calls_in(work: impl FnOnce() + Send) -> usize {
    static HANDLER: Once = Once::new();
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    HANDLER.call_once(|| {
        // SAFETY: a handler that does nothing but count in an atomic may run at any time; the structure is plain data.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = count as extern "C" fn(libc::c_int) as libc::sighandler_t;
            action.sa_flags = libc::SA_NODEFER;
            assert_eq!(libc::sigaction(libc::SIGSYS, &raw const action, std::ptr::null_mut()), 0);
        }
    });
    thread::scope(|scope| {
        let watched = scope.spawn(|| {
            CAUGHT.store(0, Ordering::SeqCst);
            catch_calls();
            work();
            // Before the thread's end, which gives memory back to the system.
            CAUGHT.load(Ordering::SeqCst)
        });
        watched.join().expect("the work does not panic")
    })
}

extern "C" fn count(_: libc::c_int) {
    CAUGHT.fetch_add(1, Ordering::SeqCst);
}

/// From now on each call of this thread is caught, but for those of [`ALLOWED`] and waking.
fn catch_calls() {
    /// What can't wait, and what ends a thread.
    const ALLOWED: [libc::c_long; 8] = [
        libc::SYS_clock_gettime,
        libc::SYS_rt_sigreturn,
        libc::SYS_exit,
        libc::SYS_munmap,
        libc::SYS_madvise,
        libc::SYS_sigaltstack,
        libc::SYS_rt_sigprocmask,
        libc::SYS_set_robust_list,
    ];
    /// `FUTEX_WAKE`, and the bits that may be set beside it.
    const WAKE: u32 = 1;
    const FLAGS: u32 = 128 | 256;
    // Offsets in `struct seccomp_data`: the call's number, and the lower half of its second argument.
    const NUMBER: u32 = 0;
    const OPERATION: u32 = 24;

    let step = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let load = |offset| step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset);
    let answer = |answer| step(libc::BPF_RET | libc::BPF_K, answer);
    // Skips the next step where the two are not the same.
    let unless = |k| libc::sock_filter { jf: 1, ..step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, k) };
    let mut program = vec![load(NUMBER)];
    for call in ALLOWED {
        program.extend([unless(call as u32), answer(libc::SECCOMP_RET_ALLOW)]);
    }
    let futex =
        libc::sock_filter { jt: 1, ..step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, libc::SYS_futex as u32) };
    program.extend([futex, answer(libc::SECCOMP_RET_TRAP), load(OPERATION)]);
    program.push(step(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, !FLAGS));
    program.extend([unless(WAKE), answer(libc::SECCOMP_RET_ALLOW), answer(libc::SECCOMP_RET_TRAP)]);
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // SAFETY: the program is there until the call returns, which copies it. It holds for this thread alone.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let set = libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program);
        assert_eq!(set, 0, "the kernel has no seccomp filters: {}", std::io::Error::last_os_error());
    }
    const { assert!(size_of::<libc::sock_filter>() == 8) };
}

#[test]
fn whoever_waits_for_a_lock_or_writes_is_caught() {
    use std::io::Write;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::time::{Duration, Instant};

    let counted = Arc::new(AtomicUsize::new(0));
    assert_eq!(calls_in(|| _ = counted.fetch_add(1, Ordering::Relaxed)), 0);
    let waker = thread::current();
    assert_eq!(calls_in(|| waker.unpark()), 0);
    let free = Mutex::new(0);
    assert_eq!(calls_in(|| *free.lock().unwrap() += 1), 0, "a lock that nobody holds is no wait");
    let mut nowhere = std::fs::OpenOptions::new().write(true).open("/dev/null").unwrap();
    assert!(calls_in(|| drop(nowhere.write_all(b"x"))) > 0);
    let (held, begun) = (Mutex::new(0), AtomicBool::new(false));
    let caught = thread::scope(|scope| {
        let guard = held.lock().unwrap();
        let waiting = scope.spawn(|| {
            calls_in(|| {
                begun.store(true, Ordering::SeqCst);
                drop(held.lock());
            })
        });
        let limit = Instant::now() + Duration::from_secs(10);
        while !(begun.load(Ordering::SeqCst) && CAUGHT.load(Ordering::SeqCst) > 0) && Instant::now() < limit {
            thread::yield_now();
        }
        drop(guard);
        waiting.join().unwrap()
    });
    assert!(caught > 0);
}
