//! The composition root: builds everything from the settings and owns the threads.

pub mod logging;
