//! Who may use the processor's cores for a moment of heavy work.
//!
//! Recognition, the language model and synthesis each use all cores; on two of them, side by side each would take twice
//! as long and the first sound would come later. So a stage holds this while it computes. The language model lets go at
//! each piece of text, so that a clause that waits to be spoken comes first: it makes words faster than anyone speaks
//! them. Those who wait are served in order, else the model would take the right again before anyone else woke up. Never
//! held while a model is loaded.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The right to compute. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heavy(Arc<Queue>);

#[derive(Debug, Default)]
struct Queue {
    numbers: Mutex<Numbers>,
    called: Condvar,
}

/// As at a counter: everyone draws a number, and one is served.
#[derive(Debug, Default)]
struct Numbers {
    next: u64,
    served: u64,
}

/// The right, until it is dropped.
#[derive(Debug)]
pub(crate) struct Right<'a>(&'a Queue);

impl Heavy {
    /// Waits for the right, behind whoever waits already.
    pub(crate) fn take(&self) -> Right<'_> {
        let mut numbers = self.0.numbers();
        let mine = numbers.next;
        numbers.next += 1;
        drop(
            self.0.called.wait_while(numbers, |numbers| numbers.served != mine).unwrap_or_else(PoisonError::into_inner),
        );
        Right(&self.0)
    }

    /// Whether somebody computes or waits to.
    pub(crate) fn is_taken(&self) -> bool {
        let numbers = self.0.numbers();
        numbers.served != numbers.next
    }
}

impl Queue {
    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Right<'_> {
    fn drop(&mut self) {
        self.0.numbers().served += 1;
        self.0.called.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn one_computes_at_a_time_and_who_waits_comes_before_who_returns() {
        let heavy = Heavy::default();
        let order = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            let right = heavy.take();
            let (heavy, order) = (&heavy, &order);
            scope.spawn(move || {
                let _right = heavy.take();
                order.lock().unwrap().push("waited");
            });
            // The other one has drawn its number.
            while heavy.0.numbers().next < 2 {
                std::thread::yield_now();
            }
            assert!(order.lock().unwrap().is_empty());
            drop(right);
            let _right = heavy.take();
            order.lock().unwrap().push("returned");
        });
        assert_eq!(*order.lock().unwrap(), ["waited", "returned"]);
    }

    #[test]
    fn a_panic_gives_the_right_back() {
        let heavy = Heavy::default();
        let (sender, receiver) = channel();
        let other = heavy.clone();
        let panicked = std::thread::spawn(move || {
            let _right = other.take();
            sender.send(()).unwrap();
            panic!("on purpose");
        });
        receiver.recv().unwrap();
        assert!(panicked.join().is_err());
        drop(heavy.take());
    }
}
