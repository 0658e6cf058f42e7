//! Whether this machine has slept: the clock that goes on in a suspend, compared with the one that stands still.
//!
//! Needs no service of the desktop, so it works on a bare machine too. Streams survive a suspend only now and then; who
//! owns one looks here and opens it anew.

use std::time::Duration;

/// A suspend shorter than this leaves streams alone: the two clocks are not read at the same moment.
const NAP: Duration = Duration::from_millis(500);

/// Notices that the machine has slept.
#[derive(Debug, Default)]
pub(crate) struct Sleeper {
    asleep: Duration,
}

impl Sleeper {
    /// One who knows of the sleep so far.
    pub fn new(asleep: Duration) -> Self {
        Self { asleep }
    }

    /// Whether the machine slept since this was last asked; `asleep` is [`asleep`] now.
    pub fn has_slept(&mut self, asleep: Duration) -> bool {
        let since = asleep.saturating_sub(self.asleep);
        self.asleep = asleep;
        since >= NAP
    }
}

/// How long the machine has been suspended since it was started; nothing where the system does not tell.
pub(crate) fn asleep() -> Duration {
    #[cfg(target_os = "linux")]
    let (always, awake) = (libc::CLOCK_BOOTTIME, libc::CLOCK_MONOTONIC);
    #[cfg(target_os = "macos")]
    let (always, awake) = (libc::CLOCK_MONOTONIC, libc::CLOCK_UPTIME_RAW);
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    return clock(always).saturating_sub(clock(awake));
    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    Duration::ZERO
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn clock(id: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes to the one value that it is given, which lives as long as the call.
    let answered = unsafe { libc::clock_gettime(id, &mut time) } == 0;
    if answered {
        let (seconds, nanos) = (u64::try_from(time.tv_sec), u64::try_from(time.tv_nsec));
        Duration::from_secs(seconds.unwrap_or_default()) + Duration::from_nanos(nanos.unwrap_or_default())
    } else {
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspend_is_noticed_once_and_an_unsteady_clock_is_none() {
        let mut sleeper = Sleeper::new(Duration::from_secs(60));
        assert!(!sleeper.has_slept(Duration::from_secs(60)));
        assert!(!sleeper.has_slept(Duration::from_millis(60_010)));
        assert!(!sleeper.has_slept(Duration::from_millis(59_990)), "the clocks are read one after the other");
        assert!(sleeper.has_slept(Duration::from_secs(90)));
        assert!(!sleeper.has_slept(Duration::from_secs(90)));
    }

    #[test]
    fn the_clocks_of_this_machine_agree_while_it_is_awake() {
        let mut sleeper = Sleeper::new(asleep());
        assert!(!sleeper.has_slept(asleep()));
    }
}
