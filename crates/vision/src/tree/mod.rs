//! Text that applications tell screen readers: AT-SPI on Linux, AX on macOS.
//!
//! Owns the connection to the accessibility service. Never acts on a window, and never reads what a password field holds.
